//! One program of an SF2 file (SoundFont 2.04), played note by note.
//!
//! The only user of rustysynth. It trusts the numbers in a file, so they are looked at first; what
//! still makes it panic is caught and told as a broken file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

use super::{Instrument, Tone};
use crate::audio::{Planar, sanitise_file_name};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Sample rates that the synthesizer works at.
const RATES_HZ: std::ops::RangeInclusive<u32> = 16_000..=192_000;
/// From this bank on programs are drum kits, which sound on the drum channel.
const DRUM_BANK: u16 = 128;
/// MIDI messages: controller, its number for banks, program.
const CONTROLLER: i32 = 0xB0;
const BANK_SELECT: i32 = 0;
const PROGRAM_CHANGE: i32 = 0xC0;
/// Largest position of a sample that can be reckoned with safely.
const MOST_FRAMES: u32 = 1 << 30;

/// A program of an SF2 file, stereo, without reverb and chorus: those would tie notes together.
pub struct SoundFontProgram {
    path: PathBuf,
    font: Arc<SoundFont>,
    bank: u16,
    program: u16,
    sample_rate_hz: u32,
}

impl SoundFontProgram {
    /// Reads a file and finds a program in it: `bank` 0–128 (128: drum kits), `program` 0–127. It
    /// plays at `sample_rate_hz`, 16 000–192 000.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] if it is no SF2 file or a broken one; [`Error::Setting`]
    /// if it has no such program or the rate is out of range.
    pub fn open(path: &Path, bank: u16, program: u16, sample_rate_hz: u32) -> Result<Self> {
        let any = Self::any(path, sample_rate_hz)?;
        any.sibling(bank, program).ok_or_else(|| {
            let there = any.programs();
            let list: Vec<String> = there
                .iter()
                .take(16)
                .map(|(bank, program)| format!("{bank}:{program}"))
                .collect();
            let problem = format!(
                "no program {bank}:{program}; the file has {} programs, among them {}: {}",
                there.len(),
                list.join(", "),
                path.display()
            );
            Error::setting("instrument", problem)
        })
    }

    /// Reads a file, whatever programs it has; see [`Self::sibling`].
    ///
    /// # Errors
    /// As [`Self::open`], but for the program.
    pub(in crate::dataset) fn any(path: &Path, sample_rate_hz: u32) -> Result<Self> {
        if !RATES_HZ.contains(&sample_rate_hz) {
            let problem = format!(
                "SF2 programs play at {} to {} Hz, not {sample_rate_hz}",
                RATES_HZ.start(),
                RATES_HZ.end()
            );
            return Err(Error::setting("sample rate", problem));
        }
        let malformed = |problem: String| Error::Malformed {
            problem,
            path: path.into(),
        };
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        check(&bytes).ok_or_else(|| malformed("no whole SF2 file".into()))?;
        let font = catch_unwind(|| SoundFont::new(&mut bytes.as_slice()))
            .map_err(|_panic| malformed("a broken SF2 file".into()))?
            .map_err(|error| malformed(format!("no SF2 file that can be used ({error})")))?;
        Ok(Self {
            path: path.into(),
            font: Arc::new(font),
            bank: 0,
            program: 0,
            sample_rate_hz,
        })
    }

    /// Another program of the same file, which is not read again; `None` if it has none such.
    pub(in crate::dataset) fn sibling(&self, bank: u16, program: u16) -> Option<Self> {
        self.programs()
            .contains(&(i32::from(bank), i32::from(program)))
            .then(|| Self {
                path: self.path.clone(),
                font: Arc::clone(&self.font),
                bank,
                program,
                sample_rate_hz: self.sample_rate_hz,
            })
    }

    /// Bank and program of all that the file has.
    fn programs(&self) -> Vec<(i32, i32)> {
        let presets = self.font.get_presets().iter();
        presets
            .map(|preset| (preset.get_bank_number(), preset.get_patch_number()))
            .collect()
    }

    /// Whether the program sounds at this key and velocity.
    fn has(&self, tone: &Tone) -> bool {
        let (key, velocity) = (i32::from(tone.pitch), i32::from(tone.velocity));
        let wanted = (i32::from(self.bank), i32::from(self.program));
        let instruments = self.font.get_instruments();
        self.font
            .get_presets()
            .iter()
            .filter(|preset| (preset.get_bank_number(), preset.get_patch_number()) == wanted)
            .flat_map(|preset| preset.get_regions())
            .filter(|region| region.contains(key, velocity))
            .filter_map(|region| instruments.get(region.get_instrument_id()))
            .flat_map(|instrument| instrument.get_regions())
            .any(|region| region.contains(key, velocity))
    }

