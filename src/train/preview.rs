//! One fixed excerpt, seen and heard after every epoch.
//!
//! Neighbouring examples of one song are joined without overlap. The picture shows input, target
//! and output; of a network with several answers every answer's target and output:
//!
//! ```text
//! input  target    output        or, where they are wide, all below each other in this order
//!        target 2  output 2
//! ```
//!
//! How sound is made of them is in `preview_sound.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::learner::Tester;
use super::preview_sound::{Excerpt, SOUNDS, Sounds};
use super::recipe::Recipe;
use crate::dataset::{Example, ExampleSet, ExampleSpec, ExampleTarget, Split};
use crate::display::{Colormap, Picture};
use crate::error::{Error, Result};
use crate::progress::Reporter;
use crate::spectral::MagnitudeScale;

/// Examples among which the liveliest is looked for.
const CANDIDATES: usize = 8;
/// The most examples joined.
const MOST_EXAMPLES: usize = 128;
/// Sizes of each part of the picture, in pixels.
const LEAST_WIDTH: usize = 256;
const MOST_WIDTH: usize = 1024;
const LEAST_HEIGHT: usize = 64;
const MOST_HEIGHT: usize = 512;
/// Height of all parts together, about: more than every graphics card can show is of no use.
const MOST_HEIGHT_IN_ALL: usize = 4096;
/// Quieter magnitudes are black, in decibels below the loudest.
const LEAST_DB: f32 = -80.0;
/// Pixels between them.
const GAP: usize = 6;

const PICTURE: &str = "picture.png";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewFiles {
    /// Input, target and output as PNG: from the left, or from the top where they are wide. Targets
    /// and outputs of further answers are below.
    pub picture: PathBuf,
    /// The input, target and output as sound (mono, 32-bit float WAV); `None` where the examples
    /// hold no sound. Input and output have the target's level (root of the mean square), as far as
    /// 40 dB more are enough for it; where the target is silent they have their own. Of further
    /// answers, `target-STEM.wav` and `output-STEM.wav` are beside them.
    pub sounds: Option<[PathBuf; 3]>,
}

impl PreviewFiles {
    /// Those in a folder; `None` without a picture.
    pub(super) fn find(folder: &Path) -> Option<Self> {
        let picture = folder.join(PICTURE);
        let sounds = SOUNDS.map(|name| folder.join(name));
        picture.is_file().then(|| Self {
            picture,
            sounds: sounds.iter().all(|path| path.is_file()).then_some(sounds),
        })
    }
}

/// What an answer was to be and what it is.
pub(super) struct Answered {
    pub(super) target: Plane,
    pub(super) output: Plane,
    /// The phase of the output, if the network answers one.
    pub(super) phase: Option<Plane>,
}

/// Names of a network's answers, one after the other in its output.
pub(super) fn answers(spec: &ExampleSpec) -> &[String] {
    match spec.target {
        ExampleTarget::Picture if !spec.conditioned => &spec.targets,
        _ => spec.targets.get(..1).unwrap_or_default(),
    }
}

/// A picture's first channel, `[rows][columns]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Plane {
    pub(super) values: Vec<f32>,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Plane {
    /// A channel of examples' pictures side by side, the first `columns` columns of each.
    pub(super) fn joined(
        pictures: &[&[f32]],
        [_, rows, width]: [usize; 3],
        channel: usize,
        columns: usize,
    ) -> Self {
        let taken = columns.min(width);
        let mut values = Vec::with_capacity(rows * taken * pictures.len());
        for row in 0..rows {
            let start = (channel * rows + row) * width;
            for picture in pictures {
                values.extend(&picture[start..start + taken]);
            }
        }
        Self {
            values,
            rows,
            columns: taken * pictures.len(),
        }
    }

    /// The smallest and the largest value.
    fn range(&self) -> (f32, f32) {
        let values = self.values.iter();
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
            (low.min(*x), high.max(*x))
        })
    }
}

