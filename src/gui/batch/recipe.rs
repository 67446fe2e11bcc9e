//! The right panel: what is done to every song, and where the results go.

use egui::{RichText, ScrollArea, Ui};

use super::preview::{example_song, preview};
use super::{BatchAction, BatchForm, BatchView, mixdowns};
use crate::apply::{BUILTIN_IDS, PeakRule, PostProcess, Region, builtin_spec};
use crate::audio::AudioFormat;
use crate::batch::{Existing, ModelUse, Recipe};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, small, stem_colour, tokens};

pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, view: &mut BatchView, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    let panel = egui::Panel::right("recipe")
        .default_size(300.0)
        .min_size(260.0)
        .max_size(440.0);
    panel.frame(frame).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            // What a run was begun with stays as it is until it is over.
            ui.add_enabled_ui(!view.running, |ui| {
                section(ui, "Recipe");
                chooser(ui, view, actions);
                ui.add_space(SPACE_L);
                let stems = models(ui, scene, &mut view.form.recipe);
                ui.add_space(SPACE_L);
                section(ui, "Stems");
                stems_ui(ui, &mut view.form.recipe, &stems);
                mixdowns::ui(ui, &mut view.form.recipe, &stems);
                ui.add_space(SPACE_L);
                section(ui, "Files");
                files(ui, view, &stems, actions);
                ui.add_space(SPACE_M);
                more(ui, &mut view.form);
            });
        });
    });
}

fn act(actions: &mut Vec<Action>, action: BatchAction) {
    actions.push(Action::Batch(action));
}

fn chooser(ui: &mut Ui, view: &mut BatchView, actions: &mut Vec<Action>) {
    let combo = egui::ComboBox::from_id_salt("recipe name")
        .width(ui.available_width() - 8.0)
        .selected_text(&view.form.recipe_name);
    let names = view.recipes.clone();
    let combo = combo.show_ui(ui, |ui| {
        for name in names {
            let chosen = view.form.recipe_name == name;
            if ui.selectable_label(chosen, &name).clicked() {
                act(actions, BatchAction::LoadRecipe(name));
            }
        }
    });
    combo.response.on_hover_text("Recipe");
    if !view.form.recipe.about.is_empty() {
        ui.label(RichText::new(&view.form.recipe.about).font(small()).weak());
    }
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Keep as").font(small()).weak()).id;
        let width = ui.available_width() - 64.0;
        let edit = egui::TextEdit::singleline(&mut view.save_name).desired_width(width);
        ui.add(edit.hint_text(view.form.recipe_name.clone()))
            .labelled_by(label);
        let named = !view.save_name.trim().is_empty();
        let own = view.save_name.trim() == view.form.recipe_name;
        let tip = "Keep this recipe under the name, for the window and the command line";
        let save = ui.add_enabled(named, egui::Button::new("Save"));
        let save = save
            .on_hover_text(tip)
            .on_disabled_hover_text("Type a name first");
        if save.clicked() {
            act(
                actions,
                BatchAction::SaveRecipe(view.save_name.clone(), own),
            );
        }
    });
}

/// Which models; answers the stems that they give together.
fn models(ui: &mut Ui, scene: &Scene<'_>, recipe: &mut Recipe) -> Vec<String> {
    section(ui, "Models");
    let mut known: Vec<(String, String, Vec<String>)> = BUILTIN_IDS
        .iter()
        .filter_map(|id| builtin_spec(id))
        .map(|spec| {
            let stems = spec.stems.map(String::from).to_vec();
            (spec.id.to_owned(), spec.name.to_owned(), stems)
        })
        .collect();
    for entry in &scene.shelf.entries {
        if let Ok(card) = &entry.card {
            known.push((entry.id.clone(), card.name.clone(), card.all_stems()));
        }
    }
    let mut stems = Vec::new();
    for (id, name, of_it) in &known {
        let mut used = recipe.models.iter().any(|model| model.id == *id);
        let only = used && recipe.models.len() == 1;
        let tip = if only {
            "A recipe needs one model"
        } else {
            "Use this model"
        };
        ui.add_enabled_ui(!only, |ui| {
            if ui
                .checkbox(&mut used, name)
                .on_hover_text(tip)
                .on_disabled_hover_text(tip)
                .changed()
            {
                if used {
                    recipe.models.push(ModelUse::new(id));
                } else {
                    recipe.models.retain(|model| model.id != *id);
                }
                fit(recipe);
            }
        });
        if used {
            let new = of_it.iter().filter(|stem| !stems.contains(*stem));
            stems.extend(new.cloned().collect::<Vec<_>>());
        }
    }
    for model in &recipe.models {
        if !known.iter().any(|(id, ..)| *id == model.id) {
            let text = format!("{} is not on the shelf", model.id);
            ui.label(
                RichText::new(text)
                    .font(small())
                    .color(tokens(ui.ctx()).warning),
            );
        }
    }
    stems
}

