//! The window. The only user of egui, eframe and rfd.
//!
//! [`App`] owns everything. How a frame runs:
//!
//! ```text
//! logic: drain job, tile and player events (at most 8 ms) ─► fold into session, clips, notices
//! ui:    shortcuts ─► panels read a Scene and push Actions ─► overlays ─► actions run, in order
//! ```
//!
//! Nothing in `ui` opens a file, runs an FFT or waits: workers ([`jobs`], [`tiles`]) answer over
//! bounded channels and wake the window.

mod address;
mod app;
mod batch;
mod bottom;
mod card_form;
mod command;
mod dialogs;
mod evaluate;
mod execute;
mod export;
mod fold;
mod help;
mod icons;
mod inspector;
mod jobs;
mod lanes;
mod library;
mod listen;
mod loaded;
mod made;
mod notices;
mod palette;
mod preferences;
mod probes;
mod queues;
mod reconstruct;
mod requests;
mod runs;
mod saving;
mod scene;
mod separate_request;
mod settings;
mod sketch;
mod songs;
mod spectrum;
mod take_work;
mod theme;
mod tiles;
mod topbar;
mod train;
mod transfer;
mod transport;
mod truth;
mod welcome;
mod widgets;
mod worker;

use std::path::PathBuf;

pub use app::{App, Start};
pub use batch::BatchAction;
pub use command::{Command, Spec};
pub use evaluate::{EvaluateAction, EvaluatePick, Output};
pub use listen::{ListenAction, Sound};
pub use scene::Action;
pub use settings::{Settings, Tool, Workspace};
#[cfg(feature = "train")]
pub use train::LearnAction;
pub use train::TrainAction;
pub use transfer::{TransferAction, TransferPick};
pub use truth::TruthAction;

/// Opens the window on these files and runs until it is closed.
///
/// # Errors
/// If no window can be opened, for example without a display.
pub fn launch(files: Vec<PathBuf>) -> anyhow::Result<()> {
    if cfg!(target_os = "linux")
        && ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .all(|v| std::env::var_os(v).is_none())
    {
        anyhow::bail!(
            "there is no display to open a window on; see `stemloom --help` for the commands"
        );
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Stemloom")
            .with_app_id("stemloom")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([900.0, 560.0])
            .with_drag_and_drop(true)
            .with_icon(icons::app_icon()),
        ..Default::default()
    };
    let start = Start {
        files,
        ..Start::default()
    };
    eframe::run_native(
        "stemloom",
        options,
        Box::new(move |cc| Ok(Box::new(App::new(&cc.egui_ctx, start)))),
    )
    .map_err(|error| anyhow::anyhow!("the window could not be opened: {error}"))
}
