//! The models of a recipe, loaded once for all songs.

use std::sync::{Arc, Mutex, PoisonError};

use super::recipe::{ModelUse, Pour, Recipe};
use crate::apply::{self, Network, PeakRule, Segment, SegmentSpec, Separator, builtin_spec};
use crate::audio::{AudioInfo, Planar};
use crate::error::Result;
use crate::model::{Device, file_sha256};
use crate::progress::Reporter;

/// Bytes that the program takes before it has read a song, and with a network, as measured.
const BASE_BYTES: u64 = 80_000_000;
const NETWORK_BYTES: u64 = 60_000_000;
/// Bytes of a lane besides its batches: spectra, resampling, what the allocator keeps. Measured 75 to
/// 125 MB.
const LANE_BYTES: u64 = 130_000_000;
/// Bytes of a picture for each byte of its song: spectra of the whole length.
const DRAWN: u64 = 3;

/// Bytes of a clip that are held in memory at most.
const CLIP_BYTES: u64 = 212_000_000;

enum Tool {
    WeightFree(ModelUse),
    /// One graph for all lanes; they take turns.
    Network(Arc<Mutex<Network>>),
}

/// One model, ready.
struct Loaded {
    /// What stands for `{model}` in file names.
    name: String,
    /// Stems that it gives, the residual included.
    stems: Vec<String>,
    pours: Vec<Pour>,
    /// What the results depend on: the graph and its card, or the method and its settings.
    identity: String,
    tool: Tool,
}

/// The models of a recipe.
pub struct Kit {
    models: Vec<Loaded>,
    /// What the person should know about how they run.
    pub remarks: Vec<String>,
}

impl Kit {
    /// Loads every model.
    ///
    /// # Errors
    /// As [`ModelShelf::find`] and [`OnnxModel::load`]; [`Error::Setting`] if the recipe names a
    /// stem or a setting that a model does not have.
    pub fn load(recipe: &Recipe, device: &Device, threads: usize) -> Result<Self> {
        recipe.validate()?;
        let mut remarks = Vec::new();
        let models = recipe
            .models
            .iter()
            .map(|model| load(model, recipe, device, threads, &mut remarks))
            .collect::<Result<_>>()?;
        Ok(Self { models, remarks })
    }

    /// Number of models.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    pub(super) fn name(&self, model: usize) -> &str {
        &self.models[model].name
    }

    pub(super) fn pours(&self, model: usize) -> &[Pour] {
        &self.models[model].pours
    }

    pub(super) fn stems(&self, model: usize) -> &[String] {
        &self.models[model].stems
    }

    /// What the results depend on besides the recipe.
    pub(super) fn identity(&self) -> String {
        let all: Vec<&str> = self.models.iter().map(|m| m.identity.as_str()).collect();
        all.join("\n")
    }

    /// A separator for one lane.
    pub(super) fn separator(&self, model: usize) -> Result<Box<dyn Separator>> {
        match &self.models[model].tool {
            Tool::WeightFree(model) => apply::builtin::create(&model.id, &model.params()),
            Tool::Network(network) => Ok(Box::new(InTurns(Arc::clone(network)))),
        }
    }

    /// Bytes that one song takes at most while it is worked on.
    ///
    /// # Errors
    /// As [`Separator::prepare`].
    pub(super) fn song_bytes(&self, info: &AudioInfo, recipe: &Recipe) -> Result<u64> {
        let (sample_rate_hz, channels, frames) = (info.sample_rate, info.channels, info.frames);
        let mut most = 0;
        for model in 0..self.len() {
            let mut separator = self.separator(model)?;
            let rate = separator.sample_rate_hz().unwrap_or(sample_rate_hz);
            let spec = separator.prepare(rate)?;
            let stems = self.stems(model).len() as u64;
            let segment = (spec.segment_frames * channels * 4) as u64;
            // Three batches are in flight: read, run, joined; each with its stems.
            let batch = segment * spec.batch as u64 * (4 + 4 * stems);
            // What waits for all peaks to be known, and what a picture is drawn from, is held up to
            // where clips move to the disk.
            let rate = u64::from(sample_rate_hz);
            let song = (frames.unwrap_or(rate * 600) * channels as u64 * 4).min(CLIP_BYTES);
            let held = self.pours(model).len() as u64 * u64::from(recipe.level == PeakRule::Lower);
            let drawn = (stems + 1) * DRAWN * u64::from(recipe.pictures);
            most = most.max(LANE_BYTES + batch.max(song * drawn) + song * held);
        }
        Ok(most)
    }

    /// Bytes that are taken whatever the number of songs.
    pub(super) fn base_bytes(&self) -> u64 {
        let graphs = self.models.iter().map(|model| match &model.tool {
            Tool::WeightFree(_) => 0,
            Tool::Network(network) => {
                let network = network.lock().unwrap_or_else(PoisonError::into_inner);
                let file = std::fs::metadata(network.model().path()).map_or(0, |m| m.len());
                NETWORK_BYTES + 3 * file
            }
        });
        BASE_BYTES + graphs.sum::<u64>()
    }
}