    /// The note by a synthesizer of its own, so that no voice is taken from another note. The key is
    /// let go at a whole block of 64 frames; the renderer's release begins at the exact frame.
    fn synthesise(&self, tone: &Tone) -> std::result::Result<Planar, String> {
        let mut settings = SynthesizerSettings::new(self.sample_rate_hz as i32);
        settings.enable_reverb_and_chorus = false;
        let mut synthesizer =
            Synthesizer::new(&self.font, &settings).map_err(|error| error.to_string())?;
        let (channel, bank) = match self.bank.checked_sub(DRUM_BANK) {
            Some(bank) => (Synthesizer::PERCUSSION_CHANNEL as i32, bank),
            None => (0, self.bank),
        };
        synthesizer.process_midi_message(channel, CONTROLLER, BANK_SELECT, i32::from(bank));
        synthesizer.process_midi_message(channel, PROGRAM_CHANGE, i32::from(self.program), 0);
        let key = i32::from(tone.pitch);
        synthesizer.note_on(channel, key, i32::from(tone.velocity.max(1)));
        let mut left = vec![0.0; tone.frames];
        let mut right = vec![0.0; tone.frames];
        let hold = tone.hold_frames.min(tone.frames);
        synthesizer.render(&mut left[..hold], &mut right[..hold]);
        synthesizer.note_off(channel, key);
        synthesizer.render(&mut left[hold..], &mut right[hold..]);
        Ok(vec![left, right])
    }
}

impl Instrument for SoundFontProgram {
    fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        sanitise_file_name(&format!("{stem}-{:03}-{:03}", self.bank, self.program))
    }

    fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    fn channels(&self) -> usize {
        2
    }

    fn play(&self, tone: &Tone, reporter: &Reporter) -> Result<Option<Planar>> {
        reporter.check()?;
        if !self.has(tone) {
            return Ok(None);
        }
        let broken = |problem: String| Error::Malformed {
            problem,
            path: self.path.clone(),
        };
        catch_unwind(AssertUnwindSafe(|| self.synthesise(tone)))
            .map_err(|_panic| broken(format!("pitch {} cannot be played", tone.pitch)))?
            .map(Some)
            .map_err(broken)
    }
}

// ---------------------------------------------------------------------------------------------
// Whether the file's numbers stay within it

/// `Some` if all parts lie within the file and all indices within their lists.
fn check(bytes: &[u8]) -> Option<()> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"sfbk" {
        return None;
    }
    let size = u32_at(bytes, 4)? as usize;
    // Some programs write a size that is off by a padding byte: the file's end counts as well.
    let body = bytes.get(12..)?;
    if size > bytes.len() {
        return None;
    }
    let mut lists = parts(body).into_iter().filter(|(id, _)| id == b"LIST");
    let (_, info) = lists.next()?;
    let (_, sound) = lists.next()?;
    let (_, tables) = lists.next()?;
    for (list, kind) in [(info, b"INFO"), (sound, b"sdta"), (tables, b"pdta")] {
        let inner = list.get(4..)?;
        let used: usize = parts(inner).iter().map(|(_, part)| part.len() + 8).sum();
        if list.get(..4)? != kind || used != inner.len() {
            return None;
        }
    }
    let tables = parts(tables.get(4..)?);
    let table = |name: &[u8; 4]| tables.iter().find(|(id, _)| id == name).map(|(_, t)| *t);
    indices_within(table(b"phdr")?, 38, 24, table(b"pbag")?.len() / 4)?;
    indices_within(table(b"inst")?, 22, 20, table(b"ibag")?.len() / 4)?;
    indices_within(table(b"pbag")?, 4, 0, table(b"pgen")?.len() / 4)?;
    indices_within(table(b"ibag")?, 4, 0, table(b"igen")?.len() / 4)?;
    for sample in table(b"shdr")?.chunks_exact(46) {
        let whole = (0..4).all(|i| u32_at(sample, 20 + 4 * i).is_some_and(|n| n <= MOST_FRAMES));
        if !whole {
            return None;
        }
    }
    Some(())
}

/// Chunks one after the other, as long as they are whole; rustysynth knows no padding.
fn parts(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut parts = Vec::new();
    while let Some((id, size)) = bytes.first_chunk::<4>().zip(u32_at(bytes, 4)) {
        let rest = &bytes[8..];
        let Some((part, after)) = rest.split_at_checked(size as usize) else {
            break;
        };
        parts.push((*id, part));
        bytes = after;
    }
    parts
}

/// `Some` if every record's 16-bit index, `offset` bytes into it, is below `end`; the last record
/// and the last entry of the other list are terminators.
fn indices_within(table: &[u8], record: usize, offset: usize, end: usize) -> Option<()> {
    let within = |record: &[u8]| match record.get(offset..offset + 2) {
        Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])) < end,
        _ => false,
    };
    (table.len() >= record && table.chunks_exact(record).all(within)).then_some(())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}
