//! What a person chose, kept between two starts. Unreadable settings are a notice and a default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::notices::{Level, Notices};
use crate::apply::ExportOptions;
use crate::display::{Colormap, FreqScale};
use crate::error::{Error, Result};

/// Dark, light, or as the system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum ThemeChoice {
    /// As the system.
    System,
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// What fills the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Workspace {
    /// One song.
    #[default]
    Workbench,
    /// Its takes, by ear.
    Listen,
    /// What networks learn from.
    Train,
    /// Methods against the true stems.
    Evaluate,
    /// Many songs.
    Batch,
}

/// The tool in the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Tool {
    /// A song to its stems.
    #[default]
    Separate,
    /// Magnitudes to sound.
    Reconstruct,
    /// A song to another sound.
    Transfer,
}

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The version that wrote this.
    pub version: String,
    /// Colours.
    pub theme: ThemeChoice,
    /// Size of everything, 0.5–3.
    pub zoom: f32,
    /// Frequency axis of spectrograms.
    pub freq_scale: FreqScale,
    /// Their colours.
    pub colormap: Colormap,
    /// Level of their background in dB against full scale, −120 to −20.
    pub floor_db: f32,
    /// Level of their last colour in dB, above the floor, at most 0.
    pub ceiling_db: f32,
    /// The sound output; none is the system's default.
    pub output: Option<String>,
    /// How stems were exported last.
    pub export: ExportOptions,
    /// The workspace.
    pub workspace: Workspace,
    /// The tool in the inspector.
    pub tool: Tool,
    /// Whether the library is shown.
    pub show_library: bool,
    /// Whether the inspector is shown.
    pub show_inspector: bool,
    /// Whether spectrum and jobs are shown.
    pub show_bottom: bool,
    /// Whether the example was offered once.
    pub welcomed: bool,
    /// Folders of the Train workspace, the last one first; at most 8.
    pub data_folders: Vec<String>,
    /// Names of the songs that are left out of each of them.
    pub left_out: BTreeMap<String, Vec<String>>,
    /// Folders of trainings, the last one first; at most 24.
    pub train_runs: Vec<String>,
    /// Recipe files of the Train workspace, the last one first; at most 24.
    pub train_recipes: Vec<String>,
    /// Where networks are trained: auto, cpu or gpu:N.
    pub train_device: String,
    /// Whether lanes show how close they come to the true stems.
    pub show_sdr: bool,
    /// The folder of true stems of each song's file, where a person chose one.
    pub true_stems: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            theme: ThemeChoice::Dark,
            zoom: 1.0,
            freq_scale: FreqScale::Mel,
            colormap: Colormap::Ember,
            floor_db: -90.0,
            ceiling_db: -12.0,
            output: None,
            export: ExportOptions::default(),
            workspace: Workspace::Workbench,
            tool: Tool::Separate,
            show_library: true,
            show_inspector: true,
            show_bottom: true,
            welcomed: false,
            data_folders: Vec::new(),
            left_out: BTreeMap::new(),
            train_runs: Vec::new(),
            train_recipes: Vec::new(),
            train_device: "auto".into(),
            show_sdr: true,
            true_stems: BTreeMap::new(),
        }
    }
}

/// Reads a JSON file; none if it is not there.
///
/// # Errors
/// [`Error::Io`], or [`Error::Malformed`] if it is not what was written.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Error::Malformed {
            problem: format!("saved state cannot be read ({error})"),
            path: path.into(),
        })
}

/// Reads a JSON file; what cannot be read is kept aside, told, and replaced by the default.
pub fn read_or_default<T: DeserializeOwned + Default>(
    path: Option<PathBuf>,
    notices: &mut Notices,
) -> T {
    let Some(path) = path else {
        return T::default();
    };
    match read(&path) {
        Ok(value) => value.unwrap_or_default(),
        Err(error) => {
            // Kept aside: what cannot be read today may be wanted tomorrow.
            std::fs::rename(&path, path.with_extension("unreadable.json")).ok();
            notices.add(Level::Warning, error.to_string());
            T::default()
        }
    }
}

/// Writes a JSON file by way of a temporary one.
///
/// # Errors
/// [`Error::Io`].
pub fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut part =
        tempfile::NamedTempFile::new_in(folder).map_err(Error::io("write into", folder))?;
    let text =
        serde_json::to_string_pretty(value).map_err(|e| Error::io("write", path)(e.into()))?;
    part.write_all(text.as_bytes())
        .map_err(Error::io("write", path))?;
    part.persist(path)
        .map_err(|e| Error::io("write", path)(e.error))?;
    Ok(())
}
