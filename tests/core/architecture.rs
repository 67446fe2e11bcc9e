//! The borders of `src`: who may use what, file sizes, first lines.
//!
//! Order: the rules on the real files → a made-up file that breaks them, which must be seen. How
//! sources are read is in `sources.rs`.

use std::collections::BTreeSet;

use crate::sources::{code_of, first_word, heads, positions, sources, uses_crate};

/// Each module of the library and the modules it may use.
const MODULES: [(&str, &[&str]); 19] = [
    ("error", &[]),
    ("memory", &[]),
    ("paths", &[]),
    ("progress", &["error"]),
    ("audio", &["error", "progress", "paths"]),
    ("spectral", &["error"]),
    ("phase", &["error", "progress", "spectral"]),
    ("model", &["error", "progress", "paths", "spectral"]),
    (
        "apply",
        &[
            "error", "progress", "paths", "audio", "spectral", "phase", "model",
        ],
    ),
    ("display", &["error", "progress", "audio", "spectral"]),
    (
        "listen",
        &["error", "progress", "paths", "audio", "spectral"],
    ),
    (
        "dataset",
        &["error", "progress", "paths", "audio", "spectral", "apply"],
    ),
    (
        "evaluate",
        &[
            "error", "progress", "audio", "spectral", "phase", "apply", "dataset",
        ],
    ),
    (
        "train",
        &[
            "error", "memory", "progress", "paths", "audio", "spectral", "phase", "model", "apply",
            "display", "dataset", "evaluate",
        ],
    ),
    ("playback", &["error", "progress", "audio"]),
    (
        "session",
        &[
            "error", "progress", "paths", "audio", "spectral", "phase", "model", "apply",
            "display", "listen", "playback",
        ],
    ),
    (
        "batch",
        &[
            "error", "progress", "paths", "audio", "spectral", "model", "apply", "display",
        ],
    ),
    (
        "cli",
        &[
            "error", "memory", "progress", "paths", "audio", "spectral", "phase", "model", "apply",
            "display", "listen", "playback", "session", "batch", "dataset", "evaluate", "train",
        ],
    ),
    (
        "gui",
        &[
            "error", "memory", "progress", "paths", "audio", "spectral", "phase", "model", "apply",
            "display", "listen", "playback", "session", "batch", "dataset", "evaluate", "train",
            "cli",
        ],
    ),
];

/// Crates that stay in one place, so that they can be exchanged there; a folder ends in a slash.
const GUARDED_CRATES: [(&str, &[&str]); 19] = [
    ("symphonia", &["audio/demux.rs"]),
    ("symphonia_adapter_libopus", &["audio/demux.rs"]),
    ("rubato", &["audio/resample.rs"]),
    ("flac_codec", &["audio/flac.rs"]),
    ("ebur128", &["listen/loudness.rs"]),
    ("egui_plot", &["gui/"]),
    ("image", &["spectral/codec/bmp.rs"]),
    (
        "rand_chacha",
        &[
            "phase/random.rs",
            "phase/pghi.rs",
            "listen/",
            "dataset/",
            "evaluate/",
            "train/",
        ],
    ),
    (
        "midly",
        &["dataset/midi_events.rs", "dataset/midi_write.rs"],
    ),
    ("realfft", &["spectral/"]),
    ("rustysynth", &["dataset/instrument/"]),
    ("tiff", &["spectral/codec/tiff.rs"]),
    ("ort", &["model/onnx.rs"]),
    ("burn", &["train/"]),
    ("gemm", &["train/conv/product.rs"]),
    ("cpal", &["playback/"]),
    ("egui", &["gui/"]),
    ("eframe", &["gui/"]),
    ("rfd", &["gui/"]),
];

/// Where threads may be started; everywhere else rayon's pool works.
const THREADS_IN: [&str; 9] = [
    "batch/lanes.rs",
    "dataset/examples/stream.rs",
    "train/shards.rs",
    "gui/jobs.rs",
    "gui/tiles.rs",
    "gui/spectrum.rs",
    "gui/dialogs.rs",
    "playback/",
    "cli/",
];

const MOST_LINES: usize = 400;

/// Files that may be longer, up to how many lines, and why they are one file.
const LONG_FILES: [(&str, usize, &str); 1] =
    [("gui/command/table.rs", 560, "the table of all commands")];

