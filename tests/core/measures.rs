//! Measures of whole signals and pictures, and averages of scores.
//!
//! Order: by hand → invariances → what has no answer.

use stemloom::apply::PicturePreset;
use stemloom::audio::Planar;
use stemloom::evaluate::{
    log_spectral_distance_db, picture_l1, sdr_msst_db, sdr_whole_db, si_sdr_db, snr_db, summarise,
};
use stemloom::spectral::Stft;

use crate::common::{failure, planar_noise, setting_name};

#[track_caller]
fn assert_near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{value}, not {expected}"
    );
}

fn times(planar: &Planar, gain: f32) -> Planar {
    let channel = |x: &Vec<f32>| x.iter().map(|x| gain * x).collect();
    planar.iter().map(channel).collect()
}

#[test]
fn waveform_measures_by_hand() {
    // Noise that is orthogonal to the signal, a quarter of its amplitude.
    let s = vec![vec![1.0, 0.0, -1.0, 0.0]];
    let e = vec![vec![1.0, 0.25, -1.0, -0.25]];
    let sixteenth = 10.0 * 16.0_f64.log10();
    assert_near(snr_db(&s, &e), sixteenth, 1e-9);
    assert_near(si_sdr_db(&s, &e), sixteenth, 1e-9);
    let with = |delta: f64| 10.0 * ((2.0 + delta) / (0.125 + delta)).log10();
    assert_near(sdr_whole_db(&s, &e), with(1e-7), 1e-12);
    assert_near(sdr_msst_db(&s, &e), with(1e-8), 1e-12);
    // Nothing wrong at all.
    assert_eq!((snr_db(&s, &s), si_sdr_db(&s, &s)), (200.0, 200.0));
    assert_near(sdr_whole_db(&s, &s), 10.0 * (2e7_f64 + 1.0).log10(), 1e-9);
}

#[test]
fn one_gain_stands_for_all_channels_and_no_mean_is_taken_out() {
    // The second channel comes out at half its level: α = (2 + 1)/4.
    let s = vec![vec![1.0, -1.0], vec![1.0, 1.0]];
    let e = vec![vec![1.0, -1.0], vec![0.5, 0.5]];
    assert_near(si_sdr_db(&s, &e), 10.0 * 9.0_f64.log10(), 1e-9);
    assert_near(snr_db(&s, &e), 10.0 * 8.0_f64.log10(), 1e-9);
    // A constant is a signal as any other: half of it is what was meant.
    let (s, e) = (vec![vec![1.0, 1.0]], vec![vec![1.0, 0.0]]);
    assert_near(si_sdr_db(&s, &e), 0.0, 1e-9);
}

#[test]
fn the_gain_matters_to_snr_and_not_to_si_sdr() {
    let s = planar_noise(1, 2, 5000);
    let noise = planar_noise(2, 2, 5000);
    let mut e = s.clone();
    for (e, n) in e.iter_mut().flatten().zip(noise.iter().flatten()) {
        *e += 0.125 * n;
    }
    let quiet = times(&e, 0.25);
    assert_near(si_sdr_db(&s, &quiet), si_sdr_db(&s, &e), 1e-4);
    assert!(snr_db(&s, &e) > 15.0 && snr_db(&s, &quiet) < 3.0);
}

#[test]
fn waveform_measures_without_an_answer_are_no_number() {
    let sound = planar_noise(1, 2, 100);
    let silence = vec![vec![0.0; 100]; 2];
    assert!(snr_db(&silence, &sound).is_nan() && si_sdr_db(&silence, &sound).is_nan());
    assert_eq!(sdr_whole_db(&silence, &silence), 0.0);
    assert!(sdr_whole_db(&silence, &sound) < -80.0);
    assert_eq!(snr_db(&sound, &silence), 0.0);
    let mut broken = sound.clone();
    broken[1][50] = f32::NAN;
    let bad: [Planar; 4] = [
        vec![],
        planar_noise(2, 1, 100),
        planar_noise(2, 2, 99),
        broken,
    ];
    for bad in &bad {
        for (s, e) in [(&sound, bad), (bad, &sound)] {
            let all = [
                snr_db(s, e),
                si_sdr_db(s, e),
                sdr_whole_db(s, e),
                sdr_msst_db(s, e),
            ];
            assert!(all.iter().all(|x| x.is_nan()), "{all:?}");
            let name = setting_name(failure(log_spectral_distance_db(s, e, 44_100)));
            assert!(name == "reference" || name == "estimate", "{name}");
            let name = setting_name(failure(picture_l1(s, e, 44_100)));
            assert!(name == "reference" || name == "estimate", "{name}");
        }
    }
}

