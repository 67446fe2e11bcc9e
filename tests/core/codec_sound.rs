//! Audio as pictures: whole clips there and back.
//!
//! Order: sizes → what each codec costs → ends and silence. Single pixels are in `codec.rs`.

use stemloom::apply::{EncodeOptions, decode_pixels, encode_clip};
use stemloom::audio::{Clip, decode as decode_audio};
use stemloom::phase::PhaseSpec;
use stemloom::progress::Reporter;
use stemloom::spectral::codec::{Codec, Depth, PictureHeader, Pixels, decode, picture_bytes};
use stemloom::spectral::{Stft, StftSpec};

use crate::codec::COMPLEX;
use crate::common::{Rng, failure, noise, repo, setting_name, sine, snr_db};

// ---------------------------------------------------------------------------------------------
// Sizes

#[test]
fn fifteen_seconds_make_a_bmp_of_the_usual_size() {
    let clip = Clip::new(44_100, vec![noise(1, 661_500)]);
    let options = EncodeOptions::new(Codec::Colour8);
    let (header, pixels) = encode_clip(&clip, &options, &Reporter::silent()).unwrap();
    assert_eq!((pixels.width, pixels.height), (2584, 513));
    assert_eq!((pixels.channels, pixels.depth), (3, Depth::Eight));
    let bytes = picture_bytes(&header, &pixels, "noise.bmp".as_ref()).unwrap();
    assert_eq!(bytes.len(), 3_976_830);
}

#[test]
fn a_mel_picture_has_the_usual_size() {
    let clip = Clip::new(22_050, vec![noise(2, 327_500)]);
    let options = EncodeOptions::new(Codec::Mel);
    let (header, pixels) = encode_clip(&clip, &options, &Reporter::silent()).unwrap();
    assert_eq!((pixels.width, pixels.height), (640, 512));
    assert_eq!((header.frames, header.sample_rate_hz), (327_500, 22_050));
}

/// The row's number is the bin's number, in stereo and at another rate too.
#[test]
fn a_tone_lights_the_row_of_its_bin() {
    let hz = 100.0 * 22_050.0 / 1024.0;
    let tone = sine(hz, 44_100, 44_100, 0.5);
    let clip = Clip::new(44_100, vec![tone.clone(), tone]);
    let mut options = EncodeOptions::new(Codec::Colour8);
    options.sample_rate_hz = Some(22_050);
    let (_, pixels) = encode_clip(&clip, &options, &Reporter::silent()).unwrap();
    let red = |row: usize| pixels.samples[(row * pixels.width + pixels.width / 2) * 3];
    let brightest = (0..pixels.height).max_by_key(|row| red(*row)).unwrap();
    assert_eq!(brightest, 100);
    assert!(red(100) > 240 && red(0) < 10 && red(400) < 10);
}

// ---------------------------------------------------------------------------------------------
// What each codec costs

/// Decaying notes over a little noise: loud and quiet parts, as in music.
fn notes(frames: usize) -> Clip {
    let mut rng = Rng::new(7);
    let mut out: Vec<f32> = rng.noise(frames).iter().map(|x| 0.002 * x).collect();
    for note in 0..12 {
        let hz = 110.0 * 1.26_f64.powi(note);
        let start = note as usize * frames / 12;
        let tone = sine(hz, 44_100, frames - start, 0.3);
        for (n, (out, x)) in out[start..].iter_mut().zip(tone).enumerate() {
            *out += x * (-(n as f32) / 8000.0).exp();
        }
    }
    Clip::new(44_100, vec![out])
}

fn there_and_back(clip: &Clip, codec: Codec) -> (PictureHeader, Pixels, Clip) {
    let reporter = Reporter::silent();
    let (header, pixels) = encode_clip(clip, &EncodeOptions::new(codec), &reporter).unwrap();
    let back = decode_pixels(&header, &pixels, &PhaseSpec::default(), &reporter).unwrap();
    assert_eq!(back.frames(), header.frames, "{codec}");
    (header, pixels, back)
}

#[test]
fn more_bits_and_the_log_scale_are_worth_what_they_should_be() {
    let clip = notes(60_000);
    let snr = |codec: Codec| snr_db(clip.channel(0), there_and_back(&clip, codec).2.channel(0));
    let (log_8, linear_8) = (snr(Codec::Colour8), snr(Codec::Colour8Linear));
    let (log_16, linear_16) = (snr(Codec::Colour16), snr(Codec::Colour16Linear));
    // Eight bits more are 48 dB.
    assert!(
        linear_16 - linear_8 > 40.0,
        "{linear_8:.1} and {linear_16:.1} dB"
    );
    assert!(log_16 - log_8 > 40.0, "{log_8:.1} and {log_16:.1} dB");
    assert!(log_8 > 35.0, "{log_8:.1} dB");
    assert!(log_8 > linear_8 + 3.0, "{log_8:.1} and {linear_8:.1} dB");
}

