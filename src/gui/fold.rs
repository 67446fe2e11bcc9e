//! What workers answer, folded into the window's state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::app::App;
use super::batch::BatchAction;
use super::dialogs::Picked;
use super::jobs::JobEvent;
use super::made::take_made;
use super::notices::Level;
use super::scene::{ClipView, OutputState};
use super::truth::TruthAction;
use crate::apply::peak_warnings;
use crate::audio::{AudioInfo, Clip, TrackInfo};
use crate::display::{PeakPyramid, Viewport};
use crate::error::Error;
use crate::playback::PlayerEvent;
use crate::session::{Arrangement, Id, Lane, LaneView, Song};

/// Longest time spent on answers in one frame.
const BUDGET: Duration = Duration::from_millis(8);

/// Takes answers until there are none or the time is up.
pub(super) fn drain(app: &mut App, ctx: &egui::Context) {
    let started = Instant::now();
    while started.elapsed() < BUDGET {
        let Some(event) = app.jobs.answer() else {
            break;
        };
        let is_calm = is_calm(&event);
        fold(app, event, ctx);
        // What is left when the time is up comes with the next frame.
        if !is_calm || started.elapsed() >= BUDGET {
            ctx.request_repaint();
        }
    }
    let events: Vec<PlayerEvent> = app
        .player
        .iter()
        .flat_map(|player| player.events().collect::<Vec<_>>())
        .collect();
    for event in events {
        app.output = match event {
            PlayerEvent::Opened(name, rate) => OutputState::Open(name, rate),
            PlayerEvent::Silent(reason) => {
                app.notices.add(
                    Level::Warning,
                    format!("No sound: {}. Everything else works; choose an output in the settings or try again", reason.trim_end_matches('.')),
                );
                OutputState::Silent(reason)
            }
        };
    }
}

/// Whether the frame that takes an answer in is enough for it.
fn is_calm(event: &JobEvent) -> bool {
    match event {
        #[cfg(feature = "train")]
        JobEvent::Learn(_, event) => event.is_calm(),
        _ => false,
    }
}

fn fold(app: &mut App, event: JobEvent, ctx: &egui::Context) {
    match event {
        JobEvent::Progress(..) => {}
        JobEvent::Warning(text) => app.notices.add(Level::Warning, text),
        JobEvent::Announced(song, clip, info) => announced(app, (song, clip), &info),
        JobEvent::Sketched(clip, parts) => {
            app.sketches.insert(clip, parts);
        }
        JobEvent::Opened {
            song,
            clip,
            stem,
            info,
            audio,
            peaks,
            ..
        } => {
            opened(app, (song, clip), stem, &info, audio, peaks);
        }
        JobEvent::Measured(clip, overview) => {
            if let Some(view) = app.clips.get_mut(&clip) {
                view.overview = Some(overview);
            }
        }
        JobEvent::TakeMade(job, made) => {
            app.reconstruct.ended(job);
            take_made(app, *made);
        }
        JobEvent::Converged(job, point) => app.reconstruct.converged(job, point),
        JobEvent::Loudness(job, measured) => {
            app.listen.measured(job, measured);
            app.send_lanes();
        }
        JobEvent::Exported(_, files, gain) => {
            for warning in peak_warnings(&files) {
                app.notices.add(Level::Warning, warning);
            }
            let folder = files
                .first()
                .and_then(|f| f.path.parent())
                .map(|p| p.display().to_string());
            let lowered = if gain < 1.0 {
                format!(", all lowered by {:.1} dB", -20.0 * gain.log10())
            } else {
                String::new()
            };
            let count = files.len();
            app.notices.add(
                Level::Info,
                format!(
                    "{count} file{} written{lowered}: {}",
                    if count == 1 { "" } else { "s" },
                    folder.unwrap_or_default()
                ),
            );
        }
        JobEvent::Scanned(_, runtime, shelf) => {
            app.runtime = Some(*runtime);
            app.shelf = shelf;
        }
        JobEvent::CardWanted(_, draft) => app.card_draft = Some(draft),
        JobEvent::Ended(job) => app.evaluate_ended(job),
        JobEvent::Wrote(_, path) => {
            app.notices
                .add(Level::Info, format!("Written: {}", path.display()));
        }
        JobEvent::BatchLooked(_, jobs, problems) => {
            app.batch.looked(jobs, problems, &mut app.notices);
        }
        JobEvent::BatchPlanned(plan) => app.batch.planned(&plan, &mut app.notices),
        JobEvent::BatchStarted(board) => {
            app.batch.totals = board.totals();
            app.batch.board = Some(board);
        }
        JobEvent::Batch(event) => {
            app.batch.happened(event, &mut app.notices);
            if let Some((job, progress)) = app.batch.job_progress()
                && let Some(job) = app.jobs.running.get_mut(&job)
            {
                job.progress = Some(progress);
            }
        }
        JobEvent::BatchOver(_, over) => {
            let ran = over.is_some();
            app.batch.over(over, ctx, &mut app.notices);
            if ran {
                app.go_on_with_batch();
            }
        }
        JobEvent::Failed(job, clip, error) => {
            app.batch.failed(job);
            app.reconstruct.ended(job);
            app.listen.failed(job);
            let is_told = app.jobs.was_forgotten(job)
                | app.train.failed(job, &error)
                | app.evaluate.failed(job, &error)
                | app.truth.failed(job, &error);
            #[cfg(feature = "train")]
            app.read_ended_run();
            if let Some(clip) = clip {
                not_opened(app, clip, &error.to_string());
            }
            match error {
                _ if is_told => {}
                Error::Cancelled => {
                    app.notices
                        .add(Level::Info, "Cancelled; nothing was left half-done");
                }
                error => app.notices.add(Level::Error, error.to_string()),
            }
        }
        JobEvent::Train(job, event) => app.train_event(job, *event),
        JobEvent::Transfer(_, event) => app.transfer_event(*event, ctx),
        #[cfg(feature = "train")]
        JobEvent::Learn(job, event) => app.learn_event(job, *event, ctx),
        JobEvent::Evaluate(job, event) => app.evaluate_event(job, *event),
        JobEvent::Truth(job, event) => app.truth_event(job, *event),
        JobEvent::Picked(picked) => {
            app.dialog_open = false;
            match picked {
                Picked::Files(files) => app.take_paths(files),
                Picked::BatchOut(Some(folder)) => {
                    app.batch.form.out = folder.display().to_string();
                }
                Picked::SongsFolder(Some(folder)) => {
                    app.execute_batch(BatchAction::Add(vec![folder]), ctx);
                }
                Picked::Data(of, Some(path)) => app.picked_data(of, path),
                Picked::Scores(pick, Some(path)) => app.picked_evaluate(pick, path),
                Picked::Transfer(pick, path) => app.picked_transfer(pick, path, ctx),
                Picked::Truth(song, folder @ Some(_)) => {
                    app.execute_truth(TruthAction::Choose(song, folder), ctx);
                }
                Picked::BatchOut(None) | Picked::SongsFolder(None) | Picked::Data(_, None) => {}
                Picked::Scores(_, None) | Picked::Truth(_, None) => {}
                Picked::Folder(Some(folder)) => app.export.set_folder(&folder),
                Picked::Folder(None) | Picked::Csv(_, None) | Picked::Picture(None) => {}
                Picked::Csv(of, Some(path)) => app.save_csv(of, path),
                Picked::Picture(Some(path)) => app.save_picture(path),
            }
        }
    }
}

