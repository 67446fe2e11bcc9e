//! What pictures keep of magnitudes, and the presets of well-known systems.

use std::f64::consts::TAU;

use stemloom::apply::{PicturePreset, ReconstructOptions, reconstruct};
use stemloom::audio::Clip;
use stemloom::phase::{PhaseMethod, PhaseSpec};
use stemloom::progress::Reporter;
use stemloom::spectral::{
    DroppedBins, MagnitudePicture, MagnitudeScale, MelBank, MelSpec, PicturePlan, StftSpec,
};

use crate::common::{failure, max_abs_diff, noise, setting_name, sine, snr_db};
use crate::stft::plan;

fn planned(options: &ReconstructOptions, rate_hz: u32) -> PicturePlan {
    options
        .picture
        .plan(&options.stft, rate_hz)
        .expect("a preset")
}

#[test]
fn the_plain_picture_is_the_magnitudes() {
    let options = PicturePreset::Plain.options();
    assert!(options.picture.is_plain());
    let picture = planned(&options, 44_100);
    assert_eq!(picture.height(), 1025);
    let m: Vec<f32> = noise(1, 3 * 1025).iter().map(|x| x.abs()).collect();
    assert_eq!(picture.forward(&m), m);
    assert_eq!(picture.inverse(&m, &m), m);
    for preset in PicturePreset::ALL {
        assert_eq!(preset.name().parse::<PicturePreset>(), Ok(preset));
        assert_eq!(
            preset.options().picture.is_plain(),
            preset == PicturePreset::Plain
        );
    }
    assert!(
        "magic"
            .parse::<PicturePreset>()
            .unwrap_err()
            .contains("timbre")
    );
}

// ---------------------------------------------------------------------------------------------
// The timbre system

#[test]
fn timbre_has_its_published_curve() {
    let options = PicturePreset::Timbre.options();
    let picture = planned(&options, 44_100);
    let levels = [
        (1.0 / 65_536.0, 0.0625),
        (0.0039, 0.5),
        (1.0, 1.0),
        (0.0, 0.0),
    ];
    for (m, want) in levels {
        let y = picture.forward(&[m; 513])[17];
        assert!(((y + 1.0) / 2.0 - want).abs() < 5e-4, "{m}: {y} for {want}");
    }
    let mut magnitudes = vec![0.0; 513];
    for step in 0..2000_u16 {
        // From 1e-8 to 1, and 0 itself.
        magnitudes[100] = if step == 0 {
            0.0
        } else {
            10_f32.powf(f32::from(step) / 250.0 - 8.0)
        };
        let back = picture.inverse(&picture.forward(&magnitudes), &magnitudes);
        let m = magnitudes[100];
        assert!(
            (back[100] - m).abs() < 5e-6 * (m + 1.0 / 65_536.0),
            "{m}: {}",
            back[100]
        );
    }
}

#[test]
fn timbre_keeps_256_bins() {
    let mut options = PicturePreset::Timbre.options();
    let m: Vec<f32> = noise(2, 2 * 513).iter().map(|x| x.abs()).collect();
    for dropped in [DroppedBins::Zero, DroppedBins::Input] {
        options.picture.dropped = dropped;
        let picture = planned(&options, 44_100);
        assert_eq!(picture.height(), 256);
        let image = picture.forward(&m);
        assert_eq!(image.len(), 2 * 256);
        let back = picture.inverse(&image, &m);
        for column in 0..2 {
            let (back, m) = (&back[column * 513..][..513], &m[column * 513..][..513]);
            assert!(max_abs_diff(&back[..256], &m[..256]) < 1e-5);
            match dropped {
                DroppedBins::Zero => assert_eq!(back[256..], [0.0; 257]),
                DroppedBins::Input => assert_eq!(back[256..], m[256..]),
            }
        }
    }
}

#[test]
fn timbre_has_its_sizes_and_level() {
    let options = PicturePreset::Timbre.options();
    assert_eq!(
        (options.sample_rate_hz, options.stft.columns(441_000)),
        (Some(44_100), 862)
    );
    // A full-scale sine in the middle of a bin peaks at 1.
    let stft = plan(&options.stft);
    let x = sine(44_100.0 * 20.0 / 1024.0, 44_100, 20_000, 1.0);
    let spectrogram = stft.forward(&[x]);
    let peak = spectrogram
        .column(0, 20)
        .iter()
        .map(|x| x.norm())
        .fold(0.0, f32::max);
    assert!((peak - 1.0).abs() < 0.01, "{peak}");
    assert!((stft.full_scale() - 1.0).abs() < 1e-5);
}

#[test]
fn timbre_ends_where_its_bins_end() {
    let song = Clip::new(44_100, vec![noise(3, 30_000)]);
    let mut options = PicturePreset::Timbre.options();
    options.phase = PhaseSpec::new(PhaseMethod::Input);
    let mut done = |dropped| {
        options.picture.dropped = dropped;
        reconstruct(&song, &options, None, |_| {}, &Reporter::silent())
            .expect("a good song")
            .clip
    };
    let stft = plan(&StftSpec::new(1024, 512));
    let share_above = |clip: &Clip| {
        let (mut above, mut all) = (0.0, 0.0);
        let m = stft.forward(&clip.channels()).magnitudes().remove(0);
        for column in m[4 * 513..50 * 513].chunks(513) {
            let energy = |m: &[f32]| m.iter().map(|m| f64::from(*m).powi(2)).sum::<f64>();
            above += energy(&column[264..]);
            all += energy(column);
        }
        10.0 * f64::log10(above / all)
    };
    // Half of white noise lies above; a few bins leak over the border.
    assert!((share_above(&song) + 3.0).abs() < 0.5);
    assert!(share_above(&done(DroppedBins::Zero)) < -40.0);
    let whole = done(DroppedBins::Input);
    assert!(snr_db(song.channel(0), whole.channel(0)) > 80.0);
}

