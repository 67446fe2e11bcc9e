//! A clip's spectrogram from tiles, with a frequency scale.

use egui::{Align2, Color32, Rect, Ui, pos2};

use crate::display::{FreqAxis, HOP_LENGTH, TILE_COLUMNS, TileKey, Viewport, difference_table};
use crate::gui::scene::ClipView;
use crate::gui::settings::Settings;
use crate::gui::theme::small;
use crate::gui::tiles::{ColourKey, TileSource, Tiles};
use crate::session::Lane;

/// The first level that comes from the overview.
const OVERVIEW_LEVEL: u32 = 4;
/// Coarser tiles tried while the right one is being made.
const MAX_FALLBACK: u32 = 12;

/// A lane and what is known of its clip.
pub type Shown<'a> = (&'a Lane, &'a ClipView);

/// Paints the visible tiles; those not here yet are asked for and coarser ones shown meanwhile.
#[allow(clippy::too_many_arguments)] // two call sites
pub fn paint(
    ui: &Ui,
    rect: Rect,
    view: &Viewport,
    lane: &Lane,
    clip: &ClipView,
    settings: &Settings,
    tiles: &mut Tiles,
    dim: f32,
) {
    let [r, g, b] = settings.colormap.background();
    ui.painter_at(rect)
        .rect_filled(rect, 0.0, Color32::from_rgb(r, g, b));
    tiled(ui, rect, view, (lane, clip), None, settings, tiles, dim);
    scale(ui, rect, clip.clip.sample_rate_hz(), settings);
}

/// Paints by how much the first lane is louder than the second, cell by cell.
pub fn paint_difference(
    ui: &Ui,
    rect: Rect,
    view: &Viewport,
    a: Shown<'_>,
    b: Shown<'_>,
    settings: &Settings,
    tiles: &mut Tiles,
) {
    let [r, g, b_] = difference_table()[127];
    ui.painter_at(rect)
        .rect_filled(rect, 0.0, Color32::from_rgb(r, g, b_));
    // Tiles begin where clips begin, so only clips that begin together can be compared.
    if a.0.offset_secs != b.0.offset_secs {
        let text = "A and B begin at different times; make takes of the same region";
        let tint = Color32::from_gray(200);
        let centre = Align2::CENTER_CENTER;
        ui.painter_at(rect)
            .text(rect.center(), centre, text, small(), tint);
        return;
    }
    tiled(ui, rect, view, a, Some(b), settings, tiles, 1.0);
    scale(ui, rect, a.1.clip.sample_rate_hz(), settings);
}

