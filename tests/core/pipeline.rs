//! The whole way: regions, stems kept, rests, warnings, cancelling.
//!
//! Order: definition by hand → (no stored values: the song itself is the reference) → bad input.

use std::sync::{Arc, Mutex};

use stemloom::Result;
use stemloom::apply::{
    MemorySink, PostProcess, Region, Segment, SegmentSpec, SeparateOptions, Separator, separate,
};
use stemloom::audio::{Clip, Planar};
use stemloom::progress::{CancelToken, Event, Reporter};

use crate::common::{failure, max_abs_diff, planar_noise, separate_clip, setting_name};

/// Answers each segment times a gain per stem.
struct Gains {
    stems: Vec<(&'static str, f32)>,
    residual: Option<&'static str>,
}

impl Separator for Gains {
    fn stems(&self) -> Vec<String> {
        self.stems
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect()
    }

    fn residual(&self) -> Option<String> {
        self.residual.map(str::to_owned)
    }

    fn prepare(&mut self, _sample_rate_hz: u32) -> Result<SegmentSpec> {
        Ok(SegmentSpec {
            batch: 3,
            ..SegmentSpec::overlapping(1000, 0.25)
        })
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        reporter.check()?;
        let scaled = |planar: &Planar, gain: f32| -> Planar {
            planar
                .iter()
                .map(|channel| channel.iter().map(|x| gain * x).collect())
                .collect()
        };
        let stems = |segment: &Segment| -> Vec<Planar> {
            self.stems
                .iter()
                .map(|(_, gain)| scaled(&segment.samples, *gain))
                .collect()
        };
        Ok(segments.iter().map(stems).collect())
    }
}

fn halves() -> Gains {
    Gains {
        stems: vec![("quiet", 0.25), ("loud", 0.5)],
        residual: None,
    }
}

fn song() -> Clip {
    Clip::new(8000, planar_noise(41, 2, 20_000))
}

fn names(stems: &[(String, Clip)]) -> Vec<&str> {
    stems.iter().map(|(name, _)| name.as_str()).collect()
}

/// Whether a stem is the song's frames from `start` times `gain`.
fn is_part(stem: &Clip, song: &Clip, start: usize, gain: f32) -> bool {
    (0..song.num_channels()).all(|channel| {
        let want: Vec<f32> = song.channel(channel)[start..start + stem.frames()]
            .iter()
            .map(|x| gain * x)
            .collect();
        max_abs_diff(stem.channel(channel), &want) < 1e-6
    })
}

#[test]
fn stems_come_out_with_their_figures() {
    let song = song();
    let (stems, done) = separate_clip(&song, &mut halves(), &SeparateOptions::default());
    assert_eq!(names(&stems), ["quiet", "loud"]);
    assert!(is_part(&stems[0].1, &song, 0, 0.25) && is_part(&stems[1].1, &song, 0, 0.5));
    assert_eq!(
        (done.frames, done.sample_rate_hz, done.channels),
        (20_000, 8000, 2)
    );
    assert_eq!((done.audio_secs, done.device.as_str()), (2.5, "cpu"));
    // A quarter of the amplitude is missing: 20·log₁₀(1/4).
    assert!(
        (done.residual_db + 12.041).abs() < 0.01,
        "{}",
        done.residual_db
    );
    let peak = stemloom::audio::peak(&song.channels().concat());
    assert!((done.stems[1].peak - 0.5 * peak).abs() < 1e-6);
}

#[test]
fn kept_stems_and_rests_add_up() {
    let song = song();
    let options = SeparateOptions {
        stems: Some(vec!["loud".into()]),
        rest: true,
        ..SeparateOptions::default()
    };
    let (stems, _) = separate_clip(&song, &mut halves(), &options);
    assert_eq!(names(&stems), ["loud", "rest"]);
    assert!(
        is_part(&stems[1].1, &song, 0, 0.5),
        "the song less what was kept"
    );

    // The residual is what no stem has, whether those are kept or not.
    let mut with_residual = Gains {
        residual: Some("room"),
        ..halves()
    };
    let options = SeparateOptions {
        stems: Some(vec!["room".into()]),
        ..SeparateOptions::default()
    };
    let (stems, done) = separate_clip(&song, &mut with_residual, &options);
    assert_eq!(names(&stems), ["room"]);
    assert!(is_part(&stems[0].1, &song, 0, 0.25));
    assert_eq!(
        done.residual_db, -200.0,
        "with a residual nothing is missing"
    );
}

#[test]
fn a_region_is_cut_to_the_frame() {
    let song = song();
    for (start_secs, duration_secs, first, frames) in [
        (0.0, Some(0.5), 0, 4000),
        (1.0, Some(1.0), 8000, 8000),
        (2.0, Some(9.0), 16_000, 4000),
        (2.4999, None, 19_999, 1),
    ] {
        let options = SeparateOptions {
            region: Some(Region {
                start_secs,
                duration_secs,
            }),
            ..SeparateOptions::default()
        };
        let (stems, done) = separate_clip(&song, &mut halves(), &options);
        assert_eq!((done.frames, stems[0].1.frames()), (frames as u64, frames));
        assert!(
            is_part(&stems[1].1, &song, first, 0.5),
            "from {start_secs} s"
        );
    }
}

/// Refining steps keep the length and, for the Wiener filter, the sum.
#[test]
fn refining_keeps_the_sum() {
    let song = song();
    let two = || Gains {
        stems: vec![("drums", 0.25), ("voice", 0.75)],
        residual: None,
    };
    for post in [PostProcess::Median, PostProcess::Wiener] {
        let options = SeparateOptions {
            post: vec![post],
            ..SeparateOptions::default()
        };
        let (stems, done) = separate_clip(&song, &mut two(), &options);
        assert_eq!(stems[0].1.frames(), song.frames());
        assert!(
            done.residual_db < -40.0,
            "{post:?}: {} dB",
            done.residual_db
        );
    }
}

#[test]
fn progress_rises_to_the_end() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        sink.lock().unwrap().push(event)
    });
    let song = song();
    let mut source = song.reader(0..song.frames());
    separate(
        &mut source,
        &mut halves(),
        &SeparateOptions::default(),
        &mut MemorySink::new(),
        &reporter,
    )
    .unwrap();
    let mut last = (0, 0);
    for event in seen.lock().unwrap().iter() {
        let Event::Progress(progress) = event else {
            panic!("{event:?}")
        };
        assert!(
            progress.done >= last.0 && progress.done <= progress.total,
            "{progress:?} after {last:?}"
        );
        last = (progress.done, progress.total);
    }
    assert_eq!(last, (20_000, 20_000));
}

