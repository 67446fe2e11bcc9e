//! What a worker does to make examples: the same as the dataset commands.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{MakeRequest, SongsRequest};
use crate::apply::{self, Params, Separator};
use crate::dataset::{
    ExampleSet, ExampleSpec, ExcerptSpec, ExtractSpec, FeatureOptions, MixedSpeech, MultitrackSet,
    SpeechMixSpec, extract, find_features, speech_mix, store_examples, write_excerpts,
    write_features,
};
use crate::error::{Error, Result};
use crate::model::Device;
use crate::progress::Reporter;

/// Steps of the progress for each song.
const STEPS: u64 = 1000;

impl MakeRequest {
    /// Does the work; answers the outcome in words and where it is.
    ///
    /// # Errors
    /// As [`ExampleSet::open`] and [`store_examples`], [`MultitrackSet::open_with`] and [`extract`],
    /// [`speech_mix`], [`write_features`] or [`write_excerpts`]; [`Error::Setting`] if nothing came
    /// of it; [`Error::Cancelled`].
    pub fn run(&self, reporter: &Reporter) -> Result<(String, PathBuf)> {
        Ok(match self {
            Self::Store {
                folder,
                spec,
                out,
                overwrite,
            } => {
                let text = store(folder, spec, out, *overwrite, reporter)?;
                (text, out.clone())
            }
            Self::Cut { songs, spec } => (cut(songs, spec, reporter)?, spec.out.clone()),
            Self::Speech {
                speech,
                music,
                spec,
            } => (mix(speech, music, spec, reporter)?, spec.out.clone()),
            Self::Pictures { folder, options } => {
                (pictures(folder, options, reporter)?, options.out.clone())
            }
            Self::Excerpts { songs, spec } => (excerpts(songs, spec, reporter)?, spec.out.clone()),
        })
    }
}

fn store(
    folder: &Path,
    spec: &ExampleSpec,
    out: &Path,
    overwrite: bool,
    reporter: &Reporter,
) -> Result<String> {
    reporter.step("Opening the recordings", 0, 0)?;
    let set = ExampleSet::open(folder, spec, None, reporter)?;
    set.problems().iter().for_each(|text| reporter.warn(text));
    let stored = store_examples(&set, out, overwrite, reporter)?;
    let text = format!("{} examples stored", stored.written);
    Ok(with_others(text, stored.kept, 0))
}

/// What was there already, and what went wrong, after what was made.
fn with_others(mut text: String, kept: usize, failed: usize) -> String {
    for (count, what) in [(kept, "kept"), (failed, "failed")] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

fn open(songs: &SongsRequest, reporter: &Reporter) -> Result<MultitrackSet> {
    reporter.step("Opening the songs", 0, 0)?;
    let set = MultitrackSet::open_with(&songs.folder, &songs.spec, reporter)?;
    set.notes.iter().for_each(|note| reporter.warn(note));
    Ok(set)
}

fn cut(songs: &SongsRequest, spec: &ExtractSpec, reporter: &Reporter) -> Result<String> {
    let set = open(songs, reporter)?;
    let total = set.songs.len() as u64 * STEPS;
    let (mut written, mut kept) = (0, 0);
    let mut left_out = Vec::new();
    for (number, song) in set.songs.iter().enumerate() {
        reporter.check()?;
        let part = reporter.part(number as u64 * STEPS, STEPS, total);
        let reason = match extract(song, spec, &part) {
            Ok(done) => {
                written += done.written.len();
                kept += done.kept;
                done.missing
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason {
            let text = format!("{}: {reason}", song.name);
            reporter.warn(&text);
            left_out.push(text);
        }
    }
    match left_out.first() {
        Some(first) if written + kept == 0 => {
            let problem = format!("no song gives any; {first}");
            Err(Error::setting("sections", problem))
        }
        _ => {
            let text = with_others(format!("{written} files cut"), kept, 0);
            Ok(match left_out.len() {
                0 => text,
                count => format!("{text}, {count} songs left out"),
            })
        }
    }
}

fn mix(speech: &Path, music: &Path, spec: &SpeechMixSpec, reporter: &Reporter) -> Result<String> {
    spec.validate()?;
    let mut separator = match &spec.model {
        Some(model) => Some(separator_of(model, reporter)?),
        None => None,
    };
    let separator: Option<&mut dyn Separator> = match &mut separator {
        Some(separator) => Some(separator.as_mut()),
        None => None,
    };
    let failed = AtomicUsize::new(0);
    let tell = |file: MixedSpeech| {
        if let Err(error) = file.outcome {
            failed.fetch_add(1, Ordering::Relaxed);
            reporter.warn(format!("{error}: {}", file.speech.display()));
        }
    };
    let (speech, music) = ([speech.to_path_buf()], [music.to_path_buf()]);
    let pairs = speech_mix(&speech, &music, spec, separator, &tell, reporter)?;
    let text = format!("{pairs} pairs of speech");
    Ok(with_others(text, 0, failed.into_inner()))
}

/// A weight-free method, or a network of the shelf.
fn separator_of(model: &str, reporter: &Reporter) -> Result<Box<dyn Separator>> {
    let params = Params::default();
    if apply::is_weight_free(model) {
        return apply::open_weight_free(model, &params, &Device::Auto);
    }
    let (network, remark) = apply::open_network(model, &params, &Device::Auto, 0)?;
    remark.into_iter().for_each(|remark| reporter.warn(remark));
    Ok(Box::new(network))
}

fn pictures(folder: &Path, options: &FeatureOptions, reporter: &Reporter) -> Result<String> {
    reporter.step("Looking for recordings", 0, 0)?;
    let inputs = find_features(folder)?;
    let failed = AtomicUsize::new(0);
    let manifest = write_features(
        &inputs,
        options,
        &|input, made| {
            if let Err(error) = made
                && !matches!(error, Error::Cancelled)
            {
                failed.fetch_add(1, Ordering::Relaxed);
                reporter.warn(format!("{error}: {}", input.path.display()));
            }
        },
        reporter,
    )?;
    let instruments = manifest.instruments.len();
    let s = if instruments == 1 { "" } else { "s" };
    let text = format!(
        "{} pictures of {instruments} instrument{s}",
        manifest.slices
    );
    Ok(with_others(text, 0, failed.into_inner()))
}

fn excerpts(songs: &SongsRequest, spec: &ExcerptSpec, reporter: &Reporter) -> Result<String> {
    let set = open(songs, reporter)?;
    let manifest = write_excerpts(
        &set,
        spec,
        &mut |song, error| reporter.warn(format!("{}: {error}", song.name)),
        reporter,
    )?;
    let songs: usize = manifest.splits.values().map(Vec::len).sum();
    let text = format!("{} excerpts of {songs} songs", songs * manifest.iterations);
    Ok(match manifest.left_out.len() {
        0 => text,
        count => format!("{text}, {count} songs left out"),
    })
}
