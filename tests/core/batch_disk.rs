//! `stemloom batch` and a disk that is full, or fills up. On Linux, where a test may mount a disk of
//! its own; left out elsewhere, and said so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::batch_common::{
    Place, expect_all, expect_nothing_half_written, expect_same, in_state, results, song_name,
};
use crate::batch_errors::refused;

/// A small file system of its own; taken away again however the test ends.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where the system does not let a test mount anything.
    fn mount(folder: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir(folder).unwrap();
        if mount(folder, options) {
            return Some(Self(folder.into()));
        }
        eprintln!("left out: no file system may be mounted here");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(&self.0).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.display());
        }
    }
}

fn mount(folder: &Path, options: &str) -> bool {
    let status = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(folder)
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_disk_without_the_room_is_told_before_the_work() {
    let place = Place::with_songs(10, 0.2);
    let Some(_disk) = SmallDisk::mount(&place.path("disk"), "size=1m") else {
        return;
    };
    let words = ["music", "--model", "centre", "--out", "disk/stems"];
    let run = refused(&place, &words);
    let line = run.error_line();
    assert!(line.contains("not enough room"), "{line}");
    assert!(line.ends_with("disk/stems"), "{line}");
    let left = std::fs::read_dir(place.path("disk")).unwrap().count();
    assert_eq!(left, 0, "something was written");
    // A part of it fits.
    let song = format!("music/{}", song_name(0));
    let words = [
        song.as_str(),
        "--model",
        "centre",
        "--out",
        "disk/stems",
        "--json",
    ];
    expect_all(&place.batch(&words).expect(0), "done", 1);
}

/// No room for one more file, at every step of a song's way: the songs that it hits fail, and are
/// done the next time.
#[test]
fn a_disk_that_fills_up_costs_only_the_songs_it_hits() {
    let place = Place::with_songs(8, 0.2);
    let batch = |out: &str| {
        place.batch(&[
            "music",
            "--model",
            "centre",
            "--songs",
            "1",
            "--out",
            out,
            "--report",
            "report.jsonl",
            "--json",
        ])
    };
    batch("whole").expect(0);
    let whole = results(&place.path("whole"));
    for files in 16..22 {
        let disk = place.path(&format!("disk {files}"));
        let options = format!("size=16m,nr_inodes={files}");
        let Some(_disk) = SmallDisk::mount(&disk, &options) else {
            return;
        };
        let out = format!("disk {files}/stems");
        let run = batch(&out).expect(2);
        let (done, failed) = (in_state(&run, "done"), in_state(&run, "failed"));
        assert_eq!(done.len() + failed.len(), 8, "{}", run.stdout);
        assert!(!done.is_empty() && !failed.is_empty(), "{}", run.stdout);
        expect_nothing_half_written(&disk);

        assert!(mount(&disk, "remount,size=16m,nr_inodes=1000"));
        let run = batch(&out).expect(0);
        assert_eq!(in_state(&run, "already-done"), done, "{files} files");
        assert_eq!(in_state(&run, "done"), failed, "{files} files");
        expect_same(&results(&place.path(&out)), &whole);
    }
}
