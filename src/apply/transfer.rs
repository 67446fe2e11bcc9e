//! A song through a network that answers pictures: its sound in another voice.
//!
//! ```text
//! Clip ─► rate, channels ─► STFT ─► picture ─► slices ─► network ─► cross-fade ─┐
//!  └─ length, level ◄─ rate ◄─ inverse ◄─ phase ◄─ magnitudes ◄─ inverse ◄──────┘
//! ```
//!
//! Memory does not grow with the song: predictions are made as blocks of phases ask for them.

use std::ops::Range;
use std::time::Instant;

use super::Separator as _;
use super::card_picture::CardPicture;
use super::finite::finite;
use super::network::Network;
use super::network_use::NetworkUse;
use super::phase_blocks::{PhaseBlocks, Target};
use super::reconstruct::mixed_to_mono;
use super::separate::{Region, cut_region};
use super::transfer_level::{LevelRule, fitted, largest};
use super::transfer_predict::Predictor;
use super::transfer_style::style_picture;
use crate::audio::{Clip, resample};
use crate::error::{Error, Result};
use crate::model::{CardChannels, ModelCard};
use crate::phase::{PhaseMethod, PhaseSpec, convergence_db};
use crate::progress::Reporter;
use crate::spectral::DroppedBins;

/// How to transfer.
#[derive(Debug, Clone)]
pub struct TransferOptions {
    /// The stretch; `None` is the whole song.
    pub region: Option<Region>,
    /// The phase method; `None` is the network's own phases if it answers any, else the card's
    /// method.
    pub phase: Option<PhaseSpec>,
    /// A recording that sounds as the result should, for networks that take one.
    pub style: Option<Clip>,
    /// Where in it, in seconds; `None` is its loudest stretch.
    pub style_secs: Option<f64>,
    /// How loud the result is.
    pub level: LevelRule,
    /// Share of a slice that lies in the next one, 0–0.9. Default 0.5.
    pub overlap: f64,
    /// What stands in bins that are not in the picture; `None` is as the card's `bin_fill`.
    pub dropped: Option<DroppedBins>,
    /// Columns whose phases are found at once; `None` is as many as about 1 GB holds.
    pub block_columns: Option<usize>,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            region: None,
            phase: None,
            style: None,
            style_secs: None,
            level: LevelRule::default(),
            overlap: 0.5,
            dropped: None,
            block_columns: None,
        }
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// The sound, at the song's rate and exactly as long as its region. A mono network makes one
    /// channel of any song; a network run per channel as many as the song has.
    pub clip: Clip,
    /// The region of the song in those channels.
    pub original: Clip,
    /// The device that ran the network.
    pub device: String,
    /// Seconds the work took.
    pub taken_secs: f64,
    /// Where the phases came from: "predicted", or a method as in "griffin-lim 32".
    pub phase: String,
    /// What [`LevelRule`] changed, in dB; 0 where it made silence.
    pub level_change_db: f64,
    /// Largest absolute sample; 1.0 is full scale.
    pub peak: f32,
    /// Spectral convergence in dB at the end of an iterative method; `None` for the others.
    pub convergence_db: Option<f64>,
}

/// Where phases come from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phases {
    Predicted,
    Method(PhaseSpec),
}

impl Phases {
    fn new(card: &ModelCard, wanted: Option<PhaseSpec>) -> Result<Self> {
        match wanted {
            Some(spec) => Ok(Self::Method(spec)),
            None if card.tensor.output_channels.has_phase() => Ok(Self::Predicted),
            None => {
                let method = card.output.phase.parse::<PhaseMethod>();
                let method = method.map_err(|problem| Error::setting("phase", problem))?;
                Ok(Self::Method(PhaseSpec {
                    iterations: card.output.phase_iterations,
                    ..PhaseSpec::new(method)
                }))
            }
        }
    }

    /// What [`PhaseBlocks`] is to do: predicted phases are given to it as the input's.
    fn spec(&self) -> PhaseSpec {
        match self {
            Self::Predicted => PhaseSpec::new(PhaseMethod::Input),
            Self::Method(spec) => *spec,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Predicted => "predicted".into(),
            Self::Method(spec) => spec.title(),
        }
    }
}

