//! A song through picture files and back: one result per file, and which files stay.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stemloom::Error;
use stemloom::apply::{EncodeOptions, PictureFiles, RoundTrip, open_picture, round_trips};
use stemloom::audio::Clip;
use stemloom::phase::{PhaseMethod, PhaseSpec};
use stemloom::progress::{CancelToken, Event, Reporter};
use stemloom::spectral::Normalisation;
use stemloom::spectral::codec::Codec;

use crate::cli::files_in;
use crate::codec_files::plain_png;
use crate::common::{failure, noise};

const KEPT: PictureFiles = PictureFiles::Kept { overwrite: false };

fn paths(folder: &Path) -> Vec<PathBuf> {
    ["a.png", "a.bmp", "a.tif"]
        .map(|name| folder.join(name))
        .to_vec()
}

/// Settings that BMP has no room for.
fn normalised() -> EncodeOptions {
    let mut options = EncodeOptions::new(Codec::Colour8);
    options.stft.normalisation = Normalisation::FullScale;
    options
}

fn trips(
    options: &EncodeOptions,
    folder: &Path,
    files: PictureFiles,
    reporter: &Reporter,
) -> Result<Vec<Result<RoundTrip, Error>>, Error> {
    let clip = Clip::new(22_050, vec![noise(1, 5000)]);
    let phase = PhaseSpec::new(PhaseMethod::Zero);
    round_trips(&clip, options, &paths(folder), files, &phase, reporter)
}

#[test]
fn a_format_that_fails_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let done = trips(&normalised(), folder.path(), KEPT, &Reporter::silent()).unwrap();
    assert_eq!(done.len(), 3);
    let (png, bmp, tif) = (&done[0], &done[1], &done[2]);
    let bmp = bmp.as_ref().map(|trip| trip.bytes).unwrap_err();
    assert!(bmp.to_string().contains("choose PNG"), "{bmp}");
    let (png, tif) = (png.as_ref().unwrap(), tif.as_ref().unwrap());
    assert_eq!(
        (png.extension.as_str(), tif.extension.as_str()),
        ("png", "tif")
    );
    assert_eq!((png.snr_db, png.width), (tif.snr_db, tif.width));
    assert!(png.snr_db > 20.0, "{}", png.snr_db);
    assert_eq!(files_in(folder.path()), ["a.png", "a.tif"]);
}

#[test]
fn files_of_others_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bmp"), "theirs").unwrap();
    let options = EncodeOptions::new(Codec::Colour8);
    let done = trips(&options, folder.path(), KEPT, &Reporter::silent()).unwrap();
    let bmp = done[1].as_ref().map(|trip| trip.bytes);
    assert!(matches!(bmp, Err(Error::Exists { .. })));
    assert!(done[0].is_ok() && done[2].is_ok());
    let theirs = std::fs::read(folder.path().join("a.bmp")).unwrap();
    assert_eq!(theirs, b"theirs");
    let all = PictureFiles::Kept { overwrite: true };
    let done = trips(&options, folder.path(), all, &Reporter::silent()).unwrap();
    assert!(done.iter().all(Result::is_ok));
}

#[test]
fn pictures_that_are_not_kept_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let options = EncodeOptions::new(Codec::Colour8);
    let files = PictureFiles::Removed;
    let done = trips(&options, folder.path(), files, &Reporter::silent()).unwrap();
    assert!(
        done.iter()
            .flatten()
            .all(|trip| trip.bytes > 0 && trip.snr_db > 20.0)
    );
    assert_eq!(done.iter().flatten().count(), 3);
    assert!(files_in(folder.path()).is_empty());
}

/// Cancelled while the first picture is read again: it is there by then.
#[test]
fn cancelling_leaves_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let options = EncodeOptions::new(Codec::Colour8);
    let token = CancelToken::new();
    let stop = token.clone();
    let first = folder.path().join("a.png");
    let was_there = Arc::new(AtomicBool::new(false));
    let seen = was_there.clone();
    let reporter = Reporter::new(token, move |event| {
        if matches!(event, Event::Progress(progress) if progress.stage == "Decoding") {
            seen.store(first.exists(), Ordering::Relaxed);
            stop.cancel();
        }
    });
    let error = failure(trips(&options, folder.path(), KEPT, &reporter));
    assert!(error.is_cancelled() && was_there.load(Ordering::Relaxed));
    assert!(files_in(folder.path()).is_empty());
}

/// The words name everything that decoding needs.
#[test]
fn a_picture_without_a_description_names_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let options = EncodeOptions::new(Codec::Colour8);
    let clip = Clip::new(22_050, vec![noise(1, 5000)]);
    let reporter = Reporter::silent();
    let (_, pixels) = stemloom::apply::encode_clip(&clip, &options, &reporter).unwrap();
    let path = folder.path().join("foreign.png");
    std::fs::write(&path, plain_png(&pixels, None)).unwrap();
    let told = failure(open_picture(&path, &reporter)).to_string();
    for flag in ["--codec", "--rate", "--hop", "--full-scale"] {
        assert!(told.contains(flag), "{flag} is not in {told}");
    }
}