#[test]
fn the_spectral_distance_of_a_gain_is_the_gain() {
    for (rate_hz, frames) in [(44_100, 30_011), (8000, 9001), (22_050, 100)] {
        let s = planar_noise(1, 2, frames);
        let distance = |e: &Planar| log_spectral_distance_db(&s, e, rate_hz).unwrap();
        assert_eq!(distance(&s), 0.0);
        assert_eq!(distance(&times(&s, -1.0)), 0.0);
        assert_near(distance(&times(&s, 0.5)), 20.0 * 2.0_f64.log10(), 1e-3);
    }
    let sound = planar_noise(1, 1, 1000);
    let no_rate = log_spectral_distance_db(&sound, &sound, 0);
    assert_eq!(setting_name(failure(no_rate)), "sample rate");
}

#[test]
fn the_picture_distance_is_the_mean_over_the_pictures() {
    // More columns than are compared at once, and not the same in both channels.
    let mut s = planar_noise(1, 2, 1030 * 512 + 77);
    s[1].iter_mut().for_each(|x| *x *= 0.01);
    let silence = vec![vec![0.0; s[0].len()]; 2];
    let options = PicturePreset::Timbre.options();
    let spectrogram = Stft::new(&options.stft).unwrap().forward(&s);
    let (mut sum, mut count) = (0.0, 0);
    for channel in &spectrogram.channels {
        for column in channel.chunks(spectrogram.bins) {
            for value in &column[..256] {
                // Silence is −1.
                sum += f64::from(options.picture.scale.forward(value.norm()) + 1.0);
                count += 1;
            }
        }
    }
    let distance = picture_l1(&s, &silence, 44_100).unwrap();
    assert_near(distance, sum / f64::from(count), 1e-5);
    assert!(distance > 0.5, "{distance}");
    assert_eq!(picture_l1(&s, &s, 44_100).unwrap(), 0.0);
}

#[test]
fn pictures_of_other_rates_are_made_at_44100_hz() {
    let s = planar_noise(1, 1, 6000);
    assert_eq!(picture_l1(&s, &s, 22_050).unwrap(), 0.0);
    let quiet = picture_l1(&s, &times(&s, 0.5), 22_050).unwrap();
    assert!(quiet > 0.01 && quiet < 0.5, "{quiet}");
    assert_eq!(setting_name(failure(picture_l1(&s, &s, 0))), "sample rate");
}

#[test]
fn averages_skip_what_is_no_number() {
    let odd = summarise(&[3.0, f64::NAN, 1.0, 8.0, f64::NAN]);
    assert_eq!((odd.median, odd.mean, odd.count, odd.nan), (3.0, 4.0, 3, 2));
    let even = summarise(&[4.0, 1.0, -3.0, 2.0]);
    assert_eq!(
        (even.median, even.mean, even.count, even.nan),
        (1.5, 1.0, 4, 0)
    );
    // Infinities are values: what is perfect in most windows is perfect.
    let perfect = summarise(&[f64::INFINITY, 1.0, f64::INFINITY]);
    assert_eq!(
        (perfect.median, perfect.mean),
        (f64::INFINITY, f64::INFINITY)
    );
    assert_eq!(summarise(&[1.0, f64::INFINITY]).median, f64::INFINITY);
    for nothing in [&[][..], &[f64::NAN][..]] {
        let none = summarise(nothing);
        assert!(none.median.is_nan() && none.mean.is_nan());
        assert_eq!((none.count, none.nan), (0, nothing.len()));
    }
}
