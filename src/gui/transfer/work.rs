//! What workers do for the tool.

use std::path::{Path, PathBuf};

use super::level_label;
use crate::apply::{
    Activity, DetectOptions, Detected, LevelRule, NetworkUse, Region, TransferOptions, Transferred,
    detect, transfer, write_activity,
};
use crate::audio::{Clip, decode};
use crate::error::Result;
use crate::gui::jobs::{Clip2, JobEvent, JobId, MadeTake};
use crate::gui::loaded::KeptNetwork;
use crate::gui::settings::Tool;
use crate::gui::take_work::{keep, unix_secs_now};
use crate::model::{Device, ModelShelf, ShelfEntry};
use crate::phase::PhaseSpec;
use crate::progress::Reporter;
use crate::session::{Id, Span, Take};
use crate::spectral::DroppedBins;

/// What can be asked of a worker.
#[derive(Debug, Clone, PartialEq)]
pub enum TransferRequest {
    /// Read the card of an ONNX file.
    Look(PathBuf),
    /// Run a network.
    Run(Box<TransferRun>),
    /// Write every window as a table, whatever is there: the dialog has asked.
    Write(PathBuf, Vec<Activity>),
}

/// A network to be run on a song.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferRun {
    /// The song.
    pub song: Id,
    /// Its audio.
    pub clip: Clip2,
    /// The model's id, or its file.
    pub model: String,
    /// Whether it makes a sound or finds something.
    pub wanted: NetworkUse,
    /// The device.
    pub device: Device,
    /// The stretch.
    pub region: Option<Region>,
    /// As [`TransferOptions::phase`].
    pub phase: Option<PhaseSpec>,
    /// A recording to imitate, and where in it, in seconds; none is where it is loudest.
    pub style: Option<(PathBuf, Option<f64>)>,
    /// How loud the result is.
    pub level: LevelRule,
    /// As [`TransferOptions::dropped`].
    pub dropped: Option<DroppedBins>,
    /// Share of a slice, 0–0.9.
    pub overlap: f64,
    /// Probability from which something counts as heard, 0–1.
    pub threshold: f32,
    /// Where the sound is kept; none keeps it in memory only.
    pub folder: Option<PathBuf>,
}

/// What workers answer, but for takes.
#[derive(Debug)]
pub enum TransferEvent {
    /// A file's card, or what is wrong with it.
    Looked(Box<ShelfEntry>),
    /// When something is heard in a song.
    Found(Found),
}

/// When something is heard in a song.
#[derive(Debug, Clone)]
pub struct Found {
    /// The song.
    pub song: Id,
    /// The network's id.
    pub model: String,
    /// What is heard.
    pub stem: String,
    /// The stretches, and every window.
    pub detected: Detected,
}

impl Found {
    /// The outcome in one sentence.
    pub fn said(&self) -> String {
        let found = &self.detected;
        let count = found.regions.len();
        let spans = found.regions.iter().map(|r| r.end_secs - r.start_secs);
        format!(
            "{} on {}: {} in {count} stretch{}, {:.1} s of {:.1} s; {:.1} s of work",
            self.model,
            found.device,
            self.stem,
            if count == 1 { "" } else { "es" },
            spans.sum::<f64>(),
            found.audio_secs,
            found.taken_secs
        )
    }
}

impl TransferRequest {
    /// The tool whose button it stands for.
    pub fn tool(&self) -> Option<Tool> {
        (!self.is_short()).then_some(Tool::Transfer)
    }

    /// The song that a network is run on.
    pub fn song(&self) -> Option<Id> {
        match self {
            Self::Run(run) => Some(run.song),
            Self::Look(_) | Self::Write(..) => None,
        }
    }

    /// Whether it need not wait for networks that run.
    pub fn is_short(&self) -> bool {
        !matches!(self, Self::Run(_))
    }

