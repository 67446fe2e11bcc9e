//! Scores in museval's files.
//!
//! Order: the stored text of museval itself → reading it back → folders of others → bad input.

use std::path::Path;

use stemloom::Error;
use stemloom::evaluate::{
    Measure, MeasureScores, StemScores, TrackScores, museval_json, read_museval,
    read_museval_folder, write_museval,
};

use crate::common::{failure, fixture, setting_name};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn stem(name: &str, [sdr, sir, sar, isr]: [[f64; 3]; 4]) -> StemScores {
    let measures = [
        (Measure::Sdr, sdr),
        (Measure::Isr, isr),
        (Measure::Sir, sir),
        (Measure::Sar, sar),
    ];
    let measures = measures.map(|(measure, values)| MeasureScores {
        measure,
        values: values.to_vec(),
    });
    StemScores {
        stem: name.into(),
        measures: measures.to_vec(),
    }
}

/// What `tests/fixtures/generate_museval.py` gave museval.
fn sample() -> TrackScores {
    TrackScores {
        song: "museval_sample".into(),
        split: "none".into(),
        method: "fixtures".into(),
        win_secs: 1.0,
        hop_secs: 0.5,
        stems: vec![
            stem(
                "drums",
                [
                    [5.123_456_789, NAN, 0.015_625],
                    [INF, NAN, -0.000_001],
                    [-0.0, NAN, 100.0],
                    [1e-5, NAN, 12.345_675_000_1],
                ],
            ),
            stem(
                "vocals",
                [
                    [-16.89156, 2.0, 250.5],
                    [9.759_525, NAN, -INF],
                    [0.000_005, 1.5, 3.0],
                    [-3.0, -0.000_01, 7.25],
                ],
            ),
        ],
    }
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_text_is_that_of_museval() {
    let stored = text_of(&fixture("museval_sample.json"));
    assert_eq!(museval_json(&sample()), stored);

    // Stems without frames have no place in it.
    let mut song = sample();
    song.stems[0].measures.clear();
    let text = museval_json(&song);
    assert!(!text.contains("drums") && text.contains("vocals"));
    song.stems.clear();
    let nothing = "{\n  \"targets\": [],\n  \"museval_version\": \"0.4.1\"\n}";
    assert_eq!(museval_json(&song), nothing);
}

#[test]
fn what_museval_wrote_is_read() {
    let read = read_museval(&fixture("museval_sample.json"), "fixtures").unwrap();
    let wanted = sample();
    assert_eq!((&read.song, &read.split), (&wanted.song, &wanted.split));
    assert_eq!((read.win_secs, read.hop_secs), (1.0, 0.5));
    for stem in &wanted.stems {
        for wanted in &stem.measures {
            let values = read.stem(&stem.stem).unwrap().values(wanted.measure);
            assert_eq!(values.len(), 3);
            for (value, wanted) in values.iter().zip(&wanted.values) {
                let is_close = (value - wanted).abs() <= 0.500_001e-5;
                assert!(is_close || value.is_nan() && !wanted.is_finite());
            }
        }
    }
}

#[test]
fn folders_of_others_are_taken_with_their_splits() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("METHOD1");
    let test = archive.join("test");
    std::fs::create_dir_all(&test).unwrap();
    write_museval(&sample(), &test.join("A - b.json"), false).unwrap();
    write_museval(&sample(), &test.join("C.json"), false).unwrap();
    std::fs::write(test.join("notes.txt"), "no scores").unwrap();
    let (scores, problems) = read_museval_folder(&archive, None).unwrap();
    let songs: Vec<&str> = scores.iter().map(|track| track.song.as_str()).collect();
    assert_eq!(songs, ["A - b", "C"]);
    assert!(problems.is_empty());
    for track in &scores {
        assert_eq!(
            (track.method.as_str(), track.split.as_str()),
            ("METHOD1", "test")
        );
    }
    let (scores, _) = read_museval_folder(&test.join("C.json"), Some("own")).unwrap();
    assert_eq!((scores.len(), scores[0].method.as_str()), (1, "own"));

    // Words of numbers inside names stay as they are.
    let named = text_of(&test.join("C.json")).replace("drums", "NaN \\\" Infinity");
    std::fs::write(test.join("C.json"), named).unwrap();
    let read = read_museval(&test.join("C.json"), "m").unwrap();
    assert_eq!(read.stems[0].stem, "nan \" infinity");
    assert!(
        failure(write_museval(&sample(), &test.join("C.json"), false))
            .to_string()
            .contains("exists")
    );
}

#[test]
fn folders_before_the_split_are_methods() {
    let root = tempfile::tempdir().unwrap();
    for place in ["A1/test", "more/A2/Test", "train"] {
        let folder = root.path().join(place);
        std::fs::create_dir_all(&folder).unwrap();
        write_museval(&sample(), &folder.join("Song.json"), false).unwrap();
    }
    let methods = |name: Option<&str>| {
        let (scores, _) = read_museval_folder(root.path(), name).unwrap();
        scores
            .into_iter()
            .map(|track| track.method)
            .collect::<Vec<_>>()
    };
    assert_eq!(methods(Some("x")), ["x/A1", "x/more/A2", "x"]);
    assert_eq!(methods(None)[..2], ["A1", "more/A2"]);
}

#[test]
fn what_holds_no_scores_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = failure(read_museval_folder(folder.path(), None));
    assert_eq!(setting_name(empty), "museval");
    let path = folder.path().join("song.json");
    for text in [
        "",
        "{}",
        "[1, 2]",
        "{\"targets\": [{\"name\": 3}]}",
        "{\"targets\": NaN}",
    ] {
        std::fs::write(&path, text).unwrap();
        let error = failure(read_museval(&path, "m"));
        assert!(matches!(error, Error::Document { .. }), "{text}: {error}");
        assert!(error.to_string().contains("song.json"));
        assert_eq!(
            setting_name(failure(read_museval_folder(&path, None))),
            "museval"
        );
    }
    write_museval(&sample(), &folder.path().join("good.json"), false).unwrap();
    let (scores, problems) = read_museval_folder(folder.path(), None).unwrap();
    assert_eq!((scores.len(), problems.len()), (1, 1));
    assert!(problems[0].contains("song.json"));
}
