//! Folders of songs in parts: what is found and what is told. What is odd, reading, sections
//! and the program are in `multitrack_read.rs`.
//!
//! Order: layouts → names (exclusion, groups, splits) → bad input.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use stemloom::Error;
use stemloom::audio::{AudioFormat, AudioWriter, Clip, Planar, Tags};
use stemloom::dataset::{
    ExtractSpec, Group, Layout, MUSDB_VALIDATION, Mixture, MultitrackSet, MultitrackSpec,
    ProblemKind, Song, Split, Take, extract, musdb_track,
};
use stemloom::progress::{CancelToken, Event, Reporter};

use crate::cli::stemloom;
use crate::common::{failure, fixture, max_abs_diff, noise, setting_name, sine, snr_db};

pub const RATE_HZ: u32 = 8_000;

pub fn write_at(path: &Path, rate_hz: u32, planar: &Planar) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let format = AudioFormat::Wav32f;
    let mut writer =
        AudioWriter::create(path, format, rate_hz, planar.len(), &Tags::default(), false)
            .expect("a writer");
    writer.push(planar).expect("pushed");
    writer.finish().expect("finished");
}

/// A mono part of noise.
pub fn write(path: &Path, seed: u64, frames: usize) -> Vec<f32> {
    let samples = noise(seed, frames);
    write_at(path, RATE_HZ, &vec![samples.clone()]);
    samples
}

pub fn open(folder: &Path) -> MultitrackSet {
    MultitrackSet::open(folder, &MultitrackSpec::default()).expect("a set")
}

fn names(set: &MultitrackSet) -> Vec<&str> {
    set.songs.iter().map(|song| song.name.as_str()).collect()
}

pub fn problems(song: &Song, kind: ProblemKind) -> Vec<&str> {
    let of_kind = song.problems.iter().filter(|problem| problem.kind == kind);
    of_kind.map(|problem| problem.text.as_str()).collect()
}

pub fn get(song: &Song, take: Take<'_>) -> Clip {
    song.read(take, None, None, false, &Reporter::silent())
        .expect("it can be read")
}

/// One song in the way of MUSDB18-HQ.
pub fn hq_song(folder: &Path, parts: &[&str]) {
    for (i, part) in parts.iter().enumerate() {
        write(&folder.join(format!("{part}.wav")), i as u64, 800);
    }
}

pub const HQ: [&str; 5] = ["mixture", "drums", "bass", "other", "vocals"];

// ---------------------------------------------------------------------------------------------
// Layouts

#[test]
fn musdb18_hq_is_recognised_with_its_own_validation_songs() {
    let folder = tempfile::tempdir().unwrap();
    for song in ["train/A", "train/Leaf - Summerghost", "test/B"] {
        hq_song(&folder.path().join(song), &HQ);
    }
    // What other programs put there is no part.
    write(&folder.path().join("test/B/linear_mixture.wav"), 9, 800);
    let set = open(folder.path());
    assert_eq!(set.layout, Layout::Musdb18Hq);
    assert_eq!(names(&set), ["A", "Leaf - Summerghost", "B"]);
    let splits: Vec<Split> = set.songs.iter().map(|song| song.split).collect();
    assert_eq!(splits, [Split::Train, Split::Valid, Split::Test]);
    for song in &set.songs {
        assert_eq!(song.stems(), ["bass", "drums", "other", "vocals"]);
        assert!(matches!(song.mixture, Some(Mixture::File(_))));
        assert_eq!(
            (song.seconds, song.sample_rate_hz, song.channels),
            (0.1, RATE_HZ, 1)
        );
    }
    assert_eq!(problems(&set.songs[2], ProblemKind::LeftOut).len(), 1);
    assert!(set.songs[0].problems.is_empty() && set.songs[1].problems.is_empty());
    assert!((set.seconds_of(Split::Train) - 0.1).abs() < 1e-12);
}

