//! The recipe that is edited: the one that was chosen, and what was changed of it.

use std::collections::BTreeMap;

use super::fields::{Field, FieldValue, fields_of, taken_with};
use super::seen::what;
use crate::error::{Error, Result};
use crate::train::{NetworkSpec, PatchDiscriminator, Recipe, card_of};

/// What asks for a discriminator.
const ADVERSARIAL: &str = "loss.adversarial";

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
    /// Why what is trained could not be exported; none if it could.
    pub warning: Option<String>,
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
            equip(&mut recipe);
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
            what: None,
            warning: None,
            base: Some(recipe.clone()),
            changes: Vec::new(),
            good: None,
        };
        self.take(recipe);
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
        // The other fields of the table belong to the kind, or go with this one.
        let of_kind = key.strip_suffix("kind").filter(|t| t.ends_with('.'));
        let goes = taken_with(key, text).map(|table| format!("{table}."));
        if let Some(table) = of_kind.or(goes.as_deref()) {
            self.changes
                .retain(|(changed, _)| !changed.starts_with(table));
        }
        // A stage's value follows the recipe's: what it was may not be what it would be now.
        let follows = key.starts_with("pretrain.");
        let differs = follows || self.default_text(key).as_deref() != Some(text);
        let at = self.changes.iter().position(|(changed, _)| changed == key);
        match at {
            // In its place: later ones may need what it makes.
            Some(at) if differs => self.changes[at].1 = text.to_owned(),
            Some(at) => {
                self.changes.remove(at);
            }
            None if differs => self.changes.push((key.to_owned(), text.to_owned())),
            None => {}
        }
        self.apply();
    }

    /// Leaves a row's words as they are typed, until [`Self::settle`]: a separator or a nought at
    /// their end says nothing yet, and what is typed next follows it.
    pub fn keep(&mut self, key: &str, typed: FieldValue) {
        let Some(field) = self.fields.iter_mut().find(|field| field.key == key) else {
            return;
        };
        match (&mut field.value, typed) {
            (FieldValue::Text(own), FieldValue::Text(typed))
            | (FieldValue::Optional(own), FieldValue::Optional(typed)) => *own = typed,
            _ => {}
        }
    }

    /// Writes all rows as the recipe has them, if nothing is wrong.
    pub fn settle(&mut self) {
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
        let Some(mut base) = self.base.clone() else {
            return;
        };
        let asks = |(key, text): &(String, String)| key == ADVERSARIAL && text == "true";
        if self.changes.iter().any(asks) {
            equip(&mut base);
        }
        // Rows that there were only for a discriminator are gone with it.
        let lacks = [
            ("discriminator.", base.discriminator.is_none()),
            (
                "discriminator_optimiser.",
                base.discriminator_optimiser.is_none(),
            ),
        ];
        self.changes.retain(|(key, _)| {
            let mut lacks = lacks.iter();
            !lacks.any(|(table, lacks)| *lacks && key.starts_with(table))
        });
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(|(key, text)| {
                let key = taken_with(key, text).unwrap_or(key);
                format!("{key}={text}")
            })
            .collect();
        let changed = base
            .with_changes(&changes)
            .and_then(|recipe| Ok((fields_of(&recipe)?, recipe)));
        self.problem = match changed {
            Ok((fields, recipe)) => {
                self.fields = fields;
                self.take(recipe);
                None
            }
            Err(Error::Setting { name, problem }) => Some((name, problem)),
            Err(error) => Some((String::new(), error.to_string())),
        };
    }

    /// Takes a recipe that is right, and looks at what comes of it.
    fn take(&mut self, recipe: Recipe) {
        self.what = what(&recipe).ok();
        self.warning = card_of(&recipe).err().map(|error| error.to_string());
        self.good = Some(recipe);
    }
}

