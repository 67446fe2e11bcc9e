//! What files were made with, kept beside them, so that nothing made otherwise is taken for them.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::audio::write_whole;
use crate::error::{Error, Result};

/// Whether a record says the same as `settings`; `None` if there is no record.
pub(super) fn is_same(record: &Path, settings: &impl Serialize) -> Option<bool> {
    let text = std::fs::read_to_string(record).ok()?;
    Some(text == text_of(settings))
}

/// Says for the files beside `record` that they are made with these settings.
///
/// # Errors
/// [`Error::Setting`] if they were made with others, unless `overwrite`; [`Error::Io`].
pub(super) fn claim(record: &Path, settings: &impl Serialize, overwrite: bool) -> Result<()> {
    match is_same(record, settings) {
        Some(true) => return Ok(()),
        Some(false) if !overwrite => {
            return Err(Error::setting(
                "out",
                format!(
                    "what is there was made with other settings; choose another folder, or remove \
                     it: {}",
                    record.display()
                ),
            ));
        }
        _ => {}
    }
    write_record(record, settings)
}

/// Writes a record; one that is there is replaced.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn write_record(record: &Path, settings: &impl Serialize) -> Result<()> {
    if let Some(folder) = record.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    }
    let text = text_of(settings);
    write_whole(record, true, |file| file.write_all(text.as_bytes()))
}

/// Whether a result is at least as new as what it is made of.
pub(super) fn is_newer(result: &Path, source: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    time(result)
        .zip(time(source))
        .is_some_and(|(result, source)| result >= source)
}

fn text_of(settings: &impl Serialize) -> String {
    // Plain data with text keys: this cannot fail, and an empty text is no settings.
    serde_json::to_string_pretty(settings).unwrap_or_default()
}
