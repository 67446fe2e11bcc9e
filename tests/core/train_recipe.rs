//! Training recipes: those shipped, their sizes, changes by `key=value`, and what is refused.

use std::path::Path;

use stemloom::dataset::ExampleTarget;
use stemloom::train::{
    LossKind, NetworkSpec, Recipe, ScheduleKind, open_recipe, shipped_recipe, shipped_recipe_names,
};

use crate::common::setting_name;
use crate::train_common::tiny;

fn parameters(name: &str) -> (usize, Option<usize>) {
    let recipe = shipped_recipe(name).unwrap();
    let shapes = recipe.examples.shapes().unwrap();
    let plan = recipe.plan(shapes).unwrap();
    let discriminator = recipe.discriminator_plan(shapes).unwrap();
    (
        plan.parameters().unwrap(),
        discriminator.map(|plan| plan.parameters().unwrap()),
    )
}

#[test]
fn every_shipped_recipe_is_right_and_says_what_it_is_for() {
    let names = shipped_recipe_names();
    assert_eq!(names.len(), 12);
    for name in names {
        let recipe = shipped_recipe(name).unwrap();
        recipe.validate().unwrap();
        assert_eq!(recipe.name, name);
        assert!(
            !recipe.title.is_empty() && recipe.about.len() > 40,
            "{name}"
        );
        let text = recipe.to_toml().unwrap();
        let again = Recipe::parse(&text, Path::new("again.toml")).unwrap();
        assert_eq!(again.to_toml().unwrap(), text, "{name}");
    }
    let experimental = |name: &str| shipped_recipe(name).unwrap().experimental;
    assert!(experimental("vocals2song") && experimental("phase") && !experimental("pix2pix"));
}

#[test]
fn full_size_networks_have_the_published_numbers() {
    assert_eq!(parameters("pix2pix"), (54_408_833, Some(2_764_545)));
    assert_eq!(parameters("generator"), (54_408_833, None));
    assert_eq!(parameters("pix2pix-any"), (54_409_857, Some(2_764_545)));
    assert_eq!(parameters("vocals2song"), (54_414_979, Some(2_768_641)));
    assert_eq!(parameters("ibm-cnn"), (3_246_353, None));
    assert_eq!(parameters("ibm-cnn-deep"), (14_733_769, None));
}

#[test]
fn the_small_variants_that_are_told_of_can_be_built() {
    for name in shipped_recipe_names() {
        let recipe = shipped_recipe(name).unwrap();
        let Some((_, small)) = recipe.about.split_once("begin with: ") else {
            continue;
        };
        let changes: Vec<&str> = small.split_whitespace().collect();
        assert!(!changes.is_empty(), "{name}");
        let small = recipe.with_changes(&changes).unwrap();
        let size = |recipe: &Recipe| {
            let plan = recipe.plan(recipe.examples.shapes().unwrap()).unwrap();
            plan.parameters().unwrap()
        };
        assert!(size(&small) * 2 < size(&recipe), "{name}");
    }
}

#[test]
fn stages_are_the_recipe_with_their_differences() {
    let recipe = shipped_recipe("ibm-cnn-deep").unwrap();
    let stages = recipe.stages().unwrap();
    assert_eq!(stages.len(), 2);
    assert_eq!(stages[0].name, "auto-encoder");
    assert_eq!(stages[0].examples.target, ExampleTarget::Picture);
    assert_eq!(stages[0].examples.origin, "vocals");
    assert_eq!(stages[0].optimiser.learning_rate, 1e-5);
    assert_eq!(stages[0].optimiser.beta_2, 0.999);
    assert_eq!(stages[0].training.epochs, 50);
    assert_eq!(stages[0].training.batch_size, 128);
    assert!(stages[0].pretrain.is_empty() && stages[1].pretrain.is_empty());
    assert_eq!(stages[1].training.epochs, 200);
    // What is changed in the recipe is changed in its stages too.
    let smaller = recipe
        .with_changes(&["network.dense=[8,4]", "training.batch_size=2"])
        .unwrap();
    let stages = smaller.stages().unwrap();
    let NetworkSpec::IbmCnnDeep(network) = &stages[0].network else {
        panic!("{:?}", stages[0].network);
    };
    assert_eq!(network.dense, [8, 4]);
    assert_eq!(stages[0].training.batch_size, 2);
}

