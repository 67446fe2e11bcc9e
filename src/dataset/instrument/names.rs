//! Pitches from names of files: `A4`, `C#5`, `Cs5`, `Db5`, `piano_Ds3`, `guitar_acoustic_000-060-100`.

/// The MIDI pitch (0–127, C4 = 60) that a file name without its ending tells.
///
/// In this order: the whole name as a note; three digits between hyphens (or after the last one);
/// the last part, between characters other than letters, digits and `#`, that is a note with a
/// capital letter.
pub fn pitch_from_name(stem: &str) -> Option<u8> {
    note(stem)
        .or_else(|| digits(stem))
        .or_else(|| last_part(stem))
}

fn digits(stem: &str) -> Option<u8> {
    stem.split('-')
        .skip(1)
        .find(|part| part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|part| part.parse().ok())
        .filter(|pitch| *pitch <= 127)
}

fn last_part(stem: &str) -> Option<u8> {
    stem.split(|c: char| !c.is_alphanumeric() && c != '#')
        .rev()
        .filter(|part| part.starts_with(|c: char| c.is_ascii_uppercase()))
        .find_map(note)
}

/// A note's name: letter, `#` or `s` or `b`, octave −1 to 9.
fn note(text: &str) -> Option<u8> {
    let mut rest = text.chars();
    let class = match rest.next()?.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let rest = rest.as_str();
    let (shift, octave) = if let Some(octave) = rest.strip_prefix(['#', 's', '♯']) {
        (1, octave)
    } else if let Some(octave) = rest.strip_prefix(['b', '♭']) {
        (-1, octave)
    } else {
        (0, rest)
    };
    let digits = octave.strip_prefix('-').unwrap_or(octave);
    if digits.len() != 1 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let octave: i32 = octave.parse().ok()?;
    u8::try_from(12 * (octave + 1) + class + shift)
        .ok()
        .filter(|pitch| *pitch <= 127)
}
