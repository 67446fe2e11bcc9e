//! A song's magnitudes to sound again, by a phase method; the whole way on one screen.
//!
//! ```text
//! Clip ─► rate, channels ─► STFT ─► picture ─► magnitudes ─► phase ─► inverse ─► Clip
//!              └───────────────── the original, for the figures ───────┘
//! ```
//!
//! Long songs go block by block in bounded memory: `phase_blocks`.

use std::ops::Range;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::finite::finite;
use super::phase_blocks::{Convergence, Found, PhaseBlocks, Target, pieces};
use crate::audio::{Clip, ClipWriter, Source as _, resample};
use crate::error::{Error, Result};
use crate::phase::{Figures, FiguresSum, PhaseSpec, Waveforms, convergence_db};
use crate::progress::Reporter;
use crate::spectral::{
    Complex32, DroppedBins, MagnitudePicture, MagnitudeScale, MelInversion, Padding, PicturePlan,
    Stft, StftSpec, Symmetry,
};

/// How to take a song apart and together again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconstructOptions {
    /// The STFT. Default: 2048/512, periodic Hann.
    pub stft: StftSpec,
    /// The rate to work at in hertz; none is the song's own.
    pub sample_rate_hz: Option<u32>,
    /// Mix the channels to one first.
    pub mono: bool,
    /// What is kept of the magnitudes.
    pub picture: MagnitudePicture,
    /// The phase method.
    pub phase: PhaseSpec,
    /// Columns worked on at once; none is as many as about 1 GB holds. At least three times what
    /// blocks share, which is eight lengths of the transform where memory allows.
    pub block_columns: Option<usize>,
}

impl Default for ReconstructOptions {
    fn default() -> Self {
        Self {
            stft: StftSpec::new(2048, 512),
            sample_rate_hz: None,
            mono: false,
            picture: MagnitudePicture::default(),
            phase: PhaseSpec::default(),
            block_columns: None,
        }
    }
}

impl ReconstructOptions {
    /// Everything but the method's name, in one line: "2048/512 hann · seed 0".
    pub fn summary(&self) -> String {
        let stft = &self.stft;
        let (n_fft, hop_length) = (stft.n_fft, stft.hop_length);
        let mut parts = vec![format!("{n_fft}/{hop_length} {}", stft.window.name())];
        let mut also = |wanted: bool, words: String| parts.extend(wanted.then_some(words));
        let window = stft.win_length;
        also(window != n_fft, format!("window of {window}"));
        also(stft.symmetry == Symmetry::Symmetric, "symmetric".into());
        also(stft.padding == Padding::Reflect, "reflected ends".into());
        also(!stft.center, "not centred".into());
        let picture = &self.picture;
        if let Some(mel) = &picture.mel {
            let top = mel
                .fmax_hz
                .map_or_else(String::new, |hz| format!(" to {hz} Hz"));
            also(true, format!("{} mel bands{top}", mel.bands));
            let fast = picture.mel_inversion == MelInversion::Fast;
            also(fast, "fast inversion".into());
        }
        if let Some(bins) = picture.bins_kept {
            also(true, format!("{bins} bins"));
            let kept = picture.dropped == DroppedBins::Input;
            also(kept, "the song's above".into());
        }
        let scaled = picture.scale != MagnitudeScale::Linear;
        also(scaled, format!("{:?}", picture.scale).to_lowercase());
        if let Some(rate) = self.sample_rate_hz {
            parts.push(format!("{rate} Hz"));
        }
        if self.mono {
            parts.push("mono".into());
        }
        let phase = &self.phase;
        if phase.method.takes_start() {
            parts.push(format!("{} start", phase.start.name()));
        }
        if phase.momentum() > 0.0 {
            parts.push(format!("momentum {}", phase.momentum()));
        }
        parts.push(format!("seed {}", phase.seed));
        parts.join(" · ")
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Reconstructed {
    /// The sound, at the rate worked at; as long as the original.
    pub clip: Clip,
    /// The original that the figures compare with: the song at that rate, in those channels.
    pub original: Clip,
    /// How good it is.
    pub figures: Figures,
    /// Spectral convergence in dB after 0, 1, 2 … iterations, over all blocks.
    pub convergence_db: Vec<f64>,
    /// Seconds it took, reading and figures not counted.
    pub taken_secs: f64,
}

/// Takes `song` to magnitudes as `options` say and makes sound of them again. `earlier` is a
/// result whose phases stand for the input's, to go on from it; `watch` is told of every iteration.
///
/// # Errors
/// [`Error::Setting`] for wrong options, an empty song, an `earlier` of another shape, or a transform
/// so long with a hop so short that no block fits into memory;
/// [`Error::Cancelled`]; [`Error::Io`] if a long result cannot be kept on disk.
pub fn reconstruct(
    song: &Clip,
    options: &ReconstructOptions,
    earlier: Option<&Clip>,
    mut watch: impl FnMut(Convergence),
    reporter: &Reporter,
) -> Result<Reconstructed> {
    if let Some(remark) = options.phase.validate()? {
        reporter.warn(remark);
    }
    let stft = Stft::new(&options.stft)?.robust();
    let original = prepared(song, options, reporter)?;
    let picture = options
        .picture
        .plan(&options.stft, original.sample_rate_hz())?;
    let earlier = match earlier {
        Some(earlier) => Some(prepared(earlier, options, reporter)?),
        None => None,
    };
    let earlier = earlier.as_ref();
    // A rate that was changed twice may be a sample off.
    let fits = |earlier: &Clip| {
        earlier.num_channels() == original.num_channels()
            && earlier.frames().abs_diff(original.frames()) <= 1
    };
    if let Some(earlier) = earlier.filter(|earlier| !fits(earlier)) {
        return Err(Error::setting(
            "continue",
            format!(
                "the earlier result has {} channels and {} samples, here are {} and {}; \
                 use the same rate, channels and region",
                earlier.num_channels(),
                earlier.frames(),
                original.num_channels(),
                original.frames()
            ),
        ));
    }
    let started = Instant::now();
    let work = Work {
        stft: &stft,
        picture: &picture,
        original: &original,
        earlier,
    };
    let blocks = PhaseBlocks {
        stft: &stft,
        phase: &options.phase,
        sample_rate_hz: original.sample_rate_hz(),
        frames: original.frames(),
        channels: original.num_channels(),
        block_columns: options.block_columns,
    };
    let needs_input = options.phase.needs_input();
    let Found {
        clip,
        sums,
        magnitudes,
    } = blocks.run(
        &mut |columns| Ok(work.target(columns, needs_input)),
        &mut watch,
        reporter,
    )?;
    let taken_secs = started.elapsed().as_secs_f64();
    let figures = work.figures(&clip, magnitudes.as_deref(), reporter)?;
    Ok(Reconstructed {
        clip,
        original,
        figures,
        convergence_db: sums
            .iter()
            .map(|(error, energy)| convergence_db(*error, *energy))
            .collect(),
        taken_secs,
    })
}

/// The song at the rate and with the channels to work on, all of its samples numbers.
fn prepared(song: &Clip, options: &ReconstructOptions, reporter: &Reporter) -> Result<Clip> {
    if song.frames() == 0 || song.num_channels() == 0 {
        return Err(Error::setting("input", "has no audio in it"));
    }
    let mut song = finite(song.clone(), reporter)?;
    if options.mono && song.num_channels() > 1 {
        song = mixed_to_mono(&song)?;
    }
    match options.sample_rate_hz {
        Some(rate) => resample(&song, rate, reporter),
        None => Ok(song),
    }
}

/// The mean of all channels.
///
/// # Errors
/// [`Error::Io`] if a long result cannot be kept on disk.
pub fn mixed_to_mono(song: &Clip) -> Result<Clip> {
    let mut out = ClipWriter::new(song.sample_rate_hz(), 1, crate::paths::cache_dir());
    let gain = 1.0 / song.num_channels().max(1) as f32;
    let mut reader = song.reader(0..song.frames());
    while let Some(block) = reader.next_block()? {
        let mut mean = vec![0.0; block.first().map_or(0, Vec::len)];
        for channel in &block {
            mean.iter_mut()
                .zip(channel)
                .for_each(|(mean, x)| *mean += x * gain);
        }
        out.push(&[mean])?;
    }
    out.finish()
}

struct Work<'a> {
    stft: &'a Stft,
    picture: &'a PicturePlan,
    original: &'a Clip,
    earlier: Option<&'a Clip>,
}

impl Work<'_> {
    /// The magnitudes that these columns are to have, and the phases to begin with if asked for.
    fn target(&self, columns: Range<usize>, needs_input: bool) -> Target {
        let originals = self.columns_of(self.original, columns.clone());
        let magnitudes = self.magnitudes(&originals);
        let input = needs_input.then(|| match self.earlier {
            Some(earlier) => self.columns_of(earlier, columns),
            None => originals,
        });
        Target { magnitudes, input }
    }

