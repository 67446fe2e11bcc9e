//! Spectrograms as PNG pictures with axes, colour bar and titles.

use super::canvas::Picture;
use super::{Colormap, FreqAxis, FreqScale};
use crate::audio::Clip;
use crate::error::Result;
use crate::spectral::{Complex32, MelBank, MelFormula, MelNorm, MelSpec, Stft, StftSpec};

const MARGIN_LEFT: usize = 74;
const MARGIN_RIGHT: usize = 92;
const MARGIN_TOP: usize = 34;
const MARGIN_BOTTOM: usize = 40;

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

/// One plot: a title and values, 0–1 from the colour map's start to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Shown above it.
    pub title: String,
    /// `[columns][rows]`, lowest frequency first: dB against full scale, or a mask 0–1.
    values: Vec<Vec<f32>>,
    is_mask: bool,
    axis: FreqAxis,
    seconds: f64,
}

impl Panel {
    /// A clip's spectrogram, channels averaged, at most `spec.width` columns (each the loudest of
    /// those it stands for).
    ///
    /// # Errors
    /// [`Error::Setting`] if the STFT or the mel bank cannot be planned.
    pub fn spectrogram(title: impl Into<String>, clip: &Clip, spec: &PictureSpec) -> Result<Self> {
        let rate = clip.sample_rate_hz();
        let axis = FreqAxis::full(spec.scale, rate);
        let magnitudes = loudest_columns(clip, spec)?;
        let bank = match spec.mels.filter(|_| spec.scale == FreqScale::Mel) {
            Some(bands) => {
                let mel = MelSpec {
                    bands,
                    fmin_hz: 0.0,
                    fmax_hz: None,
                    formula: MelFormula::Slaney,
                    norm: MelNorm::None,
                    power: 2.0,
                };
                Some(MelBank::new(&mel, spec.stft.n_fft, rate)?)
            }
            None => None,
        };
        // A full-scale sine is 0 dB.
        let full_scale = spec.stft.n_fft as f32 / 4.0;
        let values = magnitudes
            .iter()
            .map(|column| match &bank {
                Some(bank) => {
                    let mut mel = vec![0.0; bank.num_bands()];
                    bank.apply(column, &mut mel);
                    mel.iter().map(|p| db(p.sqrt() / full_scale)).collect()
                }
                None => column.iter().map(|m| db(m / full_scale)).collect(),
            })
            .collect();
        Ok(Self {
            title: title.into(),
            values,
            is_mask: false,
            axis,
            seconds: clip.seconds(),
        })
    }

    /// The mask that made `stem` of `mixture`: the ratio of their magnitudes, at most 1.
    ///
    /// # Errors
    /// As [`Self::spectrogram`].
    pub fn mask(
        title: impl Into<String>,
        stem: &Clip,
        mixture: &Clip,
        spec: &PictureSpec,
    ) -> Result<Self> {
        let mut panel = Self::spectrogram(title, stem, spec)?;
        let whole = Self::spectrogram("", mixture, spec)?;
        panel.is_mask = true;
        let floor_db = whole.loudest_db() - spec.range_db;
        for (stem, whole) in panel.values.iter_mut().zip(&whole.values) {
            for (stem, whole) in stem.iter_mut().zip(whole) {
                // Where the mixture is darker than the picture there is nothing to share out.
                *stem = if *whole <= floor_db {
                    0.0
                } else {
                    10.0_f32.powf((*stem - whole) / 20.0).min(1.0)
                };
            }
        }
        Ok(panel)
    }

    fn loudest_db(&self) -> f32 {
        if self.is_mask {
            return f32::NEG_INFINITY;
        }
        self.values
            .iter()
            .flatten()
            .copied()
            .fold(SILENCE_DB, f32::max)
    }

    fn has_bands(&self, bins: usize) -> bool {
        self.values
            .first()
            .is_some_and(|column| column.len() != bins)
    }
}

const SILENCE_DB: f32 = -140.0;

fn db(amplitude: f32) -> f32 {
    crate::spectral::db_from_amplitude(amplitude, SILENCE_DB)
}

/// Mean magnitude over channels, reduced to at most `width` columns.
fn loudest_columns(clip: &Clip, spec: &PictureSpec) -> Result<Vec<Vec<f32>>> {
    let stft = Stft::new(&spec.stft)?;
    let bins = spec.stft.bins();
    let columns = spec.stft.columns(clip.frames());
    let pixels = spec.width.min(columns);
    let mut spectra = Vec::new();
    let mut out = Vec::with_capacity(pixels);
    for pixel in 0..pixels {
        let first = pixel * columns / pixels;
        let last = ((pixel + 1) * columns / pixels).max(first + 1);
        let mut sum = vec![0.0; bins];
        for channel in clip.channels() {
            spectra.resize((last - first) * bins, Complex32::default());
            stft.forward_columns(channel, first, &mut spectra);
            for (bin, sum) in sum.iter_mut().enumerate() {
                let loudest = spectra
                    .iter()
                    .skip(bin)
                    .step_by(bins)
                    .fold(0.0_f32, |m, x| m.max(x.norm_sqr()));
                *sum += loudest.sqrt() / clip.num_channels() as f32;
            }
        }
        out.push(sum);
    }
    Ok(out)
}

