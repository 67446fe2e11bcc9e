//! The program: a window, or a command.

use std::process::ExitCode;

use clap::Parser as _;
use stemloom::cli::{Cli, Outcome, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Outcome::Exit(code) => code,
        Outcome::Window(files) => window(files),
    }
}

#[cfg(feature = "gui")]
fn window(files: Vec<std::path::PathBuf>) -> ExitCode {
    match stemloom::gui::launch(files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stemloom: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(not(feature = "gui"))]
fn window(_files: Vec<std::path::PathBuf>) -> ExitCode {
    eprintln!("stemloom: this build has no window; see `stemloom --help` for the commands");
    ExitCode::from(2)
}