#[test]
fn musdb18_files_hold_their_parts_as_tracks() {
    let tracks = HQ.map(musdb_track);
    assert_eq!(tracks, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(musdb_track("guitar"), None);
    assert_eq!(MUSDB_VALIDATION.len(), 14);

    let folder = tempfile::tempdir().unwrap();
    let train = folder.path().join("train");
    std::fs::create_dir(&train).unwrap();
    // Three tracks: mixture, drums (220 Hz), bass (110 Hz).
    let file = train.join("Meaxic - Take A Step.stem.mp4");
    std::fs::copy(fixture("audio/stems.stem.mp4"), file).unwrap();
    let set = open(folder.path());
    assert_eq!((set.layout, set.songs.len()), (Layout::Musdb18, 1));
    let song = &set.songs[0];
    assert_eq!(
        (song.name.as_str(), song.split),
        ("Meaxic - Take A Step", Split::Valid)
    );
    assert_eq!(song.stems(), ["drums", "bass"]);
    assert_eq!(
        problems(song, ProblemKind::Missing),
        ["missing: other, vocals"]
    );
    for (stem, hz) in [("drums", 220.0), ("bass", 110.0)] {
        let clip = get(song, Take::Stem(stem));
        assert_eq!((clip.frames(), clip.num_channels()), (15_435, 2));
        let want = sine(hz, 44_100, 15_435, 0.4);
        let snr = snr_db(&want[2000..12_000], &clip.channel(1)[2000..12_000]);
        assert!(snr > 20.0, "{stem}: {snr:.1} dB");
    }
}

#[test]
fn a_folder_per_song_has_its_mixture_given_or_summed() {
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("given");
    let mix = write(&given.join("Mix.wav"), 1, 500);
    write(&given.join("Drums.wav"), 2, 500);
    let summed = folder.path().join("summed");
    let drums = write(&summed.join("drums.wav"), 3, 500);
    let bass = write(&summed.join("bass.wav"), 4, 500);
    let set = open(folder.path());
    assert_eq!(set.layout, Layout::Folder);
    assert_eq!(get(&set.songs[0], Take::Mixture).channel(0), mix);
    assert_eq!(set.songs[1].mixture, Some(Mixture::Sum));
    let sum: Vec<f32> = drums.iter().zip(&bass).map(|(a, b)| b + a).collect();
    assert_eq!(get(&set.songs[1], Take::Mixture).channel(0), sum);
    // Names in any case of letters; a stem that another song has is missed and told.
    assert_eq!(get(&set.songs[1], Take::Stem("DRUMS")).channel(0), drums);
    assert_eq!(
        problems(&set.songs[0], ProblemKind::Missing),
        ["missing: bass"]
    );
    assert!(set.songs[1].problems.is_empty());
}

// ---------------------------------------------------------------------------------------------
// Names

#[test]
fn songs_are_excluded_by_the_beginnings_of_their_names_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    for song in [
        "Music Delta - Rock",
        "Music Delta - Disco",
        "Other",
        "Zebra",
    ] {
        write(&folder.path().join(song).join("vocals.wav"), 1, 100);
    }
    let spec = MultitrackSpec {
        exclude: vec!["music delta".into(), "nobody".into()],
        ..MultitrackSpec::default()
    };
    let set = MultitrackSet::open(folder.path(), &spec).unwrap();
    assert_eq!(names(&set), ["Other", "Zebra"]);
    assert_eq!(set.excluded, ["Music Delta - Disco", "Music Delta - Rock"]);
    assert_eq!(set.notes.len(), 1, "{:?}", set.notes);
    assert!(set.notes[0].contains("nobody"));
    let limited = MultitrackSpec {
        n_songs: Some(1),
        ..spec.clone()
    };
    let set = MultitrackSet::open(folder.path(), &limited).unwrap();
    assert_eq!(names(&set), ["Other"]);
    let all = MultitrackSpec {
        exclude: ["m", "O", "z"].map(str::to_owned).to_vec(),
        ..spec
    };
    let error = failure(MultitrackSet::open(folder.path(), &all));
    assert_eq!(setting_name(error), "exclude");
}

#[test]
fn several_parts_make_one_stem() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song");
    let parts = [
        "GUITAR",
        "Lead 1",
        "lead 2",
        "Leader",
        "Misleading",
        "rhythm",
    ];
    let samples: Vec<Vec<f32>> = (0..)
        .zip(parts)
        .map(|(seed, part)| write(&song.join(format!("{part}.wav")), seed, 300))
        .collect();
    let group: Group = "guitar=Guitar, Rhythm,Lead *".parse().unwrap();
    let spec = MultitrackSpec {
        groups: vec![group],
        ..MultitrackSpec::default()
    };
    let set = MultitrackSet::open(folder.path(), &spec).unwrap();
    let mut stems = set.songs[0].stems();
    stems.sort_unstable();
    assert_eq!(stems, ["Leader", "Misleading", "guitar"]);
    let guitar = get(&set.songs[0], Take::Stem("guitar"));
    let want: Vec<f32> = (0..300)
        .map(|n| {
            [0, 1, 2, 5]
                .map(|part: usize| samples[part][n])
                .iter()
                .sum()
        })
        .collect();
    assert!(max_abs_diff(guitar.channel(0), &want) < 1e-6);
    for text in ["guitar", "=a", "a=", "a=b,,c", "a=*b"] {
        let error = failure(text.parse::<Group>());
        assert_eq!(setting_name(error), "group", "{text}");
    }
}

