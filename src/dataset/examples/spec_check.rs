//! Whether a spec of examples can be, and the shapes that follow from it.

use super::roles::Roles;
use super::spec::{ExampleShapes, ExampleSource, ExampleSpec, ExampleTarget, PictureChannels};
use crate::dataset::masks::SoftLabels;
use crate::dataset::multitrack::{Group, MultitrackSpec};
use crate::error::{Error, Result};
use crate::spectral::MelBank;

impl ExampleSpec {
    /// Checks the values, as far as that goes without the recordings.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub fn validate(&self) -> Result<()> {
        Roles::new(self)?;
        self.multitrack()?.validate()?;
        self.augment.validate()?;
        self.check_picture()?;
        self.check_target()?;
        let one_to = |name: &str, value: Option<usize>, most: usize| match value {
            Some(value) if !(1..=most).contains(&value) => {
                Err(Error::setting(name, format!("must be 1 to {most}")))
            }
            _ => Ok(()),
        };
        one_to("columns", Some(self.columns), 65_536)?;
        one_to("height", self.height, 65_536)?;
        one_to("hop_columns", self.hop_columns, 65_536)?;
        one_to("examples_per_song", self.examples_per_song, 1_000_000)?;
        if !(1_000..=768_000).contains(&self.sample_rate_hz) {
            return Err(Error::setting("sample_rate_hz", "must be 1000 to 768000"));
        }
        if !(0.0..=1e6).contains(&self.start_secs) {
            return Err(Error::setting("start_secs", "must be 0 to 1000000"));
        }
        if self.least_level_db.is_some_and(|level| !level.is_finite()) {
            return Err(Error::setting("least_level_db", "must be a number"));
        }
        if !(0.0..=1.0).contains(&self.remix) {
            let problem = "must be a probability from 0 to 1";
            return Err(Error::setting("remix", problem));
        }
        if self.source != ExampleSource::Stems && (self.remix > 0.0 || !self.groups.is_empty()) {
            let problem = "only songs in stems can be grouped and remixed; leave both away";
            return Err(Error::setting("remix", problem));
        }
        if let Some((k, of)) = self.fold
            && (of < 2 || k > of)
        {
            let problem = format!("{k} of {of}: needs 2 folds or more, and one of them");
            return Err(Error::setting("fold", problem));
        }
        if self.seed > i64::MAX as u64 {
            return Err(Error::setting("seed", "must be below 2^63"));
        }
        Ok(())
    }

    /// The shapes of all examples.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn shapes(&self) -> Result<ExampleShapes> {
        self.validate()?;
        let height = self.height.unwrap_or(self.own_height());
        let answers = if self.conditioned {
            1
        } else {
            self.targets.len()
        };
        let style = usize::from(self.conditioned);
        Ok(ExampleShapes {
            input: [self.input.count() + style, height, self.columns],
            target: match self.target {
                ExampleTarget::Picture => [answers * self.output.count(), height, self.columns],
                ExampleTarget::Labels { columns, .. } => [1, height, columns],
                ExampleTarget::Activity { .. } => [1, 1, 1],
            },
        })
    }

    /// Rows of a picture before it is filled or cut.
    pub(super) fn own_height(&self) -> usize {
        match &self.picture.mel {
            Some(mel) => mel.bands,
            None => self.picture.bins_kept.unwrap_or(self.stft.bins()),
        }
    }

    /// Samples that an example's columns are apart from its beginning to the next: hop × columns.
    pub(super) fn span(&self) -> usize {
        self.stft.hop_length * self.columns
    }

    /// What of a folder of songs is taken; splits are given later.
    pub(super) fn multitrack(&self) -> Result<MultitrackSpec> {
        let groups = self.groups.iter().map(|text| text.parse::<Group>());
        Ok(MultitrackSpec {
            exclude: self.exclude.clone(),
            n_songs: self.n_songs,
            groups: groups.collect::<Result<_>>()?,
            expected: Vec::new(),
            valid_fraction: self.valid_fraction,
            test_fraction: self.test_fraction,
            seed: self.seed,
        })
    }

    fn check_picture(&self) -> Result<()> {
        self.stft.validate()?;
        self.picture.scale.validate()?;
        let bins = self.stft.bins();
        match (&self.picture.mel, self.picture.bins_kept) {
            (Some(_), Some(_)) => {
                let problem =
                    "go with pictures of bins, not of mel bands; leave one of the two away";
                return Err(Error::setting("bins kept", problem));
            }
            (Some(mel), None) => {
                MelBank::new(mel, self.stft.n_fft, self.sample_rate_hz)?;
            }
            (None, Some(kept)) if !(1..=bins).contains(&kept) => {
                let problem = format!("{kept} is not within 1 to {bins}");
                return Err(Error::setting("bins kept", problem));
            }
            _ => {}
        }
        let is_answer = self.target == ExampleTarget::Picture;
        let has_phase = self.input != PictureChannels::Magnitude
            || (is_answer && self.output != PictureChannels::Magnitude);
        if has_phase && self.picture.mel.is_some() {
            let problem = "mel bands have no phase; choose magnitude";
            return Err(Error::setting("input", problem));
        }
        Ok(())
    }

    fn check_target(&self) -> Result<()> {
        let answers = if self.conditioned {
            1
        } else {
            self.targets.len()
        };
        if self.target != ExampleTarget::Picture && answers != 1 {
            let problem = "labels and activity are of one target; name one, or use conditioned";
            return Err(Error::setting("targets", problem));
        }
        match self.target {
            ExampleTarget::Labels {
                low, high, columns, ..
            } => {
                // Nothing but the two values is looked at.
                SoftLabels { low, high }.of(&[])?;
                if columns != 1 && columns != self.columns {
                    let problem = format!("must be 1 or all {} of the input", self.columns);
                    return Err(Error::setting("label columns", problem));
                }
                Ok(())
            }
            ExampleTarget::Activity { threshold_db } if !threshold_db.is_finite() => {
                Err(Error::setting("threshold_db", "must be a number"))
            }
            _ => Ok(()),
        }
    }
}
