//! What each kind of examples can be told.

use egui::{DragValue, Grid, Ui};

use super::{MakeForm, MakePick};
use crate::apply::{BUILTIN_IDS, NetworkUse, builtin_spec};
use crate::dataset::{
    EXAMPLE_PRESETS, ExcerptMode, FeatureKind, Polarity, SpeechMixSpec, example_preset_about,
};
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_M, SPACE_S};
use crate::gui::train::music::place;
use crate::gui::train::{DataPick, faint};

/// Inputs and answers of a preset.
pub(super) fn store(ui: &mut Ui, form: &mut MakeForm) {
    let mut chosen = form.preset;
    ui.horizontal(|ui| {
        let label = ui.label("Preset").id;
        let combo = egui::ComboBox::from_id_salt("preset of examples")
            .width(140.0)
            .selected_text(chosen)
            .show_ui(ui, |ui| {
                for name in EXAMPLE_PRESETS {
                    ui.selectable_value(&mut chosen, name, name)
                        .on_hover_text(example_preset_about(name).unwrap_or_default());
                }
            });
        let tip = "The system whose examples these are";
        combo.response.labelled_by(label).on_hover_text(tip);
    });
    if chosen != form.preset {
        form.choose_preset(chosen);
    }
    faint(ui, example_preset_about(form.preset).unwrap_or_default());
    let tip = "What goes in: an instrument's folder, a stem, mixture, or degraded";
    words(ui, "Origin", tip, &mut form.origin);
    let tip = "What is to come out, with commas between: folders, stems, rest, or clean";
    words(ui, "Targets", tip, &mut form.targets);
    ui.add_space(SPACE_S);
    let is_of_stems = form.is_of_stems();
    if is_of_stems {
        groups(ui, form);
    }
    grid(ui, "numbers of examples", |ui| {
        if is_of_stems {
            let tip = "How often, 0 to 1, a mixture to learn from is made of stems of different \
                       songs";
            let remix = DragValue::new(&mut form.remix).range(0.0..=1.0);
            row(ui, "Remix", tip, remix.speed(0.01));
        }
        splits(ui, form);
    });
}

/// Stretches of songs.
pub(super) fn cut(ui: &mut Ui, form: &mut MakeForm) {
    let tip = "The stem that is cut beside the mixture";
    words(ui, "Stem", tip, &mut form.cut.stem);
    groups(ui, form);
    ui.add_space(SPACE_S);
    let spec = &mut form.cut;
    grid(ui, "numbers of sections", |ui| {
        let tip = "Evenly divided over each song";
        let sections = DragValue::new(&mut spec.sections).range(1..=100_000);
        row(ui, "Sections of each song", tip, sections);
        let tip = "The beginning of each song that is left out";
        let intro = DragValue::new(&mut spec.start_secs).range(0.0..=1e6);
        row(ui, "Intro", tip, intro.suffix(" s"));
        let tip = "Length of a section, at the rate of the results";
        let samples = DragValue::new(&mut spec.section_samples).range(1..=1_usize << 30);
        row(ui, "Samples", tip, samples);
        rate(ui, &mut spec.sample_rate_hz);
    });
    mono(ui, &mut spec.mono);
    ui.add_space(SPACE_S);
    grid(ui, "splits of sections", |ui| splits(ui, form));
}

/// Speech with music under it.
pub(super) fn speech(
    ui: &mut Ui,
    scene: &Scene<'_>,
    form: &mut MakeForm,
    actions: &mut Vec<Action>,
) {
    let tip = "A folder of recordings of speech";
    let pick = DataPick::Make(MakePick::Speech);
    place(ui, "Speech folder", tip, &mut form.speech, pick, actions);
    let tip = "A folder of music to be drawn from";
    let pick = DataPick::Make(MakePick::Music);
    place(ui, "Music folder", tip, &mut form.music, pick, actions);
    ui.add_space(SPACE_S);
    let spec = &mut form.mix;
    grid(ui, "numbers of speech", |ui| {
        let tip = "Speech over music where there is speech; drawn evenly from here";
        let low = DragValue::new(&mut spec.snr_db.low).range(-60.0..=60.0);
        row(ui, "SNR from", tip, low.speed(0.5).suffix(" dB"));
        let tip = "… to here; the same value is always taken";
        let high = DragValue::new(&mut spec.snr_db.high).range(-60.0..=60.0);
        row(ui, "SNR to", tip, high.speed(0.5).suffix(" dB"));
        let tip = "Which music, places and levels are drawn";
        row(ui, "Seed", tip, DragValue::new(&mut form.seed));
        let mut hz = spec.sample_rate_hz.unwrap_or(0);
        let tip = "Of the results; 0 is the rate of each recording of speech";
        let own = DragValue::new(&mut hz).range(0..=384_000).suffix(" Hz");
        row(ui, "Rate", tip, own.speed(100.0));
        spec.sample_rate_hz = (hz > 0).then_some(hz);
    });
    mono(ui, &mut spec.mono);
    ui.add_space(SPACE_S);
    separator(ui, scene, spec);
}

