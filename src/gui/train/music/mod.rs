//! Music where there is none: pieces composed by seed, played by chosen instruments, as jobs.

mod form;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(in crate::gui::train) use form::{place, ui};

use crate::audio::AudioFormat;
use crate::dataset::compose::{ComposeSpec, Style, compose};
use crate::dataset::{
    Instrument, InstrumentChoice, Missing, PartsOptions, PartsSong, RenderManyOptions,
    RenderOutcome, RenderSpec, RenderedFile, plan_renders, render_many, render_parts, write_midi,
};
use crate::error::{Error, Result};
use crate::gui::jobs::JobId;
use crate::progress::Reporter;

/// The most pieces that are composed at once.
const MOST_PIECES: u32 = 99_999;

/// What plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InstrumentKind {
    /// A program of an SF2 file.
    #[default]
    SoundFont,
    /// A folder of pitched samples.
    Samples,
}

impl InstrumentKind {
    /// All of them, in the order shown.
    pub const ALL: [Self; 2] = [Self::SoundFont, Self::Samples];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::SoundFont => "SoundFont file",
            Self::Samples => "Folder of samples",
        }
    }
}

/// An instrument of the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstrumentForm {
    /// Its own number, that no other instrument gets.
    pub number: u64,
    /// What plays.
    pub kind: InstrumentKind,
    /// Its file or folder.
    pub path: String,
    /// Bank of an SF2 file, 0–128.
    pub bank: u16,
    /// Program of an SF2 file, 0–127.
    pub program: u16,
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq)]
pub struct MusicForm {
    /// Whether the form is shown.
    pub open: bool,
    /// Whether pieces are composed; else MIDI files are there already.
    pub compose: bool,
    /// The folder of MIDI files, written or read.
    pub midi: String,
    /// Whether to compose for some hours; else a number of pieces.
    pub by_hours: bool,
    /// How many pieces.
    pub pieces: u32,
    /// How many hours.
    pub hours: f64,
    /// The style; none draws one for every piece.
    pub style: Option<Style>,
    /// The seed of the first piece.
    pub seed: u64,
    /// Bars of each piece.
    pub bars: usize,
    /// Whether the pieces are rendered.
    pub render: bool,
    /// Whether to make songs with their parts, by the programs of the first instrument's SoundFont;
    /// else every instrument plays all.
    pub parts: bool,
    /// By whom.
    pub instruments: Vec<InstrumentForm>,
    /// Where what is rendered goes.
    pub out: String,
    /// Its sample rate in hertz.
    pub sample_rate_hz: u32,
    /// Whether files that are there are made anew.
    pub overwrite: bool,
    /// The job, while it runs.
    pub job: Option<JobId>,
    /// What is wrong with the form.
    pub problem: Option<String>,
    /// What was made last.
    pub made: Option<PathBuf>,
    next_number: u64,
}

impl Default for MusicForm {
    fn default() -> Self {
        let mut form = Self {
            open: false,
            compose: true,
            midi: String::new(),
            by_hours: false,
            pieces: 10,
            hours: 1.0,
            style: None,
            seed: 0,
            bars: 32,
            render: true,
            parts: false,
            instruments: Vec::new(),
            out: String::new(),
            sample_rate_hz: 44_100,
            overwrite: false,
            job: None,
            problem: None,
            made: None,
            next_number: 0,
        };
        form.add_instrument();
        form
    }
}

/// Pieces to be composed.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposePlan {
    /// The first piece.
    pub spec: ComposeSpec,
    /// How many pieces at most.
    pub pieces: u32,
    /// Seconds of music that are enough; none for all pieces.
    pub enough_secs: Option<f64>,
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct MusicRequest {
    /// Pieces to be composed first.
    pub compose: Option<ComposePlan>,
    /// The folder of MIDI files.
    pub midi: PathBuf,
    /// Who plays them; nobody if they are only composed.
    pub instruments: Vec<InstrumentChoice>,
    /// The SoundFont of songs with parts, which are made instead.
    pub soundfont: Option<PathBuf>,
    /// How, and where to.
    pub options: RenderManyOptions,
}

impl MusicForm {
    /// One more instrument, that is still to be chosen.
    pub fn add_instrument(&mut self) {
        self.next_number += 1;
        self.instruments.push(InstrumentForm {
            number: self.next_number,
            ..InstrumentForm::default()
        });
    }

    /// What the form asks for.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub fn request(&self) -> Result<MusicRequest> {
        if !self.compose && !self.render {
            return Err(Error::setting(
                "make music",
                "choose to compose, to render, or both",
            ));
        }
        let compose = self.compose.then(|| ComposePlan {
            spec: ComposeSpec {
                seed: self.seed,
                bars: self.bars,
                style: self.style,
                ..ComposeSpec::default()
            },
            pieces: if self.by_hours {
                MOST_PIECES
            } else {
                self.pieces
            },
            enough_secs: self.by_hours.then_some(self.hours * 3600.0),
        });
        if let Some(plan) = &compose {
            plan.spec.choices()?;
        }
        let mut instruments = Vec::new();
        let mut out = PathBuf::new();
        let mut soundfont = None;
        if self.render && self.parts {
            let path = self.instruments.first().map_or("", |i| i.path.as_str());
            soundfont = Some(named("SoundFont", path)?);
            out = named("rendered folder", &self.out)?;
        } else if self.render {
            if self.instruments.is_empty() {
                return Err(Error::setting("instruments", "add one at least"));
            }
            for instrument in &self.instruments {
                instruments.push(instrument.choice()?);
            }
            out = named("rendered folder", &self.out)?;
        }
        Ok(MusicRequest {
            compose,
            midi: named("MIDI folder", &self.midi)?,
            instruments,
            soundfont,
            options: RenderManyOptions {
                out,
                format: AudioFormat::Wav24,
                overwrite: self.overwrite,
                spec: RenderSpec {
                    sample_rate_hz: self.sample_rate_hz,
                    ..RenderSpec::default()
                },
            },
        })
    }
}

