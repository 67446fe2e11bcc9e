//! The form for music that is made, at the right of the section.

use egui::{DragValue, Ui};

use super::{InstrumentForm, InstrumentKind, MOST_PIECES, MusicForm};
use crate::dataset::compose::{MOST_BARS, Style};
use crate::gui::icons::{Icon, icon_button};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, tokens};
use crate::gui::train::side::{self, End};
use crate::gui::train::{DataPick, TrainAction};
use crate::gui::widgets::path_field;

/// Paints the form.
pub(in crate::gui::train) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    form: &mut MusicForm,
    actions: &mut Vec<Action>,
) {
    side::panel(ui, "make music", |ui| {
        // What a run was begun with stays as it is until it is over.
        ui.add_enabled_ui(form.job.is_none(), |ui| {
            compose(ui, form);
            let tip = "Where MIDI files are written, or lie already";
            let (midi, pick) = (&mut form.midi, DataPick::Midi);
            place(ui, "MIDI folder", tip, midi, pick, actions);
            ui.add_space(SPACE_L);
            render(ui, form, actions);
            ui.add_space(SPACE_M);
            ui.checkbox(&mut form.overwrite, "Replace files of the same name");
        });
        let end = End {
            job: form.job,
            stop: ("Stop making music", TrainAction::CancelMusic),
            make: ("Compose and render as chosen above", TrainAction::MakeMusic),
            ready: (
                form.compose || form.render,
                "Choose to compose, to render, or both",
            ),
            problem: &form.problem,
            made: &form.made,
        };
        side::end(ui, scene, end, actions);
    });
}

fn compose(ui: &mut Ui, form: &mut MusicForm) {
    section(ui, "Compose");
    ui.checkbox(&mut form.compose, "Compose pieces")
        .on_hover_text("By rule and dice; the same seed gives the same pieces");
    ui.add_enabled_ui(form.compose, |ui| {
        ui.horizontal(|ui| {
            ui.radio_value(&mut form.by_hours, false, "Pieces");
            let value = DragValue::new(&mut form.pieces).range(1..=MOST_PIECES);
            ui.add_enabled_ui(!form.by_hours, |ui| {
                ui.add(value).accessible_name("How many pieces")
            });
        });
        ui.horizontal(|ui| {
            ui.radio_value(&mut form.by_hours, true, "Hours");
            let value = DragValue::new(&mut form.hours)
                .range(0.01..=1000.0)
                .speed(0.05)
                .suffix(" h");
            ui.add_enabled_ui(form.by_hours, |ui| {
                ui.add(value).accessible_name("How many hours")
            });
        });
        ui.horizontal(|ui| {
            let label = ui.label("Style").id;
            let combo = egui::ComboBox::from_id_salt("music style")
                .selected_text(form.style.map_or("any", Style::name))
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut form.style, None, "any");
                    for style in Style::ALL {
                        ui.selectable_value(&mut form.style, Some(style), style.name());
                    }
                });
            combo.response.labelled_by(label);
        });
        ui.horizontal(|ui| {
            ui.label("Seed");
            let seed = DragValue::new(&mut form.seed);
            ui.add(seed)
                .accessible_name("Seed of the first piece")
                .on_hover_text("Each of the next pieces has the next seed");
            ui.label("Bars");
            let bars = DragValue::new(&mut form.bars).range(1..=MOST_BARS);
            ui.add(bars).accessible_name("Bars of each piece");
        });
    });
}

fn render(ui: &mut Ui, form: &mut MusicForm, actions: &mut Vec<Action>) {
    section(ui, "Render");
    ui.checkbox(&mut form.render, "Render every MIDI file")
        .on_hover_text("What is there and whole is kept");
    ui.add_enabled_ui(form.render, |ui| {
        ui.radio_value(&mut form.parts, false, "All of it by each instrument")
            .on_hover_text("A folder per instrument: pairs for re-voicing");
        ui.radio_value(&mut form.parts, true, "Songs with their parts")
            .on_hover_text("A folder per song with drums, bass, guitar … and the mixture, by the programs of one SoundFont: what separators learn from");
        if form.parts {
            ui.add_space(SPACE_S);
            let tip = "An .sf2 file with General MIDI programs";
            if form.instruments.is_empty() {
                form.add_instrument();
            }
            let first = &mut form.instruments[0];
            let pick = DataPick::SoundFont(first.number);
            place(ui, "SoundFont", tip, &mut first.path, pick, actions);
            ui.add_space(SPACE_M);
            rendered_to(ui, form, actions);
            return;
        }
        let mut removed = None;
        let only = form.instruments.len() == 1;
        for (at, instrument) in form.instruments.iter_mut().enumerate() {
            if instrument_ui(ui, at, instrument, only, actions) {
                removed = Some(at);
            }
        }
        if let Some(at) = removed {
            form.instruments.remove(at);
        }
        ui.add_space(SPACE_S);
        if ui
            .button("Add an instrument")
            .on_hover_text("Every piece is also played by this one")
            .clicked()
        {
            form.add_instrument();
        }
        ui.add_space(SPACE_M);
        rendered_to(ui, form, actions);
    });
}

