//! Stems to files: names, checks before the work, peaks, rates.
//!
//! Order: definition by hand → bad input.

use stemloom::Error;
use stemloom::apply::{ExportOptions, FileSink, PeakRule, SongName, StemSink as _, peak_warnings};
use stemloom::audio::{AudioFormat, Planar, Tags, decode};
use stemloom::progress::Reporter;

use crate::common::{failure, planar_noise, setting_name};

fn export(folder: &std::path::Path) -> ExportOptions {
    ExportOptions {
        folder: folder.into(),
        ..ExportOptions::default()
    }
}

fn named() -> SongName {
    let tags = Tags {
        title: Some("A/B".into()),
        artist: None,
    };
    SongName {
        name: "take 1".into(),
        tags,
        model: "hpss".into(),
    }
}

#[test]
fn patterns_make_file_names() {
    let folder = std::path::Path::new("out");
    let name = |pattern: &str| {
        let options = ExportOptions {
            pattern: pattern.into(),
            ..export(folder)
        };
        options
            .path(&named(), "voice")
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
    };
    assert_eq!(name("{name} ({stem})").unwrap(), "take 1 (voice).wav");
    assert_eq!(
        name("{artist} - {title} [{model}] {stem}").unwrap(),
        "Unknown artist - A_B [hpss] voice.wav"
    );
    assert_eq!(setting_name(failure(name("{stem} {colour}"))), "name");
    assert_eq!(setting_name(failure(name("{stem"))), "name");
}

#[test]
fn checks_come_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let stems = ["a".to_owned(), "b".to_owned()];
    let check = |options: &ExportOptions, frames| {
        options.check(&named(), &stems, (44_100, 2), Some(frames))
    };
    let good = export(folder.path());
    check(&good, 1000).unwrap();
    let one_name = ExportOptions {
        pattern: "{name}".into(),
        ..good.clone()
    };
    assert_eq!(setting_name(failure(check(&one_name, 1000))), "name");
    let slow = ExportOptions {
        sample_rate_hz: Some(10),
        ..good.clone()
    };
    assert_eq!(setting_name(failure(check(&slow, 1000))), "rate");
    // Eight centuries of stereo.
    assert!(matches!(
        failure(check(&good, 1 << 50)),
        Error::NoSpace { .. }
    ));
    std::fs::write(folder.path().join("take 1 (b).wav"), "theirs").unwrap();
    assert!(matches!(failure(check(&good, 1000)), Error::Exists { .. }));
    check(
        &ExportOptions {
            overwrite: true,
            ..good
        },
        1000,
    )
    .unwrap();
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "checking leaves nothing"
    );
}

#[test]
fn peaks_are_kept_and_told_or_lowered_together() {
    let loud: Planar = vec![vec![2.0, -1.0, 0.5, 0.0]];
    let soft: Planar = vec![vec![0.5, 0.25, 0.0, 0.0]];
    for (peaks, gain) in [(PeakRule::Keep, 1.0), (PeakRule::Lower, 0.5)] {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FileSink::new(
            ExportOptions {
                peaks,
                ..export(folder.path())
            },
            named(),
        );
        sink.start(&["loud".into(), "soft".into()], 44_100, 1)
            .unwrap();
        sink.push(&[&loud, &soft]).unwrap();
        let (files, lowered) = sink.finish(&Reporter::silent()).unwrap();
        assert!((lowered - gain).abs() < 1e-4, "{peaks:?}: {lowered}");
        assert_eq!(
            peak_warnings(&files).len(),
            usize::from(peaks == PeakRule::Keep),
            "{peaks:?}"
        );
        let (clip, info) = decode(&files[1].path, None, &Reporter::silent()).unwrap();
        assert!((clip.channel(0)[0] - 0.5 * gain).abs() < 1e-4, "{peaks:?}");
        assert_eq!(info.tags.title.as_deref(), Some("A/B"));
    }
}

#[test]
fn files_may_have_another_rate() {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions {
        sample_rate_hz: Some(22_050),
        format: AudioFormat::Flac,
        ..export(folder.path())
    };
    let mut sink = FileSink::new(options, named());
    sink.start(&["only".into()], 44_100, 2).unwrap();
    sink.push(&[&planar_noise(42, 2, 9999)]).unwrap();
    let (files, _) = sink.finish(&Reporter::silent()).unwrap();
    assert_eq!((files[0].frames, files[0].sample_rate), (5000, 22_050));
    let (clip, _) = decode(&files[0].path, None, &Reporter::silent()).unwrap();
    assert_eq!((clip.frames(), clip.sample_rate_hz()), (5000, 22_050));
}