    /// What is left of the original's magnitudes after the picture, `[channels][columns × bins]`.
    fn magnitudes(&self, originals: &[Vec<Complex32>]) -> Vec<Vec<f32>> {
        originals
            .iter()
            .map(|original| {
                let magnitudes: Vec<f32> = original
                    .iter()
                    .map(|x| (x.re * x.re + x.im * x.im).sqrt())
                    .collect();
                let picture = self.picture.forward(&magnitudes);
                self.picture.inverse(&picture, &magnitudes)
            })
            .collect()
    }

    fn columns_of(&self, clip: &Clip, columns: Range<usize>) -> Vec<Vec<Complex32>> {
        let size = columns.len() * self.stft.spec().bins();
        (0..clip.num_channels())
            .map(|channel| {
                let mut out = vec![Complex32::default(); size];
                self.stft
                    .forward_columns(clip.channel(channel), columns.start, &mut out);
                out
            })
            .collect()
    }

    /// The result's figures; `known` are the magnitudes of all columns, if they are still there.
    fn figures(
        &self,
        clip: &Clip,
        known: Option<&[Vec<f32>]>,
        reporter: &Reporter,
    ) -> Result<Figures> {
        let columns = self.stft.spec().columns(clip.frames());
        let bins = self.stft.spec().bins();
        let full = self.stft.full_scale();
        let mut spectra = FiguresSum::default();
        for range in pieces(0..columns) {
            reporter.step("Measuring", range.start as u64, columns as u64)?;
            let cells = range.start * bins..range.end * bins;
            let originals = self.columns_of(self.original, range.clone());
            let anew = match known {
                Some(_) => Vec::new(),
                None => self.magnitudes(&originals),
            };
            let magnitudes: Vec<&[f32]> = match known {
                Some(known) => known.iter().map(|m| &m[cells.clone()]).collect(),
                None => anew.iter().map(Vec::as_slice).collect(),
            };
            let results = self.columns_of(clip, range);
            for ((m, x), y) in magnitudes.into_iter().zip(&originals).zip(&results) {
                let cells = m.chunks(bins).zip(x.chunks(bins)).zip(y.chunks(bins));
                cells.for_each(|((m, x), y)| spectra.add(m, x, y, full));
            }
        }
        let mut samples = Waveforms::default();
        for channel in 0..clip.num_channels() {
            samples.add(self.original.channel(channel), clip.channel(channel));
        }
        Ok(Figures::new(&spectra, &samples))
    }
}