/// Also where the total is unknown: 30 events a second are far below one per step.
#[test]
fn progress_without_a_total_is_not_told_at_every_step() {
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    let reporter = Reporter::new(CancelToken::new(), move |_| *count.lock().unwrap() += 1);
    for done in 0..100_000 {
        reporter.step("Reading", done, 0).unwrap();
    }
    let told = *told.lock().unwrap();
    assert!(told < 50_000, "{told} of 100000 steps were told");
}

// ---------------------------------------------------------------------------------------------
// Bad input

fn attempt(
    separator: &mut dyn Separator,
    options: &SeparateOptions,
    reporter: &Reporter,
) -> Result<MemorySink> {
    let song = song();
    let mut sink = MemorySink::new();
    separate(
        &mut song.reader(0..song.frames()),
        separator,
        options,
        &mut sink,
        reporter,
    )?;
    Ok(sink)
}

#[test]
fn wrong_options_are_named() {
    let region = |start_secs, duration_secs| SeparateOptions {
        region: Some(Region {
            start_secs,
            duration_secs,
        }),
        ..SeparateOptions::default()
    };
    let wrong = [
        (
            "stems",
            SeparateOptions {
                stems: Some(vec!["nothing".into()]),
                ..SeparateOptions::default()
            },
        ),
        ("start", region(-1.0, None)),
        ("start", region(f64::NAN, None)),
        ("start", region(2.5, None)),
        ("duration", region(0.0, Some(0.0))),
        ("duration", region(0.0, Some(f64::INFINITY))),
    ];
    for (name, options) in wrong {
        let error = failure(attempt(&mut halves(), &options, &Reporter::silent()));
        assert_eq!(setting_name(error), name, "{options:?}");
    }
}

#[test]
fn values_that_are_no_numbers_become_silence_with_one_warning() {
    let warnings = Arc::new(Mutex::new(0));
    let count = Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        *count.lock().unwrap() += usize::from(matches!(event, Event::Warning(_)));
    });
    let mut broken = Gains {
        stems: vec![("good", 0.5), ("broken", f32::NAN)],
        residual: None,
    };
    let stems = attempt(&mut broken, &SeparateOptions::default(), &reporter)
        .unwrap()
        .finish()
        .unwrap();
    assert!(stems[1].1.channels().concat().iter().all(|x| *x == 0.0));
    assert!(is_part(&stems[0].1, &song(), 0, 0.5));
    assert_eq!(*warnings.lock().unwrap(), 1);
}

#[test]
fn cancelling_stops_the_work() {
    let token = CancelToken::new();
    let stop = token.clone();
    // The first word of progress is answered by pressing cancel.
    let reporter = Reporter::new(token, move |_| stop.cancel());
    let error = failure(attempt(
        &mut halves(),
        &SeparateOptions::default(),
        &reporter,
    ));
    assert!(error.is_cancelled(), "{error}");
}
