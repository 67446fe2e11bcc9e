//! The words of `dataset pairs` that say which examples are meant.
//!
//! ```text
//! --kind, --spec or the stored examples' own ─► words ─► --augment ─► --set ─► ExampleSpec
//! ```

use std::path::{Path, PathBuf};

use clap::Args;
use toml::{Table, Value};

use crate::dataset::{Between, ExampleSpec, example_preset, stored_example_spec};
use crate::error::{Error, Result};

/// What of augmentation is a chance and no range.
const CHANCES: [&str; 2] = ["flip_polarity", "swap_channels"];

#[derive(Debug, Args)]
pub(super) struct PairSpecArgs {
    /// Examples as a known system has them; `help` lists them. Unless given: timbre, or what stored
    /// examples were made as.
    #[arg(long, value_name = "PRESET", conflicts_with = "spec_file")]
    kind: Option<String>,
    /// A file with the settings of examples instead; what it leaves out is as in timbre.
    #[arg(long = "spec", value_name = "FILE.toml")]
    spec_file: Option<PathBuf>,
    /// Any setting, as columns=128 or stft.hop_length=256; `none` takes an optional one away;
    /// several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What goes in: an instrument's folder, a stem, mixture, or degraded.
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// What is to come out: a folder, a stem, rest, or clean; several times.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// How often, 0 to 1, a mixture to learn from is made of stems of different songs.
    #[arg(long, value_name = "P")]
    remix: Option<f64>,
    /// What is done to examples to learn from: gain_db=-6..6, speed=0.9..1.1, eq_db, reverb_secs,
    /// delay_secs (ranges), flip_polarity=0.5, swap_channels (chances); several times.
    #[arg(long, value_name = "NAME=LOW..HIGH")]
    augment: Vec<String>,
    /// The part of the songs for validation, 0 to below 1, where the folder does not say.
    #[arg(long, value_name = "FRACTION")]
    valid: Option<f64>,
    /// The part of the songs for the final test, likewise.
    #[arg(long, value_name = "FRACTION")]
    test: Option<f64>,
    /// Fold K of N, from 1, is for validation, the other songs are to learn from.
    #[arg(long, value_name = "K/N", value_parser = parse_fold)]
    fold: Option<(usize, usize)>,
    /// Which splits and draws these are.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Leave out songs of this name, or whose names begin so; several times.
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// At most this many songs.
    #[arg(long, value_name = "N")]
    songs: Option<usize>,
    /// Several parts as one stem: guitar=Guitar,Rhythm,Lead*; several times.
    #[arg(long, value_name = "STEM=A,B,C")]
    group: Vec<String>,
}

fn parse_fold(text: &str) -> std::result::Result<(usize, usize), String> {
    let fold = text
        .split_once('/')
        .and_then(|(k, of)| Some((k.trim().parse().ok()?, of.trim().parse().ok()?)));
    match fold {
        Some((k, of)) if of >= 2 && (1..=of).contains(&k) => Ok((k, of)),
        _ => Err("must be K/N, K from 1 to N, as in 2/5".into()),
    }
}

impl PairSpecArgs {
    /// Whether only the list of kinds is wanted.
    pub(super) fn wants_list(&self) -> bool {
        matches!(self.kind.as_deref(), Some("help" | "list"))
    }

    /// The examples that are meant. `folder` may hold stored ones, which know what they are.
    pub(super) fn spec(&self, folder: &Path) -> Result<ExampleSpec> {
        let mut spec = match (&self.kind, &self.spec_file) {
            (Some(kind), _) => example_preset(kind)?,
            (None, Some(file)) => read(file)?,
            (None, None) => stored_example_spec(folder)?.unwrap_or_default(),
        };
        if let Some(origin) = &self.origin {
            spec.origin.clone_from(origin);
        }
        for (field, words) in [
            (&mut spec.targets, &self.targets),
            (&mut spec.exclude, &self.exclude),
            (&mut spec.groups, &self.group),
        ] {
            if !words.is_empty() {
                field.clone_from(words);
            }
        }
        spec.remix = self.remix.unwrap_or(spec.remix);
        spec.valid_fraction = self.valid.unwrap_or(spec.valid_fraction);
        spec.test_fraction = self.test.unwrap_or(spec.test_fraction);
        spec.seed = self.seed.unwrap_or(spec.seed);
        spec.fold = self.fold.or(spec.fold);
        spec.n_songs = self.songs.or(spec.n_songs);
        for text in &self.augment {
            spec = augmented(&spec, text)?;
        }
        for text in &self.set {
            let (key, value) = pair_of("set", text, "columns=128")?;
            spec = with(&spec, key, |old| value_of(value, old))?;
        }
        spec.validate()?;
        Ok(spec)
    }
}

