//! Cutting a stream into segments and joining them again.
//!
//! Order: definition by hand → (no stored values: the input itself is the reference) → seeded
//! sweep → bad input.

use stemloom::apply::{Fade, OverlapAdd, Segment, SegmentSpec, Segmenter};
use stemloom::audio::Planar;

use crate::common::{Rng, max_abs_diff, noise, planar_noise};

const FADES: [Fade; 3] = [Fade::Linear, Fade::Triangle, Fade::Hann];

/// Cuts `song`, given in blocks of up to `most` frames, and joins what `answer` makes of each
/// segment. Checks on the way what every segment promises.
fn through(
    spec: &SegmentSpec,
    song: &Planar,
    most: usize,
    rng: &mut Rng,
    answer: impl Fn(usize, &Segment) -> Planar,
) -> Planar {
    let frames = song[0].len();
    let mut cutter = Segmenter::new(spec.clone(), song.len());
    let mut joiner = OverlapAdd::new(spec.clone(), 1, song.len());
    let mut out: Vec<Planar> = vec![vec![Vec::new(); song.len()]];
    let (mut at, mut number, mut seen_last, mut ended) = (0, 0, false, false);
    while !ended {
        if at < frames {
            let to = (at + 1 + rng.below(most)).min(frames);
            let block: Planar = song
                .iter()
                .map(|channel| channel[at..to].to_vec())
                .collect();
            cutter.push(&block);
            at = to;
        } else {
            cutter.end();
            ended = true;
        }
        while let Some(segment) = cutter.next_segment() {
            assert!(!seen_last, "a segment came after the last: {spec:?}");
            assert_eq!(segment.first, number == 0, "{spec:?}");
            let length = segment.samples[0].len();
            assert!(
                segment.valid_frames >= 1 && segment.valid_frames <= length,
                "{spec:?}"
            );
            let wanted = if spec.fixed {
                spec.segment_frames
            } else {
                segment.valid_frames
            };
            assert_eq!(length, wanted, "{spec:?}");
            assert!(
                segment.last || segment.valid_frames == spec.segment_frames,
                "{spec:?}"
            );
            seen_last = segment.last;
            joiner.add(&segment, &[answer(number, &segment)], &mut out);
            number += 1;
        }
    }
    assert!(
        seen_last || frames == 0,
        "{frames} frames had no last segment: {spec:?}"
    );
    out.remove(0)
}

/// What comes back when every segment is answered by itself.
fn identity(spec: &SegmentSpec, song: &Planar, rng: &mut Rng) -> Planar {
    through(spec, song, 50, rng, |_, segment| segment.samples.clone())
}

// ---------------------------------------------------------------------------------------------
// By hand

/// Two segments of 8 that share 4 (linear) or 2 frames (Hann): the first answers 0, the second 1.
#[test]
fn fades_have_the_weights_of_their_formulas() {
    let silent_then_one =
        |number: usize, segment: &Segment| vec![vec![number as f32; segment.samples[0].len()]];
    let linear = SegmentSpec::overlapping(8, 0.5);
    let out = through(
        &linear,
        &vec![vec![0.0; 12]],
        12,
        &mut Rng::new(1),
        silent_then_one,
    );
    let want = [
        0.0, 0.0, 0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0, 1.0, 1.0,
    ];
    assert!(max_abs_diff(&out[0], &want) < 1e-6, "{:?}", out[0]);

    // The weights rise over half a segment: ½ − ½·cos(π·(n + ½)/4) at n = 0, 1 against its mirror.
    let hann = SegmentSpec {
        fade: Fade::Hann,
        ..SegmentSpec::overlapping(8, 0.25)
    };
    let out = through(
        &hann,
        &vec![vec![0.0; 14]],
        14,
        &mut Rng::new(1),
        silent_then_one,
    );
    let weight = |n: f32| 0.5 - 0.5 * (std::f32::consts::PI * (n + 0.5) / 4.0).cos();
    let share = weight(0.0) / (weight(0.0) + weight(1.0));
    assert!(
        (out[0][6] - share).abs() < 1e-6 && (out[0][7] - (1.0 - share)).abs() < 1e-6,
        "{:?}",
        out[0]
    );
}

/// Frames within the border of a segment lack context: they never count, but at the song's ends.
#[test]
fn borders_do_not_count() {
    let song = vec![noise(2, 100)];
    for pad_border in [false, true] {
        let spec = SegmentSpec {
            segment_frames: 20,
            border_frames: 4,
            pad_border,
            ..SegmentSpec::overlapping(12, 0.0)
        };
        let out = through(&spec, &song, 9, &mut Rng::new(3), |_, segment| {
            let mut samples = segment.samples.clone();
            let length = samples[0].len();
            let open_left = segment.first && !pad_border;
            let open_right = segment.last && !pad_border;
            for i in 0..4 {
                // Nonsense where no context is; it must not be heard.
                if !open_left {
                    samples[0][i] = 1000.0;
                }
                if !open_right {
                    samples[0][length - 1 - i] = 1000.0;
                }
            }
            samples
        });
        assert!(
            max_abs_diff(&out[0], &song[0]) < 1e-6,
            "pad_border {pad_border}"
        );
    }
}

