//! The difference take: what A has and B has not.

use std::path::PathBuf;

use crate::apply::{Region, cut_region};
use crate::audio::Clip;
use crate::error::{Error, Result};
use crate::gui::jobs::{Clip2, MadeTake};
use crate::gui::take_work::{keep, unix_secs_now};
use crate::listen::{DifferenceOptions, difference};
use crate::progress::Reporter;
use crate::session::{Id, Span, Take};

/// One side: its name, its sound, and where in the song it starts, in seconds.
pub type Side = (String, Clip2, f64);

/// A difference to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceRequest {
    /// The song.
    pub song: Id,
    /// What is kept.
    pub a: Side,
    /// What is taken away.
    pub b: Side,
    /// Where the sound is kept; none keeps it in memory only.
    pub folder: Option<PathBuf>,
}

impl DifferenceRequest {
    /// Does the work; runs on a worker.
    pub(in crate::gui) fn run(&self, reporter: &Reporter) -> Result<MadeTake> {
        let started = std::time::Instant::now();
        let start = self.a.2.max(self.b.2);
        let end = |side: &Side| side.2 + side.1.0.seconds();
        let seconds = end(&self.a).min(end(&self.b)) - start;
        if seconds <= 0.0 {
            return Err(Error::setting(
                "difference",
                "the two takes have no time in common; choose others",
            ));
        }
        let common = |side: &Side| -> Result<Clip> {
            let region = Region {
                start_secs: start - side.2,
                duration_secs: Some(seconds),
            };
            cut_region(side.1.0.clone(), Some(region))
        };
        let (a, b) = (common(&self.a)?, common(&self.b)?);
        let done = difference(&a, &b, &DifferenceOptions::default(), reporter)?;
        let sounds = keep("difference", done.clip, self.folder.as_deref(), reporter)?;
        let said = format!(
            "{} less {}: {:+.1} dB against the first{}",
            self.a.0,
            self.b.0,
            done.residual_db,
            match done.lag_frames {
                0 => String::new(),
                lag => format!(", shifted by {lag} samples"),
            }
        );
        let take = Take {
            model: "difference".into(),
            remark: format!(
                "{} less {} · {} samples shifted · {:.1} dB",
                self.a.0, self.b.0, done.lag_frames, done.residual_db
            ),
            region: Some(Span {
                start_secs: start,
                end_secs: start + seconds,
            }),
            device: "cpu".into(),
            made_unix_secs: unix_secs_now(),
            taken_secs: started.elapsed().as_secs_f64(),
            residual_db: done.residual_db,
            ..Take::default()
        };
        Ok(MadeTake {
            song: self.song,
            take,
            sounds,
            offset_secs: start,
            said,
        })
    }
}
