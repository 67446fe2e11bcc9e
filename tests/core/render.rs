//! Pieces by instruments of samples: where notes begin and end, how high, how loud, how long.
//!
//! Order: names → placement → length → pitch → velocity and missing notes → loops → words. SF2 files: `render_soundfont.rs`.

use std::path::{Path, PathBuf};

use stemloom::Error;
use stemloom::audio::{AudioFormat, AudioWriter, Tags};
use stemloom::dataset::{
    DRUM_CHANNEL, Instrument, InstrumentChoice, Missing, Normalise, Note, Piece, RenderSpec,
    Rendered, Tail, Tone, open_nsynth, open_samples, pitch_from_name, render, rendered_frames,
};
use stemloom::progress::Reporter;

use crate::common::{Rng, failure, max_abs_diff, setting_name, sine};

const RATE: u32 = 16_000;

// ---------------------------------------------------------------------------------------------
// Made-up instruments and pieces

pub fn write_wav(path: &Path, rate: u32, samples: &[f32]) {
    let tags = Tags::default();
    let mut writer =
        AudioWriter::create(path, AudioFormat::Wav32f, rate, 1, &tags, true).expect("created");
    writer.push(&[samples]).expect("pushed");
    writer.finish().expect("finished");
}

fn hz(pitch: u8) -> f64 {
    440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2()
}

/// A folder of two-second sines, one per pitch and velocity; amplitude is velocity / 254.
pub fn nsynth_folder(folder: &Path, pitches: &[u8], velocities: &[u8]) {
    for pitch in pitches {
        for velocity in velocities {
            let name = format!("organ_test_000-{pitch:03}-{velocity:03}.wav");
            let level = f64::from(*velocity) / 254.0;
            let samples = sine(hz(*pitch), RATE, 2 * RATE as usize, level);
            write_wav(&folder.join(name), RATE, &samples);
        }
    }
}

pub fn note(start_secs: f64, end_secs: f64, pitch: u8) -> Note {
    Note {
        start_secs,
        end_secs,
        pitch,
        velocity: 127,
        channel: 0,
        program: 0,
    }
}

pub fn piece(notes: Vec<Note>) -> Piece {
    Piece {
        seconds: notes.iter().map(|n| n.end_secs).fold(0.0, f64::max),
        notes,
        ..Piece::default()
    }
}

fn spec() -> RenderSpec {
    RenderSpec {
        sample_rate_hz: RATE,
        ..RenderSpec::default()
    }
}

fn play(piece: &Piece, instrument: &dyn Instrument, spec: &RenderSpec) -> Rendered {
    render(piece, instrument, spec, &Reporter::silent()).expect("rendered")
}

fn organ(folder: &Path, missing: Missing) -> impl Instrument {
    open_nsynth(folder, "organ_test_000", RATE, missing).expect("opened")
}

/// Plays 1.0 while held and released: what is heard of it is its envelope.
struct Constant {
    channels: usize,
}

impl Instrument for Constant {
    fn name(&self) -> String {
        "constant".into()
    }

