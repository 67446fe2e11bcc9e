//! `stemloom train --list` and `--show`: the recipes that are always there.

use serde_json::json;

use super::Terminal;
use crate::error::Result;
use crate::train::{Recipe, shipped_recipe, shipped_recipe_names};

/// One line (or object) for each shipped recipe, at its full size.
pub(super) fn list(terminal: &Terminal) -> Result<()> {
    for name in shipped_recipe_names() {
        let recipe = shipped_recipe(name)?;
        let shapes = recipe.examples.shapes()?;
        let plan = recipe.plan(shapes)?;
        let parameters = plan.parameters()?;
        let discriminator = recipe.discriminator_plan(shapes)?;
        let discriminator = discriminator.map(|plan| plan.parameters()).transpose()?;
        let object = json!({
            "event": "recipe", "name": name, "title": recipe.title, "network": plan.name,
            "parameters": parameters, "discriminator_parameters": discriminator,
            "experimental": recipe.experimental, "about": recipe.about.trim(),
        });
        let mark = if recipe.experimental {
            " (experiment)"
        } else {
            ""
        };
        let text = format!(
            "{name:<16} {}{mark}: {}, {} parameters",
            recipe.title,
            plan.name,
            grouped(parameters)
        );
        terminal.result(&object, &text);
    }
    Ok(())
}

/// A recipe with every field written out.
pub(super) fn show(recipe: &Recipe, terminal: &Terminal) -> Result<()> {
    let text = recipe.to_toml()?;
    let object = json!({ "event": "recipe", "name": recipe.name, "toml": text });
    terminal.result(&object, text.trim_end());
    Ok(())
}

/// A number with a comma between thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
