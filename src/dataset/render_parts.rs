//! A piece as a song with its parts: `OUT/PIECE/{drums,bass,guitar …}.wav` and `mixture.wav`, each
//! part by its own General MIDI programs of one SoundFont.
//!
//! What a separator learns from, where nothing was recorded: [`super::MultitrackSet`] reads the
//! folder. A song's folder is written under another name and then renamed, so it is whole or not
//! there; a record in it says what it was made with.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::find_midi::find;
use super::instrument::{Instrument as _, SoundFontProgram};
use super::made::{claim, write_record};
use super::parts_folder::{RECORD, fresh, is_kept, put};
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
/// Bytes of samples that pieces may take which are rendered side by side.
const MOST_BYTES: u64 = 2_000_000_000;

/// How pieces become songs.
#[derive(Debug, Clone, PartialEq)]
pub struct PartsOptions {
    /// The destination; every piece has a folder in it.
    pub out: PathBuf,
    /// What files are written as.
    pub format: AudioFormat,
    /// Whether songs that are there are made anew. Folders that were not made here are left alone.
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
/// A song that is there is kept if it was made with these settings after its MIDI file; of two pieces
/// whose songs would have one name (in any case of letters) the first is rendered. As many pieces are
/// worked on at once as 2 GB hold, one at least.
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
    let settings = (spec, options.format.name().to_owned(), font.name());
    claim(&options.out.join(RECORD), &settings, options.overwrite)?;
    let work = Work {
        options,
        spec,
        font,
        settings,
        reporter,
    };
    let total = found.len() as u64;
    let done = AtomicU64::new(0);
    let told = |input: PathBuf, folder: PathBuf, outcome: Result<Option<PartsMade>>| {
        if matches!(outcome, Err(Error::Cancelled)) {
            return Err(Error::Cancelled);
        }
        tell(PartsSong {
            input,
            folder,
            outcome,
        });
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        reporter.step("Rendering", done, total)
    };
    let run = |jobs: Vec<Job>| {
        jobs.into_par_iter().try_for_each(|job| {
            reporter.check()?;
            let outcome = work.one(&job).map(Some);
            told(job.input, job.folder, outcome)
        })
    };
    let mut taken: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut jobs: Vec<Job> = Vec::new();
    let mut bytes = 0;
    for (input, relative) in found {
        reporter.check()?;
        let name = song_folder(&relative);
        let folder = options.out.join(&name);
        // Not every file system tells small letters from large ones.
        let planned = match taken.entry(name.to_lowercase()) {
            Entry::Occupied(other) => {
                let problem = format!(
                    "{} would be written to the same folder; rename one: {}",
                    other.get().display(),
                    input.display()
                );
                Err(Error::setting("inputs", problem))
            }
            Entry::Vacant(place) => {
                place.insert(input.clone());
                work.plan(&input, &folder)
            }
        };
        match planned {
            Ok(Some(job)) => {
                if bytes + job.bytes > MOST_BYTES && !jobs.is_empty() {
                    run(std::mem::take(&mut jobs))?;
                    bytes = 0;
                }
                bytes += job.bytes;
                jobs.push(job);
            }
            Ok(None) => told(input, folder, Ok(None))?,
            Err(error) => told(input, folder, Err(error))?,
        }
    }
    run(jobs)
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

/// A piece that is to be rendered.
struct Job {
    input: PathBuf,
    folder: PathBuf,
    piece: Piece,
    frames: usize,
    /// Bytes of samples while it is worked on, at most.
    bytes: u64,
}

/// A part, and the bank and number of a program that plays notes of it.
type PartProgram = (&'static str, u16, u16);

/// The notes of a piece by who plays them.
fn programs_of(piece: &Piece) -> BTreeMap<PartProgram, Vec<Note>> {
    let mut programs: BTreeMap<PartProgram, Vec<Note>> = BTreeMap::new();
    for note in &piece.notes {
        let bank = if note.is_drum() { DRUM_BANK } else { 0 };
        let key = (part_of(note), bank, u16::from(note.program));
        programs.entry(key).or_default().push(*note);
    }
    programs
}

/// What is the same for all pieces.
struct Work<'a> {
    options: &'a PartsOptions,
    spec: RenderSpec,
    font: SoundFontProgram,
    /// What songs are made with, for their records.
    settings: (RenderSpec, String, String),
    reporter: &'a Reporter,
}

impl Work<'_> {
    /// What is to be done for a piece; `None` if its song is there.
    fn plan(&self, input: &Path, folder: &Path) -> Result<Option<Job>> {
        if is_kept(folder, input, &self.settings, self.options.overwrite)? {
            return Ok(None);
        }
        let piece = read_midi(input)?;
        let frames = rendered_frames(&piece, &self.spec)?;
        // Each program's part, the one that is being played, and the mixture, in stereo.
        let sounds = programs_of(&piece).len() as u64 + 2;
        Ok(Some(Job {
            input: input.to_path_buf(),
            folder: folder.to_path_buf(),
            piece,
            frames,
            bytes: sounds * 8 * frames as u64,
        }))
    }

    fn one(&self, job: &Job) -> Result<PartsMade> {
        let Self {
            options,
            spec,
            font,
            reporter,
            ..
        } = self;
        let (piece, frames) = (&job.piece, job.frames);
        let programs = programs_of(piece);
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
        self.write(files, &job.folder)?;
        Ok(PartsMade {
            parts: names,
            seconds: frames as f64 / f64::from(spec.sample_rate_hz),
            gain,
            warnings,
        })
    }

    /// Writes a song's files and record beside its place, then gives them its name.
    fn write(
        &self,
        files: impl Iterator<Item = (&'static str, Clip)>,
        folder: &Path,
    ) -> Result<()> {
        let whole = fresh(folder)?;
        let written = self
            .fill(files, &whole)
            .and_then(|()| write_record(&whole.join(RECORD), &self.settings))
            .and_then(|()| put(&whole, folder));
        if written.is_err() {
            // It failed already; what is left has a hidden name.
            std::fs::remove_dir_all(&whole).ok();
        }
        written
    }

    fn fill(&self, files: impl Iterator<Item = (&'static str, Clip)>, folder: &Path) -> Result<()> {
        let format = self.options.format;
        for (name, clip) in files {
            let path = folder.join(format!("{name}.{}", format.extension()));
            ClipFile::new(path, Some(format), false)?.write(&clip, self.reporter)?;
        }
        Ok(())
    }
}

fn add(sum: &mut Planar, clip: &Clip) {
    for (channel, sum) in sum.iter_mut().enumerate() {
        let other = clip.channel(channel);
        sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    }
}