    fn sample_rate_hz(&self) -> u32 {
        RATE
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn play(&self, tone: &Tone, _: &Reporter) -> Result<Option<Vec<Vec<f32>>>, Error> {
        Ok(Some(vec![vec![1.0; tone.frames]; self.channels]))
    }
}

/// Upward zero crossings per second.
fn measured_hz(samples: &[f32]) -> f64 {
    let ups: Vec<usize> = (1..samples.len())
        .filter(|n| samples[n - 1] < 0.0 && samples[*n] >= 0.0)
        .collect();
    let (first, last) = (ups[0], ups[ups.len() - 1]);
    (ups.len() - 1) as f64 * f64::from(RATE) / (last - first) as f64
}

// ---------------------------------------------------------------------------------------------

#[test]
fn names_tell_pitches() {
    let known = [
        ("A4", Some(69)),
        ("C4", Some(60)),
        ("C-1", Some(0)),
        ("G9", Some(127)),
        ("G#9", None),
        ("C#5", Some(73)),
        ("Cs5", Some(73)),
        ("Db5", Some(73)),
        ("Ds3", Some(51)),
        ("Bb3", Some(58)),
        ("b3", Some(59)),
        ("piano_ff_A0", Some(21)),
        ("keyboard_acoustic_000-060-100", Some(60)),
        ("guitar", None),
        ("kick1", None),
        ("", None),
        ("H4", None),
        ("é4", None),
    ];
    for (name, pitch) in known {
        assert_eq!(pitch_from_name(name), pitch, "{name}");
    }
}

#[test]
fn notes_begin_and_end_at_their_frames_without_a_click() {
    let spec = spec();
    let piece = piece(vec![note(0.25, 0.5, 60)]);
    let out = play(&piece, &Constant { channels: 2 }, &spec);
    let (first, end, release) = (4000, 8000, 1280);
    assert_eq!(out.clip.num_channels(), 2);
    assert_eq!(out.clip.frames(), end + release);
    for c in 0..2 {
        let x = out.clip.channel(c);
        assert!(x[..first].iter().all(|x| *x == 0.0));
        assert!(x[first..end].iter().all(|x| *x == 1.0));
        // The steepest step of a raised cosine of N frames is π / 2N.
        let steepest = std::f32::consts::PI / (2.0 * release as f32);
        let step = x[first..]
            .windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .fold(0.0, f32::max);
        assert!(step <= steepest * 1.01, "{step}");
        assert!(x[end..].windows(2).all(|w| w[1] <= w[0]));
        assert!(x[x.len() - 1].abs() < 1e-6);
    }
}

#[test]
fn overlapping_notes_add_and_order_does_not_matter() {
    let folder = tempfile::tempdir().expect("folder");
    nsynth_folder(folder.path(), &[60, 64, 67], &[127]);
    let organ = organ(folder.path(), Missing::Count);
    let mut rng = Rng::new(3);
    let notes: Vec<Note> = (0..40)
        .map(|_| {
            let start = rng.below(2000) as f64 / 1000.0;
            note(start, start + 0.3, [60, 64, 67][rng.below(3)])
        })
        .collect();
    let whole = piece(notes);
    let once = play(&whole, &organ, &spec());
    let mut turned = whole.clone();
    turned.notes.reverse();
    let again = play(&turned, &organ, &spec());
    assert_eq!(once.clip.channel(0), again.clip.channel(0));
    // The definition: the sum of each note rendered alone.
    let mut sum = vec![0.0; once.clip.frames()];
    for note in &whole.notes {
        let alone = Piece {
            notes: vec![*note],
            ..whole.clone()
        };
        let alone = play(&alone, &organ, &spec());
        sum.iter_mut()
            .zip(alone.clip.channel(0))
            .for_each(|(sum, x)| *sum += x);
    }
    assert!(max_abs_diff(once.clip.channel(0), &sum) < 1e-4);
    assert!(sum.iter().any(|x| x.abs() > 0.5));
}

#[test]
fn the_length_depends_on_piece_and_spec_only() {
    let folder = tempfile::tempdir().expect("folder");
    nsynth_folder(folder.path(), &[60], &[127]);
    let organ = organ(folder.path(), Missing::Count);
    let mut drum = note(1.0, 1.5, 36);
    drum.channel = DRUM_CHANNEL;
    let piece = piece(vec![note(0.0, 0.9, 60), note(0.5, 1.2, 100), drum]);
    let a = play(&piece, &organ, &spec());
    let b = play(&piece, &Constant { channels: 1 }, &spec());
    assert_eq!(a.clip.frames(), b.clip.frames());
    assert_eq!(
        a.clip.frames(),
        rendered_frames(&piece, &spec()).expect("frames")
    );
    // The last note's end, a drum's though it is silent, and the release.
    assert_eq!(a.clip.frames(), 24_000 + 1280);
    let tail = RenderSpec {
        tail: Tail::Secs(2.0),
        ..spec()
    };
    assert_eq!(
        rendered_frames(&piece, &tail).expect("frames"),
        24_000 + 32_000
    );
}

#[test]
fn speed_halves_and_duration_rate_holds() {
    let quiet_end = Piece {
        seconds: 4.0,
        ..piece(vec![note(1.0, 2.0, 60)])
    };
    let fast = RenderSpec {
        playback_speed: 2.0,
        ..spec()
    };
    let constant = Constant { channels: 1 };
    let slow = play(&quiet_end, &constant, &spec());
    let half = play(&quiet_end, &constant, &fast);
    assert_eq!(slow.clip.frames(), 64_000);
    assert_eq!(half.clip.frames(), 32_000);
    let onset = |out: &Rendered| out.clip.channel(0).iter().position(|x| *x != 0.0);
    assert_eq!((onset(&slow), onset(&half)), (Some(16_000), Some(8_000)));
    let held = RenderSpec {
        duration_rate: 4.0,
        ..spec()
    };
    let long = play(&piece(vec![note(0.0, 0.5, 60)]), &constant, &held);
    // Nothing at the end is dropped: two seconds and the release.
    let full = long.clip.channel(0).iter().filter(|x| **x == 1.0).count();
    assert_eq!((full, long.clip.frames()), (32_000, 32_000 + 1280));
}

#[test]
fn transposing_moves_the_pitch_and_speed_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    nsynth_folder(folder.path(), &[57], &[127]);
    let organ = organ(folder.path(), Missing::Nearest);
    let piece = piece(vec![note(0.0, 0.5, 57)]);
    let heard = |transpose: i32, speed: f64| {
        let spec = RenderSpec {
            transpose_semitones: transpose,
            playback_speed: speed,
            ..spec()
        };
        measured_hz(&play(&piece, &organ, &spec).clip.channel(0)[1000..4000])
    };
    for (transpose, speed) in [(0, 1.0), (12, 1.0), (-12, 1.0), (7, 1.0), (0, 2.0)] {
        let wanted = 220.0 * (f64::from(transpose) / 12.0).exp2();
        let found = heard(transpose, speed);
        assert!(
            (found / wanted - 1.0).abs() < 0.002,
            "{transpose} at {speed}: {found} Hz, not {wanted} Hz"
        );
    }
}

