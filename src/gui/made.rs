//! A take that was made, put into its song.

use super::app::App;
use super::jobs::{Clip2, MadeTake, Request};
use super::notices::Level;
use super::scene::ClipView;
use super::settings::Workspace;
use crate::session::{Id, Lane, LaneView};

/// A take's lanes. In the Workbench they are heard instead of what was heard before; elsewhere
/// nothing jumps.
pub(super) fn take_made(app: &mut App, made: MadeTake) {
    let MadeTake {
        song,
        mut take,
        sounds,
        offset_secs,
        said,
    } = made;
    take.id = app.session.new_id();
    let ids: Vec<(Id, Id)> = sounds
        .iter()
        .map(|_| (app.session.new_id(), app.session.new_id()))
        .collect();
    let heard = app.settings.workspace == Workspace::Workbench;
    let Some(song) = app.session.song_by_id(song) else {
        return;
    };
    take.files = sounds
        .iter()
        .filter_map(|(name, path, ..)| Some((name.clone(), path.clone()?)))
        .collect();
    let word = if take.files.is_empty() {
        "Preview"
    } else {
        "Take"
    };
    let number = 1 + song
        .takes
        .iter()
        .filter_map(|take| number_of(&take.name))
        .max()
        .unwrap_or(0);
    take.name = format!("{word} {number}");
    for lane in song.arrangement.lanes.iter_mut().filter(|_| heard) {
        lane.muted = true;
    }
    let mut lanes = Vec::new();
    let mut unseen = Vec::new();
    for ((name, _, clip, peaks), (lane_id, clip_id)) in sounds.into_iter().zip(&ids) {
        unseen.push((*clip_id, Clip2(clip.clone())));
        lanes.push(Lane {
            id: *lane_id,
            clip: *clip_id,
            name,
            take: Some(take.id),
            offset_secs,
            muted: !heard,
            soloed: false,
            gain_db: 0.0,
            view: LaneView::Both,
            overlay: None,
        });
        app.clips.insert(
            *clip_id,
            ClipView {
                song: song.id,
                clip,
                peaks,
                overview: None,
            },
        );
    }
    app.history.add_lanes(song.id, &lanes);
    song.arrangement.lanes.extend(lanes);
    song.takes.push(take);
    // For their spectrograms from afar.
    app.jobs.start("Looking at the take", Request::Look(unseen));
    if heard {
        app.chosen_lane = ids.first().map(|(lane, _)| *lane);
    }
    app.notices.add(Level::Info, said);
    app.send_lanes();
}

/// The number in "Take 12" and "Preview 12".
fn number_of(name: &str) -> Option<u64> {
    let digits = name
        .strip_prefix("Take ")
        .or(name.strip_prefix("Preview "))?;
    digits.parse().ok()
}
