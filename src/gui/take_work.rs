//! What a worker does to make a take: run the method, keep the sounds, write down what was done.

use std::path::Path;
use std::sync::Arc;

use super::jobs::{MadeTake, SeparateRequest, Stems};
use crate::apply::{
    self, ClipFile, ExportOptions, FileSink, MemorySink, PeakRule, SeparateOptions, Separator,
    SongName,
};
use crate::audio::{AudioFormat, Clip, decode, sanitise_file_name};
use crate::display::PeakPyramid;
use crate::error::Result;
use crate::progress::Reporter;
use crate::session::{Span, Take};

/// Splits a song as the request says.
pub(super) fn separate(
    separator: &mut dyn Separator,
    model_sha256: Option<String>,
    request: &SeparateRequest,
    reporter: &Reporter,
) -> Result<MadeTake> {
    let clip = &request.clip.0;
    let options = SeparateOptions {
        region: request.region,
        post: request.post.clone(),
        ..Default::default()
    };
    let mut source = clip.reader(0..clip.frames());
    let (done, sounds) = match &request.folder {
        None => {
            let mut sink = MemorySink::new();
            let done = apply::separate(&mut source, separator, &options, &mut sink, reporter)?;
            let stems = sink.finish()?.into_iter().map(|(name, clip)| {
                let peaks = outlines(&clip);
                (name, None, clip, peaks)
            });
            (done, stems.collect())
        }
        Some(folder) => {
            let export = ExportOptions {
                folder: folder.clone(),
                format: AudioFormat::Wav32f,
                pattern: "{stem}".into(),
                sample_rate_hz: None,
                peaks: PeakRule::Keep,
                overwrite: false,
            };
            let names: Vec<String> = separator
                .stems()
                .into_iter()
                .chain(separator.residual())
                .collect();
            let song = SongName::default();
            let shape = (clip.sample_rate_hz(), clip.num_channels());
            export.check(&song, &names, shape, Some(clip.frames() as u64))?;
            let mut sink = FileSink::new(export, song);
            let done = apply::separate(&mut source, separator, &options, &mut sink, reporter)?;
            let (files, _) = sink.finish(reporter)?;
            let stems = files
                .into_iter()
                .map(|file| {
                    let (clip, _) = decode(&file.path, None, reporter)?;
                    let peaks = outlines(&clip);
                    Ok((file.name, Some(file.path), clip, peaks))
                })
                .collect::<Result<_>>()?;
            (done, stems)
        }
    };
    let start = request.region.map(|region| region.start_secs);
    let post: Vec<String> = request
        .post
        .iter()
        .map(|post| format!("{post:?}").to_lowercase())
        .collect();
    let said = format!(
        "{} split {:.1} s in {:.1} s on {}; the stems add up to within {:.0} dB",
        request.model, done.audio_secs, done.taken_secs, done.device, done.residual_db
    );
    let take = Take {
        model: request.model.clone(),
        model_sha256,
        params: request.params.clone(),
        remark: post.join(" · "),
        region: start.map(|start_secs| Span {
            start_secs,
            end_secs: start_secs + done.audio_secs,
        }),
        device: done.device,
        made_unix_secs: unix_secs_now(),
        taken_secs: done.taken_secs,
        residual_db: done.residual_db,
        ..Take::default()
    };
    Ok(MadeTake {
        song: request.song,
        take,
        sounds,
        offset_secs: start.unwrap_or(0.0),
        said,
    })
}

/// One sound of a take, written into the folder if there is one.
pub(super) fn keep(
    name: &str,
    clip: Clip,
    folder: Option<&Path>,
    reporter: &Reporter,
) -> Result<Stems> {
    let (clip, path) = match folder {
        None => (clip, None),
        Some(folder) => {
            let path = folder.join(format!("{}.wav", sanitise_file_name(name)));
            let file = ClipFile::new(path, Some(AudioFormat::Wav32f), false)?;
            file.write(&clip, reporter)?;
            // From the file on: a long clip need not stay in memory.
            (decode(&file.path, None, reporter)?.0, Some(file.path))
        }
    };
    let peaks = outlines(&clip);
    Ok(vec![(name.to_owned(), path, clip, peaks)])
}

/// The outlines of all channels.
pub(super) fn outlines(clip: &Clip) -> Arc<Vec<PeakPyramid>> {
    Arc::new(clip.channels().into_iter().map(PeakPyramid::new).collect())
}

/// Seconds since 1970, UTC.
pub(super) fn unix_secs_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
