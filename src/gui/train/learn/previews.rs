//! What a run's network makes of one excerpt, epoch by epoch: seen and heard.

use std::path::{Path, PathBuf};

use egui::{ColorImage, RichText, Slider, TextureHandle, TextureOptions, Ui};

use super::LearnAction;
use super::seen::PreviewSeen;
use crate::gui::icons::{Icon, icon_button};
use crate::gui::jobs::JobId;
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_S, small};
use crate::gui::train::{Preview, TrainAction, act};

/// Which preview is shown.
#[derive(Default)]
pub struct PreviewView {
    /// Its stage and epoch; none is the newest there is.
    wished: Option<(Option<String>, usize)>,
    /// The picture that is ready.
    picture: Option<(PathBuf, TextureHandle)>,
    /// Whether its file has been written anew since.
    is_old: bool,
    /// The picture that is read.
    loading: Option<(JobId, PathBuf)>,
    /// The picture that could not be read.
    lost: Option<PathBuf>,
}

impl PreviewView {
    /// The preview to be shown.
    pub fn chosen<'a>(&self, previews: &'a [PreviewSeen]) -> Option<&'a PreviewSeen> {
        let wished = self.wished.as_ref();
        let wished = wished.map(|(stage, epoch)| (stage.as_deref(), *epoch));
        let found = previews
            .iter()
            .find(|preview| Some(preview.key()) == wished);
        found.or(previews.last())
    }

    /// A picture is being read.
    pub fn load(&mut self, job: JobId, path: PathBuf) {
        self.loading = Some((job, path));
    }

    /// A file was written: what is known of one of this name is out of date.
    pub fn written(&mut self, path: &Path) {
        self.is_old |= self.picture.as_ref().is_some_and(|(own, _)| own == path);
        if self.loading.as_ref().is_some_and(|(_, own)| own == path) {
            self.loading = None;
        }
        if self.lost.as_deref() == Some(path) {
            self.lost = None;
        }
    }

    /// It was read. What nobody waits for any more is left aside.
    pub fn loaded(&mut self, job: JobId, path: PathBuf, image: ColorImage, ctx: &egui::Context) {
        if self.loading.as_ref().is_none_or(|(own, _)| *own != job) {
            return;
        }
        let texture = ctx.load_texture("preview", image, TextureOptions::LINEAR);
        self.picture = Some((path, texture));
        self.is_old = false;
        self.loading = None;
        self.lost = None;
    }

    /// A job failed; whether it was to read a picture.
    pub fn failed(&mut self, job: JobId) -> bool {
        let is_own = |(own, _): &mut (JobId, PathBuf)| *own == job;
        let Some((_, path)) = self.loading.take_if(is_own) else {
            return false;
        };
        self.lost = Some(path);
        true
    }
}

/// `heard` is what plays.
pub(super) fn ui(
    ui: &mut Ui,
    view: &mut PreviewView,
    previews: &[PreviewSeen],
    heard: Option<&Preview>,
    actions: &mut Vec<Action>,
) {
    let Some(preview) = view.chosen(previews).cloned() else {
        ui.weak("Previews come with the first epochs, if the recipe has any");
        return;
    };
    let last = previews.len() - 1;
    let before = previews
        .iter()
        .position(|known| known.key() == preview.key())
        .unwrap_or(last);
    let mut at = before;
    ui.horizontal(|ui| {
        let place = match &preview.stage {
            Some(_) => preview.place(),
            None => format!("Epoch {}", preview.epoch),
        };
        ui.label(RichText::new(place).strong());
        let mut step = |ui: &mut Ui, text: &str, words: &str, to: Option<usize>| {
            let to = to.filter(|to| *to <= last);
            let button = ui.add_enabled(to.is_some(), egui::Button::new(text).small());
            button
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, to.is_some(), words));
            if let Some(to) = to.filter(|_| button.on_hover_text(words).clicked()) {
                at = to;
            }
        };
        step(ui, "<", "Earlier preview", before.checked_sub(1));
        step(ui, ">", "Later preview", Some(before + 1));
        if last > 0 {
            let slider = Slider::new(&mut at, 0..=last).show_value(false);
            ui.name_inputs("Preview by epoch", |ui| ui.add(slider));
        }
        sounds(ui, &preview, heard, actions);
    });
    if at != before {
        // The newest one stays the newest.
        let wished = previews.get(at).filter(|_| at < last);
        view.wished = wished.map(|preview| (preview.stage.clone(), preview.epoch));
    }
    ui.add_space(SPACE_S);
    picture(ui, view, &preview, actions);
}

fn sounds(ui: &mut Ui, preview: &PreviewSeen, heard: Option<&Preview>, actions: &mut Vec<Action>) {
    let Some(sounds) = &preview.sounds else {
        ui.label(RichText::new("no sound").font(small()).weak());
        return;
    };
    for (name, path) in ["input", "target", "output"].into_iter().zip(sounds) {
        let plays = heard.is_some_and(|heard| heard.is_file(path));
        let (icon, verb) = if plays {
            (Icon::Stop, "Stop")
        } else {
            (Icon::Play, "Play")
        };
        let words = format!("{verb} {name}");
        if icon_button(ui, icon, &words, &words, plays).clicked() {
            let what = format!("{name} of {}", preview.place());
            let hear = LearnAction::Hear(path.clone(), what);
            act(actions, TrainAction::Learn(hear));
        }
        ui.label(RichText::new(name).font(small()));
    }
}

fn picture(ui: &mut Ui, view: &PreviewView, preview: &PreviewSeen, actions: &mut Vec<Action>) {
    let wanted = &preview.picture;
    let is_ready = view
        .picture
        .as_ref()
        .is_some_and(|(path, _)| path == wanted && !view.is_old);
    let is_lost = view.lost.as_ref() == Some(wanted);
    if !is_ready && !is_lost && view.loading.is_none() {
        let load = LearnAction::LoadPicture(wanted.clone());
        act(actions, TrainAction::Learn(load));
    }
    if is_lost {
        ui.weak("This picture cannot be read");
        return;
    }
    // Until the new one is there the old one stays: no flicker.
    let Some((_, texture)) = &view.picture else {
        return;
    };
    let size = texture.size_vec2();
    let scale = (ui.available_width() / size.x.max(1.0)).min(1.0);
    let image = egui::Image::from_texture(texture).fit_to_exact_size(size * scale);
    let response = ui.add(image);
    let words = format!(
        "Preview of {}: input, target and output in order",
        preview.place()
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    response.on_hover_text("In order: input, target, output");
}
