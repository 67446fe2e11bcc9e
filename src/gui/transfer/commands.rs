//! What the tool's buttons, keys and drops do.

use std::path::PathBuf;

use super::work::TransferRun;
use super::{
    TransferAction, TransferEvent, TransferPick, TransferRequest, finds, tool_for, use_of,
};
use crate::apply::{NetworkUse, Region, model_name};
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::dialogs;
use crate::gui::jobs::{Clip2, Request};
use crate::gui::notices::Level;
use crate::gui::runs::unique_name;
use crate::gui::settings::{Tool, Workspace};
use crate::gui::songs::is_audio;

impl App {
    /// Whether the tool is on screen.
    fn is_transfer_shown(&self) -> bool {
        let settings = &self.settings;
        settings.workspace == Workspace::Workbench
            && settings.tool == Tool::Transfer
            && settings.show_inspector
    }

    /// What a key means here: Separate's runs the tool while it is shown.
    pub(in crate::gui) fn keyed(&self, command: Command) -> Command {
        if command == Command::Separate && self.is_transfer_shown() {
            Command::Transfer
        } else {
            command
        }
    }

    /// Chooses a model for the tool that can run it.
    pub(in crate::gui) fn choose_model(&mut self, id: String) {
        let entry = self.shelf.entries.iter().find(|entry| entry.id == id);
        let card = entry.and_then(|entry| entry.card.as_ref().ok());
        let is_for_another = card.is_some_and(|card| {
            NetworkUse::Separate.check(card).is_err() && use_of(card).is_some()
        });
        if is_for_another {
            self.transfer.form.choose(id);
            self.show_tool(Tool::Transfer);
        } else {
            self.form.model = id;
        }
    }

    /// Does what the tool asks for.
    pub(in crate::gui) fn execute_transfer(&mut self, action: TransferAction, ctx: &egui::Context) {
        match action {
            TransferAction::Browse(pick) => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_transfer(pick, self.jobs.outbox(), ctx.clone());
                }
            }
            TransferAction::OpenModel(path) => {
                let name = model_name(&path.display().to_string());
                let request = Request::Transfer(Box::new(TransferRequest::Look(path)));
                self.start_job(format!("Opening {name}"), request);
            }
        }
    }

    /// What a dialog of the tool was closed with.
    pub(in crate::gui) fn picked_transfer(
        &mut self,
        pick: TransferPick,
        path: Option<PathBuf>,
        ctx: &egui::Context,
    ) {
        let Some(path) = path else {
            return;
        };
        match pick {
            TransferPick::Model => self.execute_transfer(TransferAction::OpenModel(path), ctx),
            TransferPick::Style => self.transfer.form.style = path.display().to_string(),
            TransferPick::Csv(song) => {
                let Some(found) = self.transfer.found.get(&song) else {
                    return;
                };
                let windows = found.detected.windows.clone();
                let request = TransferRequest::Write(path, windows);
                self.start_job("Writing the table", Request::Transfer(Box::new(request)));
            }
        }
    }

    /// Takes a dropped recording as the style, if the tool waits for one; answers the other files.
    pub(in crate::gui) fn take_style(&mut self, paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let card = self.transfer.card(&self.shelf);
        let waits = self.is_transfer_shown()
            && self.session.song().is_some()
            && card.is_some_and(|card| card.tensor.style)
            && self.transfer.form.style.trim().is_empty();
        match paths.as_slice() {
            [path] if waits && is_audio(path) => {
                let text = path.display().to_string();
                let said = format!("Taken as the style; drop it once more to open it: {text}");
                self.notices.add(Level::Info, said);
                self.transfer.form.style = text;
                Vec::new()
            }
            _ => paths,
        }
    }

    /// Queues what the form says.
    pub(in crate::gui) fn start_transfer(&mut self) {
        let Some(song) = self.session.song() else {
            return;
        };
        let form = &self.transfer.form;
        let card = self.transfer.card(&self.shelf);
        let problem = form.problem(card);
        let clip = song
            .mixture()
            .and_then(|lane| self.clips.get(&lane.clip))
            .map(|view| Clip2(view.clip.clone()));
        let (card, clip) = match (card, problem, clip) {
            (Some(card), None, Some(clip)) => (card, clip),
            (_, Some(problem), _) => {
                self.notices.add(Level::Warning, problem);
                return;
            }
            _ => {
                let text = "The song is still being opened; try again in a moment";
                self.notices.add(Level::Warning, text);
                return;
            }
        };
        let selection = song.arrangement.selection.filter(|_| form.selection_only);
        let style = card.tensor.style.then(|| {
            let secs = form.style_at.then_some(form.style_secs);
            (PathBuf::from(form.style.trim()), secs)
        });
        let folder = crate::paths::cache_dir().join("takes").join(unique_name());
        let (wanted, verb) = if finds(card) {
            (NetworkUse::Detect, "Find activity")
        } else {
            (NetworkUse::Transfer, "Transfer")
        };
        let name = format!("{verb} · {} · {}", song.title(), card.id);
        let run = TransferRun {
            song: song.id,
            clip,
            model: form.model.clone(),
            wanted,
            device: form.device.clone(),
            region: selection.map(|span| Region {
                start_secs: span.start_secs,
                duration_secs: Some(span.seconds()),
            }),
            phase: form.phase_spec(card),
            style,
            level: form.level,
            dropped: form.dropped,
            overlap: form.overlap,
            threshold: form.threshold,
            folder: (!self.is_test).then_some(folder),
        };
        let request = TransferRequest::Run(Box::new(run));
        let request = Request::Transfer(Box::new(request));
        self.start_job(name, request);
    }

    /// What a worker answered.
    pub(in crate::gui) fn transfer_event(&mut self, event: TransferEvent, ctx: &egui::Context) {
        match event {
            TransferEvent::Looked(mut entry) => match &entry.card {
                Ok(card) if use_of(card).is_some() => {
                    // It runs from where it lies.
                    entry.id = entry.path.display().to_string();
                    self.transfer.form.choose(entry.id.clone());
                    self.transfer.opened.retain(|other| other.id != entry.id);
                    self.transfer.opened.push(*entry);
                }
                Ok(card) => {
                    let text = format!("{}. {}", card.name, tool_for(card, ctx));
                    self.notices.add(Level::Warning, text);
                }
                Err(problem) => self.notices.add(Level::Error, problem.clone()),
            },
            TransferEvent::Found(found) => {
                // A song that was closed meanwhile has no place for it.
                if self.session.song_by_id(found.song).is_some() {
                    self.notices.add(Level::Info, found.said());
                    self.transfer.found.insert(found.song, found);
                }
            }
        }
    }
}
