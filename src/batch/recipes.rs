//! Recipes by name: those shipped, and those a person saved.

use std::path::{Path, PathBuf};

use super::document::{parse_toml, read_toml, write_toml};
use super::recipe::Recipe;
use crate::audio::sanitise_file_name;
use crate::error::{Error, Result};

/// Recipes that are always there, as they lie in the source.
const SHIPPED: [(&str, &str); 5] = [
    (
        "all-stems",
        include_str!("../../assets/recipes/all-stems.toml"),
    ),
    ("karaoke", include_str!("../../assets/recipes/karaoke.toml")),
    ("vocals", include_str!("../../assets/recipes/vocals.toml")),
    (
        "practice",
        include_str!("../../assets/recipes/practice.toml"),
    ),
    (
        "wide-sides",
        include_str!("../../assets/recipes/wide-sides.toml"),
    ),
];

/// A recipe that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeName {
    /// Its name.
    pub name: String,
    /// Its file; `None` for those shipped.
    pub path: Option<PathBuf>,
}

fn folder() -> PathBuf {
    crate::paths::config_dir().join("recipes")
}

/// All recipes: a person's own, then those shipped that no own one of that name hides.
pub fn list_recipes() -> Vec<RecipeName> {
    let mut own: Vec<RecipeName> = std::fs::read_dir(folder())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .filter_map(|path| {
            Some(RecipeName {
                name: path.file_stem()?.to_str()?.to_owned(),
                path: Some(path),
            })
        })
        .collect();
    own.sort_by(|a, b| a.name.cmp(&b.name));
    for (name, _) in SHIPPED {
        if !own.iter().any(|recipe| recipe.name == name) {
            own.push(RecipeName {
                name: name.into(),
                path: None,
            });
        }
    }
    own
}

/// The recipe of this name, or in this file.
///
/// # Errors
/// [`Error::Setting`] that lists the names; [`Error::Document`]; [`Error::Io`].
pub fn load_recipe(name: &str) -> Result<Recipe> {
    let recipe: Recipe = if name.ends_with(".toml") {
        read_toml("recipe", Path::new(name))?
    } else {
        let known = list_recipes();
        let Some(found) = known.iter().find(|recipe| recipe.name == name) else {
            let names: Vec<&str> = known.iter().map(|r| r.name.as_str()).collect();
            let problem = format!(
                "there is none called {name:?}; there are {}",
                names.join(", ")
            );
            return Err(Error::setting("recipe", problem));
        };
        match (&found.path, SHIPPED.iter().find(|(n, _)| *n == name)) {
            (Some(path), _) => read_toml("recipe", path)?,
            (None, Some((_, text))) => parse_toml("recipe", text, Path::new(name))?,
            (None, None) => Recipe::default(),
        }
    };
    recipe.validate()?;
    Ok(recipe)
}

/// Keeps a recipe under a name. Answers its file.
///
/// # Errors
/// [`Error::Setting`] if the recipe cannot be used or the name is no file name; [`Error::Exists`]
/// if it is taken and `overwrite` is not given; [`Error::Io`].
pub fn save_recipe(name: &str, recipe: &Recipe, overwrite: bool) -> Result<PathBuf> {
    recipe.validate()?;
    let name = name.trim();
    if name.is_empty() || sanitise_file_name(name) != name {
        let problem = format!("{name:?} cannot be a file name; use letters, digits and spaces");
        return Err(Error::setting("recipe name", problem));
    }
    let path = folder().join(format!("{name}.toml"));
    if path.exists() && !overwrite {
        return Err(Error::Exists { path });
    }
    write_toml(recipe, &path)?;
    Ok(path)
}
