//! An hour of stereo on the screen: how soon it is there, and what a frame costs.

use std::hint::black_box;

use anyhow::Context as _;
use stemloom::audio::Clip;
use stemloom::display::{
    Colormap, FreqAxis, FreqScale, PeakPyramid, Viewport, colour_tile, tile_from_clip,
};

use crate::table::{Row, fastest_secs};
use crate::{Bench, song};

const HOUR_SECS: usize = 3600;
const LANES: usize = 5;
const WIDTH_PX: usize = 1600;
/// Seconds across the view. At 18.5 s a pixel is just under 512 frames: the most samples that are
/// ever read one by one.
const SPANS_SECS: [f64; 5] = [3600.0, 600.0, 60.0, 18.5, 1.0];
/// Height of a tile's lane in pixels.
const TILE_ROWS: usize = 256;
const FRAME_BUDGET_SECS: f64 = 0.008;

/// One lane: a channel and its outline.
struct Lane<'a> {
    samples: &'a [f32],
    pyramid: PeakPyramid,
    /// Where it looks when not all is shown, so that lanes do not share the processor's cache.
    start_secs: f64,
}

/// The outline's making, its painting at several zooms, and a tile's measuring and colouring.
pub fn paint(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let repeats = HOUR_SECS / song::SECS;
    let channels = [0, 1].map(|channel| bench.clip.channel(channel).repeat(repeats));
    let mut pyramids: Vec<PeakPyramid> = Vec::new();
    let made = fastest_secs(|| {
        pyramids = channels
            .iter()
            .map(|samples| PeakPyramid::new(samples))
            .collect();
        Ok(())
    })?;
    let mut rows = vec![Row::budget(
        "outline of 1 h stereo, from memory",
        made,
        Some(2.0),
    )];

    let lanes: Vec<Lane> = (0..LANES)
        .map(|lane| Lane {
            samples: &channels[lane % 2],
            pyramid: pyramids[lane % 2].clone(),
            start_secs: (lane * HOUR_SECS / LANES) as f64,
        })
        .collect();
    for span_secs in SPANS_SECS {
        let frame = fastest_secs(|| {
            lanes.iter().for_each(|lane| lane.draw(span_secs));
            Ok(())
        })?;
        let work = format!("one frame, {LANES} lanes × {WIDTH_PX} px, {span_secs} s across");
        rows.push(Row::budget(&work, frame, Some(FRAME_BUDGET_SECS)));
    }
    rows.extend(tile(&bench.clip)?);
    Ok(rows)
}

impl Lane<'_> {
    /// What the window does for one lane, without the triangles.
    fn draw(&self, span_secs: f64) {
        let rate = f64::from(song::SAMPLE_RATE_HZ);
        let total_secs = HOUR_SECS as f64;
        let view = Viewport {
            start_secs: self.start_secs.min(total_secs - span_secs),
            secs_per_px: span_secs / WIDTH_PX as f64,
            width_px: WIDTH_PX as f64,
            total_secs,
        };
        let frame_at = |px: usize| (view.secs_from_x(px as f64) * rate) as usize;
        for px in 0..WIDTH_PX {
            let (start, end) = (frame_at(px), frame_at(px + 1));
            black_box(self.pyramid.peak(self.samples, start, end.max(start + 1)));
        }
    }
}

/// One spectrogram tile of 256 columns.
fn tile(clip: &Clip) -> anyhow::Result<[Row; 2]> {
    // Nine seconds in, where there is something to see.
    const INDEX: usize = 3;
    let tile = tile_from_clip(clip, 0, INDEX).context("the tile could not be measured")?;
    let measured = fastest_secs(|| {
        black_box(tile_from_clip(clip, 0, INDEX));
        Ok(())
    })?;
    let axis = FreqAxis::full(FreqScale::Mel, song::SAMPLE_RATE_HZ);
    let coloured = fastest_secs(|| {
        let range_db = (-90.0, 0.0);
        black_box(colour_tile(
            &tile,
            &axis,
            song::SAMPLE_RATE_HZ,
            TILE_ROWS,
            Colormap::Ember,
            range_db,
        ));
        Ok(())
    })?;
    Ok([
        Row::budget("spectrogram tile of 256 columns: measure", measured, None),
        Row::budget(
            &format!("the same tile: colour, {TILE_ROWS} rows"),
            coloured,
            None,
        ),
    ])
}