#[test]
fn the_nearest_velocity_plays_the_lower_of_two() {
    let folder = tempfile::tempdir().expect("folder");
    nsynth_folder(folder.path(), &[69], &[50, 100, 127]);
    let organ = organ(folder.path(), Missing::Count);
    let flat = RenderSpec {
        velocity_gain: false,
        ..spec()
    };
    for (velocity, chosen) in [
        (1, 50),
        (50, 50),
        (75, 50),
        (76, 100),
        (113, 100),
        (114, 127),
    ] {
        let mut one = note(0.0, 1.0, 69);
        one.velocity = velocity;
        let piece = piece(vec![one]);
        let loudest = |spec: &RenderSpec| {
            let out = play(&piece, &organ, spec);
            stemloom::audio::peak(out.clip.channel(0))
        };
        let own = chosen as f32 / 254.0;
        assert!((loudest(&flat) / own - 1.0).abs() < 0.01, "{velocity}");
        let scaled = own * (f32::from(velocity) / chosen as f32).powi(2);
        assert!((loudest(&spec()) / scaled - 1.0).abs() < 0.01, "{velocity}");
    }
}

#[test]
fn missing_notes_are_counted_or_played_by_the_nearest() {
    let folder = tempfile::tempdir().expect("folder");
    nsynth_folder(folder.path(), &[60, 64], &[127]);
    let piece = piece(vec![
        note(0.0, 0.2, 60),
        note(0.2, 0.4, 62),
        note(0.4, 0.6, 62),
        note(0.6, 0.8, 127),
    ]);
    let counted = play(&piece, &organ(folder.path(), Missing::Count), &spec());
    assert_eq!(counted.missing, [(62, 2), (127, 1)]);
    let near = organ(folder.path(), Missing::Nearest);
    assert!(play(&piece, &near, &spec()).missing.is_empty());
    let up = RenderSpec {
        transpose_semitones: 12,
        ..spec()
    };
    assert_eq!(play(&piece, &near, &up).missing, [(139, 1)]);
}

#[test]
fn drums_are_left_out_unless_wanted_and_are_not_transposed() {
    let mut drum = note(0.0, 0.5, 120);
    drum.channel = DRUM_CHANNEL;
    let piece = piece(vec![drum]);
    let constant = Constant { channels: 1 };
    let silent = play(&piece, &constant, &spec());
    assert!(silent.clip.channel(0).iter().all(|x| *x == 0.0));
    assert_eq!(silent.warnings, ["no note sounds"]);
    let with = RenderSpec {
        drums: true,
        transpose_semitones: 12,
        normalise: Normalise::Peak,
        ..spec()
    };
    let out = play(&piece, &constant, &with);
    assert!(out.missing.is_empty());
    let loudest_db = 20.0 * stemloom::audio::peak(out.clip.channel(0)).log10();
    assert!((loudest_db + 1.0).abs() < 1e-3);
}

#[test]
fn long_notes_go_round_in_their_loop_or_fall_silent() {
    let folder = tempfile::tempdir().expect("folder");
    // 200 Hz: 80 frames a period, so that the loop is whole periods.
    let samples = sine(200.0, RATE, 8000, 0.5);
    write_wav(&folder.path().join("tone.wav"), RATE, &samples);
    let list = folder.path().join("instrument.toml");
    let head = "[[sample]]\nfile = \"tone.wav\"\npitch = 60\n";
    std::fs::write(&list, format!("{head}loop_start = 3200\nloop_end = 6400\n")).expect("written");
    let open = || open_samples(folder.path(), RATE, Missing::Nearest);
    let piece = piece(vec![note(0.0, 3.0, 60)]);
    let looped = play(&piece, &open().expect("opened"), &spec());
    let wanted = sine(200.0, RATE, 48_000, 0.5);
    assert!(max_abs_diff(&looped.clip.channel(0)[..48_000], &wanted) < 1e-3);

    std::fs::write(&list, head).expect("written");
    let plucked = play(&piece, &open().expect("opened"), &spec());
    let x = plucked.clip.channel(0);
    assert!(max_abs_diff(&x[..7900], &samples[..7900]) < 1e-6);
    assert!(x[8000..].iter().all(|x| *x == 0.0));
    let step = x
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(0.0, f32::max);
    assert!(step < 0.05, "{step}");

    for wrong in [
        "pitch = 200",
        "pitch = 60\nvelocity = 0",
        "pitch = 60\nloop_start = 5",
        "pitch = 60\nloop_start = 9\nloop_end = 9",
        "pitch = 60\ncolour = 1",
    ] {
        std::fs::write(&list, format!("[[sample]]\nfile = \"tone.wav\"\n{wrong}\n"))
            .expect("written");
        assert!(matches!(failure(open()), Error::Document { .. }), "{wrong}");
    }
    std::fs::write(&list, format!("{head}loop_start = 0\nloop_end = 8001\n")).expect("written");
    let late = render(
        &piece,
        &open().expect("opened"),
        &spec(),
        &Reporter::silent(),
    );
    assert_eq!(setting_name(failure(late)), "loop_end");
}

