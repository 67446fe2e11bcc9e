//! Where networks learn: on the processor (burn's `flex`) or, with the feature `train-gpu`, on any
//! vendor's graphics card (burn's `wgpu`: Vulkan, Metal, DirectX 12).
//!
//! ```text
//! Recipe ─► ExampleSet ─► ExampleStream ─► Learner ─► weights, history, previews   ([`train`])
//!    └ lr_find, folds, grid: the same, tried out       └► export ─► ONNX with its card
//! ```

mod card;
mod checkpoint;
mod conv;
mod device;
mod event_file;
mod export;
mod fit;
mod history;
mod initial;
mod layer_shape;
mod learner;
mod loss;
mod lr_curve;
mod lr_find;
mod network;
mod network_ops;
mod networks;
mod onnx_graph;
mod onnx_nodes;
mod optimiser;
mod plan;
mod plan_shapes;
mod preview;
mod preview_sound;
mod recipe;
mod recipe_check;
mod recipe_overrides;
mod recipe_stages;
mod recipe_table;
mod recipes;
mod run;
mod run_data;
mod run_epoch;
mod run_events;
mod run_folder;
mod run_lock;
mod run_previews;
mod run_session;
mod run_start;
mod schedule;
mod seeds;
mod settings;
mod shards;
mod trials;
mod weights;

pub use card::card_of;
pub use checkpoint::{BestEpoch, Checkpoint};
pub use device::{Processor, TrainDevice, choose, list};
pub use export::{ExportOptions, Exported, copy_to_shelf, export, shelf_folder};
pub use history::{HistoryRow, read_history};
pub use loss::Losses;
pub use lr_curve::LrCurve;
pub use lr_find::{LrFind, LrFindOptions, LrPoint, lr_find};
pub use network::{BatchStats, Network};
pub use networks::{
    IbmCnn, IbmCnnDeep, NetworkSpec, OutputActivation, PatchDiscriminator, UnetMask, UnetMel,
    UnetPix2pix, Vad,
};
pub use onnx_graph::onnx_model;
pub use plan::{Init, LayerRow, Node, Op, Plan};
pub use preview::PreviewFiles;
pub use recipe::Recipe;
pub use recipe_overrides::open_recipe;
pub use recipes::{shipped_recipe, shipped_recipe_names};
pub use run::train;
pub use run_data::RunData;
pub use run_events::{Control, RunOptions, RunSummary, TrainEvent};
pub use run_folder::{RunOnDisk, RunRecord, RunStatus, read_run};
pub use run_previews::{RunPreview, read_previews};
pub(crate) use run_session::shell_word;
pub use settings::{
    BestBy, LossKind, LossSpec, OptimiserKind, OptimiserSpec, PreviewSpec, ScheduleKind,
    ScheduleSpec, TrainingSpec,
};
pub use trials::{Trial, Trials, combinations, folds, grid};
pub use weights::{WeightArray, Weights};
