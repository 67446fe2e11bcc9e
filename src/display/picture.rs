//! Spectrograms as PNG pictures with axes, colour bar and titles.

use super::canvas::Picture;
use super::colormap::difference_table;
use super::difference::{difference_entry, level_difference_db};
use super::panel::{PanelKind, SILENCE_DB};
use super::{Colormap, FreqScale, Panel};
use crate::audio::{Clip, resample};
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::StftSpec;

const MARGIN_LEFT: usize = 74;
const MARGIN_RIGHT: usize = 92;
const MARGIN_TOP: usize = 34;
const MARGIN_BOTTOM: usize = 40;
const INK: [u8; 3] = [222, 224, 230];
const FAINT: [u8; 3] = [120, 124, 134];

/// How pictures look.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureSpec {
    /// The front end.
    pub stft: StftSpec,
    /// Frequency axis.
    pub scale: FreqScale,
    /// Mel bands, for the mel axis: one row of the picture per band.
    pub mels: Option<usize>,
    /// Range below the loudest point in dB, above 0. Default 80.
    pub range_db: f32,
    /// Colours.
    pub colormap: Colormap,
    /// Width of the plot in pixels.
    pub width: usize,
    /// Height of each plot in pixels.
    pub height: usize,
}

impl Default for PictureSpec {
    fn default() -> Self {
        Self {
            stft: StftSpec::new(2048, 512),
            scale: FreqScale::Mel,
            mels: None,
            range_db: 80.0,
            colormap: Colormap::Ember,
            width: 1200,
            height: 320,
        }
    }
}

/// Plots under each other: all on one time axis as long as the longest, all levels on one colour
/// scale that ends at the loudest point of any.
pub fn draw_panels(panels: &[Panel], spec: &PictureSpec) -> Picture {
    let block = MARGIN_TOP + spec.height + MARGIN_BOTTOM;
    let width = MARGIN_LEFT + spec.width + MARGIN_RIGHT;
    let mut picture = Picture::new(width, block * panels.len().max(1), [24, 25, 29]);
    let loudest = panels
        .iter()
        .map(Panel::loudest_db)
        .fold(SILENCE_DB, f32::max);
    let floor_db = loudest - spec.range_db;
    let seconds = panels.iter().map(|panel| panel.seconds).fold(0.0, f64::max);
    for (i, panel) in panels.iter().enumerate() {
        let top = i * block + MARGIN_TOP;
        let table = match panel.kind {
            PanelKind::Difference { .. } => difference_table(),
            _ => spec.colormap.table(),
        };
        let unit_entry = |unit: f32| (unit.clamp(0.0, 1.0) * 255.0) as usize;
        let colour = |value: f32| {
            table[match panel.kind {
                PanelKind::Level => unit_entry((value - floor_db) / spec.range_db),
                PanelKind::Mask => unit_entry(value),
                PanelKind::Difference { range_db, .. } => difference_entry(value, range_db),
            }]
        };
        // Beyond the panel's own end there is silence.
        let across = if seconds > 0.0 {
            (panel.seconds / seconds * spec.width as f64).round() as usize
        } else {
            spec.width
        };
        draw_values(&mut picture, panel, spec, (across, top), colour);
        picture.text(MARGIN_LEFT as f32, top as f32 - 11.0, &panel.title, INK);
        draw_axes(&mut picture, panel, spec, (seconds, top));
        draw_bar(&mut picture, panel, spec, (floor_db, top), &table);
    }
    picture
}

/// The colour bar with its labels.
fn draw_bar(
    picture: &mut Picture,
    panel: &Panel,
    spec: &PictureSpec,
    (floor_db, top): (f32, usize),
    table: &[[u8; 3]; 256],
) {
    let bar = MARGIN_LEFT + spec.width + 16;
    for row in 0..spec.height {
        let x = 1.0 - row as f32 / (spec.height - 1).max(1) as f32;
        picture.rectangle((bar, top + row), (12, 1), table[(x * 255.0) as usize]);
    }
    for part in 0..=4_u8 {
        let x = f32::from(part) / 4.0;
        let y = top as f32 + (1.0 - x) * (spec.height as f32 - 1.0) + 5.0;
        let label = match panel.kind {
            PanelKind::Level => format!("{:.0} dB", floor_db + x * spec.range_db),
            PanelKind::Mask => format!("{x:.2}"),
            PanelKind::Difference { .. } if part == 2 => "0".to_owned(),
            PanelKind::Difference { range_db, .. } => format!("{:+}", (2.0 * x - 1.0) * range_db),
        };
        picture.text((bar + 18) as f32, y, &label, FAINT);
    }
    if matches!(panel.kind, PanelKind::Difference { .. }) {
        let right = picture.width as f32 - 8.0;
        picture.text_right(right, top as f32 - 11.0, "dB, first less second", FAINT);
    }
}

