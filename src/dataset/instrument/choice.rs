//! Instruments in words: `nsynth:DIR:family_source_III`, `sf2:FILE[:bank:program]`, `samples:DIR`.

use std::path::PathBuf;

use super::bank::Missing;
use super::{Instrument, SoundFontProgram, open_nsynth, open_samples};
use crate::error::{Error, Result};

/// Which instrument, before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstrumentChoice {
    /// One instrument of a folder with NSynth's names.
    Nsynth {
        /// The folder of its WAV files.
        folder: PathBuf,
        /// `family_source_III`.
        instrument: String,
    },
    /// One program of an SF2 file.
    SoundFont {
        /// The file.
        file: PathBuf,
        /// Its bank, 0–128; 128 holds drum kits. 0 unless given.
        bank: u16,
        /// Its program, 0–127. 0 unless given.
        program: u16,
    },
    /// A folder of pitched samples.
    Samples {
        /// The folder.
        folder: PathBuf,
    },
}

impl InstrumentChoice {
    /// Opens it to play at `sample_rate_hz`. `missing` does not concern SF2 files, whose programs
    /// say themselves which keys they have.
    ///
    /// # Errors
    /// As [`open_nsynth`], [`SoundFontProgram::open`] and [`open_samples`].
    pub fn open(&self, sample_rate_hz: u32, missing: Missing) -> Result<Box<dyn Instrument>> {
        let opened: Box<dyn Instrument> = match self {
            Self::Nsynth { folder, instrument } => {
                Box::new(open_nsynth(folder, instrument, sample_rate_hz, missing)?)
            }
            Self::SoundFont {
                file,
                bank,
                program,
            } => Box::new(SoundFontProgram::open(
                file,
                *bank,
                *program,
                sample_rate_hz,
            )?),
            Self::Samples { folder } => Box::new(open_samples(folder, sample_rate_hz, missing)?),
        };
        Ok(opened)
    }
}

impl std::str::FromStr for InstrumentChoice {
    type Err = Error;

    /// # Errors
    /// [`Error::Setting`] that says how instruments are written.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let problem = format!(
                "{text:?} is none of nsynth:DIR:family_source_III, sf2:FILE[:bank:program], samples:DIR"
            );
            Error::setting("instrument", problem)
        };
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            _ if rest.is_empty() => Err(wrong()),
            "nsynth" => {
                // From the right: a path may hold colons.
                let (folder, instrument) = rest.rsplit_once(':').ok_or_else(wrong)?;
                if folder.is_empty() || instrument.is_empty() {
                    return Err(wrong());
                }
                Ok(Self::Nsynth {
                    folder: folder.into(),
                    instrument: instrument.to_owned(),
                })
            }
            "sf2" => {
                let (file, bank, program) = bank_and_program(rest).unwrap_or((rest, 0, 0));
                if bank > 128 || program > 127 {
                    let problem = "an SF2 file has banks 0 to 128 and programs 0 to 127";
                    return Err(Error::setting("instrument", problem));
                }
                Ok(Self::SoundFont {
                    file: file.into(),
                    bank,
                    program,
                })
            }
            "samples" => Ok(Self::Samples {
                folder: rest.into(),
            }),
            _ => Err(wrong()),
        }
    }
}

fn bank_and_program(text: &str) -> Option<(&str, u16, u16)> {
    let (rest, program) = text.rsplit_once(':')?;
    let (file, bank) = rest.rsplit_once(':')?;
    Some((file, bank.parse().ok()?, program.parse().ok()?)).filter(|(file, ..)| !file.is_empty())
}
