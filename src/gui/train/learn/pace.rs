//! How long steps take of late, so that a slow one does not move the time that is left.

use std::collections::VecDeque;

/// Steps that are looked back on.
const STEPS: u64 = 50;

/// The times of the latest steps.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// How many steps were told as one, and the seconds of all of them.
    told: VecDeque<(u64, f64)>,
}

impl Pace {
    /// Takes in `steps` steps that took `secs` seconds together.
    pub fn add(&mut self, steps: u64, secs: f64) {
        self.told.push_back((steps.max(1), secs));
        while let Some((first, _)) = self.told.front()
            && self.steps() - first >= STEPS
        {
            self.told.pop_front();
        }
    }

    /// Seconds of a step, the mean; none before the first.
    pub fn secs_per_step(&self) -> Option<f64> {
        let secs: f64 = self.told.iter().map(|(_, secs)| secs).sum();
        let steps = self.steps();
        (steps > 0).then(|| secs / steps as f64)
    }

    fn steps(&self) -> u64 {
        self.told.iter().map(|(steps, _)| steps).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_mean_of_the_latest_steps() {
        let mut pace = Pace::default();
        assert_eq!(pace.secs_per_step(), None);
        pace.add(1, 51.0);
        assert_eq!(pace.secs_per_step(), Some(51.0));
        // 49 more of a second each: (51 + 49) / 50.
        for _ in 0..49 {
            pace.add(1, 1.0);
        }
        assert_eq!(pace.secs_per_step(), Some(2.0));
        // The slow one is too long ago.
        pace.add(1, 1.0);
        assert_eq!(pace.secs_per_step(), Some(1.0));
        // Many that were told as one count as many.
        pace.add(50, 100.0);
        assert_eq!(pace.secs_per_step(), Some(2.0));
    }
}
