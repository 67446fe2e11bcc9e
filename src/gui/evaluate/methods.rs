//! The methods of a run: what the form asks for, opened on a worker.

use std::path::{Path, PathBuf};

use super::work::{EvaluateEvent, MeasureRequest, Tell};
use super::{MethodKind, Trouble};
use crate::apply::{self, BUILTIN_IDS, Params, Region, Separator};
use crate::error::{Error, Result};
use crate::evaluate::{
    EvaluateSpec, Method, MethodSource, Metric, OracleKind, Renames, TrackScores, TrackSet,
    find_estimates, read_museval_folder, stems_of,
};
use crate::gui::truth::{Sounds, method_of, usual_renames};
use crate::model::{Device, ModelShelf, file_sha256};
use crate::progress::Reporter;

/// Files that fit no song which are told one by one.
const MOST_TOLD: usize = 5;

/// Where a method's estimates come from.
#[derive(Debug, Clone, PartialEq)]
pub enum MethodWhat {
    /// A folder of files.
    Files(PathBuf),
    /// A model by its id.
    Model(String),
    /// Scores of others.
    Museval(PathBuf),
    /// A ceiling.
    Oracle(OracleKind),
    /// The floor.
    Mixture,
    /// A take of the open song, the stretch that it covers, and the model that made it.
    Take(Sounds, Option<Region>, String),
}

/// A method that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodChoice {
    /// Its name; empty for its own.
    pub name: String,
    /// Where its estimates come from.
    pub what: MethodWhat,
    /// Names of stems to be read as others.
    pub renames: Renames,
}

/// A method that can be measured.
pub(super) struct Opened {
    pub(super) method: Method,
    pub(super) kind: MethodKind,
    pub(super) renames: Renames,
    /// The stretch that it is measured in, if it is not that of all.
    pub(super) region: Option<Region>,
}

/// A method's name and its scores of others.
pub(super) type ReadScores = (String, Vec<TrackScores>);

/// Opens the methods; one that cannot be used is told and left out.
pub(super) fn open_methods(
    request: &MeasureRequest,
    set: Option<&TrackSet>,
    tell: Tell<'_>,
    reporter: &Reporter,
) -> Result<(Vec<Opened>, Vec<ReadScores>)> {
    let (mut opened, mut read) = (Vec::new(), Vec::new());
    for choice in &request.methods {
        reporter.step("Opening the methods", 0, 0)?;
        let outcome = match (&choice.what, set) {
            (MethodWhat::Museval(path), _) => {
                museval(choice, path, (&request.spec, set), tell, reporter)
                    .map(|more| read.extend(more))
            }
            (_, None) => Err(Error::setting(
                "true stems",
                "choose a folder of true stems",
            )),
            (_, Some(set)) => choice
                .open(set, tell, reporter)
                .map(|more| opened.extend(more)),
        };
        match outcome {
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => fail(tell, choice.shown_name(), error.to_string()),
            Ok(()) => {}
        }
    }
    Ok((opened, read))
}

fn fail(tell: Tell<'_>, method: String, reason: String) {
    tell(EvaluateEvent::Failed(Trouble {
        song: None,
        method: Some(method),
        reason,
    }));
}

