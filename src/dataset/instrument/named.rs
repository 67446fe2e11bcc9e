//! An instrument under a name of one's own: folders are called after it.

use super::{Instrument, InstrumentChoice, Missing, Tone};
use crate::audio::{Planar, sanitise_file_name};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// An instrument's choice, and its name if it is not to have its own: `guitar=sf2:gm.sf2:0:25`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedChoice {
    /// The name of its folder; none for the instrument's own.
    pub name: Option<String>,
    /// The instrument.
    pub choice: InstrumentChoice,
}

impl NamedChoice {
    /// Opens it; see [`InstrumentChoice::open`].
    ///
    /// # Errors
    /// As [`InstrumentChoice::open`].
    pub fn open(&self, sample_rate_hz: u32, missing: Missing) -> Result<Box<dyn Instrument>> {
        let inner = self.choice.open(sample_rate_hz, missing)?;
        Ok(match &self.name {
            Some(name) => Box::new(Named {
                name: name.clone(),
                inner,
            }),
            None => inner,
        })
    }
}

impl std::str::FromStr for NamedChoice {
    type Err = Error;

    /// # Errors
    /// [`Error::Setting`] that says how instruments are written.
    fn from_str(text: &str) -> Result<Self> {
        // What comes before the first `=` is a name, unless it is a part of a path already.
        let named = text.split_once('=').filter(|(name, _)| !name.contains(':'));
        let Some((name, rest)) = named else {
            return Ok(Self {
                name: None,
                choice: text.parse()?,
            });
        };
        if name.trim().is_empty() || sanitise_file_name(name) != name {
            let problem = format!("{name:?} cannot be the name of a folder");
            return Err(Error::setting("instrument", problem));
        }
        Ok(Self {
            name: Some(name.to_owned()),
            choice: rest.parse()?,
        })
    }
}

struct Named {
    name: String,
    inner: Box<dyn Instrument>,
}

impl Instrument for Named {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn sample_rate_hz(&self) -> u32 {
        self.inner.sample_rate_hz()
    }

    fn channels(&self) -> usize {
        self.inner.channels()
    }

    fn play(&self, tone: &Tone, reporter: &Reporter) -> Result<Option<Planar>> {
        self.inner.play(tone, reporter)
    }
}
