//! The tool's form in the inspector.

use egui::{ComboBox, DragValue, RichText, Slider, Ui};

use super::{ReconstructForm, ReconstructView, continuable, mixture, plot};
use crate::apply::{PicturePreset, ReconstructOptions};
use crate::gui::command::Command;
use crate::gui::inspector::{region_choice, run_button, running};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::settings::Tool;
use crate::gui::theme::{SPACE_L, SPACE_M, small, tokens};
use crate::phase::{PhaseMethod, PhaseStart};
use crate::session::Song;
use crate::spectral::{DroppedBins, MelInversion, MelSpec, WindowKind};

/// Width of a choice beside its name.
const CHOICE_WIDTH: f32 = 110.0;

/// Paints the form.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, view: &mut ReconstructView, actions: &mut Vec<Action>) {
    let Some(song) = scene.session.song() else {
        return;
    };
    let form = &mut view.form;
    section(ui, "Phase");
    method(ui, form);
    phase_settings(ui, form, song);
    ui.add_space(SPACE_M);
    if form.continue_from.is_none() {
        region_choice(ui, scene, &mut form.selection_only);
        ui.add_space(SPACE_M);
    }
    if !running(ui, scene, Tool::Reconstruct, actions) {
        let ready = mixture(scene).is_some();
        let reason = "The song is still being opened";
        let width = ui.available_width();
        run_button(
            ui,
            "Reconstruct",
            Command::Reconstruct,
            (ready, reason),
            width,
            actions,
        );
    }
    ui.add_space(SPACE_M);
    let has_curve = song.takes.iter().any(|take| take.convergence_db.len() > 1);
    if view.live(song.id).is_some() || has_curve {
        plot::ui(ui, song, view.live(song.id));
    }
    figures(ui, song);
    ui.add_space(SPACE_L);
    let form = &mut view.form;
    egui::CollapsingHeader::new("Magnitudes")
        .default_open(true)
        .show(ui, |ui| magnitudes(ui, form));
    egui::CollapsingHeader::new("Sweep").show(ui, |ui| sweep(ui, form, actions));
}

fn method(ui: &mut Ui, form: &mut ReconstructForm) {
    let phase = &mut form.options.phase;
    ComboBox::from_id_salt("phase method")
        .width(ui.available_width() - 8.0)
        .selected_text(phase.method.label())
        .show_ui(ui, |ui| {
            for method in PhaseMethod::ALL {
                ui.selectable_value(&mut phase.method, method, method.label())
                    .on_hover_text(about(method));
            }
        })
        .response
        .on_hover_text("Phase method");
    ui.label(RichText::new(about(phase.method)).font(small()).weak());
}

fn about(method: PhaseMethod) -> &'static str {
    match method {
        PhaseMethod::Input => "The song's own phases: what is lost is lost in the magnitudes",
        PhaseMethod::Zero => "No phase at all, to hear what phase is for",
        PhaseMethod::Random => "Random phases, to hear what phase is for",
        PhaseMethod::GriffinLim => "To the signal and back, again and again; never gets worse",
        PhaseMethod::FastGriffinLim => "With momentum: closer in fewer iterations",
        PhaseMethod::Pghi => "Integrates the magnitudes' gradients, in one pass",
        PhaseMethod::PghiGriffinLim => "One pass of integration, then Griffin-Lim from there",
    }
}

fn phase_settings(ui: &mut Ui, form: &mut ReconstructForm, song: &Song) {
    let phase = &mut form.options.phase;
    if phase.method != PhaseMethod::FastGriffinLim {
        // Its momentum would be an error elsewhere.
        phase.momentum = None;
    }
    if phase.method.is_iterative() {
        ui.label(RichText::new("Iterations").font(small()));
        let slider = Slider::new(&mut phase.iterations, 1..=1000).logarithmic(true);
        ui.name_inputs("Iterations", |ui| ui.add(slider.trailing_fill(true)))
            .on_hover_text("More come closer to the magnitudes and take longer");
    }
    if phase.method == PhaseMethod::FastGriffinLim {
        let mut momentum = phase.momentum();
        ui.label(RichText::new("Momentum").font(small()));
        let slider = Slider::new(&mut momentum, 0.0..=1.5).max_decimals(2);
        let response = ui
            .name_inputs("Momentum", |ui| ui.add(slider.trailing_fill(true)))
            .on_hover_text("0.99 is usual");
        if response.changed() {
            phase.momentum = Some(momentum);
        }
        if momentum > 1.0 {
            let warning = tokens(ui.ctx()).warning;
            ui.label(
                RichText::new("Above 1 it may diverge")
                    .font(small())
                    .color(warning),
            );
        }
    }
    if phase.method.takes_start() {
        ui.horizontal(|ui| {
            ui.label("Start");
            for start in PhaseStart::ALL {
                let tip = match start {
                    PhaseStart::Random => "Random phases of the seed",
                    PhaseStart::Zero => "All phases zero",
                    PhaseStart::Input => "The song's own phases",
                };
                ui.add_enabled_ui(form.continue_from.is_none(), |ui| {
                    ui.radio_value(&mut phase.start, start, capitalised(start.name()))
                        .on_hover_text(tip)
                        .on_disabled_hover_text("Goes on from a take");
                });
            }
        });
        continue_from(ui, &mut form.continue_from, song);
    } else {
        form.continue_from = None;
    }
    if !matches!(phase.method, PhaseMethod::Input | PhaseMethod::Zero) {
        ui.horizontal(|ui| {
            ui.label("Seed");
            ui.name_inputs("Seed", |ui| ui.add(DragValue::new(&mut phase.seed)))
                .on_hover_text("The same seed makes the same sound, to the bit");
        });
    }
}

