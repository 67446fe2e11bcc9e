//! What a run writes down: history, TensorBoard's events, previews, and the record of itself.

use std::path::{Path, PathBuf};

use prost::Message;
use stemloom::audio::decode;
use stemloom::memory::peak_memory_bytes;
use stemloom::progress::Reporter;
use stemloom::train::{
    Control, Recipe, RunOptions, RunPreview, TrainEvent, read_history, read_previews, read_run,
};

use crate::train_common::{
    RATE_HZ, instruments, resumed, run, run_watched, tiny, tiny_adversarial,
};

// TensorFlow's messages, as far as they are written.

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// CRC-32C by long division of polynomials, highest power last.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        for bit in 0..8 {
            let top = (crc ^ u32::from(*byte >> bit)) & 1;
            crc >>= 1;
            if top == 1 {
                crc ^= 0x1edc_6f41_u32.reverse_bits();
            }
        }
    }
    !crc
}

fn unmasked(masked: [u8; 4]) -> u32 {
    let rotated = u32::from_le_bytes(masked).wrapping_sub(0xa282_ead8);
    rotated.rotate_left(15)
}

fn events(path: &Path) -> Vec<Event> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(12);
        assert_eq!(unmasked(head[8..].try_into().unwrap()), crc32c(&head[..8]));
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        let (data, tail) = tail.split_at(length);
        let (check, tail) = tail.split_at(4);
        assert_eq!(unmasked(check.try_into().unwrap()), crc32c(data));
        events.push(Event::decode(data).unwrap());
        rest = tail;
    }
    events
}

fn event_files(run: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("events.out.tfevents."))
        .collect();
    files.sort();
    files
}

#[test]
fn the_check_of_this_test_is_the_known_one() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

#[test]
fn tensorboard_finds_every_number_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let own = "discriminator_optimiser.learning_rate=0.0001";
    run(&tiny_adversarial(&[own]), &data, &out);
    resumed(&tiny_adversarial(&[own, "training.epochs=3"]), &data, &out);
    let files = event_files(&out);
    assert_eq!(files.len(), 2);
    let all: Vec<Vec<Event>> = files.iter().map(|file| events(file)).collect();
    for events in &all {
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        assert!(events.iter().all(|event| event.wall_time > 1.6e9));
    }
    let history = read_history(&out.join("history.csv")).unwrap();
    assert_eq!(history.len(), 3);
    let summaries: Vec<&Event> = all
        .iter()
        .flatten()
        .filter(|event| event.summary.is_some())
        .collect();
    assert_eq!(summaries.len(), 3);
    // Where a session starts, what was told from that step on is forgotten: nothing that counts.
    let starts: Vec<u64> = all
        .iter()
        .flatten()
        .filter(|event| {
            event
                .session_log
                .as_ref()
                .is_some_and(|log| log.status == 1)
        })
        .map(|event| event.step as u64)
        .collect();
    assert_eq!(starts, [0, history[1].step + 1]);
    for (row, event) in history.iter().zip(summaries) {
        assert_eq!(event.step as u64, row.step);
        let values = &event.summary.as_ref().unwrap().value;
        let value = |tag: &str| {
            let value = values.iter().find(|value| value.tag == tag);
            value
                .unwrap_or_else(|| panic!("no {tag}"))
                .simple_value
                .unwrap()
        };
        assert_eq!(value("learning_rate"), row.learning_rate as f32);
        let rate = row.discriminator_learning_rate.unwrap();
        assert_eq!(value("learning_rate_discriminator"), rate as f32);
        for (prefix, losses) in [("train", row.train), ("valid", row.valid.unwrap())] {
            for (name, x) in losses.named() {
                assert_eq!(value(&format!("{prefix}/{name}")), x as f32);
            }
        }
    }
}