#[test]
fn stages_are_changed_by_name_or_number() {
    let recipe = shipped_recipe("ibm-cnn-deep").unwrap();
    assert_eq!(recipe.stage_names(), ["auto-encoder"]);
    let changed = recipe
        .with_changes(&[
            "pretrain.auto-encoder.training.epochs=3",
            "pretrain.1.schedule.kind=cosine",
            // Another stem is asked for: the auto-encoder learns that one.
            "examples.targets=guitar",
        ])
        .unwrap();
    let [before, after] = &changed.stages().unwrap()[..] else {
        panic!("two stages");
    };
    assert_eq!((before.training.epochs, after.training.epochs), (3, 200));
    assert_eq!(before.schedule.kind, ScheduleKind::Cosine);
    assert_eq!(after.schedule.kind, ScheduleKind::Constant);
    assert_eq!(before.examples.origin, "guitar");
    assert_eq!(before.examples.targets, ["guitar"]);
    assert_eq!(before.examples.target, ExampleTarget::Picture);
    assert_eq!(after.examples.origin, recipe.examples.origin);
    // The text of a recipe with such changes is that recipe.
    let again = Recipe::parse(&changed.to_toml().unwrap(), Path::new("again.toml")).unwrap();
    assert_eq!(again.to_toml().unwrap(), changed.to_toml().unwrap());

    for (change, name, words) in [
        ("pretrain.2.training.epochs=3", "pretrain.2", "auto-encoder"),
        (
            "pretrain.auto-encoder.training.epoch=3",
            "pretrain.auto-encoder.training.epoch",
            "training.epochs",
        ),
        (
            "pretrain.auto-encoder.training.epochs=few",
            "pretrain.auto-encoder.training.epochs",
            "a whole number",
        ),
        (
            "pretrain.auto-encoder.training.patience=none",
            "pretrain.auto-encoder.training.patience",
            "there",
        ),
        (
            "pretrain.auto-encoder.auto_encoder=perhaps",
            "pretrain.auto-encoder.auto_encoder",
            "true or false",
        ),
        ("examples.targets=a,b", "examples.targets", "one target"),
    ] {
        let error = recipe.with_changes(&[change]).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(words), "{change}: {told}");
        assert_eq!(setting_name(error), name, "{change}");
    }
    let none = tiny(&[]).with_changes(&["pretrain.1.training.epochs=2"]);
    assert!(none.unwrap_err().to_string().contains("no stages"));
}

#[test]
fn changes_reach_every_kind_of_field() {
    let recipe = tiny(&[
        "training.epochs=7",
        "optimiser.learning_rate=1",
        "loss.kind=mse",
        "schedule.kind=cosine",
        "title=A name with spaces",
        "examples.targets=guitar",
        "training.patience=3",
        "training.clip_norm=0.5",
    ]);
    assert_eq!(recipe.training.epochs, 7);
    assert_eq!(recipe.optimiser.learning_rate, 1.0);
    assert_eq!(recipe.loss.kind, LossKind::Mse);
    assert_eq!(recipe.schedule.kind, ScheduleKind::Cosine);
    assert_eq!(recipe.title, "A name with spaces");
    assert_eq!(recipe.examples.targets, ["guitar"]);
    assert_eq!(recipe.training.patience, Some(3));
    assert_eq!(recipe.training.clip_norm, Some(0.5));
    // Other fields of the table stay.
    assert_eq!(recipe.optimiser.beta_1, 0.9);
    let recipe = recipe.with_changes(&["training.patience=none"]).unwrap();
    assert_eq!(recipe.training.patience, None);
    // Another kind of network has its own defaults; only the result of all changes has to fit.
    let mel = recipe
        .with_changes(&["network.kind=unet-mel", "network.depth=2"])
        .unwrap();
    let NetworkSpec::UnetMel(network) = &mel.network else {
        panic!("{:?}", mel.network);
    };
    assert_eq!((network.depth, network.base_filters), (2, 16));
    let masks = tiny(&["examples.preset=mask", "network.kind=unet-mask"]);
    assert_eq!(masks.examples.columns, 128);
    assert!(matches!(masks.network, NetworkSpec::UnetMask(_)));
}