fn continue_from(ui: &mut Ui, chosen: &mut Option<crate::session::Id>, song: &Song) {
    if chosen.is_some_and(|id| !continuable(song).any(|take| take.id == id)) {
        *chosen = None;
    }
    if continuable(song).next().is_none() {
        return;
    }
    let name = chosen
        .and_then(|id| song.take(id))
        .map_or("Nothing", |take| &take.name);
    ui.horizontal(|ui| {
        ui.label("Go on from");
        ComboBox::from_id_salt("go on from")
            .selected_text(name)
            .show_ui(ui, |ui| {
                ui.selectable_value(chosen, None, "Nothing");
                for take in continuable(song) {
                    let text = format!("{} · {}", take.name, take.model);
                    ui.selectable_value(chosen, Some(take.id), text);
                }
            })
            .response
            .on_hover_text("Begin with the phases of an earlier take, for more iterations");
    });
}

fn magnitudes(ui: &mut Ui, form: &mut ReconstructForm) {
    let mut preset = form.preset;
    ComboBox::from_id_salt("picture")
        .width(ui.available_width() - 8.0)
        .selected_text(preset.label())
        .show_ui(ui, |ui| {
            for choice in PicturePreset::ALL {
                ui.selectable_value(&mut preset, choice, choice.label());
            }
        })
        .response
        .on_hover_text("What is kept of the magnitudes before phases are found");
    if preset != form.preset {
        form.preset = preset;
        form.options = ReconstructOptions {
            phase: form.options.phase,
            mono: form.options.mono,
            ..preset.options()
        };
    }
    let stft = &mut form.options.stft;
    let choice = |ui: &mut Ui, name: &str, value: &mut usize, all: &[usize], tip: &str| {
        ui.horizontal(|ui| {
            ui.label(name);
            ComboBox::from_id_salt(name)
                .width(CHOICE_WIDTH)
                .selected_text(value.to_string())
                .show_ui(ui, |ui| {
                    for n in all {
                        ui.selectable_value(value, *n, n.to_string());
                    }
                })
                .response
                .on_hover_text(tip);
        });
    };
    let (n_fft, hops) = (stft.n_fft, stft.n_fft / stft.hop_length);
    let sizes = [256, 512, 1024, 2048, 4096, 8192];
    choice(
        ui,
        "FFT length",
        &mut stft.n_fft,
        &sizes,
        "Samples: longer is finer in pitch, coarser in time",
    );
    if stft.n_fft != n_fft {
        stft.win_length = stft.n_fft;
        stft.hop_length = (stft.n_fft / hops.max(1)).max(1);
        stft.pad_length = None;
    }
    let n_fft = stft.n_fft;
    let hops = [n_fft / 2, n_fft / 4, n_fft / 8, n_fft / 16];
    choice(
        ui,
        "Hop",
        &mut stft.hop_length,
        &hops,
        "Samples between columns: more overlap makes phases easier to find",
    );
    ui.horizontal(|ui| {
        ui.label("Window");
        ComboBox::from_id_salt("window")
            .width(CHOICE_WIDTH)
            .selected_text(capitalised(stft.window.name()))
            .show_ui(ui, |ui| {
                for kind in WindowKind::ALL {
                    ui.selectable_value(&mut stft.window, kind, capitalised(kind.name()));
                }
            })
            .response
            .on_hover_text("PGHI is made for Gaussian windows, and works with Hann");
    });
    picture(ui, form);
    ui.checkbox(&mut form.options.mono, "Mix to mono")
        .on_hover_text("Half the work; the middle of the stereo image only");
}

