//! `key=value` changes of a recipe: the command line and the window go through here.

use std::path::Path;

use toml::{Table, Value};

use super::recipe::Recipe;
use super::recipe_table::{find, from_table, put, with_preset};
use crate::error::{Error, Result};

impl Recipe {
    /// The recipe with `changes` of the form `key=value`, one after the other. A key is a path with
    /// dots, such as `optimiser.learning_rate`; a value is TOML, or plain text where text is
    /// wanted; lists may be written `a,b`, and ranges `-6..6`; `none`, also in quotes, takes an
    /// optional field away (where text stands, it is text). `examples.preset` replaces all of
    /// `examples`, and a `kind` that the other fields do not go with sets them back.
    /// `pretrain.NAME.KEY` is a value of the stage of that name or number.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the key: there is none of that name (the nearest are listed),
    /// the value is of another type, or it is out of range.
    pub fn with_changes<S: AsRef<str>>(&self, changes: &[S]) -> Result<Self> {
        let mut recipe = self.clone();
        for change in changes {
            let change = change.as_ref();
            let Some((key, value)) = change.split_once('=') else {
                let problem = format!("{change:?} is not KEY=VALUE, as in training.epochs=20");
                return Err(Error::setting("set", problem));
            };
            recipe = recipe.with_change(key.trim(), value.trim())?;
        }
        recipe.validate()?;
        Ok(recipe)
    }

    /// One change, ranges not checked yet.
    pub(super) fn with_change(&self, key: &str, text: &str) -> Result<Self> {
        if let Some((stage, key)) = key
            .strip_prefix("pretrain.")
            .and_then(|rest| rest.split_once('.'))
        {
            return self.with_stage_change(stage, key, text);
        }
        let whole = self.to_table()?;
        let parts: Vec<&str> = key.split('.').collect();
        if key == "examples.preset" {
            return self.with_examples_of(text);
        }
        let old = find(&whole, &parts);
        let text = match old {
            Some(Value::String(_)) => text,
            // A grid has its words in quotes.
            _ if unquoted(text) == "none" => "none",
            _ => text,
        };
        // What takes the place of a range may be written in several ways.
        let held = old.filter(|old| !is_range(old));
        if matches!(held, Some(Value::Table(_))) && text != "none" {
            let problem = format!("is a table; name one of its fields, as in {key}.FIELD=VALUE");
            return Err(Error::setting(key, problem));
        }
        let value = match (text, held) {
            // A choice may be called so.
            ("none", Some(Value::String(_))) => Some(Value::String(text.to_owned())),
            ("none", _) => None,
            _ => Some(value_of(key, text, held)?),
        };
        let mut changed = whole.clone();
        let is_there = put(&mut changed, &parts, value.clone());
        let is_kind = parts.last() == Some(&"kind");
        let recipe = match from_table::<Self>(changed) {
            Ok(recipe) if is_there => recipe,
            Err(_) if is_there && is_kind && value.is_some() => {
                // The other fields belong to the old kind.
                let mut changed = whole.clone();
                let table = &parts[..parts.len() - 1];
                put(&mut changed, table, Some(Value::Table(Table::new())));
                put(&mut changed, &parts, value.clone());
                from_table(changed).map_err(|problem| Error::setting(key, problem))?
            }
            Err(problem) if is_there && !problem.contains("unknown field") => {
                let told = problem.strip_prefix(&format!("{key}: "));
                return Err(Error::setting(key, told.unwrap_or(&problem)));
            }
            Ok(_) => return Err(unknown(key, &whole, "")),
            Err(problem) => return Err(unknown(key, &whole, &problem)),
        };
        // What was not taken over is not known either.
        if value.is_some() && find(&recipe.to_table()?, &parts).is_none() {
            return Err(unknown(key, &whole, ""));
        }
        Ok(recipe)
    }

    fn with_examples_of(&self, preset: &str) -> Result<Self> {
        let mut table = self.to_table()?;
        let name = preset.trim_matches('"').to_owned();
        let examples = Table::from_iter([("preset".to_owned(), Value::String(name))]);
        table.insert("examples".to_owned(), Value::Table(examples));
        let table = with_preset(table)?;
        from_table(table).map_err(|problem| Error::setting("examples.preset", problem))
    }
}

