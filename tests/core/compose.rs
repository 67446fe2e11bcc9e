//! Composed pieces: what a spec promises, by hand, then by many seeds.

use std::collections::BTreeSet;

use stemloom::dataset::compose::{ComposeSpec, Key, Meter, Part, Style, compose};
use stemloom::dataset::{DRUM_CHANNEL, Note, Piece};

use crate::common::{failure, setting_name};

fn piece(spec: &ComposeSpec) -> Piece {
    compose(spec).expect("a piece")
}

fn of(piece: &Piece, part: Part) -> Vec<Note> {
    let notes = piece.notes.iter().copied();
    notes.filter(|n| n.channel == part.channel()).collect()
}

/// What holds of any piece.
fn check(spec: &ComposeSpec) -> Piece {
    let piece = piece(spec);
    let choices = spec.choices().unwrap();
    let about = piece.title.clone().unwrap();
    let quarters = spec.bars as f64 * f64::from(choices.meter.quarters());
    let seconds = quarters * 60.0 / choices.tempo_bpm;
    assert!((piece.seconds - seconds).abs() < 1e-9 * seconds, "{about}");
    assert_eq!(piece.tempos, [(0.0, choices.tempo_bpm)], "{about}");
    let asked: BTreeSet<u8> = spec.parts.iter().map(|part| part.channel()).collect();
    let heard: BTreeSet<u8> = piece.notes.iter().map(|note| note.channel).collect();
    assert_eq!(heard, asked, "{about}");
    for &part in &spec.parts {
        let (low, high) = part.range();
        let mut notes = of(&piece, part);
        for note in &notes {
            assert!((low..=high).contains(&note.pitch), "{about}: {note:?}");
            assert!((1..=127).contains(&note.velocity), "{about}: {note:?}");
            assert!(note.start_secs >= 0.0, "{about}: {note:?}");
            assert!(note.seconds() >= 0.019, "{about}: {note:?}");
            assert!(note.end_secs <= piece.seconds + 1e-9, "{about}: {note:?}");
            assert_eq!(note.is_drum(), part == Part::Drums, "{about}");
            assert_eq!(note.program, notes[0].program, "{about}");
        }
        notes.sort_by(|a, b| (a.pitch.cmp(&b.pitch)).then(a.start_secs.total_cmp(&b.start_secs)));
        for pair in notes.windows(2) {
            let is_same = pair[0].pitch == pair[1].pitch;
            assert!(
                !is_same || pair[0].end_secs <= pair[1].start_secs,
                "{about}: {pair:?}"
            );
        }
    }
    let mut sorted = piece.clone();
    sorted.sort();
    assert_eq!(sorted, piece, "{about}");
    piece
}

