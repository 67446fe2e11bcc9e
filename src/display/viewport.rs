//! Which stretch of time a row of pixels shows.

use serde::{Deserialize, Serialize};

/// Shortest stretch across the view in seconds: a handful of samples.
const MIN_SPAN_SECS: f64 = 0.000_2;

/// Seconds ⇄ pixels. Shared by every lane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Viewport {
    /// Time at the left edge in seconds.
    pub start_secs: f64,
    /// Seconds per pixel, above 0.
    pub secs_per_px: f64,
    /// Width in pixels.
    pub width_px: f64,
    /// End of everything there is to see in seconds.
    pub total_secs: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self {
            start_secs: 0.0,
            secs_per_px: 0.01,
            width_px: 1000.0,
            total_secs: 10.0,
        }
    }
}

impl Viewport {
    /// Seconds across the view.
    pub fn span_secs(&self) -> f64 {
        self.secs_per_px * self.width_px
    }

    /// Time at the right edge in seconds.
    pub fn end_secs(&self) -> f64 {
        self.start_secs + self.span_secs()
    }

    /// Pixels from the left edge of a time.
    pub fn x_from_secs(&self, secs: f64) -> f64 {
        (secs - self.start_secs) / self.secs_per_px
    }

    /// Time at a number of pixels from the left edge.
    pub fn secs_from_x(&self, x: f64) -> f64 {
        self.start_secs + x * self.secs_per_px
    }

    /// Shows everything.
    pub fn fit(&mut self) {
        self.show(0.0, self.total_secs.max(MIN_SPAN_SECS));
    }

    /// Shows a stretch.
    pub fn show(&mut self, start_secs: f64, end_secs: f64) {
        self.secs_per_px = (end_secs - start_secs).max(MIN_SPAN_SECS) / self.width_px.max(1.0);
        self.start_secs = start_secs;
        self.clamp();
    }

    /// Magnifies by `factor` (above 1 zooms in) so that the time under `x` stays there.
    pub fn zoom(&mut self, factor: f64, x: f64) {
        let anchor = self.secs_from_x(x);
        let longest = self.total_secs.max(MIN_SPAN_SECS) / self.width_px.max(1.0);
        let shortest = MIN_SPAN_SECS / self.width_px.max(1.0);
        self.secs_per_px = (self.secs_per_px / factor).clamp(shortest, longest.max(shortest));
        self.start_secs = anchor - x * self.secs_per_px;
        self.clamp();
    }

    /// Moves by pixels, to later times for a positive number.
    pub fn scroll(&mut self, px: f64) {
        self.start_secs += px * self.secs_per_px;
        self.clamp();
    }

    /// Moves so that a time is inside, if it is not.
    pub fn reveal(&mut self, secs: f64) {
        if secs < self.start_secs || secs > self.end_secs() {
            self.start_secs = secs - 0.1 * self.span_secs();
            self.clamp();
        }
    }

    /// The window was made wider or narrower: the same stretch stays in view.
    pub fn resize(&mut self, width_px: f64) {
        if width_px > 0.0 && width_px != self.width_px {
            self.secs_per_px *= self.width_px / width_px;
            self.width_px = width_px;
            self.clamp();
        }
    }

    fn clamp(&mut self) {
        let latest = (self.total_secs - self.span_secs()).max(0.0);
        self.start_secs = self.start_secs.clamp(0.0, latest);
    }

    /// A round step between labels of the time ruler, at least `min_px` apart, in seconds.
    pub fn tick_secs(&self, min_px: f64) -> f64 {
        const STEPS: [f64; 24] = [
            0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
            0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
        ];
        let least = min_px * self.secs_per_px;
        STEPS
            .into_iter()
            .find(|step| *step >= least)
            .unwrap_or(3600.0)
    }
}
