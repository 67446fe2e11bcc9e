//! Sound of an excerpt's pictures, to be heard beside each other.
//!
//! Picture → magnitudes → phase → samples. The phase is the network's own where it answers one,
//! else the input's, which a second look at the same songs tells; where that cannot be had (mel
//! bands, stored examples) it is found by the fast Griffin-Lim. Input and output are brought to the
//! target's level, so that they are compared by what they sound like.

use std::path::{Path, PathBuf};

use super::preview::{Answered, Plane, answers};
use crate::apply::ClipFile;
use crate::audio::{AudioFormat, Clip, apply_gain, rms, sanitise_file_name};
use crate::dataset::{
    Example, ExampleSet, ExampleSpec, ExampleTarget, PictureChannels, Polarity, Split,
};
use crate::error::Result;
use crate::phase::{PhaseMethod, PhaseSpec, reconstruct};
use crate::progress::Reporter;
use crate::spectral::{Complex32, PicturePlan, Spectrogram, Stft};

/// Files of the input, and of the first answer's target and output.
pub(super) const SOUNDS: [&str; 3] = ["input.wav", "target.wav", "output.wav"];

/// The most that a sound is raised: 40 dB. Beyond that it is noise that would be heard.
const MOST_GAIN: f32 = 100.0;

/// Which examples an excerpt is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Excerpt {
    pub(super) split: Split,
    pub(super) first: usize,
    /// Columns taken of each.
    pub(super) step: usize,
}

/// What an output is.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Picture,
    /// A share of the input's magnitudes.
    Mask(Polarity),
}

/// All of an excerpt's sound that does not depend on the network.
pub(super) struct Sounds {
    stft: Stft,
    plan: PicturePlan,
    silence: f32,
    sample_rate_hz: u32,
    answer: Answer,
    /// Magnitudes of the input, `columns × bins`.
    input: Vec<f32>,
    /// Phases of the input in radians, `columns × bins`, if they are known.
    input_phase: Option<Vec<f32>>,
    input_samples: Vec<f32>,
    /// Of each answer: its name, and how its target sounds.
    targets: Vec<(String, Vec<f32>)>,
}