#[allow(clippy::too_many_arguments)] // two call sites
fn tiled(
    ui: &Ui,
    rect: Rect,
    view: &Viewport,
    (lane, clip): Shown<'_>,
    less: Option<Shown<'_>>,
    settings: &Settings,
    tiles: &mut Tiles,
    dim: f32,
) {
    let painter = ui.painter_at(rect);
    let rate = f64::from(clip.clip.sample_rate_hz());
    let column_secs = HOP_LENGTH as f64 / rate;
    // A texel is half to one pixel wide, so the GPU's filter does the rest.
    let columns_per_px = view.secs_per_px / column_secs;
    let overviews = [Some(clip), less.map(|(_, clip)| clip)];
    let max_level = overviews
        .into_iter()
        .flatten()
        .map(|clip| {
            clip.overview
                .as_ref()
                .map_or(OVERVIEW_LEVEL - 1, |o| o.max_level())
        })
        .min()
        .unwrap_or(0);
    let level = (columns_per_px.log2().ceil().max(0.0) as u32).min(max_level);
    let tint = Color32::WHITE.gamma_multiply(dim);
    let key = |level: u32, index: usize| {
        let tile = |clip| TileKey { clip, level, index };
        ColourKey {
            tile: tile(lane.clip),
            less: less.map(|(lane, _)| tile(lane.clip)),
            scale: settings.freq_scale,
            colormap: settings.colormap,
            range_db: (
                settings.floor_db.round() as i16,
                settings.ceiling_db.round() as i16,
            ),
        }
    };
    let tile_secs = column_secs * (TILE_COLUMNS << level) as f64;
    let start = (view.start_secs - lane.offset_secs).max(0.0);
    let end = (view.end_secs() - lane.offset_secs).min(clip.clip.seconds());
    if end <= start {
        return;
    }
    let first = (start / tile_secs) as usize;
    let last = (end / tile_secs) as usize;
    for index in first..=last {
        let from_secs = index as f64 * tile_secs;
        if let Some(texture) = tiles.get(&key(level, index)) {
            draw(
                &painter,
                rect,
                view,
                (lane.offset_secs + from_secs, tile_secs),
                (0.0, 1.0),
                &texture,
                tint,
            );
            continue;
        }
        fn source(clip: &ClipView, level: u32) -> TileSource<'_> {
            let overview = clip.overview.as_ref().filter(|_| level >= OVERVIEW_LEVEL);
            (&clip.clip, overview)
        }
        let less = less.map(|(_, clip)| source(clip, level));
        tiles.want(key(level, index), source(clip, level), less);
        // The part of a coarser tile that covers this one.
        for up in 1..=MAX_FALLBACK {
            let Some(texture) = tiles.get(&key(level + up, index >> up)) else {
                continue;
            };
            let parts = (1_usize << up) as f32;
            let part = (index & ((1 << up) - 1)) as f32;
            let span = (lane.offset_secs + from_secs, tile_secs);
            draw(
                &painter,
                rect,
                view,
                span,
                (part / parts, (part + 1.0) / parts),
                &texture,
                tint,
            );
            break;
        }
    }
}

fn draw(
    painter: &egui::Painter,
    rect: Rect,
    view: &Viewport,
    (from_secs, secs): (f64, f64),
    (u0, u1): (f32, f32),
    texture: &egui::TextureHandle,
    tint: Color32,
) {
    let x0 = rect.left() + view.x_from_secs(from_secs) as f32;
    let x1 = rect.left() + view.x_from_secs(from_secs + secs) as f32;
    // Half a texel in, so that the filter does not mix the tile's two ends.
    let half = 0.5 / TILE_COLUMNS as f32 * (u1 - u0);
    let uv = Rect::from_min_max(pos2(u0 + half, 0.0), pos2(u1 - half, 1.0));
    painter.image(
        texture.id(),
        Rect::from_x_y_ranges(x0..=x1, rect.y_range()),
        uv,
        tint,
    );
}

fn scale(ui: &Ui, rect: Rect, sample_rate_hz: u32, settings: &Settings) {
    if rect.height() < 50.0 {
        return;
    }
    let painter = ui.painter_at(rect);
    let axis = FreqAxis::full(settings.freq_scale, sample_rate_hz);
    let ink = if settings.colormap.is_light() {
        Color32::from_gray(40)
    } else {
        Color32::from_gray(225)
    };
    let shade = if settings.colormap.is_light() {
        Color32::from_white_alpha(150)
    } else {
        Color32::from_black_alpha(130)
    };
    for hz in axis.ticks((rect.height() / 34.0) as usize) {
        let y = rect.bottom() - rect.height() * axis.unit_from_hz(hz) as f32;
        if !rect.shrink(8.0).y_range().contains(y) {
            continue;
        }
        let label = if hz >= 1000.0 {
            format!("{}k", hz / 1000.0)
        } else {
            format!("{hz}")
        };
        let galley = painter.layout_no_wrap(label, small(), ink);
        let at = Align2::LEFT_CENTER.anchor_size(pos2(rect.left() + 6.0, y), galley.size());
        painter.rect_filled(at.expand2(egui::vec2(3.0, 0.0)), 2.0, shade);
        painter.galley(at.min, galley, ink);
    }
}
