//! Ticks ⇄ seconds under changing tempos.

/// Quarter notes take this long until a file says otherwise: 120 per minute.
pub(super) const DEFAULT_MICROS_PER_QUARTER: u32 = 500_000;

/// Seconds of one tick.
pub(super) fn secs_per_tick(micros_per_quarter: u32, ticks_per_quarter: u16) -> f64 {
    f64::from(micros_per_quarter) * 1e-6 / f64::from(ticks_per_quarter)
}

/// From this tick on, a tick lasts that long.
struct Segment {
    tick: u64,
    secs: f64,
    secs_per_tick: f64,
}

/// How long ticks last, from tick 0 on.
pub(super) struct TempoMap {
    /// By tick; never empty, the first begins at tick 0.
    segments: Vec<Segment>,
}

impl TempoMap {
    /// A map of one tempo.
    pub(super) fn new(secs_per_tick: f64) -> Self {
        Self {
            segments: vec![Segment {
                tick: 0,
                secs: 0.0,
                secs_per_tick,
            }],
        }
    }

    /// From `tick` on, a tick lasts `secs_per_tick`. Changes come in the order of time; of several
    /// at one tick the last counts.
    pub(super) fn change(&mut self, tick: u64, secs_per_tick: f64) {
        let secs = self.secs_at(tick);
        if self.segments.last().is_some_and(|last| last.tick >= tick) {
            self.segments.pop();
        }
        self.segments.push(Segment {
            tick,
            secs,
            secs_per_tick,
        });
    }

    /// The time of a tick in seconds.
    pub(super) fn secs_at(&self, tick: u64) -> f64 {
        self.last_before(|segment| segment.tick <= tick)
            .map_or(0.0, |segment| {
                segment.secs + tick.saturating_sub(segment.tick) as f64 * segment.secs_per_tick
            })
    }

    /// The tick nearest to a time in seconds.
    pub(super) fn tick_at(&self, secs: f64) -> u64 {
        self.last_before(|segment| segment.secs <= secs)
            .map_or(0, |segment| {
                let ticks = ((secs - segment.secs) / segment.secs_per_tick).round();
                segment.tick.saturating_add(ticks as u64)
            })
    }

    fn last_before(&self, is_before: impl Fn(&Segment) -> bool) -> Option<&Segment> {
        let after = self.segments.partition_point(is_before);
        self.segments.get(after.saturating_sub(1))
    }
}
