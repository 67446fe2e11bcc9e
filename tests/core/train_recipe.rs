//! Training recipes: those shipped, their sizes, changes by `key=value`, and what is refused.

use std::path::Path;

use stemloom::dataset::{Between, ExampleTarget};
use stemloom::train::{
    LossKind, NetworkSpec, Recipe, ScheduleKind, combinations, open_recipe, shipped_recipe,
    shipped_recipe_names,
};

use crate::common::setting_name;
use crate::train_common::{tiny, tiny_adversarial};

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

// ---------------------------------------------------------------------------------------------
// Lists, ranges, nothing

fn dense(recipe: &Recipe) -> [usize; 2] {
    let NetworkSpec::IbmCnnDeep(network) = &recipe.network else {
        panic!("{:?}", recipe.network);
    };
    network.dense
}

#[test]
fn lists_are_written_with_and_without_brackets_and_quotes() {
    let cases: [(&str, &[&str]); 8] = [
        ("guitar", &["guitar"]),
        ("\"guitar\"", &["guitar"]),
        ("'guitar'", &["guitar"]),
        ("guitar,bass", &["guitar", "bass"]),
        ("\"guitar\", 'bass'", &["guitar", "bass"]),
        ("guitar, \"bass\"", &["guitar", "bass"]),
        ("[\"guitar\", \"bass\"]", &["guitar", "bass"]),
        // Names, whatever they look like.
        ("12,1e3", &["12", "1e3"]),
    ];
    for (text, targets) in cases {
        let recipe = tiny(&[&format!("examples.targets={text}")]);
        assert_eq!(recipe.examples.targets, targets, "{text}");
    }
    // A list that was empty is of words too, and quotes keep a comma.
    assert_eq!(tiny(&["examples.exclude=7,8"]).examples.exclude, ["7", "8"]);
    let comma = tiny(&["examples.exclude=\"a,b\""]);
    assert_eq!(comma.examples.exclude, ["a,b"]);
    assert!(tiny(&["examples.exclude="]).examples.exclude.is_empty());

    let recipe = shipped_recipe("ibm-cnn-deep").unwrap();
    for text in ["128,64", "[128, 64]", "128 , 64"] {
        let changed = recipe.with_changes(&[format!("network.dense={text}")]);
        assert_eq!(dense(&changed.unwrap()), [128, 64], "{text}");
    }
    let fold = tiny(&["examples.fold=[0,5]", "examples.fold=2,5"]);
    assert_eq!(fold.examples.fold, Some((2, 5)));
    for wrong in ["network.dense=128", "network.dense=many,few"] {
        let error = recipe.with_changes(&[wrong]).unwrap_err();
        assert_eq!(setting_name(error), "network.dense", "{wrong}");
    }
}

#[test]
fn a_grid_goes_over_lists_and_over_nothing() {
    let trials = |recipe: &Recipe, axis: &str| -> Vec<Recipe> {
        let changes = combinations(&[axis]).unwrap();
        let trials = changes.iter().map(|changes| recipe.with_changes(changes));
        trials.map(Result::unwrap).collect()
    };
    let recipe = tiny(&["training.clip_norm=0.5", "training.patience=3"]);
    let [a, b] = &trials(&recipe, "examples.targets=[\"guitar\",\"bass\"]")[..] else {
        panic!("two trials");
    };
    assert_eq!(
        [&a.examples.targets[..], &b.examples.targets[..]],
        [["guitar"], ["bass"]]
    );
    let clipped = trials(&recipe, "training.clip_norm=[\"none\",1]");
    let clipped: Vec<_> = clipped.iter().map(|r| r.training.clip_norm).collect();
    assert_eq!(clipped, [None, Some(1.0)]);
    // The same where nothing stands.
    let unclipped = tiny(&["training.clip_norm=\"none\""]);
    assert_eq!(unclipped.training.clip_norm, None);
    let ranges = trials(&recipe, "examples.augment.gain_db=[\"none\",\"-6..6\"]");
    let ranges: Vec<_> = ranges.iter().map(|r| r.examples.augment.gain_db).collect();
    assert_eq!(ranges, [None, Some(Between::new(-6.0, 6.0))]);
    // Where text stands, it is text.
    assert_eq!(tiny(&["title=\"none\""]).title, "none");
    assert_eq!(tiny(&["title=none"]).title, "none");
    let deep = shipped_recipe("ibm-cnn-deep").unwrap();
    let sizes = trials(&deep, "network.dense=[[8,4],[4,2]]");
    let sizes: Vec<_> = sizes.iter().map(dense).collect();
    assert_eq!(sizes, [[8, 4], [4, 2]]);
}

