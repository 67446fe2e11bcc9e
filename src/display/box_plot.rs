//! Box plots: how values spread, group by group, a box per series.
//!
//! A box reaches from the lower to the upper quartile with a line at the median; whiskers reach to
//! the furthest value within 1.5 times the box's height; values beyond are points (Tukey 1977).

use super::canvas::Picture;

const BACKGROUND: [u8; 3] = [250, 250, 252];
const INK: [u8; 3] = [36, 38, 48];
const FAINT: [u8; 3] = [128, 132, 146];
const GRID: [u8; 3] = [224, 226, 234];
/// Colours that can be told apart, also by people who see red and green alike (Okabe and Ito 2008).
const SERIES: [[u8; 3]; 7] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [213, 94, 0],
    [150, 140, 40],
];

const LEFT: usize = 64;
const TOP: usize = 44;
const PLOT_HEIGHT: usize = 360;
const BOX_WIDTH: usize = 22;
const BOX_STEP: usize = 30;
const GROUP_GAP: usize = 26;
const LEGEND_LINE: usize = 20;

/// Boxes side by side under one title.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxGroup {
    /// What stands below the boxes.
    pub title: String,
    /// Values of each series, in the order of the names given to [`draw_boxes`]; a series without
    /// values leaves its place free.
    pub series: Vec<Vec<f64>>,
}

/// What a box shows.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxFigures {
    /// A quarter of the values lies below.
    pub lower_quartile: f64,
    /// Half of the values lie below.
    pub median: f64,
    /// A quarter of the values lies above.
    pub upper_quartile: f64,
    /// The lowest value that is no outlier.
    pub low: f64,
    /// The highest value that is no outlier.
    pub high: f64,
    /// Values beyond both, in order.
    pub outliers: Vec<f64>,
}

/// The figures of a box; values that are not finite are left out, and without others there are
/// none. Quartiles are interpolated as numpy's percentiles.
pub fn box_figures(values: &[f64]) -> Option<BoxFigures> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let quantile = |part: f64| {
        let place = part * last as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(last);
        sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
    };
    let (lower_quartile, upper_quartile) = (quantile(0.25), quantile(0.75));
    let reach = 1.5 * (upper_quartile - lower_quartile);
    let is_inside = |x: f64| x >= lower_quartile - reach && x <= upper_quartile + reach;
    let inside = || sorted.iter().copied().filter(|x| is_inside(*x));
    Some(BoxFigures {
        lower_quartile,
        median: quantile(0.5),
        upper_quartile,
        low: inside().fold(f64::INFINITY, f64::min),
        high: inside().fold(f64::NEG_INFINITY, f64::max),
        outliers: sorted.iter().copied().filter(|x| !is_inside(*x)).collect(),
    })
}

/// A picture of all groups on one scale, with a legend of the series' names below. `title` stands
/// above it and should name the unit.
pub fn draw_boxes(title: &str, names: &[String], groups: &[BoxGroup]) -> Picture {
    let group_width = names.len().max(1) * BOX_STEP + GROUP_GAP;
    let plot_width = (groups.len().max(1) * group_width).max(420);
    let bottom = TOP + PLOT_HEIGHT;
    let height = bottom + 44 + names.len() * LEGEND_LINE;
    let mut picture = Picture::new(LEFT + plot_width + 16, height, BACKGROUND);
    picture.text(LEFT as f32, 24.0, title, INK);
    let scale = Scale::of(groups);
    for tick in scale.ticks() {
        let y = scale.row(tick);
        picture.rectangle((LEFT, y), (plot_width, 1), GRID);
        // Without it −0 would show.
        let tick = if tick == 0.0 { 0.0 } else { tick };
        let label = format!("{tick:.*}", scale.decimals());
        picture.text_right(LEFT as f32 - 8.0, y as f32 + 5.0, &label, FAINT);
    }
    for (place, group) in groups.iter().enumerate() {
        let left = LEFT + place * group_width + GROUP_GAP / 2;
        let title_y = bottom as f32 + 20.0;
        picture.text(left as f32, title_y, &group.title, INK);
        for (series, values) in group.series.iter().enumerate().take(names.len()) {
            if let Some(figures) = box_figures(values) {
                let x = left + series * BOX_STEP + (BOX_STEP - BOX_WIDTH) / 2;
                draw_box(&mut picture, x, &figures, &scale, colour(series));
            }
        }
    }
    for (series, name) in names.iter().enumerate() {
        let y = bottom + 36 + series * LEGEND_LINE;
        picture.rectangle((LEFT, y), (12, 12), colour(series));
        picture.text(LEFT as f32 + 20.0, y as f32 + 11.0, name, INK);
    }
    picture
}

fn colour(series: usize) -> [u8; 3] {
    SERIES[series % SERIES.len()]
}

fn draw_box(picture: &mut Picture, x: usize, figures: &BoxFigures, scale: &Scale, colour: [u8; 3]) {
    let middle = x + BOX_WIDTH / 2;
    let (top, bottom) = (
        scale.row(figures.upper_quartile),
        scale.row(figures.lower_quartile),
    );
    let (high, low) = (scale.row(figures.high), scale.row(figures.low));
    picture.rectangle((middle, high), (1, low - high + 1), INK);
    for whisker in [high, low] {
        picture.rectangle((x + 5, whisker), (BOX_WIDTH - 10, 1), INK);
    }
    picture.rectangle((x, top), (BOX_WIDTH, bottom - top + 1), colour);
    let median = scale.row(figures.median);
    picture.rectangle((x, median), (BOX_WIDTH, 2), INK);
    for value in &figures.outliers {
        picture.rectangle((middle - 1, scale.row(*value)), (3, 3), colour);
    }
}

/// From values to rows.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    /// From the lowest to the highest value, widened to whole steps.
    fn of(groups: &[BoxGroup]) -> Self {
        let values = groups
            .iter()
            .flat_map(|group| group.series.iter().flatten());
        let values = values.copied().filter(|x| x.is_finite());
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match low.partial_cmp(&high) {
            Some(std::cmp::Ordering::Less) => (low, high),
            Some(std::cmp::Ordering::Equal) => (low - 1.0, high + 1.0),
            _ => (0.0, 1.0),
        };
        let rough = (high - low) / 6.0;
        let unit = 10.0_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * unit)
            .find(|step| *step >= rough)
            .unwrap_or(10.0 * unit);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        let (low, step) = (self.low, self.step);
        (0..=count).map(move |i| ((low / step).round() + i as f64) * step)
    }

    fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 6.0) as usize
    }

    /// The row of a value, the highest at the top.
    fn row(&self, value: f64) -> usize {
        let unit = ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0);
        TOP + (unit * (PLOT_HEIGHT - 1) as f64).round() as usize
    }
}
