//! From magnitudes to sound: ways of finding the phase that a picture does not hold.
//!
//! ```text
//! magnitudes ─► start phases ─► (Griffin-Lim, n times) ─► complex columns ─► inverse STFT
//!                   └ input, zero, random, or by integrating the magnitudes' gradients (PGHI)
//! ```
//!
//! [`reconstruct`] does a whole signal; [`solve`] does a block of a long one, whose first columns
//! may be known already. Knows nothing of files and songs: that is `apply::reconstruct`.

mod figures;
mod griffin_lim;
mod method;
mod pghi;
mod random;
mod spec;

use crate::error::{Error, Result};
use crate::progress::Reporter;
use crate::spectral::{Complex32, Spectrogram, Stft};

pub use figures::{Figures, FiguresSum, Waveforms, convergence_db};
pub use griffin_lim::GriffinLim;
pub use method::{PhaseMethod, PhaseStart};
pub use pghi::{Pghi, closest_gaussian};
pub use random::random_phases;
pub use spec::{DEFAULT_ITERATIONS, DEFAULT_MOMENTUM, MAX_ITERATIONS, PhaseSpec, sweep};

/// A block of a signal.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Its samples per channel.
    pub frames: usize,
    /// The block's first column, counted from the signal's start: random phases belong to a
    /// column's place and not to the block it happens to be in.
    pub first_column: usize,
    /// Columns at the block's start that are found already, `[channels][columns × bins]`; their
    /// phases are where Griffin-Lim begins.
    pub known: Vec<Vec<Complex32>>,
    /// How many of the known columns keep their phases.
    pub held: usize,
}

/// Complex columns with these magnitudes (`[channels][columns × bins]`) and phases as `spec` says.
/// `input` are the columns whose phases count as the input's; `watch` is told after 0, 1, 2 …
/// iterations how far Griffin-Lim is: (Σ(|STFT(y)| − M)², ΣM²).
///
/// # Errors
/// [`Error::Cancelled`]; [`Error::Setting`] for a wrong specification or a missing input.
pub fn solve(
    stft: &Stft,
    magnitudes: &[Vec<f32>],
    spec: &PhaseSpec,
    input: Option<&[Vec<Complex32>]>,
    block: &Block,
    reporter: &Reporter,
    mut watch: impl FnMut(usize, f64, f64),
) -> Result<Vec<Vec<Complex32>>> {
    spec.validate()?;
    let bins = stft.spec().bins();
    let from_input = |magnitudes: &[Vec<f32>]| match input {
        Some(input) => Ok(magnitudes
            .iter()
            .zip(input)
            .map(|(m, x)| griffin_lim::with_phases_of(m, x))
            .collect()),
        None => Err(Error::setting(
            "phase",
            "this method needs the input's phase, and there is no input",
        )),
    };
    let zero = |magnitudes: &[Vec<f32>]| -> Vec<Vec<Complex32>> {
        magnitudes
            .iter()
            .map(|m| m.iter().map(|m| Complex32::new(*m, 0.0)).collect())
            .collect()
    };
    let random = |magnitudes: &[Vec<f32>]| -> Vec<Vec<Complex32>> {
        magnitudes
            .iter()
            .map(|m| random_phases(m, bins, block.first_column, spec.seed))
            .collect()
    };
    let mut columns = match spec.method {
        PhaseMethod::Input => from_input(magnitudes)?,
        PhaseMethod::Zero => zero(magnitudes),
        PhaseMethod::Random => random(magnitudes),
        PhaseMethod::GriffinLim | PhaseMethod::FastGriffinLim => match spec.start {
            PhaseStart::Input => from_input(magnitudes)?,
            PhaseStart::Zero => zero(magnitudes),
            PhaseStart::Random => random(magnitudes),
        },
        PhaseMethod::Pghi | PhaseMethod::PghiGriffinLim => {
            reporter.step("Integrating phase", 0, 0)?;
            Pghi::new(stft.spec()).solve(magnitudes, spec.seed, block, reporter)?
        }
    };
    if spec.method.takes_start() {
        for (columns, known) in columns.iter_mut().zip(&block.known) {
            let known = &known[..known.len().min(columns.len())];
            columns[..known.len()].copy_from_slice(known);
        }
    }
    let iterations = spec.iterations();
    if iterations == 0 {
        return Ok(columns);
    }
    let mut lim = GriffinLim::new(
        stft,
        magnitudes,
        block.frames,
        columns,
        spec.momentum(),
        block.held,
    );
    for i in 0..iterations {
        reporter.step("Finding phase", i as u64, iterations as u64)?;
        let (error, energy) = lim.step();
        watch(i, error, energy);
    }
    let (error, energy) = lim.error();
    watch(iterations, error, energy);
    Ok(lim.into_columns())
}

/// A signal found for magnitudes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconstruction {
    /// `[channels][frames]`.
    pub samples: Vec<Vec<f32>>,
    /// Spectral convergence ‖|STFT(y)| − M‖ / ‖M‖ after 0, 1, 2 … iterations, linear; empty for
    /// methods without iterations.
    pub convergence: Vec<f64>,
}

/// A whole signal of `frames` samples per channel for magnitudes `[channels][columns × bins]`.
/// Takes some 30 bytes a bin of memory.
///
/// # Errors
/// As [`solve`]; [`Error::Setting`] if the magnitudes are no whole number of columns.
pub fn reconstruct(
    stft: &Stft,
    magnitudes: &[Vec<f32>],
    frames: usize,
    spec: &PhaseSpec,
    input: Option<&Spectrogram>,
    reporter: &Reporter,
) -> Result<Reconstruction> {
    let bins = stft.spec().bins();
    let whole = |m: &Vec<f32>| m.len().is_multiple_of(bins) && m.len() == magnitudes[0].len();
    if !magnitudes.iter().all(whole) {
        return Err(Error::setting(
            "magnitudes",
            format!("channels must be equally long, in columns of {bins} bins"),
        ));
    }
    let input = input.map(|spectrogram| spectrogram.channels.as_slice());
    let size = |channels: &[Vec<Complex32>]| channels.iter().map(Vec::len).collect::<Vec<_>>();
    let wanted: Vec<usize> = magnitudes.iter().map(Vec::len).collect();
    if input.is_some_and(|input| size(input) != wanted) {
        return Err(Error::setting(
            "input",
            "must have as many channels and columns as the magnitudes",
        ));
    }
    let mut convergence = Vec::new();
    let columns = solve(
        stft,
        magnitudes,
        spec,
        input,
        &Block {
            frames,
            ..Block::default()
        },
        reporter,
        |_, error, energy| convergence.push(ratio(error, energy)),
    )?;
    let samples = columns
        .iter()
        .map(|columns| stft.inverse_channel(columns, frames))
        .collect();
    Ok(Reconstruction {
        samples,
        convergence,
    })
}

/// √(error / energy); 0 where there is no energy and no error.
fn ratio(error: f64, energy: f64) -> f64 {
    if error <= 0.0 {
        0.0
    } else {
        (error / energy).sqrt()
    }
}
