//! Augmentation: each effect by hand, then that all of it is linear, seeded and of known length.

use std::f64::consts::FRAC_1_SQRT_2;

use stemloom::audio::Planar;
use stemloom::dataset::{
    AugmentSpec, BandKind, Between, Drawn, Echo, EqBand, Reverb, draw_remix, remix,
};

use crate::common::{failure, max_abs_diff, planar_noise, setting_name, sine};

const RATE: u32 = 16_000;

fn everything() -> AugmentSpec {
    AugmentSpec {
        speed: Some(Between::new(0.8, 1.25)),
        gain_db: Some(Between::new(-6.0, 3.0)),
        eq_db: Some(Between::new(-9.0, 9.0)),
        reverb_secs: Some(Between::new(0.1, 0.4)),
        delay_secs: Some(Between::new(0.05, 0.3)),
        flip_polarity: Some(0.5),
        swap_channels: Some(0.5),
        ..AugmentSpec::default()
    }
}

fn impulse(frames: usize) -> Planar {
    let mut samples = vec![0.0; frames];
    samples[0] = 1.0;
    vec![samples]
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|x| f64::from(*x).powi(2)).sum()
}

#[test]
fn nothing_drawn_changes_nothing() {
    let sound = planar_noise(1, 2, 500);
    let drawn = AugmentSpec::default().draw(3, 4);
    assert_eq!(drawn, Drawn::default());
    assert_eq!(drawn.apply(&sound, RATE).expect("applied"), sound);
    let none: Planar = Vec::new();
    assert_eq!(drawn.apply(&none, RATE).expect("applied"), none);
}

#[test]
fn gain_polarity_channels_and_delay_by_hand() {
    let sound = vec![vec![1.0, 0.5, 0.0, 0.0], vec![0.25, 0.0, 0.0, -1.0]];
    let drawn = Drawn {
        gain_db: 20.0,
        flip_polarity: true,
        swap_channels: true,
        ..Drawn::default()
    };
    let out = drawn.apply(&sound, RATE).expect("applied");
    assert!(max_abs_diff(&out[0], &[-2.5, 0.0, 0.0, 10.0]) < 1e-5);
    assert!(max_abs_diff(&out[1], &[-10.0, -5.0, 0.0, 0.0]) < 1e-5);

    let drawn = Drawn {
        delay: Some(Echo {
            secs: 2.0 / f64::from(RATE),
            level_db: 20.0 * 0.5_f64.log10(),
        }),
        ..Drawn::default()
    };
    let out = drawn.apply(&sound, RATE).expect("applied");
    assert!(max_abs_diff(&out[0], &[1.0, 0.5, 0.5, 0.25]) < 1e-6);
}

#[test]
fn bands_have_their_gain_where_they_should() {
    let cases = [
        (BandKind::Peak, 1000.0, 1000.0, 6.0),
        (BandKind::Peak, 1000.0, 20.0, 0.0),
        (BandKind::LowShelf, 500.0, 20.0, 6.0),
        (BandKind::LowShelf, 500.0, 500.0, 3.0),
        (BandKind::LowShelf, 500.0, 7000.0, 0.0),
        (BandKind::HighShelf, 2000.0, 7500.0, 6.0),
        (BandKind::HighShelf, 2000.0, 2000.0, 3.0),
        (BandKind::HighShelf, 2000.0, 50.0, 0.0),
    ];
    for (kind, hz, at_hz, wanted_db) in cases {
        let band = EqBand {
            kind,
            hz,
            gain_db: 6.0,
            q: FRAC_1_SQRT_2,
        };
        let drawn = Drawn {
            eq: vec![band],
            ..Drawn::default()
        };
        let sound = vec![sine(at_hz, RATE, 32_000, 0.1)];
        let out = drawn.apply(&sound, RATE).expect("applied");
        // Whole periods, after the filter has settled.
        let gain_db = 10.0 * (energy(&out[0][16_000..]) / energy(&sound[0][16_000..])).log10();
        assert!(
            (gain_db - wanted_db).abs() < 0.1,
            "{kind:?} of {hz} Hz at {at_hz} Hz: {gain_db} dB"
        );
    }
}

#[test]
fn a_room_keeps_the_direct_sound_and_has_its_energy() {
    let reverb = Reverb {
        seed: 7,
        decay_secs: 0.3,
        level_db: -10.0,
    };
    let drawn = Drawn {
        reverb: Some(reverb),
        ..Drawn::default()
    };
    let out = drawn.apply(&impulse(16_000), RATE).expect("applied");
    assert_eq!(out[0].len(), 16_000);
    assert_eq!(out[0][0], 1.0);
    let level_db = 10.0 * energy(&out[0][1..]).log10();
    // Two impulses may fall into one frame, which changes the sum a little.
    assert!((level_db + 10.0).abs() < 0.5, "{level_db} dB");
    assert!(energy(&out[0][1..2400]) > 10.0 * energy(&out[0][2400..]));
    assert_eq!(energy(&out[0][4801..]), 0.0);
    let other = Drawn {
        reverb: Some(Reverb { seed: 8, ..reverb }),
        ..Drawn::default()
    };
    assert_ne!(other.apply(&impulse(16_000), RATE).expect("applied"), out);
}

