//! The recipes that are always there.

use std::path::Path;

use super::recipe::Recipe;
use crate::error::{Error, Result};

/// Name and text of every shipped recipe, in the order shown.
const SHIPPED: [(&str, &str); 12] = [
    (
        "pix2pix",
        include_str!("../../assets/recipes/train/pix2pix.toml"),
    ),
    (
        "generator",
        include_str!("../../assets/recipes/train/generator.toml"),
    ),
    (
        "pix2pix-any",
        include_str!("../../assets/recipes/train/pix2pix-any.toml"),
    ),
    (
        "vocals2song",
        include_str!("../../assets/recipes/train/vocals2song.toml"),
    ),
    (
        "unet-mel",
        include_str!("../../assets/recipes/train/unet-mel.toml"),
    ),
    (
        "unet-mask",
        include_str!("../../assets/recipes/train/unet-mask.toml"),
    ),
    (
        "unet-mask-wide",
        include_str!("../../assets/recipes/train/unet-mask-wide.toml"),
    ),
    (
        "ibm-cnn",
        include_str!("../../assets/recipes/train/ibm-cnn.toml"),
    ),
    (
        "ibm-cnn-deep",
        include_str!("../../assets/recipes/train/ibm-cnn-deep.toml"),
    ),
    ("vad", include_str!("../../assets/recipes/train/vad.toml")),
    (
        "phase",
        include_str!("../../assets/recipes/train/phase.toml"),
    ),
    (
        "enhance-mel",
        include_str!("../../assets/recipes/train/enhance-mel.toml"),
    ),
];

/// The names of the shipped recipes, in the order shown.
pub fn shipped_recipe_names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// A shipped recipe by its name.
///
/// # Errors
/// [`Error::Setting`] that lists the names if there is none of this one.
pub fn shipped_recipe(name: &str) -> Result<Recipe> {
    let Some((name, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) else {
        let problem = format!(
            "there is no recipe {name:?}; choose {}, or name a .toml file",
            shipped_recipe_names().join(", ")
        );
        return Err(Error::setting("recipe", problem));
    };
    Recipe::parse(text, Path::new(&format!("{name}.toml")))
}
