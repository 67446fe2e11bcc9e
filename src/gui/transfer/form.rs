//! The tool's form in the inspector.

use egui::{ComboBox, DragValue, RichText, Slider, Ui};

use super::{
    TransferAction, TransferForm, TransferPick, TransferView, card_of, finds, found, level_label,
    models,
};
use crate::apply::LevelRule;
use crate::gui::command::Command;
use crate::gui::inspector::{device, region_choice, run_button, running};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::settings::Tool;
use crate::gui::theme::{SPACE_L, SPACE_M, small};
use crate::model::{BinFill, ModelCard};
use crate::phase::PhaseMethod;
use crate::spectral::DroppedBins;

/// Paints the form.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, view: &mut TransferView, actions: &mut Vec<Action>) {
    let Some(song) = scene.session.song() else {
        return;
    };
    view.settle(scene.shelf);
    section(ui, "Model");
    models::choice(ui, scene, view, actions);
    ui.add_space(SPACE_M);
    let form = &mut view.form;
    let card = card_of(scene.shelf, &view.opened, &form.model);
    if card.is_some_and(|card| card.tensor.style) {
        style(ui, form, actions);
        ui.add_space(SPACE_M);
    }
    region_choice(ui, scene, &mut form.selection_only);
    ui.add_space(SPACE_M);
    device(ui, &mut form.device);
    ui.add_space(SPACE_M);
    if !running(ui, scene, Tool::Transfer, actions) {
        run(ui, scene, form, card, actions);
    }
    ui.add_space(SPACE_L);
    if let Some(card) = card {
        if finds(card) {
            threshold(ui, form);
        } else {
            phase(ui, form, card);
            ui.add_space(SPACE_M);
            level(ui, form);
            ui.add_space(SPACE_M);
            pictures(ui, form, card);
        }
    }
    if let Some(found) = view.found.get(&song.id) {
        ui.add_space(SPACE_L);
        found::ui(ui, song, found, actions);
    }
}

fn run(
    ui: &mut Ui,
    scene: &Scene<'_>,
    form: &TransferForm,
    card: Option<&ModelCard>,
    actions: &mut Vec<Action>,
) {
    let song = scene.session.song();
    let mixture = song.and_then(|song| song.mixture());
    let is_open = mixture.is_some_and(|lane| scene.clips.contains_key(&lane.clip));
    let problem = match form.problem(card) {
        Some(problem) => Some(problem),
        None if !is_open => Some("The song is still being opened"),
        None if scene.runtime.is_none() => Some("Looking for ONNX Runtime"),
        None if scene
            .runtime
            .is_some_and(|runtime| runtime.problem.is_some()) =>
        {
            Some("ONNX Runtime is not installed; install it in the top bar")
        }
        None => None,
    };
    let text = if card.is_some_and(finds) {
        "Find activity"
    } else {
        "Transfer"
    };
    let width = ui.available_width();
    run_button(
        ui,
        text,
        Command::Transfer,
        (problem.is_none(), problem.unwrap_or_default()),
        width,
        actions,
    );
}

fn style(ui: &mut Ui, form: &mut TransferForm, actions: &mut Vec<Action>) {
    section(ui, "Style");
    let tip = "A recording that sounds as the result should: type its path, browse, or drop it \
               on the window while this is empty";
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 80.0).max(80.0);
        let edit = egui::TextEdit::singleline(&mut form.style)
            .hint_text("Drop a recording")
            .desired_width(width);
        ui.add(edit)
            .accessible_name("Style file")
            .on_hover_text(tip);
        let browse = ui.button("Browse…").on_hover_text(tip);
        browse.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, "Browse for the style")
        });
        if browse.clicked() {
            let action = TransferAction::Browse(TransferPick::Style);
            actions.push(Action::Transfer(action));
        }
    });
    ui.horizontal(|ui| {
        ui.radio_value(&mut form.style_at, false, "Loudest slice")
            .on_hover_text("Imitate the loudest part that fills a picture");
        ui.radio_value(&mut form.style_at, true, "From")
            .on_hover_text("Imitate what begins at this second");
        ui.add_enabled_ui(form.style_at, |ui| {
            let value = DragValue::new(&mut form.style_secs)
                .range(0.0..=36_000.0)
                .speed(0.1)
                .max_decimals(2)
                .suffix(" s");
            ui.add(value).accessible_name("Second of the style");
        });
    });
}

