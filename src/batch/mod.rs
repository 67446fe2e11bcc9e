//! Many songs overnight: a queue, a recipe, and nothing lost.
//!
//! ```text
//! files, folders ─► gather ─► Plan (names, checks, problems) ─► run: lanes ─► Report
//!                   Recipe ──────┘                               │
//!              Ledger (what is whole already), claims (who has what) ┘
//! ```
//!
//! A song that fails is that song's failure. Every file appears by rename; what a run has finished
//! is written down beside the results, by the content of the input, the settings and the content
//! of the outputs, so a run that was killed goes on where it was. Order, number of lanes and shards
//! never change a sample.

mod awake;
mod board;
mod checks;
mod document;
mod gather;
mod kit;
mod lanes;
mod ledger;
mod mixdown;
mod names;
mod page;
mod picture;
mod plan;
mod recipe;
mod recipes;
mod report;
mod row;
mod shard;
mod song;

pub use awake::StayAwake;
pub use board::Board;
pub use document::Queue;
pub use gather::{Entry, gather};
pub use kit::Kit;
pub use lanes::{RunSettings, run};
pub use ledger::{LEDGER_FOLDER, Ledger};
pub use page::report_page;
pub use picture::draw_result;
pub use plan::{Job, Plan, Problem, Severity};
pub use recipe::{Existing, Mixdown, ModelUse, Recipe};
pub use recipes::{RecipeName, list_recipes, load_recipe, save_recipe};
pub use report::{FileReport, OutputFile, Report, read_reports, report_paths};
pub use row::{BatchEvent, Row, RowState, Totals};
pub use shard::Shard;
