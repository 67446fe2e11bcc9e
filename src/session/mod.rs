//! What is open: songs, their lanes and takes, as plain data that is saved and can be undone.
//!
//! Audio itself is not here: a lane names the clip it shows, and whoever owns the session keeps
//! the clips.

mod take;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::audio::Tags;
use crate::display::Viewport;
use crate::listen::ListeningResult;

pub use take::Take;

/// Number of a song, lane, take or clip; never used twice in a session.
pub type Id = u64;

/// A stretch of time in seconds, start before end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Start in seconds.
    pub start_secs: f64,
    /// End in seconds.
    pub end_secs: f64,
}

impl Span {
    /// The stretch between two times in any order.
    pub fn between(a: f64, b: f64) -> Self {
        Self {
            start_secs: a.min(b).max(0.0),
            end_secs: a.max(b).max(0.0),
        }
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.end_secs - self.start_secs
    }
}

/// What a lane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum LaneView {
    /// The outline of the samples.
    Wave,
    /// The spectrogram.
    Spectrogram,
    /// One above the other.
    #[default]
    Both,
}

/// One row: a song's mixture or one of its stems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Its number.
    pub id: Id,
    /// The clip it shows and plays.
    pub clip: Id,
    /// "Mixture" or the stem's name.
    pub name: String,
    /// The take it belongs to; none for the mixture.
    pub take: Option<Id>,
    /// Where its clip starts in the song, in seconds (a separated region).
    #[serde(default)]
    pub offset_secs: f64,
    /// Not heard.
    pub muted: bool,
    /// While any lane is soloed, only those are heard.
    pub soloed: bool,
    /// Gain in dB, −60 (silent) to +12.
    pub gain_db: f32,
    /// What it shows.
    pub view: LaneView,
    /// A second lane drawn over it.
    pub overlay: Option<Id>,
}

/// Gain at which a lane is silent, in dB.
pub const SILENT_DB: f32 = -60.0;

impl Lane {
    /// Linear gain, mute left aside.
    pub fn gain(&self) -> f32 {
        if self.gain_db <= SILENT_DB {
            0.0
        } else {
            10.0_f32.powf(self.gain_db / 20.0)
        }
    }
}

/// What undo brings back: everything a person edits about a song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Arrangement {
    /// Rows from the top.
    pub lanes: Vec<Lane>,
    /// The selected stretch.
    pub selection: Option<Span>,
    /// The looped stretch.
    pub looped: Option<Span>,
}

/// An open song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Song {
    /// Its number.
    pub id: Id,
    /// The file.
    pub path: PathBuf,
    /// Which of its audio tracks.
    pub track: Option<usize>,
    /// Title and artist.
    pub tags: Tags,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Length in seconds.
    pub seconds: f64,
    /// Rows, selection, loop.
    pub arrangement: Arrangement,
    /// Runs, oldest first.
    pub takes: Vec<Take>,
    /// Listening tests, oldest first.
    #[serde(default)]
    pub listening: Vec<ListeningResult>,
    /// What the window shows.
    pub view: Viewport,
    /// The playhead in seconds.
    pub playhead_secs: f64,
}

impl Song {
    /// The title, or else the file's name.
    pub fn title(&self) -> String {
        self.tags.title.clone().unwrap_or_else(|| {
            self.path
                .file_stem()
                .map_or_else(|| "Untitled".into(), |s| s.to_string_lossy().into_owned())
        })
    }

    /// A lane by number.
    pub fn lane(&self, id: Id) -> Option<&Lane> {
        self.arrangement.lanes.iter().find(|lane| lane.id == id)
    }

    /// A lane by number, to edit.
    pub fn lane_mut(&mut self, id: Id) -> Option<&mut Lane> {
        self.arrangement.lanes.iter_mut().find(|lane| lane.id == id)
    }

    /// The lane of the song itself.
    pub fn mixture(&self) -> Option<&Lane> {
        self.arrangement
            .lanes
            .iter()
            .find(|lane| lane.take.is_none())
    }

    /// A take by number.
    pub fn take(&self, id: Id) -> Option<&Take> {
        self.takes.iter().find(|take| take.id == id)
    }

    /// A take by number, to edit.
    pub fn take_mut(&mut self, id: Id) -> Option<&mut Take> {
        self.takes.iter_mut().find(|take| take.id == id)
    }

