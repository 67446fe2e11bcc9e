//! The separators that need no weights, with their settings as a table for people.

use super::Separator;
use super::centre::Centre;
use super::hpss::Hpss;
use super::repet_sim::{RepetSim, RepetSimSeparator};
use crate::error::{Error, Result};

/// Ids of the separators that are always there.
pub const BUILTIN_IDS: [&str; 3] = ["hpss", "repet-sim", "centre"];

/// One setting of a separator.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ParamSpec {
    /// Its name on the command line.
    pub name: &'static str,
    /// What a person reads, with its unit.
    pub label: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Value unless set.
    pub default: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether only whole numbers are taken.
    pub integer: bool,
}

/// A separator as a person meets it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BuiltinSpec {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What comes out.
    pub stems: [&'static str; 2],
    /// Its settings.
    pub params: &'static [ParamSpec],
}

const fn whole(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    range: [f64; 3],
) -> ParamSpec {
    ParamSpec {
        name,
        label,
        help,
        default: range[0],
        min: range[1],
        max: range[2],
        integer: true,
    }
}

const fn real(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    range: [f64; 3],
) -> ParamSpec {
    ParamSpec {
        name,
        label,
        help,
        default: range[0],
        min: range[1],
        max: range[2],
        integer: false,
    }
}

const HPSS_PARAMS: &[ParamSpec] = &[
    whole(
        "harmonic-kernel",
        "Harmonic kernel, columns",
        "Longer keeps only steadier tones",
        [31.0, 3.0, 201.0],
    ),
    whole(
        "percussive-kernel",
        "Percussive kernel, bins",
        "Longer keeps only broader clicks",
        [31.0, 3.0, 201.0],
    ),
    real(
        "power",
        "Mask power",
        "Higher decides harder between the two",
        [2.0, 0.5, 10.0],
    ),
    real(
        "harmonic-margin",
        "Harmonic margin",
        "Above 1 what is neither goes to neither",
        [1.0, 1.0, 20.0],
    ),
    real(
        "percussive-margin",
        "Percussive margin",
        "Above 1 what is neither goes to neither",
        [1.0, 1.0, 20.0],
    ),
    whole(
        "n-fft",
        "FFT length, samples",
        "Longer separates tones better, clicks worse",
        [2048.0, 256.0, 16384.0],
    ),
    whole(
        "hop-length",
        "Hop, samples",
        "A quarter of the FFT length is usual",
        [512.0, 64.0, 4096.0],
    ),
];

const REPET_PARAMS: &[ParamSpec] = &[
    whole(
        "max-repeats",
        "Repeats per column",
        "How many similar moments are compared",
        [100.0, 2.0, 500.0],
    ),
    real(
        "distance-secs",
        "Distance of repeats, s",
        "Least time between two repeats",
        [1.0, 0.0, 10.0],
    ),
    real(
        "similarity",
        "Least similarity",
        "Moments less alike than this do not count",
        [0.0, 0.0, 1.0],
    ),
    real(
        "high-pass-hz",
        "Voice starts at, Hz",
        "Everything below is accompaniment",
        [100.0, 0.0, 1000.0],
    ),
    real(
        "window-secs",
        "Window, s",
        "Rounded up to a power of two of samples",
        [0.04, 0.01, 0.4],
    ),
    real(
        "span-secs",
        "Longest search, s",
        "Longer songs are taken in stretches",
        [300.0, 10.0, 600.0],
    ),
];

const CENTRE_PARAMS: &[ParamSpec] = &[
    real(
        "focus",
        "Focus",
        "Higher keeps a narrower middle",
        [2.0, 0.1, 20.0],
    ),
    whole(
        "smoothing-columns",
        "Smoothing, columns",
        "Steadier, but slower to follow",
        [1.0, 0.0, 16.0],
    ),
    whole(
        "n-fft",
        "FFT length, samples",
        "Longer tells neighbouring tones apart",
        [4096.0, 256.0, 16384.0],
    ),
    whole(
        "hop-length",
        "Hop, samples",
        "A quarter of the FFT length is usual",
        [1024.0, 64.0, 4096.0],
    ),
];

