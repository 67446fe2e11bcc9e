//! Rust sources as text: enough of the language to see what a file uses. For `architecture.rs`.

use std::path::Path;

use crate::common::repo;

/// The code alone: comments, strings and characters blanked, items that only tests compile left out.
pub fn code_of(source: &str) -> String {
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

pub fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect()
}

/// Where `word` stands as a word of its own.
pub fn positions<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// What follows `crate`: one head, or those of a group `{a, b::{c, d}}`.
pub fn heads(after: &str) -> Vec<String> {
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

pub fn uses_crate(code: &str, name: &str) -> bool {
    positions(code, name).any(|at| {
        let imported = code[..at].trim_end().ends_with("use");
        imported || code[at + name.len()..].trim_start().starts_with("::")
    })
}

/// All files below `src`: path from there with slashes, and content.
pub fn sources() -> Vec<(String, String)> {
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