#[test]
fn wrong_changes_name_the_key_and_what_is_near() {
    let recipe = tiny(&[]);
    let error = |change: &str| recipe.with_changes(&[change]).unwrap_err();
    for (change, words) in [
        ("training.epoch=3", "training.epochs"),
        ("optimizer.learning_rate=3", "optimiser.learning_rate"),
        ("training.batchsize=3", "training.batch_size"),
        ("training.patients=3", "training.patience"),
        ("network.base_filter=3", "network.base_filters"),
        ("training.epochs=many", "whole number"),
        ("training.epochs=2.5", "whole number"),
        ("optimiser.learning_rate=fast", "number"),
        ("loss.adversarial=1", "true or false"),
        ("training=3", "table"),
    ] {
        let error = error(change);
        assert!(error.to_string().contains(words), "{change}: {error}");
        let key = change.split('=').next().unwrap();
        assert_eq!(setting_name(error), key);
    }
    assert_eq!(setting_name(error("training.epochs")), "set");
    for (change, field) in [
        ("training.epochs=0", "training.epochs"),
        ("training.batch_size=0", "training.batch_size"),
        ("training.clip_norm=-1", "training.clip_norm"),
        ("optimiser.learning_rate=0", "optimiser.learning_rate"),
        ("optimiser.beta_1=1", "optimiser.beta_1"),
        ("schedule.factor=0", "schedule.factor"),
        ("loss.l1_weight=-1", "loss.l1_weight"),
        ("loss.adversarial=true", "discriminator"),
        ("preview.secs=61", "preview.secs"),
        ("name=a/b", "name"),
    ] {
        assert_eq!(setting_name(error(change)), field, "{change}");
    }
}

#[test]
fn a_recipe_that_cannot_be_read_says_where() {
    let parse = |text: &str| {
        Recipe::parse(text, Path::new("r.toml"))
            .unwrap_err()
            .to_string()
    };
    let base = "[examples]\npreset = \"timbre\"\n[network]\nkind = \"unet-pix2pix\"\n";
    assert!(parse("[examples").contains("line 1"));
    let unknown = parse(&format!("{base}[training]\nepoch = 3\n"));
    assert!(
        unknown.contains("training") && unknown.contains("epoch"),
        "{unknown}"
    );
    assert!(unknown.ends_with("r.toml"), "{unknown}");
    assert!(parse("[examples]\npreset = \"none\"\n[network]\nkind = \"vad\"\n").contains("preset"));
    assert!(parse("title = \"x\"").contains("examples"));
    // A network that answers another shape than the examples hold.
    let wrong = parse(
        "[examples]\npreset = \"timbre\"\ncolumns = 100\n[network]\nkind = \"unet-pix2pix\"\n",
    );
    assert!(wrong.contains("100"), "{wrong}");
}

#[test]
fn recipes_open_by_name_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    tiny(&[]).write(&path, false).unwrap();
    assert!(tiny(&[]).write(&path, false).is_err());
    let opened = open_recipe(path.to_str().unwrap(), &["training.epochs=9"]).unwrap();
    assert_eq!(opened.training.epochs, 9);
    let shipped = open_recipe::<&str>("vad", &[]).unwrap();
    assert_eq!(shipped.name, "vad");
    let error = open_recipe::<&str>("vat", &[]).unwrap_err();
    assert!(error.to_string().contains("unet-mask-wide"), "{error}");
}