/// The value that a text stands for where `old` stood.
fn value_of(key: &str, text: &str, old: Option<&Value>) -> Result<Value> {
    let plain = || Value::String(text.to_owned());
    let value = match old {
        Some(Value::String(_)) => match toml_of(text) {
            Some(Value::String(quoted)) => Value::String(quoted),
            _ => plain(),
        },
        Some(Value::Array(items)) if !text.starts_with('[') => Value::Array(items_of(text, items)),
        _ => toml_of(text).unwrap_or_else(plain),
    };
    let Some(old) = old else {
        return Ok(value);
    };
    match (old, value) {
        // A whole number will do where any number will.
        (Value::Float(_), Value::Integer(whole)) => Ok(Value::Float(whole as f64)),
        (old, value) if old.same_type(&value) => Ok(value),
        (old, value) => Err(Error::setting(
            key,
            format!(
                "wants {}, and {text:?} is {}",
                type_name(old),
                type_name(&value)
            ),
        )),
    }
}

fn toml_of(text: &str) -> Option<Value> {
    let mut table = toml::from_str::<Table>(&format!("x = {text}")).ok()?;
    table.remove("x").filter(|_| table.is_empty())
}

/// The items of a list that has no brackets: TOML if they are of the old ones' type, else words.
fn items_of(text: &str, old: &[Value]) -> Vec<Value> {
    let word = |text: &str| Value::String(text.to_owned());
    // Lists that may be empty are of words.
    let like = old.first().cloned().unwrap_or_else(|| word(""));
    match toml_of(&format!("[{text}]")) {
        Some(Value::Array(items)) if items.iter().all(|item| item.same_type(&like)) => items,
        _ => {
            let parts = text.split(',').map(|part| unquoted(part.trim()));
            parts.filter(|part| !part.is_empty()).map(word).collect()
        }
    }
}

/// A text without the quotes around it, if there are any.
fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// Whether it is the table of a range and nothing else.
fn is_range(value: &Value) -> bool {
    let Value::Table(table) = value else {
        return false;
    };
    table.len() == 2 && table.contains_key("low") && table.contains_key("high")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// The error for a key that there is not, with those that come nearest.
fn unknown(key: &str, whole: &Table, problem: &str) -> Error {
    let mut known = Vec::new();
    keys(whole, "", &mut known);
    // serde lists the fields of the table, also those that are left out at present.
    let parent = key.rsplit_once('.').map_or("", |(parent, _)| parent);
    for name in problem.split('`').skip(1).step_by(2) {
        known.push(dotted(parent, name));
    }
    known.sort();
    known.dedup();
    known.retain(|name| name != key);
    known.sort_by_key(|name| distance(name, key));
    let nearest: Vec<String> = known.into_iter().take(3).collect();
    Error::setting(
        key,
        format!(
            "there is no such field; the nearest are {}",
            nearest.join(", ")
        ),
    )
}

fn dotted(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}

fn keys(table: &Table, parent: &str, out: &mut Vec<String>) {
    for (name, value) in table {
        let name = dotted(parent, name);
        match value {
            Value::Table(inner) => keys(inner, &name, out),
            _ => out.push(name),
        }
    }
}

/// How many letters have to be changed, added or taken away (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// A recipe by the name of a shipped one or by its file, with changes.
///
/// # Errors
/// As [`Recipe::read`] and [`Recipe::with_changes`]; [`Error::Setting`] if there is no such recipe.
pub fn open_recipe<S: AsRef<str>>(name_or_file: &str, changes: &[S]) -> Result<Recipe> {
    let is_file = name_or_file.ends_with(".toml") || Path::new(name_or_file).is_file();
    let recipe = if is_file {
        Recipe::read(Path::new(name_or_file))?
    } else {
        super::recipes::shipped_recipe(name_or_file)?
    };
    recipe.with_changes(changes)
}