/// Plots under each other, all on one colour scale that ends at the loudest point of any.
pub fn draw_panels(panels: &[Panel], spec: &PictureSpec) -> Picture {
    const INK: [u8; 3] = [222, 224, 230];
    const FAINT: [u8; 3] = [120, 124, 134];
    let block = MARGIN_TOP + spec.height + MARGIN_BOTTOM;
    let width = MARGIN_LEFT + spec.width + MARGIN_RIGHT;
    let mut picture = Picture::new(width, block * panels.len().max(1), [24, 25, 29]);
    let loudest = panels
        .iter()
        .map(Panel::loudest_db)
        .fold(SILENCE_DB, f32::max);
    let floor = loudest - spec.range_db;
    let table = spec.colormap.table();
    for (i, panel) in panels.iter().enumerate() {
        let top = i * block + MARGIN_TOP;
        let unit = |value: f32| {
            if panel.is_mask {
                value
            } else {
                (value - floor) / spec.range_db
            }
            .clamp(0.0, 1.0)
        };
        draw_values(&mut picture, panel, spec, top, |value| {
            table[(unit(value) * 255.0) as usize]
        });
        picture.text(MARGIN_LEFT as f32, top as f32 - 11.0, &panel.title, INK);
        draw_axes(&mut picture, panel, spec, top, (INK, FAINT));
        let bar = MARGIN_LEFT + spec.width + 16;
        for row in 0..spec.height {
            let x = 1.0 - row as f32 / (spec.height - 1).max(1) as f32;
            picture.rectangle((bar, top + row), (12, 1), table[(x * 255.0) as usize]);
        }
        for part in 0..=4_u8 {
            let x = f32::from(part) / 4.0;
            let y = top as f32 + (1.0 - x) * (spec.height as f32 - 1.0) + 5.0;
            let label = if panel.is_mask {
                format!("{x:.2}")
            } else {
                format!("{:.0} dB", floor + x * spec.range_db)
            };
            picture.text((bar + 18) as f32, y, &label, FAINT);
        }
    }
    picture
}

fn draw_values(
    picture: &mut Picture,
    panel: &Panel,
    spec: &PictureSpec,
    top: usize,
    colour: impl Fn(f32) -> [u8; 3],
) {
    let columns = panel.values.len();
    if columns == 0 {
        picture.rectangle(
            (MARGIN_LEFT, top),
            (spec.width, spec.height),
            colour(f32::NEG_INFINITY),
        );
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
    for x in 0..spec.width {
        let column = &panel.values[x * columns / spec.width];
        for (row, (first, last)) in rows.iter().enumerate() {
            let loudest = column[*first..(*last).min(column.len())]
                .iter()
                .copied()
                .fold(f32::NEG_INFINITY, f32::max);
            picture.set(MARGIN_LEFT + x, top + row, colour(loudest));
        }
    }
}

fn draw_axes(
    picture: &mut Picture,
    panel: &Panel,
    spec: &PictureSpec,
    top: usize,
    (ink, faint): ([u8; 3], [u8; 3]),
) {
    for hz in panel.axis.ticks(8) {
        let y = top as f64 + (1.0 - panel.axis.unit_from_hz(hz)) * spec.height as f64;
        picture.rectangle((MARGIN_LEFT - 5, y as usize), (5, 1), faint);
        let label = if hz >= 1000.0 {
            format!("{} kHz", hz / 1000.0)
        } else {
            format!("{hz} Hz")
        };
        picture.text_right(MARGIN_LEFT as f32 - 9.0, y as f32 + 5.0, &label, faint);
    }
    let bottom = top + spec.height;
    let view = super::Viewport {
        start_secs: 0.0,
        secs_per_px: panel.seconds.max(1e-6) / spec.width as f64,
        width_px: spec.width as f64,
        total_secs: panel.seconds,
    };
    let step = view.tick_secs(90.0);
    let mut n = 0.0;
    while n * step <= panel.seconds {
        let x = MARGIN_LEFT as f64 + view.x_from_secs(n * step);
        picture.rectangle((x as usize, bottom), (1, 5), faint);
        picture.text(
            x as f32 + 3.0,
            bottom as f32 + 18.0,
            &time_label(n * step, step),
            ink,
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
            crate::audio::resample(clip, mixture.sample_rate_hz())?
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