/// The excerpt, ready to be run through a network.
pub(super) struct Preview {
    spec: ExampleSpec,
    shapes: crate::dataset::ExampleShapes,
    examples: Vec<Example>,
    /// Columns of each that are shown.
    step: usize,
    sounds: Option<Sounds>,
}

impl Preview {
    /// Chooses the excerpt: validation songs if there are any, at the liveliest of a few places.
    pub(super) fn new(
        recipe: &Recipe,
        set: &Arc<ExampleSet>,
        data: &Path,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let spec = recipe.examples.clone();
        let split = if set.is_empty(Split::Valid) {
            Split::Train
        } else {
            Split::Valid
        };
        let step = spec
            .hop_columns
            .unwrap_or(spec.columns)
            .clamp(1, spec.columns);
        let hop_secs = spec.stft.hop_length as f64 / f64::from(spec.sample_rate_hz);
        let step_secs = step as f64 * hop_secs;
        let wanted = ((recipe.preview.secs / step_secs).ceil() as usize).clamp(1, MOST_EXAMPLES);
        let first = liveliest(set, split, wanted)?;
        let mut examples = vec![set.make(split, 0, first)?];
        // Wanted targets are drawn for each example where they are conditions.
        while !spec.conditioned && split == Split::Valid && examples.len() < wanted {
            reporter.check()?;
            let next = first + examples.len();
            if next >= set.len(split) {
                break;
            }
            let example = set.make(split, 0, next)?;
            let due = examples[0].start_secs + step_secs * examples.len() as f64;
            if example.song != examples[0].song || (example.start_secs - due).abs() > 0.5 * hop_secs
            {
                break;
            }
            examples.push(example);
        }
        let excerpt = Excerpt { split, first, step };
        let sounds = Sounds::new(&spec, &examples, excerpt, data, cache, reporter)?;
        Ok(Self {
            spec,
            shapes: set.shapes(),
            examples,
            step,
            sounds,
        })
    }

    /// Runs the network, and writes picture and sounds into `folder`.
    pub(super) fn write(&self, tester: &Tester, folder: &Path) -> Result<PreviewFiles> {
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
        let outputs: Vec<Vec<f32>> = self
            .examples
            .iter()
            .map(|example| tester.output(&example.input, self.shapes.input))
            .collect::<Result<_>>()?;
        let inputs: Vec<&[f32]> = self.examples.iter().map(|e| &e.input[..]).collect();
        let targets: Vec<&[f32]> = self.examples.iter().map(|e| &e.target[..]).collect();
        let outputs: Vec<&[f32]> = outputs.iter().map(|output| &output[..]).collect();
        let input = Plane::joined(&inputs, self.shapes.input, 0, self.step);
        let shape = self.shapes.target;
        let count = answers(&self.spec).len().max(1);
        let channels = (shape[0] / count).max(1);
        let answered: Vec<Answered> = (0..count)
            .map(|i| {
                let first = i * channels;
                let of = |pictures: &[&[f32]], channel: usize| {
                    Plane::joined(pictures, shape, channel, self.step)
                };
                Answered {
                    target: of(&targets, first),
                    output: of(&outputs, first),
                    // The phase that the network answers stands behind the magnitude.
                    phase: (channels > 1).then(|| of(&outputs, first + 1)),
                }
            })
            .collect();
        let picture = folder.join(PICTURE);
        let seen = Seen::new(&self.spec, &input, &answered);
        draw(&seen).write_png(&picture, true)?;
        let sounds = match &self.sounds {
            Some(sounds) => Some(sounds.write(&answered, folder)?),
            None => None,
        };
        Ok(PreviewFiles { picture, sounds })
    }
}