impl Sounds {
    /// Prepares input and targets; `None` where the examples hold no sound.
    pub(super) fn new(
        spec: &ExampleSpec,
        examples: &[Example],
        excerpt: Excerpt,
        data: &Path,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Option<Self>> {
        let answer = match spec.target {
            ExampleTarget::Picture => Answer::Picture,
            ExampleTarget::Labels {
                columns, polarity, ..
            } if columns == spec.columns => Answer::Mask(polarity),
            _ => return Ok(None),
        };
        let shapes = spec.shapes()?;
        let stft = Stft::new(&spec.stft)?.robust();
        let plan = spec.picture.plan(&spec.stft, spec.sample_rate_hz)?;
        let inputs: Vec<&[f32]> = examples.iter().map(|e| &e.input[..]).collect();
        let targets: Vec<&[f32]> = examples.iter().map(|e| &e.target[..]).collect();
        let input = Plane::joined(&inputs, shapes.input, 0, excerpt.step);
        let mut sounds = Self {
            stft,
            plan,
            silence: spec.picture.scale.forward(0.0),
            sample_rate_hz: spec.sample_rate_hz,
            answer,
            input: Vec::new(),
            input_phase: None,
            input_samples: Vec::new(),
            targets: Vec::new(),
        };
        sounds.input = sounds.magnitudes(&input);
        let phases = phases(spec, examples, excerpt, data, cache, reporter)?;
        sounds.input_phase = phases.as_ref().map(|(input, _)| sounds.radians(input));
        sounds.input_samples = sounds.samples(&sounds.input, sounds.input_phase.as_deref())?;
        let names = answers(spec);
        let channels = (shapes.target[0] / names.len().max(1)).max(1);
        for (i, name) in names.iter().enumerate() {
            let target = Plane::joined(&targets, shapes.target, i * channels, excerpt.step);
            let phase = phases.as_ref().and_then(|(_, targets)| targets.get(i));
            let own = phase.map(|phase| sounds.radians(phase));
            let phase = own.as_deref().or(sounds.input_phase.as_deref());
            let samples = sounds.samples(&sounds.answered(&target), phase)?;
            sounds.targets.push((name.clone(), samples));
        }
        Ok(Some(sounds))
    }

    /// Writes input, targets and outputs; each output at its target's level (root of the mean
    /// square), the input at the first one's.
    pub(super) fn write(&self, answered: &[Answered], folder: &Path) -> Result<[PathBuf; 3]> {
        let paths = SOUNDS.map(|name| folder.join(name));
        for (i, ((name, target), answer)) in self.targets.iter().zip(answered).enumerate() {
            let magnitudes = self.answered(&answer.output);
            let own = answer.phase.as_ref().map(|phase| self.radians(phase));
            let phase = own.as_deref().or(self.input_phase.as_deref());
            let output = self.samples(&magnitudes, phase)?;
            let wanted = rms(target);
            if i == 0 {
                self.keep(&paths[0], levelled(self.input_samples.clone(), wanted))?;
                self.keep(&paths[1], target.clone())?;
                self.keep(&paths[2], levelled(output, wanted))?;
            } else {
                let path = |what: &str| {
                    let file = sanitise_file_name(&format!("{what}-{name}"));
                    folder.join(format!("{file}.wav"))
                };
                self.keep(&path("target"), target.clone())?;
                self.keep(&path("output"), levelled(output, wanted))?;
            }
        }
        Ok(paths)
    }

    fn keep(&self, path: &Path, samples: Vec<f32>) -> Result<()> {
        let file = ClipFile::new(path.to_path_buf(), Some(AudioFormat::Wav32f), true)?;
        let clip = Clip::new(self.sample_rate_hz, vec![samples]);
        file.write(&clip, &Reporter::silent())?;
        Ok(())
    }

    /// Magnitudes that an answer stands for, `columns × bins`.
    fn answered(&self, answer: &Plane) -> Vec<f32> {
        match self.answer {
            Answer::Picture => self.magnitudes(answer),
            Answer::Mask(polarity) => {
                let share = self.by_column(answer, self.bins(), 0.0);
                let masked = share.iter().zip(&self.input);
                masked
                    .map(|(share, m)| match polarity {
                        Polarity::Target => share * m,
                        Polarity::Rest => (1.0 - share) * m,
                    })
                    .collect()
            }
        }
    }

    fn bins(&self) -> usize {
        self.stft.spec().bins()
    }

    /// Magnitudes of a scaled picture; bins that are not in it are silent.
    fn magnitudes(&self, picture: &Plane) -> Vec<f32> {
        let columns = self.by_column(picture, self.plan.height(), self.silence);
        let left_out = vec![0.0; picture.columns * self.bins()];
        self.plan.inverse(&columns, &left_out)
    }

    /// Phases in radians of a picture of phases over π.
    fn radians(&self, picture: &Plane) -> Vec<f32> {
        let mut phases = self.by_column(picture, self.bins(), 0.0);
        apply_gain(&mut phases, std::f32::consts::PI);
        phases
    }

    /// `[rows][columns]` as columns of `height` values; rows that there are not are `fill`.
    fn by_column(&self, plane: &Plane, height: usize, fill: f32) -> Vec<f32> {
        let mut out = vec![fill; plane.columns * height];
        for row in 0..plane.rows.min(height) {
            for column in 0..plane.columns {
                out[column * height + row] = plane.values[row * plane.columns + column];
            }
        }
        out
    }

    fn samples(&self, magnitudes: &[f32], phases: Option<&[f32]>) -> Result<Vec<f32>> {
        let bins = self.bins();
        let columns = magnitudes.len() / bins;
        let frames = columns * self.stft.spec().hop_length;
        let Some(phases) = phases else {
            let spec = PhaseSpec::new(PhaseMethod::FastGriffinLim);
            let magnitudes = [magnitudes.to_vec()];
            let quiet = Reporter::silent();
            let found = reconstruct(&self.stft, &magnitudes, frames, &spec, None, &quiet)?;
            return Ok(found.samples.into_iter().next().unwrap_or_default());
        };
        let complex = magnitudes.iter().zip(phases);
        let spectrogram = Spectrogram {
            channels: vec![
                complex
                    .map(|(m, p)| Complex32::from_polar(*m, *p))
                    .collect(),
            ],
            columns,
            bins,
        };
        let samples = self.stft.inverse(&spectrogram, frames);
        Ok(samples.into_iter().next().unwrap_or_default())
    }
}

/// Samples at a level (root of the mean square), as far as the greatest gain allows; as they are if
/// either is silent.
fn levelled(mut samples: Vec<f32>, wanted: f32) -> Vec<f32> {
    let level = rms(&samples);
    if level > 0.0 && wanted > 0.0 {
        apply_gain(&mut samples, (wanted / level).min(MOST_GAIN));
    }
    samples
}

/// Phases over π of the excerpt's input and targets, if the songs can be looked at again.
fn phases(
    spec: &ExampleSpec,
    examples: &[Example],
    excerpt: Excerpt,
    data: &Path,
    cache: Option<&Path>,
    reporter: &Reporter,
) -> Result<Option<(Plane, Vec<Plane>)>> {
    if spec.picture.mel.is_some() {
        return Ok(None);
    }
    let with_phase = ExampleSpec {
        input: PictureChannels::MagnitudePhase,
        output: PictureChannels::MagnitudePhase,
        target: ExampleTarget::Picture,
        ..spec.clone()
    };
    let set = match ExampleSet::open(data, &with_phase, cache, reporter) {
        Ok(set) => set,
        Err(error) if error.is_cancelled() => return Err(error),
        // Stored examples are what they are.
        Err(_) => return Ok(None),
    };
    let shapes = set.shapes();
    let mut seen = Vec::with_capacity(examples.len());
    for (i, example) in examples.iter().enumerate() {
        let index = excerpt.first + i;
        if index >= set.len(excerpt.split) {
            return Ok(None);
        }
        let again = set.make(excerpt.split, 0, index)?;
        // Only if it is the same stretch of the same song.
        let plane = shapes.input[1] * shapes.input[2];
        let is_same = again.input.len() >= plane
            && example.input.len() >= plane
            && again.input[..plane]
                .iter()
                .zip(&example.input[..plane])
                .all(|(a, b)| (a - b).abs() < 1e-4);
        if !is_same {
            return Ok(None);
        }
        seen.push(again);
    }
    let inputs: Vec<&[f32]> = seen.iter().map(|e| &e.input[..]).collect();
    let targets: Vec<&[f32]> = seen.iter().map(|e| &e.target[..]).collect();
    // Each target's phase stands behind its magnitude.
    let phase = |i: usize| Plane::joined(&targets, shapes.target, 2 * i + 1, excerpt.step);
    Ok(Some((
        Plane::joined(&inputs, shapes.input, 1, excerpt.step),
        (0..shapes.target[0] / 2).map(phase).collect(),
    )))
}
