//! Keeping the recipe of the form as a file of one's own.

use std::path::{Path, PathBuf};

use egui::{Key, RichText, Ui};

use super::form::RecipeForm;
use super::{LearnAction, LearnPick};
use crate::error::{Error, Result};
use crate::gui::app::App;
use crate::gui::notices::Level;
use crate::gui::scene::Action;
use crate::gui::theme::tokens;
use crate::gui::train::{DataPick, TrainAction, act};
use crate::train::Recipe;

/// Where the recipe is to be kept.
#[derive(Default)]
pub(super) struct SaveForm {
    /// The file, while it is asked for.
    path: Option<String>,
    /// Why it was not kept.
    problem: Option<String>,
}

/// The button that asks for the file.
pub(super) fn button(ui: &mut Ui, save: &mut SaveForm, form: &RecipeForm) {
    let can_save = form.recipe().is_some() && save.path.is_none();
    let button = ui
        .add_enabled(can_save, egui::Button::new("Save recipe…").small())
        .on_hover_text("As a .toml file of your own, with all changes")
        .on_disabled_hover_text(match save.path {
            Some(_) => "The file is asked for below",
            None => "A value is wrong; mend it first",
        });
    if let Some(recipe) = form.recipe().filter(|_| button.clicked()) {
        save.path = Some(proposed(recipe).display().to_string());
    }
}

/// The file, while it is asked for.
pub(super) fn row(ui: &mut Ui, save: &mut SaveForm, form: &RecipeForm, actions: &mut Vec<Action>) {
    let Some(path) = &mut save.path else { return };
    let mut ends = false;
    ui.horizontal(|ui| {
        let label = ui.label("Recipe file").id;
        // Three buttons follow.
        let width = (ui.available_width() - 220.0).clamp(80.0, 360.0);
        let edit = egui::TextEdit::singleline(path).desired_width(width);
        let field = ui.add(edit).labelled_by(label);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let button = ui.button("Choose…").on_hover_text("Choose by dialog");
        let words = "Choose the recipe file";
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
        if button.clicked() {
            let pick = DataPick::Learn(LearnPick::SaveRecipe);
            act(actions, TrainAction::Browse(pick));
        }
        let is_named = !path.trim().is_empty() && form.recipe().is_some();
        let button = ui.add_enabled(is_named, egui::Button::new("Save"));
        let button = button.on_hover_text("A file that is there stays as it is");
        if button.clicked() || (entered && is_named) {
            let path = PathBuf::from(path.trim());
            act(actions, TrainAction::Learn(LearnAction::Save(path)));
        }
        ends = ui.button("Cancel").clicked();
    });
    if let Some(problem) = &save.problem {
        let text = RichText::new(problem).color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
    }
    if ends {
        *save = SaveForm::default();
    }
}

/// A file that there is not yet.
fn proposed(recipe: &Recipe) -> PathBuf {
    let folder = crate::paths::data_dir().join("recipes");
    let mut numbered = (1..1000).map(|n| folder.join(format!("{}-{n}.toml", recipe.name)));
    let free = numbered.find(|path| !path.exists());
    free.unwrap_or_else(|| folder.join(format!("{}.toml", recipe.name)))
}

impl App {
    /// Writes the form's recipe and goes on with that file. A dialog has asked before a file is
    /// replaced; what was typed replaces none.
    pub(super) fn save_recipe(&mut self, path: PathBuf, overwrite: bool) {
        let Some(recipe) = self.train.learn.form.recipe() else {
            return;
        };
        let path = match path.extension() {
            Some(_) => path,
            None => path.with_extension("toml"),
        };
        match write(recipe, &path, overwrite) {
            Ok(()) => {
                self.train.learn.save = SaveForm::default();
                let path = path.display().to_string();
                self.notices.add(Level::Info, format!("Written: {path}"));
                // What was tried, or is being tried, is of the same recipe.
                let rates = std::mem::take(&mut self.train.learn.rates);
                self.choose_recipe(&path);
                self.train.learn.rates = rates;
            }
            Err(error) => self.train.learn.save.problem = Some(error.to_string()),
        }
    }
}

/// The recipe under the file's name, so that lists and runs tell it from the one it was.
fn write(recipe: &Recipe, path: &Path, overwrite: bool) -> Result<()> {
    if path.extension().is_none_or(|ending| ending != "toml") {
        let problem = "a recipe's file ends in .toml";
        return Err(Error::setting("recipe file", problem));
    }
    let mut recipe = recipe.clone();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    recipe.name = stem
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    if !recipe.title.is_empty() && !recipe.title.ends_with(&format!("({stem})")) {
        recipe.title = format!("{} ({stem})", recipe.title);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    }
    recipe.write(path, overwrite)
}
