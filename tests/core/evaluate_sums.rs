//! What the accompaniment is the sum of, and stems that are too many.
//!
//! Order: a recording of its own beside its parts → true stems that are silent → too many.

use std::path::Path;

use stemloom::audio::Clip;
use stemloom::evaluate::{
    Estimates, EvaluateSpec, Measure, Method, MethodSource, Metric, OpenSong, OracleKind, Renames,
    Sound, TrackSet, TrackSpec, measure_song,
};
use stemloom::progress::Reporter;

use crate::common::{max_abs_diff, noise};
use crate::multitrack::write_at;

const RATE_HZ: u32 = 8_000;
const FRAMES: usize = 1_600;

fn write(song: &Path, stem: &str, samples: &[f32]) {
    let path = song.join(format!("{stem}.wav"));
    write_at(&path, RATE_HZ, &vec![samples.to_vec()]);
}

fn sum(signals: &[&[f32]]) -> Vec<f32> {
    (0..FRAMES)
        .map(|i| signals.iter().map(|signal| signal[i]).sum())
        .collect()
}

fn set(folder: &Path) -> TrackSet {
    TrackSet::open(folder, &TrackSpec::default()).expect("a set")
}

fn read(set: &TrackSet) -> OpenSong<'_> {
    let (open, problems) =
        OpenSong::read(&set.songs[0], None, &Reporter::silent()).expect("a song");
    assert!(problems.is_empty(), "{problems:?}");
    open
}

fn estimate(source: MethodSource, open: &mut OpenSong<'_>) -> Estimates {
    let mut method = Method {
        name: "m".into(),
        source,
    };
    method
        .estimate(open, &Renames::default(), &Reporter::silent())
        .expect("estimates")
}

fn signal<'a>(estimates: &'a Estimates, stem: &str) -> &'a [f32] {
    let mut stems = estimates.stems();
    &stems.find(|(name, _)| *name == stem).expect("the stem").1[0]
}

#[test]
fn an_accompaniment_beside_its_parts_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("A");
    let [drums, bass, vocals] = [1, 2, 3].map(|seed| noise(seed, FRAMES));
    write(&song, "drums", &drums);
    write(&song, "bass", &bass);
    write(&song, "vocals", &vocals);
    write(&song, "accompaniment", &sum(&[&drums, &bass]));
    let set = set(folder.path());
    let mut open = read(&set);
    assert_eq!(open.stems(), ["drums", "bass", "vocals", "accompaniment"]);
    let mixture = open.mixture(&Reporter::silent()).unwrap();
    let wanted = sum(&[&drums, &bass, &vocals]);
    assert!(max_abs_diff(&mixture[0], &wanted) < 1e-5);
    let estimates = estimate(MethodSource::Oracle(OracleKind::Irm1), &mut open);
    let parts = sum(&[signal(&estimates, "drums"), signal(&estimates, "bass")]);
    assert!(max_abs_diff(signal(&estimates, "accompaniment"), &parts) < 1e-5);
    // The ratio masks of all that the mixture is made of add up to 1.
    let all = sum(&[&parts, signal(&estimates, "vocals")]);
    assert!(max_abs_diff(&all, &wanted) < 1e-4);
}

#[test]
fn what_is_taken_for_a_silent_stem_is_accompaniment() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("A");
    write(&song, "drums", &noise(1, FRAMES));
    write(&song, "other", &[0.0; FRAMES]);
    write(&song, "vocals", &noise(2, FRAMES));
    let set = set(folder.path());
    let mut open = read(&set);
    assert_eq!(open.stems(), ["drums", "vocals", "accompaniment"]);
    let made = [("drums", 4), ("other", 5), ("vocals", 6)];
    let sounds = made.map(|(name, seed)| Sound {
        name: name.into(),
        clip: Clip::new(RATE_HZ, vec![noise(seed, FRAMES)]),
        start_secs: 0.0,
    });
    let estimates = estimate(MethodSource::Sounds(sounds.to_vec()), &mut open);
    let names: Vec<&str> = estimates.stems().map(|(name, _)| name).collect();
    assert_eq!(names, ["accompaniment", "drums", "vocals"]);
    let wanted = sum(&[&noise(4, FRAMES), &noise(5, FRAMES)]);
    assert!(max_abs_diff(signal(&estimates, "accompaniment"), &wanted) < 1e-5);
    assert!(estimates.notes.is_empty(), "{:?}", estimates.notes);
}

#[test]
fn too_many_stems_leave_the_pair_and_the_other_measures() {
    // 33 stems of one channel with 512 taps are 16,896 unknowns.
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("A");
    for part in 0..32 {
        write(&song, &format!("p{part:02}"), &noise(part, FRAMES));
    }
    write(&song, "vocals", &noise(99, FRAMES));
    let set = set(folder.path());
    let mut open = read(&set);
    let estimates = estimate(MethodSource::Floor, &mut open);
    let spec = EvaluateSpec {
        metrics: vec![Metric::Bss4, Metric::Snr],
        ..EvaluateSpec::default()
    };
    let measured = measure_song(&open, "m", estimates, &spec, &Reporter::silent()).unwrap();
    assert!(measured.problems.is_empty(), "{:?}", measured.problems);
    let is_told = |note: &String| note.contains("33 stems together: at most 32");
    assert!(measured.notes.iter().any(is_told), "{:?}", measured.notes);
    for (stem, has_sdr) in [("p00", false), ("p31", false), ("vocals", true)] {
        let scores = measured.scores.stem(stem).unwrap();
        let sdr = scores.values(Measure::Sdr);
        assert_eq!((sdr.len(), sdr[0].is_finite()), (1, has_sdr), "{stem}");
        assert!(scores.values(Measure::Snr)[0].is_finite(), "{stem}");
    }
}
