//! The borders of `src`: who may use what, file sizes, first lines.
//!
//! Order: the reader of sources on made-up text → the rules on the real files. There are no stored
//! values; the last test shows that a made-up file that breaks a rule is seen.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::repo;

/// Each module of the library and the modules it may use.
const MODULES: [(&str, &[&str]); 12] = [
    ("error", &[]),
    ("paths", &[]),
    ("progress", &["error"]),
    ("audio", &["error", "progress", "paths"]),
    ("spectral", &["error"]),
    ("model", &["error", "progress", "paths", "spectral"]),
    (
        "apply",
        &["error", "progress", "paths", "audio", "spectral", "model"],
    ),
    ("display", &["error", "progress", "audio", "spectral"]),
    ("playback", &["error", "progress", "audio"]),
    (
        "session",
        &[
            "error", "progress", "paths", "audio", "spectral", "model", "apply", "display",
            "playback",
        ],
    ),
    (
        "cli",
        &[
            "error", "progress", "paths", "audio", "spectral", "model", "apply", "display",
            "playback", "session",
        ],
    ),
    (
        "gui",
        &[
            "error", "progress", "paths", "audio", "spectral", "model", "apply", "display",
            "playback", "session", "cli",
        ],
    ),
];

/// Crates that stay in one place, so that they can be exchanged there; a folder ends in a slash.
const GUARDED_CRATES: [(&str, &[&str]); 10] = [
    ("symphonia", &["audio/demux.rs"]),
    ("symphonia_adapter_libopus", &["audio/demux.rs"]),
    ("rubato", &["audio/resample.rs"]),
    ("flac_codec", &["audio/flac.rs"]),
    ("realfft", &["spectral/"]),
    ("ort", &["model/onnx.rs"]),
    ("cpal", &["playback/"]),
    ("egui", &["gui/"]),
    ("eframe", &["gui/"]),
    ("rfd", &["gui/"]),
];

/// Where threads may be started; everywhere else rayon's pool works.
const THREADS_IN: [&str; 6] = [
    "gui/jobs.rs",
    "gui/tiles.rs",
    "gui/spectrum.rs",
    "gui/dialogs.rs",
    "playback/",
    "cli/",
];

const MOST_LINES: usize = 400;

/// Files that may be longer, up to how many lines, and why they are one file.
const LONG_FILES: [(&str, usize, &str); 1] = [("gui/command.rs", 450, "the table of all commands")];

// ---------------------------------------------------------------------------------------------
// Reading sources

/// The code alone: comments, strings and characters blanked, items that only tests compile left out.
fn code_of(source: &str) -> String {
    without_tests(&blanked(source))
}

fn blanked(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let after_word = at > 0 && is_word(chars[at - 1]);
        let length = blank_length(&chars[at..], after_word);
        if length == 0 {
            out.push(chars[at]);
            at += 1;
        } else {
            let end = (at + length).min(chars.len());
            out.push(' ');
            out.extend(chars[at..end].iter().filter(|c| **c == '\n'));
            at = end;
        }
    }
    out
}

/// Characters of the comment, string or character that starts here; 0 if none does.
fn blank_length(rest: &[char], after_word: bool) -> usize {
    if rest.starts_with(&['/', '/']) {
        return rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if rest.starts_with(&['/', '*']) {
        return block_comment_length(rest);
    }
    match rest[0] {
        '"' => string_length(rest),
        'r' if !after_word => raw_string_length(rest),
        // A lifetime has no second quote right behind its first character.
        '\'' if rest.get(1) == Some(&'\\') => rest
            .iter()
            .skip(3)
            .position(|c| *c == '\'')
            .map_or(rest.len(), |at| at + 4),
        '\'' if rest.get(2) == Some(&'\'') => 3,
        _ => 0,
    }
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// 0 for a word that merely starts with r, and for a raw identifier such as `r#type`.
fn raw_string_length(rest: &[char]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = 2 + hashes;
    (body..rest.len())
        .find(|at| rest[*at..].starts_with(&end))
        .map_or(rest.len(), |at| at + end.len())
}

fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let open = rest.find('{').unwrap_or(rest.len());
        let semicolon = rest.find(';').unwrap_or(rest.len());
        let end = if semicolon < open {
            semicolon + 1
        } else {
            closing_brace(rest, open)
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// One past the brace that closes the one at `open`.
fn closing_brace(text: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect()
}

/// Where `word` stands as a word of its own.
fn positions<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// The library's modules that a file uses, by `crate::` or by enough `super::`. `path` is below `src`.
fn modules_used(path: &str, code: &str) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = positions(code, "crate")
        .flat_map(|at| heads(&code[at + "crate".len()..]))
        .collect();
    let depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    let to_the_root = "super::".repeat(depth);
    let known = |name: &String| MODULES.iter().any(|(module, _)| module == name);
    used.extend(
        code.match_indices(&to_the_root)
            .map(|(at, _)| first_word(&code[at + to_the_root.len()..]))
            .filter(known),
    );
    // The root re-exports `Error` and `Result`.
    used.into_iter()
        .map(|name| {
            if name.starts_with(char::is_uppercase) {
                "error".to_owned()
            } else {
                name
            }
        })
        .collect()
}

/// What follows `crate`: one head, or those of a group `{a, b::{c, d}}`.
fn heads(after: &str) -> Vec<String> {
    let Some(path) = after.trim_start().strip_prefix("::") else {
        return Vec::new();
    };
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![first_word(path)];
    };
    let (mut depth, mut member, mut out) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => out.push(first_word(&std::mem::take(&mut member))),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                member.push(c);
            }
        }
    }
    out.push(first_word(&member));
    out.retain(|name| !name.is_empty());
    out
}