/// The separator that makes the degraded side.
fn separator(ui: &mut Ui, scene: &Scene<'_>, spec: &mut SpeechMixSpec) {
    let entries = &scene.shelf.entries;
    let shown = spec.model.clone().unwrap_or_else(|| "none".into());
    ui.horizontal(|ui| {
        let label = ui.label("Separator").id;
        let combo = egui::ComboBox::from_id_salt("separator of speech")
            .width(150.0)
            .selected_text(shown)
            .show_ui(ui, |ui| {
                let model = &mut spec.model;
                ui.selectable_value(model, None, "none")
                    .on_hover_text("Only mixtures and clean speech");
                for spec in BUILTIN_IDS.iter().filter_map(|id| builtin_spec(id)) {
                    ui.selectable_value(model, Some(spec.id.into()), spec.name)
                        .on_hover_text(spec.summary);
                }
                for entry in entries {
                    let problem = match &entry.card {
                        Ok(card) => NetworkUse::Separate.check(card).err(),
                        Err(_) => continue,
                    };
                    match problem {
                        None => {
                            let id = Some(entry.id.clone());
                            ui.selectable_value(model, id, &entry.id);
                        }
                        Some(problem) => {
                            ui.add_enabled(false, egui::Button::selectable(false, &entry.id))
                                .on_disabled_hover_text(problem.to_string());
                        }
                    }
                }
            });
        let tip = "What it leaves of each mixture is written as degraded; on the best device";
        combo.response.labelled_by(label).on_hover_text(tip);
    });
    if spec.model.is_some() {
        let tip = "The separator's stem that is kept";
        words(ui, "Separated stem", tip, &mut spec.stem);
    }
}

/// Pictures of instruments.
pub(super) fn pictures(ui: &mut Ui, form: &mut MakeForm) {
    ui.horizontal(|ui| {
        let label = ui.label("Kind").id;
        let combo = egui::ComboBox::from_id_salt("kind of pictures")
            .width(140.0)
            .selected_text(form.pictures.name())
            .show_ui(ui, |ui| {
                for kind in FeatureKind::ALL {
                    ui.selectable_value(&mut form.pictures, kind, kind.name())
                        .on_hover_text(kind.layout());
                }
            });
        combo
            .response
            .labelled_by(label)
            .on_hover_text("Which pictures; each kind has sizes and a scale of its own");
    });
    faint(ui, form.pictures.layout());
}

