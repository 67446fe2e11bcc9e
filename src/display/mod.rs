//! What a picture needs, with no toolkit in sight: plain arrays that the window or a PNG paints.
//!
//! Everything cached is keyed to absolute time, never to the view, so that a pixel keeps its
//! value while the view scrolls. Measured values ([`MagTile`], [`PeakPyramid`]) and colours
//! ([`Colormap`]) are kept apart: a slider recolours without a single FFT.

mod box_plot;
mod canvas;
mod colormap;
mod difference;
mod freq_axis;
mod panel;
mod peaks;
mod picture;
mod tiles;
mod viewport;

pub use box_plot::{BoxFigures, BoxGroup, box_figures, draw_boxes};
pub use canvas::Picture;
pub use colormap::{Colormap, difference_table};
pub use difference::colour_difference;
pub use freq_axis::{FreqAxis, FreqScale, note_name};
pub use panel::Panel;
pub use peaks::{Peak, PeakPyramid};
pub use picture::{PictureSpec, draw_panels, draw_stems};
pub use tiles::{
    HOP_LENGTH, MagTile, N_FFT, Overview, TILE_COLUMNS, TileKey, TileStore, colour_tile,
    spectrum_at, tile_from_clip,
};
pub use viewport::Viewport;