/// A split picture holds what a 16-bit colour picture holds.
#[test]
fn a_split_picture_is_as_exact_as_sixteen_bits() {
    let clip = notes(20_000);
    for (split, colour_16, colour_8) in [
        (Codec::Split, Codec::Colour16, Codec::Colour8),
        (
            Codec::SplitLinear,
            Codec::Colour16Linear,
            Codec::Colour8Linear,
        ),
    ] {
        let (split_header, split_pixels, split_back) = there_and_back(&clip, split);
        let (header, pixels, _) = there_and_back(&clip, colour_16);
        assert_eq!(
            decode(&split_header, &split_pixels).unwrap(),
            decode(&header, &pixels).unwrap()
        );
        let coarse = there_and_back(&clip, colour_8).2;
        let gain = snr_db(clip.channel(0), split_back.channel(0))
            - snr_db(clip.channel(0), coarse.channel(0));
        assert!(
            gain > 30.0,
            "{split} is {gain:.1} dB better than {colour_8}"
        );
    }
}

#[test]
fn a_real_song_is_recognisable_in_eight_bits() {
    let song = repo("assets/example/long-way-home.flac");
    let (song, _) = decode_audio(&song, None, &Reporter::silent()).unwrap();
    let rate = song.sample_rate_hz() as usize;
    let song = song.cut(5 * rate..8 * rate).unwrap();
    for codec in [Codec::Colour8, Codec::Colour8Linear] {
        let options = EncodeOptions::new(codec);
        let original = options.prepare(&song, &Reporter::silent()).unwrap();
        let back = there_and_back(&song, codec).2;
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(x, y)| f64::from(*x) * f64::from(*y))
                .sum()
        };
        let (x, y) = (original.channel(0), back.channel(0));
        let correlation = dot(x, y) / (dot(x, x) * dot(y, y)).sqrt();
        assert!(correlation > 0.95, "{codec}: {correlation}");
        // And as loud as it was.
        assert!((dot(y, y) / dot(x, x) - 1.0).abs() < 0.05, "{codec}");
    }
}

/// Phases of a mel picture are found; its magnitudes are those of the tone.
#[test]
fn a_mel_picture_of_a_tone_becomes_that_tone() {
    let clip = Clip::new(22_050, vec![sine(440.0, 22_050, 22_050, 0.5)]);
    for codec in [Codec::Mel, Codec::Mel16] {
        let back = there_and_back(&clip, codec).2;
        assert_eq!(back.sample_rate_hz(), 22_050);
        let x = back.channel(0);
        let energy = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / x.len() as f64;
        // A sine of 0.5 has 0.35; found phases cost some of it.
        assert!((0.1..0.7).contains(&energy.sqrt()), "{codec}: {energy}");
        let stft = Stft::new(&StftSpec::new(2048, 512)).unwrap();
        let spectrogram = stft.forward(&[x]);
        let sum = |bin: usize| -> f32 {
            let columns = 0..spectrogram.columns;
            columns.map(|t| spectrogram.column(0, t)[bin].norm()).sum()
        };
        let loudest = (0..spectrogram.bins)
            .max_by(|a, b| sum(*a).total_cmp(&sum(*b)))
            .unwrap();
        // 440 Hz lie between bins 40 and 41.
        assert!((39..=42).contains(&loudest), "{codec}: bin {loudest}");
    }
}

// ---------------------------------------------------------------------------------------------
// Ends and silence

#[test]
fn silence_stays_silent_and_lengths_are_kept() {
    for codec in Codec::ALL {
        for frames in [1, 2, 255, 256, 257, 1000, 4097] {
            let clip = Clip::new(22_050, vec![vec![0.0; frames]]);
            let (header, _, back) = there_and_back(&clip, codec);
            assert_eq!(header.full_scale, 1.0, "{codec}, {frames}");
            assert_eq!(back.frames(), frames, "{codec}");
            assert!(
                back.channel(0).iter().all(|x| *x == 0.0),
                "{codec}, {frames}"
            );
        }
    }
    for codec in COMPLEX {
        for frames in [1, 2, 257, 1000] {
            let clip = Clip::new(22_050, vec![noise(frames as u64, frames)]);
            let back = there_and_back(&clip, codec).2;
            let snr = snr_db(clip.channel(0), back.channel(0));
            assert!(snr > 20.0, "{codec}, {frames} samples: {snr:.1} dB");
        }
    }
}

#[test]
fn no_audio_makes_no_picture() {
    for codec in Codec::ALL {
        let options = EncodeOptions::new(codec);
        for clip in [
            Clip::new(44_100, vec![Vec::new()]),
            Clip::new(44_100, vec![]),
        ] {
            let error = failure(encode_clip(&clip, &options, &Reporter::silent()));
            assert_eq!(setting_name(error), "input");
        }
    }
}
