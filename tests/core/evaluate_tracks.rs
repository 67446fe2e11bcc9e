//! Songs, estimates, scores: what fits what, what is refused, and the numbers by hand.
//!
//! Order: songs → names of estimates → reading → scores by definition. Averages are in
//! `evaluate_tables.rs`.

use std::path::Path;

use stemloom::audio::Planar;
use stemloom::dataset::Split;
use stemloom::evaluate::{
    Estimates, EvaluateSpec, Measure, Method, MethodSource, Metric, OpenSong, Renames, TrackScores,
    TrackSet, TrackSpec, find_estimates, measure_song,
};
use stemloom::progress::Reporter;

use crate::common::{failure, noise, planar_noise, setting_name, snr_db};
use crate::multitrack::write_at;

const RATE_HZ: u32 = 8_000;
const FRAMES: usize = 1_600;

/// A mono file of noise.
fn write(path: &Path, seed: u64) -> Vec<f32> {
    let samples = noise(seed, FRAMES);
    write_at(path, RATE_HZ, &vec![samples.clone()]);
    samples
}

fn open(folder: &Path) -> TrackSet {
    TrackSet::open(folder, &TrackSpec::default()).expect("a set")
}

/// One song's files in a folder of songs.
fn song(folder: &Path, name: &str, stems: &[&str]) {
    for (i, stem) in stems.iter().enumerate() {
        write(&folder.join(name).join(format!("{stem}.wav")), i as u64);
    }
}

fn names(set: &TrackSet) -> Vec<&str> {
    set.songs.iter().map(|song| song.name.as_str()).collect()
}

fn read(set: &TrackSet) -> (OpenSong<'_>, Vec<String>) {
    OpenSong::read(&set.songs[0], None, &Reporter::silent()).expect("a song")
}

// ---------------------------------------------------------------------------------------------
// Songs

#[test]
fn songs_are_chosen_and_a_folder_of_stems_is_one_song() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["train/A", "test/B", "test/C", "test/D"] {
        song(folder.path(), name, &["drums", "vocals"]);
    }
    assert_eq!(names(&open(folder.path())), ["A", "B", "C", "D"]);
    let spec = TrackSpec {
        split: Some(Split::Test),
        exclude: vec!["b".into(), "nobody".into()],
        n_songs: Some(1),
    };
    let set = TrackSet::open(folder.path(), &spec).unwrap();
    assert_eq!((names(&set), set.others.len()), (vec!["C"], 3));
    assert!(set.notes.iter().any(|note| note.contains("nobody")));

    let one = TrackSet::open(&folder.path().join("test/B"), &TrackSpec::default()).unwrap();
    assert_eq!(names(&one), ["B"]);
    assert_eq!(one.songs[0].stems(), ["drums", "vocals"]);
    assert!(one.notes[0].contains("one song"));

    let refused = |folder: &Path, spec: &TrackSpec| failure(TrackSet::open(folder, spec));
    let none = TrackSpec {
        split: Some(Split::Valid),
        ..TrackSpec::default()
    };
    assert_eq!(
        setting_name(refused(folder.path(), &none)),
        "split and exclude"
    );
    assert_eq!(
        setting_name(refused(&folder.path().join("test/B"), &none)),
        "references"
    );
    let zero = TrackSpec {
        n_songs: Some(0),
        ..TrackSpec::default()
    };
    assert_eq!(setting_name(refused(folder.path(), &zero)), "songs");
    let gone = refused(&folder.path().join("gone"), &TrackSpec::default());
    assert!(gone.to_string().contains("gone"));
}

// ---------------------------------------------------------------------------------------------
// Names of estimates

