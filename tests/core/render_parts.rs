//! A piece as a song with parts: each part by its program, their sum the mixture, nothing half there.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use stemloom::Error;
use stemloom::audio::{AudioFormat, Clip, decode};
use stemloom::dataset::{
    MultitrackSet, MultitrackSpec, Note, PartsMade, PartsOptions, PartsSong, Piece, RenderSpec,
    part_of, render_parts, write_midi,
};
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{failure, max_abs_diff, setting_name};
use crate::render::{note, piece};
use crate::render_soundfont::sound_font;

const RATE: u32 = 44_100;

struct Place {
    folder: tempfile::TempDir,
    options: PartsOptions,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let soundfont = folder.path().join("sine.sf2");
        std::fs::write(&soundfont, sound_font()).expect("written");
        std::fs::create_dir(folder.path().join("midi")).expect("made");
        let options = PartsOptions {
            out: folder.path().join("songs"),
            format: AudioFormat::Wav32f,
            overwrite: false,
            spec: RenderSpec::default(),
            soundfont,
        };
        Self { folder, options }
    }

    fn midi(&self, name: &str, piece: &Piece) {
        let path = self.folder.path().join("midi").join(name);
        std::fs::create_dir_all(path.parent().expect("folder")).expect("made");
        write_midi(piece, &path, true).expect("written");
    }

    fn run(&self) -> Vec<(PathBuf, Result<Option<PartsMade>, Error>)> {
        let told = Mutex::new(Vec::new());
        let tell = |song: PartsSong| {
            told.lock().expect("lock").push((song.folder, song.outcome));
        };
        let inputs = [self.folder.path().join("midi")];
        render_parts(&inputs, &self.options, &tell, &Reporter::silent()).expect("ran");
        let mut told = told.into_inner().expect("lock");
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told
    }

    fn clip(&self, file: &str) -> Clip {
        decode(&self.options.out.join(file), None, &Reporter::silent())
            .expect("audio")
            .0
    }
}

fn by_program(mut note: Note, channel: u8, program: u8) -> Note {
    (note.channel, note.program) = (channel, program);
    note
}

fn duet() -> Piece {
    piece(vec![
        by_program(note(0.0, 0.5, 60), 0, 0),
        by_program(note(0.25, 1.0, 69), 1, 25),
        by_program(note(0.5, 0.75, 72), 2, 28),
    ])
}

#[test]
fn parts_are_named_by_the_families_of_general_midi() {
    let named = |program: u8| part_of(&by_program(note(0.0, 1.0, 60), 0, program));
    assert_eq!(
        [named(0), named(24), named(31)],
        ["piano", "guitar", "guitar"]
    );
    assert_eq!(
        [named(32), named(48), named(73)],
        ["bass", "strings", "winds"]
    );
    assert_eq!(
        [named(81), named(19), named(127)],
        ["synth", "organ", "other"]
    );
    let drum = by_program(note(0.0, 1.0, 36), 9, 25);
    assert_eq!(part_of(&drum), "drums");
}

#[test]
fn the_mixture_is_the_sum_of_parts_of_one_length() {
    let place = Place::new();
    place.midi("a.mid", &duet());
    place.midi("deeper/b.mid", &duet());
    let told = place.run();
    assert_eq!(told.len(), 2);
    let made = told[0].1.as_ref().expect("made").as_ref().expect("new");
    assert_eq!(made.parts, ["guitar", "piano"]);
    // The made-up font has program 0 only.
    assert_eq!(made.warnings.len(), 2, "{:?}", made.warnings);
    assert!(made.warnings[0].contains("0:25"), "{:?}", made.warnings);
    for song in ["a", "deeper - b"] {
        let [guitar, piano, mixture] =
            ["guitar", "piano", "mixture"].map(|part| place.clip(&format!("{song}/{part}.wav")));
        assert_eq!(guitar.frames(), mixture.frames());
        let sum: Vec<f32> = (guitar.channel(0).iter())
            .zip(piano.channel(0))
            .map(|(a, b)| a + b)
            .collect();
        assert!(max_abs_diff(&sum, mixture.channel(0)) < 1e-6);
        let quarter = RATE as usize / 4;
        assert!(guitar.channel(0)[..quarter].iter().all(|x| *x == 0.0));
        assert!(guitar.channel(0)[quarter..].iter().any(|x| x.abs() > 0.01));
    }
    let set = MultitrackSet::open(&place.options.out, &MultitrackSpec::default()).expect("set");
    assert_eq!(set.songs.len(), 2);
    assert_eq!(set.songs[0].stems(), ["guitar", "piano"]);
}

