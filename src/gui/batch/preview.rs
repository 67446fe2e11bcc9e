//! What the name pattern comes to.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};

use super::BatchView;
use crate::apply::{ExportOptions, SongName};
use crate::batch::Recipe;
use crate::gui::theme::{small, tokens};

/// The first file's name as it will be.
pub(super) fn preview(
    ui: &mut Ui,
    recipe: &Recipe,
    (out, folder): (&str, &Path),
    song: &SongName,
    stems: &[String],
) {
    let options = ExportOptions {
        folder: Path::new(if out.trim().is_empty() {
            "stems"
        } else {
            out.trim()
        })
        .join(folder),
        format: recipe.format,
        pattern: recipe.name.clone(),
        ..ExportOptions::default()
    };
    let first = match &recipe.stems {
        Some(wanted) => wanted.first().or(recipe.mixdowns.first().map(|m| &m.name)),
        None => stems.first(),
    };
    let song = SongName {
        model: recipe
            .models
            .first()
            .map_or_else(String::new, |m| m.id.clone()),
        ..song.clone()
    };
    let tokens = tokens(ui.ctx());
    let (text, colour) = match options.path(&song, first.map_or("stem", String::as_str)) {
        Ok(path) => (path.display().to_string(), tokens.faint),
        Err(error) => (error.to_string(), tokens.error),
    };
    ui.label(RichText::new(text).font(small()).color(colour));
}

/// The chosen song, or the first, and the folder of its results.
pub(super) fn example_song(view: &BatchView) -> (SongName, PathBuf) {
    let chosen = view.chosen.as_ref();
    let songs = &view.form.songs;
    let song = songs
        .iter()
        .find(|song| Some(&song.entry.input) == chosen)
        .or(songs.first());
    let name = song.and_then(|song| song.entry.input.file_stem());
    let example = SongName {
        name: name.map_or_else(|| "song".into(), |n| n.to_string_lossy().into_owned()),
        tags: song.map(|song| song.tags.clone()).unwrap_or_default(),
        ..SongName::default()
    };
    (
        example,
        song.map(|song| song.entry.folder.clone())
            .unwrap_or_default(),
    )
}
