//! Features on disk: shapes, counts and values by the definition, keeping, and broken files.

use std::path::Path;

use stemloom::apply::PicturePreset;
use stemloom::dataset::{
    FEATURES_FILE, FeatureFile, FeatureInput, FeatureKind, FeatureManifest, FeatureOptions,
    find_features, read_npy, write_features,
};
use stemloom::progress::Reporter;
use stemloom::spectral::Stft;

use crate::cli::{files_in, stemloom};
use crate::common::{failure, max_abs_diff, noise, setting_name, sine};
use crate::multitrack::write_at;

fn make(folder: &Path, kind: FeatureKind) -> FeatureManifest {
    let options = FeatureOptions {
        out: folder.join("out"),
        kind,
        overwrite: false,
    };
    let inputs = find_features(&folder.join("in")).unwrap();
    let tell = |_: &FeatureInput, made: &stemloom::error::Result<FeatureFile>| {
        assert!(made.is_ok(), "{made:?}");
    };
    write_features(&inputs, &options, &tell, &Reporter::silent()).unwrap()
}

/// The picture of all samples, `[column][band]`.
fn picture(preset: PicturePreset, samples: &[f32]) -> Vec<f32> {
    let options = preset.options();
    let stft = Stft::new(&options.stft).unwrap();
    let rate = options.sample_rate_hz.unwrap();
    let plan = options.picture.plan(&options.stft, rate).unwrap();
    plan.forward(&stft.forward(&[samples]).magnitudes()[0])
}

#[test]
fn timbre_slices_are_256_columns_and_the_last_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    // 257 columns, and 256.
    let long = noise(1, 256 * 512);
    let bin_40 = sine(40.0 * 44_100.0 / 1024.0, 44_100, 255 * 512, 1.0);
    write_at(&input.join("piano/long.wav"), 44_100, &vec![long.clone()]);
    write_at(&input.join("piano/deep/exact.wav"), 44_100, &vec![bin_40]);
    write_at(&input.join("guitar/short.wav"), 44_100, &vec![noise(2, 9)]);
    let manifest = make(folder.path(), FeatureKind::Timbre);
    let out = folder.path().join("out");
    assert_eq!(files_in(&out.join("piano/deep")), ["exact_000.npy"]);
    assert_eq!(files_in(&out.join("guitar")), ["short_000.npy"]);
    assert_eq!(manifest.slices, 4);
    let piano = manifest.instruments["piano"];
    assert_eq!((piano.pieces, piano.slices), (2, 3));
    assert_eq!(FeatureManifest::read(&out).unwrap(), manifest);

    // A full-scale sine is 1 at its bin, by the system's scale.
    let exact = read_npy(&out.join("piano/deep/exact_000.npy")).unwrap();
    assert_eq!(exact.shape, [256, 256, 1]);
    assert!((exact.values[40 * 256 + 100] - 1.0).abs() < 1e-3);
    let want = picture(PicturePreset::Timbre, &long);
    assert_eq!(want.len(), 257 * 256);
    for (number, columns) in [(0, 256), (1, 1)] {
        let slice = read_npy(&out.join(format!("piano/long_{number:03}.npy"))).unwrap();
        for bin in 0..256 {
            for column in 0..256 {
                let value = slice.values[bin * 256 + column];
                if column < columns {
                    let want = want[(number * 256 + column) * 256 + bin];
                    assert!((value - want).abs() < 1e-5, "{bin}, {column}");
                } else {
                    assert_eq!(value, -1.0);
                }
            }
        }
    }
}

#[test]
fn mel_pictures_have_their_shapes_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let samples = noise(3, 327_501);
    write_at(
        &folder.path().join("in/a/x.wav"),
        22_050,
        &vec![samples.clone()],
    );
    make(folder.path(), FeatureKind::Mel512);
    let out = folder.path().join("out");
    assert_eq!(files_in(&out.join("a")), ["x_000.npy", "x_001.npy"]);
    let slice = read_npy(&out.join("a/x_000.npy")).unwrap();
    assert_eq!(slice.shape, [512, 640, 1]);
    let want = picture(PicturePreset::Mel512, &samples[..327_500]);
    for (band, column) in [(0, 0), (100, 300), (511, 639)] {
        let (got, want) = (slice.values[band * 640 + column], want[column * 512 + band]);
        assert!((got - want).abs() <= 1e-4 * want.abs(), "{got} {want}");
    }

    // Another kind does not mix with what is there.
    let inputs = find_features(&folder.path().join("in")).unwrap();
    let mut options = FeatureOptions {
        out: out.clone(),
        kind: FeatureKind::Mel80,
        overwrite: false,
    };
    let error = failure(write_features(
        &inputs,
        &options,
        &|_, _| {},
        &Reporter::silent(),
    ));
    assert_eq!(setting_name(error), "kind");
    options.out = folder.path().join("other");
    write_features(&inputs, &options, &|_, _| {}, &Reporter::silent()).unwrap();
    let whole = read_npy(&options.out.join("a/x_000.npy")).unwrap();
    let columns = 1 + (327_501 + 2 * 384 - 1024) / 256;
    assert_eq!(whole.shape, [80, columns, 1]);
    let want = picture(PicturePreset::Vocoder80, &samples);
    let first: Vec<f32> = (0..80).map(|band| whole.values[band * columns]).collect();
    assert!(max_abs_diff(&first, &want[..80]) < 1e-4);
}

