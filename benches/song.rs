//! A test song from a seed: chords of decaying partials, a drum loop, and noise that never repeats.
//!
//! Sixteen seconds repeat under the noise, so the methods that look for repeats have some to find.

use std::f64::consts::TAU;
use std::path::Path;

use stemloom::audio::{AudioFormat, AudioWriter, Planar, Tags};

/// Frames per second of the song.
pub const SAMPLE_RATE_HZ: u32 = 44_100;
/// Its length in seconds.
pub const SECS: usize = 180;

const RATE: usize = SAMPLE_RATE_HZ as usize;
const CHORD_FRAMES: usize = 2 * RATE;
/// Frames of a quaver.
const STEP_FRAMES: usize = RATE / 4;
const PARTIALS: usize = 8;
/// Notes as numbers of semitones, A4 = 69.
const CHORDS: [[i32; 4]; 8] = [
    [45, 57, 60, 64],
    [41, 57, 60, 65],
    [48, 55, 60, 64],
    [43, 55, 59, 62],
    [50, 57, 62, 65],
    [45, 57, 60, 64],
    [40, 56, 59, 64],
    [45, 57, 60, 69],
];
const SEED: u64 = 0x5EED_0F50_4E6A_1234;

/// White noise, −1 to 1, the same for the same seed: xorshift64* (Vigna 2016).
pub struct Noise(u64);

impl Noise {
    /// Noise of a seed, not 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next value.
    pub fn value(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let unit = (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1_u32 << 24) as f32;
        2.0 * unit - 1.0
    }
}

/// Writes the song, stereo, 16 bit.
pub fn write(path: &Path) -> anyhow::Result<()> {
    let mut noise = Noise::new(SEED);
    let bars = bars(&mut noise);
    let bar_frames = CHORDS.len() * CHORD_FRAMES;
    let mut writer = AudioWriter::create(
        path,
        AudioFormat::Wav16,
        SAMPLE_RATE_HZ,
        2,
        &Tags::default(),
        true,
    )?;
    for second in 0..SECS {
        let block: Planar = bars
            .iter()
            .map(|bars| {
                let frames = second * RATE..(second + 1) * RATE;
                frames
                    .map(|frame| bars[frame % bar_frames] + 0.003 * noise.value())
                    .collect()
            })
            .collect();
        writer.push(&block)?;
    }
    writer.finish()?;
    Ok(())
}

/// Writes one channel at half the song's rate, `repeats` times in a row, 16 bit. Block by block,
/// for songs of any length; every second sample is enough where nobody listens.
pub fn write_repeated(path: &Path, channel: &[f32], repeats: usize) -> anyhow::Result<()> {
    let half: Planar = vec![channel.iter().step_by(2).copied().collect()];
    let mut writer = AudioWriter::create(
        path,
        AudioFormat::Wav16,
        SAMPLE_RATE_HZ / 2,
        1,
        &Tags::default(),
        true,
    )?;
    for _ in 0..repeats {
        writer.push(&half)?;
    }
    writer.finish()?;
    Ok(())
}

/// The stretch that repeats, `[2][frames]`.
fn bars(noise: &mut Noise) -> Planar {
    let mut bars = vec![vec![0.0; CHORDS.len() * CHORD_FRAMES]; 2];
    for (i, chord) in CHORDS.iter().enumerate() {
        let frames = i * CHORD_FRAMES..(i + 1) * CHORD_FRAMES;
        for (voice, semitones) in chord.iter().enumerate() {
            let note = note(*semitones);
            let pan = 0.2 + 0.2 * voice as f32;
            for (channel, gain) in bars.iter_mut().zip([1.0 - pan, pan]) {
                add(&mut channel[frames.clone()], &note, 0.1 * gain);
            }
        }
    }
    let (kick, snare, hat) = (kick(), burst(noise, 18.0), burst(noise, 60.0));
    for (step, start) in (0..bars[0].len()).step_by(STEP_FRAMES).enumerate() {
        for (channel, hat_gain) in bars.iter_mut().zip([0.08, 0.05]) {
            let channel = &mut channel[start..start + STEP_FRAMES];
            add(channel, &hat, hat_gain);
            match step % 4 {
                0 => add(channel, &kick, 0.35),
                2 => add(channel, &snare, 0.2),
                _ => {}
            }
        }
    }
    bars
}

fn add(sum: &mut [f32], samples: &[f32], gain: f32) {
    sum.iter_mut()
        .zip(samples)
        .for_each(|(sum, x)| *sum += gain * x);
}

/// A plucked note of two seconds: higher partials are weaker and die sooner.
fn note(semitones: i32) -> Vec<f32> {
    let hz = 440.0 * (f64::from(semitones - 69) / 12.0).exp2();
    let mut samples = vec![0.0; CHORD_FRAMES];
    for partial in 1..=PARTIALS {
        let (number, rate) = (partial as f64, f64::from(SAMPLE_RATE_HZ));
        let step = TAU * hz * number / rate;
        let decay = (-(0.8 + 0.5 * number) / rate).exp();
        let mut level = 1.0 / number;
        for (i, sample) in samples.iter_mut().enumerate() {
            *sample += (level * (step * i as f64).sin()) as f32;
            level *= decay;
        }
    }
    samples
}

/// A tone that falls to 50 Hz and dies.
fn kick() -> Vec<f32> {
    let mut phase = 0.0_f64;
    (0..STEP_FRAMES)
        .map(|i| {
            let secs = i as f64 / f64::from(SAMPLE_RATE_HZ);
            phase += TAU * (50.0 + 120.0 * (-40.0 * secs).exp()) / f64::from(SAMPLE_RATE_HZ);
            (phase.sin() * (-14.0 * secs).exp()) as f32
        })
        .collect()
}

/// Noise that dies by e `per_sec` times a second.
fn burst(noise: &mut Noise, per_sec: f32) -> Vec<f32> {
    (0..STEP_FRAMES)
        .map(|i| noise.value() * (-per_sec * i as f32 / SAMPLE_RATE_HZ as f32).exp())
        .collect()
}
