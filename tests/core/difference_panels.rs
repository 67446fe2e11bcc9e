//! Panels that show where two clips differ, and panels drawn together.
//!
//! Order: definition by hand → seeded sweeps → bad input → pictures of several panels.

use stemloom::audio::Clip;
use stemloom::display::{
    Colormap, FreqScale, Panel, Picture, PictureSpec, difference_table, draw_panels,
};
use stemloom::spectral::Padding;

use crate::common::{Rng, failure, planar_noise, setting_name};
use crate::difference::{RATE_HZ, ROWS, neutral, shows, silence, tone};

/// Where the first plot begins, and how much higher than its plot a panel is.
const PLOT: (usize, usize) = (74, 34);
const AROUND: usize = 74;

/// A picture whose rows are bins.
fn spec() -> PictureSpec {
    PictureSpec {
        scale: FreqScale::Linear,
        width: 64,
        height: ROWS,
        ..PictureSpec::default()
    }
}

/// A pixel of a plot.
fn pixel(picture: &Picture, panel: usize, (x, row): (usize, usize), height: usize) -> [u8; 3] {
    let y = panel * (height + AROUND) + PLOT.1 + row;
    picture.pixels[y * picture.width + PLOT.0 + x]
}

/// All pixels of the only plot.
fn plot(picture: &Picture, spec: &PictureSpec) -> Vec<[u8; 3]> {
    (0..spec.height)
        .flat_map(|row| (0..spec.width).map(move |x| (x, row)))
        .map(|at| pixel(picture, 0, at, spec.height))
        .collect()
}

fn difference(a: &Clip, b: &Clip, spec: &PictureSpec, range_db: f32) -> Panel {
    Panel::difference("", a, b, spec, range_db).expect("a panel")
}

#[test]
fn a_panel_shows_the_difference_bin_by_bin() {
    let spec = spec();
    let (a, b) = (tone(64, 0.5, 44_100), tone(64, 0.25, 44_100));
    let more = draw_panels(&[difference(&a, &b, &spec, 30.0)], &spec);
    let less = draw_panels(&[difference(&b, &a, &spec, 30.0)], &spec);
    for row in 0..ROWS {
        for x in 4..60 {
            let colours = (
                pixel(&more, 0, (x, row), ROWS),
                pixel(&less, 0, (x, row), ROWS),
            );
            if (63..=65).contains(&(ROWS - 1 - row)) {
                assert!(shows(colours.0, 6.0206, 30.0, 0), "{row}: {colours:?}");
                assert!(shows(colours.1, -6.0206, 30.0, 0), "{row}: {colours:?}");
            } else {
                assert_eq!(colours, (neutral(), neutral()), "{row}");
            }
        }
    }
    let clamped = draw_panels(&[difference(&a, &b, &spec, 6.0)], &spec);
    let at = (30, ROWS - 1 - 64);
    assert_eq!(pixel(&clamped, 0, at, ROWS), difference_table()[255]);
}

/// Channels are averaged: one of two channels is half of both.
#[test]
fn channels_are_averaged() {
    let spec = spec();
    let both = tone(64, 0.5, 44_100);
    let samples = both.channel(0).to_vec();
    let zeros = vec![0.0; samples.len()];
    let one = Clip::new(RATE_HZ, vec![samples, zeros]);
    let picture = draw_panels(&[difference(&both, &one, &spec, 30.0)], &spec);
    let at = (30, ROWS - 1 - 64);
    assert!(shows(pixel(&picture, 0, at, ROWS), 6.0206, 30.0, 0));
}

