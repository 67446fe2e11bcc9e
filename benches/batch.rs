//! What a batch costs: beside one run of the program per song, beside the bare network, and again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use stemloom::audio::{AudioFormat, AudioWriter, Tags};
use stemloom::model::find_library;

use crate::memory::run_and_watch;
use crate::table::PeerTime;
use crate::table::{Goal, Row};
use crate::{Bench, network, song};

/// Songs, together as long as the test song, so that its bare run is the sum of theirs.
const SONGS: usize = 20;
/// Songs of the runs that are compared in memory.
const FEW: usize = 20;
const MANY: usize = 200;

/// Time of 20 songs, time to find them all finished, and memory over 200.
pub fn batch(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let model = bench.folder.path().join("batch layers.onnx");
    network::write_layers(&model)?;
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let place = Place {
        bench,
        root: folder.path(),
        model: &model,
    };
    let frames = bench.clip.frames() / SONGS;
    let songs = place.write_songs("songs", SONGS, frames)?;
    let batch_secs = place.batch("songs", "batch")?;
    let again_secs = place.batch("songs", "batch")?;
    let single_secs = place.one_by_one(&songs)?;
    let bare = network::bare(bench, &model)?;
    let work = format!("batch of {SONGS} songs, one ONNX model");
    let mut rows = vec![
        Row::against(
            &work,
            batch_secs,
            ("one program per song", PeerTime::Secs(single_secs)),
            Goal::SlowerByAtMost(1.0),
        ),
        Row::against(
            &work,
            batch_secs,
            ("bare ONNX Runtime", bare),
            Goal::SlowerByAtMost(1.5),
        ),
        Row::against(
            &format!("{SONGS} songs found finished"),
            again_secs,
            ("doing them", PeerTime::Secs(batch_secs)),
            Goal::SlowerByAtMost(0.2),
        ),
    ];
    if cfg!(target_os = "linux") {
        place.write_songs("few", FEW, frames / 4)?;
        place.write_songs("many", MANY, frames / 4)?;
        let few = run_and_watch(&mut place.command("few", "few out")?)?;
        let many = run_and_watch(&mut place.command("many", "many out")?)?;
        let work = format!("peak memory, batch of {MANY} songs");
        rows.push(Row::memory(
            &work,
            many,
            (&format!("{FEW} songs"), few),
            1.1,
        ));
    }
    Ok(rows)
}

struct Place<'a> {
    bench: &'a Bench,
    root: &'a Path,
    model: &'a Path,
}

impl Place<'_> {
    /// Pieces of the test song, one after the other.
    fn write_songs(&self, name: &str, count: usize, frames: usize) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.root.join(name);
        std::fs::create_dir_all(&folder)?;
        (0..count)
            .map(|at| {
                let path = folder.join(format!("song {at:03}.wav"));
                let tags = Tags::default();
                let rate = song::SAMPLE_RATE_HZ;
                let mut writer =
                    AudioWriter::create(&path, AudioFormat::Wav16, rate, 2, &tags, true)?;
                let start = at % SONGS * frames;
                let channel = |c: usize| self.bench.clip.channel(c)[start..start + frames].to_vec();
                writer.push(&[channel(0), channel(1)])?;
                writer.finish()?;
                Ok(path)
            })
            .collect()
    }

    fn program(&self, words: &[&str]) -> anyhow::Result<Command> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_stemloom"));
        program
            .args(words)
            .arg("--model")
            .arg(self.model)
            .args(["--device", "cpu", "--threads"])
            .arg(self.bench.threads.to_string())
            .env("ORT_DYLIB_PATH", find_library()?)
            .env("STEMLOOM_HOME", self.root.join("home"))
            .current_dir(self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(program)
    }

    fn command(&self, songs: &str, out: &str) -> anyhow::Result<Command> {
        self.program(&["batch", songs, "--out", out])
    }

    fn batch(&self, songs: &str, out: &str) -> anyhow::Result<f64> {
        timed(&mut self.command(songs, out)?)
    }

    fn one_by_one(&self, songs: &[PathBuf]) -> anyhow::Result<f64> {
        songs.iter().try_fold(0.0, |secs, song| {
            let song = song.display().to_string();
            let mut program = self.program(&["separate", &song, "--out", "single"])?;
            Ok(secs + timed(&mut program)?)
        })
    }
}

fn timed(program: &mut Command) -> anyhow::Result<f64> {
    let start = Instant::now();
    let status = program.status().context("the program did not start")?;
    ensure!(status.success(), "stemloom ended with {status}");
    Ok(start.elapsed().as_secs_f64())
}
