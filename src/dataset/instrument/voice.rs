//! One sample as one note: as long as asked for, by its loop or by silence after its end.

use crate::audio::Planar;

/// A sample at the instrument's rate. Never changed once it is made.
#[derive(Debug)]
pub(super) struct Sample {
    /// `[channels][frames]`.
    pub(super) channels: Planar,
    /// What is repeated while a key is held: first frame, and the frame after its last.
    pub(super) repeat: Option<(usize, usize)>,
}

impl Sample {
    pub(super) fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    pub(super) fn bytes(&self) -> usize {
        self.frames() * self.channels.len() * size_of::<f32>()
    }

    /// The first `frames` frames of a note, `[channels][frames]`.
    ///
    /// A note longer than its sample goes round in the loop, where there is one: the end of each
    /// round is cross-faded over `fade` frames with what leads into the loop's begin. Without a
    /// loop the sample sounds to its end, as plucked and struck strings do, and silence follows;
    /// its last `fade` frames are faded out, so that the end does not click.
    pub(super) fn sound(&self, frames: usize, gain: f32, fade: usize) -> Planar {
        let channel = |samples: &Vec<f32>| match self.repeat {
            Some((from, to)) if frames > to => repeated(samples, frames, gain, from, to, fade),
            _ => once(samples, frames, gain, fade),
        };
        self.channels.iter().map(channel).collect()
    }
}

fn once(samples: &[f32], frames: usize, gain: f32, fade: usize) -> Vec<f32> {
    let kept = samples.len().min(frames);
    let mut out: Vec<f32> = samples[..kept].iter().map(|x| x * gain).collect();
    if frames > samples.len() {
        let fade = fade.min(kept);
        for (i, x) in out[kept - fade..].iter_mut().enumerate() {
            *x *= 1.0 - (i + 1) as f32 / fade as f32;
        }
    }
    // Silence need not be held: what is added to the piece may be shorter than the note.
    out
}

fn repeated(
    samples: &[f32],
    frames: usize,
    gain: f32,
    from: usize,
    to: usize,
    fade: usize,
) -> Vec<f32> {
    let round = to - from;
    let fade = fade.min(from).min(round);
    let at = |n: usize| {
        let position = if n < to { n } else { from + (n - from) % round };
        let into_fade = (position + fade).saturating_sub(to);
        if fade == 0 || into_fade == 0 {
            return samples[position] * gain;
        }
        let share = into_fade as f32 / fade as f32;
        gain * ((1.0 - share) * samples[position] + share * samples[position - round])
    };
    (0..frames).map(at).collect()
}