// ---------------------------------------------------------------------------------------------
// What a file uses

/// The library's modules that a file uses, by `crate::` or by enough `super::`. `path` is below `src`.
fn modules_used(path: &str, code: &str) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = positions(code, "crate")
        .flat_map(|at| heads(&code[at + "crate".len()..]))
        .collect();
    let depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    let to_the_root = "super::".repeat(depth);
    let known = |name: &String| MODULES.iter().any(|(module, _)| module == name);
    used.extend(
        code.match_indices(&to_the_root)
            .map(|(at, _)| first_word(&code[at + to_the_root.len()..]))
            .filter(known),
    );
    // The root re-exports `Error` and `Result`.
    used.into_iter()
        .map(|name| {
            if name.starts_with(char::is_uppercase) {
                "error".to_owned()
            } else {
                name
            }
        })
        .collect()
}

/// Whether a path is one of the places, or below one that ends in a slash.
fn is_within(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        if place.ends_with('/') {
            path.starts_with(place)
        } else {
            path == *place
        }
    })
}

/// Fails with all that is wrong at once.
fn expect_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

// ---------------------------------------------------------------------------------------------

#[test]
fn modules_use_only_what_is_above_them() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "{path}: the module {module} has no place in MODULES"
            ));
            continue;
        };
        for used in modules_used(&path, &code_of(&source)) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{path} uses {used}"));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn guarded_crates_stay_in_their_place() {
    let mut wrong = Vec::new();
    let mut cpal_files = 0;
    for (path, source) in sources() {
        let code = code_of(&source);
        for (name, places) in GUARDED_CRATES {
            if uses_crate(&code, name) && !is_within(&path, places) {
                wrong.push(format!(
                    "{path} uses {name}, which belongs to {}",
                    places.join(", ")
                ));
            }
        }
        cpal_files += usize::from(uses_crate(&code, "cpal"));
    }
    expect_none(&wrong);
    assert!(
        cpal_files <= 1,
        "{cpal_files} files use cpal; one is enough"
    );
}

#[test]
fn threads_are_started_only_where_they_are_owned() {
    let starts = ["thread::spawn", "thread::Builder", "thread::scope"];
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let code = code_of(&source);
        if !is_within(&path, &THREADS_IN) && starts.iter().any(|start| code.contains(start)) {
            wrong.push(format!("{path} starts a thread"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn files_are_short_documented_and_without_unwrap() {
    let mut wrong = Vec::new();
    let sources = sources();
    for (path, source) in &sources {
        let most = LONG_FILES
            .iter()
            .find(|(name, ..)| name == path)
            .map_or(MOST_LINES, |(_, most, _)| *most);
        let lines = source.lines().count();
        if lines > most {
            wrong.push(format!("{path} has {lines} lines, {most} are allowed"));
        }
        if !source.starts_with("//!") {
            wrong.push(format!("{path} does not open with what it is (//!)"));
        }
        if code_of(source).contains(".unwrap()") {
            wrong.push(format!("{path} unwraps outside of its tests"));
        }
    }
    for (name, _, reason) in LONG_FILES {
        if !sources.iter().any(|(path, _)| path == name) {
            wrong.push(format!("LONG_FILES names {name} ({reason}), which is gone"));
        }
    }
    expect_none(&wrong);
}

#[test]
fn a_file_that_breaks_the_rules_is_seen() {
    let source = "//! Uses crate::gui in words only.\n\
        use crate::{error::Error, cli};\n\
        use super::super::session::Song;\n\
        use super::clip;\n\
        const NOTE: &str = \"crate::playback\";\n\
        fn f() { rubato::new(); std::thread::spawn(g); x.unwrap(); }\n\
        #[cfg(test)]\nmod tests { use crate::gui; fn f() { y.unwrap(); } }\n";
    let code = code_of(source);
    let used: Vec<String> = modules_used("audio/made_up.rs", &code)
        .into_iter()
        .collect();
    assert_eq!(used, ["cli", "error", "session"]);
    assert!(uses_crate(&code, "rubato") && !uses_crate(&code, "symphonia"));
    assert!(code.contains("thread::spawn"));
    assert_eq!(code.matches(".unwrap()").count(), 1);
    assert!(is_within("gui/a.rs", &["gui/"]) && !is_within("guitar.rs", &["gui/"]));
}
