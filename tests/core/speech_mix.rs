//! Music under speech: levels, alignment, draws, what is kept and what is broken.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use stemloom::audio::{AudioFormat, AudioWriter, Clip, Planar, Tags, decode};
use stemloom::dataset::{
    Between, MixedSpeech, SpeechMixSpec, SpeechPair, active_frames, speech_mix,
};
use stemloom::progress::Reporter;

use crate::cli::{files_in, stemloom};
use crate::common::{failure, max_abs_diff, noise, planar_noise, setting_name};

const RATE: u32 = 8000;

fn save(path: &Path, channels: &Planar) {
    std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
    let (format, tags) = (AudioFormat::Wav32f, Tags::default());
    let mut writer =
        AudioWriter::create(path, format, RATE, channels.len(), &tags, true).expect("file");
    writer.push(channels).expect("written");
    writer.finish().expect("named");
}

fn load(path: &Path) -> Clip {
    decode(path, None, &Reporter::silent()).expect("audio").0
}

/// Noise with a pause, at a tenth of full scale.
fn speech(seed: u64) -> Planar {
    let mut samples: Vec<f32> = noise(seed, 8000).iter().map(|x| 0.1 * x).collect();
    samples[3200..4800].fill(0.0);
    vec![samples]
}

/// Two recordings of speech and two songs, one shorter than speech and one of two channels.
fn prepare(root: &Path) {
    save(&root.join("speech/a.wav"), &speech(1));
    save(&root.join("speech/inner/b.wav"), &speech(2));
    save(&root.join("music/long.wav"), &planar_noise(3, 2, 20_000));
    save(&root.join("music/short.wav"), &vec![noise(4, 3000)]);
}

fn spec(root: &Path) -> SpeechMixSpec {
    SpeechMixSpec {
        out: root.join("out"),
        format: AudioFormat::Wav32f,
        snr_db: Between::new(-5.0, 15.0),
        seed: 1,
        ..SpeechMixSpec::default()
    }
}

/// Mixes the folders; pairs by name with whether they are new, and errors.
fn run(root: &Path, spec: &SpeechMixSpec) -> (BTreeMap<String, (SpeechPair, bool)>, Vec<String>) {
    let (pairs, errors) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    let tell = |file: MixedSpeech| match file.outcome {
        Ok((pair, is_new)) => {
            let name = pair.name.clone();
            pairs.lock().expect("lock").insert(name, (pair, is_new));
        }
        Err(error) => errors.lock().expect("lock").push(error.to_string()),
    };
    let (speech, music) = ([root.join("speech")], [root.join("music")]);
    speech_mix(&speech, &music, spec, None, &tell, &Reporter::silent()).expect("mixed");
    (
        pairs.into_inner().expect("lock"),
        errors.into_inner().expect("lock"),
    )
}

#[test]
fn pairs_are_aligned_and_at_their_level() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    for seed in 0..6 {
        let spec = SpeechMixSpec {
            seed,
            overwrite: true,
            ..spec(root.path())
        };
        let (pairs, errors) = run(root.path(), &spec);
        assert_eq!((pairs.len(), errors), (2, Vec::new()));
        for (name, (pair, _)) in pairs {
            let clean = load(&spec.out.join(format!("clean/{name}.wav")));
            let mixture = load(&spec.out.join(format!("mixture/{name}.wav")));
            let own = load(Path::new(&pair.speech));
            assert_eq!(clean.channel(0), own.channel(0));
            assert_eq!(mixture.frames(), clean.frames());
            // The same music from the same place, again and again where it is short.
            let music = load(Path::new(&pair.music));
            let start = (pair.offset_secs * f64::from(RATE)).round() as usize;
            let mean = |i: usize| {
                let i = (start + i) % music.frames();
                music.channels().iter().map(|c| c[i]).sum::<f32>() / music.num_channels() as f32
            };
            let under: Vec<f32> = (0..clean.frames()).map(mean).collect();
            let gain = pair.music_gain as f32;
            let without: Vec<f32> = mixture
                .channel(0)
                .iter()
                .zip(&under)
                .map(|(x, m)| x - gain * m)
                .collect();
            assert!(max_abs_diff(&without, clean.channel(0)) < 1e-5);

            let (mut speech_energy, mut music_energy) = (0.0_f64, 0.0_f64);
            for range in active_frames(&[clean.channel(0).to_vec()], RATE) {
                for i in range {
                    speech_energy += f64::from(clean.channel(0)[i]).powi(2);
                    music_energy += f64::from(mixture.channel(0)[i] - clean.channel(0)[i]).powi(2);
                }
            }
            let snr_db = 10.0 * (speech_energy / music_energy).log10();
            assert!(
                (snr_db - pair.snr_db).abs() < 0.05,
                "{snr_db} for {}",
                pair.snr_db
            );
            assert!((-5.0..=15.0).contains(&pair.snr_db));
        }
    }
}

