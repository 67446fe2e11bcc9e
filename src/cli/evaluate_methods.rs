//! From words on the command line to the methods that are measured.

use std::collections::{BTreeMap, BTreeSet};

use super::Terminal;
use super::evaluate::EvaluateArgs;
use crate::apply::{self, BUILTIN_IDS, Params, Separator};
use crate::error::{Error, Result};
use crate::evaluate::{
    EvaluateSpec, Method, MethodSource, Metric, Renames, TrackScores, TrackSet, find_estimates,
    read_museval_folder,
};
use crate::model::{ModelShelf, file_sha256};
use crate::progress::Reporter;

/// Files that fit no song which are told one by one.
const MOST_TOLD: usize = 5;

/// The methods asked for, in the order of the table: floor, files, models, oracles. A folder or a
/// model that cannot be used is told and left out.
pub(super) fn methods(
    args: &EvaluateArgs,
    set: &TrackSet,
    renames: &Renames,
    terminal: &Terminal,
) -> Result<Vec<Method>> {
    let mut methods = Vec::new();
    let mut add = |name: &str, source: MethodSource| {
        methods.push(Method {
            name: name.to_owned(),
            source,
        });
    };
    if args.floor {
        add("mixture", MethodSource::Floor);
    }
    for place in &args.estimates {
        let about = place.path.display().to_string();
        match find_estimates(&place.path, place.name.as_deref(), set, renames) {
            Ok(found) => {
                for (name, files) in found.methods {
                    add(&name, MethodSource::Files(files));
                }
                tell_unmatched(&found.unmatched, &about, terminal);
            }
            Err(error) => terminal.error(&error, &about),
        }
    }
    for id in &args.model {
        match open_model(args, id, terminal) {
            Ok((separator, settings)) => {
                let source = MethodSource::Separator {
                    separator,
                    settings,
                };
                add(&apply::model_name(id), source);
            }
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.error(&error, id),
        }
    }
    for kind in &args.oracle {
        add(kind.name(), MethodSource::Oracle(*kind));
    }
    if methods.is_empty() && args.museval.is_empty() {
        let problem = "there is nothing to measure; name estimates, a model, an oracle or --floor";
        return Err(Error::setting("estimates", problem));
    }
    Ok(methods)
}

fn tell_unmatched(unmatched: &[String], about: &str, terminal: &Terminal) {
    for problem in unmatched.iter().take(MOST_TOLD) {
        terminal.fail(problem, about);
    }
    if unmatched.len() > MOST_TOLD {
        let more = unmatched.len() - MOST_TOLD;
        let message = format!("{more} more files fit no song and stem: {about}");
        terminal.fail(&message, about);
    }
}

/// A separator, and what its results depend on.
fn open_model(
    args: &EvaluateArgs,
    id: &str,
    terminal: &Terminal,
) -> Result<(Box<dyn Separator>, String)> {
    let params = Params::default();
    if apply::is_weight_free(id) {
        let separator = apply::open_weight_free(id, &params, &args.device.device)?;
        return Ok((separator, id.to_owned()));
    }
    let (path, card) = ModelShelf::scan().find(id, &BUILTIN_IDS)?;
    let hash = file_sha256(&path, &terminal.reporter(id))?;
    let network = args.device.separator(id, &params, terminal)?;
    // The card may lie beside the file.
    let card = card.to_json()?;
    Ok((Box::new(network), format!("{id} {hash} {card}")))
}

/// Scores of others, of the songs and the stretch that are measured; of all songs if there are no
/// references.
pub(super) fn museval_scores(
    args: &EvaluateArgs,
    spec: &EvaluateSpec,
    set: Option<&TrackSet>,
    terminal: &Terminal,
) -> Result<Vec<TrackScores>> {
    let mut scores = Vec::new();
    for place in &args.museval {
        let about = place.path.display().to_string();
        let (mut found, problems) = match read_museval_folder(&place.path, place.name.as_deref()) {
            Ok(read) => read,
            Err(error) => {
                terminal.error(&error, &about);
                continue;
            }
        };
        for problem in problems {
            terminal.fail(&problem, &about);
        }
        if let Some(set) = set {
            let is_wanted = |track: &TrackScores| {
                let mut songs = set.songs.iter();
                songs.any(|song| song.name.to_lowercase() == track.song.to_lowercase())
            };
            found.retain(is_wanted);
            if found.is_empty() {
                let message =
                    format!("holds scores of none of the songs that are measured: {about}");
                terminal.fail(&message, &about);
            }
            let reporter = terminal.reporter(&about);
            tell_missing(&found, set, &reporter);
            let is_other = |track: &TrackScores| !track.has_frames_of(spec.win_secs, spec.hop_secs);
            if spec.metrics.contains(&Metric::Bss4) && found.iter().any(is_other) {
                reporter.warn("frames are not as long or as far apart as those measured here");
            }
        }
        if let Some(region) = &spec.region {
            found.iter_mut().for_each(|track| track.cut(region));
            let count = found.len();
            found.retain(TrackScores::has_values);
            if found.len() < count {
                let songs = count - found.len();
                let note =
                    format!("{songs} songs have no frame within the stretch that is measured");
                terminal.reporter(&about).warn(note);
            }
        }
        scores.append(&mut found);
    }
    if scores.is_empty() && set.is_none() && !args.museval.is_empty() {
        return Err(Error::setting("museval", "no scores are left to show"));
    }
    Ok(scores)
}

/// Tells of methods that do not have all songs.
fn tell_missing(scores: &[TrackScores], set: &TrackSet, reporter: &Reporter) {
    let mut songs: BTreeMap<&str, usize> = BTreeMap::new();
    for track in scores {
        *songs.entry(&track.method).or_default() += 1;
    }
    let wanted = set.songs.len();
    for (method, count) in songs.into_iter().filter(|(_, count)| *count < wanted) {
        reporter.warn(format!("{method} has scores of {count} of {wanted} songs"));
    }
}

/// No two methods may have one name.
pub(super) fn check_names(methods: &[Method], others: &[TrackScores]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let taken = |name: &str| {
        let problem = format!("two methods are called {name:?}; name one of them, as NAME=DIR");
        Err(Error::setting("estimates", problem))
    };
    for method in methods {
        if !seen.insert(method.name.to_lowercase()) {
            return taken(&method.name);
        }
    }
    let mut songs = BTreeSet::new();
    for track in others {
        let method = track.method.to_lowercase();
        let song = (
            method.clone(),
            track.split.clone(),
            track.song.to_lowercase(),
        );
        if seen.contains(&method) || !songs.insert(song) {
            return taken(&track.method);
        }
    }
    Ok(())
}