/// Short spectra of songs.
pub(super) fn excerpts(ui: &mut Ui, form: &mut MakeForm) {
    let spec = &mut form.excerpts;
    let modes = [
        (ExcerptMode::Svs, "Separation", "Mixture and mask labels"),
        (ExcerptMode::Dae, "Autoencoder", "The stem and the stem"),
        (ExcerptMode::Vad, "Activity", "Mixture and the rest"),
    ];
    let shown = modes.iter().find(|(mode, ..)| *mode == spec.mode);
    ui.horizontal(|ui| {
        let label = ui.label("Mode").id;
        let combo = egui::ComboBox::from_id_salt("mode of excerpts")
            .width(140.0)
            .selected_text(shown.map_or("", |(_, name, _)| *name))
            .show_ui(ui, |ui| {
                for (mode, name, tip) in modes {
                    ui.selectable_value(&mut spec.mode, mode, name)
                        .on_hover_text(tip);
                }
            });
        let tip = shown.map_or("", |(.., tip)| *tip);
        combo.response.labelled_by(label).on_hover_text(tip);
    });
    words(ui, "Stem", "The stem of the masks", &mut spec.stem);
    let all_columns = spec.label_width == spec.width;
    grid(ui, "numbers of excerpts", |ui| {
        let tip = "Excerpts of each song";
        let count = DragValue::new(&mut spec.iterations).range(1..=100_000);
        row(ui, "Iterations", tip, count);
        let tip = "FFT length in samples";
        row(ui, "FFT length", tip, DragValue::new(&mut spec.n_fft));
        let tip = "Samples between columns";
        row(ui, "Hop length", tip, DragValue::new(&mut spec.hop_length));
        let tip = "Window length in samples";
        let window = DragValue::new(&mut spec.win_length);
        row(ui, "Window length", tip, window);
        rate(ui, &mut spec.sample_rate_hz);
        let width = DragValue::new(&mut spec.width).range(1..=4096);
        row(ui, "Width", "Columns of an excerpt", width);
        let tip = "Where the first excerpt begins";
        let start = DragValue::new(&mut spec.start_secs).range(0.0..=1e6);
        row(ui, "Start", tip, start.suffix(" s"));
    });
    label_width(ui, all_columns, &mut spec.label_width, spec.width);
    ui.checkbox(&mut spec.spread, "Spread over each song")
        .on_hover_text("Instead of one excerpt right after the other");
    let mut of_rest = spec.polarity == Polarity::Rest;
    ui.checkbox(&mut of_rest, "High labels are the rest")
        .on_hover_text("Otherwise they are the stem");
    spec.polarity = if of_rest {
        Polarity::Rest
    } else {
        Polarity::Target
    };
    groups(ui, form);
    ui.add_space(SPACE_S);
    grid(ui, "splits of excerpts", |ui| splits(ui, form));
}

/// Labels are of all columns or of the middle one.
fn label_width(ui: &mut Ui, mut all: bool, columns: &mut usize, width: usize) {
    ui.add_enabled_ui(width > 1, |ui| {
        ui.checkbox(&mut all, "Labels of all columns")
            .on_hover_text("Otherwise of the middle one");
    });
    *columns = if all { width } else { 1 };
}

// ---------------------------------------------------------------------------------------------
// What several kinds share

fn groups(ui: &mut Ui, form: &mut MakeForm) {
    let tip = "Several parts as one stem: guitar=Guitar,Rhythm; keys=Piano,Organ*";
    words(ui, "Groups", tip, &mut form.groups);
}

fn splits(ui: &mut Ui, form: &mut MakeForm) {
    let tip = "At most this many; 0 is all";
    row(ui, "Songs", tip, DragValue::new(&mut form.songs));
    let tip = "The part of the songs for validation, where the folder does not say";
    let valid = DragValue::new(&mut form.valid).range(0.0..=1.0);
    row(ui, "Valid fraction", tip, valid.speed(0.01));
    let tip = "The part of the songs for the final test, where the folder does not say";
    let test = DragValue::new(&mut form.test).range(0.0..=1.0);
    row(ui, "Test fraction", tip, test.speed(0.01));
    let tip = "Which splits and draws these are";
    row(ui, "Seed", tip, DragValue::new(&mut form.seed));
}

fn rate(ui: &mut Ui, hz: &mut u32) {
    let rate = DragValue::new(hz).range(1_000..=768_000).suffix(" Hz");
    row(ui, "Rate", "Sample rate of the results", rate.speed(100.0));
}

fn mono(ui: &mut Ui, mono: &mut bool) {
    ui.checkbox(mono, "Mix channels to one")
        .on_hover_text("Otherwise all channels stay");
}

fn grid(ui: &mut Ui, id: &str, rows: impl FnOnce(&mut Ui)) {
    Grid::new(id)
        .num_columns(2)
        .spacing([SPACE_M, SPACE_S])
        .show(ui, rows);
}

/// A number of a grid.
fn row(ui: &mut Ui, name: &str, tip: &str, value: DragValue<'_>) {
    ui.label(name);
    // Not `name_inputs`: a unit behind the number would be its name.
    ui.add(value).accessible_name(name).on_hover_text(tip);
    ui.end_row();
}

/// A field for words.
fn words(ui: &mut Ui, name: &str, tip: &str, text: &mut String) {
    let label = faint(ui, name).id;
    let edit = egui::TextEdit::singleline(text).desired_width(f32::INFINITY);
    ui.add(edit).labelled_by(label).on_hover_text(tip);
}
