//! `stemloom evaluate`: methods of separation against the true stems, in one table.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::evaluate_methods::methods;
use super::evaluate_show::{Shown, show_all, show_track};
use super::network_args::DeviceArgs;
use super::shared::MeasureArgs;
use super::{Terminal, evaluate_methods};
use crate::dataset::Song;
use crate::error::{Error, Result};
use crate::evaluate::{
    EvaluateSpec, Method, OpenSong, OracleKind, Renames, ScoreStore, TrackScores, TrackSet,
    fingerprint, measure_song,
};

#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    /// The true stems: MUSDB18, MUSDB18-HQ, a folder with a sub-folder per song, or one song's folder.
    #[arg(long, value_name = "DIR")]
    pub references: Option<PathBuf>,
    /// Estimates as SONG/STEM.wav, SONG/METHOD/STEM.wav or SONG (STEM).wav; several times.
    #[arg(long, value_name = "[NAME=]DIR", value_parser = parse_place)]
    pub estimates: Vec<NamedPlace>,
    /// A model to run on the mixtures: its id (hpss, repet-sim, centre are always there) or an ONNX
    /// file; several times.
    #[arg(long, value_name = "ID|FILE")]
    pub model: Vec<String>,
    /// Scores of others as museval writes them, such as the archive of SiSEC 2018; several times.
    #[arg(long, value_name = "[NAME=]DIR|FILE", value_parser = parse_place)]
    pub museval: Vec<NamedPlace>,
    /// Ceilings made with knowledge of the truth: ibm, irm1, irm2, mwf.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub oracle: Vec<OracleKind>,
    /// The floor: the untouched mixture as the estimate of every stem.
    #[arg(long)]
    pub floor: bool,
    /// A stem by another name, for example harmonic=accompaniment; several times.
    #[arg(long, value_name = "NAME=STEM", value_parser = parse_pair)]
    rename: Vec<(String, String)>,
    #[command(flatten)]
    measure: MeasureArgs,
    /// Length of a frame of bss4 in seconds.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    window: f64,
    /// Distance of frames in seconds.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    hop: f64,
    /// Compare two methods song by song, with a 95 % interval; several times.
    #[arg(long, value_names = ["A", "B"], num_args = 2)]
    pub compare: Vec<String>,
    /// The draws of the intervals.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write a table of all songs, methods, stems and measures.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the scores of every song as museval does, METHOD/SPLIT/SONG.json.
    #[arg(long, value_name = "DIR")]
    json_dir: Option<PathBuf>,
    /// Draw a box plot as PNG: of each stem, a box per method.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Take scores from --json-dir where nothing has changed since, and replace the rest.
    #[arg(long, requires = "json_dir")]
    resume: bool,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

/// A folder or file, and what a person calls it.
#[derive(Debug, Clone)]
pub(super) struct NamedPlace {
    pub name: Option<String>,
    pub path: PathBuf,
}

/// `NAME=PATH`, or a path. What is there under the whole text is a path, whatever it contains.
fn parse_place(text: &str) -> std::result::Result<NamedPlace, String> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) if !Path::new(text).exists() => (Some(name.trim()), path),
        _ => (None, text),
    };
    if path.is_empty() || name.is_some_and(str::is_empty) {
        return Err("write NAME=DIR, neither empty, or DIR".into());
    }
    Ok(NamedPlace {
        name: name.map(str::to_owned),
        path: path.into(),
    })
}

fn parse_pair(text: &str) -> std::result::Result<(String, String), String> {
    let (name, stem) = text.split_once('=').ok_or("write NAME=STEM")?;
    Ok((name.to_owned(), stem.to_owned()))
}

impl EvaluateArgs {
    fn spec(&self) -> Result<EvaluateSpec> {
        let spec = EvaluateSpec {
            win_secs: self.window,
            hop_secs: self.hop,
            ..self.measure.spec()
        };
        spec.validate()?;
        Ok(spec)
    }

    /// Whether files of the same name may be replaced: a run that goes on replaces its own.
    pub fn may_replace(&self) -> bool {
        self.overwrite || self.resume
    }

    /// Tables and plots are written after hours: what would stop that is found out first.
    fn check_outputs(&self) -> Result<()> {
        for path in self.csv.iter().chain(&self.plot) {
            if path.is_dir() || path.exists() && !self.may_replace() {
                return Err(Error::Exists { path: path.clone() });
            }
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
            }
        }
        Ok(())
    }
}

pub(super) fn run(args: &EvaluateArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let input = args.references.as_ref().map_or_else(
        || "evaluate".to_owned(),
        |folder| folder.display().to_string(),
    );
    if let Err(error) = all(args, &terminal, &input) {
        terminal.error(&error, &input);
    }
    terminal.exit_code()
}