#[test]
fn the_history_is_a_table_of_plain_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    run(
        &tiny(&["training.epochs=3", "training.validate_every=2"]),
        &data,
        &out,
    );
    let text = std::fs::read_to_string(out.join("history.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "stage,epoch,step,train_loss,train_l1,valid_loss,valid_l1,learning_rate,secs"
    );
    assert_eq!(lines.len(), 4);
    for line in &lines[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), 9);
        let is_number = |cell: &&str| cell.is_empty() || cell.parse::<f64>().is_ok();
        assert!(cells.iter().all(is_number), "{line}");
    }
    // The second epoch's turn, and the last one always.
    let rows = read_history(&out.join("history.csv")).unwrap();
    let validated: Vec<bool> = rows.iter().map(|row| row.valid.is_some()).collect();
    assert_eq!(validated, [false, true, true]);
    std::fs::write(out.join("history.csv"), "stage,epoch\n1\n").unwrap();
    let error = read_history(&out.join("history.csv")).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn previews_are_seen_and_heard() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["preview.secs=0.5", "training.steps_per_epoch=2"]);
    let mut previews = Vec::new();
    run_watched(&recipe, &data, &out, &RunOptions::default(), &mut |event| {
        if let TrainEvent::Preview {
            stage,
            epoch,
            files,
        } = event
        {
            assert_eq!(stage, None);
            previews.push((epoch, files));
        }
        Control::Go
    })
    .unwrap();
    assert_eq!(previews.len(), 2);
    let mut inputs = Vec::new();
    for (i, (epoch, files)) in previews.iter().enumerate() {
        assert_eq!(*epoch, i + 1);
        let place = out.join(format!("previews/epoch-{epoch:03}"));
        assert_eq!(files.picture, place.join("picture.png"));
        let png = std::fs::read(&files.picture).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        let sounds = files.sounds.as_ref().expect("sounds");
        let clips = sounds
            .clone()
            .map(|path| decode(&path, None, &Reporter::silent()).unwrap().0);
        for clip in &clips {
            assert_eq!(clip.sample_rate_hz(), RATE_HZ);
            assert_eq!(clip.num_channels(), 1);
            // Eight examples of 16 columns, 32 samples apart.
            assert_eq!(clip.frames(), 8 * 16 * 32);
        }
        let level = |i: usize| stemloom::audio::rms(clips[i].channel(0));
        assert!(level(1) > 0.0);
        for (i, name) in [(0, "input"), (2, "output")] {
            assert!(
                (level(i) / level(1) - 1.0).abs() < 1e-3,
                "the {name} has the target's level"
            );
        }
        inputs.push(clips[0].channel(0).to_vec());
    }
    // The same excerpt every time.
    assert_eq!(inputs[0], inputs[1]);
}

#[test]
fn the_preview_of_an_input_is_the_recording_itself() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    // All bins kept: nothing is lost on the way to the picture and back.
    let recipe = tiny(&[
        "examples.picture.bins_kept=none",
        "examples.height=32",
        "preview.secs=0.9",
        "training.steps_per_epoch=1",
        "training.epochs=1",
    ]);
    run(&recipe, &data, &out);
    let song = &read_run(&out).unwrap().data.unwrap().valid[0];
    let place = out.join("previews/epoch-001");
    for (name, instrument) in [("input.wav", "keyboard"), ("target.wav", "guitar")] {
        let (made, _) = decode(&place.join(name), None, &Reporter::silent()).unwrap();
        let name = Path::new(song)
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let path = data.join(instrument).join(format!("{name}.wav"));
        let (truth, _) = decode(&path, None, &Reporter::silent()).unwrap();
        let made = made.channel(0);
        // An excerpt may go beyond the end, into silence.
        let mut truth = truth.channel(0).to_vec();
        truth.resize(truth.len() + 1024, 0.0);
        let best = (0..=truth.len() - made.len())
            .step_by(512)
            .map(|start| {
                let middle = 64..made.len() - 64;
                let truth = &truth[start..start + made.len()][middle.clone()];
                let made = &made[middle];
                // The input has the target's level, not its own.
                let product =
                    |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
                let gain = product(truth, made) / product(made, made);
                let made: Vec<f32> = made.iter().map(|x| gain * x).collect();
                crate::common::snr_db(truth, &made)
            })
            .fold(f64::NEG_INFINITY, f64::max);
        assert!(best > 25.0, "{instrument}: {best} dB");
    }
}

#[test]
fn a_run_tells_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["training.seed=5", "training.epochs=1"]);
    run(&recipe, &data, &out);
    let kept = Recipe::read(&out.join("recipe.toml")).unwrap();
    assert_eq!(kept.to_toml().unwrap(), recipe.to_toml().unwrap());
    let record = read_run(&out).unwrap().record;
    assert_eq!(record.seed, 5);
    assert_eq!(record.version, env!("CARGO_PKG_VERSION"));
    assert!(record.device.starts_with("processor"));
    assert!(record.changed_secs >= record.started_secs && record.resumed == 0);
    assert!(read_run(&data).is_err());
    if cfg!(target_os = "linux") {
        assert!(peak_memory_bytes().unwrap() > 1_000_000);
    }
}

