//! The models at hand: ONNX files in the shelf's folders, each with its card or with what is missing.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::card::{CARD_METADATA_KEY, ModelCard};
use super::proto::GraphSummary;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Bytes that are hashed at once.
const CHUNK_BYTES: usize = 1 << 20;

/// One model on the shelf.
#[derive(Debug, Clone)]
pub struct ShelfEntry {
    /// Its id: the card's, or the file's name.
    pub id: String,
    /// The ONNX file.
    pub path: PathBuf,
    /// Its card, or why it cannot be used.
    pub card: std::result::Result<ModelCard, String>,
}

/// The models at hand.
#[derive(Debug, Clone, Default)]
pub struct ModelShelf {
    /// Sorted by id.
    pub entries: Vec<ShelfEntry>,
}

impl ModelShelf {
    /// Folders looked through: `STEMLOOM_MODELS`, the data folder's `models`, `models` beside the
    /// executable and in the current folder.
    pub fn folders() -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(paths) = std::env::var_os("STEMLOOM_MODELS") {
            folders.extend(std::env::split_paths(&paths));
        }
        folders.push(crate::paths::data_dir().join("models"));
        if let Some(parent) = std::env::current_exe()
            .ok()
            .as_deref()
            .and_then(Path::parent)
        {
            folders.push(parent.join("models"));
        }
        folders.push(PathBuf::from("models"));
        folders
    }

    /// Looks through [`Self::folders`].
    pub fn scan() -> Self {
        Self::scan_folders(&Self::folders())
    }

    /// Looks through these folders; the first of two models with one id wins.
    pub fn scan_folders(folders: &[PathBuf]) -> Self {
        let mut entries: Vec<ShelfEntry> = Vec::new();
        for folder in folders {
            let Ok(files) = std::fs::read_dir(folder) else {
                continue;
            };
            let mut files: Vec<PathBuf> =
                files.filter_map(|file| Some(file.ok()?.path())).collect();
            files.sort();
            for path in files {
                if path
                    .extension()
                    .is_some_and(|e| e.eq_ignore_ascii_case("onnx"))
                {
                    let entry = Self::entry(&path);
                    if !entries.iter().any(|e| e.id == entry.id) {
                        entries.push(entry);
                    }
                }
            }
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Self { entries }
    }

    /// One file as an entry.
    pub fn entry(path: &Path) -> ShelfEntry {
        let card = load_card(path);
        let file = path
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        ShelfEntry {
            id: card.as_ref().map_or(file, |card| card.id.clone()),
            path: path.into(),
            card: card.map_err(|error| error.to_string()),
        }
    }

    /// The model of this id, or this file.
    ///
    /// # Errors
    /// [`Error::UnknownModel`]; [`Error::Card`] if its card is missing or wrong.
    pub fn find(&self, name: &str, always_there: &[&str]) -> Result<(PathBuf, ModelCard)> {
        let path = match self.entries.iter().find(|entry| entry.id == name) {
            Some(entry) => entry.path.clone(),
            None if Path::new(name).is_file() => PathBuf::from(name),
            None if name.contains(['/', '\\']) || name.ends_with(".onnx") => {
                let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(Error::io("open the model", name)(missing));
            }
            None => {
                let known = always_there
                    .iter()
                    .copied()
                    .chain(self.entries.iter().map(|e| e.id.as_str()));
                return Err(Error::UnknownModel {
                    name: name.into(),
                    known: known.collect::<Vec<_>>().join(", "),
                });
            }
        };
        let card = load_card(&path)?;
        Ok((path, card))
    }
}

/// The card of an ONNX file: the sidecar, else the one inside.
fn load_card(path: &Path) -> Result<ModelCard> {
    let sidecar = path.with_extension("card.toml");
    let graph = GraphSummary::read(path)?;
    let card = if sidecar.is_file() {
        let text = std::fs::read_to_string(&sidecar).map_err(Error::io("read", &sidecar))?;
        ModelCard::from_toml(&text, &sidecar)?
    } else if let Some(text) = graph.get(CARD_METADATA_KEY) {
        ModelCard::from_json(text, path)?
    } else {
        return Err(Error::Card {
            field: "(all)".into(),
            problem: "the model has no card; `stemloom models card FILE` prints one to fill in and save beside it \
                      as NAME.card.toml"
                .into(),
            path: path.into(),
        });
    };
    card.check_graph(&graph, path)?;
    Ok(card)
}

/// SHA-256 of a file, as 64 hexadecimal digits; read piece by piece.
///
/// # Errors
/// [`Error::Io`]; [`Error::Cancelled`].
pub fn file_sha256(path: &Path, reporter: &Reporter) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(Error::io("open", path))?;
    let total = file.metadata().map_or(0, |m| m.len());
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut done = 0;
    loop {
        reporter.step("Checking", done, total)?;
        let read = file.read(&mut chunk).map_err(Error::io("read", path))?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&chunk[..read]);
        done += read as u64;
    }
}

/// SHA-256 of some text, as 64 hexadecimal digits.
pub fn text_sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
