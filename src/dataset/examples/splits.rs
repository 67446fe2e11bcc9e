//! Which song is for what: always whole songs, never parts of one.

use std::collections::{BTreeMap, HashMap};

use super::sources::Found;
use super::spec::ExampleSpec;
use crate::dataset::draws::Draws;
use crate::dataset::multitrack::Split;
use crate::error::{Error, Result};

/// Gives every song a split: its folder's, or else one drawn by the spec's fractions; with `fold`
/// all that are not for the test are parted anew. Songs stand in an order in which each has its place
/// by its own name and the seed, so that one song more moves few others. Of songs with one name in
/// two splits one is kept
/// (test before validation before training) and the other is told. `songs` are by name.
///
/// # Errors
/// [`Error::Setting`] if there are fewer songs than folds.
pub(super) fn assign(
    songs: &mut Vec<Found>,
    spec: &ExampleSpec,
    problems: &mut Vec<String>,
) -> Result<()> {
    leave_out_leaks(songs, problems);
    let open = groups(songs, spec.seed, "splits", |split| split == Split::None);
    let total = open.len();
    let share = |fraction: f64, left: usize| {
        let wanted = (fraction * total as f64).round() as usize;
        let least = usize::from(fraction > 0.0);
        wanted.max(least).min(left.saturating_sub(1))
    };
    // The test comes first, so that it is the same whatever is done with the others; but it must
    // not take the only song that could be for validation.
    let for_valid = usize::from(spec.valid_fraction > 0.0 || spec.fold.is_some());
    let test = share(spec.test_fraction, total.saturating_sub(for_valid));
    let valid = share(spec.valid_fraction, total - test);
    for (place, group) in open.into_iter().enumerate() {
        let split = if place < test {
            Split::Test
        } else if place < test + valid {
            Split::Valid
        } else {
            Split::Train
        };
        group.into_iter().for_each(|song| songs[song].split = split);
    }
    if let Some((k, of)) = spec.fold {
        let rest = groups(songs, spec.seed, "folds", |split| split != Split::Test);
        let total = rest.len();
        if total < of {
            let problem = format!("{of} folds need as many songs; there are {total}");
            return Err(Error::setting("fold", problem));
        }
        for (place, group) in rest.into_iter().enumerate() {
            // Neighbours are of one fold: a song more moves only those at the borders.
            let is_valid = place * of / total == k % of;
            let split = if is_valid { Split::Valid } else { Split::Train };
            group.into_iter().for_each(|song| songs[song].split = split);
        }
    }
    Ok(())
}

/// The songs whose split is wanted, in an order of chance: each group's place is by a draw that its
/// name alone decides. Sections of one song are together.
fn groups(
    songs: &[Found],
    seed: u64,
    purpose: &str,
    wanted: impl Fn(Split) -> bool,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, song) in songs.iter().enumerate() {
        if wanted(song.split) {
            let group = groups.entry(song.group.to_lowercase()).or_default();
            group.push(place);
        }
    }
    let mut drawn: Vec<(u64, Vec<usize>)> = groups
        .into_iter()
        .map(|(name, group)| {
            let mut draws = Draws::of_name(seed, &format!("{purpose}/{name}"));
            (draws.whole(), group)
        })
        .collect();
    // Equal draws stay in the order of their names.
    drawn.sort_by_key(|(draw, _)| *draw);
    drawn.into_iter().map(|(_, group)| group).collect()
}

fn leave_out_leaks(songs: &mut Vec<Found>, problems: &mut Vec<String>) {
    let rank = |split: Split| match split {
        Split::Test => 0,
        Split::Valid => 1,
        Split::Train => 2,
        Split::None => 3,
    };
    let mut best: HashMap<String, Split> = HashMap::new();
    for song in songs.iter() {
        let kept = best.entry(song.group.to_lowercase()).or_insert(song.split);
        if rank(song.split) < rank(*kept) {
            *kept = song.split;
        }
    }
    songs.retain(|song| {
        let kept = best.get(&song.group.to_lowercase());
        let kept = kept.copied().unwrap_or(song.split);
        if kept != song.split {
            let (name, own) = (&song.name, song.split.name());
            problems.push(format!(
                "{name}: is in {own} and in {}; the one in {own} is left out",
                kept.name()
            ));
        }
        kept == song.split
    });
}
