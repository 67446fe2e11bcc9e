//! From the bytes of a MIDI file to its tracks, and the byte at which a file goes wrong.
//!
//! The chunks are walked here and not by `midly`, which passes over damage without a word.
//!
//! Format: "Standard MIDI Files 1.0", MIDI Manufacturers Association 1996; RMID is the same inside a
//! RIFF file.

use std::ops::Range;

use super::midi_events::{MOST_EVENTS, Parsed, Track, read_track};

/// Tracks that the header can count.
const MOST_TRACKS: usize = u16::MAX as usize;

/// What ticks are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clock {
    /// Ticks per quarter note, 1–32767; tempo events say how long those are.
    PerQuarter(u16),
    /// Ticks per second (SMPTE); tempo events do not count.
    PerSecond(f64),
}

/// A MIDI file whose events are known.
#[derive(Debug)]
pub(super) struct MidiFile {
    pub clock: Clock,
    /// Format 2: the tracks are pieces of their own.
    pub is_sequential: bool,
    pub tracks: Vec<Track>,
    pub warnings: Vec<String>,
}

impl MidiFile {
    /// Reads a whole file. The error says what is wrong at which byte of the file, from 0.
    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let song = song_range(bytes)?;
        let header = Header::read(bytes, &song)?;
        // What lies behind the song in a RIFF file is not looked at.
        let bytes = bytes.get(..song.end).unwrap_or(bytes);
        let mut tracks = Vec::new();
        let mut events_left = MOST_EVENTS;
        let mut at = header.end;
        while let Some((name, content)) = chunk(bytes, at) {
            let inside = bytes.get(content.clone());
            if name == b"MTrk" {
                let number = tracks.len() + 1;
                let inside = inside.ok_or_else(|| {
                    format!(
                        "track {number} breaks off at byte {}; it should go on to byte {}",
                        bytes.len(),
                        content.end
                    )
                })?;
                if number > MOST_TRACKS {
                    return Err(format!("more than {MOST_TRACKS} tracks at byte {at}"));
                }
                tracks.push(read_track(inside, content.start, number, &mut events_left)?);
            } else if inside.is_none() {
                break;
            }
            at = content.end;
        }
        if tracks.len() < header.tracks {
            return Err(format!(
                "track {} of {} is missing: no whole MTrk from byte {at} on",
                tracks.len() + 1,
                header.tracks
            ));
        }
        let mut warnings = oddities(&tracks, header.tracks);
        if at < bytes.len() {
            let left = bytes.len() - at;
            warnings.push(format!("{left} bytes behind the last track are no track"));
        }
        Ok(Self {
            clock: header.clock,
            is_sequential: header.format == 2,
            tracks,
            warnings,
        })
    }
}

/// The MIDI file's own range of bytes: all, or the data of a RIFF file.
fn song_range(bytes: &[u8]) -> Parsed<Range<usize>> {
    if !bytes.starts_with(b"RIFF") {
        return Ok(0..bytes.len());
    }
    if bytes.get(8..12) != Some(&b"RMID"[..]) {
        return Err("not a MIDI file: a RIFF file without RMID at byte 8".into());
    }
    let mut at = 12_usize;
    while let Some([name @ .., a, b, c, d]) = bytes.get(at..at.saturating_add(8)) {
        let start = at.saturating_add(8);
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        if name == b"data" {
            return Ok(start..start.saturating_add(length).min(bytes.len()));
        }
        at = start.saturating_add(length).saturating_add(length % 2);
    }
    let end = bytes.len();
    Err(format!(
        "not a MIDI file: RMID without a data chunk up to byte {end}"
    ))
}

struct Header {
    format: u16,
    tracks: usize,
    clock: Clock,
    /// The first byte behind it.
    end: usize,
}

impl Header {
    /// Read here, not by `midly`: its arithmetic overflows on one kind of bad frame rate.
    fn read(bytes: &[u8], song: &Range<usize>) -> Parsed<Self> {
        let at = song.start;
        let bytes = bytes.get(..song.end).unwrap_or(bytes);
        if bytes.get(at..at.saturating_add(4)) != Some(&b"MThd"[..]) {
            return Err(format!("not a MIDI file: no MThd at byte {at}"));
        }
        let breaks_off = || format!("the header breaks off at byte {}", bytes.len());
        let (_, content) = chunk(bytes, at).ok_or_else(breaks_off)?;
        let inside = bytes.get(content.clone()).ok_or_else(breaks_off)?;
        let start = content.start;
        let Some([f0, f1, t0, t1, c0, c1]) = inside.first_chunk::<6>() else {
            return Err(format!(
                "the header has {} bytes instead of 6 at byte {start}",
                inside.len()
            ));
        };
        let format = u16::from_be_bytes([*f0, *f1]);
        if format > 2 {
            return Err(format!("unknown MIDI format {format} at byte {start}"));
        }
        Ok(Self {
            format,
            tracks: u16::from_be_bytes([*t0, *t1]).into(),
            clock: clock(*c0, *c1)
                .ok_or_else(|| format!("impossible time division at byte {}", start + 4))?,
            end: content.end,
        })
    }
}

/// With the top bit set: minus the frames per second, then ticks per frame; else ticks per quarter.
fn clock(high: u8, low: u8) -> Option<Clock> {
    if high < 0x80 {
        let ticks = u16::from_be_bytes([high, low]);
        return (ticks > 0).then_some(Clock::PerQuarter(ticks));
    }
    let frames_per_sec = match (high as i8).unsigned_abs() {
        29 => 30.0 / 1.001,
        frames @ (24 | 25 | 30) => f64::from(frames),
        _ => return None,
    };
    (low > 0).then_some(Clock::PerSecond(frames_per_sec * f64::from(low)))
}

/// The chunk at a byte: its name, and its content, which may reach beyond the file.
fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8], Range<usize>)> {
    let start = at.checked_add(8)?;
    let [name @ .., a, b, c, d] = bytes.get(at..start)? else {
        return None;
    };
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    Some((name, start..start.saturating_add(length)))
}

/// What can be read all the same and should be told.
fn oddities(tracks: &[Track], announced: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if tracks.len() > announced {
        let found = tracks.len();
        warnings.push(format!(
            "{found} tracks instead of the {announced} announced"
        ));
    }
    let endless = tracks.iter().filter(|track| !track.has_end_mark).count();
    if endless > 0 {
        warnings.push(format!("tracks without an end mark: {endless}"));
    }
    let longer = tracks.iter().filter(|t| t.has_more_behind_end).count();
    if longer > 0 {
        warnings.push(format!("tracks with bytes behind their end mark: {longer}"));
    }
    warnings
}