/// Where it goes, and at which rate.
fn rendered_to(ui: &mut Ui, form: &mut MusicForm, actions: &mut Vec<Action>) {
    let tip = if form.parts {
        "Where SONG/PART.wav are written"
    } else {
        "Where INSTRUMENT/PIECE.wav are written"
    };
    let (out, pick) = (&mut form.out, DataPick::Out);
    place(ui, "Rendered folder", tip, out, pick, actions);
    ui.horizontal(|ui| {
        ui.label("Rate");
        let rate = DragValue::new(&mut form.sample_rate_hz)
            .range(8000..=192_000)
            .suffix(" Hz");
        ui.add(rate).accessible_name("Rate of the renders in hertz");
    });
}

/// Answers whether it is to be removed.
fn instrument_ui(
    ui: &mut Ui,
    at: usize,
    instrument: &mut InstrumentForm,
    only: bool,
    actions: &mut Vec<Action>,
) -> bool {
    let number = at + 1;
    let mut removed = false;
    ui.add_space(SPACE_S);
    egui::Frame::new()
        .stroke(egui::Stroke::new(1.0, tokens(ui.ctx()).line))
        .corner_radius(6)
        .inner_margin(8)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                let label = ui.label(format!("Instrument {number}")).id;
                let combo = egui::ComboBox::from_id_salt(("instrument kind", at))
                    .width(120.0)
                    .selected_text(instrument.kind.label())
                    .show_ui(ui, |ui| {
                        for kind in InstrumentKind::ALL {
                            ui.selectable_value(&mut instrument.kind, kind, kind.label());
                        }
                    });
                combo.response.labelled_by(label);
                let name = format!("Remove instrument {number}");
                ui.add_enabled_ui(!only, |ui| {
                    let button = icon_button(ui, Icon::Cross, &name, "Remove this one", false);
                    removed = button.clicked();
                });
            });
            let own = instrument.number;
            let (tip, pick) = match instrument.kind {
                InstrumentKind::SoundFont => ("An .sf2 file", DataPick::SoundFont(own)),
                InstrumentKind::Samples => (
                    "A folder of sounds with their pitches in their names",
                    DataPick::Samples(own),
                ),
            };
            let name = format!("Path of instrument {number}");
            place(ui, &name, tip, &mut instrument.path, pick, actions);
            if instrument.kind == InstrumentKind::SoundFont {
                ui.horizontal(|ui| {
                    ui.label("Program");
                    let program = DragValue::new(&mut instrument.program).range(0..=127);
                    let name = format!("Program of instrument {number}");
                    ui.name_inputs(name, |ui| ui.add(program))
                        .on_hover_text("0 to 127; of General MIDI: 0 piano, 24 guitar, 32 bass");
                    ui.label("Bank");
                    let bank = DragValue::new(&mut instrument.bank).range(0..=128);
                    let name = format!("Bank of instrument {number}");
                    ui.name_inputs(name, |ui| ui.add(bank))
                        .on_hover_text("0 to 128; 128 holds drum kits");
                });
            }
        });
    removed
}

/// A path that is typed or browsed for.
pub(in crate::gui::train) fn place(
    ui: &mut Ui,
    name: &str,
    tip: &str,
    path: &mut String,
    pick: DataPick,
    actions: &mut Vec<Action>,
) {
    let browse = format!("Choose {}", name.to_lowercase());
    if path_field(ui, (name, tip), path, &browse) {
        actions.push(Action::Train(TrainAction::Browse(pick)));
    }
}
