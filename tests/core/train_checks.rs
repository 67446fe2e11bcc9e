//! What a recipe is refused for before anything is trained, its stages, and the parts of training
//! that can be looked at alone: the curve of the rates, dropout.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use stemloom::dataset::{PictureChannels, example_preset};
use stemloom::spectral::{MagnitudeScale, Normalisation};
use stemloom::train::{Init, LossKind, LrCurve, LrFind, Network, Op, Plan, Recipe, shipped_recipe};

use crate::common::{failure, setting_name};
use crate::train_common::{tiny, tiny_adversarial};
use crate::train_network::{tensor, values};

fn refused(recipe: &Recipe) -> String {
    setting_name(failure(recipe.validate()))
}

#[test]
fn a_stage_of_a_preset_keeps_only_the_songs() {
    let mut recipe = shipped_recipe("ibm-cnn-deep").unwrap();
    recipe.examples.seed = 7;
    recipe.examples.n_songs = Some(9);
    recipe.examples.examples_per_song = Some(3);
    let stage = "name = \"voices\"\n[examples]\npreset = \"dae\"\nstart_secs = 2.0\n";
    recipe.pretrain = vec![toml::from_str(stage).unwrap()];
    let stages = recipe.stages().unwrap();
    let mut expected = example_preset("dae").unwrap();
    expected.seed = 7;
    expected.n_songs = Some(9);
    expected.start_secs = 2.0;
    assert_eq!(stages[0].examples, expected);
    assert_eq!(stages[1].examples, recipe.examples);
    recipe.validate().unwrap();
}

#[test]
fn cross_entropy_is_of_values_within_one() {
    let unit = || {
        let mut recipe = tiny(&["network.output=sigmoid"]);
        recipe.loss.kind = LossKind::Bce;
        recipe.examples.picture.scale = MagnitudeScale::DbUnit {
            min_db: -80.0,
            max_db: 0.0,
        };
        recipe
    };
    unit().validate().unwrap();
    let mut linear = unit();
    linear.examples.picture.scale = MagnitudeScale::Linear;
    linear.examples.stft.normalisation = Normalisation::FullScale;
    linear.validate().unwrap();
    // As large as the window is long.
    linear.examples.stft.normalisation = Normalisation::None;
    assert_eq!(refused(&linear), "loss.kind");
    let mut signed = unit();
    signed.examples.picture.scale = MagnitudeScale::Log1p16;
    assert_eq!(refused(&signed), "loss.kind");
    let mut phase = unit();
    phase.examples.output = PictureChannels::MagnitudePhase;
    assert_eq!(refused(&phase), "loss.kind");
    let tanh = unit().with_changes(&["network.output=tanh"]);
    assert_eq!(setting_name(failure(tanh)), "loss.kind");
    // Labels are always within.
    shipped_recipe("ibm-cnn").unwrap().validate().unwrap();
}

#[test]
fn only_a_discriminator_judges() {
    let mut recipe = tiny_adversarial(&[]);
    recipe.discriminator = Some(recipe.network.clone());
    assert_eq!(refused(&recipe), "discriminator.kind");
}

#[test]
fn one_value_is_not_normalised() {
    // Pictures of 16×16 are halved to one value.
    let deep = ["network.depth=4", "training.batch_size=2"];
    let recipe = tiny(&deep);
    let change = |change: &str| recipe.with_changes(&["training.batch_size=1", change]);
    let error = failure(change("name=one"));
    assert!(error.to_string().contains("network.norm=false"), "{error}");
    assert_eq!(setting_name(error), "training.batch_size");
    change("network.norm=false").unwrap();
    change("network.depth=3").unwrap();
    // So does the discriminator.
    let adversarial = tiny_adversarial(&["training.batch_size=2"]);
    let one = adversarial.with_changes(&["training.batch_size=1"]);
    assert_eq!(setting_name(failure(one)), "training.batch_size");
}

#[test]
fn the_steepest_rate_does_not_lag() {
    let rates: Vec<f64> = (0..100)
        .map(|i| 10_f64.powf(-7.0 + 7.0 * f64::from(i) / 99.0))
        .collect();
    // Falls steepest at a thousandth.
    let losses: Vec<f64> = rates
        .iter()
        .map(|rate| 1.0 / (1.0 + (4.0 * (rate.log10() + 3.0)).exp()))
        .collect();
    let curve = LrCurve::new("generator", &rates, losses);
    let proposed = curve.proposed.unwrap();
    assert!((proposed.log10() + 3.0).abs() < 0.15, "{proposed:e}");
    // A fall at the very start is that of the first few steps.
    let losses = rates.iter().map(|rate| -rate.log10().min(-6.6)).collect();
    let early = LrCurve::new("generator", &rates, losses).proposed;
    assert!(early.is_none_or(|rate| rate >= rates[10]), "{early:?}");
    let rising = rates.iter().map(|rate| rate.ln()).collect();
    let rising = LrCurve::new("generator", &rates, rising);
    assert_eq!(rising.proposed, None);
}

#[test]
fn a_rate_that_was_not_found_stays() {
    let recipe = tiny_adversarial(&[]);
    assert!(recipe.discriminator_optimiser.is_none());
    let curve = |name, proposed| LrCurve {
        name,
        losses: vec![1.0, 0.5],
        smoothed: vec![1.0, 0.5],
        proposed,
    };
    let found = LrFind {
        rates: vec![1e-4, 1e-3],
        curves: vec![curve("generator", Some(1e-4)), curve("discriminator", None)],
        stopped: false,
    };
    let taken = found.apply(&recipe);
    assert_eq!(taken.optimiser.learning_rate, 1e-4);
    let before = recipe.optimiser.learning_rate;
    assert_eq!(taken.discriminator_optimiser().learning_rate, before);
    // Where nothing judges there is nothing to keep.
    assert!(found.apply(&tiny(&[])).discriminator_optimiser.is_none());
}

#[test]
fn dropped_values_are_those_of_one_stream() {
    // More than two chunks, and no whole number of draws.
    let (rows, columns, seed) = (251, 303, 11);
    let count = rows * columns;
    let mut plan = Plan::new("dropped", [1, rows, columns], Init::HeNormal);
    plan.add("drop", Op::Dropout { rate: 0.25 }, &[0]);
    let network = Network::new(&plan, 0, &Device::flex()).unwrap();
    let ones = tensor(&vec![1.0; count], [1, 1, rows, columns], &Device::flex());
    let found = values(network.forward_training(ones, seed).0);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // The node's number.
    rng.set_stream(1);
    let mut expected = Vec::new();
    while expected.len() < count {
        let draw = rng.next_u64();
        for part in 0..4 {
            let bits = (draw >> (16 * part)) & 0xFFFF;
            expected.push(if bits < 16_384 { 0.0 } else { 4.0_f32 / 3.0 });
        }
    }
    expected.truncate(count);
    assert!(found == expected);
}
