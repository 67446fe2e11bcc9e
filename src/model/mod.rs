//! The networks: their cards, the shelf they stand on, and ONNX Runtime.
//!
//! ```text
//! folder ─► ModelShelf ─► ModelCard (how to feed it) ┐
//!                         OnnxModel (runs it)        ├─► apply::Network
//!              Runtime (library, providers) ─────────┘
//! ```

mod card;
mod card_check;
mod card_output;
mod card_tensor;
mod families;
mod graph_check;
mod install;
mod onnx;
pub mod proto;
mod runtime;
mod shelf;

pub use card::{
    AudioCard, CARD_METADATA_KEY, CardChannels, FadeName, ModelCard, SegmentCard, SegmentUnit, Task,
};
pub use card_output::{BinFill, CARD_PHASE_ITERATIONS, CARD_PHASES, MaskPolarity, OutputCard};
pub use card_tensor::{PictureChannels, TensorAxes, TensorCard, TensorKind};
pub use families::{Guess, guess};
pub use install::{InstallOptions, ONNXRUNTIME_VERSION, install_runtime};
pub use onnx::{OnnxModel, Runtime, Tensor, TensorInfo};
pub use runtime::{
    Device, RuntimeStatus, find_library, library_file_name, runtime_dir, set_library_path,
};
pub use shelf::{ModelShelf, ShelfEntry, file_sha256, text_sha256};