/// A panel's values over the first `across` pixels of the plot.
fn draw_values(
    picture: &mut Picture,
    panel: &Panel,
    spec: &PictureSpec,
    (across, top): (usize, usize),
    colour: impl Fn(f32) -> [u8; 3],
) {
    let silence = match panel.kind {
        PanelKind::Difference { .. } => 0.0,
        _ => f32::NEG_INFINITY,
    };
    picture.rectangle(
        (MARGIN_LEFT, top),
        (spec.width, spec.height),
        colour(silence),
    );
    let columns = panel.values.len();
    if columns == 0 {
        return;
    }
    let bins = spec.stft.bins();
    let rate = (panel.axis.max_hz * 2.0) as u32;
    let rows = if panel.has_bands(bins) {
        let bands = panel.values[0].len();
        (0..spec.height)
            .map(|row| {
                let band = (spec.height - 1 - row) * bands / spec.height;
                (band, band + 1)
            })
            .collect()
    } else {
        panel.axis.bins_of_rows(spec.height, bins, rate)
    };
    for x in 0..across.min(spec.width) {
        let column = x * columns / across;
        for (row, bins) in rows.iter().enumerate() {
            let value = loudest(&panel.values[column], *bins);
            let value = match &panel.kind {
                PanelKind::Difference { second, .. } => {
                    level_difference_db(value, loudest(&second[column], *bins))
                }
                _ => value,
            };
            picture.set(MARGIN_LEFT + x, top + row, colour(value));
        }
    }
}

/// The largest value of bins `first..last` of a column.
fn loudest(column: &[f32], (first, last): (usize, usize)) -> f32 {
    column[first..last.min(column.len())]
        .iter()
        .copied()
        .fold(f32::NEG_INFINITY, f32::max)
}

fn draw_axes(
    picture: &mut Picture,
    panel: &Panel,
    spec: &PictureSpec,
    (seconds, top): (f64, usize),
) {
    for hz in panel.axis.ticks(8) {
        let y = top as f64 + (1.0 - panel.axis.unit_from_hz(hz)) * spec.height as f64;
        picture.rectangle((MARGIN_LEFT - 5, y as usize), (5, 1), FAINT);
        let label = if hz >= 1000.0 {
            format!("{} kHz", hz / 1000.0)
        } else {
            format!("{hz} Hz")
        };
        picture.text_right(MARGIN_LEFT as f32 - 9.0, y as f32 + 5.0, &label, FAINT);
    }
    let bottom = top + spec.height;
    let view = super::Viewport {
        start_secs: 0.0,
        secs_per_px: seconds.max(1e-6) / spec.width as f64,
        width_px: spec.width as f64,
        total_secs: seconds,
    };
    let step = view.tick_secs(90.0);
    let mut n = 0.0;
    while n * step <= seconds {
        let x = MARGIN_LEFT as f64 + view.x_from_secs(n * step);
        picture.rectangle((x as usize, bottom), (1, 5), FAINT);
        picture.text(
            x as f32 + 3.0,
            bottom as f32 + 18.0,
            &time_label(n * step, step),
            INK,
        );
        n += 1.0;
    }
}

/// m:ss, with as many decimals as the step between labels needs.
fn time_label(secs: f64, step: f64) -> String {
    let minutes = (secs / 60.0).floor();
    let rest = secs - 60.0 * minutes;
    match step {
        step if step >= 1.0 => format!("{minutes:.0}:{rest:02.0}"),
        step if step >= 0.01 => format!("{minutes:.0}:{rest:05.2}"),
        _ => format!("{minutes:.0}:{rest:07.4}"),
    }
}

/// A song's mixture, and each stem's mask and spectrogram below it, on one colour scale. The stems
/// have the mixture's length; another rate is converted. `go_on` is asked between two plots.
///
/// # Errors
/// As [`Panel::spectrogram`]; whatever `go_on` answers.
pub fn draw_stems(
    mixture: &Clip,
    stems: &[(String, Clip)],
    spec: &PictureSpec,
    go_on: impl Fn() -> Result<()>,
) -> Result<Picture> {
    let mut panels = vec![Panel::spectrogram("Mixture", mixture, spec)?];
    for (name, clip) in stems {
        go_on()?;
        let clip = if clip.sample_rate_hz() == mixture.sample_rate_hz() {
            clip.clone()
        } else {
            // Whether to go on is asked before and after.
            resample(clip, mixture.sample_rate_hz(), &Reporter::silent())?
        };
        panels.push(Panel::mask(
            format!("Mask of {name}"),
            &clip,
            mixture,
            spec,
        )?);
        go_on()?;
        panels.push(Panel::spectrogram(name.clone(), &clip, spec)?);
    }
    Ok(draw_panels(&panels, spec))
}
