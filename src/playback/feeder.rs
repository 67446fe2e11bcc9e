//! The thread that fills the ring, and its handle for the window.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::line::Output;
use super::mixer::{MixLane, Mixer};
use super::outlet::{PlaybackState, StereoFrame};

const QUEUE: usize = 256;
/// Losses of the output that are mended without a word.
const MAX_FAILURES: u32 = 4;

/// What the window asks for.
#[derive(Debug, Clone)]
pub enum PlayerCommand {
    /// Another set of lanes, all at this rate.
    Lanes(u32, Vec<MixLane>),
    /// Start.
    Play,
    /// Stop where it is.
    Pause,
    /// Move the playhead to this frame.
    Seek(usize),
    /// Loop these frames.
    Loop(Option<Range<usize>>),
    /// Use this output; `None` is the system's default. Also tries again after a loss.
    Device(Option<String>),
}

/// What the window is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayerEvent {
    /// An output was opened: its name and rate in hertz.
    Opened(String, u32),
    /// There is none, or it went away: the reason.
    Silent(String),
}

/// The window's side. Never blocks.
pub struct Player {
    commands: Sender<PlayerCommand>,
    events: Receiver<PlayerEvent>,
    state: Arc<PlaybackState>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Starts the feeder; no device is touched before the first [`PlayerCommand::Play`] or
    /// [`PlayerCommand::Device`].
    ///
    /// # Errors
    /// The system's, if no thread can be started.
    pub fn new() -> std::io::Result<Self> {
        let (commands, inbox) = bounded(QUEUE);
        let (outbox, events) = bounded(QUEUE);
        let state = Arc::new(PlaybackState::default());
        let feeder = Feeder::new(inbox, outbox, Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("playback".into())
            .spawn(move || feeder.run())?;
        Ok(Self {
            commands,
            events,
            state,
            thread: Some(thread),
        })
    }

    /// Asks for something; a full queue (the feeder hangs in a driver) loses it.
    pub fn send(&self, command: PlayerCommand) {
        match self.commands.try_send(command) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// What happened since the last call.
    pub fn events(&self) -> impl Iterator<Item = PlayerEvent> + '_ {
        self.events.try_iter()
    }

    /// Position, peaks, whether it plays.
    pub fn state(&self) -> &PlaybackState {
        &self.state
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Closing the queue ends the thread.
        let (closed, _) = bounded(0);
        self.commands = closed;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

struct Feeder {
    inbox: Receiver<PlayerCommand>,
    outbox: Sender<PlayerEvent>,
    state: Arc<PlaybackState>,
    mixer: Mixer,
    rate_hz: u32,
    wanted: Option<String>,
    output: Option<Output>,
    /// Losses since the person last asked for sound.
    failures: u32,
}

impl Feeder {
    fn new(
        inbox: Receiver<PlayerCommand>,
        outbox: Sender<PlayerEvent>,
        state: Arc<PlaybackState>,
    ) -> Self {
        Self {
            inbox,
            outbox,
            state,
            mixer: Mixer::default(),
            rate_hz: 44_100,
            wanted: None,
            output: None,
            failures: 0,
        }
    }

    fn run(mut self) {
        loop {
            let playing = self.state.playing.load(Ordering::Acquire);
            let wait = Duration::from_millis(if playing { 5 } else { 200 });
            match self.inbox.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(command) = self.inbox.try_recv() {
                self.obey(command);
            }
            let lost = |output: &Output| output.device.lost.load(Ordering::Acquire);
            if self.output.as_ref().is_some_and(lost) {
                self.reopen();
            }
            if self.state.playing.load(Ordering::Acquire) {
                self.feed();
            }
        }
    }

    fn tell(&self, event: PlayerEvent) {
        self.outbox.try_send(event).ok();
    }

    /// Some drivers report a failure while they start and are well a moment later: a few tries, the
    /// second and later ones with the driver's own buffer, before the person is told.
    fn reopen(&mut self) {
        let playing = self.state.playing.swap(false, Ordering::AcqRel);
        self.output = None;
        self.failures += 1;
        if self.failures > MAX_FAILURES {
            self.fall_silent("the output went away");
        } else if self.open() && playing {
            self.start();
        }
    }

    fn fall_silent(&mut self, reason: &str) {
        self.output = None;
        self.state.playing.store(false, Ordering::Release);
        self.tell(PlayerEvent::Silent(reason.to_owned()));
    }

    fn obey(&mut self, command: PlayerCommand) {
        match command {
            PlayerCommand::Lanes(rate_hz, lanes) => {
                self.mixer.set_lanes(lanes);
                if rate_hz != self.rate_hz {
                    self.rate_hz = rate_hz;
                    let playing = self.state.playing.swap(false, Ordering::AcqRel);
                    self.output = None;
                    if playing {
                        self.play();
                    }
                }
            }
            PlayerCommand::Play => self.play(),
            PlayerCommand::Pause => self.state.playing.store(false, Ordering::Release),
            PlayerCommand::Seek(frame) => {
                self.state.position.store(frame as u64, Ordering::Relaxed);
                self.restart(frame);
            }
            PlayerCommand::Loop(range) => {
                self.mixer.set_loop(range);
                // What is in the ring may lie beyond the new end.
                self.restart(self.state.position.load(Ordering::Relaxed) as usize);
            }
            PlayerCommand::Device(name) => {
                self.wanted = name;
                let playing = self.state.playing.swap(false, Ordering::AcqRel);
                self.output = None;
                if self.open() && playing {
                    self.play();
                }
            }
        }
    }

    fn open(&mut self) -> bool {
        if self.output.is_some() {
            return true;
        }
        match Output::open(
            self.wanted.as_deref(),
            self.rate_hz,
            self.failures == 0,
            &self.state,
        ) {
            Ok((output, name)) => {
                self.tell(PlayerEvent::Opened(name, output.rate_hz));
                self.output = Some(output);
                true
            }
            Err(error) => {
                self.fall_silent(&error.to_string());
                false
            }
        }
    }

    fn play(&mut self) {
        self.failures = 0;
        if self.open() {
            self.start();
        }
    }

    /// Feeds the open output from the playhead on.
    fn start(&mut self) {
        let position = self.state.position.load(Ordering::Relaxed) as usize;
        // At the end, play starts over.
        let from = if position + 1 >= self.mixer.frames() {
            0
        } else {
            position
        };
        self.restart(from);
        self.feed();
        self.state.playing.store(true, Ordering::Release);
    }

    /// Forgets what is on its way and goes on from a frame.
    fn restart(&mut self, frame: usize) {
        self.mixer.seek(frame);
        self.state.ended.store(false, Ordering::Release);
        self.state.generation.fetch_add(1, Ordering::AcqRel);
        if let Some(output) = &mut self.output {
            output.clear(self.rate_hz);
        }
    }

    fn feed(&mut self) {
        let generation = self.state.generation.load(Ordering::Acquire);
        let Some(output) = &mut self.output else {
            return;
        };
        loop {
            while let Some(frame) = output.ready.front() {
                if output
                    .ring
                    .push(StereoFrame {
                        generation,
                        ..*frame
                    })
                    .is_err()
                {
                    return;
                }
                output.ready.pop_front();
            }
            if output.finished {
                self.state.ended.store(true, Ordering::Release);
                return;
            }
            output.fill(&mut self.mixer);
        }
    }
}
