//! From the bytes of one MIDI track to the events that matter to notes.
//!
//! `midly` understands the events. It stops at damage without a word, so each event's place is
//! remembered, and what an event says of its own length is checked.

use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

/// Events in all tracks that a file may have; more is damage or malice.
pub(super) const MOST_EVENTS: usize = 10_000_000;

/// A sentence on what is wrong, with the byte.
pub(super) type Parsed<T> = std::result::Result<T, String>;

/// What an event does; numbers as in the file, channels from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Action {
    On {
        channel: u8,
        pitch: u8,
        velocity: u8,
    },
    Off {
        channel: u8,
        pitch: u8,
    },
    Control {
        channel: u8,
        controller: u8,
        value: u8,
    },
    Program {
        channel: u8,
        program: u8,
    },
    Tempo {
        micros_per_quarter: u32,
    },
}

/// One event that matters to notes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// Ticks from the start of the track.
    pub tick: u64,
    pub action: Action,
}

/// One track.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub events: Vec<Event>,
    /// When its last event is.
    pub end_tick: u64,
    pub name: Option<String>,
    /// Whether an end mark closes it.
    pub has_end_mark: bool,
    /// Whether bytes follow its end mark.
    pub has_more_behind_end: bool,
}

/// Reads the events of one track, whose first byte is byte `start` of the file.
pub(super) fn read_track(
    bytes: &[u8],
    start: usize,
    number: usize,
    events_left: &mut usize,
) -> Parsed<Track> {
    let mut track = Track::default();
    let mut tick = 0;
    let mut events = EventIter::new(bytes);
    while !events.unread().is_empty() {
        let rest = events.unread();
        let at = start + (bytes.len() - rest.len());
        if *events_left == 0 {
            return Err(format!("more than {MOST_EVENTS} events, at byte {at}"));
        }
        *events_left -= 1;
        let measured = measured_event(rest);
        if measured.is_some_and(|(_, length)| length > rest.len()) {
            return Err(format!(
                "track {number} breaks off at byte {} within the event at byte {at}",
                start + bytes.len()
            ));
        }
        let status = events.running_status();
        let kind = match (events.next(), measured) {
            (Some(Ok(event)), _) => {
                tick += u64::from(event.delta.as_int());
                Some(event.kind)
            }
            // `midly` gives up on metadata with odd content, which says nothing about notes.
            (_, Some((delta, length))) => {
                tick += u64::from(delta);
                events = EventIter::new(rest.get(length..).unwrap_or_default());
                None
            }
            _ => {
                return Err(format!("track {number} makes no sense from byte {at} on"));
            }
        };
        if measured.is_some() {
            // Some programs let the running status go on behind metadata.
            *events.running_status_mut() = status;
        }
        track.end_tick = tick;
        match kind {
            Some(TrackEventKind::Meta(MetaMessage::EndOfTrack)) => {
                track.has_end_mark = true;
                track.has_more_behind_end = !events.unread().is_empty();
                break;
            }
            Some(TrackEventKind::Meta(MetaMessage::TrackName(name))) if track.name.is_none() => {
                track.name = words(name);
            }
            Some(kind) => {
                let event = action(kind).map(|action| Event { tick, action });
                track.events.extend(event);
            }
            None => {}
        }
    }
    Ok(track)
}

/// Of metadata and system exclusive events, which tell their own length: the ticks before it and its
/// bytes in all. The bytes are beyond every file where the length itself breaks off.
fn measured_event(rest: &[u8]) -> Option<(u32, usize)> {
    let (delta, at) = number_at(rest, 0)?;
    let at = match rest.get(at)? {
        0xFF => at + 2,
        0xF0 | 0xF7 => at + 1,
        _ => return None,
    };
    let length = number_at(rest, at).map_or(usize::MAX, |(length, at)| at + length as usize);
    Some((delta, length))
}

/// A number in seven bits per byte, of at most four bytes, and where it ends.
fn number_at(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let mut number = 0;
    for (i, byte) in bytes.get(start..)?.iter().take(4).enumerate() {
        number = (number << 7) | u32::from(byte & 0x7F);
        if *byte < 0x80 || i == 3 {
            return Some((number, start + i + 1));
        }
    }
    None
}

/// What an event does, if it matters to notes.
fn action(kind: TrackEventKind<'_>) -> Option<Action> {
    let (channel, message) = match kind {
        TrackEventKind::Midi { channel, message } => (channel.as_int(), message),
        TrackEventKind::Meta(MetaMessage::Tempo(micros)) => {
            return Some(Action::Tempo {
                micros_per_quarter: micros.as_int(),
            });
        }
        _ => return None,
    };
    match message {
        MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => Some(Action::On {
            channel,
            pitch: key.as_int(),
            velocity: vel.as_int(),
        }),
        MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => Some(Action::Off {
            channel,
            pitch: key.as_int(),
        }),
        MidiMessage::Controller { controller, value } => Some(Action::Control {
            channel,
            controller: controller.as_int(),
            value: value.as_int(),
        }),
        MidiMessage::ProgramChange { program } => Some(Action::Program {
            channel,
            program: program.as_int(),
        }),
        _ => None,
    }
}

/// UTF-8, or else the Latin letters of older files; `None` if there is nothing to read.
fn words(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().map(|byte| char::from(*byte)).collect(),
        str::to_owned,
    );
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}
