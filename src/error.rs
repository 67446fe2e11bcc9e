//! What can go wrong, sorted by what the caller should do about it.
//!
//! Every message says what happened, where, and what to do; a path comes last.

use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

/// The library's one error type. Each variant names the caller's next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The person pressed cancel. Not a failure: show nothing, exit with 130.
    #[error("cancelled")]
    Cancelled,

    /// The operating system refused. Check the path, the rights and the disk, then try again.
    #[error("could not {action}: {source}: {}", path.display())]
    Io {
        /// What was attempted, as in "could not {action}".
        action: &'static str,
        /// The system's own reason.
        source: std::io::Error,
        /// The file or folder.
        path: PathBuf,
    },

    /// The file's content is broken beyond use. Another copy of the file is needed.
    #[error("{problem}; try another copy of the file: {}", path.display())]
    Malformed {
        /// What is wrong with it.
        problem: String,
        /// The file.
        path: PathBuf,
    },

    /// The file is fine, but this program cannot read its kind. Converting it will help.
    #[error("{problem}; convert it to WAV or FLAC: {}", path.display())]
    Unsupported {
        /// What was met.
        problem: String,
        /// The file.
        path: PathBuf,
    },

    /// A picture cannot be read or made. The problem says what to do.
    #[error("{problem}: {}", path.display())]
    Picture {
        /// What is wrong, and what to do.
        problem: String,
        /// The picture.
        path: PathBuf,
    },

    /// A value that the caller chose is out of range or contradicts another.
    #[error("{name}: {problem}")]
    Setting {
        /// The setting's name as the person knows it.
        name: String,
        /// What is wrong and what is allowed.
        problem: String,
    },

    /// A recipe, queue or report cannot be understood. Edit it at that place.
    #[error("the {what} cannot be read: {problem}; mend it in a text editor, or make it anew: {}", path.display())]
    Document {
        /// "recipe", "queue" or "report".
        what: &'static str,
        /// Where, and what is wrong.
        problem: String,
        /// The file.
        path: PathBuf,
    },

    /// A song of a batch could not be taken to its end. Look at the reason and retry it.
    #[error("{problem}: {}", path.display())]
    Song {
        /// What happened, and what to do.
        problem: String,
        /// The song.
        path: PathBuf,
    },

    /// A model card lacks a field or contradicts itself or its graph. Edit that field.
    #[error("model card, field `{field}`: {problem}: {}", path.display())]
    Card {
        /// The field, as `table.key`.
        field: String,
        /// What is wrong and what is allowed.
        problem: String,
        /// The card or the graph it travels in.
        path: PathBuf,
    },

    /// No model of that name or file. Choose one of those listed.
    #[error("no model {name:?}; known models: {known}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// What is there, separated by commas.
        known: String,
    },

    /// ONNX Runtime is not installed, or too old. Install it.
    #[error(
        "{problem}; run `stemloom runtime install`, or name the library with --onnxruntime PATH"
    )]
    RuntimeMissing {
        /// Why there is none.
        problem: String,
    },

    /// The device that was asked for is not to be had. Choose another or mend the reason.
    #[error("cannot use device {device}: {reason}; {cure}")]
    Device {
        /// The device asked for.
        device: String,
        /// Why not.
        reason: String,
        /// What to do.
        cure: String,
    },

    /// The network itself failed.
    #[error("the model failed: {problem}: {}", path.display())]
    Model {
        /// ONNX Runtime's words.
        problem: String,
        /// The graph.
        path: PathBuf,
    },

    /// The output is there already and nobody said to replace it.
    #[error("already exists; choose another name or allow overwriting (--overwrite): {}", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// The disk has too little room for the results.
    #[error("not enough room: about {needed_mb} MB needed, {free_mb} MB free; free some or choose another folder: {}", path.display())]
    NoSpace {
        /// Needed, in megabytes (10⁶ bytes).
        needed_mb: u64,
        /// Free, in megabytes.
        free_mb: u64,
        /// The folder.
        path: PathBuf,
    },

    /// No sound device, or it went away. Choose another output.
    #[error("{problem}")]
    AudioOutput {
        /// The system's words.
        problem: String,
    },
}

impl Error {
    /// Wraps an I/O error with what was attempted and where.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io {
            action,
            source,
            path,
        }
    }

    /// A setting that cannot be used.
    pub fn setting(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Setting {
            name: name.into(),
            problem: problem.into(),
        }
    }

    /// Whether this is the person's own wish rather than a failure.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}