/// Gives a recipe what an adversarial loss asks for, so that there are rows for it.
fn equip(recipe: &mut Recipe) {
    let patch = || NetworkSpec::PatchDiscriminator(PatchDiscriminator::default());
    recipe.discriminator = Some(recipe.discriminator.take().unwrap_or_else(patch));
    recipe.discriminator_optimiser = Some(recipe.discriminator_optimiser());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::shipped_recipe;

    fn form(name: &str) -> RecipeForm {
        let mut form = RecipeForm::default();
        let recipe = shipped_recipe(name).unwrap();
        form.open(name.to_owned(), recipe).unwrap();
        form
    }

    /// Types into a row of text, key by key.
    fn type_all(form: &mut RecipeForm, key: &str, letters: &[&str]) {
        for letter in letters {
            let field = form.fields.iter().find(|field| field.key == key);
            let mut value = field.unwrap().value.clone();
            if let FieldValue::Text(text) | FieldValue::Optional(text) = &mut value {
                text.push_str(letter);
            }
            form.set(key, &value.text());
            form.keep(key, value);
        }
    }

    fn has(form: &RecipeForm, key: &str) -> bool {
        form.fields.iter().any(|field| field.key == key)
    }

    #[test]
    fn an_adversarial_loss_brings_a_discriminator_and_takes_it_away() {
        let mut form = form("generator");
        assert!(!has(&form, "discriminator.patch"));
        form.set(ADVERSARIAL, "true");
        assert_eq!(form.problem, None);
        assert!(has(&form, "discriminator_optimiser.learning_rate"));
        form.set("discriminator.patch", "70");
        assert!(form.recipe().unwrap().discriminator.is_some());
        assert_eq!(form.changed(), 2);
        form.set(ADVERSARIAL, "false");
        let recipe = form.recipe().unwrap();
        assert!(recipe.discriminator.is_none() && recipe.discriminator_optimiser.is_none());
        assert_eq!(form.changed(), 0);
        assert!(!has(&form, "discriminator.patch"));
    }

    #[test]
    fn mel_bands_come_with_their_number_and_go_with_it() {
        let (bands, bins) = ("examples.picture.mel.bands", "examples.picture.bins_kept");
        let mut form = form("generator");
        assert!(!has(&form, "examples.picture.mel.fmax_hz"));
        form.set(bins, "none");
        form.set(bands, "256");
        assert_eq!(form.problem, None);
        assert!(has(&form, "examples.picture.mel.fmax_hz"));
        form.set("examples.picture.mel.power", "1");
        // The power stands on the bands, whose number may still change.
        form.set(bands, "512");
        let mel = form.recipe().unwrap().examples.picture.mel.clone().unwrap();
        assert_eq!((mel.bands, mel.power), (512, 1.0));
        form.set(bands, "none");
        form.set(bins, "256");
        assert_eq!((form.changed(), form.problem.clone()), (0, None));
        assert!(form.recipe().unwrap().examples.picture.mel.is_none());
    }

    #[test]
    fn mel_bands_of_a_recipe_are_taken_away_and_set_back() {
        let (bands, bins) = ("examples.picture.mel.bands", "examples.picture.bins_kept");
        let mut form = form("unet-mel");
        form.set(bands, "none");
        form.set(bins, "512");
        assert_eq!(form.problem, None);
        assert!(form.is_changed(bands));
        assert!(form.recipe().unwrap().examples.picture.mel.is_none());
        form.reset(bins);
        form.reset(bands);
        assert_eq!((form.changed(), form.problem.clone()), (0, None));
        assert!(form.recipe().unwrap().examples.picture.mel.is_some());
    }

    #[test]
    fn words_stay_as_they_are_typed_until_they_are_left() {
        let mut form = form("generator");
        type_all(&mut form, "examples.targets", &[",", " ", "bass", " "]);
        let targets = form.recipe().unwrap().examples.targets.clone();
        assert_eq!(targets.len(), 2, "{targets:?}");
        assert_eq!(targets[1], "bass");
        let norm = "training.clip_norm";
        form.set(norm, "none");
        type_all(&mut form, norm, &["1", ".", "0"]);
        let text = |form: &RecipeForm| {
            let field = form.fields.iter().find(|field| field.key == norm);
            field.unwrap().value.text()
        };
        assert_eq!(text(&form), "1.0");
        type_all(&mut form, norm, &["5"]);
        assert_eq!(form.recipe().unwrap().training.clip_norm, Some(1.05));
        form.keep(norm, FieldValue::Optional("1.0500".to_owned()));
        form.settle();
        assert_eq!((text(&form).as_str(), form.changed()), ("1.05", 2));
    }

    #[test]
    fn what_cannot_be_exported_is_known_before() {
        let mut form = form("generator");
        assert_eq!(form.warning, None);
        form.set("examples.targets", "guitar,bass");
        assert!(form.recipe().is_some());
        let warning = form.warning.clone().unwrap();
        assert!(warning.starts_with("examples.targets"), "{warning}");
        form.reset("examples.targets");
        assert_eq!(form.warning, None);
    }
}