#[test]
fn the_program_keeps_whole_slices_and_names_broken_files() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    write_at(&input.join("a/x.wav"), 44_100, &vec![noise(1, 3_000)]);
    write_at(&input.join("b/x.wav"), 22_050, &planar());
    let words = ["dataset", "features", "in", "--out", "out", "--json"];
    stemloom(folder.path(), &words).expect(0);
    let broken = folder.path().join("out/a/x_000.npy");
    let whole = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &whole[..whole.len() - 4]).unwrap();
    std::fs::write(input.join("b/bad.wav"), b"no sound").unwrap();
    let run = stemloom(folder.path(), &words).expect(2);
    let mut files: Vec<(u64, u64)> = run
        .events("file")
        .iter()
        .map(|file| {
            (
                file["written"].as_u64().unwrap(),
                file["kept"].as_u64().unwrap(),
            )
        })
        .collect();
    files.sort_unstable();
    assert_eq!(files, [(0, 1), (1, 0)]);
    assert_eq!(std::fs::read(&broken).unwrap(), whole);
    let errors = run.events("error");
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["message"].to_string().contains("bad.wav"));
    assert_eq!(run.events("result")[0]["slices"], 2);
    assert!(folder.path().join("out").join(FEATURES_FILE).is_file());

    let info = stemloom(folder.path(), &["dataset", "info", "out", "--json"]).expect(0);
    let info = &info.events("result")[0]["info"];
    assert_eq!(info["kind"], "features");
    assert_eq!(info["folders"]["a"]["examples"], 1);
    assert_eq!(info["statistics"]["min"], -1.0);
    let empty = stemloom(folder.path(), &["dataset", "features", "out", "--out", "o"]).expect(2);
    assert!(empty.error_line().contains("one per instrument"));
}

#[test]
fn another_kind_replaces_all_slices_and_touches_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    // 600 columns: three timbre slices.
    write_at(&input.join("a/x.wav"), 44_100, &vec![noise(1, 599 * 512)]);
    write_at(&input.join("a/y.wav"), 44_100, &vec![noise(2, 3_000)]);
    write_at(&input.join("b/deep/z.wav"), 44_100, &vec![noise(3, 3_000)]);
    let manifest = make(folder.path(), FeatureKind::Timbre);
    assert_eq!((manifest.slices, manifest.pieces.len()), (5, 2));
    let (a, b) = (folder.path().join("out/a"), folder.path().join("out/b"));
    // What a longer recording left goes, behind a gap too.
    std::fs::copy(a.join("x_000.npy"), a.join("x_005.npy")).unwrap();
    make(folder.path(), FeatureKind::Timbre);
    let slices = ["x_000.npy", "x_001.npy", "x_002.npy", "y_000.npy"];
    assert_eq!(files_in(&a), slices);

    // A gap, a recording that is broken now, and one that is gone.
    std::fs::remove_file(a.join("x_001.npy")).unwrap();
    std::fs::write(input.join("a/y.wav"), b"no sound").unwrap();
    std::fs::remove_dir_all(input.join("b")).unwrap();
    let foreign = ["other_000.npy", "x_000.txt", "x_03.npy", "x_y_000.npy"];
    for name in foreign {
        std::fs::write(a.join(name), name).unwrap();
    }
    let options = FeatureOptions {
        out: folder.path().join("out"),
        kind: FeatureKind::Mel80,
        overwrite: true,
    };
    let inputs = find_features(&input).unwrap();
    let silent = Reporter::silent();
    let manifest = write_features(&inputs, &options, &|_, _| {}, &silent).unwrap();
    assert_eq!(manifest.slices, 1);
    let mut want = foreign.map(str::to_owned).to_vec();
    want.push("x_000.npy".to_owned());
    want.sort();
    assert_eq!(files_in(&a), want);
    for name in foreign {
        assert_eq!(std::fs::read(a.join(name)).unwrap(), name.as_bytes());
    }
    assert!(files_in(&b.join("deep")).is_empty());
    let shape = read_npy(&a.join("x_000.npy")).unwrap().shape;
    assert_eq!(shape[0], 80);
}

#[test]
fn a_list_cannot_name_slices_outside_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    write_at(&input.join("a/x.wav"), 44_100, &vec![noise(1, 3_000)]);
    make(folder.path(), FeatureKind::Timbre);
    let outside = folder.path().join("safe/x_000.npy");
    std::fs::create_dir(folder.path().join("safe")).unwrap();
    std::fs::write(&outside, "kept").unwrap();
    let list = folder.path().join("out").join(FEATURES_FILE);
    let listed = std::fs::read_to_string(&list).unwrap();
    let forged = listed.replace("[pieces]", "[pieces]\n\"../safe\" = [\"x\"]");
    assert_ne!(forged, listed);
    std::fs::write(&list, forged).unwrap();
    let options = FeatureOptions {
        out: folder.path().join("out"),
        kind: FeatureKind::Mel80,
        overwrite: true,
    };
    let inputs = find_features(&input).unwrap();
    write_features(&inputs, &options, &|_, _| {}, &Reporter::silent()).unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"kept");
}

fn planar() -> Vec<Vec<f32>> {
    vec![noise(2, 2_000), noise(3, 2_000)]
}