fn load(
    model: &ModelUse,
    recipe: &Recipe,
    device: &Device,
    threads: usize,
    remarks: &mut Vec<String>,
) -> Result<Loaded> {
    let (name, params) = (apply::model_name(&model.id), model.params());
    if apply::is_weight_free(&model.id) {
        let separator = apply::open_weight_free(&model.id, &params, device)?;
        let stems = all_stems(separator.as_ref());
        return Ok(Loaded {
            pours: recipe.pours(&name, &stems)?,
            identity: format!("{}:{}", model.id, settings_text(model)),
            name,
            stems,
            tool: Tool::WeightFree(model.clone()),
        });
    }
    let (network, remark) = apply::open_network(&model.id, &params, device, threads)?;
    remarks.extend(remark.map(|remark| format!("{}: {remark}", model.id)));
    let graph = file_sha256(network.model().path(), &Reporter::silent())?;
    let identity = format!("{graph}:{}", network.card().to_json()?);
    let stems = all_stems(&network);
    Ok(Loaded {
        pours: recipe.pours(&name, &stems)?,
        identity,
        name,
        stems,
        tool: Tool::Network(Arc::new(Mutex::new(network))),
    })
}

fn all_stems(separator: &dyn Separator) -> Vec<String> {
    let mut stems = separator.stems();
    stems.extend(separator.residual());
    stems
}

/// Every setting of a weight-free method with the value that it has, so that naming a default is
/// the same as leaving it out.
fn settings_text(model: &ModelUse) -> String {
    let params = builtin_spec(&model.id).map(|spec| spec.params);
    let text: Vec<String> = params
        .unwrap_or_default()
        .iter()
        .map(|param| {
            let value = model.params.get(param.name).unwrap_or(&param.default);
            format!("{}={value}", param.name)
        })
        .collect();
    text.join(",")
}

/// A network that several lanes use one after the other: while one runs it, the others read and
/// write.
struct InTurns(Arc<Mutex<Network>>);

impl InTurns {
    fn with<T>(&self, act: impl FnOnce(&mut Network) -> T) -> T {
        // A run that failed leaves nothing half-done in the network.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Separator for InTurns {
    fn stems(&self) -> Vec<String> {
        self.with(|network| network.stems())
    }

    fn residual(&self) -> Option<String> {
        self.with(|network| network.residual())
    }

    fn sample_rate_hz(&self) -> Option<u32> {
        self.with(|network| network.sample_rate_hz())
    }

    fn device(&self) -> String {
        self.with(|network| network.device())
    }

    fn prepare(&mut self, sample_rate_hz: u32) -> Result<SegmentSpec> {
        self.with(|network| network.prepare(sample_rate_hz))
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        self.with(|network| network.run(segments, reporter))
    }
}
