//! SF2 programs: a made-up file is played at its place and pitch; broken files are told.

use std::path::Path;

use stemloom::Error;
use stemloom::dataset::{
    Missing, NamedChoice, RenderSpec, SoundFontProgram, render, rendered_frames,
};
use stemloom::progress::Reporter;

use crate::common::{Rng, failure, setting_name, sine};
use crate::render::{note, piece};

const RATE: u32 = 44_100;

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = id.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk
}

fn words(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn name(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(20, 0);
    bytes
}

/// One program, 0:0: a looped sine of 441 Hz at A4.
pub fn sound_font() -> Vec<u8> {
    const INSTRUMENT: u16 = 41;
    const SAMPLE_ID: u16 = 53;
    const SAMPLE_MODES: u16 = 54;
    let mut samples: Vec<u8> = sine(441.0, RATE, 8000, 0.5)
        .iter()
        .flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes())
        .collect();
    samples.extend([0; 92]);
    // Program, bank, first zone; library, genre, morphology.
    let preset = |text: &str, zone: u16| [name(text), words(&[0, 0, zone]), vec![0; 12]].concat();
    let instrument = |text: &str, zone: u16| [name(text), words(&[zone])].concat();
    let mut header = name("sine");
    for value in [0, 8000, 4000, 8000, RATE] {
        header.extend(value.to_le_bytes());
    }
    header.extend([69, 0, 0, 0, 1, 0]);
    header.extend([0; 46]);
    let tables = [
        b"pdta".to_vec(),
        chunk(b"phdr", &[preset("sine", 0), preset("EOP", 1)].concat()),
        chunk(b"pbag", &words(&[0, 0, 1, 0])),
        chunk(b"pmod", &[0; 10]),
        chunk(b"pgen", &words(&[INSTRUMENT, 0, 0, 0])),
        chunk(
            b"inst",
            &[instrument("sine", 0), instrument("EOI", 1)].concat(),
        ),
        chunk(b"ibag", &words(&[0, 0, 2, 0])),
        chunk(b"imod", &[0; 10]),
        chunk(b"igen", &words(&[SAMPLE_MODES, 1, SAMPLE_ID, 0, 0, 0])),
        chunk(b"shdr", &header),
    ];
    let info = [b"INFO".to_vec(), chunk(b"ifil", &words(&[2, 4]))].concat();
    let sound = [b"sdta".to_vec(), chunk(b"smpl", &samples)].concat();
    let body = [
        b"sfbk".to_vec(),
        chunk(b"LIST", &info),
        chunk(b"LIST", &sound),
        chunk(b"LIST", &tables.concat()),
    ];
    chunk(b"RIFF", &body.concat())
}

fn open(path: &Path) -> Result<SoundFontProgram, Error> {
    SoundFontProgram::open(path, 0, 0, RATE)
}

#[test]
fn a_program_plays_in_its_place_at_its_pitch() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("sine.sf2");
    std::fs::write(&path, sound_font()).expect("written");
    let program = open(&path).expect("opened");
    let score = piece(vec![note(0.25, 1.0, 69)]);
    for (transpose, hz) in [(0, 441.0), (12, 882.0)] {
        let spec = RenderSpec {
            transpose_semitones: transpose,
            ..RenderSpec::default()
        };
        let out = render(&score, &program, &spec, &Reporter::silent()).expect("rendered");
        let again = render(&score, &program, &spec, &Reporter::silent()).expect("rendered");
        let x = out.clip.channel(0);
        assert_eq!(x, again.clip.channel(0));
        assert_eq!((out.clip.num_channels(), x.len()), (2, 44_100 + 3528));
        assert_eq!(x.len(), rendered_frames(&score, &spec).expect("frames"));
        assert!(x[..11_025].iter().all(|x| *x == 0.0));
        assert!(x[11_025..11_225].iter().any(|x| x.abs() > 0.01));
        let held = &x[15_000..40_000];
        let ups: Vec<usize> = (1..held.len())
            .filter(|n| held[n - 1] < 0.0 && held[*n] >= 0.0)
            .collect();
        let found = (ups.len() - 1) as f64 * 44_100.0 / (ups[ups.len() - 1] - ups[0]) as f64;
        assert!((found / hz - 1.0).abs() < 0.002, "{found} Hz, not {hz} Hz");
        assert!(x[x.len() - 1].abs() < 1e-4);
    }
    let absent = SoundFontProgram::open(&path, 0, 5, RATE);
    assert_eq!(setting_name(failure(absent)), "instrument");
    let slow = SoundFontProgram::open(&path, 0, 0, 8000);
    assert_eq!(setting_name(failure(slow)), "sample rate");
}

#[test]
fn broken_files_are_told() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("broken.sf2");
    assert!(matches!(failure(open(&path)), Error::Io { .. }));
    let whole = sound_font();
    for end in (0..whole.len()).step_by(131).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..end]).expect("written");
        let error = failure(open(&path));
        assert!(matches!(error, Error::Malformed { .. }), "{end}: {error}");
    }
    std::fs::write(&path, b"RIFF\x04\0\0\0WAVE").expect("written");
    assert!(matches!(failure(open(&path)), Error::Malformed { .. }));
}

#[test]
fn damaged_tables_end_in_an_error_or_in_sound() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("damaged.sf2");
    let whole = sound_font();
    let tables = whole.len() - 500;
    let score = piece(vec![note(0.0, 0.1, 69)]);
    let mut refused = 0;
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..3 {
            bytes[tables + rng.below(500)] = rng.below(256) as u8;
        }
        std::fs::write(&path, &bytes).expect("written");
        match open(&path) {
            Ok(program) => {
                let spec = RenderSpec::default();
                // Either is fine; a panic is not.
                render(&score, &program, &spec, &Reporter::silent()).ok();
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn an_instrument_may_have_a_name_of_its_own() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("sine.sf2");
    std::fs::write(&path, sound_font()).expect("written");
    let of = |text: String| text.parse::<NamedChoice>();
    let named = of(format!("guitar=sf2:{}:0:0", path.display())).expect("read");
    let guitar = named.open(RATE, Missing::default()).expect("opened");
    assert_eq!(guitar.name(), "guitar");
    assert_eq!((guitar.channels(), guitar.sample_rate_hz()), (2, RATE));
    let own = of(format!("sf2:{}", path.display())).expect("read");
    assert_eq!(own.name, None);
    // An equals sign of a path is none of a name.
    let path = of("samples:/a=b".to_owned()).expect("read");
    assert_eq!(path.name, None);
    for wrong in ["=samples:a", "a/b=samples:a", "a=nothing:a"] {
        assert_eq!(setting_name(failure(of(wrong.to_owned()))), "instrument");
    }
}
