//! Folders of MIDI files by several instruments: names, what is kept, what is broken, what is
//! planned.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use stemloom::Error;
use stemloom::audio::{AudioFormat, probe};
use stemloom::dataset::{
    Instrument, Missing, Piece, RenderManyOptions, RenderOutcome, RenderSpec, RenderedFile,
    open_nsynth, open_samples, plan_renders, render_many, write_midi,
};
use stemloom::progress::Reporter;

use crate::cli::stemloom;
use crate::common::{failure, setting_name};
use crate::render::{note, nsynth_folder, piece, write_wav};

const RATE: u32 = 16_000;

/// Two instruments and a folder `midi` with two pieces, one in a folder.
fn prepare(root: &Path) {
    for folder in ["notes", "midi/inner"] {
        std::fs::create_dir_all(root.join(folder)).expect("folder");
    }
    nsynth_folder(&root.join("notes"), &[60, 64], &[127]);
    let one = piece(vec![note(0.0, 0.5, 60), note(0.5, 1.0, 64)]);
    write_midi(&one, &root.join("midi/one.mid"), false).expect("written");
    let two = piece(vec![note(0.0, 0.5, 64), note(0.25, 0.5, 70)]);
    write_midi(&two, &root.join("midi/inner/two.midi"), false).expect("written");
}

fn instruments(root: &Path) -> Vec<Box<dyn Instrument>> {
    let notes = root.join("notes");
    vec![
        Box::new(open_nsynth(&notes, "organ_test_000", RATE, Missing::Count).expect("nsynth")),
        Box::new(open_samples(&notes, RATE, Missing::Nearest).expect("samples")),
    ]
}

fn options(root: &Path) -> RenderManyOptions {
    RenderManyOptions {
        out: root.join("out"),
        format: AudioFormat::Wav16,
        overwrite: false,
        spec: RenderSpec {
            sample_rate_hz: RATE,
            ..RenderSpec::default()
        },
    }
}

/// Plans and renders the folder `midi`; what became of the files, by name.
fn run(root: &Path) -> Vec<RenderedFile> {
    let (instruments, options) = (instruments(root), options(root));
    let silent = Reporter::silent();
    let plan =
        plan_renders(&[root.join("midi")], &instruments, &options, &silent).expect("planned");
    let told = Mutex::new(Vec::new());
    let tell = |file| told.lock().expect("lock").push(file);
    render_many(&plan, &instruments, &options, &tell, &silent).expect("rendered");
    let mut told = told.into_inner().expect("lock");
    told.sort_by(|a, b| a.path.cmp(&b.path));
    told
}

fn outputs(root: &Path) -> [PathBuf; 4] {
    let out = root.join("out");
    [
        out.join("notes/inner/two.wav"),
        out.join("notes/one.wav"),
        out.join("organ_test_000/inner/two.wav"),
        out.join("organ_test_000/one.wav"),
    ]
}

fn written(file: &RenderedFile) -> bool {
    matches!(file.outcome, Ok(RenderOutcome::Written { .. }))
}

#[test]
fn every_piece_by_every_instrument_and_what_is_whole_is_kept() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let first = run(root.path());
    let paths: Vec<&PathBuf> = first.iter().map(|file| &file.path).collect();
    let wanted = outputs(root.path());
    assert_eq!(paths, wanted.iter().collect::<Vec<_>>());
    assert!(first.iter().all(written));
    let Ok(RenderOutcome::Written { missing, .. }) = &first[2].outcome else {
        panic!("not written");
    };
    assert_eq!(*missing, [(70, 1)]);
    // Pairs are equally long.
    let frames = |path: &Path| probe(path, None).expect("audio").frames;
    assert_eq!(frames(&wanted[0]), frames(&wanted[2]));
    assert_eq!(frames(&wanted[1]), frames(&wanted[3]));

    let bytes: Vec<Vec<u8>> = wanted
        .iter()
        .map(|p| std::fs::read(p).expect("read"))
        .collect();
    std::fs::remove_file(&wanted[1]).expect("removed");
    std::fs::write(&wanted[2], &bytes[2][..1000]).expect("cut");
    let second = run(root.path());
    assert_eq!(
        second.iter().map(written).collect::<Vec<_>>(),
        [false, true, false]
    );
    assert!(matches!(second[0].outcome, Ok(RenderOutcome::Kept)));
    // A file that is something else is not replaced unasked, and nothing is rendered for it.
    assert_eq!(second[2].path, wanted[3]);
    assert_eq!(std::fs::read(&wanted[2]).expect("read").len(), 1000);
    // Made again, with other things read before it: the same to the byte.
    assert_eq!(std::fs::read(&wanted[1]).expect("read"), bytes[1]);
}