impl InstrumentForm {
    fn choice(&self) -> Result<InstrumentChoice> {
        let path = named("instrument", &self.path)?;
        Ok(match self.kind {
            InstrumentKind::SoundFont => InstrumentChoice::SoundFont {
                file: path,
                bank: self.bank,
                program: self.program,
            },
            InstrumentKind::Samples => InstrumentChoice::Samples { folder: path },
        })
    }
}

/// The path that a field holds.
///
/// # Errors
/// [`Error::Setting`] of the field if it is empty.
pub(in crate::gui::train) fn named(field: &str, text: &str) -> Result<PathBuf> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::setting(field, "choose a file or folder"));
    }
    Ok(PathBuf::from(text))
}

impl MusicRequest {
    /// Does the work; answers the outcome in words and where it is.
    ///
    /// # Errors
    /// As [`compose`], [`write_midi`], [`plan_renders`] and [`render_many`]; [`Error::Cancelled`].
    pub fn run(&self, reporter: &Reporter) -> Result<(String, PathBuf)> {
        let mut said = Vec::new();
        // What cannot be opened is told before anything is composed.
        let rate = self.options.spec.sample_rate_hz;
        let instruments: Vec<Box<dyn Instrument>> = self
            .instruments
            .iter()
            .map(|choice| choice.open(rate, Missing::default()))
            .collect::<Result<_>>()?;
        if let Some(plan) = &self.compose {
            let pieces = self.compose_all(plan, reporter)?;
            said.push(format!("{pieces} pieces composed"));
        }
        if let Some(soundfont) = &self.soundfont {
            said.push(self.render_songs(soundfont, reporter)?);
            return Ok((said.join(", "), self.options.out.clone()));
        }
        if instruments.is_empty() {
            return Ok((said.join(", "), self.midi.clone()));
        }
        said.push(self.render_all(&instruments, reporter)?);
        Ok((said.join(", "), self.options.out.clone()))
    }

    fn compose_all(&self, plan: &ComposePlan, reporter: &Reporter) -> Result<u32> {
        std::fs::create_dir_all(&self.midi).map_err(Error::io("create the folder", &self.midi))?;
        let mut seconds = 0.0;
        for number in 0..plan.pieces {
            let is_enough = plan.enough_secs.is_some_and(|enough| seconds >= enough);
            if is_enough {
                return Ok(number);
            }
            match plan.enough_secs {
                Some(enough) => reporter.step("Composing", seconds as u64, enough as u64)?,
                None => reporter.step("Composing", number.into(), plan.pieces.into())?,
            }
            let spec = ComposeSpec {
                seed: plan.spec.seed.wrapping_add(u64::from(number)),
                ..plan.spec.clone()
            };
            let style = spec.choices()?.style;
            let piece = compose(&spec)?;
            let name = format!("{number:05}-{}-{}.mid", spec.seed, style.name());
            write_midi(&piece, &self.midi.join(name), self.options.overwrite)?;
            seconds += piece.seconds;
        }
        Ok(plan.pieces)
    }

    fn render_songs(&self, soundfont: &Path, reporter: &Reporter) -> Result<String> {
        let options = PartsOptions {
            out: self.options.out.clone(),
            format: self.options.format,
            overwrite: self.options.overwrite,
            spec: self.options.spec,
            soundfont: soundfont.to_path_buf(),
        };
        let (written, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tell = |song: PartsSong| match song.outcome {
            Ok(Some(_)) => {
                written.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) => {}
            Err(error) => {
                failed.fetch_add(1, Ordering::Relaxed);
                reporter.warn(format!("{error}: {}", song.input.display()));
            }
        };
        let inputs = std::slice::from_ref(&self.midi);
        render_parts(inputs, &options, &tell, reporter)?;
        let failed = failed.into_inner();
        let mut text = format!("{} songs rendered", written.into_inner());
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        Ok(text)
    }

    fn render_all(
        &self,
        instruments: &[Box<dyn Instrument>],
        reporter: &Reporter,
    ) -> Result<String> {
        let inputs = std::slice::from_ref(&self.midi);
        let plan = plan_renders(inputs, instruments, &self.options, reporter)?;
        for (path, error) in &plan.broken {
            reporter.warn(format!("{error}: {}", path.display()));
        }
        let (written, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tell = |file: RenderedFile| match file.outcome {
            Ok(RenderOutcome::Written { .. }) => {
                written.fetch_add(1, Ordering::Relaxed);
            }
            Ok(RenderOutcome::Kept) => {}
            Err(error) => {
                failed.fetch_add(1, Ordering::Relaxed);
                reporter.warn(error.to_string());
            }
        };
        render_many(&plan, instruments, &self.options, &tell, reporter)?;
        let mut text = format!("{} files rendered", written.into_inner());
        if plan.kept > 0 {
            text.push_str(&format!(", {} kept", plan.kept));
        }
        let failed = failed.into_inner() + plan.broken.len();
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        Ok(text)
    }
}