#[test]
fn equal_clips_differ_nowhere() {
    let mut rng = Rng::new(32);
    let bands = PictureSpec {
        mels: Some(40),
        ..PictureSpec::default()
    };
    for spec in [spec(), PictureSpec::default(), bands] {
        let spec = PictureSpec {
            width: 50,
            height: 90,
            ..spec
        };
        let frames = 1 + rng.below(60_000);
        let noise = Clip::new(RATE_HZ, planar_noise(33, 2, frames));
        let (nothing, no_channels) = (silence(0), Clip::new(RATE_HZ, Vec::new()));
        for clip in [&noise, &silence(frames), &nothing, &no_channels] {
            let picture = draw_panels(&[difference(clip, clip, &spec, 30.0)], &spec);
            assert!(plot(&picture, &spec).iter().all(|c| *c == neutral()));
        }
    }
}

/// The shorter clip is as if zeros followed it, whatever the padding of the transform.
#[test]
fn beyond_its_end_a_clip_is_silent() {
    let mut rng = Rng::new(34);
    for padding in [Padding::Constant, Padding::Reflect] {
        let mut spec = PictureSpec {
            width: 40,
            ..PictureSpec::default()
        };
        spec.stft.padding = padding;
        for seed in 0..4 {
            let (frames, extra) = (rng.below(30_000), 1 + rng.below(30_000));
            let long = Clip::new(RATE_HZ, planar_noise(seed, 1, frames + extra));
            let mut samples = planar_noise(seed + 50, 1, frames);
            let short = Clip::new(RATE_HZ, samples.clone());
            samples[0].resize(frames + extra, 0.0);
            let padded = Clip::new(RATE_HZ, samples);
            assert!(
                difference(&long, &short, &spec, 9.0) == difference(&long, &padded, &spec, 9.0)
            );
            assert!(
                difference(&short, &long, &spec, 9.0) == difference(&padded, &long, &spec, 9.0)
            );
        }
    }
    let spec = spec();
    let (long, short) = (tone(64, 0.5, 44_101), tone(64, 0.5, 22_051));
    let picture = draw_panels(&[difference(&long, &short, &spec, 30.0)], &spec);
    let row = ROWS - 1 - 64;
    assert_eq!(pixel(&picture, 0, (10, row), ROWS), neutral());
    assert_eq!(pixel(&picture, 0, (50, row), ROWS), difference_table()[255]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let spec = spec();
    let (a, b) = (silence(5000), Clip::new(48_000, vec![vec![0.0; 5000]]));
    let error = failure(Panel::difference("", &a, &b, &spec, 30.0));
    assert!(error.to_string().contains("resample"), "{error}");
    assert_eq!(setting_name(error), "sample rate");
    for range_db in [0.0, -30.0, f32::NAN, f32::INFINITY] {
        let error = failure(Panel::difference("", &a, &a, &spec, range_db));
        assert_eq!(setting_name(error), "range of the difference");
    }
}

/// The softer tone is as much darker as it is softer; the shorter one ends where it ends.
#[test]
fn spectrograms_share_their_scale_and_their_time() {
    let spec = spec();
    let panel = |clip: &Clip| Panel::spectrogram("", clip, &spec).unwrap();
    let (loud, soft) = (tone(64, 0.5, 44_100), tone(64, 0.25, 22_050));
    let table = Colormap::Ember.table();
    let row = ROWS - 1 - 64;
    let together = draw_panels(
        &[
            panel(&loud),
            panel(&soft),
            difference(&loud, &soft, &spec, 30.0),
        ],
        &spec,
    );
    assert_eq!(together.height, 3 * (ROWS + AROUND));
    let at = |panel: usize, x: usize| pixel(&together, panel, (x, row), ROWS);
    assert!(table[254..].contains(&at(0, 15)) && table[254..].contains(&at(0, 50)));
    let darker = ((80.0 - 6.0206) / 80.0 * 255.0) as usize;
    assert!(table[darker - 1..=darker + 1].contains(&at(1, 15)));
    assert_eq!(at(1, 50), table[0]);
    assert!(shows(at(2, 15), 6.0206, 30.0, 0));
    let alone = draw_panels(&[panel(&soft)], &spec);
    for x in [15, 50] {
        assert!(table[254..].contains(&pixel(&alone, 0, (x, row), ROWS)));
    }
}
