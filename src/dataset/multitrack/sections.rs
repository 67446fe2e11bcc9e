//! Where sections of a song begin.

/// Starts of `count` sections of `section_samples` frames each, in frames at `sample_rate_hz`: evenly
/// divided over what follows the intro, the first right after it.
///
/// With L the song, S the intro and n the section, all in frames, section i of N begins at
/// S + min(i·(L − S)/N, i·(L − S − n)/(N − 1)), rounded down: each stretch of (L − S)/N begins with a
/// section, and where sections are longer than that they overlap evenly and the last ends with the
/// song. What falls on the same frame is there once; a song with less than one section left has one,
/// whose end is to be filled with silence. None if the song ends before the intro does.
pub fn sections(
    song_secs: f64,
    count: usize,
    start_secs: f64,
    section_samples: usize,
    sample_rate_hz: u32,
) -> Vec<u64> {
    // The cast makes 0 of what is negative or no number.
    let frames = |secs: f64| (secs * f64::from(sample_rate_hz)).round() as u64;
    let (song, intro) = (frames(song_secs), frames(start_secs));
    if intro >= song || count == 0 || section_samples == 0 {
        return Vec::new();
    }
    let rest = u128::from(song - intro);
    let room = rest.saturating_sub(section_samples as u128);
    // More sections than frames would only fall on the same frames.
    let count = rest.min(count as u128);
    let mut starts: Vec<u64> = (0..count)
        .map(|i| {
            let stretch = i * rest / count;
            let fitting = i * room / (count - 1).max(1);
            intro + stretch.min(fitting) as u64
        })
        .collect();
    starts.dedup();
    starts
}
