//! What keeps a reconstruction within bounds: memory, cancelling, samples that are no numbers.

use std::sync::{Arc, Mutex};

use stemloom::Error;
use stemloom::apply::{
    EncodeOptions, PicturePreset, ReconstructOptions, decode_pixels, encode_clip, reconstruct,
};
use stemloom::audio::{AudioFormat, AudioWriter, Clip, Tags};
use stemloom::phase::{PhaseMethod, PhaseSpec};
use stemloom::progress::{CancelToken, Event, Reporter};
use stemloom::spectral::codec::{Codec, Depth, PictureHeader, PictureValues, Pixels, decode};
use stemloom::spectral::{Complex32, MelInverse, MelInversion, MelSpec, Stft, StftSpec};

use crate::cli::{audio, read, stemloom};
use crate::common::{Rng, failure, max_abs_diff, noise, number, planar_noise, setting_name};
use crate::listen::cancelled;

fn options(stft: StftSpec, method: PhaseMethod) -> ReconstructOptions {
    ReconstructOptions {
        stft,
        phase: PhaseSpec::new(method),
        ..ReconstructOptions::default()
    }
}

/// A reporter, and the warnings it was told.
fn listening() -> (Reporter, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(message) = event {
            log.lock().unwrap().push(message);
        }
    });
    (reporter, told)
}

// ---------------------------------------------------------------------------------------------
// Memory

/// A mel picture of more cells than one block holds, of a transform so long that blocks share less:
/// with phases of zero the blocks make what one inverse transform of all columns makes.
#[test]
fn a_large_mel_picture_is_decoded_in_blocks() {
    let (n_fft, hop, width) = (32_768, 256, 2000);
    let mel = MelSpec {
        bands: 1,
        ..MelSpec::default()
    };
    let frames = (width - 1) * hop;
    let stft = StftSpec::new(n_fft, hop);
    let header = PictureHeader::new(Codec::Mel, stft.clone(), 22_050, frames, Some(mel.clone()));
    let mut rng = Rng::new(3);
    let pixels = Pixels {
        width,
        height: 1,
        channels: 1,
        depth: Depth::Eight,
        samples: (0..width).map(|_| rng.below(256) as u16).collect(),
    };
    let phase = PhaseSpec::new(PhaseMethod::Zero);
    let blocks = decode_pixels(&header, &pixels, &phase, &Reporter::silent()).unwrap();

    let PictureValues::Mel(values) = decode(&header, &pixels).unwrap() else {
        panic!("a mel picture holds mel values");
    };
    let inverse = MelInverse::new(&mel, n_fft, 22_050, MelInversion::default()).unwrap();
    let columns: Vec<Complex32> = inverse
        .invert(&values)
        .into_iter()
        .map(|m| Complex32::new(m, 0.0))
        .collect();
    let whole = Stft::new(&stft).unwrap().inverse_channel(&columns, frames);
    let peak = whole.iter().fold(0.0_f32, |peak, y| peak.max(y.abs()));
    assert!(peak > 0.0);
    let difference = max_abs_diff(&whole, blocks.channel(0));
    assert!(difference < 1e-5 * peak, "{difference} of {peak}");
}

/// Blocks that no memory holds are refused before the work; a short song makes none.
#[test]
fn a_hop_far_too_short_is_refused() {
    let options = options(StftSpec::new(32_768, 16), PhaseMethod::Zero);
    let song = |frames: usize| Clip::new(44_100, planar_noise(1, 2, frames));
    let error = failure(reconstruct(
        &song(200_000),
        &options,
        None,
        |_| {},
        &Reporter::silent(),
    ));
    let told = error.to_string();
    assert!(
        told.contains("longer hop") && told.contains("shorter n_fft"),
        "{told}"
    );
    assert_eq!(setting_name(error), "hop_length");
    let short = reconstruct(&song(1000), &options, None, |_| {}, &Reporter::silent()).unwrap();
    assert_eq!(short.clip.frames(), 1000);
}

#[test]
fn work_without_iterations_can_be_cancelled() {
    let song = Clip::new(22_050, vec![noise(2, 20_000)]);
    let options = options(StftSpec::new(256, 64), PhaseMethod::Zero);
    let error = failure(reconstruct(&song, &options, None, |_| {}, &cancelled()));
    assert!(matches!(error, Error::Cancelled), "{error}");
    let encoding = EncodeOptions::new(Codec::Mel);
    let (header, pixels) = encode_clip(&song, &encoding, &Reporter::silent()).unwrap();
    let error = failure(decode_pixels(
        &header,
        &pixels,
        &options.phase,
        &cancelled(),
    ));
    assert!(matches!(error, Error::Cancelled), "{error}");
}

/// One block or many: the figures are of the same magnitudes, kept or found again.
#[test]
fn figures_do_not_depend_on_blocks() {
    let song = Clip::new(22_050, vec![noise(4, 60_000)]);
    let mut options = PicturePreset::Vocoder80.options();
    options.phase = PhaseSpec::new(PhaseMethod::Zero);
    let mut figures = |block_columns: Option<usize>| {
        options.block_columns = block_columns;
        let done = reconstruct(&song, &options, None, |_| {}, &Reporter::silent()).unwrap();
        done.figures
    };
    let (one, many) = (figures(None), figures(Some(1)));
    for (one, many) in [
        (one.spectral_convergence_db, many.spectral_convergence_db),
        (one.log_spectral_distance_db, many.log_spectral_distance_db),
    ] {
        assert!((one - many).abs() < 0.05, "{one} and {many} dB");
    }
}

