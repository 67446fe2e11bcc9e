//! The stages of a recipe: what is learned before the training itself.

use toml::{Table, Value};

use super::recipe::Recipe;
use super::recipe_table::{find, merged, put, typed, with_preset};
use crate::error::{Error, Result};

/// Fields of `examples` that a stage keeps if it begins with a preset.
const WHICH_SONGS: [&str; 7] = [
    "seed",
    "fold",
    "valid_fraction",
    "test_fraction",
    "exclude",
    "n_songs",
    "groups",
];

/// The field of a stage that makes it an auto-encoder of the recipe's target.
const AUTO_ENCODER: &str = "auto_encoder";

impl Recipe {
    /// All stages in order, each a recipe of its own; the last is the training itself.
    ///
    /// # Errors
    /// [`Error::Setting`] if a stage cannot be understood.
    pub fn stages(&self) -> Result<Vec<Self>> {
        let mut whole = self.to_table()?;
        whole.remove("pretrain");
        let names = self.stage_names();
        let mut stages = Vec::new();
        for (name, changes) in names.iter().zip(&self.pretrain) {
            let mut stage = whole.clone();
            let mut changes = changes.clone();
            match changes.remove(AUTO_ENCODER) {
                None | Some(Value::Boolean(false)) => {}
                Some(Value::Boolean(true)) => self.encode_target(&mut stage)?,
                Some(_) => {
                    let key = format!("pretrain.{name}.{AUTO_ENCODER}");
                    return Err(Error::setting(key, "wants true or false"));
                }
            }
            if find(&changes, &["examples", "preset"]).is_some()
                && let Some(Value::Table(examples)) = stage.get_mut("examples")
            {
                // A preset replaces all but which songs there are, and what they are for.
                examples.retain(|field, _| WHICH_SONGS.contains(&field));
            }
            let stage =
                with_preset(merged(stage, changes)).map_err(|error| of_stage(name, error))?;
            let stage: Self = typed(stage).map_err(|(field, problem)| match field {
                Some(field) => of_stage(name, Error::setting(field, problem)),
                None => Error::setting(format!("pretrain.{name}"), problem),
            })?;
            stages.push(stage);
        }
        stages.push(Self {
            pretrain: Vec::new(),
            ..self.clone()
        });
        Ok(stages)
    }

    /// How the stages before the training are called in keys: by their names, or by their numbers
    /// from 1 where names are lacking or alike.
    pub fn stage_names(&self) -> Vec<String> {
        let name = |stage: &Table| match stage.get("name") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        };
        let names: Vec<Option<String>> = self.pretrain.iter().map(name).collect();
        let count = |name: &Option<String>| names.iter().filter(|other| *other == name).count();
        (1..)
            .zip(&names)
            .map(|(number, name)| match name {
                Some(own) if count(name) == 1 => own.clone(),
                _ => number.to_string(),
            })
            .collect()
    }

    /// Makes a stage's examples pictures of the target, from themselves.
    fn encode_target(&self, stage: &mut Table) -> Result<()> {
        let [target] = &self.examples.targets[..] else {
            let problem = format!(
                "a stage with {AUTO_ENCODER} = true learns one target, not {}",
                self.examples.targets.len()
            );
            return Err(Error::setting("examples.targets", problem));
        };
        let picture = Table::from_iter([("kind".to_owned(), Value::String("picture".into()))]);
        put(
            stage,
            &["examples", "origin"],
            Some(Value::String(target.clone())),
        );
        put(stage, &["examples", "target"], Some(Value::Table(picture)));
        Ok(())
    }

    /// A change of `key` in the stage called `name`, or of that number from 1.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such stage, or the stage has no such value.
    pub(super) fn with_stage_change(&self, name: &str, key: &str, text: &str) -> Result<Self> {
        let names = self.stage_names();
        let number = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let found = names.iter().position(|known| known == name).or(number);
        let Some(at) = found.filter(|at| *at < names.len()) else {
            let problem = match names.join(", ") {
                known if known.is_empty() => "the recipe has no stages before it".to_owned(),
                known => format!("there is no such stage; there are {known}"),
            };
            return Err(Error::setting(format!("pretrain.{name}"), problem));
        };
        let here = |error| of_stage(name, error);
        let mut changed = self.clone();
        let table = &mut changed.pretrain[at];
        if key == AUTO_ENCODER {
            let problem = || here(Error::setting(key, "wants true or false"));
            let value = text.parse().map_err(|_error| problem())?;
            table.insert(key.to_owned(), Value::Boolean(value));
            return Ok(changed);
        }
        if key == "examples.preset" {
            let name = Value::String(text.trim_matches('"').to_owned());
            let examples = Table::from_iter([("preset".to_owned(), name)]);
            table.insert("examples".to_owned(), Value::Table(examples));
            return Ok(changed);
        }
        let stages = self.stages()?;
        let stage = stages[at]
            .with_change(key, text)
            .map_err(here)?
            .to_table()?;
        let parts: Vec<&str> = key.split('.').collect();
        // With the kind go the other fields of its table.
        let path = match parts.split_last() {
            Some((&"kind", table)) if !table.is_empty() => table,
            _ => &parts[..],
        };
        let Some(value) = find(&stage, path) else {
            let problem = "a stage has what the recipe has; take the value away there";
            return Err(here(Error::setting(key, problem)));
        };
        put(table, path, Some(value.clone()));
        Ok(changed)
    }
}

/// An error about a field, told as one about that field of a stage.
pub(super) fn of_stage(stage: &str, error: Error) -> Error {
    match error {
        Error::Setting { name, problem } => {
            Error::setting(format!("pretrain.{stage}.{name}"), problem)
        }
        error => error,
    }
}