#[test]
fn estimates_are_known_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    for name in ["Song", "Song 2", "Other (live)"] {
        song(&truth, name, &["drums", "vocals"]);
    }
    let set = open(&truth);
    let find = |file: &str| {
        let place = folder.path().join("est");
        std::fs::remove_dir_all(&place).ok();
        write(&place.join(file), 1);
        let renames = Renames::new(&[("Beat".into(), "Drums".into())]).unwrap();
        find_estimates(&place, None, &set, &renames)
            .ok()
            .map(|found| {
                let (method, files) = found.methods.into_iter().next().expect("a method");
                let (song, stems) = files.into_iter().next().expect("a song");
                let stem = stems.into_keys().next().expect("a stem");
                format!("{method}: {song}, {stem}")
            })
    };
    for (file, wanted) in [
        ("Song/vocals.wav", "est: Song, vocals"),
        ("song/VOCALS.wav", "est: Song, vocals"),
        ("test/Song 2/drums.wav", "est: Song 2, drums"),
        ("Song/hpss/drums.wav", "hpss: Song, drums"),
        ("hpss/Song/stems/drums.wav", "hpss: Song, drums"),
        ("a/Song/b/drums.wav", "a/b: Song, drums"),
        ("Song (vocals).wav", "est: Song, vocals"),
        ("Song 2 (vocals).wav", "est: Song 2, vocals"),
        ("Other (live) (drums).wav", "est: Other (live), drums"),
        ("Song_(Vocals).wav", "est: Song, vocals"),
        ("Song.stem (vocals).wav", "est: Song, vocals"),
        ("Song/mixture (vocals).wav", "est: Song, vocals"),
        ("m/Song 2 - drums.wav", "m: Song 2, drums"),
        ("Song/beat.wav", "est: Song, drums"),
        ("Song/instrumental.wav", "est: Song, accompaniment"),
    ] {
        assert_eq!(find(file).as_deref(), Some(wanted), "{file}");
    }
    for file in [
        "Song/guitar.wav",
        "Nobody/vocals.wav",
        "vocals.wav",
        "Songs (vocals).wav",
    ] {
        assert_eq!(find(file), None, "{file}");
    }
    assert!(Renames::new(&[("a".into(), String::new())]).is_err());
    let twice = [("a".into(), "b".into()), ("A".into(), "c".into())];
    assert!(Renames::new(&twice).is_err());
}

#[test]
fn files_that_fit_nothing_are_named_and_other_songs_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, est) = (folder.path().join("truth"), folder.path().join("est"));
    song(&truth, "A", &["drums", "vocals"]);
    song(&truth, "B", &["drums", "vocals"]);
    let spec = TrackSpec {
        n_songs: Some(1),
        ..TrackSpec::default()
    };
    let set = TrackSet::open(&truth, &spec).unwrap();
    for file in [
        "A/drums.wav",
        "A/drums.flac",
        "A/mixture.wav",
        "B/drums.wav",
        "C/drums.wav",
    ] {
        write(&est.join(file), 1);
    }
    let found = find_estimates(&est, Some("x"), &set, &Renames::default()).unwrap();
    assert_eq!(found.methods.keys().collect::<Vec<_>>(), ["x"]);
    assert_eq!(found.methods["x"].len(), 1);
    assert_eq!(found.unmatched.len(), 2);
    assert!(
        found
            .unmatched
            .iter()
            .any(|text| text.contains("another file is the drums"))
    );
    assert!(
        found
            .unmatched
            .iter()
            .any(|text| text.contains("none of the songs"))
    );
}

// ---------------------------------------------------------------------------------------------
// Reading

fn files_of(est: &Path, set: &TrackSet) -> Method {
    let found = find_estimates(est, Some("x"), set, &Renames::default()).expect("estimates");
    let files = found.methods.into_values().next().expect("a method");
    Method {
        name: "x".into(),
        source: MethodSource::Files(files),
    }
}

fn estimate(method: &mut Method, open: &mut OpenSong<'_>) -> Estimates {
    let reporter = Reporter::silent();
    method
        .estimate(open, &Renames::default(), &reporter)
        .expect("estimates")
}

fn signal<'a>(estimates: &'a Estimates, stem: &str) -> &'a Planar {
    let mut stems = estimates.stems();
    stems.find(|(name, _)| *name == stem).expect("the stem").1
}