#[test]
fn ranges_are_written_as_people_write_them() {
    let key = "examples.augment.gain_db";
    let gain = |changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|text| format!("{key}={text}")).collect();
        let changed = tiny(&[]).with_changes(&changes).unwrap();
        changed.examples.augment.gain_db
    };
    let range = |low, high| Some(Between::new(low, high));
    assert_eq!(gain(&["-6..6"]), range(-6.0, 6.0));
    assert_eq!(gain(&["\"-6..6\""]), range(-6.0, 6.0));
    assert_eq!(gain(&["{ low = -6, high = 6 }"]), range(-6.0, 6.0));
    assert_eq!(gain(&["2"]), range(2.0, 2.0));
    assert_eq!(gain(&["-0.5"]), range(-0.5, -0.5));
    // Over another, in each form, and away again.
    assert_eq!(gain(&["-6..6", "-3..1.5"]), range(-3.0, 1.5));
    assert_eq!(gain(&["-6..6", "1"]), range(1.0, 1.0));
    assert_eq!(gain(&["-6..6", "{ low = 0, high = 1 }"]), range(0.0, 1.0));
    assert_eq!(gain(&["-6..6", "none"]), None);
    assert_eq!(gain(&["-6..6", "\"none\""]), None);
    let one_end = tiny(&[&format!("{key}=-6..6"), &format!("{key}.low=-9")]);
    assert_eq!(one_end.examples.augment.gain_db, range(-9.0, 6.0));
    // One that always has a value.
    let echo = tiny(&["examples.augment.delay_db=-12..-7"]);
    assert_eq!(echo.examples.augment.delay_db, Between::new(-12.0, -7.0));

    for (text, words) in [
        ("6..-6", "turn it round"),
        ("loud", "range"),
        ("[1]", "low and high"),
    ] {
        let error = tiny(&[]).with_changes(&[format!("{key}={text}")]);
        let error = error.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(words), "{text}: {told}");
        assert_eq!(told.matches(key).count(), 1, "{told}");
        assert_eq!(setting_name(error), key);
    }

    let file = "[examples]\npreset = \"timbre\"\n[examples.augment]\ngain_db = \"-6..6\"\n\
                speed = 1\neq_db = { low = -3, high = 3 }\n[network]\nkind = \"unet-pix2pix\"\n";
    let read = Recipe::parse(file, Path::new("r.toml")).unwrap();
    let augment = read.examples.augment;
    assert_eq!(augment.gain_db, range(-6.0, 6.0));
    assert_eq!(augment.speed, range(1.0, 1.0));
    assert_eq!(augment.eq_db, range(-3.0, 3.0));
    // Written as ever.
    let written: toml::Table = toml::from_str(&read.to_toml().unwrap()).unwrap();
    let written = &written["examples"]["augment"]["gain_db"];
    assert_eq!(written["low"].as_float(), Some(-6.0));
    assert_eq!(written["high"].as_float(), Some(6.0));
    let wrong = file.replace("-6..6", "loud");
    let error = Recipe::parse(&wrong, Path::new("r.toml")).unwrap_err();
    assert!(error.to_string().contains(key), "{error}");
}

// ---------------------------------------------------------------------------------------------
// Which field is to blame

#[test]
fn errors_name_the_table_that_is_wrong() {
    let recipe = tiny_adversarial(&["training.batch_size=2"]);
    let error = |change: &str| recipe.with_changes(&[change]).unwrap_err();
    for (change, field) in [
        ("discriminator.patch=50", "discriminator.patch"),
        ("discriminator.base_filters=0", "discriminator.base_filters"),
        ("discriminator.dropout=1", "discriminator"),
        ("network.base_filters=0", "network.base_filters"),
        ("network.dropout=1", "network"),
        ("examples.columns=0", "examples.columns"),
        ("examples.sample_rate_hz=1", "examples.sample_rate_hz"),
        (
            "examples.augment.gain_db=-90..6",
            "examples.augment.gain_db",
        ),
        (
            "examples.picture.bins_kept=99",
            "examples.picture.bins_kept",
        ),
    ] {
        assert_eq!(setting_name(error(change)), field, "{change}");
    }
    // Pictures of 16×16 are one value to the discriminator, and four to the network.
    let one = error("training.batch_size=1").to_string();
    assert!(one.contains("discriminator.norm=false"), "{one}");
    recipe
        .with_changes(&["training.batch_size=1", "discriminator.norm=false"])
        .unwrap();
}

#[test]
fn errors_name_the_stage_that_alone_is_wrong() {
    let recipe = shipped_recipe("ibm-cnn-deep").unwrap();
    for (change, field) in [
        (
            "pretrain.auto-encoder.training.epochs=0",
            "pretrain.auto-encoder.training.epochs",
        ),
        (
            "pretrain.auto-encoder.network.base_filters=0",
            "pretrain.auto-encoder.network.base_filters",
        ),
        (
            "pretrain.auto-encoder.examples.columns=0",
            "pretrain.auto-encoder.examples.columns",
        ),
        // The recipe has it, and so the stage that follows it.
        ("training.batch_size=0", "training.batch_size"),
        ("training.epochs=0", "training.epochs"),
    ] {
        let error = recipe.with_changes(&[change]).unwrap_err();
        assert_eq!(setting_name(error), field, "{change}");
    }

    let whole = tiny(&[]).to_toml().unwrap();
    for (stage, field) in [
        (
            "name = \"first\"\ntraining.epochs = 0",
            "pretrain.first.training.epochs",
        ),
        (
            "name = \"first\"\ntraining.epochs = \"few\"",
            "pretrain.first.training.epochs",
        ),
        ("training.batch_size = 0", "pretrain.1.training.batch_size"),
        (
            "name = \"first\"\nnetwork.depth = 9",
            "pretrain.first.network.depth",
        ),
        (
            "name = \"first\"\nexamples.preset = 3",
            "pretrain.first.examples.preset",
        ),
        (
            "name = \"first\"\nexamples.preset = \"no\"",
            "pretrain.first.examples.preset",
        ),
    ] {
        let text = format!("{whole}\n[[pretrain]]\n{stage}\n");
        let error = Recipe::parse(&text, Path::new("r.toml")).unwrap_err();
        assert_eq!(setting_name(error), field, "{stage}");
    }
}