#[test]
fn pauses_are_not_active() {
    let active = active_frames(&speech(1), RATE);
    let frames: usize = active.iter().map(|range| range.len()).sum();
    assert_eq!(frames, 6400);
    assert!(
        active
            .iter()
            .all(|range| range.end <= 3200 || range.start >= 4800)
    );
    assert!(active_frames(&[vec![0.0; 500]], RATE).is_empty());
    assert!(active_frames(&[], RATE).is_empty());
}

#[test]
fn a_pair_depends_on_seed_and_name_alone() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let spec = spec(root.path());
    let (first, _) = run(root.path(), &spec);
    let bytes = std::fs::read(spec.out.join("mixture/a.wav")).expect("read");
    // More speech changes nothing; what is there is kept.
    save(&root.path().join("speech/0.wav"), &speech(9));
    let (second, _) = run(root.path(), &spec);
    assert_eq!(second["a"].0.music, first["a"].0.music);
    assert_eq!((second["a"].1, second["0"].1), (false, true));
    let again = SpeechMixSpec {
        overwrite: true,
        ..spec.clone()
    };
    let (third, _) = run(root.path(), &again);
    assert_eq!(third["a"], first["a"]);
    assert_eq!(
        std::fs::read(spec.out.join("mixture/a.wav")).expect("read"),
        bytes
    );
    let list = std::fs::read_to_string(spec.out.join("pairs.csv")).expect("list");
    assert_eq!(list.lines().count(), 4);
    // Other settings are not taken for these.
    let other = SpeechMixSpec {
        seed: 2,
        ..spec.clone()
    };
    let (none, errors) = run(root.path(), &other);
    assert_eq!((none.len(), errors.len()), (0, 3));
    let other = SpeechMixSpec {
        overwrite: true,
        ..other
    };
    let (fourth, _) = run(root.path(), &other);
    assert_ne!(fourth["a"].0.snr_db, first["a"].0.snr_db);
}

#[test]
fn what_a_killed_run_left_is_made_anew_and_foreign_files_stay() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let spec = spec(root.path());
    let place = |folder: &str| spec.out.join(folder).join("a.wav");
    let record = spec.out.join("pairs/a.json");
    let read = |folder: &str| std::fs::read(place(folder)).expect("read");
    let remove = |path: &Path| std::fs::remove_file(path).expect("removed");
    // What there is when the files are to get their names.
    let begin = || {
        let text = std::fs::read_to_string(&record).expect("record");
        let mut record_now: serde_json::Value = serde_json::from_str(&text).expect("record");
        record_now["begun"] = true.into();
        std::fs::write(&record, record_now.to_string()).expect("written");
    };
    run(root.path(), &spec);
    let whole = [read("mixture"), read("clean")];
    let made_anew = |what: &str| {
        let (pairs, errors) = run(root.path(), &spec);
        assert_eq!(errors, Vec::<String>::new(), "{what}");
        assert_eq!((pairs["a"].1, pairs["inner/b"].1), (true, false), "{what}");
        assert_eq!([read("mixture"), read("clean")], whole, "{what}");
        assert!(!run(root.path(), &spec).0["a"].1, "{what}");
    };
    begin();
    remove(&place("clean"));
    made_anew("one file");
    begin();
    made_anew("all files");
    remove(&place("mixture"));
    made_anew("a file of a whole pair was lost");
    remove(&record);
    remove(&place("clean"));
    made_anew("no record, but the same bytes");

    // What another run began is finished by this one; the whole pair beside it is not touched.
    let other = SpeechMixSpec {
        seed: 2,
        ..spec.clone()
    };
    begin();
    remove(&place("clean"));
    let (pairs, errors) = run(root.path(), &other);
    assert_eq!((pairs["a"].1, errors.len()), (true, 1), "{errors:?}");
    assert_ne!(read("mixture"), whole[0]);

    // Somebody else's file in the place of ours.
    begin();
    remove(&place("clean"));
    std::fs::write(place("mixture"), b"mine").expect("written");
    let (pairs, errors) = run(root.path(), &spec);
    assert_eq!((pairs.len(), errors.len()), (1, 1), "{errors:?}");
    assert!(errors[0].contains("mixture"), "{}", errors[0]);
    assert_eq!(read("mixture"), b"mine");
    assert!(!place("clean").exists());
    let list = std::fs::read_to_string(spec.out.join("pairs.csv")).expect("list");
    assert_eq!(list.lines().count(), 2);
    remove(&record);
    let (_, errors) = run(root.path(), &spec);
    assert_eq!((errors.len(), read("mixture")), (1, b"mine".to_vec()));
    assert_eq!(files_in(&spec.out.join("clean")), ["inner"]);
}

