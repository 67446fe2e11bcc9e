//! The other side: `peers.py` in a virtual environment of its own under `target`.
//!
//! The environment is made on the first run and kept until the list of packages changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use stemloom::model::set_library_path;

use crate::table::PeerTime;

const PACKAGES: [&str; 7] = [
    "librosa==0.11.0",
    "numpy",
    "scipy",
    "scikit-learn",
    "soundfile",
    "onnxruntime==1.31.1",
    "museval==0.4.1",
];
/// Environment variable that also asks for torch.
const WITH_TORCH: &str = "STEMLOOM_BENCH_TORCH";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers.py");
/// What the libraries under the peers ask how many threads to use.
const THREAD_VARIABLES: [&str; 6] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
];

/// The peers, ready to be asked, or the reason why they are not.
pub struct Peers {
    script: Result<Script, String>,
}

struct Script {
    python: PathBuf,
    song: PathBuf,
    threads: usize,
    versions: String,
}

impl Peers {
    /// Installs the peers for this song. From then on our side uses their ONNX Runtime library.
    pub fn prepare(song: &Path, threads: usize) -> Self {
        let script = install().and_then(|python| Script::open(python, song, threads));
        Self {
            script: script.map_err(|error| format!("peers: {error:#}")),
        }
    }

    /// Names and versions.
    pub fn versions(&self) -> &str {
        match &self.script {
            Ok(script) => &script.versions,
            Err(_) => "none",
        }
    }

    /// A peer's seconds for a row of `peers.py`; `options` are that row's own.
    pub fn time(&self, row: &str, options: &[String]) -> PeerTime {
        self.time_and(row, options, "").0
    }

    /// As [`Self::time`], with another figure of the same run, if there is one.
    pub fn time_and(&self, row: &str, options: &[String], figure: &str) -> (PeerTime, Option<f64>) {
        let (time, answer) = self.ask(row, options);
        (time, answer[figure].as_f64())
    }

    /// As [`Self::time`], with all that the row answered; null if it did not run.
    pub fn ask(&self, row: &str, options: &[String]) -> (PeerTime, Value) {
        let answer = match &self.script {
            Ok(script) => script.ask(row, options),
            Err(problem) => return (PeerTime::Failed(problem.clone()), Value::Null),
        };
        match answer {
            Ok(answer) => {
                let time = match (answer["secs"].as_f64(), answer["absent"].as_str()) {
                    (Some(secs), _) => PeerTime::Secs(secs),
                    (None, Some(reason)) => PeerTime::Absent(reason.to_owned()),
                    (None, None) => PeerTime::Failed(format!("peers.py {row}: answered {answer}")),
                };
                (time, answer)
            }
            Err(error) => {
                let problem = format!("peers.py {row}: {error:#}");
                (PeerTime::Failed(problem), Value::Null)
            }
        }
    }
}

impl Script {
    fn open(python: PathBuf, song: &Path, threads: usize) -> anyhow::Result<Self> {
        let mut script = Self {
            python,
            song: song.to_path_buf(),
            threads,
            versions: String::new(),
        };
        let about = script.ask("about", &[])?;
        let text = |key: &str| {
            about[key]
                .as_str()
                .with_context(|| format!("peers.py about: no {key}"))
        };
        let (versions, library) = (
            text("versions")?.to_owned(),
            PathBuf::from(text("library")?),
        );
        set_library_path(library);
        script.versions = versions;
        Ok(script)
    }

    /// The row's line of JSON.
    fn ask(&self, row: &str, options: &[String]) -> anyhow::Result<Value> {
        let threads = self.threads.to_string();
        let output = Command::new(&self.python)
            .arg(SCRIPT)
            .arg(row)
            .arg("--song")
            .arg(&self.song)
            .arg("--threads")
            .arg(&threads)
            .args(options)
            .envs(THREAD_VARIABLES.map(|variable| (variable, &threads)))
            .env("PYTHONWARNINGS", "ignore")
            .env_remove("PYTHONPATH")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("Python did not start")?;
        ensure!(output.status.success(), "it ended with {}", output.status);
        let text = String::from_utf8(output.stdout)?;
        let line = text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .context("it said nothing")?;
        Ok(serde_json::from_str(line)?)
    }
}

/// Makes the virtual environment, unless it holds what is wanted; answers its Python.
fn install() -> anyhow::Result<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .context("no target folder")?;
    let venv = target.join("bench-venv");
    let python = venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let mut packages = PACKAGES.to_vec();
    if std::env::var(WITH_TORCH).is_ok_and(|value| value == "1") {
        packages.push("torch");
    }
    let wanted = packages.join("\n");
    let note = venv.join("installed.txt");
    let is_there = std::fs::read_to_string(&note).is_ok_and(|installed| installed == wanted);
    if is_there && python.is_file() {
        return Ok(python);
    }
    eprintln!("bench: installing the peers into {}", venv.display());
    call(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    call(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(&packages),
    )?;
    std::fs::write(&note, wanted)?;
    Ok(python)
}

fn call(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("{command:?} ended with {status}"),
        Err(error) => bail!("{command:?} did not start ({error})"),
    }
}