// ---------------------------------------------------------------------------------------------
// Mel pictures

#[test]
fn mel_512_has_its_size() {
    let options = PicturePreset::Mel512.options();
    assert_eq!(options.sample_rate_hz, Some(22_050));
    assert_eq!(options.stft.columns(327_500), 640);
    assert_eq!(planned(&options, 22_050).height(), 512);
}

/// Column 0 from its definition: 384 mirrored samples, a Hann window, the direct sum, bands, ln.
#[test]
fn vocoder_columns_are_those_of_the_definition() {
    let x = noise(4, 256 * 9);
    let padded = |i: usize| f64::from(x[i.abs_diff(384)]);
    let magnitudes: Vec<f64> = (0..513)
        .map(|bin| {
            let (mut re, mut im) = (0.0, 0.0);
            for n in 0..1024 {
                let hann = 0.5 - 0.5 * (TAU * n as f64 / 1024.0).cos();
                let angle = TAU * (bin * n % 1024) as f64 / 1024.0;
                re += hann * padded(n) * angle.cos();
                im -= hann * padded(n) * angle.sin();
            }
            re.hypot(im)
        })
        .collect();
    for (preset, fmax_hz) in [
        (PicturePreset::Vocoder80, Some(8000.0)),
        (PicturePreset::Vocoder80Log10, None),
    ] {
        let options = preset.options();
        for blocks in [1, 2, 9, 86] {
            assert_eq!(options.stft.columns(256 * blocks), blocks, "{preset:?}");
        }
        let columns = plan(&options.stft).forward(&[&x]).magnitudes().remove(0);
        let picture = planned(&options, 22_050);
        let image = picture.forward(&columns);
        assert_eq!((picture.height(), image.len()), (80, 9 * 80));
        let spec = MelSpec {
            bands: 80,
            fmax_hz,
            power: 1.0,
            ..MelSpec::default()
        };
        let matrix = MelBank::new(&spec, 1024, 22_050).expect("a bank").matrix();
        for (band, row) in matrix.iter().enumerate() {
            let sum: f64 = row
                .iter()
                .zip(&magnitudes)
                .map(|(w, m)| f64::from(*w) * m)
                .sum();
            let want = match preset {
                PicturePreset::Vocoder80 => sum.max(1e-5).ln(),
                _ => sum.max(1e-5).log10(),
            };
            let got = f64::from(image[band]);
            assert!(
                (got - want).abs() < 1e-4,
                "{preset:?}, band {band}: {got} for {want}"
            );
        }
        // Silence is the floor.
        let floor = if fmax_hz.is_some() {
            1e-5_f32.ln()
        } else {
            -5.0
        };
        let silent = picture.forward(&[0.0; 513]);
        assert!(silent.iter().all(|y| (y - floor).abs() < 1e-5));
    }
}

#[test]
fn vocoder_songs_keep_their_length() {
    for frames in [256 * 20, 256 * 20 - 1, 256 * 20 + 1, 100] {
        let song = Clip::new(22_050, vec![noise(5, frames)]);
        let mut options = PicturePreset::Vocoder80.options();
        options.phase.iterations = 4;
        let done = reconstruct(&song, &options, None, |_| {}, &Reporter::silent()).unwrap();
        assert_eq!(done.clip.frames(), frames);
        assert!(done.clip.channel(0).iter().all(|y| y.is_finite()));
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_pictures_are_refused() {
    let name = |picture: MagnitudePicture| {
        setting_name(failure(picture.plan(&StftSpec::new(1024, 256), 44_100)))
    };
    for kept in [0, 514] {
        assert_eq!(
            name(MagnitudePicture {
                bins_kept: Some(kept),
                ..MagnitudePicture::default()
            }),
            "bins kept"
        );
    }
    let both = MagnitudePicture {
        bins_kept: Some(256),
        mel: Some(MelSpec::default()),
        ..MagnitudePicture::default()
    };
    assert_eq!(name(both), "bins kept");
    let none = MagnitudePicture {
        mel: Some(MelSpec {
            bands: 0,
            ..MelSpec::default()
        }),
        ..MagnitudePicture::default()
    };
    assert_eq!(name(none), "mel.bands");
}

#[test]
fn pictures_are_written_and_read() {
    for preset in PicturePreset::ALL {
        let options = preset.options();
        let text = serde_json::to_string(&options).expect("plain values");
        let back: ReconstructOptions = serde_json::from_str(&text).expect("what was written");
        assert_eq!(back, options);
    }
    let text = r#"{ "scale": { "kind": "ln", "floor": 0.001 }, "dropped": "input" }"#;
    let picture: MagnitudePicture = serde_json::from_str(text).expect("the rest is usual");
    assert_eq!(picture.scale, MagnitudeScale::Ln { floor: 1e-3 });
    assert_eq!(picture.dropped, DroppedBins::Input);
    assert!(serde_json::from_str::<MagnitudePicture>(r#"{ "bands": 3 }"#).is_err());
}