fn share(notes: &[Note], holds: impl Fn(&Note) -> bool) -> f64 {
    notes.iter().filter(|note| holds(note)).count() as f64 / notes.len() as f64
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn a_piece_is_as_long_as_its_bars() {
    let spec = ComposeSpec {
        bars: 8,
        tempo_bpm: Some(120.0),
        meter: Some(Meter::FourFour),
        ..ComposeSpec::default()
    };
    // 8 bars of 4 quarters of half a second.
    assert_eq!(piece(&spec).seconds, 16.0);
    let in_five = ComposeSpec {
        meter: Some(Meter::FiveFour),
        ..spec.clone()
    };
    assert_eq!(piece(&in_five).seconds, 20.0);
    let in_six = ComposeSpec {
        meter: Some(Meter::SixEight),
        ..spec
    };
    assert_eq!(piece(&in_six).seconds, 12.0);
}

#[test]
fn a_seed_is_a_piece() {
    let spec = |seed| ComposeSpec {
        seed,
        style: Some(Style::Pop),
        key: Some("C".parse().unwrap()),
        tempo_bpm: Some(100.0),
        ..ComposeSpec::default()
    };
    assert_eq!(piece(&spec(7)), piece(&spec(7)));
    let others: Vec<Piece> = (0..20).map(|seed| piece(&spec(seed))).collect();
    for (i, a) in others.iter().enumerate() {
        for b in &others[..i] {
            assert_ne!(a.notes, b.notes);
        }
    }
}

/// The bass is the same whether or not drums play.
#[test]
fn parts_do_not_change_each_other() {
    for seed in 0..10 {
        let all = ComposeSpec {
            seed,
            ..ComposeSpec::default()
        };
        let whole = piece(&all);
        for part in Part::ALL {
            let alone = piece(&ComposeSpec {
                parts: [part].into(),
                ..all.clone()
            });
            assert_eq!(alone.notes, of(&whole, part), "{}", part.name());
        }
    }
}

#[test]
fn keys_are_read_and_written() {
    for (text, tonic, is_minor, shown) in [
        ("C", 0, false, "C"),
        ("Am", 9, true, "Am"),
        ("F#m", 6, true, "F#m"),
        ("bb", 10, false, "Bb"),
        ("Cb", 11, false, "B"),
        ("C# minor", 1, true, "C#m"),
        ("G major", 7, false, "G"),
    ] {
        let key: Key = text.parse().unwrap();
        assert_eq!(key, Key { tonic, is_minor }, "{text}");
        assert_eq!(key.to_string(), shown);
    }
    for tonic in 0..12 {
        for is_minor in [false, true] {
            let key = Key { tonic, is_minor };
            assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            assert_eq!((0..12).filter(|pitch| key.contains(*pitch)).count(), 7);
        }
    }
    let a_minor: Key = "Am".parse().unwrap();
    assert!(
        (0..12).all(|pitch| a_minor.contains(pitch) == [0, 2, 4, 5, 7, 9, 11].contains(&pitch))
    );
    for wrong in ["", "H", "Cx", "C##", "Am7", "♭", "é", "A é"] {
        assert!(wrong.parse::<Key>().unwrap_err().contains("F#"), "{wrong}");
    }
}

#[test]
fn names_are_read_and_wrong_ones_told() {
    for style in Style::ALL {
        assert_eq!(style.name().parse::<Style>(), Ok(style));
    }
    for meter in Meter::ALL {
        assert_eq!(meter.name().parse::<Meter>(), Ok(meter));
    }
    for part in Part::ALL {
        assert_eq!(part.name().parse::<Part>(), Ok(part));
    }
    assert!("polka".parse::<Style>().unwrap_err().contains("waltz"));
    assert!("7/8".parse::<Meter>().unwrap_err().contains("6/8"));
    assert!("flute".parse::<Part>().unwrap_err().contains("melody"));
}

#[test]
fn wrong_settings_are_told() {
    let spec = ComposeSpec::default;
    let name = |spec: ComposeSpec| setting_name(failure(compose(&spec)));
    assert_eq!(name(ComposeSpec { bars: 0, ..spec() }), "bars");
    let long = ComposeSpec {
        bars: 10_001,
        ..spec()
    };
    assert_eq!(name(long), "bars");
    let nobody = ComposeSpec {
        parts: BTreeSet::new(),
        ..spec()
    };
    assert_eq!(name(nobody), "parts");
    for bpm in [f64::NAN, f64::INFINITY, -1.0, 0.0, 29.9, 300.1] {
        let tempo_bpm = Some(bpm);
        assert_eq!(
            name(ComposeSpec {
                tempo_bpm,
                ..spec()
            }),
            "tempo"
        );
    }
    // A tonic beyond the octave is the one within it.
    let far = ComposeSpec {
        key: Some(Key {
            tonic: 254,
            is_minor: false,
        }),
        ..spec()
    };
    assert_eq!(far.choices().unwrap().key.tonic, 2);
    check(&far);
}

// ---------------------------------------------------------------------------------------------
// Many seeds

#[test]
fn all_styles_hold_for_many_seeds() {
    for seed in 0..200_u64 {
        for style in Style::ALL {
            let meter = Meter::ALL[(seed / 2) as usize % 4];
            check(&ComposeSpec {
                seed,
                bars: 1 + seed as usize % 33,
                style: Some(style),
                meter: seed.is_multiple_of(2).then_some(meter),
                tempo_bpm: seed
                    .is_multiple_of(3)
                    .then_some([30.0, 300.0][seed as usize % 2]),
                ..ComposeSpec::default()
            });
        }
    }
}

#[test]
fn any_choice_of_parts_is_kept() {
    for set in 1..1_u64 << Part::ALL.len() {
        let chosen = (0..Part::ALL.len()).filter(|i| (set >> i) & 1 == 1);
        let piece = check(&ComposeSpec {
            seed: set,
            bars: 1 + set as usize % 16,
            parts: chosen.map(|i| Part::ALL[i]).collect(),
            ..ComposeSpec::default()
        });
        let has_drums = piece.notes.iter().any(|note| note.channel == DRUM_CHANNEL);
        assert_eq!(has_drums, set & 1 == 1);
    }
}

#[test]
fn chords_and_tunes_are_in_the_key() {
    for seed in 0..60 {
        for style in Style::ALL {
            let spec = ComposeSpec {
                seed,
                style: Some(style),
                ..ComposeSpec::default()
            };
            let (piece, key) = (piece(&spec), spec.choices().unwrap().key);
            let about = piece.title.clone().unwrap();
            // Chords, then single lines, which have fewer notes and lead by semitones.
            for (part, least) in [
                (Part::Guitar, 0.6),
                (Part::Keys, 0.6),
                (Part::Melody, 0.5),
                (Part::Lead, 0.5),
                (Part::Bass, 0.5),
            ] {
                let in_key = share(&of(&piece, part), |note| key.contains(note.pitch));
                assert!(in_key >= least, "{about}: {} {in_key}", part.name());
            }
        }
    }
}

/// The last bar is the tonic: the bass has its root, all others notes of its triad.
#[test]
fn pieces_end_at_home() {
    for seed in 0..60 {
        let spec = ComposeSpec {
            seed,
            ..ComposeSpec::default()
        };
        let (piece, choices) = (piece(&spec), spec.choices().unwrap());
        let bar_secs = piece.seconds / spec.bars as f64;
        let last = |part| {
            let mut notes = of(&piece, part);
            // Not what is struck up to 10 ms before the bar, which may be either's.
            notes.retain(|note| note.start_secs > piece.seconds - bar_secs - 0.01);
            notes
        };
        let tonic = choices.key.tonic;
        let above = |note: &Note| (note.pitch + 12 - tonic) % 12;
        let third = if choices.key.is_minor { 3 } else { 4 };
        for part in [Part::Bass, Part::Melody, Part::Lead] {
            let notes = last(part);
            assert_eq!(notes.len(), 1, "seed {seed}: {notes:?}");
            assert_eq!(above(&notes[0]), 0, "seed {seed}: {notes:?}");
        }
        for part in [Part::Guitar, Part::Keys] {
            let notes = last(part);
            assert!(notes.len() >= 3, "seed {seed}");
            let is_home = |note: &Note| [0, third, 7].contains(&above(note));
            assert!(notes.iter().all(is_home), "seed {seed}: {notes:?}");
        }
    }
}

/// A tune takes breath and moves mostly by small steps; bars come back.
#[test]
fn tunes_breathe_and_go_by_steps() {
    for seed in 0..40 {
        let piece = piece(&ComposeSpec {
            seed,
            ..ComposeSpec::default()
        });
        let notes = of(&piece, Part::Melody);
        let about = piece.title.clone().unwrap();
        let sung: f64 = notes.iter().map(Note::seconds).sum();
        assert!(
            (0.2..0.9).contains(&(sung / piece.seconds)),
            "{about}: {sung}"
        );
        let leaps = notes
            .windows(2)
            .filter(|pair| pair[0].pitch.abs_diff(pair[1].pitch) > 7)
            .count();
        assert!(
            leaps * 4 < notes.len(),
            "{about}: {leaps} of {}",
            notes.len()
        );
        let pitches: BTreeSet<u8> = notes.iter().map(|note| note.pitch).collect();
        assert!(pitches.len() >= 4, "{about}: {pitches:?}");
    }
}

#[test]
fn seeds_differ_in_all_that_is_left_open() {
    let choices: Vec<_> = (0..200)
        .map(|seed| ComposeSpec {
            seed,
            ..ComposeSpec::default()
        })
        .map(|spec| spec.choices().unwrap())
        .collect();
    assert!(
        choices
            .iter()
            .all(|c| (60.0..=180.0).contains(&c.tempo_bpm))
    );
    let tempos: BTreeSet<u64> = choices.iter().map(|c| c.tempo_bpm as u64).collect();
    let keys: BTreeSet<String> = choices.iter().map(|c| c.key.to_string()).collect();
    let meters: BTreeSet<&str> = choices.iter().map(|c| c.meter.name()).collect();
    let styles: BTreeSet<&str> = choices.iter().map(|c| c.style.name()).collect();
    assert!(tempos.len() > 40, "{tempos:?}");
    assert!(keys.len() > 18, "{keys:?}");
    assert!(meters.len() >= 3, "{meters:?}");
    assert_eq!(styles.len(), Style::ALL.len());
}
