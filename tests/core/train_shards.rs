//! Batches in parts: the same gradients where no layer looks at the batch, the same run every time.

use stemloom::train::{Checkpoint, Recipe, read_run};

use crate::train_common::{instruments, run, state_files, tiny, tiny_adversarial};

fn losses(recipe: &Recipe, folder: &std::path::Path, name: &str) -> Vec<f64> {
    let data = folder.join("data");
    let data = if data.is_dir() {
        data
    } else {
        instruments(folder)
    };
    let out = folder.join(name);
    run(recipe, &data, &out);
    let history = read_run(&out).unwrap().history;
    history
        .iter()
        .flat_map(|row| [row.train.loss, row.valid.unwrap().loss])
        .collect()
}

#[test]
fn parts_add_up_to_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    // Three parts of four examples: 1, 1 and 2 of them.
    for adversarial in [false, true] {
        let recipe = |shards: &str| {
            let shards = format!("training.shards={shards}");
            let changes = [
                "network.norm=false",
                "network.dropout=0",
                "training.epochs=2",
            ];
            let changes = [&changes[..], &[shards.as_str()]].concat();
            if adversarial {
                tiny_adversarial(&changes)
            } else {
                tiny(&changes)
            }
        };
        let whole = losses(&recipe("1"), folder.path(), &format!("whole-{adversarial}"));
        // The discriminator normalises: it needs two examples at least in each part.
        let shards = if adversarial { "2" } else { "3" };
        let parts = losses(
            &recipe(shards),
            folder.path(),
            &format!("parts-{adversarial}"),
        );
        assert_eq!(whole.len(), parts.len());
        // Normalised by parts, the discriminator judges a little differently.
        let most = if adversarial { 0.1 } else { 1e-4 };
        for (whole, parts) in whole.iter().zip(&parts) {
            assert!((whole - parts).abs() < most * whole, "{whole} {parts}");
        }
    }
}

#[test]
fn parts_give_the_same_run_twice() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny(&["training.shards=2", "training.epochs=2"]);
    let first = losses(&recipe, folder.path(), "first");
    let second = losses(&recipe, folder.path(), "second");
    assert_eq!(first, second);
    let networks = ["first", "second"].map(|name| {
        let files = state_files(&folder.path().join(name), Checkpoint::Last);
        let of_network = |(file, _): &(String, Vec<u8>)| file.starts_with("network");
        files.into_iter().find(of_network).unwrap()
    });
    assert_eq!(networks[0], networks[1]);
    // Normalised part by part, it is another run than that of whole batches.
    let whole = losses(&tiny(&["training.epochs=2"]), folder.path(), "whole");
    assert_ne!(first, whole);
}
