//! A few pictures, for what no label can say. `UPDATE_SNAPSHOTS=1` renews them.

use egui_kittest::SnapshotOptions;

use crate::window::{open_sized, with_song};

/// Text and lines may differ by a little between two software renderers.
fn options() -> SnapshotOptions {
    SnapshotOptions::new()
        .threshold(1.5)
        .max_failed_pixels(400_usize)
}

#[test]
fn the_empty_window() {
    let mut window = open_sized([900.0, 560.0], Vec::new());
    window.run_steps(4);
    window.snapshot_options("empty", &options());
}

#[test]
fn a_song_in_its_lane() {
    let (mut window, _folder) = with_song();
    window.set_size(egui::vec2(900.0, 560.0));
    crate::window::wait(
        &mut window,
        "tiles at this size",
        stemloom::gui::App::is_idle,
    );
    window.run_steps(6);
    crate::window::wait(
        &mut window,
        "tiles at this size",
        stemloom::gui::App::is_idle,
    );
    window.remove_cursor();
    window.run_steps(4);
    window.snapshot_options("song", &options());
}
