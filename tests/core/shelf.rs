//! The shelf, guesses about graphs without a card, device names.
//!
//! Order: definition by hand → bad input. ONNX Runtime is not needed.

use std::path::Path;

use stemloom::Error;
use stemloom::model::proto::GraphSummary;
use stemloom::model::{Device, ModelShelf, TensorInfo, TensorKind, file_sha256, guess};

use crate::cards::{FIXED, good_card};
use crate::common::{Graph, failure, setting_name};

#[test]
fn devices_have_their_names() {
    let names = [
        ("auto", Device::Auto),
        ("cpu", Device::Cpu),
        ("cuda:0", Device::Cuda(0)),
        ("cuda:3", Device::Cuda(3)),
        ("tensorrt:1", Device::TensorRt(1)),
        ("coreml", Device::CoreMl),
        ("directml:0", Device::DirectMl(0)),
    ];
    for (name, device) in names {
        assert_eq!(name.parse::<Device>().unwrap(), device);
        assert_eq!(device.to_string(), name);
    }
    assert_eq!("CUDA".parse::<Device>().unwrap(), Device::Cuda(0));
    for wrong in ["", "tpu", "cuda:x", "cuda:-1", "cuda:"] {
        assert_eq!(
            setting_name(failure(wrong.parse::<Device>())),
            "device",
            "{wrong:?}"
        );
    }
}

#[test]
fn guesses_are_told_from_shapes() {
    let summary = |shape: &[Option<usize>]| GraphSummary {
        inputs: vec![TensorInfo {
            name: "in".into(),
            shape: shape.to_vec(),
        }],
        outputs: vec![TensorInfo {
            name: "out".into(),
            shape: shape.to_vec(),
        }],
        metadata: Vec::new(),
    };
    let path = Path::new("UVR MDX.onnx");
    let mdx = guess(&summary(&[None, Some(4), Some(3072), Some(256)]), path);
    assert_eq!((mdx.family, mdx.card.id.as_str()), ("MDX-Net", "UVR-MDX"));
    assert_eq!(mdx.card.stft.as_ref().map(|stft| stft.n_fft), Some(6144));
    assert_eq!(
        (mdx.card.segment.length, mdx.card.segment.fixed),
        (256, true)
    );
    let samples = guess(&summary(&[None, Some(2), Some(44_100)]), path);
    assert_eq!(
        (samples.card.tensor.kind, samples.card.segment.length),
        (TensorKind::WaveformStems, 44_100)
    );
    let mask = guess(&summary(&[None, Some(1), Some(1025), None]), path);
    assert_eq!(
        (mask.card.tensor.kind, mask.card.segment.fixed),
        (TensorKind::MagnitudeMask, false)
    );
    for guess in [mdx, samples, mask] {
        assert!(!guess.uncertain.is_empty());
        guess
            .card
            .validate(path)
            .expect("a template is a good card");
    }
}

#[test]
fn the_shelf_holds_what_its_folders_hold() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let graph = Graph::identity(&FIXED);
    graph.write(&first.path().join("b.onnx"), Some(&good_card("zebra")));
    graph.write(&first.path().join("cardless.onnx"), None);
    std::fs::write(first.path().join("text.ONNX"), "hello").unwrap();
    std::fs::write(first.path().join("notes.txt"), "hello").unwrap();
    graph.write(&second.path().join("c.onnx"), Some(&good_card("zebra")));
    graph.write(&second.path().join("d.onnx"), Some(&good_card("ant")));
    let folders = [
        first.path().to_owned(),
        first.path().join("no such folder"),
        second.path().to_owned(),
    ];
    let shelf = ModelShelf::scan_folders(&folders);

    let ids: Vec<&str> = shelf
        .entries
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    assert_eq!(ids, ["ant", "cardless", "text", "zebra"]);
    let problem = |i: usize| {
        shelf.entries[i]
            .card
            .as_ref()
            .expect_err("it cannot be used")
            .clone()
    };
    assert!(
        problem(1).contains("stemloom models card"),
        "{}",
        problem(1)
    );
    assert!(problem(2).contains("no ONNX file"), "{}", problem(2));
    // The first of two with one id wins.
    assert_eq!(
        shelf.find("zebra", &[]).unwrap().0,
        first.path().join("b.onnx")
    );

    match failure(shelf.find("lion", &["hpss"])) {
        Error::UnknownModel { name, known } => {
            assert_eq!(
                (name.as_str(), known.as_str()),
                ("lion", "hpss, ant, cardless, text, zebra")
            );
        }
        other => panic!("{other:?}"),
    }
    let missing = failure(shelf.find("folder/lion.onnx", &[]));
    assert!(matches!(missing, Error::Io { .. }), "{missing:?}");
    let cardless = failure(shelf.find("cardless", &[]));
    assert!(matches!(cardless, Error::Card { .. }), "{cardless:?}");
}

#[test]
fn checksums_are_sha256() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    std::fs::write(&path, "abc").unwrap();
    // FIPS 180-2, appendix B.1.
    let want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        file_sha256(&path, &stemloom::progress::Reporter::silent()).unwrap(),
        want
    );
}
