//! Where speech is active, and how loud music must be there.

use std::ops::Range;

use crate::audio::Planar;

/// Seconds of a block whose energy decides whether speech is active.
const BLOCK_SECS: f64 = 0.02;
/// How far below the loudest block speech still counts: 40 dB.
const ACTIVE_RATIO: f64 = 1e-4;
/// Mean square below which sound counts as silent: −80 dB of full scale.
const SILENT_MEAN_SQUARE: f64 = 1e-8;

/// The frames in which speech is active: blocks of 20 ms with an energy of at most 40 dB below that
/// of the loudest block. Empty if no block is over −80 dB of full scale. Channels are taken together.
pub fn active_frames(speech: &[Vec<f32>], sample_rate_hz: u32) -> Vec<Range<usize>> {
    let frames = speech.first().map_or(0, Vec::len);
    let block = ((BLOCK_SECS * f64::from(sample_rate_hz)).round() as usize).max(1);
    let blocks: Vec<Range<usize>> = (0..frames)
        .step_by(block)
        .map(|start| start..(start + block).min(frames))
        .collect();
    let mean_square = |range: &Range<usize>| {
        energy(speech, std::slice::from_ref(range)) / (range.len() * speech.len()) as f64
    };
    let loudest = blocks.iter().map(mean_square).fold(0.0, f64::max);
    if loudest < SILENT_MEAN_SQUARE {
        return Vec::new();
    }
    let is_active = |range: &Range<usize>| mean_square(range) >= loudest * ACTIVE_RATIO;
    blocks.into_iter().filter(is_active).collect()
}

/// The sum of squares of all channels in these frames.
fn energy(channels: &[Vec<f32>], ranges: &[Range<usize>]) -> f64 {
    let of_range = |range: &Range<usize>| -> f64 {
        let squares = channels.iter().flat_map(|c| &c[range.clone()]);
        squares.map(|x| f64::from(*x).powi(2)).sum()
    };
    ranges.iter().map(of_range).sum()
}

/// The gain of music that gives 10·log₁₀(Σ speech² / Σ (gain·music)²) = `snr_db`, both sums over the
/// frames in which speech is active. `None` if the music is silent there or a sum is no number.
pub(super) fn music_gain(
    speech: &Planar,
    music: &Planar,
    active: &[Range<usize>],
    snr_db: f64,
) -> Option<f64> {
    let (speech_energy, music_energy) = (energy(speech, active), energy(music, active));
    let samples = active.iter().map(Range::len).sum::<usize>() * music.len();
    let gain = (speech_energy / music_energy).sqrt() * 10_f64.powf(-snr_db / 20.0);
    (music_energy >= SILENT_MEAN_SQUARE * samples as f64 && gain.is_finite()).then_some(gain)
}
