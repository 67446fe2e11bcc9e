//! Files out, and the disk they go to: names, what is there already, what stays after a failure.
//!
//! Order: definition by hand → bad input.

use std::path::Path;

use stemloom::Error;
use stemloom::audio::{AudioFormat, AudioWriter, Tags, sanitise_file_name};

use crate::common::{failure, planar_noise, setting_name};
use crate::encode::{RATE_HZ, read};

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn file_names_are_made_safe() {
    let cases = [
        ("a/b\\c:d", "a_b_c_d"),
        ("who? *me* <\"|\">", "who_ _me_ _____"),
        ("  spaces  ", "spaces"),
        ("dots...", "dots"),
        ("tab\there", "tab here"),
        ("", "untitled"),
        ("...", "untitled"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1", "_Com1"),
        ("LPT9.wav", "_LPT9.wav"),
        ("COMA", "COMA"),
        ("console", "console"),
        ("Ελλάδα (vocals)", "Ελλάδα (vocals)"),
    ];
    for (name, safe) in cases {
        assert_eq!(sanitise_file_name(name), safe, "{name:?}");
    }
    // Two bytes per letter: cut between letters, not inside one.
    let long = sanitise_file_name(&"é".repeat(300));
    assert_eq!(long, "é".repeat(100));
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    let create = |overwrite| {
        AudioWriter::create(
            &path,
            AudioFormat::Wav24,
            RATE_HZ,
            1,
            &Tags::default(),
            overwrite,
        )
    };

    // Made by somebody else while we were writing.
    let writer = create(false).unwrap();
    std::fs::write(&path, "theirs").unwrap();
    assert!(matches!(failure(writer.finish()), Error::Exists { .. }));
    // There from the start.
    let error = failure(create(false));
    assert!(matches!(error, Error::Exists { .. }));
    assert!(error.to_string().ends_with("song.wav"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");

    let mut writer = create(true).unwrap();
    writer.push(&[[0.25_f32; 10]]).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        b"theirs",
        "the old file stays until the new one is whole"
    );
    writer.finish().unwrap();
    assert_eq!(read(&path).0.frames(), 10);
    assert_eq!(files_in(folder.path()), ["song.wav"]);
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for format in AudioFormat::ALL {
        let path = folder.path().join("song.wav");
        let mut writer =
            AudioWriter::create(&path, format, RATE_HZ, 2, &Tags::default(), false).unwrap();
        writer.push(&planar_noise(2, 2, 20_000)).unwrap();
        assert!(!path.exists(), "no name before it is whole");
        drop(writer);
        assert!(
            files_in(folder.path()).is_empty(),
            "{format:?} left {:?}",
            files_in(folder.path())
        );
    }
}

#[test]
fn what_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let create = |path: &Path, format, rate, channels| {
        failure(AudioWriter::create(
            path,
            format,
            rate,
            channels,
            &Tags::default(),
            false,
        ))
    };
    let missing = folder.path().join("no such folder").join("song.wav");
    assert!(matches!(
        create(&missing, AudioFormat::Wav24, RATE_HZ, 2),
        Error::Io { .. }
    ));
    // A file where a folder should be.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(
        create(&file.join("song.wav"), AudioFormat::Wav24, RATE_HZ, 2),
        Error::Io { .. }
    ));
    let path = folder.path().join("song.flac");
    for channels in [0, 9] {
        assert_eq!(
            setting_name(create(&path, AudioFormat::Flac, RATE_HZ, channels)),
            "channels"
        );
    }
    assert!(matches!(
        create(&path, AudioFormat::Flac, 700_000, 2),
        Error::Setting { .. }
    ));
    assert_eq!(files_in(folder.path()), ["file"]);
}