/// What a separator is, by id.
pub fn builtin_spec(id: &str) -> Option<BuiltinSpec> {
    Some(match id {
        "hpss" => BuiltinSpec {
            id: "hpss",
            name: "Harmonic and percussive",
            summary: "Splits steady tones from clicks by median filters",
            stems: ["harmonic", "percussive"],
            params: HPSS_PARAMS,
        },
        "repet-sim" => BuiltinSpec {
            id: "repet-sim",
            name: "Repeating background",
            summary: "Splits the voice from an accompaniment that repeats itself",
            stems: ["vocals", "accompaniment"],
            params: REPET_PARAMS,
        },
        "centre" => BuiltinSpec {
            id: "centre",
            name: "Centre and sides",
            summary: "Splits what is panned to the middle from the rest",
            stems: ["centre", "sides"],
            params: CENTRE_PARAMS,
        },
        _ => return None,
    })
}

/// Settings by name; what is absent has its default.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Params(pub std::collections::BTreeMap<String, f64>);

impl Params {
    /// Checks names, ranges and whole numbers.
    fn checked(&self, spec: &BuiltinSpec) -> Result<impl Fn(&str) -> f64 + '_> {
        for (name, value) in &self.0 {
            let Some(param) = spec.params.iter().find(|p| p.name == name) else {
                let known: Vec<&str> = spec.params.iter().map(|p| p.name).collect();
                return Err(Error::setting(
                    name,
                    format!(
                        "{} has no such setting; it has {}",
                        spec.id,
                        known.join(", ")
                    ),
                ));
            };
            let endless = param.name == "power" && *value == f64::INFINITY;
            if !endless && !(param.min..=param.max).contains(value) {
                return Err(Error::setting(
                    name,
                    format!("{value} is not within {} to {}", param.min, param.max),
                ));
            }
            if param.integer && value.fract() != 0.0 {
                return Err(Error::setting(
                    name,
                    format!("{value} is not a whole number"),
                ));
            }
        }
        let params = spec.params;
        Ok(move |name: &str| {
            let default = params
                .iter()
                .find(|p| p.name == name)
                .map_or(0.0, |p| p.default);
            self.0.get(name).copied().unwrap_or(default)
        })
    }
}

/// Makes a separator by id.
///
/// # Errors
/// [`Error::Setting`] if a setting is unknown or out of range; [`Error::UnknownModel`].
pub fn create(id: &str, params: &Params) -> Result<Box<dyn Separator>> {
    let Some(spec) = builtin_spec(id) else {
        return Err(Error::UnknownModel {
            name: id.into(),
            known: BUILTIN_IDS.join(", "),
        });
    };
    let value = params.checked(&spec)?;
    let length = |name: &str| value(name) as usize;
    if spec.params.iter().any(|p| p.name == "n-fft") {
        let (n_fft, hop_length) = (length("n-fft"), length("hop-length"));
        if !n_fft.is_multiple_of(2) {
            return Err(Error::setting("n-fft", format!("{n_fft} is odd")));
        }
        if hop_length * 2 > n_fft {
            return Err(Error::setting(
                "hop-length",
                format!("{hop_length} is more than half of n-fft ({n_fft})"),
            ));
        }
    }
    Ok(match id {
        "hpss" => Box::new(Hpss {
            n_fft: length("n-fft"),
            hop_length: length("hop-length"),
            harmonic_kernel: length("harmonic-kernel"),
            percussive_kernel: length("percussive-kernel"),
            power: value("power") as f32,
            harmonic_margin: value("harmonic-margin") as f32,
            percussive_margin: value("percussive-margin") as f32,
        }),
        "repet-sim" => Box::new(RepetSimSeparator::new(RepetSim {
            window_secs: value("window-secs"),
            similarity_threshold: value("similarity") as f32,
            distance_secs: value("distance-secs"),
            max_repeats: length("max-repeats"),
            high_pass_hz: value("high-pass-hz"),
            span_secs: value("span-secs"),
        })),
        _ => Box::new(Centre {
            n_fft: length("n-fft"),
            hop_length: length("hop-length"),
            focus: value("focus") as f32,
            smoothing_columns: length("smoothing-columns"),
        }),
    })
}