#[test]
fn loud_songs_are_turned_down_as_one() {
    let mut place = Place::new();
    let chord = (0..24).map(|n| by_program(note(0.0, 0.5, 48 + n), n % 8, 0));
    place.midi("loud.mid", &piece(chord.collect()));
    let told = place.run();
    let made = told[0].1.as_ref().expect("made").as_ref().expect("new");
    let mixture = place.clip("loud/mixture.wav");
    let peak = (mixture.channel(0).iter().chain(mixture.channel(1)))
        .fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert!(made.gain < 1.0 && (peak - 0.891_25).abs() < 1e-3, "{peak}");
    // Kept, until it is to be made anew.
    assert!(matches!(&place.run()[0].1, Ok(None)));
    place.options.overwrite = true;
    assert!(matches!(&place.run()[0].1, Ok(Some(_))));
}

#[test]
fn what_cannot_be_played_is_told_and_leaves_nothing() {
    let mut place = Place::new();
    let drum = by_program(note(0.0, 0.5, 36), 9, 0);
    place.midi("drums.mid", &piece(vec![drum]));
    place.midi("empty.mid", &piece(Vec::new()));
    place.midi("good.mid", &duet());
    std::fs::write(place.folder.path().join("midi/broken.mid"), b"MThd").expect("written");
    let told = place.run();
    let failed = told.iter().filter(|(_, outcome)| outcome.is_err()).count();
    assert_eq!((told.len(), failed), (4, 3));
    let mut there: Vec<String> = std::fs::read_dir(&place.options.out)
        .expect("read")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into())
        .collect();
    there.sort();
    assert_eq!(there, ["good", "render.json"]);
    // Other settings do not mix with what is there.
    place.options.spec.transpose_semitones = 2;
    let inputs = [place.folder.path().join("midi")];
    let refused = render_parts(&inputs, &place.options, &|_| {}, &Reporter::silent());
    assert_eq!(setting_name(failure(refused)), "out");
    let none = render_parts(&[], &place.options, &|_| {}, &Reporter::silent());
    assert_eq!(setting_name(failure(none)), "inputs");
    place.options.soundfont = Path::new("absent.sf2").into();
    let absent = render_parts(&inputs, &place.options, &|_| {}, &Reporter::silent());
    assert!(matches!(failure(absent), Error::Io { .. }));
}

#[test]
fn cancelling_leaves_no_half_song() {
    let place = Place::new();
    place.midi("a.mid", &duet());
    let token = CancelToken::new();
    token.cancel();
    let reporter = Reporter::new(token, |_| {});
    let inputs = [place.folder.path().join("midi")];
    let cancelled = render_parts(&inputs, &place.options, &|_| {}, &reporter);
    assert!(matches!(failure(cancelled), Error::Cancelled));
    assert!(!place.options.out.join("a").exists());
}

#[test]
fn two_pieces_of_one_name_are_told() {
    let place = Place::new();
    for name in ["A/song.mid", "a - song.midi", "other.mid"] {
        place.midi(name, &duet());
    }
    let told = place.run();
    assert_eq!(told.len(), 3);
    let wrong = told.into_iter().filter_map(|(_, outcome)| outcome.err());
    let wrong: Vec<Error> = wrong.collect();
    assert_eq!(wrong.len(), 1);
    let text = wrong[0].to_string();
    assert!(
        text.starts_with("inputs: ") && text.contains("rename one"),
        "{text}"
    );
}

#[test]
fn only_songs_made_here_are_replaced() {
    let mut place = Place::new();
    place.midi("a.mid", &duet());
    let song = place.options.out.join("a");
    let own = song.join("own.txt");
    std::fs::create_dir_all(&song).expect("made");
    std::fs::write(&own, "mine").expect("written");
    for overwrite in [false, true] {
        place.options.overwrite = overwrite;
        let told = place.run();
        assert!(matches!(told[0].1, Err(Error::Exists { .. })), "{told:?}");
        assert_eq!(std::fs::read_to_string(&own).expect("there"), "mine");
    }
    std::fs::remove_dir_all(&song).expect("removed");
    place.options.overwrite = false;
    assert!(matches!(place.run()[0].1, Ok(Some(_))));
    assert!(song.join("render.json").is_file());
    assert!(matches!(place.run()[0].1, Ok(None)));

    // What a killed run had put aside is taken back.
    let aside = place.options.out.join(".a.old");
    std::fs::rename(&song, &aside).expect("renamed");
    assert!(matches!(place.run()[0].1, Ok(None)));
    assert!(song.join("mixture.wav").is_file() && !aside.exists());

    // A MIDI file that changed since is not passed by in silence.
    let midi = place.folder.path().join("midi/a.mid");
    let file = std::fs::File::options()
        .write(true)
        .open(midi)
        .expect("open");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    file.set_modified(later).expect("set");
    let mut told = place.run();
    let old = told.remove(0).1.expect_err("too old");
    assert!(
        old.to_string().contains("older than its MIDI file"),
        "{old}"
    );
    place.options.overwrite = true;
    assert!(matches!(place.run()[0].1, Ok(Some(_))));
    assert!(!aside.exists());
}