fn all(args: &EvaluateArgs, terminal: &Terminal, input: &str) -> Result<()> {
    let spec = args.spec()?;
    let renames = Renames::new(&args.rename)?;
    args.check_outputs()?;
    let set = match &args.references {
        Some(folder) => Some(TrackSet::open(folder, &args.measure.track_spec())?),
        None => None,
    };
    let mut others = evaluate_methods::museval_scores(args, &spec, set.as_ref(), terminal)?;
    let mut scores = Vec::new();
    if let Some(set) = &set {
        let reporter = terminal.reporter(input);
        set.notes.iter().for_each(|note| reporter.warn(note));
        let mut methods = methods(args, set, &renames, terminal)?;
        evaluate_methods::check_names(&methods, &others)?;
        let store = args
            .json_dir
            .as_ref()
            .map(|folder| ScoreStore::new(folder, args.may_replace()));
        if let Some(store) = &store {
            let names: Vec<&str> = methods.iter().map(|m| m.name.as_str()).collect();
            store.check(&set.songs, &names)?;
        }
        let work = Work {
            spec: &spec,
            renames: &renames,
            store: store.as_ref(),
            resume: args.resume,
            terminal,
        };
        for song in &set.songs {
            scores.extend(work.song(song, &mut methods)?);
        }
    } else if others.is_empty() {
        let problem = "name a folder of true stems (--references DIR), or scores (--museval DIR)";
        return Err(Error::setting("references", problem));
    } else {
        evaluate_methods::check_names(&[], &others)?;
    }
    scores.append(&mut others);
    show_all(args, &scores, terminal)
}

/// What every song is worked on with.
struct Work<'a> {
    spec: &'a EvaluateSpec,
    renames: &'a Renames,
    store: Option<&'a ScoreStore>,
    resume: bool,
    terminal: &'a Terminal,
}

impl Work<'_> {
    /// All methods' scores of a song; what fails is told, and the rest is done.
    fn song(&self, song: &Song, methods: &mut [Method]) -> Result<Vec<TrackScores>> {
        let mut scores = Vec::new();
        let mut open: Option<(OpenSong<'_>, bool)> = None;
        for method in methods {
            let key = fingerprint(song, method, self.spec, self.renames);
            let kept = self.store.filter(|_| self.resume);
            if let Some(kept) = kept.and_then(|store| store.load(song, &method.name, &key)) {
                show_track(&kept, Shown::Kept, self.terminal);
                scores.push(kept);
                continue;
            }
            let opened = match open.take() {
                Some(opened) => opened,
                None => match self.open(song) {
                    Ok(opened) => opened,
                    Err(error) if error.is_cancelled() => return Err(error),
                    Err(error) => {
                        self.fail(&song.name, &error.to_string());
                        return Ok(scores);
                    }
                },
            };
            let (opened, is_whole) = open.insert(opened);
            let key = is_whole.then_some(key.as_str());
            match self.method(opened, method, key, song) {
                Ok(track) => scores.push(track),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => self.fail(
                    &song.name,
                    &format!("{}, {}: {error}", song.name, method.name),
                ),
            }
        }
        Ok(scores)
    }

    /// The true stems, and whether all of them could be read.
    fn open<'s>(&self, song: &'s Song) -> Result<(OpenSong<'s>, bool)> {
        let reporter = self.terminal.reporter(&song.name);
        let (open, problems) = OpenSong::read(song, self.spec.region, &reporter)?;
        open.notes().iter().for_each(|note| reporter.warn(note));
        for problem in &problems {
            self.fail(&song.name, &format!("{}: {problem}", song.name));
        }
        Ok((open, problems.is_empty()))
    }

    /// Scores that are not whole are written without `key`: a later run tries them again.
    fn method(
        &self,
        open: &mut OpenSong<'_>,
        method: &mut Method,
        key: Option<&str>,
        song: &Song,
    ) -> Result<TrackScores> {
        let about = format!("{}, {}", song.name, method.name);
        let reporter = self.terminal.reporter(&about);
        let estimates = method.estimate(open, self.renames, &reporter)?;
        let measured = measure_song(open, &method.name, estimates, self.spec, &reporter)?;
        measured.notes.iter().for_each(|note| reporter.warn(note));
        for problem in &measured.problems {
            self.fail(&song.name, &format!("{about}: {problem}"));
        }
        if let Some(store) = self.store {
            let key = key.filter(|_| measured.problems.is_empty());
            // What was measured is shown all the same.
            if let Err(error) = store.save(song, &measured.scores, key) {
                self.fail(&song.name, &format!("{about}: {error}"));
            }
        }
        show_track(&measured.scores, Shown::New, self.terminal);
        Ok(measured.scores)
    }

    fn fail(&self, input: &str, message: &str) {
        self.terminal.fail(message, input);
    }
}
