//! What the batch tests share: small songs, the program with a home of its own, what a run left.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use stemloom::audio::{AudioFormat, AudioWriter, Planar, Tags};
use walkdir::WalkDir;

use crate::cli::{self, Run};
use crate::common::{Rng, sine, text};

/// So many small songs that the program cannot be through with them while nobody reads its words:
/// a pipe (64 KB) and the program's own queue hold those of fewer than 60.
pub const MANY: u64 = 80;

/// What a cluster would tell; no test may hear of the machine that it runs on.
const CLUSTER: [&str; 5] = [
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_STEP",
    "JOB_COMPLETION_INDEX",
];

// ---------------------------------------------------------------------------------------------
// Songs

/// Tones and noise: one or two channels, two rates, no two seeds alike.
pub fn write_song(path: &Path, seed: u64, seconds: f64) -> usize {
    let rate_hz: u32 = if seed.is_multiple_of(2) {
        8_000
    } else {
        22_050
    };
    let channels = 1 + seed / 2 % 2;
    let frames = (seconds * f64::from(rate_hz)) as usize;
    let mut rng = Rng::new(seed);
    let planar: Planar = (0..channels)
        .map(|channel| {
            let hz = 200.0 + (30 * (seed % 50) + 90 * channel) as f64;
            let tone = sine(hz, rate_hz, frames, 0.3);
            tone.iter().map(|x| x + 0.2 * rng.sample()).collect()
        })
        .collect();
    std::fs::create_dir_all(path.parent().expect("a folder")).unwrap();
    let tags = Tags::default();
    let format = AudioFormat::Wav16;
    let mut writer =
        AudioWriter::create(path, format, rate_hz, planar.len(), &tags, true).expect("a writer");
    writer.push(&planar).expect("pushed");
    writer.finish().expect("finished");
    frames
}

/// "song 00.wav" and so on.
pub fn write_songs(folder: &Path, count: u64, seconds: f64) {
    for seed in 0..count {
        write_song(&folder.join(song_name(seed)), seed, seconds);
    }
}

/// The file's name of one of [`write_songs`].
pub fn song_name(seed: u64) -> String {
    format!("song {seed:02}.wav")
}

// ---------------------------------------------------------------------------------------------
// The program

/// A folder for one test, also the program's home, so that nobody's own recipes are met.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A place with these songs in its folder "music".
    pub fn with_songs(count: u64, seconds: f64) -> Self {
        let place = Self::new();
        write_songs(&place.path("music"), count, seconds);
        place
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// `stemloom` in this folder.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = cli::command(self.root(), words);
        command.env("STEMLOOM_HOME", self.path("home"));
        for name in CLUSTER {
            command.env_remove(name);
        }
        command
    }

    /// `stemloom batch` in this folder.
    pub fn command(&self, words: &[&str]) -> Command {
        let words: Vec<&str> = ["batch"].iter().chain(words).copied().collect();
        self.program(&words)
    }

    /// `stemloom batch` in this folder, to its end.
    pub fn batch(&self, words: &[&str]) -> Run {
        to_the_end(self.command(words))
    }
}

/// Runs a command to its end.
pub fn to_the_end(mut command: Command) -> Run {
    let output = command.output().expect("the program starts");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The program in the middle of its work.
pub struct AtWork {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: String,
}

impl AtWork {
    /// Starts a command with `--json` and waits until so many songs are over.
    pub fn start(mut command: Command, songs_over: usize) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut this = Self {
            child,
            stdout,
            said: String::new(),
        };
        let mut over = 0;
        while over < songs_over {
            let from = this.said.len();
            let read = this.stdout.read_line(&mut this.said).expect("a line");
            assert!(read > 0, "it ended after {over} songs: {}", this.said);
            let line: Value = serde_json::from_str(&this.said[from..]).expect("JSON");
            over += usize::from(line["event"] == "file");
        }
        this
    }

    /// Ends it at once, without a word to it. Whether it had not ended by itself.
    pub fn kill(mut self) -> bool {
        self.child.kill().expect("it can be killed");
        !self.child.wait().expect("it ends").success()
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(self) -> Run {
        let killed = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()
            .expect("kill is there");
        assert!(killed.success());
        self.finish()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Run {
        let rest = self.stdout.read_to_string(&mut self.said);
        rest.expect("the rest of its words");
        let output = self.child.wait_with_output().expect("it ends");
        Run {
            code: output.status.code(),
            stdout: self.said,
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

// ---------------------------------------------------------------------------------------------
// What a run left

/// Every file below a folder by its path there; none if there is no such folder.
pub fn files(folder: &Path) -> Vec<String> {
    if !folder.exists() {
        return Vec::new();
    }
    let below = |path: &Path| {
        let path = path.strip_prefix(folder).expect("it is below");
        path.to_string_lossy().replace('\\', "/")
    };
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|item| item.expect("a folder that can be read"))
        .filter(|item| item.file_type().is_file())
        .map(|item| below(item.path()))
        .collect()
}

/// Every result in a destination, by its path there: all files but records and reports.
pub fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut names = files(out);
    names.retain(|name| !name.starts_with(".stemloom/") && !name.starts_with("report"));
    names
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(out.join(&name)).expect("a result");
            (name, bytes)
        })
        .collect()
}

/// Their names.
pub fn result_names(out: &Path) -> Vec<String> {
    results(out).into_keys().collect()
}

/// Fails unless both destinations hold the same files with the same bytes.
pub fn expect_same(out: &BTreeMap<String, Vec<u8>>, wanted: &BTreeMap<String, Vec<u8>>) {
    let (have, want): (Vec<_>, Vec<_>) = (out.keys().collect(), wanted.keys().collect());
    assert_eq!(have, want);
    for (name, bytes) in wanted {
        assert!(&out[name] == bytes, "{name} differs");
    }
}

/// Fails if a file under a temporary name is left anywhere in a folder.
pub fn expect_nothing_half_written(folder: &Path) {
    let mut names = files(folder);
    names.retain(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with(".part") || name.starts_with(".stemloom-")
    });
    assert!(names.is_empty(), "left behind: {names:?}");
}

/// The number of songs that are written down as finished.
pub fn records(out: &Path) -> usize {
    let done = files(&out.join(".stemloom/done"));
    done.iter().filter(|name| name.ends_with(".json")).count()
}

/// The last part of a path in JSON.
pub fn name_of(path: &Value) -> String {
    let path = Path::new(text(path));
    let name = path.file_name().expect("a file's name");
    name.to_string_lossy().into_owned()
}

/// What became of every song of a run with `--json`, by its file's name.
pub fn states(run: &Run) -> BTreeMap<String, String> {
    let state = |file: &Value| (name_of(&file["input"]), text(&file["state"]).to_owned());
    run.events("file").iter().map(state).collect()
}

/// The songs of a run with `--json` that ended in this state, by their files' names.
pub fn in_state(run: &Run, state: &str) -> Vec<String> {
    let mut states = states(run);
    states.retain(|_, other| other.as_str() == state);
    states.into_keys().collect()
}

/// Fails unless every song of a run with `--json` ended in this state.
pub fn expect_all(run: &Run, state: &str, songs: u64) {
    let states = states(run);
    assert_eq!(states.len() as u64, songs, "{}", run.stdout);
    let other = states.iter().find(|(_, other)| other.as_str() != state);
    assert_eq!(other, None, "instead of {state}");
}