/// The example whose target varies most, of a few spread over the split, with room for as many as
/// are wanted.
fn liveliest(set: &ExampleSet, split: Split, wanted: usize) -> Result<usize> {
    let count = set.len(split).saturating_sub(wanted) + 1;
    let mut best = (0, f64::NEG_INFINITY);
    for candidate in 0..CANDIDATES.min(count) {
        let index = candidate * count / CANDIDATES.min(count);
        let example = set.make(split, 0, index)?;
        // Where the target is a single value, the input has to tell.
        let values = match example.target.len() {
            1 => &example.input,
            _ => &example.target,
        };
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
        let off = values.iter().map(|x| (f64::from(*x) - mean).powi(2));
        let variance = off.sum::<f64>() / values.len() as f64;
        if variance > best.1 {
            best = (index, variance);
        }
    }
    Ok(best.0)
}

/// What is drawn: the input, and each answer's target and output.
struct Seen {
    input: Plane,
    answers: Vec<[Plane; 2]>,
}

impl Seen {
    /// Plain magnitudes as decibels below the loudest, as ears take them.
    fn new(spec: &ExampleSpec, input: &Plane, answered: &[Answered]) -> Self {
        let is_plain = spec.picture.scale == MagnitudeScale::Linear;
        let mut input = input.clone();
        if is_plain {
            in_db(&mut [&mut input]);
        }
        let is_plain = is_plain && spec.target == ExampleTarget::Picture;
        let answers = answered.iter().map(|answer| {
            let (mut target, mut output) = (answer.target.clone(), answer.output.clone());
            if is_plain {
                in_db(&mut [&mut target, &mut output]);
            }
            [target, output]
        });
        Self {
            answers: answers.collect(),
            input,
        }
    }
}

/// Magnitudes as decibels of the largest of them all, [`LEAST_DB`] at least.
fn in_db(planes: &mut [&mut Plane]) {
    let highs = planes.iter().map(|plane| plane.range().1);
    let peak = highs.fold(f32::MIN_POSITIVE, f32::max);
    for value in planes.iter_mut().flat_map(|plane| &mut plane.values) {
        let db = 20.0 * (value.max(0.0) / peak).log10();
        *value = db.max(LEAST_DB);
    }
}

/// All pictures in one; an answer's target and output have one colour scale.
fn draw(Seen { input, answers }: &Seen) -> Picture {
    let width = input.columns.clamp(LEAST_WIDTH, MOST_WIDTH);
    let height = input.rows.clamp(LEAST_HEIGHT, MOST_HEIGHT);
    // Wide ones one below the other, others side by side.
    let is_wide = width > 2 * height;
    let (across, down) = if is_wide {
        (1, 1 + 2 * answers.len())
    } else {
        (3, answers.len())
    };
    let height = height.min(MOST_HEIGHT_IN_ALL / down.max(1));
    let all = |count: usize, length: usize| count * length + (count - 1) * GAP;
    let (full_width, full_height) = (all(across, width), all(down, height));
    let mut picture = Picture {
        width: full_width,
        height: full_height,
        pixels: vec![[96, 96, 104]; full_width * full_height],
    };
    let table = Colormap::Ember.table();
    let mut parts = vec![(input, input.range(), [0, 0])];
    for (i, [target, output]) in answers.iter().enumerate() {
        let (low, high) = target.range();
        let (out_low, out_high) = output.range();
        let shared = (low.min(out_low), high.max(out_high));
        for (j, plane) in [target, output].into_iter().enumerate() {
            let place = if is_wide {
                [0, 1 + 2 * i + j]
            } else {
                [1 + j, i]
            };
            parts.push((plane, shared, place));
        }
    }
    for (plane, (low, high), [column, row]) in parts {
        let (left, top) = (column * (width + GAP), row * (height + GAP));
        let span = (high - low).max(f32::MIN_POSITIVE);
        if plane.values.is_empty() {
            continue;
        }
        for y in 0..height {
            let row = (height - 1 - y) * plane.rows / height;
            for x in 0..width {
                let column = x * plane.columns / width;
                let value = plane.values[row * plane.columns + column];
                let unit = ((value - low) / span).clamp(0.0, 1.0);
                picture.pixels[(top + y) * full_width + left + x] = table[(unit * 255.0) as usize];
            }
        }
    }
    picture
}
