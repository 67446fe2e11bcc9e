//! From recordings to examples that networks learn from: the dataset commands as a form, as jobs.

mod fields;
mod form;
mod request;
mod work;

use std::path::PathBuf;

pub(in crate::gui::train) use form::ui;
pub use request::{DataSongs, MakeRequest, SongsRequest};

use crate::dataset::{
    EXAMPLE_PRESETS, ExampleSource, ExcerptSpec, ExtractSpec, FeatureKind, SpeechMixSpec,
    example_preset,
};
use crate::gui::jobs::JobId;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MakeKind {
    /// Inputs and answers of a kind of network, as arrays.
    #[default]
    Store,
    /// Stretches of mixtures and of one stem, as sounds.
    Cut,
    /// Speech with music under it, as sounds.
    Speech,
    /// Pictures of instruments' recordings, as arrays.
    Pictures,
    /// Short spectra of songs with masks, as arrays of many songs.
    Excerpts,
}

impl MakeKind {
    /// All of them, in the order shown.
    pub const ALL: [Self; 5] = [
        Self::Store,
        Self::Cut,
        Self::Speech,
        Self::Pictures,
        Self::Excerpts,
    ];

    /// Its name, and what it does.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Store => (
                "Store examples",
                "Inputs and answers for a kind of network, as arrays",
            ),
            Self::Cut => (
                "Cut sections",
                "The same stretches of mixtures and of one stem, as WAV",
            ),
            Self::Speech => (
                "Speech in music",
                "Speech with music under it, and the same without, as WAV",
            ),
            Self::Pictures => (
                "Pictures",
                "Pictures of a folder per instrument, as arrays of one kind",
            ),
            Self::Excerpts => (
                "Excerpts",
                "Short spectra of songs with masks of a stem, as arrays",
            ),
        }
    }

    /// Whether it is made of the Data folder.
    pub fn is_of_data(self) -> bool {
        self != Self::Speech
    }
}

/// What a folder dialog of the form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MakePick {
    /// Where the results go.
    Out,
    /// Recordings of speech.
    Speech,
    /// Music.
    Music,
}

impl MakePick {
    /// The dialog's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Out => "Result folder",
            Self::Speech => "Speech folder",
            Self::Music => "Music folder",
        }
    }
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq)]
pub struct MakeForm {
    /// Whether the form is shown.
    pub open: bool,
    /// What is made.
    pub kind: MakeKind,
    /// Whose examples are stored: one of [`EXAMPLE_PRESETS`].
    pub preset: &'static str,
    /// What goes in.
    pub origin: String,
    /// What is to come out, with commas between.
    pub targets: String,
    /// How often a mixture is made of stems of different songs, 0–1.
    pub remix: f64,
    /// Several parts as one stem, with semicolons between.
    pub groups: String,
    /// At most this many songs; 0 is all.
    pub songs: usize,
    /// The part of the songs for validation, where the folder does not say.
    pub valid: f64,
    /// The part of the songs for the final test, likewise.
    pub test: f64,
    /// Which splits and draws these are.
    pub seed: u64,
    /// What is cut; its destination is `out`.
    pub cut: ExtractSpec,
    /// The folder of speech.
    pub speech: String,
    /// The folder of music.
    pub music: String,
    /// How they are mixed; its destination is `out`, its seed `seed`.
    pub mix: SpeechMixSpec,
    /// Which pictures are made.
    pub pictures: FeatureKind,
    /// What excerpts are made; their destination is `out`.
    pub excerpts: ExcerptSpec,
    /// Where the results go.
    pub out: String,
    /// Whether what is there is made anew.
    pub overwrite: bool,
    /// The job, while it runs.
    pub job: Option<JobId>,
    /// What is wrong with the form, or what went wrong.
    pub problem: Option<String>,
    /// What was made last.
    pub made: Option<PathBuf>,
}

impl Default for MakeForm {
    fn default() -> Self {
        let mut form = Self {
            open: false,
            kind: MakeKind::default(),
            preset: EXAMPLE_PRESETS[0],
            origin: String::new(),
            targets: String::new(),
            remix: 0.0,
            groups: String::new(),
            songs: 0,
            valid: 0.1,
            test: 0.0,
            seed: 0,
            cut: ExtractSpec {
                stem: "vocals".into(),
                ..ExtractSpec::default()
            },
            speech: String::new(),
            music: String::new(),
            mix: SpeechMixSpec::default(),
            pictures: FeatureKind::default(),
            excerpts: ExcerptSpec::default(),
            out: String::new(),
            overwrite: false,
            job: None,
            problem: None,
            made: None,
        };
        // Songs in stems are what most folders hold.
        form.choose_preset("mask");
        form
    }
}

impl MakeForm {
    /// Takes a preset, and what goes in and comes out as it says.
    pub fn choose_preset(&mut self, name: &'static str) {
        self.preset = name;
        if let Ok(spec) = example_preset(name) {
            self.origin = spec.origin;
            self.targets = spec.targets.join(", ");
        }
    }

    /// Whether the examples of the preset are of songs in stems.
    pub fn is_of_stems(&self) -> bool {
        example_preset(self.preset).is_ok_and(|spec| spec.source == ExampleSource::Stems)
    }
}