#[test]
fn a_broken_piece_is_named_and_the_rest_is_done() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let broken = root.path().join("midi/broken.mid");
    std::fs::write(&broken, b"MThd nothing").expect("written");
    let (instruments, options) = (instruments(root.path()), options(root.path()));
    let silent = Reporter::silent();
    let inputs = [root.path().join("midi")];
    let plan = plan_renders(&inputs, &instruments, &options, &silent).expect("planned");
    assert_eq!((plan.pieces.len(), plan.files, plan.kept), (2, 4, 0));
    assert_eq!(plan.broken.len(), 1);
    assert_eq!(plan.broken[0].0, broken);
    assert_eq!(
        run(root.path()).iter().filter(|file| written(file)).count(),
        4
    );
}

#[test]
fn what_is_in_the_way_is_told_in_the_plan() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    run(root.path());
    let [short, outdated, folder, _] = outputs(root.path());
    write_wav(&short, RATE, &[0.0; 100]);
    std::fs::remove_file(&folder).expect("removed");
    std::fs::create_dir(&folder).expect("folder");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    let one = root.path().join("midi/one.mid");
    let midi = std::fs::File::options().append(true).open(one);
    midi.expect("opened").set_modified(later).expect("set");
    let long = Piece {
        seconds: 22_000.0,
        ..piece(vec![note(0.0, 0.5, 60)])
    };
    let long_midi = root.path().join("midi/long.mid");
    write_midi(&long, &long_midi, false).expect("written");

    let mut options = options(root.path());
    let instruments = instruments(root.path());
    let silent = Reporter::silent();
    let inputs = [root.path().join("midi")];
    let plan = plan_renders(&inputs, &instruments, &options, &silent).expect("planned");
    assert_eq!((plan.files, plan.kept, plan.bytes), (0, 0, 0));
    let mut told: Vec<String> = plan.broken.iter().map(|(_, e)| e.to_string()).collect();
    told.sort();
    assert_eq!(told.len(), 5, "{told:#?}");
    let told_of = |path: &Path, words: &str| {
        let path = path.display().to_string();
        let found = told.iter().find(|text| text.ends_with(&path));
        assert!(
            found.is_some_and(|t| t.contains(words)),
            "{path}: {told:#?}"
        );
    };
    told_of(&short, "another length");
    told_of(&outdated, "older than its MIDI file");
    told_of(&folder, "a folder has the name");
    told_of(&long_midi, "can be rendered");
    assert_eq!(probe(&short, None).expect("audio").frames, Some(100));

    options.overwrite = true;
    let plan = plan_renders(&inputs, &instruments, &options, &silent).expect("planned");
    assert_eq!((plan.files, plan.broken.len()), (3, 2));
}

#[test]
fn plans_that_cannot_be_are_refused() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let (mut two, options) = (instruments(root.path()), options(root.path()));
    let silent = Reporter::silent();
    let midi = [root.path().join("midi")];
    let nothing = plan_renders(&[root.path().join("notes")], &two, &options, &silent);
    assert_eq!(setting_name(failure(nothing)), "inputs");
    // One name for two results: the second is named.
    let twin = root.path().join("midi/one.midi");
    std::fs::copy(root.path().join("midi/one.mid"), &twin).expect("copied");
    let plan = plan_renders(&midi, &two, &options, &silent).expect("planned");
    assert_eq!((plan.pieces.len(), plan.broken.len()), (2, 1));
    // Too little room: nothing is begun.
    let mut large = plan;
    large.bytes = u64::MAX;
    let refused = render_many(&large, &two, &options, &|_| {}, &silent);
    assert!(matches!(failure(refused), Error::NoSpace { .. }));
    assert!(!options.out.exists());
    two.extend(instruments(root.path()));
    let same_names = plan_renders(&midi, &two, &options, &silent);
    assert_eq!(setting_name(failure(same_names)), "instrument");
}

#[test]
fn the_command_plans_renders_and_tells_of_what_is_broken() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let words = [
        "dataset",
        "render",
        "midi",
        "--instrument",
        "nsynth:notes:organ_test_000",
        "--out",
        "out",
        "--rate",
        "16000",
        "--missing",
        "count",
        "--json",
    ];
    let dry = stemloom(root.path(), &[&words[..], &["--dry-run"]].concat()).expect(0);
    assert_eq!(dry.events("plan")[0]["files"], 2);
    assert_eq!(dry.events("planned").len(), 2);
    assert!(!root.path().join("out").exists());

    let done = stemloom(root.path(), &words).expect(0);
    assert_eq!(done.events("file").len(), 2);
    assert!(
        root.path()
            .join("out/organ_test_000/inner/two.wav")
            .is_file()
    );
    let again = stemloom(root.path(), &words).expect(0);
    assert_eq!(
        (again.events("file").len(), again.events("kept").len()),
        (0, 2)
    );

    std::fs::write(root.path().join("midi/broken.mid"), b"no MIDI").expect("written");
    let broken = stemloom(root.path(), &words).expect(2);
    assert!(
        broken.error_line().contains("broken.mid"),
        "{}",
        broken.stderr
    );
    assert_eq!(broken.events("kept").len(), 2);
    let unknown = stemloom(
        root.path(),
        &[&words[..], &["--instrument", "kazoo"]].concat(),
    );
    unknown.expect(2);
}
