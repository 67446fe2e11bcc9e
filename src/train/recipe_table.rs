//! Recipes as tables of text and numbers: presets, differences laid over them, and back to types.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::dataset::example_preset;
use crate::error::{Error, Result};

/// A TOML text as a table; on failure, what is wrong and in which line.
pub(super) fn parse_table(text: &str) -> std::result::Result<Table, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let problem = error.message().trim().replace('\n', ", ");
        match line {
            Some(line) => format!("line {line}: {problem}"),
            None => problem,
        }
    })
}

/// A table as a type; on failure, the field and what is wrong.
pub(super) fn from_table<T: DeserializeOwned>(table: Table) -> std::result::Result<T, String> {
    typed(table).map_err(|(field, problem)| match field {
        Some(field) => format!("{field}: {problem}"),
        None => problem,
    })
}

/// The same; on failure, the field's path, if one is to blame, and what is wrong.
pub(super) fn typed<T: DeserializeOwned>(
    table: Table,
) -> std::result::Result<T, (Option<String>, String)> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let field = error.path().to_string();
        let problem = error.inner().message().trim().replace('\n', ", ");
        let is_known = !field.is_empty() && field != ".";
        (is_known.then_some(field), problem)
    })
}

/// Puts the preset that `examples.preset` names under the other fields of `examples`.
pub(super) fn with_preset(mut table: Table) -> Result<Table> {
    let Some(Value::Table(examples)) = table.get_mut("examples") else {
        return Ok(table);
    };
    let Some(preset) = examples.remove("preset") else {
        return Ok(table);
    };
    let Value::String(name) = preset else {
        let problem = "must be the name of a preset, in quotes";
        return Err(Error::setting("examples.preset", problem));
    };
    let preset = example_preset(&name).map_err(|error| match error {
        Error::Setting { problem, .. } => Error::setting("examples.preset", problem),
        error => error,
    })?;
    let base = Table::try_from(preset)
        .map_err(|error| Error::setting("examples.preset", error.to_string()))?;
    *examples = merged(base, std::mem::take(examples));
    Ok(table)
}

/// `base` with the fields of `over` in place of its own. Tables are gone into, unless they are of
/// different kinds: then nothing of the old kind is left.
pub(super) fn merged(mut base: Table, over: Table) -> Table {
    for (key, value) in over {
        let value = match (base.remove(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if is_same_kind(&old, &new) => {
                Value::Table(merged(old, new))
            }
            (_, value) => value,
        };
        base.insert(key, value);
    }
    base
}

fn is_same_kind(old: &Table, new: &Table) -> bool {
    new.get("kind")
        .is_none_or(|kind| old.get("kind") == Some(kind))
}

/// The value at a path.
pub(super) fn find<'a>(table: &'a Table, parts: &[&str]) -> Option<&'a Value> {
    let (first, rest) = parts.split_first()?;
    let value = table.get(*first)?;
    match (rest.is_empty(), value) {
        (true, _) => Some(value),
        (false, Value::Table(inner)) => find(inner, rest),
        (false, _) => None,
    }
}

/// Sets or removes a value, making tables on the way; whether the path led there.
pub(super) fn put(table: &mut Table, parts: &[&str], value: Option<Value>) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return false;
    };
    if rest.is_empty() {
        match value {
            Some(value) => table.insert((*first).to_owned(), value),
            None => table.remove(*first),
        };
        return true;
    }
    let inner = table
        .entry((*first).to_owned())
        .or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => put(inner, rest, value),
        _ => false,
    }
}
