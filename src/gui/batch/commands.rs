//! What the workspace's buttons and keys do.

use std::path::{Path, PathBuf};

use super::{BatchAction, BatchView};
use crate::batch::{RowState, list_recipes, load_recipe, save_recipe};
use crate::gui::app::App;
use crate::gui::dialogs;
use crate::gui::jobs::{BatchRequest, Request};
use crate::gui::notices::Level;
use crate::gui::settings::Workspace;

impl App {
    /// Does what the workspace asks for.
    pub(in crate::gui) fn execute_batch(&mut self, action: BatchAction, ctx: &egui::Context) {
        match action {
            BatchAction::Add(paths) => self.add_to_batch(paths),
            BatchAction::Check => self.run_batch(true),
            BatchAction::Start => self.run_batch(false),
            BatchAction::Pause(pause) => {
                if let Some(board) = &self.batch.board {
                    if pause {
                        board.pause();
                    } else {
                        board.resume();
                    }
                    self.batch.totals.paused = pause;
                }
            }
            BatchAction::CancelAll => {
                if let Some(board) = &self.batch.board {
                    board.cancel_all();
                    board.resume();
                } else if let Some(job) = self.batch.job.filter(|_| self.batch.running) {
                    // It waits behind other work, or is being planned.
                    self.jobs.cancel(job);
                }
                for song in &mut self.batch.form.songs {
                    if song.state == RowState::Waiting {
                        song.state = RowState::Cancelled;
                    }
                }
            }
            BatchAction::Cancel(input) => {
                self.on_board(&input, |board, id| board.cancel(id));
                if let Some(song) = self.batch.song(&input)
                    && song.state == RowState::Waiting
                {
                    song.state = RowState::Cancelled;
                }
            }
            BatchAction::Remove(input) => self.remove_queued(&input),
            BatchAction::Retry(input) => {
                self.on_board(&input, |board, id| board.retry(id));
                if let Some(song) = self.batch.song(&input) {
                    song.state = RowState::Waiting;
                    song.message.clear();
                    song.row = None;
                }
            }
            BatchAction::Move(input, by) => self.move_queued(&input, by),
            BatchAction::ClearFinished => {
                let over: Vec<PathBuf> = self
                    .batch
                    .form
                    .songs
                    .iter()
                    .filter(|song| song.state.is_over())
                    .map(|song| song.entry.input.clone())
                    .collect();
                for input in over {
                    self.remove_queued(&input);
                }
            }
            BatchAction::LoadRecipe(name) => match load_recipe(&name) {
                Ok(recipe) => {
                    self.batch.form.recipe = recipe;
                    self.batch.form.recipe_name = name;
                    self.batch.problems.clear();
                }
                Err(error) => self.notices.add(Level::Error, error.to_string()),
            },
            BatchAction::SaveRecipe(name, overwrite) => {
                match save_recipe(&name, &self.batch.form.recipe, overwrite) {
                    Ok(path) => {
                        let text = format!("Recipe kept: {}", path.display());
                        self.notices.add(Level::Info, text);
                        self.batch.form.recipe_name = name.trim().to_owned();
                        self.batch.read_recipes();
                    }
                    Err(error) => self.notices.add(Level::Error, error.to_string()),
                }
            }
            BatchAction::OpenReport => {
                if let Some(page) = &self.batch.report {
                    let url = crate::gui::address::file_url(page);
                    ctx.open_url(egui::OpenUrl::new_tab(url));
                }
            }
            BatchAction::ChooseOut => {
                if !self.dialog_open {
                    self.dialog_open = true;
                    let start = self.batch_out();
                    dialogs::pick_batch_out(start, self.jobs.outbox(), ctx.clone());
                }
            }
            BatchAction::ChooseFolder => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_songs_folder(self.jobs.outbox(), ctx.clone());
                }
            }
        }
    }

    /// Puts files and folders into the queue.
    pub(in crate::gui) fn add_to_batch(&mut self, paths: Vec<PathBuf>) {
        let request = Request::LookBatch(paths, self.batch_out());
        self.start_job("Looking for songs", request);
    }

    /// Does what a key of the workspace asks for the chosen song.
    pub(in crate::gui) fn with_queued(
        &mut self,
        ctx: &egui::Context,
        action: impl FnOnce(PathBuf) -> BatchAction,
    ) {
        let in_batch = self.settings.workspace == Workspace::Batch;
        if let Some(input) = self.batch.chosen.clone().filter(|_| in_batch) {
            self.execute_batch(action(input), ctx);
        }
    }

    /// The destination: what is typed, or a folder beside the first song.
    fn batch_out(&self) -> PathBuf {
        let typed = self.batch.form.out.trim();
        if !typed.is_empty() {
            return PathBuf::from(typed);
        }
        let first = self.batch.form.songs.first();
        first
            .and_then(|song| song.entry.input.parent())
            .map_or_else(|| PathBuf::from("stems"), |folder| folder.join("stems"))
    }

    fn run_batch(&mut self, only_check: bool) {
        if self.batch.running {
            return;
        }
        self.batch.problems.clear();
        if let Err(error) = self.batch.form.recipe.validate() {
            self.notices.add(Level::Error, error.to_string());
            return;
        }
        let out = self.batch_out();
        self.batch.form.out = out.display().to_string();
        let waiting = |state: RowState| state == RowState::Waiting;
        let request = BatchRequest {
            entries: self
                .batch
                .form
                .songs
                .iter()
                .filter(|song| waiting(song.state))
                .map(|song| song.entry.clone())
                .collect(),
            recipe: self.batch.form.recipe.clone(),
            out,
            settings: self.batch.form.settings(),
            only_check,
        };
        let name = if only_check {
            "Checking the batch"
        } else {
            "Batch"
        };
        let request = Request::RunBatch(Box::new(request));
        self.batch.job = self.start_job(name, request);
        self.batch.running = self.batch.job.is_some();
        self.batch.totals = Default::default();
    }

    /// Songs that were put into the queue, or back, after the last lane had closed.
    pub(in crate::gui) fn go_on_with_batch(&mut self) {
        if self.batch.has_waiting() {
            self.run_batch(false);
        }
    }

    fn on_board(&self, input: &Path, act: impl FnOnce(&crate::batch::Board, usize)) {
        if let Some(board) = &self.batch.board
            && let Some(row) = board.rows().iter().find(|row| row.input == input)
        {
            act(board, row.id);
        }
    }

    fn remove_queued(&mut self, input: &Path) {
        self.on_board(input, |board, id| board.remove(id));
        let songs = &mut self.batch.form.songs;
        let at = songs.iter().position(|song| song.entry.input == input);
        songs.retain(|song| song.entry.input != input);
        // The choice stays where it was.
        self.batch.chosen = at
            .and_then(|at| songs.get(at.min(songs.len().saturating_sub(1))))
            .map(|song| song.entry.input.clone());
    }

    fn move_queued(&mut self, input: &Path, by: isize) {
        let songs = &mut self.batch.form.songs;
        let Some(at) = songs.iter().position(|song| song.entry.input == input) else {
            return;
        };
        let to = at.saturating_add_signed(by).min(songs.len() - 1);
        let song = songs.remove(at);
        songs.insert(to, song);
        // The board knows only the songs of its run: the same order among those.
        let order: Vec<PathBuf> = songs.iter().map(|s| s.entry.input.clone()).collect();
        if let Some(board) = &self.batch.board {
            let rows = board.rows();
            let known = order
                .iter()
                .filter_map(|input| rows.iter().find(|row| row.input == *input));
            for (place, row) in known.enumerate() {
                board.move_to(row.id, place);
            }
        }
    }

    /// Moves the choice in the queue.
    pub(in crate::gui) fn choose_queued(&mut self, by: isize) {
        let songs = &self.batch.form.songs;
        let chosen = self.batch.chosen.as_ref();
        let at = songs.iter().position(|s| Some(&s.entry.input) == chosen);
        let to = match at {
            Some(at) => at
                .saturating_add_signed(by)
                .min(songs.len().saturating_sub(1)),
            None => 0,
        };
        self.batch.chosen = songs.get(to).map(|song| song.entry.input.clone());
    }
}

impl BatchView {
    /// Reads which recipes there are.
    pub(super) fn read_recipes(&mut self) {
        self.recipes = list_recipes().into_iter().map(|r| r.name).collect();
    }
}