#[test]
fn other_rates_channels_and_lengths_are_brought_together_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, est) = (folder.path().join("truth"), folder.path().join("est"));
    let stereo = planar_noise(1, 2, FRAMES);
    for stem in ["bass", "drums", "other", "vocals"] {
        write_at(
            &truth.join("A").join(format!("{stem}.wav")),
            RATE_HZ,
            &stereo,
        );
    }
    let mono = noise(2, FRAMES - 100);
    write_at(&est.join("A/bass.wav"), RATE_HZ, &vec![mono.clone()]);
    write_at(
        &est.join("A/drums.wav"),
        RATE_HZ,
        &planar_noise(3, 2, FRAMES + 50),
    );
    write_at(
        &est.join("A/other.wav"),
        2 * RATE_HZ,
        &planar_noise(4, 2, 2 * FRAMES),
    );
    let set = open(&truth);
    let (mut open, problems) = read(&set);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        open.stems(),
        ["drums", "bass", "other", "vocals", "accompaniment"]
    );
    let estimates = estimate(&mut files_of(&est, &set), &mut open);
    for stem in ["bass", "drums", "other", "accompaniment"] {
        let planar = signal(&estimates, stem);
        assert_eq!((planar.len(), planar[0].len()), (2, FRAMES), "{stem}");
    }
    let bass = signal(&estimates, "bass");
    assert_eq!(bass[0], bass[1]);
    assert_eq!(bass[0][..FRAMES - 100], mono);
    assert!(bass[0][FRAMES - 100..].iter().all(|x| *x == 0.0));
    for words in [
        "one channel stands",
        "too short",
        "too long",
        "resampled from 16000",
        "no vocals",
    ] {
        let is_told = estimates.notes.iter().any(|note| note.contains(words));
        assert!(is_told, "{words}: {:?}", estimates.notes);
    }
    // What is not there of any song is no fault.
    assert!(estimates.problems.is_empty(), "{:?}", estimates.problems);
}

#[test]
fn samples_that_are_no_numbers_are_refused_by_name_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, est) = (folder.path().join("truth"), folder.path().join("est"));
    song(&truth, "A", &["drums", "vocals"]);
    let mut broken = noise(7, FRAMES);
    broken[800] = f32::NAN;
    broken[900] = f32::INFINITY;
    write_at(&est.join("A/drums.wav"), RATE_HZ, &vec![broken.clone()]);
    write(&est.join("A/vocals.wav"), 8);
    let set = open(&truth);
    let (mut open, _) = read(&set);
    let estimates = estimate(&mut files_of(&est, &set), &mut open);
    assert_eq!(
        estimates.stems().map(|(name, _)| name).collect::<Vec<_>>(),
        ["vocals"]
    );
    let problem = &estimates.problems[0];
    for words in ["drums", "sample 800 of channel 1", "0.1000 s", "drums.wav"] {
        assert!(problem.contains(words), "{words}: {problem}");
    }

    std::fs::remove_file(truth.join("A/drums.wav")).unwrap();
    write_at(&truth.join("A/drums.wav"), RATE_HZ, &vec![broken]);
    let set = TrackSet::open(&truth, &TrackSpec::default()).unwrap();
    let (open, problems) = read(&set);
    assert_eq!(open.stems(), ["vocals"]);
    assert!(problems[0].contains("sample 800"), "{problems:?}");
}