    /// Does the work; runs on a worker.
    pub(in crate::gui) fn run(
        &self,
        job: JobId,
        kept: &mut KeptNetwork,
        reporter: &Reporter,
    ) -> Result<JobEvent> {
        let event = match self {
            Self::Look(path) => TransferEvent::Looked(Box::new(ModelShelf::entry(path))),
            Self::Write(path, windows) => {
                reporter.step("Writing the table", 0, 0)?;
                write_activity(path, windows, true)?;
                return Ok(JobEvent::Wrote(job, path.clone()));
            }
            Self::Run(run) if run.wanted == NetworkUse::Detect => {
                TransferEvent::Found(run.find(kept, reporter)?)
            }
            Self::Run(run) => {
                let made = run.transfer(kept, reporter)?;
                return Ok(JobEvent::TakeMade(job, Box::new(made)));
            }
        };
        Ok(JobEvent::Transfer(job, Box::new(event)))
    }
}

impl TransferRun {
    fn find(&self, kept: &mut KeptNetwork, reporter: &Reporter) -> Result<Found> {
        let (network, _) = kept.open(self.wanted, &self.model, &self.device, reporter)?;
        let options = DetectOptions {
            region: self.region,
            threshold: self.threshold,
        };
        let detected = detect(&self.clip.0, network, &options, reporter)?;
        let card = network.card();
        Ok(Found {
            song: self.song,
            model: card.id.clone(),
            stem: card.stems.first().cloned().unwrap_or_default(),
            detected,
        })
    }

    fn transfer(&self, kept: &mut KeptNetwork, reporter: &Reporter) -> Result<MadeTake> {
        let (style, style_secs) = match &self.style {
            Some((path, secs)) => (Some(read(path, reporter)?), *secs),
            None => (None, None),
        };
        let options = TransferOptions {
            region: self.region,
            phase: self.phase,
            style,
            style_secs,
            level: self.level,
            overlap: self.overlap,
            dropped: self.dropped,
            block_columns: None,
        };
        let (network, sha256) = kept.open(self.wanted, &self.model, &self.device, reporter)?;
        let done = transfer(&self.clip.0, network, &options, reporter)?;
        let card = network.card();
        let model = card.id.clone();
        let stem = card.stems.first().unwrap_or(&card.id).clone();
        let seconds = done.clip.seconds();
        let remark = self.remark(&done);
        let said = format!(
            "{model} on {}: {seconds:.1} s in {:.1} s, phase {}, level {:+.1} dB",
            done.device, done.taken_secs, done.phase, done.level_change_db
        );
        let sounds = keep(&stem, done.clip, self.folder.as_deref(), reporter)?;
        let start = self.region.map(|region| region.start_secs);
        let take = Take {
            model,
            model_sha256: Some(sha256),
            remark,
            region: start.map(|start_secs| Span {
                start_secs,
                end_secs: start_secs + seconds,
            }),
            device: done.device,
            made_unix_secs: unix_secs_now(),
            taken_secs: done.taken_secs,
            ..Take::default()
        };
        Ok(MadeTake {
            song: self.song,
            take,
            sounds,
            offset_secs: start.unwrap_or(0.0),
            said,
        })
    }

    /// Everything that decided the result, in words.
    fn remark(&self, done: &Transferred) -> String {
        let mut parts = vec![
            format!("phase {}", done.phase),
            format!(
                "{}, {:+.1} dB",
                level_label(self.level).to_lowercase(),
                done.level_change_db
            ),
            format!("overlap {:.2}", self.overlap),
        ];
        if let Some(db) = done.convergence_db {
            parts.push(format!("convergence {db:.1} dB"));
        }
        parts.extend(self.dropped.map(|dropped| {
            let text = match dropped {
                DroppedBins::Zero => "silence in dropped bins",
                DroppedBins::Input => "the song's own dropped bins",
            };
            text.to_owned()
        }));
        if let Some((path, secs)) = &self.style {
            let place = secs.map_or_else(
                || "where it is loudest".to_owned(),
                |secs| format!("from {secs:.2} s"),
            );
            parts.push(format!("style {} {place}", file_name(path)));
        }
        parts.join(" · ")
    }
}

/// A style's audio.
fn read(path: &Path, reporter: &Reporter) -> Result<Clip> {
    let (clip, info) = decode(path, None, reporter)?;
    for warning in &info.warnings {
        reporter.warn(format!("{warning}: {}", path.display()));
    }
    Ok(clip)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
