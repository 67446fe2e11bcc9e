//! The Transfer tool: a song in another voice, or when something is heard in it, by a network.
//!
//! ```text
//! form ─► Request::Transfer ─► engine ─► TakeMade: a lane named by the network's stem
//!                                   └──► Found: stretches to be heard, and a table of all windows
//! ```
//!
//! Models are those of the shelf, and ONNX files that are opened where they lie.

mod commands;
mod form;
mod found;
mod models;
mod work;

use std::collections::HashMap;
use std::path::PathBuf;

use crate::apply::{LevelRule, NetworkUse};
use crate::model::{Device, ModelCard, ModelShelf, ShelfEntry};
use crate::phase::{PhaseMethod, PhaseSpec};
use crate::session::Id;
use crate::spectral::DroppedBins;

pub(super) use form::ui;
pub(super) use models::{tool_for, use_of};
pub use work::{Found, TransferEvent, TransferRequest};

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum TransferAction {
    /// Ask by dialog for a file.
    Browse(TransferPick),
    /// Read the card of an ONNX file, and choose it if the tool can run it.
    OpenModel(PathBuf),
}

/// What a dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPick {
    /// An ONNX file.
    Model,
    /// A recording to imitate.
    Style,
    /// The table of what was found in a song.
    Csv(Id),
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferForm {
    /// The model's id, or its file; empty if there is none yet.
    model: String,
    selection_only: bool,
    device: Device,
    /// The phase method; none is as the card says.
    phase: Option<PhaseMethod>,
    /// Iterations; none is as the card says.
    iterations: Option<usize>,
    /// The recording to imitate, as typed.
    style: String,
    /// Whether it is taken from `style_secs` on, and not where it is loudest.
    style_at: bool,
    style_secs: f64,
    level: LevelRule,
    /// What stands in bins that are not in the picture; none is as the card says.
    dropped: Option<DroppedBins>,
    /// Share of a slice, 0–0.9.
    overlap: f64,
    /// Probability from which something counts as heard, 0–1.
    threshold: f32,
}

impl Default for TransferForm {
    fn default() -> Self {
        Self {
            model: String::new(),
            selection_only: false,
            device: Device::Auto,
            phase: None,
            iterations: None,
            style: String::new(),
            style_at: false,
            style_secs: 0.0,
            level: LevelRule::default(),
            dropped: None,
            overlap: 0.5,
            threshold: 0.5,
        }
    }
}

impl TransferForm {
    /// Chooses a model; what was set for the one before says nothing of it.
    fn choose(&mut self, model: String) {
        self.model = model;
        self.phase = None;
        self.iterations = None;
        self.dropped = None;
    }

    /// Why it cannot be run, if it cannot.
    fn problem(&self, card: Option<&ModelCard>) -> Option<&'static str> {
        let Some(card) = card else {
            return Some("Choose a model");
        };
        (card.tensor.style && self.style.trim().is_empty())
            .then_some("Choose a style: a recording that sounds as the result should")
    }

    /// The phases that are asked for; none leaves them to the card.
    fn phase_spec(&self, card: &ModelCard) -> Option<PhaseSpec> {
        self.phase.map(|method| PhaseSpec {
            iterations: self.iterations.unwrap_or(card.output.phase_iterations),
            ..PhaseSpec::new(method)
        })
    }
}

/// The tool's state.
#[derive(Debug, Clone, Default)]
pub struct TransferView {
    /// The form.
    form: TransferForm,
    /// ONNX files that were opened where they lie; their ids are their paths.
    opened: Vec<ShelfEntry>,
    /// What was found last in each song.
    found: HashMap<Id, Found>,
}

impl TransferView {
    /// Forgets what was found in a song.
    pub(super) fn forget(&mut self, song: Id) {
        self.found.remove(&song);
    }

    /// The chosen model's card, if it is there and the tool can run it.
    fn card<'a>(&'a self, shelf: &'a ModelShelf) -> Option<&'a ModelCard> {
        card_of(shelf, &self.opened, &self.form.model)
    }

    /// Chooses the first model that the tool can run, if none was chosen.
    fn settle(&mut self, shelf: &ModelShelf) {
        if !self.form.model.is_empty() {
            return;
        }
        let fits = |entry: &&ShelfEntry| entry.card.as_ref().is_ok_and(|c| use_of(c).is_some());
        if let Some(entry) = shelf.entries.iter().find(fits) {
            self.form.choose(entry.id.clone());
        }
    }
}

/// A model's card, if it is there and the tool can run it.
fn card_of<'a>(
    shelf: &'a ModelShelf,
    opened: &'a [ShelfEntry],
    model: &str,
) -> Option<&'a ModelCard> {
    let entry = shelf.entries.iter().chain(opened).find(|e| e.id == model)?;
    let card = entry.card.as_ref().ok()?;
    use_of(card).map(|_| card)
}

/// Whether the network tells when something is heard, instead of making a sound.
fn finds(card: &ModelCard) -> bool {
    use_of(card) == Some(NetworkUse::Detect)
}

/// A rule's name for people.
fn level_label(rule: LevelRule) -> &'static str {
    match rule {
        LevelRule::Match => "As loud as the song",
        LevelRule::Peak => "Peak at full scale",
        LevelRule::None => "As predicted",
    }
}