#[test]
fn silent_and_missing_stems_are_named_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, est) = (folder.path().join("truth"), folder.path().join("est"));
    for name in ["A", "B"] {
        song(&truth, name, &["bass", "drums", "vocals"]);
        write(&est.join(name).join("vocals.wav"), 5);
    }
    write(&est.join("B/drums.wav"), 6);
    write_at(&est.join("A/bass.wav"), RATE_HZ, &vec![vec![0.0; FRAMES]]);
    write_at(&truth.join("A/horn.wav"), RATE_HZ, &vec![vec![0.0; FRAMES]]);
    let set = open(&truth);
    let (mut open, problems) = read(&set);
    assert_eq!(open.stems(), ["drums", "bass", "vocals", "accompaniment"]);
    // Silence is no fault of the files.
    assert!(problems.is_empty(), "{problems:?}");
    assert!(open.notes()[0].contains("horn"));
    let estimates = estimate(&mut files_of(&est, &set), &mut open);
    assert_eq!(estimates.stems().count(), 1);
    assert_eq!(estimates.problems.len(), 2, "{:?}", estimates.problems);
    for words in [
        "no file for drums",
        "bass is left out: the estimate is silent",
    ] {
        assert!(
            estimates.problems.iter().any(|p| p.contains(words)),
            "{words}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Scores

fn measured(open: &mut OpenSong<'_>, source: MethodSource, metrics: &[Metric]) -> TrackScores {
    let mut method = Method {
        name: "m".into(),
        source,
    };
    let estimates = estimate(&mut method, open);
    let spec = EvaluateSpec {
        metrics: metrics.to_vec(),
        ..EvaluateSpec::default()
    };
    let measured = measure_song(open, "m", estimates, &spec, &Reporter::silent());
    measured.expect("scores").scores
}

#[test]
fn the_floor_is_the_mixture_as_every_stem() {
    let folder = tempfile::tempdir().unwrap();
    let stems = ["bass", "drums", "vocals"];
    song(folder.path(), "A", &stems);
    let set = open(folder.path());
    let (mut open, _) = read(&set);
    let scores = measured(&mut open, MethodSource::Floor, &[Metric::Bss4, Metric::Snr]);
    let names: Vec<&str> = scores.stems.iter().map(|stem| stem.stem.as_str()).collect();
    assert_eq!(names, ["drums", "bass", "vocals", "accompaniment"]);
    let truth: Vec<Vec<f32>> = (0..3).map(|seed| noise(seed, FRAMES)).collect();
    let add = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f32>>();
    let accompaniment = add(&truth[0], &truth[1]);
    let mixture = add(&accompaniment, &truth[2]);
    for (stem, truth) in [
        ("bass", &truth[0]),
        ("drums", &truth[1]),
        ("vocals", &truth[2]),
        ("accompaniment", &accompaniment),
    ] {
        let wanted = snr_db(truth, &mixture);
        for measure in [Measure::Sdr, Measure::Snr] {
            let values = scores.stem(stem).unwrap().values(measure);
            assert_eq!(values.len(), 1, "{stem}");
            assert!(
                (values[0] - wanted).abs() < 0.01,
                "{stem}: {values:?} {wanted}"
            );
        }
    }
}

#[test]
fn vocals_and_accompaniment_are_measured_as_a_pair() {
    // Drums are silent for half of the time. Together with them the vocals have no scores there;
    // the pair has.
    let folder = tempfile::tempdir().unwrap();
    let long = 2 * RATE_HZ as usize;
    for (seed, stem) in ["bass", "drums", "vocals"].iter().enumerate() {
        let mut samples = noise(seed as u64, long);
        if *stem == "drums" {
            samples[long / 2..].fill(0.0);
        }
        let path = folder.path().join("A").join(format!("{stem}.wav"));
        write_at(&path, RATE_HZ, &vec![samples]);
    }
    let set = open(folder.path());
    let (mut open, _) = read(&set);
    let scores = measured(&mut open, MethodSource::Floor, &[Metric::Bss4]);
    for (stem, has_second) in [
        ("drums", false),
        ("bass", false),
        ("vocals", true),
        ("accompaniment", true),
    ] {
        let values = scores.stem(stem).unwrap().values(Measure::Sdr);
        assert_eq!(values.len(), 2);
        assert!(values[0].is_finite(), "{stem}");
        assert_eq!(values[1].is_finite(), has_second, "{stem}: {values:?}");
    }
}