// ---------------------------------------------------------------------------------------------
// Samples that are no numbers

/// Noise, the same with three broken samples, and the same with zeros in their place.
fn broken() -> (Clip, Clip) {
    let mut broken = planar_noise(5, 2, 6000);
    let mut silent = broken.clone();
    for (channel, n, x) in [
        (0, 0, f32::NAN),
        (0, 3000, f32::INFINITY),
        (1, 5999, f32::NEG_INFINITY),
    ] {
        broken[channel][n] = x;
        silent[channel][n] = 0.0;
    }
    (Clip::new(22_050, broken), Clip::new(22_050, silent))
}

const TOLD: &str = "3 samples are no numbers and count as silence";

#[test]
fn broken_samples_of_a_song_count_as_silence() {
    let (broken, silent) = broken();
    let mut options = options(StftSpec::new(256, 64), PhaseMethod::GriffinLim);
    options.phase.iterations = 2;
    for mono in [false, true] {
        options.mono = mono;
        let (reporter, told) = listening();
        let ours = reconstruct(&broken, &options, None, |_| {}, &reporter).unwrap();
        let want = reconstruct(&silent, &options, None, |_| {}, &Reporter::silent()).unwrap();
        assert_eq!(*told.lock().unwrap(), [TOLD]);
        for channel in 0..want.clip.num_channels() {
            assert_eq!(ours.clip.channel(channel), want.clip.channel(channel));
        }
        assert_eq!(ours.figures, want.figures);
    }
}

#[test]
fn broken_samples_of_a_picture_count_as_silence() {
    let (broken, silent) = broken();
    for codec in [Codec::Colour8, Codec::Mel] {
        let options = EncodeOptions::new(codec);
        let (reporter, told) = listening();
        let ours = encode_clip(&broken, &options, &reporter).unwrap();
        let want = encode_clip(&silent, &options, &Reporter::silent()).unwrap();
        assert_eq!(*told.lock().unwrap(), [TOLD], "{codec}");
        assert!(ours == want, "{codec}");
    }
    // Nothing is said of whole songs.
    let (reporter, told) = listening();
    encode_clip(&silent, &EncodeOptions::new(Codec::Colour8), &reporter).unwrap();
    assert!(told.lock().unwrap().is_empty());
}

/// One broken sample, from a file and on the command line.
#[test]
fn a_broken_file_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let format = AudioFormat::Wav32f;
    let mut writer = AudioWriter::create(&path, format, 22_050, 1, &Tags::default(), true).unwrap();
    writer.push(&[noise(6, 4000)]).unwrap();
    writer.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 400;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(
        read(&path).channel(0).iter().filter(|x| x.is_nan()).count(),
        1
    );
    let words = ["reconstruct", "a.wav", "--phase", "pghi", "--json"];
    let run = stemloom(folder.path(), &words).expect(0);
    let warnings = run.events("warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        warnings[0]["message"],
        "1 sample is no number and counts as silence"
    );
    assert!(number(&run.events("result")[0]["spectral_convergence_db"]).is_finite());
}

// ---------------------------------------------------------------------------------------------
// The vocoders' padding

/// `--hop` and `--n-fft` move the padding along: (n_fft − hop)/2, as the library computes it.
#[test]
fn a_vocoders_padding_goes_with_its_hop() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let clip = read(song.as_ref());
    let snr = |n_fft: usize, hop: usize, pad: Option<usize>| {
        let mut options = PicturePreset::Vocoder80.options();
        options.phase = PhaseSpec::new(PhaseMethod::Input);
        options.stft.n_fft = n_fft;
        options.stft.win_length = n_fft;
        options.stft.hop_length = hop;
        options.stft.pad_length = pad;
        let done = reconstruct(&clip, &options, None, |_| {}, &Reporter::silent()).unwrap();
        done.figures.snr_db
    };
    let cases: [(&[&str], usize, usize, usize, Option<usize>); 4] = [
        (&["--hop", "128"], 1024, 128, 448, Some(384)),
        (&["--n-fft", "2048"], 2048, 512, 768, None),
        (&["--n-fft", "2048", "--hop", "300"], 2048, 300, 874, None),
        (&[], 1024, 256, 384, None),
    ];
    for (more, n_fft, hop, pad, wrong) in cases {
        let words = ["reconstruct", &song, "--phase", "input", "--json"];
        let all = [&words[..], &["--preset", "vocoder-80"], more].concat();
        let run = stemloom(folder.path(), &all).expect(0);
        let told = number(&run.events("result")[0]["snr_db"]);
        let want = snr(n_fft, hop, Some(pad));
        assert!((told - want).abs() < 1e-9, "{more:?}: {told} and {want}");
        assert!((told - snr(n_fft, hop, wrong)).abs() > 1e-9, "{more:?}");
    }
}
