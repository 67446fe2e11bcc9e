//! Stems and mixture, brought together again frame by frame.

use super::Separator;
use super::separate::{SeparateOptions, Separation, StemSink, StemSummary};
use crate::audio::{Planar, Source, peak, residual_db};
use crate::error::{Error, Result};

/// One stem that goes to the sink.
enum Kept {
    /// The separator's stem of this number.
    Stem(usize),
    /// The mixture less all of the separator's stems.
    Residual,
    /// The mixture less the stems kept.
    Rest,
}

/// Brings stems and mixture together again, frame by frame.
pub(super) struct Output {
    pub(super) names: Vec<String>,
    kept: Vec<Kept>,
    pub(super) sample_rate_hz: u32,
    pub(super) channels: usize,
    /// Mixture not yet matched, `[channels][frames]`.
    mixture: Planar,
    /// Stems not yet given out, `[stems][channels][frames]`.
    pub(super) pending: Vec<Planar>,
    peaks: Vec<f32>,
    has_residual: bool,
    residual_energy: f64,
    mixture_energy: f64,
}

impl Output {
    pub(super) fn new(
        stems: &[String],
        residual: Option<&str>,
        options: &SeparateOptions,
        song: &dyn Source,
    ) -> Result<Self> {
        let (names, kept) = plan(stems, residual, options)?;
        let (sample_rate_hz, channels) = (song.sample_rate_hz(), song.channels());
        Ok(Self {
            peaks: vec![0.0; kept.len()],
            names,
            kept,
            sample_rate_hz,
            channels,
            mixture: vec![Vec::new(); channels],
            pending: vec![vec![Vec::new(); channels]; stems.len()],
            has_residual: residual.is_some(),
            residual_energy: 0.0,
            mixture_energy: 0.0,
        })
    }

    fn mixture_frames(&self) -> usize {
        self.mixture.first().map_or(0, Vec::len)
    }

    pub(super) fn add_mixture(&mut self, block: Planar) {
        for (mixture, block) in self.mixture.iter_mut().zip(block) {
            mixture.extend(block);
        }
    }

    /// Gives every frame that is there in all stems, never more than there is mixture.
    pub(super) fn emit(&mut self, sink: &mut dyn StemSink) -> Result<()> {
        let ready = self
            .pending
            .iter()
            .map(|stem| stem.first().map_or(0, Vec::len))
            .min()
            .unwrap_or(0)
            .min(self.mixture_frames());
        if ready == 0 {
            return Ok(());
        }
        let mixture: Planar = self
            .mixture
            .iter_mut()
            .map(|c| c.drain(..ready).collect())
            .collect();
        let stems: Vec<Planar> = self
            .pending
            .iter_mut()
            .map(|stem| {
                stem.iter_mut()
                    .map(|c| c.drain(..ready).collect())
                    .collect()
            })
            .collect();
        self.mixture_energy += energy(&mixture);
        let left = if self.has_residual {
            less(&mixture, stems.iter())
        } else {
            self.residual_energy += energy_left(&mixture, &stems);
            Planar::new()
        };
        let rest = self
            .kept
            .iter()
            .any(|kept| matches!(kept, Kept::Rest))
            .then(|| {
                let kept = self.kept.iter().filter_map(|kept| match kept {
                    Kept::Stem(stem) => Some(&stems[*stem]),
                    Kept::Residual => Some(&left),
                    Kept::Rest => None,
                });
                less(&mixture, kept)
            });
        let blocks: Vec<&Planar> = self
            .kept
            .iter()
            .map(|kept| match kept {
                Kept::Stem(stem) => &stems[*stem],
                Kept::Residual => &left,
                Kept::Rest => rest.as_ref().unwrap_or(&left),
            })
            .collect();
        for (largest, block) in self.peaks.iter_mut().zip(&blocks) {
            *largest = block
                .iter()
                .fold(*largest, |m, channel| m.max(peak(channel)));
        }
        sink.push(&blocks)?;
        Ok(())
    }

    pub(super) fn summary(&self, frames: u64, device: String, taken_secs: f64) -> Separation {
        Separation {
            stems: self
                .names
                .iter()
                .zip(&self.peaks)
                .map(|(name, peak)| StemSummary {
                    name: name.clone(),
                    peak: *peak,
                })
                .collect(),
            frames,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels,
            residual_db: residual_db(self.residual_energy, self.mixture_energy),
            audio_secs: frames as f64 / f64::from(self.sample_rate_hz),
            taken_secs,
            device,
        }
    }
}

fn less<'a>(mixture: &Planar, stems: impl Iterator<Item = &'a Planar>) -> Planar {
    let mut left = mixture.clone();
    for stem in stems {
        for (left, stem) in left.iter_mut().zip(stem) {
            left.iter_mut().zip(stem).for_each(|(x, s)| *x -= s);
        }
    }
    left
}

/// Energy of mixture − Σ stems, without keeping it.
fn energy_left(mixture: &Planar, stems: &[Planar]) -> f64 {
    let channel = |(c, mixture): (usize, &Vec<f32>)| -> f64 {
        let left = |(i, x): (usize, &f32)| {
            let left = stems.iter().fold(*x, |left, stem| left - stem[c][i]);
            f64::from(left).powi(2)
        };
        mixture.iter().enumerate().map(left).sum()
    };
    mixture.iter().enumerate().map(channel).sum()
}

fn energy(planar: &Planar) -> f64 {
    planar.iter().flatten().map(|x| f64::from(*x).powi(2)).sum()
}

/// Names of the stems that a separation will give, in order.
///
/// # Errors
/// [`Error::Setting`] if a stem that is wanted is unknown.
pub fn stem_names(separator: &dyn Separator, options: &SeparateOptions) -> Result<Vec<String>> {
    Ok(plan(&separator.stems(), separator.residual().as_deref(), options)?.0)
}

fn plan(
    stems: &[String],
    residual: Option<&str>,
    options: &SeparateOptions,
) -> Result<(Vec<String>, Vec<Kept>)> {
    let all: Vec<&str> = stems.iter().map(String::as_str).chain(residual).collect();
    let wanted: Vec<&str> = match &options.stems {
        Some(wanted) => wanted.iter().map(String::as_str).collect(),
        None => all.clone(),
    };
    let mut names = Vec::new();
    let mut kept = Vec::new();
    for name in wanted {
        let Some(index) = all.iter().position(|n| *n == name) else {
            return Err(Error::setting(
                "stems",
                format!("the model has no stem {name:?}; it has {}", all.join(", ")),
            ));
        };
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
            kept.push(if index < stems.len() {
                Kept::Stem(index)
            } else {
                Kept::Residual
            });
        }
    }
    if options.rest {
        names.push(if all.contains(&"rest") {
            "everything else".into()
        } else {
            "rest".into()
        });
        kept.push(Kept::Rest);
    }
    Ok((names, kept))
}
