//! The examples of well-known systems.

use super::spec::{ExampleSource, ExampleSpec, ExampleTarget, PictureChannels};
use crate::apply::PicturePreset;
use crate::dataset::masks::Polarity;
use crate::error::{Error, Result};
use crate::spectral::{
    MagnitudePicture, MagnitudeScale, MelFormula, MelNorm, MelSpec, Normalisation, StftSpec,
};

/// Names of all presets of examples.
pub const EXAMPLE_PRESETS: [&str; 13] = [
    "timbre",
    "timbre-any",
    "mask",
    "mask-wide",
    "mel-512",
    "mel-80",
    "picture-15s",
    "vocals-backing",
    "ibm",
    "ibm-deep",
    "dae",
    "vad",
    "phase",
];

/// A preset by name.
///
/// | name | examples |
/// |---|---|
/// | `timbre` | the pix2pix timbre system: keyboard to guitar, 44,100 Hz, 1024/512, 256 bins × 256 columns, log1p −1…1 |
/// | `timbre-any` | the same with a second channel of style, to guitar, string or synth lead |
/// | `mask` | Jansson et al. 2017: mixture to vocals, 8192 Hz, 1024/768, 512 bins × 128 columns, magnitudes (a full-scale sine is 1) |
/// | `mask-wide` | the same at 44,100 Hz, 2048/512, 1024 bins |
/// | `mel-512` | mixture to drums, 22,050 Hz, 2048/512, 512 mel bands of magnitudes × 640 columns, −80…0 dB as 0…1 (0 dB is a full-scale sine) |
/// | `mel-80` | degraded to clean speech, 22,050 Hz, 1024/256 padded by 384, 80 mel bands filled up to 128 × 128 columns; ln of 1e-5 to 10 as −1…1 (a full-scale sine in the narrowest band is about 9.8) |
/// | `picture-15s` | vocals to mixture, 44,100 Hz, 1024/256, 512 of 513 bins × 2048 columns, log1p, three channels. The system that it follows shrinks 513 × 2584 (15 s) to 512 × 2048; here the columns are true ones, 11.9 s |
/// | `vocals-backing` | the same pictures with two channels: vocals to everything else |
/// | `ibm` | mixture to labels of the vocals' binary mask, 22,050 Hz, 4096/256 with a window of 1024 of sum 1, 2049 bins × 9 columns, centre column |
/// | `ibm-deep` | the same with labels of all 9 columns |
/// | `dae` | vocals to the same vocals, the pictures of `ibm` |
/// | `vad` | mixture to whether vocals are above −40 dB, 22,050 Hz, 1024/256, 513 bins × 25 columns |
/// | `phase` | the timbre pictures of the mixture to their magnitude and phase |
///
/// # Errors
/// [`Error::Setting`] if there is none of that name.
pub fn example_preset(name: &str) -> Result<ExampleSpec> {
    let timbre = ExampleSpec::default();
    Ok(match name {
        "timbre" => timbre,
        "timbre-any" => ExampleSpec {
            targets: ["guitar", "string", "synth_lead"].map(String::from).into(),
            conditioned: true,
            ..timbre
        },
        "mask" => mask(8_192, 1024, 768, 512),
        "mask-wide" => mask(44_100, 2048, 512, 1024),
        "mel-512" => mel_512(),
        "mel-80" => mel_80(),
        "picture-15s" => ExampleSpec {
            input: PictureChannels::Colour,
            output: PictureChannels::Colour,
            ..long_picture("mixture")
        },
        "vocals-backing" => ExampleSpec {
            input: PictureChannels::MagnitudePhase,
            output: PictureChannels::MagnitudePhase,
            ..long_picture("rest")
        },
        "ibm" => ibm(1),
        "ibm-deep" => ibm(9),
        "dae" => ExampleSpec {
            origin: "vocals".to_owned(),
            target: ExampleTarget::Picture,
            ..ibm(1)
        },
        "vad" => ExampleSpec {
            sample_rate_hz: 22_050,
            stft: full_scale(1024, 256),
            picture: MagnitudePicture::default(),
            columns: 25,
            target: ExampleTarget::Activity {
                threshold_db: -40.0,
            },
            ..stems("mixture", "vocals")
        },
        "phase" => ExampleSpec {
            output: PictureChannels::MagnitudePhase,
            ..stems("mixture", "mixture")
        },
        _ => {
            let problem = format!("{name:?} is none of {}", EXAMPLE_PRESETS.join(", "));
            return Err(Error::setting("preset", problem));
        }
    })
}

