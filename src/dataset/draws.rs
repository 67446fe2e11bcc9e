//! Seeded draws and the ranges that they are from: ChaCha with 8 rounds (Bernstein 2008).

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};

/// A range with both ends, or one value where they are equal. Written `-5..15` or `3`; in TOML
/// `"-5..15"`, `3` or `{ low = -5, high = 15 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Between {
    /// The lower end.
    pub low: f64,
    /// The upper end, not below the lower.
    pub high: f64,
}

impl Between {
    /// From `low` to `high`.
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// One value.
    pub fn only(value: f64) -> Self {
        Self::new(value, value)
    }

    /// Checks that the ends are numbers, in order, and within `least` to `most`.
    ///
    /// # Errors
    /// [`Error::Setting`] of that name.
    pub fn validate(&self, name: &str, least: f64, most: f64) -> Result<()> {
        let is_within = |x: f64| (least..=most).contains(&x);
        if is_within(self.low) && is_within(self.high) && self.low <= self.high {
            return Ok(());
        }
        let problem =
            format!("must be a value or range LOW..HIGH within {least} to {most}, low end first");
        Err(Error::setting(name, problem))
    }
}

impl std::str::FromStr for Between {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |part: &str| {
            let number = part.trim().parse::<f64>().ok();
            number.filter(|x| x.is_finite()).ok_or_else(|| {
                let problem = format!("{text:?} is neither a number nor a range such as -5..15");
                Error::setting("range", problem)
            })
        };
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let range = Self::new(number(low)?, number(high)?);
        if range.low > range.high {
            let problem = format!("{text:?} has its larger end first; turn it round");
            return Err(Error::setting("range", problem));
        }
        Ok(range)
    }
}

impl<'de> Deserialize<'de> for Between {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(RangeVisitor)
    }
}

/// The table of a range.
#[derive(Deserialize)]
#[serde(expecting = "low and high")]
struct Ends {
    low: f64,
    high: f64,
}

impl From<Ends> for Between {
    fn from(ends: Ends) -> Self {
        Self::new(ends.low, ends.high)
    }
}

/// Takes a range in any form that people write it in.
struct RangeVisitor;

impl<'de> Visitor<'de> for RangeVisitor {
    type Value = Between;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a range such as \"-5..15\", or a table of low and high")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<Between, E> {
        Ok(Between::only(value as f64))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<Between, E> {
        Ok(Between::only(value as f64))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Between, E> {
        Ok(Between::only(value))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Between, E> {
        text.parse::<Between>().map_err(|error| match error {
            // Where it stands is known to whoever reads the file.
            Error::Setting { problem, .. } => E::custom(problem),
            error => E::custom(error),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Between, A::Error> {
        Ends::deserialize(MapAccessDeserializer::new(map)).map(Between::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<Between, A::Error> {
        Ends::deserialize(SeqAccessDeserializer::new(seq)).map(Between::from)
    }
}

/// Draws of one purpose: each stream of a seed is independent of the others.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Draws that belong to a name, whatever other names there are.
    pub(super) fn of_name(seed: u64, name: &str) -> Self {
        // FNV-1a: short, and the same in every build.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(seed, hash)
    }

    /// From 0 to 1, less than 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number of 64 bits.
    pub(super) fn whole(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform within a range.
    pub(super) fn within(&mut self, range: Between) -> f64 {
        range.low + (range.high - range.low) * self.unit()
    }

    /// From 0 to `end` − 1; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f64) as usize).min(end.saturating_sub(1))
    }
}