#[test]
fn overlap_becomes_a_step() {
    let steps = [
        (100, 0.0, 100),
        (100, 0.25, 75),
        (100, 0.95, 5),
        (3, 0.5, 2),
        (1, 0.95, 1),
    ];
    for (segment, overlap, step) in steps {
        assert_eq!(
            SegmentSpec::overlapping(segment, overlap).step_frames,
            step,
            "{segment} {overlap}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

/// Whatever the shape, answering each segment by itself gives the song back.
#[test]
fn identity_gives_the_song_back() {
    let mut rng = Rng::new(4);
    for round in 0..3000 {
        let segment_frames = 1 + rng.below(64);
        let border_frames = if round % 3 == 0 {
            0
        } else {
            rng.below(segment_frames.div_ceil(2))
        };
        let inner = segment_frames - 2 * border_frames;
        let overlap = [0.0, 0.1, 0.25, 0.5, 0.75, 0.95][rng.below(6)];
        let spec = SegmentSpec {
            segment_frames,
            border_frames,
            pad_border: rng.below(2) == 0,
            fade: FADES[rng.below(3)],
            fixed: rng.below(2) == 0,
            keep_grid: rng.below(2) == 0,
            ..SegmentSpec::overlapping(inner, overlap)
        };
        let step = spec.step_frames;
        // One frame, just under, on and over a segment and some steps, and anything.
        let around = [
            1,
            segment_frames,
            segment_frames + step,
            segment_frames + 3 * step,
            5 * step,
        ];
        let frames = match rng.below(6) {
            5 => 1 + rng.below(300),
            i => (around[i % around.len()] + rng.below(3))
                .saturating_sub(1)
                .max(1),
        };
        let song = planar_noise(round as u64, 1 + round % 2, frames);
        let out = identity(&spec, &song, &mut rng);
        for (channel, (got, want)) in out.iter().zip(&song).enumerate() {
            assert_eq!(
                got.len(),
                want.len(),
                "{spec:?}, {frames} frames, channel {channel}"
            );
            let error = max_abs_diff(got, want);
            assert!(
                error < 1e-6,
                "{spec:?}, {frames} frames, channel {channel}: off by {error}"
            );
        }
    }
}

/// Real lengths: a weight must not round to 0 where no other segment covers the frame.
#[test]
fn long_segments_cover_every_frame() {
    let mut rng = Rng::new(5);
    let song = vec![noise(6, 700_000)];
    for fade in FADES {
        for (border_frames, overlap) in [(0, 0.0), (0, 0.25), (3072, 0.0), (3072, 0.25)] {
            let spec = SegmentSpec {
                segment_frames: 261_120 + 2 * border_frames,
                border_frames,
                pad_border: border_frames > 0,
                fade,
                fixed: true,
                ..SegmentSpec::overlapping(261_120, overlap)
            };
            let out = through(&spec, &song, 65_536, &mut rng, |_, segment| {
                segment.samples.clone()
            });
            let holes = out[0]
                .iter()
                .zip(&song[0])
                .filter(|(y, x)| (*y - *x).abs() > 1e-6)
                .count();
            assert_eq!(
                holes, 0,
                "{fade:?}, border {border_frames}, overlap {overlap}"
            );
        }
    }
}

/// Several stems go side by side.
#[test]
fn stems_stay_apart() {
    let song = planar_noise(7, 2, 500);
    let spec = SegmentSpec::overlapping(64, 0.25);
    let mut cutter = Segmenter::new(spec.clone(), 2);
    let mut joiner = OverlapAdd::new(spec, 2, 2);
    let mut out: Vec<Planar> = vec![vec![Vec::new(); 2]; 2];
    cutter.push(&song);
    cutter.end();
    while let Some(segment) = cutter.next_segment() {
        let half = segment
            .samples
            .iter()
            .map(|c| c.iter().map(|x| 0.5 * x).collect())
            .collect();
        joiner.add(&segment, &[segment.samples.clone(), half], &mut out);
    }
    for channel in 0..2 {
        let half: Vec<f32> = song[channel].iter().map(|x| 0.5 * x).collect();
        assert!(max_abs_diff(&out[0][channel], &song[channel]) < 1e-6);
        assert!(max_abs_diff(&out[1][channel], &half) < 1e-6);
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn an_empty_stream_gives_nothing() {
    for pad_border in [false, true] {
        for fixed in [false, true] {
            let spec = SegmentSpec {
                segment_frames: 20,
                border_frames: 4,
                pad_border,
                fixed,
                ..SegmentSpec::overlapping(12, 0.25)
            };
            let out = identity(&spec, &vec![Vec::new(), Vec::new()], &mut Rng::new(8));
            assert_eq!(out, vec![Vec::<f32>::new(); 2]);
        }
    }
}
