//! Where the program keeps its own things.
//!
//! `STEMLOOM_HOME` moves all of it into one folder (portable installs, tests).

use std::path::PathBuf;

fn folder(kind: &str, usual: impl Fn(&directories::ProjectDirs) -> PathBuf) -> PathBuf {
    if let Some(home) = std::env::var_os("STEMLOOM_HOME").filter(|home| !home.is_empty()) {
        return PathBuf::from(home).join(kind);
    }
    directories::ProjectDirs::from("", "", "Stemloom").map_or_else(
        || std::env::temp_dir().join("stemloom").join(kind),
        |dirs| usual(&dirs),
    )
}

/// Models and ONNX Runtime.
pub fn data_dir() -> PathBuf {
    folder("data", |dirs| dirs.data_local_dir().to_path_buf())
}

/// Scratch audio of songs too long for memory.
pub fn cache_dir() -> PathBuf {
    folder("cache", |dirs| dirs.cache_dir().to_path_buf())
}

/// Settings and the last session.
pub fn config_dir() -> PathBuf {
    folder("config", |dirs| dirs.config_dir().to_path_buf())
}