#[test]
fn samples_are_known_by_their_names_and_brought_to_the_rate() {
    let folder = tempfile::tempdir().expect("folder");
    let name = folder.path().join("piano_A4.wav");
    write_wav(&name, 8000, &sine(440.0, 8000, 8000, 0.5));
    let bank = open_samples(folder.path(), RATE, Missing::Nearest).expect("opened");
    let out = play(&piece(vec![note(0.5, 1.0, 69)]), &bank, &spec());
    let x = out.clip.channel(0);
    assert!(x[..8000].iter().all(|x| *x == 0.0));
    assert!((measured_hz(&x[9000..15_000]) - 440.0).abs() < 1.0);

    let empty = tempfile::tempdir().expect("folder");
    let nothing = failure(open_samples(empty.path(), RATE, Missing::Nearest));
    assert_eq!(setting_name(nothing), "instrument");
    let nothing = failure(open_nsynth(
        folder.path(),
        "organ_test_000",
        RATE,
        Missing::Count,
    ));
    assert_eq!(setting_name(nothing), "instrument");
}

#[test]
fn wrong_settings_are_named() {
    let piece = piece(vec![note(0.0, 1.0, 60)]);
    let wrong: [(&str, fn(&mut RenderSpec)); 7] = [
        ("sample rate", |s| s.sample_rate_hz = 0),
        ("speed", |s| s.playback_speed = 0.0),
        ("speed", |s| s.playback_speed = f64::NAN),
        ("duration rate", |s| s.duration_rate = -1.0),
        ("transpose", |s| s.transpose_semitones = 128),
        ("release", |s| s.release_secs = 11.0),
        ("tail", |s| s.tail = Tail::Secs(-1.0)),
    ];
    for (name, change) in wrong {
        let mut spec = spec();
        change(&mut spec);
        assert_eq!(setting_name(failure(rendered_frames(&piece, &spec))), name);
    }
    let other = RenderSpec::default();
    let constant = Constant { channels: 1 };
    let refused = failure(render(&piece, &constant, &other, &Reporter::silent()));
    assert_eq!(setting_name(refused), "sample rate");
    let endless = Piece {
        seconds: f64::INFINITY,
        ..piece.clone()
    };
    assert_eq!(
        setting_name(failure(rendered_frames(&endless, &spec()))),
        "piece"
    );
    let mut timeless = piece;
    timeless.notes.push(note(f64::NAN, 2.0, 60));
    timeless.notes.push(note(-1.0, 2.0, 60));
    let out = play(&timeless, &constant, &spec());
    assert_eq!(out.warnings, ["2 notes without a time were left out"]);
}

#[test]
fn instruments_in_words() {
    let parse = |text: &str| text.parse::<InstrumentChoice>();
    let nsynth = parse("nsynth:C:\\notes:organ_test_000").expect("nsynth");
    let wanted = InstrumentChoice::Nsynth {
        folder: PathBuf::from("C:\\notes"),
        instrument: "organ_test_000".into(),
    };
    assert_eq!(nsynth, wanted);
    let sf2 = |file: &str, bank, program| InstrumentChoice::SoundFont {
        file: file.into(),
        bank,
        program,
    };
    assert_eq!(parse("sf2:a.sf2").expect("sf2"), sf2("a.sf2", 0, 0));
    assert_eq!(
        parse("sf2:C:\\a.sf2:128:5").expect("sf2"),
        sf2("C:\\a.sf2", 128, 5)
    );
    for wrong in [
        "",
        "piano",
        "samples:",
        "nsynth:folder",
        "sf2:a:129:0",
        "sf2:a:0:128",
        "midi:x",
    ] {
        assert_eq!(setting_name(failure(parse(wrong))), "instrument", "{wrong}");
    }
}
