//! A piece as a song with its parts: `OUT/PIECE/{drums,bass,guitar …}.wav` and `mixture.wav`, each
//! part by its own General MIDI programs of one SoundFont.
//!
//! What a separator learns from, where nothing was recorded: [`super::MultitrackSet`] reads the
//! folder. A song's folder is written under another name and then renamed, so it is whole or not
//! there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::find_midi::find;
use super::instrument::{Instrument as _, SoundFontProgram};
use super::made::claim;
use super::piece::{Note, Piece};
use super::read_midi;
use super::render::{RenderSpec, render, rendered_frames};
use crate::apply::ClipFile;
use crate::audio::{
    AudioFormat, Clip, Planar, apply_gain, free_space_bytes, peak, sanitise_file_name,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Largest peak of a mixture, −1 dB of full scale; what is louder is turned down with all its parts.
const MOST_PEAK: f32 = 0.891_250_9;
/// The bank of drum kits.
const DRUM_BANK: u16 = 128;

/// How pieces become songs.
#[derive(Debug, Clone, PartialEq)]
pub struct PartsOptions {
    /// The destination; every piece has a folder in it.
    pub out: PathBuf,
    /// What files are written as.
    pub format: AudioFormat,
    /// Whether songs that are there are made anew.
    pub overwrite: bool,
    /// How pieces are played; drums always are.
    pub spec: RenderSpec,
    /// The SF2 file with General MIDI programs.
    pub soundfont: PathBuf,
}

/// What became of one piece.
#[derive(Debug)]
pub struct PartsSong {
    /// The MIDI file.
    pub input: PathBuf,
    /// The song's folder.
    pub folder: PathBuf,
    /// Its parts and its length in seconds, `None` if it was there already; or why there is none.
    pub outcome: Result<Option<PartsMade>>,
}

/// A song that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PartsMade {
    /// Names of its parts.
    pub parts: Vec<&'static str>,
    /// Its length in seconds.
    pub seconds: f64,
    /// What all parts were multiplied by so that the mixture stays below full scale; 1 if nothing.
    pub gain: f32,
    /// What the person should know.
    pub warnings: Vec<String>,
}

/// The part that a note belongs to, by the families of General MIDI.
pub fn part_of(note: &Note) -> &'static str {
    if note.is_drum() {
        return "drums";
    }
    match note.program {
        0..=7 => "piano",
        8..=15 => "mallets",
        16..=23 => "organ",
        24..=31 => "guitar",
        32..=39 => "bass",
        40..=54 => "strings",
        55..=79 => "winds",
        80..=103 => "synth",
        _ => "other",
    }
}

/// Renders the MIDI files among `inputs` and below its folders; `tell` hears of every piece, in no
/// certain order, from several threads.
///
/// # Errors
/// [`Error::Setting`] if there is nothing to render, the options are wrong, or what is there was made
/// with other settings; [`Error::NoSpace`] before anything is written; what keeps the SoundFont from
/// being read; [`Error::Cancelled`]. What goes wrong with a piece is told and does not stop the others.
pub fn render_parts(
    inputs: &[PathBuf],
    options: &PartsOptions,
    tell: &(dyn Fn(PartsSong) + Sync),
    reporter: &Reporter,
) -> Result<()> {
    let spec = RenderSpec {
        drums: true,
        ..options.spec
    };
    spec.validate()?;
    options.format.validate(spec.sample_rate_hz, 2)?;
    let (found, problems) = find(inputs);
    if found.is_empty() && problems.is_empty() {
        let problem = "needs a MIDI file (.mid, .midi) at least";
        return Err(Error::setting("inputs", problem));
    }
    for (path, error) in problems {
        tell(PartsSong {
            folder: PathBuf::new(),
            input: path,
            outcome: Err(error),
        });
    }
    // Every SoundFont has some program; which one is asked for only now.
    let font = SoundFontProgram::any(&options.soundfont, spec.sample_rate_hz)?;
    let record = options.out.join("render.json");
    let settings = (&spec, options.format.name(), font.name());
    claim(&record, &settings, options.overwrite)?;
    let total = found.len() as u64;
    let done = AtomicU64::new(0);
    found.par_iter().try_for_each(|(input, relative)| {
        reporter.check()?;
        let folder = options.out.join(song_folder(relative));
        let outcome = if folder.is_dir() && !options.overwrite {
            Ok(None)
        } else {
            read_midi(input).and_then(|piece| one(&piece, &folder, &font, options, &spec, reporter))
        };
        if matches!(outcome, Err(Error::Cancelled)) {
            return Err(Error::Cancelled);
        }
        tell(PartsSong {
            input: input.clone(),
            folder,
            outcome,
        });
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        reporter.step("Rendering", done, total)
    })
}