#[test]
fn whole_songs_are_drawn_for_validation_by_the_seed() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..10 {
        write(&folder.path().join(format!("song {i}/part.wav")), i, 50);
    }
    let splits = |seed| {
        let spec = MultitrackSpec {
            valid_fraction: 0.2,
            test_fraction: 0.1,
            seed,
            ..MultitrackSpec::default()
        };
        let set = MultitrackSet::open(folder.path(), &spec).unwrap();
        set.songs
            .iter()
            .map(|song| song.split)
            .collect::<Vec<Split>>()
    };
    let mut seen = Vec::new();
    for seed in 0..8 {
        let drawn = splits(seed);
        let count = |split| drawn.iter().filter(|other| **other == split).count();
        assert_eq!(
            [Split::Train, Split::Valid, Split::Test].map(count),
            [7, 2, 1],
            "{seed}"
        );
        assert_eq!(drawn, splits(seed));
        seen.push(drawn);
    }
    seen.dedup();
    assert!(seen.len() > 1, "the seed changes nothing");
    let unasked: Vec<Split> = open(folder.path()).songs.iter().map(|s| s.split).collect();
    assert_eq!(unasked, [Split::None; 10]);
}

#[test]
fn songs_of_one_name_have_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train/Same/a.wav"), 1, 50);
    write(&folder.path().join("test/same/a.wav"), 2, 50);
    let set = open(folder.path());
    let names: Vec<&str> = set
        .songs
        .iter()
        .map(|song| song.file_name.as_str())
        .collect();
    assert_eq!(names, ["Same", "same (2)"]);
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn a_folder_without_songs_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: PathBuf| failure(MultitrackSet::open(&path, &MultitrackSpec::default()));
    let empty = open(folder.path().to_path_buf());
    assert_eq!(setting_name(empty), "multitrack folder");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let nothing_in_it = open(folder.path().to_path_buf());
    assert_eq!(setting_name(nothing_in_it), "multitrack folder");
    let absent = open(folder.path().join("absent"));
    assert!(matches!(absent, Error::Io { .. }), "{absent}");
    let run = stemloom(folder.path(), &["dataset", "multitrack", "empty"]).expect(2);
    assert!(run.error_line().contains("holds no songs"));
}

#[test]
fn settings_that_cannot_be_are_told() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("song/part.wav"), 1, 50);
    let usual = MultitrackSpec::default;
    let cases = [
        (
            "songs",
            MultitrackSpec {
                n_songs: Some(0),
                ..usual()
            },
        ),
        (
            "valid",
            MultitrackSpec {
                valid_fraction: 1.0,
                ..usual()
            },
        ),
        (
            "valid",
            MultitrackSpec {
                valid_fraction: f64::NAN,
                ..usual()
            },
        ),
        (
            "test",
            MultitrackSpec {
                test_fraction: -0.1,
                ..usual()
            },
        ),
        (
            "exclude",
            MultitrackSpec {
                exclude: vec![" ".into()],
                ..usual()
            },
        ),
    ];
    for (name, spec) in cases {
        let error = failure(MultitrackSet::open(folder.path(), &spec));
        assert_eq!(setting_name(error), name);
    }
    let set = open(folder.path());
    let song = &set.songs[0];
    let usual = || ExtractSpec {
        stem: "part".into(),
        out: folder.path().join("out"),
        ..ExtractSpec::default()
    };
    let cases = [
        (
            "stem",
            ExtractSpec {
                stem: "Mixture".into(),
                ..usual()
            },
        ),
        (
            "sections",
            ExtractSpec {
                sections: 0,
                ..usual()
            },
        ),
        (
            "samples",
            ExtractSpec {
                section_samples: 0,
                ..usual()
            },
        ),
        (
            "rate",
            ExtractSpec {
                sample_rate_hz: 0,
                ..usual()
            },
        ),
        (
            "start",
            ExtractSpec {
                start_secs: -1.0,
                ..usual()
            },
        ),
    ];
    for (name, spec) in cases {
        let error = failure(extract(song, &spec, &Reporter::silent()));
        assert_eq!(setting_name(error), name);
    }
}

#[test]
fn looking_tells_how_far_it_is_and_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    for song in ["A", "B", "C"] {
        write(&folder.path().join(song).join("bass.wav"), 1, 800);
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let cancel = CancelToken::new();
    let reporter = Reporter::new(cancel.clone(), move |event| {
        if let Event::Progress(progress) = event {
            kept.lock().unwrap().push((progress.done, progress.total));
        }
    });
    let spec = MultitrackSpec::default();
    let set = MultitrackSet::open_with(folder.path(), &spec, &reporter).expect("a set");
    assert_eq!(set, open(folder.path()));
    assert!(told.lock().unwrap().contains(&(3, 3)));
    cancel.cancel();
    let error = failure(MultitrackSet::open_with(folder.path(), &spec, &reporter));
    assert!(error.is_cancelled(), "{error}");
}
