//! The card of a trained network: it is to be fed as it was fed while it learned.
//!
//! | the examples' answer | the card |
//! |---|---|
//! | stems, by a network that multiplies a mask | `magnitude-mask`, each channel on its own |
//! | labels of a binary mask | the same, run for every column |
//! | pictures of bins, of mel bands | `picture-picture`, `mel-mel`, mono |
//! | activity | `magnitude-activity`, mono |

use std::collections::BTreeMap;

use super::plan::Plan;
use super::recipe::Recipe;
use crate::dataset::{ExampleSource, ExampleSpec, ExampleTarget, PictureChannels, Polarity};
use crate::error::{Error, Result};
use crate::model::{
    AudioCard, BinFill, CardChannels, FadeName, MaskPolarity, ModelCard, OutputCard, SegmentCard,
    SegmentUnit, Task, TensorCard, TensorKind,
};
use crate::spectral::{DroppedBins, MagnitudeScale, Padding, StftSpec};

/// Share of a segment that lies in the next one.
const OVERLAP: f64 = 0.5;
/// What comes out of a network that imitates whatever it is shown.
const STYLED: &str = "styled";

/// The card of a network that a recipe's last stage trains, named after the recipe. It can be asked
/// for before the training, to know whether its result can be exported.
///
/// # Errors
/// [`Error::Setting`] that names the field if what the network learns cannot be run on songs, and
/// as [`Recipe::plan`].
pub fn card_of(recipe: &Recipe) -> Result<ModelCard> {
    let spec = &recipe.examples;
    let plan = recipe.plan(spec.shapes()?)?;
    let kind = kind_of(spec, &plan);
    let every_column = matches!(spec.target, ExampleTarget::Labels { .. });
    check(spec, &plan, kind)?;
    let is_mask = kind == TensorKind::MagnitudeMask;
    let rows = plan.input[1];
    let bins = spec.stft.bins();
    let bands = match &spec.picture.mel {
        Some(mel) => mel.bands,
        None => spec.picture.bins_kept.unwrap_or(bins).min(rows),
    };
    let (stft, border) = front(spec, is_mask && !every_column);
    let name = match recipe.title.as_str() {
        "" => recipe.name.clone(),
        title => title.to_owned(),
    };
    Ok(ModelCard {
        id: recipe.name.clone(),
        name,
        task: task(spec, kind),
        stems: stems(spec),
        license: String::new(),
        source: format!("trained by stemloom {}", env!("CARGO_PKG_VERSION")),
        training: String::new(),
        scores: BTreeMap::new(),
        audio: AudioCard {
            sample_rate_hz: spec.sample_rate_hz,
            channels: if is_mask {
                CardChannels::PerChannel
            } else {
                CardChannels::Mono
            },
        },
        tensor: TensorCard {
            input: "input".to_owned(),
            outputs: vec!["output".to_owned()],
            input_channels: spec.input,
            output_channels: match kind {
                TensorKind::PicturePicture => spec.output,
                _ => PictureChannels::Magnitude,
            },
            style: spec.conditioned,
            every_column,
            ..TensorCard::new(kind)
        },
        stft: Some(stft),
        zeroed_low_bins: 0,
        bins_kept: (spec.picture.mel.is_none() && bands != bins).then_some(bands),
        bin_fill: match spec.picture.dropped {
            DroppedBins::Zero => BinFill::Zero,
            DroppedBins::Input => BinFill::Mixture,
        },
        mel: spec.picture.mel.clone(),
        height: (rows > bands).then_some(rows),
        scale: spec.picture.scale,
        segment: SegmentCard {
            length: spec.columns,
            unit: SegmentUnit::Columns,
            // A song's last segment is of any length, which a network that halves cannot take.
            fixed: !plan.free_width() || plan.width_multiple() > 1 || !is_mask,
            overlap: OVERLAP,
            window: FadeName::Linear,
            border,
        },
        output: OutputCard {
            polarity: polarity(spec),
            residual: is_mask.then(|| residual(spec)).flatten(),
            ..OutputCard::default()
        },
    })
}

fn kind_of(spec: &ExampleSpec, plan: &Plan) -> TensorKind {
    match spec.target {
        ExampleTarget::Activity { .. } => TensorKind::MagnitudeActivity,
        ExampleTarget::Labels { .. } => TensorKind::MagnitudeMask,
        ExampleTarget::Picture if plan.export_node.is_some() => TensorKind::MagnitudeMask,
        ExampleTarget::Picture if spec.picture.mel.is_some() => TensorKind::MelMel,
        ExampleTarget::Picture => TensorKind::PicturePicture,
    }
}

