//! Tables that every spreadsheet program opens: RFC 4180, UTF-8 with a byte order mark.

use std::io::Write as _;
use std::path::Path;

use crate::audio::write_whole;
use crate::error::Result;

/// The mark without which some programs take UTF-8 for an older encoding.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A table of ready cells below a header row.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut out = format!("{BYTE_ORDER_MARK}{}\r\n", header.join(","));
    for row in rows {
        out.push_str(&row.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A table of plain words below a header row.
pub fn table_csv(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows = std::iter::once(header.to_vec()).chain(rows);
    format!("{BYTE_ORDER_MARK}{}", rows_csv(rows))
}

/// Further rows of [`table_csv`]: tables that are too long to be held are written piece by piece.
pub fn rows_csv(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell_of(cell)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A number as it is, anything else as words.
fn cell_of(text: &str) -> String {
    if text.parse::<f64>().is_ok() {
        text.to_owned()
    } else {
        words(text)
    }
}

/// Words as a cell. What a program would take for a formula gets an apostrophe in front.
pub(super) fn words(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    // Some countries' programs separate by semicolons.
    if guarded.contains([',', ';', '"', '\n', '\r', '\t']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// Writes a table to a file, whole or not at all.
///
/// # Errors
/// [`crate::Error::Exists`] unless `overwrite`; [`crate::Error::Io`].
pub fn write_csv(text: &str, path: &Path, overwrite: bool) -> Result<()> {
    write_whole(path, overwrite, |file| file.write_all(text.as_bytes()))
}
