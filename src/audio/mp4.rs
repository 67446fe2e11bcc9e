//! What an MP4 says about its tracks that the demuxer does not pass on: their names, and the edit
//! list, which tells where the music starts and ends inside the coded frames.
//!
//! ISO/IEC 14496-12: boxes 8.1, track header 8.3, media header 8.4, edit list 8.6.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Largest movie box read: an hour of audio needs well under one megabyte.
const MAX_MOOV_BYTES: u64 = 64 << 20;

/// One track's own words.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Mp4Track {
    pub(super) id: u32,
    pub(super) name: Option<String>,
    /// Ticks per second of the media.
    pub(super) timescale: u32,
    /// Coded ticks before the music starts.
    pub(super) start_ticks: u64,
    /// Ticks of music; `None` if the file does not say.
    pub(super) length_ticks: Option<u64>,
}

/// All tracks of the file, or none if it is no MP4 that can be read.
pub(super) fn tracks(path: &Path) -> Vec<Mp4Track> {
    read_moov(path).map_or_else(Vec::new, |moov| parse(&moov))
}

fn read_moov(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut at = 0;
    while at + 8 <= length {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let mut size = u64::from(be32(&head, 0)?);
        let mut header = 8;
        if size == 1 {
            file.read_exact(&mut head[8..16]).ok()?;
            size = be64(&head, 8)?;
            header = 16;
        } else if size == 0 {
            size = length - at;
        }
        if size < header {
            return None;
        }
        if &head[4..8] == b"moov" {
            let mut body = vec![0; (size - header).min(MAX_MOOV_BYTES) as usize];
            file.read_exact(&mut body).ok()?;
            return Some(body);
        }
        at = at.checked_add(size)?;
    }
    None
}

/// The children of a container box.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut out = Vec::new();
    while let (Some(size), Some(kind)) = (be32(bytes, 0), bytes.get(4..8)) {
        let (header, size) = match size {
            0 => (8, bytes.len()),
            1 => (16, be64(bytes, 8).unwrap_or(0) as usize),
            size => (8, size as usize),
        };
        if size < header || size > bytes.len() {
            break;
        }
        out.push(([kind[0], kind[1], kind[2], kind[3]], &bytes[header..size]));
        bytes = &bytes[size..];
    }
    out
}

fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes)
        .into_iter()
        .find(|(k, _)| k == kind)
        .map(|(_, body)| body)
}

fn parse(moov: &[u8]) -> Vec<Mp4Track> {
    let movie_timescale = child(moov, b"mvhd")
        .and_then(|b| be32(b, timescale_at(b)))
        .unwrap_or(0);
    boxes(moov)
        .into_iter()
        .filter(|(kind, _)| kind == b"trak")
        .filter_map(|(_, trak)| parse_track(trak, movie_timescale))
        .collect()
}

/// Creation and modification time come first, twice as long in version 1.
fn timescale_at(full_box: &[u8]) -> usize {
    if full_box.first() == Some(&1) { 20 } else { 12 }
}

fn parse_track(trak: &[u8], movie_timescale: u32) -> Option<Mp4Track> {
    let tkhd = child(trak, b"tkhd")?;
    let mdia = child(trak, b"mdia")?;
    let mdhd = child(mdia, b"mdhd")?;
    let timescale = be32(mdhd, timescale_at(mdhd))?;
    let media_ticks = if mdhd.first() == Some(&1) {
        be64(mdhd, 24)
    } else {
        be32(mdhd, 16).map(u64::from)
    };
    let name = child(trak, b"udta")
        .and_then(|udta| child(udta, b"name"))
        .or_else(|| child(mdia, b"hdlr").and_then(|hdlr| hdlr.get(24..)))
        .and_then(text);
    let mut track = Mp4Track {
        id: be32(tkhd, timescale_at(tkhd))?,
        name,
        timescale,
        ..Mp4Track::default()
    };
    let edit = child(trak, b"edts")
        .and_then(|edts| child(edts, b"elst"))
        .and_then(first_edit);
    if let Some((segment, start)) = edit {
        track.start_ticks = start;
        let seconds_to_ticks = f64::from(timescale) / f64::from(movie_timescale.max(1));
        let length = (segment as f64 * seconds_to_ticks).round() as u64;
        let rest = media_ticks.map(|ticks| ticks.saturating_sub(start));
        // The movie's clock is often 1000 ticks a second; where the end of the media lies within
        // its rounding, the media's own clock is the better witness.
        track.length_ticks = match rest {
            Some(rest) if length == 0 || rest.abs_diff(length) as f64 <= seconds_to_ticks + 1.0 => {
                Some(rest)
            }
            _ => (length > 0).then_some(length),
        };
    }
    Some(track)
}

/// Duration and media start of the first edit that is not an empty one.
fn first_edit(elst: &[u8]) -> Option<(u64, u64)> {
    let version = *elst.first()?;
    let count = be32(elst, 4)? as usize;
    (0..count.min(16)).find_map(|i| {
        let (segment, start) = if version == 1 {
            (be64(elst, 8 + 20 * i)?, be64(elst, 16 + 20 * i)? as i64)
        } else {
            let start = be32(elst, 12 + 12 * i)? as i32;
            (u64::from(be32(elst, 8 + 12 * i)?), i64::from(start))
        };
        Some((segment, u64::try_from(start).ok()?))
    })
}

/// A name that says something: the usual handler names do not.
fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace() || c.is_control());
    let handler = ["SoundHandler", "Core Media Audio", "soun"].contains(&text);
    (!text.is_empty() && !handler).then(|| text.to_owned())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