#[test]
fn speed_moves_pitch_and_length_alike() {
    let drawn = Drawn {
        speed_thousandths: 2000,
        ..Drawn::default()
    };
    let out = drawn
        .apply(&[sine(500.0, RATE, 16_001, 0.5)], RATE)
        .expect("applied");
    assert_eq!(out[0].len(), 8001);
    assert_eq!(drawn.frames_after(16_001), 8001);
    let wanted = sine(1000.0, RATE, 8001, 0.5);
    assert!(max_abs_diff(&out[0][1000..7000], &wanted[1000..7000]) < 1e-3);
    let still = Drawn {
        speed_thousandths: 0,
        ..Drawn::default()
    };
    assert_eq!(setting_name(failure(still.apply(&out, RATE))), "speed");
}

#[test]
fn the_sum_changed_is_the_sum_of_the_changed() {
    let (a, b) = (planar_noise(1, 2, 6000), planar_noise(2, 2, 6000));
    let sum: Planar = (0..2)
        .map(|c| a[c].iter().zip(&b[c]).map(|(x, y)| x + y).collect())
        .collect();
    for index in 0..6 {
        let drawn = everything().draw(11, index);
        let of = |sound: &Planar| drawn.apply(sound, RATE).expect("applied");
        let (of_sum, of_a, of_b) = (of(&sum), of(&a), of(&b));
        for c in 0..2 {
            assert_eq!(of_sum[c].len(), drawn.frames_after(6000));
            let parts: Vec<f32> = of_a[c].iter().zip(&of_b[c]).map(|(x, y)| x + y).collect();
            let scale = parts.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
            assert!(max_abs_diff(&of_sum[c], &parts) <= 1e-5 * scale);
        }
    }
}

#[test]
fn draws_are_seeded_within_range_and_do_not_disturb_each_other() {
    let spec = everything();
    assert_eq!(spec.draw(1, 2), spec.draw(1, 2));
    assert_ne!(spec.draw(1, 2), spec.draw(1, 3));
    assert_ne!(spec.draw(1, 2), spec.draw(2, 2));
    let gain_only = AugmentSpec {
        gain_db: spec.gain_db,
        ..AugmentSpec::default()
    };
    let mut flips = 0;
    for index in 0..200 {
        let drawn = spec.draw(5, index);
        assert!((800..=1250).contains(&drawn.speed_thousandths));
        assert!((-6.0..=3.0).contains(&drawn.gain_db));
        assert!(drawn.eq.iter().all(|band| band.gain_db.abs() <= 9.0));
        flips += usize::from(drawn.flip_polarity);
        assert_eq!(gain_only.draw(5, index).gain_db, drawn.gain_db);
    }
    assert!((60..140).contains(&flips));
    let text = serde_json::to_string(&spec).expect("written");
    assert_eq!(
        serde_json::from_str::<AugmentSpec>(&text).expect("read"),
        spec
    );
}

#[test]
fn impossible_ranges_are_refused() {
    assert!(everything().validate().is_ok());
    let wrong = |spec: AugmentSpec| setting_name(failure(spec.validate()));
    let speed = Some(Between::new(0.0, 1.0));
    assert_eq!(
        wrong(AugmentSpec {
            speed,
            ..everything()
        }),
        "speed"
    );
    let gain_db = Some(Between::new(1.0, -1.0));
    assert_eq!(
        wrong(AugmentSpec {
            gain_db,
            ..everything()
        }),
        "gain"
    );
    let eq_db = Some(Between::only(f64::NAN));
    assert_eq!(
        wrong(AugmentSpec {
            eq_db,
            ..everything()
        }),
        "eq"
    );
    let reverb_secs = Some(Between::only(0.5));
    assert_eq!(
        wrong(AugmentSpec {
            reverb_secs,
            ..everything()
        }),
        "reverb"
    );
    let flip_polarity = Some(1.5);
    assert_eq!(
        wrong(AugmentSpec {
            flip_polarity,
            ..everything()
        }),
        "polarity"
    );
}

#[test]
fn remixes_sum_their_stems_at_their_gains() {
    let (a, b) = (vec![vec![1.0, 2.0, 3.0]], vec![vec![0.5, -0.5]]);
    let done = remix(&[&a, &b], &[20.0, 0.0]).expect("mixed");
    assert!(max_abs_diff(&done.stems[0][0], &[10.0, 20.0]) < 1e-5);
    assert!(max_abs_diff(&done.mixture[0], &[10.5, 19.5]) < 1e-5);
    assert_eq!(setting_name(failure(remix(&[&a], &[]))), "remix");
    let parts = draw_remix(1, 2, 5, 4, Between::new(-3.0, 3.0));
    assert_eq!(parts.len(), 4);
    assert!(
        parts
            .iter()
            .all(|part| part.song < 5 && part.gain_db.abs() <= 3.0)
    );
    assert_eq!(parts, draw_remix(1, 2, 5, 4, Between::new(-3.0, 3.0)));
    assert!(draw_remix(1, 2, 0, 4, Between::only(0.0)).is_empty());
}