fn phase(ui: &mut Ui, form: &mut TransferForm, card: &ModelCard) {
    section(ui, "Phase");
    let own = if card.tensor.output_channels.has_phase() {
        "The network's own".to_owned()
    } else {
        let label = card.output.phase.parse::<PhaseMethod>();
        let label = match &label {
            Ok(method) => method.label(),
            Err(_) => card.output.phase.as_str(),
        };
        format!("As the card says: {label}")
    };
    let shown = match form.phase {
        Some(method) => method.label().to_owned(),
        None => own.clone(),
    };
    ComboBox::from_id_salt("transfer phase")
        .width(ui.available_width() - 8.0)
        .selected_text(shown)
        .show_ui(ui, |ui| {
            ui.selectable_value(&mut form.phase, None, &own);
            for method in PhaseMethod::ALL {
                ui.selectable_value(&mut form.phase, Some(method), method.label());
            }
        })
        .response
        .on_hover_text("Where the phases come from that make sound of magnitudes")
        .accessible_name("Phase method");
    if form.phase.is_some_and(PhaseMethod::is_iterative) {
        let of_card = card.output.phase_iterations;
        let mut iterations = form.iterations.unwrap_or(of_card);
        ui.label(RichText::new("Iterations").font(small()));
        let slider = Slider::new(&mut iterations, 1..=of_card.max(1000)).logarithmic(true);
        let response = ui
            .name_inputs("Iterations", |ui| ui.add(slider.trailing_fill(true)))
            .on_hover_text("More come closer to the magnitudes and take longer");
        if response.changed() {
            form.iterations = Some(iterations);
        }
    }
}

fn level(ui: &mut Ui, form: &mut TransferForm) {
    section(ui, "Level");
    for rule in [LevelRule::Match, LevelRule::Peak, LevelRule::None] {
        ui.radio_value(&mut form.level, rule, level_label(rule));
    }
}

fn pictures(ui: &mut Ui, form: &mut TransferForm, card: &ModelCard) {
    egui::CollapsingHeader::new("Pictures")
        .default_open(true)
        .show(ui, |ui| {
            ui.label(RichText::new("Overlap").font(small()));
            let slider = Slider::new(&mut form.overlap, 0.0..=0.9).max_decimals(2);
            ui.name_inputs("Overlap", |ui| ui.add(slider.trailing_fill(true)))
                .on_hover_text("How much of a picture lies in the next one; more takes longer");
            let silence = "Silence";
            let own = "The song's own";
            let of_card = if card.bin_fill == BinFill::Mixture {
                own
            } else {
                silence
            };
            let of_card = format!("As the card says: {}", of_card.to_lowercase());
            let shown = match form.dropped {
                None => of_card.as_str(),
                Some(DroppedBins::Zero) => silence,
                Some(DroppedBins::Input) => own,
            };
            ui.label(RichText::new("Above the picture").font(small()));
            ComboBox::from_id_salt("transfer dropped")
                .width(ui.available_width() - 8.0)
                .selected_text(shown)
                .show_ui(ui, |ui| {
                    let dropped = &mut form.dropped;
                    ui.selectable_value(dropped, None, &of_card);
                    ui.selectable_value(dropped, Some(DroppedBins::Zero), silence);
                    ui.selectable_value(dropped, Some(DroppedBins::Input), own);
                })
                .response
                .on_hover_text("What is heard at frequencies that the network does not see")
                .accessible_name("Above the picture");
        });
}

fn threshold(ui: &mut Ui, form: &mut TransferForm) {
    ui.label(RichText::new("Threshold").font(small()));
    let slider = Slider::new(&mut form.threshold, 0.0..=1.0).max_decimals(2);
    ui.name_inputs("Threshold", |ui| ui.add(slider.trailing_fill(true)))
        .on_hover_text("Probability from which something counts as heard");
}