/// What a preset's examples are, in one line for a list; `None` if there is none of that name.
pub fn example_preset_about(name: &str) -> Option<&'static str> {
    Some(match name {
        "timbre" => "keyboard to guitar, 256 bins x 256 columns (instruments)",
        "timbre-any" => "keyboard to one of three instruments, told by a style (instruments)",
        "mask" => "mixture to vocals at 8192 Hz, 512 bins x 128 columns (stems)",
        "mask-wide" => "mixture to vocals at 44100 Hz, 1024 bins x 128 columns (stems)",
        "mel-512" => "mixture to drums, 512 mel bands x 640 columns (stems)",
        "mel-80" => "degraded to clean speech, 80 mel bands in 128 x 128 (speech pairs)",
        "picture-15s" => "vocals to mixture, 512 bins x 2048 columns, three channels (stems)",
        "vocals-backing" => "vocals to all else, 512 bins x 2048 columns with phase (stems)",
        "ibm" => "mixture to the vocals' binary mask, centre of 9 columns (stems)",
        "ibm-deep" => "mixture to the vocals' binary mask, all 9 columns (stems)",
        "dae" => "vocals to the same vocals, 2049 bins x 9 columns (stems)",
        "vad" => "mixture to whether somebody sings, 513 bins x 25 columns (stems)",
        "phase" => "magnitude to magnitude and phase, 256 bins x 256 columns (stems)",
        _ => return None,
    })
}

/// The timbre system's pictures of stems.
fn stems(origin: &str, target: &str) -> ExampleSpec {
    ExampleSpec {
        source: ExampleSource::Stems,
        origin: origin.to_owned(),
        targets: vec![target.to_owned()],
        ..ExampleSpec::default()
    }
}

/// A full-scale sine has a magnitude of 1.
fn full_scale(n_fft: usize, hop_length: usize) -> StftSpec {
    StftSpec {
        normalisation: Normalisation::FullScale,
        ..StftSpec::new(n_fft, hop_length)
    }
}

fn mask(sample_rate_hz: u32, n_fft: usize, hop_length: usize, bins: usize) -> ExampleSpec {
    ExampleSpec {
        sample_rate_hz,
        stft: full_scale(n_fft, hop_length),
        picture: MagnitudePicture {
            bins_kept: Some(bins),
            ..MagnitudePicture::default()
        },
        columns: 128,
        ..stems("mixture", "vocals")
    }
}

fn mel_512() -> ExampleSpec {
    ExampleSpec {
        sample_rate_hz: 22_050,
        stft: full_scale(2048, 512),
        picture: MagnitudePicture {
            // Triangles with a peak of one keep 0 dB at full scale.
            mel: Some(MelSpec {
                bands: 512,
                formula: MelFormula::Slaney,
                norm: MelNorm::None,
                power: 1.0,
                ..MelSpec::default()
            }),
            scale: MagnitudeScale::DbUnit {
                min_db: -80.0,
                max_db: 0.0,
            },
            ..MagnitudePicture::default()
        },
        columns: 640,
        start_secs: 30.0,
        ..stems("mixture", "drums")
    }
}

fn mel_80() -> ExampleSpec {
    let vocoder = PicturePreset::Vocoder80.options();
    ExampleSpec {
        source: ExampleSource::Speech,
        origin: "degraded".to_owned(),
        targets: vec!["clean".to_owned()],
        sample_rate_hz: 22_050,
        stft: vocoder.stft,
        picture: MagnitudePicture {
            scale: MagnitudeScale::LnUnit {
                floor: 1e-5,
                max: 10.0,
            },
            ..vocoder.picture
        },
        columns: 128,
        height: Some(128),
        ..ExampleSpec::default()
    }
}

fn long_picture(target: &str) -> ExampleSpec {
    ExampleSpec {
        stft: full_scale(1024, 256),
        picture: MagnitudePicture {
            scale: MagnitudeScale::Log1p16,
            bins_kept: Some(512),
            ..MagnitudePicture::default()
        },
        columns: 2048,
        ..stems("vocals", target)
    }
}

fn ibm(label_columns: usize) -> ExampleSpec {
    ExampleSpec {
        sample_rate_hz: 22_050,
        stft: StftSpec {
            win_length: 1024,
            normalisation: Normalisation::WindowSum,
            ..StftSpec::new(4096, 256)
        },
        picture: MagnitudePicture::default(),
        columns: 9,
        target: ExampleTarget::Labels {
            low: 0.02,
            high: 0.98,
            columns: label_columns,
            polarity: Polarity::Target,
        },
        ..stems("mixture", "vocals")
    }
}
