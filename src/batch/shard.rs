//! One part of a queue, for one machine of several.

use crate::error::{Error, Result};

/// Part `part` of `parts`: every `parts`-th song, beginning with the `part`-th. No two parts share a
/// song, and nobody needs to ask anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shard {
    /// 1 to `parts`.
    pub part: usize,
    /// 1 or more.
    pub parts: usize,
}

impl Shard {
    /// The whole queue.
    pub const WHOLE: Self = Self { part: 1, parts: 1 };

    /// Whether the song at this place of the queue, from 0, belongs to this part.
    pub fn has(self, place: usize) -> bool {
        place % self.parts == self.part - 1
    }

    /// From `I/N`, or `auto`, or `auto/N` (see [`Self::from_environment`]).
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn parse(text: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let wrong = || {
            let problem = format!("{text:?} is not I/N with I from 1 to N, auto, or auto/N");
            Error::setting("shard", problem)
        };
        let (part, parts) = match text.split_once('/') {
            Some((part, parts)) => {
                let parts: usize = parts.parse().map_err(|_unreadable| wrong())?;
                (part, Some(parts))
            }
            None => (text, None),
        };
        if part == "auto" {
            let found = Self::from_environment(parts, environment)?;
            return found.ok_or_else(|| {
                let problem = "auto finds neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX";
                Error::setting("shard", problem)
            });
        }
        let part: usize = part.parse().map_err(|_unreadable| wrong())?;
        let parts = parts.ok_or_else(wrong)?;
        Self::new(part, parts).ok_or_else(wrong)
    }

    /// What a Slurm array (`SLURM_ARRAY_TASK_ID`, `_MIN`, `_COUNT`) or a Kubernetes indexed job
    /// (`JOB_COMPLETION_INDEX`) says; `None` outside of both. Kubernetes does not tell the number of
    /// parts, so it has to be given.
    ///
    /// # Errors
    /// [`Error::Setting`] if the number of parts is unknown or the index lies beyond it.
    pub fn from_environment(
        parts: Option<usize>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        let number = |name: &str| -> Result<Option<usize>> {
            environment(name)
                .filter(|text| !text.is_empty())
                .map(|text| {
                    let problem = format!("{name} is {text:?}, which is no whole number");
                    text.trim()
                        .parse()
                        .map_err(|_unreadable| Error::setting("shard", problem))
                })
                .transpose()
        };
        let (from, index, told) = if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            // A task that is sent again alone has another first one: with the number of parts
            // given, its own number says which part it is.
            let index = match parts {
                Some(parts) if step == 1 => id % parts.max(1),
                _ => id.saturating_sub(first) / step,
            };
            (
                "SLURM_ARRAY_TASK_ID",
                index,
                number("SLURM_ARRAY_TASK_COUNT")?,
            )
        } else if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            ("JOB_COMPLETION_INDEX", index, None)
        } else {
            return Ok(None);
        };
        let Some(parts) = parts.or(told) else {
            let problem =
                format!("{from} does not say how many parts there are; add --shard auto/N");
            return Err(Error::setting("shard", problem));
        };
        Self::new(index + 1, parts).map(Some).ok_or_else(|| {
            let problem = format!("{from} is part {} of {parts}", index + 1);
            Error::setting("shard", problem)
        })
    }

    fn new(part: usize, parts: usize) -> Option<Self> {
        (1..=parts).contains(&part).then_some(Self { part, parts })
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.part, self.parts)
    }
}
