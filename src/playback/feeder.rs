//! The thread that fills the ring, and its handle for the window.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::device::{self, OpenDevice};
use super::mixer::{MixLane, Mixer};
use super::outlet::{PlaybackState, StereoFrame, outlet};
use crate::audio::{Planar, Resampler};

/// Sound kept ready in the ring: long enough for a busy machine, short enough for a quick mute.
const RING_MILLIS: usize = 80;
const BLOCK_FRAMES: usize = 512;
const QUEUE: usize = 256;

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
}

/// An open device with the way to it.
struct Output {
    device: OpenDevice,
    ring: rtrb::Producer<StereoFrame>,
    resampler: Resampler,
    rate_hz: u32,
    /// Frames ready for the ring.
    ready: VecDeque<StereoFrame>,
    /// Where each resampled frame came from: the song's positions of the frames that went in.
    positions: VecDeque<u64>,
    in_count: u64,
    out_count: u64,
    finished: bool,
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
            if self
                .output
                .as_ref()
                .is_some_and(|output| output.device.lost.load(Ordering::Acquire))
            {
                self.fall_silent("the output went away");
            }
            if self.state.playing.load(Ordering::Acquire) {
                self.feed();
            }
        }
    }

    fn tell(&self, event: PlayerEvent) {
        self.outbox.try_send(event).ok();
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
        match Output::open(self.wanted.as_deref(), self.rate_hz, &self.state) {
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
        if !self.open() {
            return;
        }
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

impl Output {
    fn open(
        name: Option<&str>,
        rate_hz: u32,
        state: &Arc<PlaybackState>,
    ) -> crate::Result<(Self, String)> {
        let chosen = device::choose(name, rate_hz)?;
        let out_hz = chosen.sample_rate_hz;
        let frames = (out_hz as usize * RING_MILLIS / 1000).max(BLOCK_FRAMES);
        let (ring, outlet) = outlet(frames, Arc::clone(state), out_hz);
        let device = device::open(&chosen, outlet)?;
        let output = Self {
            device,
            ring,
            resampler: Resampler::new(rate_hz, out_hz, 2)?,
            rate_hz: out_hz,
            ready: VecDeque::new(),
            positions: VecDeque::new(),
            in_count: 0,
            out_count: 0,
            finished: false,
        };
        Ok((output, chosen.name))
    }

    fn clear(&mut self, song_hz: u32) {
        self.ready.clear();
        self.positions.clear();
        self.in_count = 0;
        self.out_count = 0;
        self.finished = false;
        if let Ok(resampler) = Resampler::new(song_hz, self.rate_hz, 2) {
            self.resampler = resampler;
        }
    }

    /// Mixes a block and makes it ready at the device's rate.
    fn fill(&mut self, mixer: &mut Mixer) {
        let mut block: Planar = (0..2).map(|_| Vec::with_capacity(BLOCK_FRAMES)).collect();
        for _ in 0..BLOCK_FRAMES {
            let Some(frame) = mixer.next_frame() else {
                self.finished = true;
                break;
            };
            block[0].push(frame.left);
            block[1].push(frame.right);
            self.positions.push_back(frame.position);
        }
        let in_frames = block[0].len() as u64;
        let mut out: Planar = vec![Vec::new(); 2];
        // Two channels go in, as planned, so neither call can fail.
        self.resampler.push(&block, &mut out).ok();
        if self.finished {
            self.resampler.finish(&mut out).ok();
        }
        self.in_count += in_frames;
        let per_frame = self.ratio();
        for (left, right) in out[0].iter().zip(&out[1]) {
            let source = (self.out_count as f64 * per_frame) as u64;
            let first = self.in_count - self.positions.len() as u64;
            let index = source
                .saturating_sub(first)
                .min(self.positions.len().saturating_sub(1) as u64);
            let position = self.positions.get(index as usize).copied().unwrap_or(0);
            self.ready.push_back(StereoFrame {
                left: *left,
                right: *right,
                position,
                generation: 0,
            });
            self.out_count += 1;
        }
        // Positions that no frame to come can need.
        let needed = (self.out_count as f64 * self.ratio()) as u64;
        while self.in_count - (self.positions.len() as u64) < needed && self.positions.len() > 1 {
            self.positions.pop_front();
        }
    }

    /// Song frames per device frame.
    fn ratio(&self) -> f64 {
        f64::from(self.resampler.in_hz()) / f64::from(self.rate_hz)
    }
}
