//! From recordings, instruments and scores to examples that a network can learn from.
//!
//! ```text
//! MIDI file ─► Piece ─► instrument ─► rendered clip        (the same piece by many instruments)
//! seed ─► composer ─► Piece ─► MIDI file                   (music where there is none)
//! folders of songs ─► multitracks ─► stems, masks          (what separators learn from)
//! ```

mod augment;
pub mod compose;
mod draws;
mod examples;
mod excerpt_spec;
mod excerpts;
mod feature_kind;
mod feature_slices;
mod features;
mod file_digest;
mod find_midi;
mod info;
mod instrument;
mod leaks;
mod made;
mod manifest;
mod masks;
mod midi_events;
mod midi_read;
mod midi_tracks;
mod midi_write;
mod multitrack;
mod npy;
mod parts_folder;
mod piece;
mod render;
mod render_many;
mod render_parts;
mod render_place;
mod speech_mix;
mod statistics;
mod tempo_map;

pub use augment::{
    AugmentSpec, BandKind, Drawn, Echo, EqBand, RemixPart, Remixed, Reverb, draw_remix, remix,
};
pub use draws::Between;
pub use examples::{
    EXAMPLE_PRESETS, EXAMPLES_FILE, Example, ExampleBatch, ExampleCache, ExampleSet, ExampleShapes,
    ExampleSong, ExampleSource, ExampleSpec, ExampleStream, ExampleTarget, PictureChannels, Stored,
    example_preset, example_preset_about, store_examples, stored_example_spec,
};
pub use excerpt_spec::{EXCERPTS_FILE, ExcerptManifest, ExcerptMode, ExcerptSong, ExcerptSpec};
pub use excerpts::write_excerpts;
pub use feature_kind::FeatureKind;
pub use features::{
    FEATURES_FILE, FeatureFile, FeatureInput, FeatureManifest, FeatureOptions, InstrumentCount,
    find_features, write_features,
};
pub use info::{DatasetInfo, DatasetKind, FolderInfo, dataset_info};
pub use instrument::{
    Instrument, InstrumentChoice, Missing, NamedChoice, SampleBank, SoundFontProgram, Tone,
    open_nsynth, open_samples, pitch_from_name,
};
pub use leaks::Leak;
pub use masks::{
    ClassBalance, Polarity, RatioPower, SoftLabels, apply_mask, binary_mask, ratio_mask,
    ratio_masks,
};
pub use midi_read::read_midi;
pub use midi_write::write_midi;
pub use multitrack::{
    ExtractSpec, Extracted, Group, Layout, MUSDB_PARTS, MUSDB_VALIDATION, Mixture, MultitrackSet,
    MultitrackSpec, Part, Problem, ProblemKind, Song, Split, Take, extract, musdb_track, sections,
};
pub use npy::{NpyArray, npy_shape, read_npy, write_npy};
pub use piece::{DRUM_CHANNEL, Note, Piece};
pub use render::{Normalise, RenderSpec, Rendered, Tail, render, rendered_frames};
pub use render_many::{
    PlannedFile, PlannedPiece, RenderManyOptions, RenderOutcome, RenderPlan, RenderedFile,
    plan_renders, render_many,
};
pub use render_parts::{PartsMade, PartsOptions, PartsSong, part_of, render_parts};
pub use speech_mix::{MixedSpeech, SpeechMixSpec, SpeechPair, active_frames, speech_mix};
pub use statistics::Statistics;