impl MethodChoice {
    /// What it is called where nothing better is known.
    fn shown_name(&self) -> String {
        let own = self.name.trim();
        if !own.is_empty() {
            return own.to_owned();
        }
        match &self.what {
            MethodWhat::Files(path) | MethodWhat::Museval(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            MethodWhat::Model(id) => apply::model_name(id),
            MethodWhat::Oracle(kind) => kind.name().to_owned(),
            MethodWhat::Mixture => "mixture".to_owned(),
            MethodWhat::Take(..) => "take".to_owned(),
        }
    }

    fn open(&self, set: &TrackSet, tell: Tell<'_>, reporter: &Reporter) -> Result<Vec<Opened>> {
        let name = self.shown_name();
        let mut kind = MethodKind::Method;
        let mut own_region = None;
        let mut renames = self.renames.clone();
        let method = match &self.what {
            MethodWhat::Files(folder) => return self.files(folder, set, tell),
            MethodWhat::Museval(_) => return Ok(Vec::new()),
            MethodWhat::Model(id) => {
                if renames == Renames::default() {
                    renames = usual_renames(id, &known_stems(set));
                }
                let (separator, settings) = model(id, reporter)?;
                let source = MethodSource::Separator {
                    separator,
                    settings,
                };
                Method { name, source }
            }
            MethodWhat::Oracle(oracle) => {
                kind = MethodKind::Ceiling;
                let source = MethodSource::Oracle(*oracle);
                Method { name, source }
            }
            MethodWhat::Mixture => {
                kind = MethodKind::Floor;
                let source = MethodSource::Floor;
                Method { name, source }
            }
            MethodWhat::Take(sounds, region, model) => {
                own_region = *region;
                renames = usual_renames(model, &known_stems(set));
                method_of(&name, sounds.clone())
            }
        };
        Ok(vec![Opened {
            method,
            kind,
            renames,
            region: own_region,
        }])
    }

    fn files(&self, folder: &Path, set: &TrackSet, tell: Tell<'_>) -> Result<Vec<Opened>> {
        let own = Some(self.name.trim()).filter(|name| !name.is_empty());
        let found = find_estimates(folder, own, set, &self.renames)?;
        for reason in found.unmatched.iter().take(MOST_TOLD) {
            fail(tell, self.shown_name(), reason.clone());
        }
        let more = found.unmatched.len().saturating_sub(MOST_TOLD);
        if more > 0 {
            let reason = format!("{more} more files fit no song and stem");
            fail(tell, self.shown_name(), reason);
        }
        let methods = found.methods.into_iter().map(|(name, files)| Opened {
            method: Method {
                name,
                source: MethodSource::Files(files),
            },
            kind: MethodKind::Method,
            renames: self.renames.clone(),
            region: None,
        });
        Ok(methods.collect())
    }
}

/// The true stems of any song.
fn known_stems(set: &TrackSet) -> Vec<String> {
    set.songs.iter().flat_map(stems_of).collect()
}

/// A separator, and what its results depend on.
fn model(id: &str, reporter: &Reporter) -> Result<(Box<dyn Separator>, String)> {
    let params = Params::default();
    if apply::is_weight_free(id) {
        let separator = apply::open_weight_free(id, &params, &Device::Auto)?;
        return Ok((separator, id.to_owned()));
    }
    let (path, card) = ModelShelf::scan().find(id, &BUILTIN_IDS)?;
    let hash = file_sha256(&path, reporter)?;
    let (network, remark) = apply::open_network(id, &params, &Device::Auto, 0)?;
    remark.into_iter().for_each(|remark| reporter.warn(remark));
    // The card may lie beside the file.
    let card = card.to_json()?;
    Ok((Box::new(network), format!("{id} {hash} {card}")))
}

/// Scores of others by method, of the songs and the stretch that are measured; of all songs without
/// references.
fn museval(
    choice: &MethodChoice,
    path: &Path,
    (spec, set): (&EvaluateSpec, Option<&TrackSet>),
    tell: Tell<'_>,
    reporter: &Reporter,
) -> Result<Vec<ReadScores>> {
    let own = Some(choice.name.trim()).filter(|name| !name.is_empty());
    let (mut scores, problems) = read_museval_folder(path, own)?;
    for reason in problems {
        fail(tell, choice.shown_name(), reason);
    }
    if let Some(set) = set {
        let is_wanted = |track: &TrackScores| {
            let mut songs = set.songs.iter();
            songs.any(|song| song.name.to_lowercase() == track.song.to_lowercase())
        };
        scores.retain(is_wanted);
        let is_other = |track: &TrackScores| !track.has_frames_of(spec.win_secs, spec.hop_secs);
        if spec.metrics.contains(&Metric::Bss4) && scores.iter().any(is_other) {
            reporter.warn(format!(
                "{}: frames are not as long or as far apart as those measured here",
                choice.shown_name()
            ));
        }
    }
    if let Some(region) = &spec.region {
        scores.iter_mut().for_each(|track| track.cut(region));
        scores.retain(TrackScores::has_values);
    }
    if scores.is_empty() {
        let reason = "holds scores of none of the songs that are measured".to_owned();
        fail(tell, choice.shown_name(), reason);
    }
    let mut methods: Vec<ReadScores> = Vec::new();
    for track in scores {
        match methods.iter_mut().find(|(name, _)| *name == track.method) {
            Some((_, own)) => own.push(track),
            None => methods.push((track.method.clone(), vec![track])),
        }
    }
    Ok(methods)
}