/// A piece below a sub-folder has that in its name: every song is a folder of `OUT` itself.
fn song_folder(relative: &Path) -> String {
    let plain = relative.with_extension("");
    let words: Vec<String> = plain
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    sanitise_file_name(&words.join(" - "))
}

fn one(
    piece: &Piece,
    folder: &Path,
    font: &SoundFontProgram,
    options: &PartsOptions,
    spec: &RenderSpec,
    reporter: &Reporter,
) -> Result<Option<PartsMade>> {
    let frames = rendered_frames(piece, spec)?;
    let mut programs: BTreeMap<(&'static str, u16, u16), Vec<Note>> = BTreeMap::new();
    for note in &piece.notes {
        let bank = if note.is_drum() { DRUM_BANK } else { 0 };
        let program = u16::from(note.program);
        let key = (part_of(note), bank, program);
        programs.entry(key).or_default().push(*note);
    }
    let needed = options.format.bytes_for(frames as u64, 2) * (programs.len() as u64 + 1);
    if let Some(free) = free_space_bytes(&options.out).filter(|free| *free < needed) {
        return Err(Error::NoSpace {
            needed_mb: needed.div_ceil(1_000_000),
            free_mb: free / 1_000_000,
            path: options.out.clone(),
        });
    }
    let mut warnings = piece.warnings.clone();
    let mut parts: BTreeMap<&'static str, Planar> = BTreeMap::new();
    for ((part, bank, program), notes) in programs {
        let player = match font.sibling(bank, program) {
            Some(player) => player,
            None => {
                warnings.push(format!(
                    "no program {bank}:{program}; {part} is played by {bank}:0"
                ));
                font.sibling(bank, 0).ok_or_else(|| {
                    let problem = format!(
                        "has no program {bank}:0 for {part}: {}",
                        options.soundfont.display()
                    );
                    Error::setting("soundfont", problem)
                })?
            }
        };
        let own = Piece {
            notes,
            warnings: Vec::new(),
            ..piece.clone()
        };
        let sound = render(&own, &player, spec, reporter)?;
        warnings.extend(sound.warnings.into_iter().map(|w| format!("{part}: {w}")));
        let sum = parts
            .entry(part)
            .or_insert_with(|| vec![vec![0.0; frames]; 2]);
        add(sum, &sound.clip);
    }
    if parts.is_empty() {
        return Err(Error::setting("piece", "holds no notes"));
    }
    let mut mixture: Planar = vec![vec![0.0; frames]; 2];
    for part in parts.values() {
        for (sum, channel) in mixture.iter_mut().zip(part) {
            sum.iter_mut().zip(channel).for_each(|(sum, x)| *sum += x);
        }
    }
    let loudest = mixture.iter().map(|x| peak(x)).fold(0.0, f32::max);
    let gain = if loudest > MOST_PEAK {
        MOST_PEAK / loudest
    } else {
        1.0
    };
    let names: Vec<&'static str> = parts.keys().copied().collect();
    let files = parts
        .into_iter()
        .chain([("mixture", mixture)])
        .map(|(name, mut planar)| {
            planar.iter_mut().for_each(|x| apply_gain(x, gain));
            (name, Clip::new(spec.sample_rate_hz, planar))
        });
    write(files, folder, options, reporter)?;
    Ok(Some(PartsMade {
        parts: names,
        seconds: frames as f64 / f64::from(spec.sample_rate_hz),
        gain,
        warnings,
    }))
}

fn add(sum: &mut Planar, clip: &Clip) {
    for (channel, sum) in sum.iter_mut().enumerate() {
        let other = clip.channel(channel);
        sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    }
}

/// Writes a song's files beside its place, then gives them its name.
fn write(
    files: impl Iterator<Item = (&'static str, Clip)>,
    folder: &Path,
    options: &PartsOptions,
    reporter: &Reporter,
) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // What a killed run left is made anew.
    let whole = options.out.join(format!(".{name}.part"));
    if whole.exists() {
        std::fs::remove_dir_all(&whole).map_err(Error::io("remove", &whole))?;
    }
    let written = fill(files, &whole, options, reporter).and_then(|()| {
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(Error::io("replace", folder))?;
        }
        std::fs::rename(&whole, folder).map_err(Error::io("write", folder))
    });
    if written.is_err() {
        // It failed already; what is left has a hidden name.
        std::fs::remove_dir_all(&whole).ok();
    }
    written
}

fn fill(
    files: impl Iterator<Item = (&'static str, Clip)>,
    folder: &Path,
    options: &PartsOptions,
    reporter: &Reporter,
) -> Result<()> {
    for (name, clip) in files {
        let path = folder.join(format!("{name}.{}", options.format.extension()));
        ClipFile::new(path, Some(options.format), false)?.write(&clip, reporter)?;
    }
    Ok(())
}