/// Whether what is learned can be run on songs.
fn check(spec: &ExampleSpec, plan: &Plan, kind: TensorKind) -> Result<()> {
    let fail = |field: &str, problem: &str| {
        let problem = format!("{problem}; what is trained so cannot be exported");
        Err(Error::setting(format!("examples.{field}"), problem))
    };
    let makes_pictures = matches!(kind, TensorKind::PicturePicture | TensorKind::MelMel);
    let is_mask = kind == TensorKind::MagnitudeMask;
    let has_labels = matches!(spec.target, ExampleTarget::Labels { .. });
    let rows = plan.input[1];
    if makes_pictures && !spec.conditioned && spec.targets.len() > 1 {
        return fail("targets", "a network of several pictures answers no sound");
    }
    if !makes_pictures && spec.conditioned {
        return fail("conditioned", "only networks that make pictures take one");
    }
    if !makes_pictures && spec.input != PictureChannels::Magnitude {
        return fail("input", "masks and activity are made of magnitudes alone");
    }
    if is_mask && spec.picture.mel.is_some() {
        return fail("picture.mel", "a mask of mel bands fits no spectrum");
    }
    if has_labels && plan.export_node.is_some() {
        return fail("target", "labels need a network that answers them itself");
    }
    if is_mask && !has_labels {
        let is_linear = match spec.picture.scale {
            MagnitudeScale::Linear => true,
            MagnitudeScale::MinMax { min, .. } => min == 0.0,
            _ => false,
        };
        if !is_linear {
            return fail("picture.scale", "a mask multiplies linear magnitudes");
        }
        let own = spec.picture.bins_kept.unwrap_or(spec.stft.bins());
        if rows > own {
            return fail("height", "masks have no rows above their bins");
        }
    }
    // Of an even width the label is that of the column before the middle, and the card's behind it.
    if let ExampleTarget::Labels { columns: 1, .. } = spec.target
        && spec.columns.is_multiple_of(2)
    {
        return fail("columns", "a label of the middle needs an odd width");
    }
    match &spec.picture.mel {
        Some(mel) if rows < mel.bands => fail("height", "is less than the mel bands"),
        _ => Ok(()),
    }
}

/// The transform, and the samples at each end of a segment that count for nothing.
///
/// Beyond a song's ends there is silence in every example. A mask's segments are cut so that their
/// outer columns see what lies beside them, as an example's do.
fn front(spec: &ExampleSpec, in_segments: bool) -> (StftSpec, usize) {
    let stft = StftSpec {
        padding: Padding::Constant,
        ..spec.stft.clone()
    };
    if !in_segments {
        return (stft, 0);
    }
    let border = stft.n_fft / 2;
    let uncentred = StftSpec {
        center: false,
        pad_length: None,
        ..stft
    };
    (uncentred, border)
}

fn task(spec: &ExampleSpec, kind: TensorKind) -> Task {
    match (kind, spec.source) {
        (TensorKind::MagnitudeActivity, _) => Task::Detect,
        (_, ExampleSource::Speech) => Task::Enhance,
        (TensorKind::MagnitudeMask, _) => Task::Separate,
        _ => Task::Transfer,
    }
}

fn stems(spec: &ExampleSpec) -> Vec<String> {
    if spec.conditioned && (spec.any_to_any || spec.targets.len() > 1) {
        vec![STYLED.to_owned()]
    } else {
        spec.targets.clone()
    }
}

/// What a single stem leaves of a mixture.
fn residual(spec: &ExampleSpec) -> Option<String> {
    let [stem] = &spec.targets[..] else {
        return None;
    };
    let name = if stem.eq_ignore_ascii_case("vocals") {
        "accompaniment"
    } else {
        "rest"
    };
    let is_mixture = spec.source != ExampleSource::Instruments;
    (is_mixture && !stem.eq_ignore_ascii_case(name)).then(|| name.to_owned())
}

fn polarity(spec: &ExampleSpec) -> MaskPolarity {
    match spec.target {
        ExampleTarget::Labels {
            polarity: Polarity::Rest,
            ..
        } => MaskPolarity::Rest,
        _ => MaskPolarity::Target,
    }
}