    /// A lane's name for people: its own, with its take's name where it has one.
    pub fn lane_title(&self, lane: &Lane) -> String {
        match lane.take.and_then(|id| self.take(id)) {
            Some(take) => format!("{} · {}", take.name, lane.name),
            None => lane.name.clone(),
        }
    }

    /// The linear gain at which each lane is heard, mute and solo taken into account.
    pub fn heard_gains(&self) -> Vec<f32> {
        let any_solo = self.arrangement.lanes.iter().any(|lane| lane.soloed);
        self.arrangement
            .lanes
            .iter()
            .map(|lane| {
                if lane.muted || (any_solo && !lane.soloed) {
                    0.0
                } else {
                    lane.gain()
                }
            })
            .collect()
    }
}

/// Everything that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Session {
    /// Open songs in the order of the library.
    pub songs: Vec<Song>,
    /// The song in the lanes.
    pub current: Option<Id>,
    next_id: Id,
}

impl Session {
    /// A number never given before.
    pub fn new_id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }

    /// The song in the lanes.
    pub fn song(&self) -> Option<&Song> {
        self.songs.iter().find(|song| Some(song.id) == self.current)
    }

    /// The song in the lanes, to edit.
    pub fn song_mut(&mut self) -> Option<&mut Song> {
        self.songs
            .iter_mut()
            .find(|song| Some(song.id) == self.current)
    }

    /// A song by number.
    pub fn song_by_id(&mut self, id: Id) -> Option<&mut Song> {
        self.songs.iter_mut().find(|song| song.id == id)
    }

    /// Closes a song; its neighbour takes its place in the lanes.
    pub fn close(&mut self, id: Id) {
        let Some(index) = self.songs.iter().position(|song| song.id == id) else {
            return;
        };
        self.songs.remove(index);
        if self.current == Some(id) {
            self.current = self
                .songs
                .get(index)
                .or(self.songs.last())
                .map(|song| song.id);
        }
    }
}

/// Undo and redo for one kind of value.
#[derive(Debug, Clone, Default)]
pub struct History {
    past: Vec<(Id, Arrangement, &'static str)>,
    future: Vec<(Id, Arrangement, &'static str)>,
}

/// Steps that are remembered.
const MAX_STEPS: usize = 200;

impl History {
    /// Remembers a song's arrangement before an edit. Edits with the same name in a row, where
    /// `joins` (one drag of a slider), are one step.
    pub fn record(&mut self, song: &Song, edit: &'static str, joins: bool) {
        self.future.clear();
        let same = self
            .past
            .last()
            .is_some_and(|(id, _, last)| *id == song.id && *last == edit);
        if same && joins {
            return;
        }
        self.past.push((song.id, song.arrangement.clone(), edit));
        if self.past.len() > MAX_STEPS {
            self.past.remove(0);
        }
    }

    /// Puts lanes into every remembered state of a song: making a take is no edit, and undoing what
    /// was done before it does not take it away.
    pub fn add_lanes(&mut self, song: Id, lanes: &[Lane]) {
        let states = self.past.iter_mut().chain(&mut self.future);
        for (_, arrangement, _) in states.filter(|(id, ..)| *id == song) {
            arrangement.lanes.extend(lanes.iter().cloned());
        }
    }

    /// Ends a run of joining edits.
    pub fn settle(&mut self) {
        if let Some((_, _, edit)) = self.past.last_mut() {
            *edit = "";
        }
    }

    /// Takes the last edit back; answers whether there was one.
    pub fn undo(&mut self, session: &mut Session) -> bool {
        Self::step(&mut self.past, &mut self.future, session)
    }

    /// Does the last undone edit again; answers whether there was one.
    pub fn redo(&mut self, session: &mut Session) -> bool {
        Self::step(&mut self.future, &mut self.past, session)
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Forgets a song's steps.
    pub fn forget(&mut self, song: Id) {
        self.past.retain(|(id, ..)| *id != song);
        self.future.retain(|(id, ..)| *id != song);
    }

    fn step(
        from: &mut Vec<(Id, Arrangement, &'static str)>,
        to: &mut Vec<(Id, Arrangement, &'static str)>,
        session: &mut Session,
    ) -> bool {
        let Some((id, arrangement, _)) = from.pop() else {
            return false;
        };
        let Some(song) = session.song_by_id(id) else {
            return false;
        };
        to.push((
            id,
            std::mem::replace(&mut song.arrangement, arrangement),
            "",
        ));
        session.current = Some(id);
        true
    }
}