#[test]
fn what_cannot_be_mixed_is_named_and_the_rest_is_done() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    save(
        &root.path().join("speech/silent.wav"),
        &vec![vec![0.0; 4000]],
    );
    for folder in ["speech", "music"] {
        std::fs::write(root.path().join(folder).join("broken.wav"), b"RIFF no").expect("written");
    }
    let (pairs, errors) = run(root.path(), &spec(root.path()));
    assert_eq!((pairs.len(), errors.len()), (2, 3));
    assert!(errors.iter().any(|error| error.contains("silent")));
    assert!(!root.path().join("out/clean/silent.wav").exists());
}

#[test]
fn silent_music_is_told() {
    let root = tempfile::tempdir().expect("folder");
    save(&root.path().join("speech/a.wav"), &speech(1));
    save(&root.path().join("music/m.wav"), &vec![vec![0.0; 20_000]]);
    let (pairs, errors) = run(root.path(), &spec(root.path()));
    assert!(pairs.is_empty());
    assert!(errors[0].contains("music drawn"), "{}", errors[0]);
}

#[test]
fn loud_pairs_are_lowered_together() {
    let root = tempfile::tempdir().expect("folder");
    save(&root.path().join("speech/a.wav"), &vec![noise(1, 8000)]);
    save(&root.path().join("music/m.wav"), &vec![noise(2, 8000)]);
    let spec = SpeechMixSpec {
        format: AudioFormat::Wav24,
        snr_db: Between::only(-6.0),
        ..spec(root.path())
    };
    let (pairs, _) = run(root.path(), &spec);
    let gain = pairs["a"].0.gain as f32;
    assert!(gain < 1.0);
    let (clean, own) = (
        load(&spec.out.join("clean/a.wav")),
        load(&root.path().join("speech/a.wav")),
    );
    let lowered: Vec<f32> = own.channel(0).iter().map(|x| gain * x).collect();
    assert!(max_abs_diff(clean.channel(0), &lowered) < 1e-6);
    let mixture = load(&spec.out.join("mixture/a.wav"));
    let most = mixture
        .channel(0)
        .iter()
        .fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((most - 0.999).abs() < 1e-4, "{most}");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    assert_eq!(
        "-5..15".parse::<Between>().expect("range"),
        Between::new(-5.0, 15.0)
    );
    assert_eq!("3".parse::<Between>().expect("range"), Between::only(3.0));
    for text in ["", "a", "1..", "5..1", "NaN"] {
        assert_eq!(
            setting_name(failure(text.parse::<Between>())),
            "range",
            "{text}"
        );
    }
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let mix = |music: &str, spec: &SpeechMixSpec| {
        let (speech, music) = ([root.path().join("speech")], [root.path().join(music)]);
        setting_name(failure(speech_mix(
            &speech,
            &music,
            spec,
            None,
            &|_| (),
            &Reporter::silent(),
        )))
    };
    assert_eq!(mix("nothing", &spec(root.path())), "music");
    let loud = SpeechMixSpec {
        snr_db: Between::only(100.0),
        ..spec(root.path())
    };
    assert_eq!(mix("music", &loud), "snr");
}

#[test]
fn the_command_mixes_and_separates() {
    let root = tempfile::tempdir().expect("folder");
    prepare(root.path());
    let words = [
        "dataset",
        "speech-mix",
        "--speech",
        "speech",
        "--music",
        "music",
        "--out",
        "out",
        "--snr",
        "-5..15",
        "--model",
        "hpss",
        "--stem",
        "harmonic",
        "--json",
    ];
    let run = stemloom(root.path(), &words).expect(0);
    assert_eq!(run.events("file").len(), 2);
    assert_eq!(run.events("result")[0]["pairs"], 2);
    for name in ["a", "inner/b"] {
        let frames =
            |folder: &str| load(&root.path().join(format!("out/{folder}/{name}.wav"))).frames();
        assert_eq!(
            [frames("mixture"), frames("clean"), frames("degraded")],
            [8000; 3]
        );
    }
    let again = stemloom(root.path(), &words).expect(0);
    assert_eq!(
        (again.events("file").len(), again.events("kept").len()),
        (0, 2)
    );
    let wrong = ["--model", "hpss", "--stem", "flute", "--overwrite"];
    let words: Vec<&str> = words[..8].iter().copied().chain(wrong).collect();
    stemloom(root.path(), &words).expect(2);
}