/// With other models other stems: what named the old ones goes.
fn fit(recipe: &mut Recipe) {
    recipe.stems = None;
    recipe.mixdowns.clear();
    if recipe.models.len() > 1 && !recipe.name.contains("{model}") {
        recipe.name.push_str(" [{model}]");
    }
}

fn stems_ui(ui: &mut Ui, recipe: &mut Recipe, stems: &[String]) {
    let light = ui.ctx().theme() == egui::Theme::Light;
    let mut wanted = recipe.stems.clone().unwrap_or_else(|| stems.to_vec());
    let before = wanted.clone();
    for stem in stems {
        ui.horizontal(|ui| {
            let mut on = wanted.contains(stem);
            if ui.checkbox(&mut on, stem).changed() {
                if on {
                    wanted.push(stem.clone());
                } else {
                    wanted.retain(|other| other != stem);
                }
            }
            ui.label(RichText::new("●").color(stem_colour(stem, light)));
        });
    }
    if wanted != before {
        // All of them, in the model's order, is "all".
        wanted.sort_by_key(|stem| stems.iter().position(|s| s == stem));
        recipe.stems = (wanted != stems).then_some(wanted);
    }
}

fn files(ui: &mut Ui, view: &mut BatchView, stems: &[String], actions: &mut Vec<Action>) {
    let (example, folder) = example_song(view);
    let form = &mut view.form;
    let recipe = &mut form.recipe;
    let label = ui.label("Destination").id;
    ui.horizontal(|ui| {
        let width = ui.available_width() - 92.0;
        let edit = egui::TextEdit::singleline(&mut form.out).desired_width(width);
        ui.add(edit.hint_text("stems, beside the songs"))
            .labelled_by(label);
        if ui
            .button("Choose…")
            .on_hover_text("Choose a folder")
            .clicked()
        {
            act(actions, BatchAction::ChooseOut);
        }
    });
    let label = ui.label("Name").id;
    let edit = egui::TextEdit::singleline(&mut recipe.name).desired_width(f32::INFINITY);
    ui.add(edit)
        .labelled_by(label)
        .on_hover_text("{name} {title} {artist} {stem} {model}; / makes folders");
    preview(ui, recipe, (&form.out, &folder), &example, stems);
    ui.add_space(SPACE_M);
    ui.horizontal(|ui| {
        let label = ui.label("Format").id;
        let combo = egui::ComboBox::from_id_salt("batch format")
            .selected_text(recipe.format.label())
            .show_ui(ui, |ui| {
                for format in AudioFormat::ALL {
                    ui.selectable_value(&mut recipe.format, format, format.label());
                }
            });
        combo.response.labelled_by(label);
    });
    ui.horizontal(|ui| {
        let label = ui.label("If a file is there").id;
        let combo = egui::ComboBox::from_id_salt("existing")
            .selected_text(recipe.existing.label())
            .show_ui(ui, |ui| {
                for rule in Existing::ALL {
                    ui.selectable_value(&mut recipe.existing, rule, rule.label());
                }
            });
        combo
            .response
            .labelled_by(label)
            .on_hover_text("Files of earlier runs of the same song are recognised in any case");
    });
}