fn uses_crate(code: &str, name: &str) -> bool {
    positions(code, name).any(|at| {
        let imported = code[..at].trim_end().ends_with("use");
        imported || code[at + name.len()..].trim_start().starts_with("::")
    })
}

/// Whether a path is one of the places, or below one that ends in a slash.
fn is_within(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        if place.ends_with('/') {
            path.starts_with(place)
        } else {
            path == *place
        }
    })
}

/// All files below `src`: path from there with slashes, and content.
fn sources() -> Vec<(String, String)> {
    let mut out = Vec::new();
    collect(&repo("src"), "", &mut out);
    assert!(
        out.len() > 20,
        "only {} files were found below src",
        out.len()
    );
    out
}

fn collect(folder: &Path, prefix: &str, out: &mut Vec<(String, String)>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a source folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let name = format!(
            "{prefix}{}",
            path.file_name().expect("a name").to_string_lossy()
        );
        if path.is_dir() {
            collect(&path, &format!("{name}/"), out);
        } else if name.ends_with(".rs") {
            out.push((
                name,
                std::fs::read_to_string(&path).expect("a source file is text"),
            ));
        }
    }
}

/// Fails with all that is wrong at once.
fn expect_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

// ---------------------------------------------------------------------------------------------

#[test]
fn the_reader_sees_code_only() {
    let source = "a // b\n/* c /* d */ e */ f \"g \\\" h\" r#\"i \" j\"# 'k' '\\'' &'l r#type";
    let words: Vec<String> = blanked(source)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert_eq!(words, ["a", "f", "&'l", "r#type"]);
    assert_eq!(
        without_tests("x #[cfg(test)] mod t { { } } y #[cfg(test)] use z; w"),
        "x  y  w"
    );
    assert_eq!(
        heads("::{audio::{Clip, Tags}, error}; paths"),
        ["audio", "error"]
    );
}

#[test]
fn modules_use_only_what_is_above_them() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "{path}: the module {module} has no place in MODULES"
            ));
            continue;
        };
        for used in modules_used(&path, &code_of(&source)) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{path} uses {used}"));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn guarded_crates_stay_in_their_place() {
    let mut wrong = Vec::new();
    let mut cpal_files = 0;
    for (path, source) in sources() {
        let code = code_of(&source);
        for (name, places) in GUARDED_CRATES {
            if uses_crate(&code, name) && !is_within(&path, places) {
                wrong.push(format!(
                    "{path} uses {name}, which belongs to {}",
                    places.join(", ")
                ));
            }
        }
        cpal_files += usize::from(uses_crate(&code, "cpal"));
    }
    expect_none(&wrong);
    assert!(
        cpal_files <= 1,
        "{cpal_files} files use cpal; one is enough"
    );
}

#[test]
fn threads_are_started_only_where_they_are_owned() {
    let starts = ["thread::spawn", "thread::Builder", "thread::scope"];
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let code = code_of(&source);
        if !is_within(&path, &THREADS_IN) && starts.iter().any(|start| code.contains(start)) {
            wrong.push(format!("{path} starts a thread"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn files_are_short_documented_and_without_unwrap() {
    let mut wrong = Vec::new();
    let sources = sources();
    for (path, source) in &sources {
        let most = LONG_FILES
            .iter()
            .find(|(name, ..)| name == path)
            .map_or(MOST_LINES, |(_, most, _)| *most);
        let lines = source.lines().count();
        if lines > most {
            wrong.push(format!("{path} has {lines} lines, {most} are allowed"));
        }
        if !source.starts_with("//!") {
            wrong.push(format!("{path} does not open with what it is (//!)"));
        }
        if code_of(source).contains(".unwrap()") {
            wrong.push(format!("{path} unwraps outside of its tests"));
        }
    }
    for (name, _, reason) in LONG_FILES {
        if !sources.iter().any(|(path, _)| path == name) {
            wrong.push(format!("LONG_FILES names {name} ({reason}), which is gone"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn a_file_that_breaks_the_rules_is_seen() {
    let source = "//! Uses crate::gui in words only.\n\
        use crate::{error::Error, cli};\n\
        use super::super::session::Song;\n\
        use super::clip;\n\
        const NOTE: &str = \"crate::playback\";\n\
        fn f() { rubato::new(); std::thread::spawn(g); x.unwrap(); }\n\
        #[cfg(test)]\nmod tests { use crate::gui; fn f() { y.unwrap(); } }\n";
    let code = code_of(source);
    let used: Vec<String> = modules_used("audio/made_up.rs", &code)
        .into_iter()
        .collect();
    assert_eq!(used, ["cli", "error", "session"]);
    assert!(uses_crate(&code, "rubato") && !uses_crate(&code, "symphonia"));
    assert!(code.contains("thread::spawn"));
    assert_eq!(code.matches(".unwrap()").count(), 1);
    assert!(is_within("gui/a.rs", &["gui/"]) && !is_within("guitar.rs", &["gui/"]));
}
