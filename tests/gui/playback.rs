//! The mixer and the callback's end of the ring, without a sound card.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use stemloom::audio::Clip;
use stemloom::playback::{MixLane, Mixer, PlaybackState, StereoFrame, outlet};

fn ramp(frames: usize) -> Clip {
    Clip::new(8000, vec![(0..frames).map(|i| i as f32 / 1000.0).collect()])
}

fn lane(clip: Clip, gain: f32) -> MixLane {
    MixLane {
        clip,
        offset: 0,
        gain,
    }
}

#[test]
fn a_loop_is_exact_to_the_sample() {
    let mut mixer = Mixer::default();
    mixer.set_lanes(vec![lane(ramp(100), 1.0)]);
    mixer.set_loop(Some(10..13));
    mixer.seek(8);
    let heard: Vec<u64> = (0..9)
        .map(|_| mixer.next_frame().unwrap().position)
        .collect();
    assert_eq!(heard, [8, 9, 10, 11, 12, 10, 11, 12, 10]);
}

#[test]
fn lanes_add_up_with_their_gains_and_places() {
    let mut mixer = Mixer::default();
    let late = MixLane {
        clip: Clip::new(8000, vec![vec![1.0; 4], vec![-1.0; 4]]),
        offset: 2,
        gain: 0.5,
    };
    mixer.set_lanes(vec![lane(Clip::new(8000, vec![vec![0.25; 4]]), 1.0), late]);
    mixer.seek(0);
    assert_eq!(mixer.frames(), 6);
    let heard: Vec<(f32, f32)> = std::iter::from_fn(|| mixer.next_frame())
        .map(|f| (f.left, f.right))
        .collect();
    let alone = (0.25, 0.25);
    assert_eq!(
        heard,
        [
            alone,
            alone,
            (0.75, -0.25),
            (0.75, -0.25),
            (0.5, -0.5),
            (0.5, -0.5)
        ]
    );
}

#[test]
fn a_mute_glides() {
    let mut mixer = Mixer::default();
    let clip = Clip::new(8000, vec![vec![1.0; 8000]]);
    mixer.set_lanes(vec![lane(clip.clone(), 1.0)]);
    mixer.seek(0);
    mixer.next_frame();
    mixer.set_lanes(vec![lane(clip, 0.0)]);
    let heard: Vec<f32> = (0..7000)
        .map(|_| mixer.next_frame().unwrap().left)
        .collect();
    let steps = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    assert!(steps.fold(0.0, f32::max) < 0.01, "no step that clicks");
    assert_eq!(heard[6999], 0.0);
}

/// Pushes frames of a level and takes what the callback would play, mono.
fn play(out: &mut stemloom::playback::Outlet, frames: usize) -> Vec<f32> {
    let mut buffer = vec![0.0; frames * 2];
    out.fill(&mut buffer, 2);
    buffer.chunks(2).map(|frame| frame[0]).collect()
}

#[test]
fn seek_and_pause_do_not_click_and_old_frames_are_dropped() {
    let state = Arc::new(PlaybackState::default());
    let (mut feed, mut out) = outlet(256, Arc::clone(&state), 8000);
    state.playing.store(true, Ordering::Release);
    let frame = |level: f32, generation| StereoFrame {
        left: level,
        right: level,
        position: 7,
        generation,
    };
    (0..100).for_each(|_| feed.push(frame(0.8, 0)).unwrap());
    let before = play(&mut out, 50);
    assert!((before[49] - 0.8).abs() < 0.01);
    // A seek: the rest of generation 0 must not be heard.
    state.generation.store(1, Ordering::Release);
    (0..100).for_each(|_| feed.push(frame(-0.8, 1)).unwrap());
    let after = play(&mut out, 90);
    let joined: Vec<f32> = before.iter().chain(&after).copied().collect();
    let largest = joined[40..]
        .windows(2)
        .map(|p| (p[1] - p[0]).abs())
        .fold(0.0, f32::max);
    assert!(
        largest < 0.25,
        "a jump of 1.6 is spread over milliseconds, not {largest}"
    );
    assert!((after[89] + 0.8).abs() < 0.01);
    assert_eq!(state.position.load(Ordering::Relaxed), 7);
    // A pause fades to silence and keeps the rest of the ring for the next frame asked for.
    state.playing.store(false, Ordering::Release);
    let paused = play(&mut out, 90);
    assert!(paused[0].abs() > 0.7 && paused[89].abs() < 0.01);
    let (left, _) = state.take_peaks();
    assert!((left - 0.8).abs() < 0.01);
}

#[test]
fn the_end_of_the_song_stops_and_a_dry_ring_is_counted() {
    let state = Arc::new(PlaybackState::default());
    let (mut feed, mut out) = outlet(16, Arc::clone(&state), 8000);
    state.playing.store(true, Ordering::Release);
    feed.push(StereoFrame {
        left: 0.1,
        ..StereoFrame::default()
    })
    .unwrap();
    play(&mut out, 4);
    assert_eq!(state.underruns.load(Ordering::Relaxed), 1);
    assert!(
        state.playing.load(Ordering::Relaxed),
        "a dry ring is no end"
    );
    state.ended.store(true, Ordering::Release);
    play(&mut out, 1);
    assert!(!state.playing.load(Ordering::Relaxed));
}

#[test]
fn mono_and_surround_outputs_are_served() {
    let state = Arc::new(PlaybackState::default());
    let (mut feed, mut out) = outlet(16, Arc::clone(&state), 8_000_000);
    state.playing.store(true, Ordering::Release);
    (0..9).for_each(|_| {
        feed.push(StereoFrame {
            left: 0.2,
            right: 0.4,
            ..StereoFrame::default()
        })
        .unwrap()
    });
    let mut mono = [0.0; 6];
    out.fill(&mut mono, 1);
    assert!((mono[5] - 0.3).abs() < 0.31, "the mean of both");
    let mut surround = [9.0; 6];
    out.fill(&mut surround, 6);
    assert_eq!(surround[2..], [0.0; 4], "silence beyond the second channel");
}