fn read(path: &Path) -> Result<ExampleSpec> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| {
            1 + text
                .bytes()
                .take(span.start)
                .filter(|b| *b == b'\n')
                .count()
        });
        let problem = error.message().trim().replace('\n', ", ");
        Error::Document {
            what: "spec of examples",
            problem: line.map_or(problem.clone(), |line| format!("line {line}: {problem}")),
            path: path.into(),
        }
    })
}

/// The two sides of `KEY=VALUE`.
fn pair_of<'a>(word: &str, text: &'a str, such_as: &str) -> Result<(&'a str, &'a str)> {
    let (key, value) = text.split_once('=').ok_or_else(|| {
        let problem = format!("{text:?} has no =; write it as in {such_as}");
        Error::setting(word, problem)
    })?;
    Ok((key.trim(), value.trim()))
}

fn augmented(spec: &ExampleSpec, text: &str) -> Result<ExampleSpec> {
    let (name, value) = pair_of("augment", text, "gain_db=-6..6")?;
    let value = if CHANCES.contains(&name) {
        let chance: f64 = value.parse().map_err(|_error| {
            let problem = format!("{value:?} is no probability from 0 to 1");
            Error::setting(name, problem)
        })?;
        Value::Float(chance)
    } else {
        let range: Between = value.parse()?;
        let ends = [("low", range.low), ("high", range.high)];
        let ends = ends.map(|(end, value)| (end.to_owned(), Value::Float(value)));
        Value::Table(Table::from_iter(ends))
    };
    with(spec, &format!("augment.{name}"), |_| Some(value))
}

/// The spec with another value at a path with dots, by what stands there now; `None` sets it back
/// to what it is when nobody says.
///
/// # Errors
/// [`Error::Setting`] that names the path: there is no such setting, and what there is, or the value
/// is none that it takes.
fn with(
    spec: &ExampleSpec,
    key: &str,
    value: impl FnOnce(Option<&Value>) -> Option<Value>,
) -> Result<ExampleSpec> {
    let wrong = |problem: &str| Error::setting(key, problem.trim().replace('\n', ", "));
    let mut table = Table::try_from(spec).map_err(|error| wrong(&error.to_string()))?;
    let (way, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut place = &mut table;
    for part in way.split('.').filter(|part| !part.is_empty()) {
        let inner = place
            .entry(part.to_owned())
            .or_insert_with(|| Value::Table(Table::new()));
        place = match inner {
            Value::Table(inner) => inner,
            _ => return Err(wrong(&format!("{part} has no settings of its own"))),
        };
    }
    let value = value(place.get(last));
    // What is not set is no name to be believed: then whatever value tells whether there is one.
    let is_probe = value.is_none() && !place.contains_key(last);
    match value.or(is_probe.then_some(Value::Boolean(false))) {
        Some(value) => place.insert(last.to_owned(), value),
        None => place.remove(last),
    };
    match Value::Table(table).try_into::<ExampleSpec>() {
        Ok(changed) if !is_probe => Ok(changed),
        Err(error) if !is_probe || error.message().contains("unknown field") => {
            Err(wrong(error.message()))
        }
        // It was not set before and is not now.
        _ => Ok(spec.clone()),
    }
}

/// The value that a text stands for where `old` stands; `None` if that is to be taken away.
fn value_of(text: &str, old: Option<&Value>) -> Option<Value> {
    let plain = || Value::String(text.to_owned());
    let as_toml = || {
        let mut table = toml::from_str::<Table>(&format!("x = {text}")).ok()?;
        table.remove("x").filter(|_| table.is_empty())
    };
    match (old, as_toml()) {
        (Some(Value::String(_)), Some(Value::String(quoted))) => Some(Value::String(quoted)),
        (Some(Value::String(_)), _) => Some(plain()),
        (_, None) if text == "none" => None,
        (Some(Value::Array(_)), None) => {
            let names = text.split(',').map(str::trim).filter(|s| !s.is_empty());
            let names = names.map(|name| Value::String(name.to_owned()));
            Some(Value::Array(names.collect()))
        }
        (_, value) => Some(value.unwrap_or_else(plain)),
    }
}