/// Takes a song through a network that answers pictures, mel bands or magnitudes of one stem.
///
/// # Errors
/// [`Error::Setting`] if the network is for another use, an option is out of range, a style is
/// missing or not wanted, or the song is empty; [`Error::Model`] if the network answers something
/// else than its card says; [`Error::Cancelled`]; [`Error::Io`] if a long result cannot be kept on
/// disk.
pub fn transfer(
    song: &Clip,
    network: &mut Network,
    options: &TransferOptions,
    reporter: &Reporter,
) -> Result<Transferred> {
    let started = Instant::now();
    NetworkUse::Transfer.check(network.card())?;
    let card = network.card().clone();
    let phases = Phases::new(&card, options.phase)?;
    check(&card, options, &phases, reporter)?;
    let original = prepared(song, &card, options.region, reporter)?;
    let rate = card.audio.sample_rate_hz;
    let at_rate = resample(&original, rate, reporter)?;
    // A song of a sample or two may have none at a lower rate.
    let at_rate = fitted(&at_rate, at_rate.frames().max(1), 1.0)?;
    let picture = CardPicture::new(&card, options.dropped)?;
    let style = match &options.style {
        Some(style) => {
            let shape = (rate, network.layout().columns);
            let start_secs = options.style_secs;
            Some(style_picture(style, start_secs, &picture, shape, reporter)?)
        }
        None => None,
    };
    let (device, card_gain) = (network.device(), network.gain());
    let mut predictor = Predictor::new(network, &picture, &at_rate, style, options.overlap);
    let phase = phases.spec();
    let blocks = PhaseBlocks {
        stft: &picture.stft,
        phase: &phase,
        sample_rate_hz: rate,
        frames: at_rate.frames(),
        channels: at_rate.num_channels(),
        block_columns: options.block_columns,
    };
    let mut target = |columns: Range<usize>| -> Result<Target> {
        let predicted = predictor.predict(columns.clone(), reporter)?;
        let mut found = Target::default();
        let needs_input = phase.needs_input();
        for (channel, predicted) in predicted.iter().enumerate() {
            let mut input = picture.spectrum(at_rate.channel(channel), columns.clone());
            let magnitudes = picture.inverse(&predicted.picture, &input, reporter);
            found.magnitudes.push(magnitudes);
            if phases == Phases::Predicted {
                // Bins that are not in the picture keep the song's phases.
                let (bins, bands) = (picture.stft.spec().bins(), picture.bands());
                let columns = input.chunks_exact_mut(bins);
                for (column, phases) in columns.zip(predicted.phases.chunks_exact(bands)) {
                    column[..bands].copy_from_slice(phases);
                }
            }
            if needs_input {
                found.input.get_or_insert_default().push(input);
            }
        }
        Ok(found)
    };
    let found = blocks.run(&mut target, &mut |_| {}, reporter)?;
    let back = resample(&found.clip, original.sample_rate_hz(), reporter)?;
    let gain = options.level.gain(&back, &original);
    // A card's gain is part of what the network answers; matched levels need none.
    let sound = match options.level {
        LevelRule::None => card_gain,
        LevelRule::Match | LevelRule::Peak => card_gain.signum() * gain,
    };
    let clip = fitted(&back, original.frames(), sound)?;
    Ok(Transferred {
        peak: largest(&clip),
        clip,
        original,
        device,
        taken_secs: started.elapsed().as_secs_f64(),
        phase: phases.title(),
        level_change_db: if gain > 0.0 {
            20.0 * f64::from(gain).log10()
        } else {
            0.0
        },
        convergence_db: found
            .sums
            .last()
            .map(|(error, energy)| convergence_db(*error, *energy)),
    })
}

/// Everything that can be wrong before the song is touched.
fn check(
    card: &ModelCard,
    options: &TransferOptions,
    phases: &Phases,
    reporter: &Reporter,
) -> Result<()> {
    if let Some(remark) = phases.spec().validate()? {
        reporter.warn(remark);
    }
    if !(0.0..=0.9).contains(&options.overlap) {
        return Err(Error::setting(
            "overlap",
            format!("{} is not within 0 to 0.9", options.overlap),
        ));
    }
    match (&options.style, card.tensor.style) {
        (None, true) => Err(Error::setting(
            "style",
            format!(
                "{} imitates a recording; name one that sounds as the result should",
                card.id
            ),
        )),
        (Some(_), false) => Err(Error::setting(
            "style",
            format!("{} takes none; leave it out", card.id),
        )),
        (None, false) if options.style_secs.is_some() => Err(Error::setting(
            "style-at",
            "needs a style; leave it out, or name a recording",
        )),
        _ => Ok(()),
    }
}

/// The region of the song in the channels that the network is run for.
fn prepared(
    song: &Clip,
    card: &ModelCard,
    region: Option<Region>,
    reporter: &Reporter,
) -> Result<Clip> {
    if song.frames() == 0 || song.num_channels() == 0 {
        return Err(Error::setting("input", "has no audio in it"));
    }
    let song = finite(cut_region(song.clone(), region)?, reporter)?;
    if song.frames() == 0 {
        return Err(Error::setting(
            "duration",
            "is shorter than a sample of the song",
        ));
    }
    if card.audio.channels == CardChannels::Mono && song.num_channels() > 1 {
        mixed_to_mono(&song)
    } else {
        Ok(song)
    }
}