/// A song whose header was read: it stands in the library and its lane fills up.
fn announced(app: &mut App, (song_id, clip_id): (Id, Id), info: &AudioInfo) {
    if app.session.song_by_id(song_id).is_none() {
        app.announced.insert(song_id);
        add_song(app, (song_id, clip_id), info);
    }
}

fn opened(
    app: &mut App,
    (song_id, clip_id): (Id, Id),
    stem: bool,
    info: &AudioInfo,
    audio: Clip,
    peaks: Arc<Vec<PeakPyramid>>,
) {
    let (seconds, rate) = (audio.seconds(), audio.sample_rate_hz());
    app.sketches.remove(&clip_id);
    app.failed.remove(&clip_id);
    if stem && app.session.song_by_id(song_id).is_none() {
        // It was closed meanwhile.
        return;
    }
    let view = ClipView {
        song: song_id,
        clip: audio,
        peaks,
        overview: None,
    };
    app.clips.insert(clip_id, view);
    if !stem {
        app.announced.remove(&song_id);
        if app.session.song_by_id(song_id).is_none() {
            add_song(app, (song_id, clip_id), info);
        }
        if let Some(song) = app.session.song_by_id(song_id) {
            // The header may have promised another length, or the file changed since last time.
            song.seconds = seconds;
            song.sample_rate_hz = rate;
            song.view.total_secs = seconds;
            song.view.scroll(0.0);
        }
    }
    app.send_lanes();
}

fn add_song(app: &mut App, (song_id, clip_id): (Id, Id), info: &AudioInfo) {
    let lane_id = app.session.new_id();
    let mixture = Lane {
        id: lane_id,
        clip: clip_id,
        name: "Mixture".into(),
        take: None,
        offset_secs: 0.0,
        muted: false,
        soloed: false,
        gain_db: 0.0,
        view: LaneView::Both,
        overlay: None,
    };
    let track = app.pending_tracks.remove(&song_id);
    let seconds = info.seconds.unwrap_or(0.0);
    let mut view = Viewport {
        total_secs: seconds,
        ..Viewport::default()
    };
    view.fit();
    app.session.songs.push(Song {
        id: song_id,
        path: info.path.clone(),
        track,
        tags: info.tags.clone(),
        sample_rate_hz: info.sample_rate,
        seconds,
        arrangement: Arrangement {
            lanes: vec![mixture],
            ..Arrangement::default()
        },
        takes: Vec::new(),
        listening: Vec::new(),
        view,
        playhead_secs: 0.0,
    });
    app.session.current = Some(song_id);
    app.chosen_lane = Some(lane_id);
    if info.tracks.len() > 1 && track.is_none() {
        let name = |t: &TrackInfo| {
            t.name
                .clone()
                .unwrap_or_else(|| format!("track {}", t.index))
        };
        let names: Vec<String> = info.tracks.iter().map(name).collect();
        app.notices.add(
            Level::Info,
            format!(
                "This file has {} audio tracks ({}); right-click the song to open another",
                names.len(),
                names.join(", ")
            ),
        );
        app.tracks.insert(song_id, names);
    }
}

/// A file that could not be read: a song that was only announced goes again, one of the last
/// session stays and says why it is empty.
fn not_opened(app: &mut App, clip: Id, reason: &str) {
    app.sketches.remove(&clip);
    let holds = |song: &&Song| song.arrangement.lanes.iter().any(|lane| lane.clip == clip);
    let song = app.session.songs.iter().find(holds).map(|song| song.id);
    match song {
        Some(id) if app.announced.remove(&id) => app.session.close(id),
        Some(_) => {
            app.failed.insert(clip, reason.to_owned());
        }
        None => {}
    }
}