/// Plain magnitudes differ so much that all but the loudest would be black.
#[test]
fn previews_of_plain_magnitudes_are_no_black_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&[
        "training.epochs=1",
        "preview.secs=0.5",
        "examples.picture.scale.kind=linear",
    ]);
    run(&recipe, &data, &out);
    let file = std::fs::File::open(out.join("previews/epoch-001/picture.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let thirds = |third: usize| {
        let width = frame.width as usize;
        let of_third = pixels
            .chunks_exact(3 * width)
            .flat_map(|row| row.chunks_exact(3).skip(third * width / 3).take(width / 3));
        let bright = of_third.clone().filter(|p| p.iter().any(|x| *x > 64));
        bright.count() as f64 / of_third.count() as f64
    };
    // Three sides of a scale: input, target and output.
    for third in 0..3 {
        assert!(thirds(third) > 0.2, "part {third}: {}", thirds(third));
    }
}

#[test]
fn stages_have_their_own_previews() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let short = [
        "training.epochs=2",
        "training.steps_per_epoch=1",
        "preview.secs=0.3",
    ];
    let stages = "\n[[pretrain]]\nname = \"first\"\n\n[[pretrain]]\nname = \"epoch-001\"\n\
                  training.epochs = 1\n";
    let text = tiny(&short).to_toml().unwrap() + stages;
    let recipe = Recipe::parse(&text, Path::new("stages.toml")).unwrap();
    let mut told = Vec::new();
    run_watched(&recipe, &data, &out, &RunOptions::default(), &mut |event| {
        if let TrainEvent::Preview {
            stage,
            epoch,
            files,
        } = event
        {
            told.push(RunPreview {
                stage,
                epoch,
                files,
            });
        }
        Control::Go
    })
    .unwrap();
    let places: Vec<(Option<&str>, usize)> = told
        .iter()
        .map(|preview| (preview.stage.as_deref(), preview.epoch))
        .collect();
    let (first, second) = (Some("first"), Some("epoch-001"));
    assert_eq!(
        places,
        [(first, 1), (first, 2), (second, 1), (None, 1), (None, 2)]
    );
    let place = out.join("previews/first/epoch-002/picture.png");
    assert_eq!(told[1].files.picture, place);
    // A stage may be called as an epoch's folder is.
    assert_eq!(
        told[2].files.picture,
        out.join("previews/stage-2/epoch-001/picture.png")
    );
    assert_eq!(
        told[4].files.picture,
        out.join("previews/epoch-002/picture.png")
    );
    assert_eq!(read_previews(&out), told);
    std::fs::remove_file(&place).unwrap();
    assert_eq!(read_previews(&out).len(), 4);

    // All go with a run that is replaced; those that are carried on stay.
    resumed(
        &recipe.with_changes(&["training.epochs=3"]).unwrap(),
        &data,
        &out,
    );
    assert_eq!(read_previews(&out).len(), 5);
    let overwrite = RunOptions {
        overwrite: true,
        ..RunOptions::default()
    };
    let plain = tiny(&short);
    run_watched(&plain, &data, &out, &overwrite, &mut |_| Control::Go).unwrap();
    let left = read_previews(&out);
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|preview| preview.stage.is_none()));
    assert!(read_previews(&data).is_empty());
}

#[test]
fn every_stem_is_seen_and_heard() {
    let folder = tempfile::tempdir().unwrap();
    let (recipe, source) = crate::train_export::tiny("unet-mask");
    let data = crate::train_export::recordings(folder.path(), source);
    // Width and height of the picture.
    let size = |name: &str, targets: &str| {
        let out = folder.path().join(name);
        let recipe = recipe.with_changes(&[targets, "preview.secs=0.3"]).unwrap();
        run(&recipe, &data, &out);
        let png = std::fs::read(out.join("previews/epoch-001/picture.png")).unwrap();
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    };
    let one = size("one", "examples.targets=vocals");
    let two = size("two", "examples.targets=vocals,drums");
    // Wide ones are below each other: three parts, and five.
    assert_eq!(one.0, two.0);
    assert_eq!((one.1 + 6) / 3, (two.1 + 6) / 5);
    let place = folder.path().join("two/previews/epoch-001");
    let level = |name: &str| {
        let (clip, _) = decode(&place.join(name), None, &Reporter::silent()).unwrap();
        stemloom::audio::rms(clip.channel(0))
    };
    assert!(level("target-drums.wav") > 0.0);
    let (own, wanted) = (level("output-drums.wav"), level("target-drums.wav"));
    assert!((own / wanted - 1.0).abs() < 1e-3, "{own} and {wanted}");
    assert_ne!(level("target.wav"), wanted);
    let other = folder.path().join("one/previews/epoch-001");
    assert!(!other.join("target-drums.wav").exists());
}
