//! The window.
/// Opens it.
pub fn launch(_files: Vec<std::path::PathBuf>) -> anyhow::Result<()> { Ok(()) }
