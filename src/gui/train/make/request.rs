//! What is to be made, by the words and numbers of the form; the library checks them.

use std::path::PathBuf;

use super::{MakeForm, MakeKind};
use crate::dataset::{
    ExampleSpec, ExcerptSpec, ExtractSpec, FeatureOptions, Group, MultitrackSpec, SpeechMixSpec,
    example_preset,
};
use crate::error::{Error, Result};
use crate::gui::train::music::named;

/// The folder of the Data section.
#[derive(Debug, Clone, Default)]
pub struct DataSongs {
    /// The folder; empty if none is chosen.
    pub folder: PathBuf,
    /// Songs that are left out.
    pub left_out: Vec<String>,
    /// The other songs, as far as they are known.
    pub kept: Vec<String>,
}

/// Songs in stems.
#[derive(Debug, Clone, PartialEq)]
pub struct SongsRequest {
    /// Their folder.
    pub folder: PathBuf,
    /// What is taken of it.
    pub spec: MultitrackSpec,
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum MakeRequest {
    /// Examples of a folder of recordings.
    Store {
        /// The folder.
        folder: PathBuf,
        /// What examples.
        spec: Box<ExampleSpec>,
        /// The destination.
        out: PathBuf,
        /// Whether examples that are there are made anew.
        overwrite: bool,
    },
    /// Sections of songs.
    Cut {
        /// The songs.
        songs: SongsRequest,
        /// What is cut, and where to.
        spec: ExtractSpec,
    },
    /// Pairs of speech.
    Speech {
        /// The folder of speech.
        speech: PathBuf,
        /// The folder of music.
        music: PathBuf,
        /// How they are mixed, and where to.
        spec: SpeechMixSpec,
    },
    /// Pictures of instruments.
    Pictures {
        /// The folder of folders.
        folder: PathBuf,
        /// Which pictures, and where to.
        options: FeatureOptions,
    },
    /// Excerpts of songs.
    Excerpts {
        /// The songs.
        songs: SongsRequest,
        /// What excerpts, and where to.
        spec: ExcerptSpec,
    },
}

impl MakeForm {
    /// What the form asks for, of this Data folder.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub fn request(&self, data: &DataSongs) -> Result<MakeRequest> {
        if self.kind.is_of_data() && data.folder.as_os_str().is_empty() {
            return Err(Error::setting("data folder", "choose one first"));
        }
        let folder = data.folder.clone();
        let out = || named("result folder", &self.out);
        Ok(match self.kind {
            MakeKind::Store => MakeRequest::Store {
                folder,
                spec: Box::new(self.example_spec(data)?),
                out: out()?,
                overwrite: self.overwrite,
            },
            MakeKind::Cut => {
                let spec = ExtractSpec {
                    out: out()?,
                    stem: self.cut.stem.trim().to_owned(),
                    ..self.cut.clone()
                };
                spec.validate()?;
                let songs = self.songs_of(data, &spec.stem)?;
                MakeRequest::Cut { songs, spec }
            }
            MakeKind::Speech => {
                let spec = SpeechMixSpec {
                    out: out()?,
                    overwrite: self.overwrite,
                    seed: self.seed,
                    stem: self.mix.stem.trim().to_owned(),
                    ..self.mix.clone()
                };
                spec.validate()?;
                MakeRequest::Speech {
                    speech: named("speech folder", &self.speech)?,
                    music: named("music folder", &self.music)?,
                    spec,
                }
            }
            MakeKind::Pictures => MakeRequest::Pictures {
                folder,
                options: FeatureOptions {
                    out: out()?,
                    kind: self.pictures,
                    overwrite: self.overwrite,
                },
            },
            MakeKind::Excerpts => {
                let spec = ExcerptSpec {
                    out: out()?,
                    stem: self.excerpts.stem.trim().to_owned(),
                    overwrite: self.overwrite,
                    ..self.excerpts.clone()
                };
                spec.validate()?;
                let songs = self.songs_of(data, &spec.stem)?;
                MakeRequest::Excerpts { songs, spec }
            }
        })
    }

    fn example_spec(&self, data: &DataSongs) -> Result<ExampleSpec> {
        let preset = example_preset(self.preset)?;
        let is_of_stems = self.is_of_stems();
        let spec = ExampleSpec {
            origin: self.origin.trim().to_owned(),
            targets: parts_of(&self.targets, ','),
            n_songs: (self.songs > 0).then_some(self.songs),
            valid_fraction: self.valid,
            test_fraction: self.test,
            seed: self.seed,
            ..preset
        };
        let spec = if is_of_stems {
            ExampleSpec {
                remix: self.remix,
                groups: parts_of(&self.groups, ';'),
                exclude: data.excluded()?,
                ..spec
            }
        } else {
            spec
        };
        spec.validate()?;
        Ok(spec)
    }

    /// The songs, in which each should have this stem.
    fn songs_of(&self, data: &DataSongs, stem: &str) -> Result<SongsRequest> {
        let groups = parts_of(&self.groups, ';');
        let groups = groups.iter().map(|text| text.parse::<Group>());
        let spec = MultitrackSpec {
            exclude: data.excluded()?,
            n_songs: (self.songs > 0).then_some(self.songs),
            groups: groups.collect::<Result<_>>()?,
            expected: vec![stem.to_owned()],
            valid_fraction: self.valid,
            test_fraction: self.test,
            seed: self.seed,
        };
        spec.validate()?;
        Ok(SongsRequest {
            folder: data.folder.clone(),
            spec,
        })
    }
}

impl DataSongs {
    /// The songs that are left out; a name leaves out all that begin so.
    ///
    /// # Errors
    /// [`Error::Setting`] if a name would leave out another song as well.
    pub fn excluded(&self) -> Result<Vec<String>> {
        for name in &self.left_out {
            let begins = |other: &&String| other.to_lowercase().starts_with(&name.to_lowercase());
            if let Some(twin) = self.kept.iter().find(begins) {
                let problem = format!(
                    "{name:?} is left out, and so would be {twin:?}, whose name begins alike; \
                     leave out both, or rename one"
                );
                return Err(Error::setting("data folder", problem));
            }
        }
        Ok(self.left_out.clone())
    }
}

/// What stands between separators, without spaces around it and nothing empty.
fn parts_of(text: &str, separator: char) -> Vec<String> {
    let parts = text.split(separator).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