fn picture(ui: &mut Ui, form: &mut ReconstructForm) {
    let picture = &mut form.options.picture;
    let mut through_mel = picture.mel.is_some();
    let tip = "Through mel bands and back, as a network that works on mel pictures does";
    if ui
        .checkbox(&mut through_mel, "Mel bands")
        .on_hover_text(tip)
        .changed()
    {
        picture.mel = through_mel.then(MelSpec::default);
        if through_mel {
            picture.bins_kept = None;
        }
    }
    if let Some(mel) = &mut picture.mel {
        ui.horizontal(|ui| {
            ui.label("Bands");
            let bands = DragValue::new(&mut mel.bands).range(1..=1024);
            ui.name_inputs("Bands", |ui| ui.add(bands));
            ComboBox::from_id_salt("mel inversion")
                .selected_text(match picture.mel_inversion {
                    MelInversion::Nnls => "Least squares",
                    MelInversion::Fast => "Fast",
                })
                .show_ui(ui, |ui| {
                    let how = &mut picture.mel_inversion;
                    ui.selectable_value(how, MelInversion::Nnls, "Least squares");
                    ui.selectable_value(how, MelInversion::Fast, "Fast");
                })
                .response
                .on_hover_text("How magnitudes are found for the bands");
        });
    }
    if let Some(bins) = picture.bins_kept {
        ui.horizontal(|ui| {
            ui.label(format!("Above bin {bins}"));
            ui.radio_value(&mut picture.dropped, DroppedBins::Zero, "Nothing");
            ui.radio_value(&mut picture.dropped, DroppedBins::Input, "The song's");
        });
    }
}

fn sweep(ui: &mut Ui, form: &mut ReconstructForm, actions: &mut Vec<Action>) {
    for (method, chosen) in PhaseMethod::ALL.into_iter().zip(&mut form.sweep_methods) {
        ui.checkbox(chosen, method.label());
    }
    ui.horizontal(|ui| {
        ui.label("Iterations");
        let edit = egui::TextEdit::singleline(&mut form.sweep_iterations).desired_width(110.0);
        ui.name_inputs("Iterations of the sweep", |ui| ui.add(edit))
            .on_hover_text("Numbers, separated by commas");
    });
    let count = form.iterations().map(|iterations| {
        crate::phase::sweep(&form.options.phase, &form.chosen_methods(), &iterations).len()
    });
    let (text, ready, reason) = match count {
        Ok(0) => (
            "Queue takes".to_owned(),
            false,
            "Choose a method".to_owned(),
        ),
        Ok(n) => (
            format!("Queue {n} take{}", if n == 1 { "" } else { "s" }),
            true,
            String::new(),
        ),
        Err(problem) => ("Queue takes".to_owned(), false, problem),
    };
    let width = ui.available_width();
    run_button(ui, &text, Command::Sweep, (ready, &reason), width, actions);
}

/// The newest reconstruction's figures.
fn figures(ui: &mut Ui, song: &Song) {
    let Some((take, figures)) = song
        .takes
        .iter()
        .rev()
        .find_map(|take| Some((take, take.figures?)))
    else {
        return;
    };
    ui.label(
        RichText::new(format!("{} · {}", take.name, take.model))
            .font(small())
            .weak(),
    );
    let rows = [
        (
            "Convergence",
            figures.spectral_convergence_db,
            "Spectral convergence: how well the sound has the magnitudes; lower is better",
        ),
        (
            "Log-spectral distance",
            figures.log_spectral_distance_db,
            "Against the song's magnitudes; lower is better",
        ),
        (
            "SNR",
            figures.snr_db,
            "Against the song's samples; higher is better",
        ),
        (
            "SI-SDR",
            figures.si_sdr_db,
            "Against the song's samples at the best gain; higher is better",
        ),
    ];
    egui::Grid::new("figures")
        .num_columns(2)
        .spacing([SPACE_L, 2.0])
        .show(ui, |ui| {
            for (name, db, tip) in rows {
                ui.label(RichText::new(name).font(small()))
                    .on_hover_text(tip);
                let text = format!("{db:>7.2} dB");
                ui.label(RichText::new(text).font(crate::gui::theme::figures()));
                ui.end_row();
            }
            ui.label(RichText::new("Time").font(small()));
            let text = format!("{:>7.2} s ", take.taken_secs);
            ui.label(RichText::new(text).font(crate::gui::theme::figures()));
            ui.end_row();
        });
}

/// "sqrt-hann" as "Sqrt-hann".
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
