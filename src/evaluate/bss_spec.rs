//! What BSS Eval is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The largest system of equations that is solved: sources × channels × filter length. It takes
/// 8 bytes times its square: 2.1 GB.
pub const MOST_UNKNOWNS: usize = 16_384;

/// Which definition of the scores is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum BssKind {
    /// Images: the estimate must be the reference itself (museval's `bss_eval`, BSS Eval 4).
    #[default]
    Images,
    /// Sources: any filter of the reference is as good as the reference (mir_eval's
    /// `bss_eval_sources`, BSS Eval 3). There is no ISR.
    Sources,
}

/// How BSS Eval is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BssSpec {
    /// Length of a window in seconds, above 0; 1 unless said otherwise. Infinite, or anything
    /// from the signal's length on, is one window of everything.
    pub win_secs: f64,
    /// Distance of windows in seconds, above 0; 1 unless said otherwise. A last window that is not
    /// complete is left out.
    pub hop_secs: f64,
    /// Taps of the filters that are allowed for, at least 1; 512 unless said otherwise. At most
    /// [`MOST_UNKNOWNS`] / (sources × channels).
    pub filter_length: usize,
    /// Which definition; images unless said otherwise.
    pub kind: BssKind,
    /// Whether each window has its own filters (version 3) rather than all windows the same
    /// (version 4); off unless said otherwise. Takes much longer.
    pub framewise_filters: bool,
}

impl Default for BssSpec {
    /// BSS Eval 4 as `museval.evaluate` does it.
    fn default() -> Self {
        Self {
            win_secs: 1.0,
            hop_secs: 1.0,
            filter_length: 512,
            kind: BssKind::Images,
            framewise_filters: false,
        }
    }
}

impl BssSpec {
    /// BSS Eval 3 for sources, as `mir_eval.separation.bss_eval_sources` without permutations: one
    /// window of everything. mir_eval knows sources of one channel only.
    pub fn sources() -> Self {
        Self {
            win_secs: f64::INFINITY,
            kind: BssKind::Sources,
            ..Self::default()
        }
    }

    /// Checks the settings for so many sources and channels.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field out of range.
    pub fn validate(&self, sources: usize, channels: usize) -> Result<()> {
        for (name, secs) in [("window", self.win_secs), ("hop", self.hop_secs)] {
            if secs.is_nan() || secs <= 0.0 {
                let problem = format!("{secs} s is not above 0 s");
                return Err(Error::setting(name, problem));
            }
        }
        let most = MOST_UNKNOWNS / (sources * channels).max(1);
        if self.filter_length == 0 || self.filter_length > most {
            let problem = format!(
                "{} taps are not within 1 to {most}, which is the most for {sources} sources of \
                 {channels} channels",
                self.filter_length
            );
            return Err(Error::setting("filter length", problem));
        }
        Ok(())
    }
}

/// One source's scores, a value per window, in dB. NaN in a window where any reference or
/// estimate is silent; infinite where there is nothing wrong at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameScores {
    /// Signal to distortion: all that is wrong.
    pub sdr: Vec<f64>,
    /// Image to spatial distortion: what a filter would mend. NaN for [`BssKind::Sources`].
    pub isr: Vec<f64>,
    /// Signal to interference: what comes from the other sources.
    pub sir: Vec<f64>,
    /// Signal to artefacts: what comes from none of the sources.
    pub sar: Vec<f64>,
}

impl FrameScores {
    /// Nothing but NaN, for so many windows.
    pub(super) fn unknown(windows: usize) -> Self {
        let unknown = vec![f64::NAN; windows];
        Self {
            sdr: unknown.clone(),
            isr: unknown.clone(),
            sir: unknown.clone(),
            sar: unknown,
        }
    }

    /// Adds a window: SDR, ISR, SIR, SAR.
    pub(super) fn push(&mut self, [sdr, isr, sir, sar]: [f64; 4]) {
        self.sdr.push(sdr);
        self.isr.push(isr);
        self.sir.push(sir);
        self.sar.push(sar);
    }
}
