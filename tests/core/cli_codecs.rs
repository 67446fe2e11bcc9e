//! The command `codecs`: the list, and what each codec costs on a song.

use serde_json::json;
use stemloom::spectral::codec::Codec;

use crate::cli::{example, files_in, stemloom};
use crate::common::{number, text, whole};

#[test]
fn the_codecs_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let run = stemloom(folder.path(), &["codecs", "--json"]).expect(0);
    let listed = run.events("codec");
    assert_eq!(listed.len(), Codec::ALL.len());
    for (object, codec) in listed.iter().zip(Codec::ALL) {
        assert_eq!(text(&object["codec"]), codec.name());
        let formats: Vec<&str> = codec.formats().iter().map(|f| f.extension()).collect();
        assert_eq!(object["formats"], json!(formats));
        assert!(!text(&object["summary"]).is_empty());
        assert!([8, 16].contains(&whole(&object["bits"])));
        assert_eq!(whole(&object["channels"]), codec.channels());
    }
    let objects = run.objects();
    assert_eq!(objects.last().unwrap()["event"], "result");
    let plain = stemloom(folder.path(), &["codecs"]).expect(0);
    assert_eq!(plain.stdout.lines().count(), Codec::ALL.len());
    assert!(plain.stdout.contains("png, bmp, tif"), "{}", plain.stdout);
}

/// A folder in the way of one picture: that one is an error, the others are measured and kept with
/// their sound.
#[test]
fn a_picture_that_fails_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let song = example();
    let in_the_way = folder.path().join("kept/long-way-home [colour-8].bmp");
    std::fs::create_dir_all(in_the_way).unwrap();
    let mut words = vec!["codecs", &song, "--write", "kept", "--json"];
    words.extend(["--iterations", "1", "--start", "5", "--duration", "0.2"]);
    let run = stemloom(folder.path(), &words).expect(2);
    let errors = run.events("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    let told = text(&errors[0]["message"]);
    assert!(told.starts_with("colour-8 as bmp: "), "{told}");
    let all: usize = Codec::ALL.iter().map(|codec| codec.formats().len()).sum();
    assert_eq!(run.events("codec").len(), all - 1);
    assert_eq!(whole(&run.events("result")[0]["round_trips"]), all - 1);
    let kept = files_in(&folder.path().join("kept"));
    for ending in ["bmp", "png", "tif", "wav"] {
        let name = format!("long-way-home [colour-8].{ending}");
        assert!(kept.contains(&name), "{name} is not among {kept:?}");
    }
}

#[test]
fn the_codecs_are_measured_on_a_song() {
    let folder = tempfile::tempdir().unwrap();
    let song = example();
    let mut words = vec![
        "codecs",
        &song,
        "--write",
        "kept",
        "--iterations",
        "2",
        "--json",
    ];
    words.extend(["--start", "5", "--duration", "0.5"]);
    let run = stemloom(folder.path(), &words).expect(0);
    let trips = run.events("codec");
    let all: usize = Codec::ALL.iter().map(|codec| codec.formats().len()).sum();
    assert_eq!(trips.len(), all);
    assert_eq!(whole(&run.events("result")[0]["round_trips"]), all);
    let kept = folder.path().join("kept");
    let mut expected = Vec::new();
    for codec in Codec::ALL {
        expected.push(format!("long-way-home [{codec}].wav"));
        for format in codec.formats() {
            expected.push(format!("long-way-home [{codec}].{}", format.extension()));
        }
    }
    expected.sort();
    assert_eq!(files_in(&kept), expected);

    let snr = |codec: &str, format: &str| {
        let trip = trips
            .iter()
            .find(|trip| trip["codec"] == codec && trip["format"] == format)
            .unwrap_or_else(|| panic!("{codec} in {format}"));
        let picture = folder.path().join(text(&trip["picture"]));
        let bytes = std::fs::metadata(picture).unwrap().len();
        assert_eq!(whole(&trip["bytes"]) as u64, bytes);
        assert!(whole(&trip["width"]) > 20 && whole(&trip["height"]) >= 512);
        assert!(number(&trip["spectral_convergence_db"]) < 0.0, "{trip}");
        assert_eq!(trip["phase_free"], json!(codec.starts_with("mel")));
        number(&trip["snr_db"])
    };
    assert!(snr("colour-16-linear", "png") - snr("colour-8-linear", "png") > 40.0);
    assert!(snr("colour-8", "bmp") > snr("colour-8-linear", "bmp"));
    assert_eq!(snr("colour-8", "bmp"), snr("colour-8", "tif"));
    assert_eq!(snr("split", "png"), snr("colour-16", "tif"));
    snr("mel", "png");
    snr("mel-16", "tif");

    // Without a folder nothing is left, and people get a table.
    let empty = tempfile::tempdir().unwrap();
    let mut words = vec!["codecs", &song, "--iterations", "1"];
    words.extend(["--start", "5", "--duration", "0.2"]);
    let run = stemloom(empty.path(), &words).expect(0);
    assert_eq!(run.stdout.lines().count(), 1 + all + 1, "{}", run.stdout);
    assert!(run.stdout.starts_with("codec"), "{}", run.stdout);
    assert!(files_in(empty.path()).is_empty());
}
