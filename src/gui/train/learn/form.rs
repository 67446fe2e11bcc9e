//! The recipe that is edited: the one that was chosen, and what was changed of it.

use std::collections::BTreeMap;

use super::fields::{Field, FieldValue, fields_of};
use super::seen::what;
use crate::error::{Error, Result};
use crate::train::Recipe;

/// The recipe of the form.
#[derive(Default)]
pub struct RecipeForm {
    /// Name or file of the recipe that was chosen.
    pub chosen: String,
    /// The rows, as they are edited.
    pub fields: Vec<Field>,
    /// What keeps the changes from being a recipe: the key or table, and why.
    pub problem: Option<(String, String)>,
    /// What is learned, and how large the network is.
    pub what: Option<String>,
    base: Option<Recipe>,
    defaults: BTreeMap<String, FieldValue>,
    changes: Vec<(String, String)>,
    good: Option<Recipe>,
}

impl RecipeForm {
    /// Begins with a recipe.
    ///
    /// # Errors
    /// [`Error::Setting`] if it cannot be written as TOML.
    pub fn open(&mut self, chosen: String, mut recipe: Recipe) -> Result<()> {
        if recipe.loss.adversarial {
            // So that there are rows for it.
            recipe.discriminator_optimiser = Some(recipe.discriminator_optimiser());
        }
        let fields = fields_of(&recipe)?;
        let defaults = fields.iter();
        *self = Self {
            chosen,
            defaults: defaults
                .map(|field| (field.key.clone(), field.value.clone()))
                .collect(),
            fields,
            problem: None,
            what: what(&recipe).ok(),
            base: Some(recipe.clone()),
            changes: Vec::new(),
            good: Some(recipe),
        };
        Ok(())
    }

    /// The recipe as it was chosen.
    pub fn base(&self) -> Option<&Recipe> {
        self.base.as_ref()
    }

    /// The recipe with all changes; none while something is wrong.
    pub fn recipe(&self) -> Option<&Recipe> {
        self.good.as_ref().filter(|_| self.problem.is_none())
    }

    /// How many values differ from the recipe that was chosen.
    pub fn changed(&self) -> usize {
        self.changes.len()
    }

    /// Whether this value does.
    pub fn is_changed(&self, key: &str) -> bool {
        self.changes.iter().any(|(changed, _)| changed == key)
    }

    /// What the recipe that was chosen has there.
    pub fn default_text(&self, key: &str) -> Option<String> {
        self.defaults.get(key).map(FieldValue::text)
    }

    /// Sets a value, as text that [`Recipe::with_changes`] reads.
    pub fn set(&mut self, key: &str, text: &str) {
        match key.strip_suffix("kind") {
            // The other fields of the table belong to the kind.
            Some(table) if table.ends_with('.') => self
                .changes
                .retain(|(changed, _)| !changed.starts_with(table)),
            _ => self.changes.retain(|(changed, _)| changed != key),
        }
        // A stage's value follows the recipe's: what it was may not be what it would be now.
        let follows = key.starts_with("pretrain.");
        if follows || self.default_text(key).as_deref() != Some(text) {
            self.changes.push((key.to_owned(), text.to_owned()));
        }
        self.apply();
    }

    /// Sets a value back.
    pub fn reset(&mut self, key: &str) {
        if let Some(value) = self.defaults.get(key)
            && let Some(field) = self.fields.iter_mut().find(|field| field.key == key)
        {
            // Also where something else is wrong, and the rows stay as they are.
            field.value = value.clone();
        }
        match self.default_text(key) {
            Some(text) if !key.starts_with("pretrain.") => self.set(key, &text),
            _ => {
                self.changes.retain(|(changed, _)| changed != key);
                self.apply();
            }
        }
    }

    /// Sets all values back.
    pub fn reset_all(&mut self) {
        self.changes.clear();
        self.apply();
    }

    fn apply(&mut self) {
        let Some(base) = &self.base else { return };
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(|(key, text)| format!("{key}={text}"))
            .collect();
        let changed = base
            .with_changes(&changes)
            .and_then(|recipe| Ok((fields_of(&recipe)?, recipe)));
        self.problem = match changed {
            Ok((fields, recipe)) => {
                self.fields = fields;
                self.what = what(&recipe).ok();
                self.good = Some(recipe);
                None
            }
            Err(Error::Setting { name, problem }) => Some((name, problem)),
            Err(error) => Some((String::new(), error.to_string())),
        };
    }
}