fn more(ui: &mut Ui, form: &mut BatchForm) {
    let recipe = &mut form.recipe;
    egui::CollapsingHeader::new("After separating").show(ui, |ui| {
        for (post, name, tip) in [
            (
                PostProcess::Wiener,
                "Wiener filter",
                "Less of the other stems, a little more artefacts",
            ),
            (
                PostProcess::Median,
                "Move clicks to the drums",
                "A median filter takes percussion out of the pitched stems",
            ),
        ] {
            let mut on = recipe.post.contains(&post);
            if ui.checkbox(&mut on, name).on_hover_text(tip).changed() {
                recipe.post.retain(|other| *other != post);
                if on {
                    recipe.post.push(post);
                }
            }
        }
    });
    egui::CollapsingHeader::new("Region, rate, level, pictures").show(ui, |ui| {
        region(ui, recipe);
        let mut resample = recipe.sample_rate_hz.is_some();
        ui.horizontal(|ui| {
            ui.checkbox(&mut resample, "Another sample rate");
            let mut rate = recipe.sample_rate_hz.unwrap_or(44_100);
            let value = egui::DragValue::new(&mut rate)
                .range(8000..=192_000)
                .suffix(" Hz");
            ui.add_enabled_ui(resample, |ui| {
                ui.add(value).accessible_name("Rate in hertz")
            });
            recipe.sample_rate_hz = resample.then_some(rate);
        });
        let mut lower = recipe.level == PeakRule::Lower;
        ui.checkbox(
            &mut lower,
            "Lower all stems of a song if one is over full scale",
        );
        recipe.level = if lower {
            PeakRule::Lower
        } else {
            PeakRule::Keep
        };
        ui.checkbox(&mut recipe.pictures, "Pictures of mixture, masks and stems");
    });
    egui::CollapsingHeader::new("Device and memory").show(ui, |ui| {
        ui.horizontal(|ui| {
            let label = ui.label("Device").id;
            let devices = ["auto", "cpu", "cuda", "tensorrt", "coreml", "directml"];
            let combo = egui::ComboBox::from_id_salt("batch device")
                .selected_text(&form.device)
                .show_ui(ui, |ui| {
                    for device in devices {
                        ui.selectable_value(&mut form.device, device.to_owned(), device);
                    }
                });
            combo.response.labelled_by(label);
        });
        ui.horizontal(|ui| {
            ui.label("Songs at once");
            let value = egui::DragValue::new(&mut form.songs_at_once)
                .range(0..=64)
                .custom_formatter(|songs, _| match songs {
                    0.0 => "auto".into(),
                    songs => format!("{songs:.0}"),
                });
            ui.add(value).accessible_name("Songs at once");
        });
        ui.horizontal(|ui| {
            ui.label("Memory");
            let value = egui::DragValue::new(&mut form.memory_mb)
                .range(0..=1_000_000)
                .speed(50)
                .custom_formatter(|mb, _| match mb {
                    0.0 => "no limit".into(),
                    mb => format!("{mb:.0} MB"),
                });
            ui.add(value)
                .accessible_name("Memory in MB")
                .on_hover_text("Fewer songs at once if more would not fit; 0 is no limit");
        });
    });
}

fn region(ui: &mut Ui, recipe: &mut Recipe) {
    let mut on = recipe.region.is_some();
    let mut region = recipe.region.unwrap_or(Region {
        start_secs: 0.0,
        duration_secs: Some(30.0),
    });
    ui.checkbox(&mut on, "Only a part of every song");
    ui.add_enabled_ui(on, |ui| {
        ui.horizontal(|ui| {
            let mut length = region.duration_secs.unwrap_or(30.0);
            let start = egui::DragValue::new(&mut region.start_secs);
            let start = start.range(0.0..=36_000.0).speed(0.5).suffix(" s");
            ui.label("from");
            ui.add(start).accessible_name("Region start in seconds");
            ui.label("for");
            let value = egui::DragValue::new(&mut length).range(0.1..=36_000.0);
            let value = value.speed(0.5).suffix(" s");
            ui.add(value).accessible_name("Region length in seconds");
            region.duration_secs = Some(length);
        });
    });
    recipe.region = on.then_some(region);
}
