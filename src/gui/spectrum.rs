//! The spectrum of a moment, made off the window's thread; only the newest question is answered.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::audio::Clip;
use crate::display::spectrum_at;
use crate::session::Id;

/// A moment: the clip and a frame of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The clip's number.
    pub clip: Id,
    /// The frame.
    pub frame: usize,
}

/// Asks one worker, and keeps its last answer.
pub struct Spectra {
    questions: Option<Sender<(Moment, Clip)>>,
    answers: Receiver<(Moment, Vec<f32>)>,
    asked: Option<Moment>,
    latest: Option<(Moment, Vec<f32>)>,
    thread: Option<JoinHandle<()>>,
}

impl Spectra {
    /// Starts the worker. `wake` is called after every answer.
    pub fn new(wake: impl Fn() + Send + 'static) -> Self {
        let (questions, inbox) = bounded::<(Moment, Clip)>(1);
        let (outbox, answers) = bounded(4);
        let work = move || {
            while let Ok((moment, clip)) = inbox.recv() {
                if outbox
                    .send((moment, spectrum_at(&clip, moment.frame)))
                    .is_err()
                {
                    return;
                }
                wake();
            }
        };
        let thread = std::thread::Builder::new()
            .name("spectrum".into())
            .spawn(work)
            .ok();
        Self {
            questions: Some(questions),
            answers,
            asked: None,
            latest: None,
            thread,
        }
    }

    /// The spectrum at a moment, or the last one while the new one is made; in dB, 1025 bins.
    pub fn at(&mut self, moment: Moment, clip: &Clip) -> Option<&[f32]> {
        if let Some(answer) = self.answers.try_iter().last() {
            self.latest = Some(answer);
        }
        let known = self
            .latest
            .as_ref()
            .is_some_and(|(latest, _)| *latest == moment);
        if !known && self.asked != Some(moment) {
            // Full means that the worker is at it; the next frame asks again.
            let sent = self
                .questions
                .as_ref()
                .is_some_and(|q| q.try_send((moment, clip.clone())).is_ok());
            if sent {
                self.asked = Some(moment);
            }
        }
        let same_clip = self
            .latest
            .as_ref()
            .filter(|(latest, _)| latest.clip == moment.clip);
        same_clip.map(|(_, db)| db.as_slice())
    }
}

impl Drop for Spectra {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() {
                self.answers.try_iter().for_each(drop);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            thread.join().ok();
        }
    }
}
