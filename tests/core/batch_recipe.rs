//! Recipes: what they may say, those that are shipped, and that the files are what they promise.

use std::collections::BTreeMap;
use std::sync::Arc;

use stemloom::Error;
use stemloom::apply::Region;
use stemloom::audio::{AudioFormat, Clip};
use stemloom::batch::{
    Board, Existing, Kit, Mixdown, ModelUse, Plan, Queue, Recipe, RunSettings, load_recipe, run,
};
use stemloom::model::Device;
use stemloom::progress::Reporter;

use crate::batch_common::{Place, expect_all, result_names, to_the_end, write_song};
use crate::cli::read;
use crate::common::{failure, max_abs_diff, repo, setting_name};

const SHIPPED: [&str; 5] = ["all-stems", "karaoke", "vocals", "practice", "wide-sides"];

/// A shipped recipe, whatever this person's own ones are called.
fn shipped(name: &str) -> Recipe {
    let path = repo("assets/recipes").join(format!("{name}.toml"));
    load_recipe(path.to_str().expect("Unicode")).expect("a recipe")
}

fn mixdown(name: &str) -> Mixdown {
    Mixdown {
        name: name.into(),
        gains_db: BTreeMap::new(),
        without: Vec::new(),
        others: true,
    }
}

fn gain(stem: &str, gain_db: f64) -> BTreeMap<String, f64> {
    BTreeMap::from([(stem.to_owned(), gain_db)])
}

fn load(recipe: &Recipe) -> stemloom::Result<Kit> {
    Kit::load(recipe, &Device::Auto, 0)
}

// ---------------------------------------------------------------------------------------------
// What they may say

#[test]
fn the_shipped_recipes_can_be_used() {
    for name in SHIPPED {
        let recipe = shipped(name);
        recipe.validate().unwrap();
        assert_eq!(load(&recipe).expect(name).len(), 1);
        assert!(!recipe.about.is_empty(), "{name}");
        // Written and read again, nothing is lost.
        let text = toml::to_string_pretty(&recipe).unwrap();
        assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe, "{text}");
    }
    // Nothing said is every stem at its own length and rate.
    let empty: Recipe = toml::from_str("").unwrap();
    assert_eq!(empty, Recipe::default());
    assert_eq!((empty.stems, empty.region), (None, None));
}

#[test]
fn unknown_words_are_told_with_their_line() {
    let place = Place::new();
    let path = place.path("mine.toml");
    let cases = [
        ("about = \"x\"\n\nfromat = \"flac\"\n", "line 3", "fromat"),
        ("format = \"mp3\"\n", "line 1", "mp3"),
        ("\n[[models]]\nname = \"hpss\"\n", "line 3", "name"),
        ("[[models]]\n", "line 1", "id"),
        (
            "[[mixdowns]]\nname = \"x\"\nwithuot = []\n",
            "line 3",
            "withuot",
        ),
        ("stems = [\"a\",\n\"b\"\n", "line", "array"),
    ];
    for (text, line, word) in cases {
        std::fs::write(&path, text).unwrap();
        let error = failure(load_recipe(path.to_str().unwrap()));
        let told = error.to_string();
        assert!(told.ends_with("mine.toml"), "{told}");
        let Error::Document { what, problem, .. } = error else {
            panic!("{text:?}: {told}");
        };
        assert_eq!(what, "recipe");
        assert!(
            problem.contains(line) && problem.contains(word),
            "{problem}"
        );
    }
}

/// Every entry that cannot be used is named.
#[test]
fn entries_that_cannot_be_used_are_named() {
    type Change = fn(&mut Recipe);
    let cases: [(&str, Change); 12] = [
        ("models", |recipe| recipe.models.clear()),
        ("models", |recipe| recipe.models.push(ModelUse::new("hpss"))),
        ("name", |recipe| recipe.models.push(ModelUse::new("centre"))),
        ("stems", |recipe| recipe.stems = Some(Vec::new())),
        ("start", |recipe| {
            recipe.region = Some(Region {
                start_secs: -1.0,
                duration_secs: None,
            });
        }),
        ("mixdowns", |recipe| recipe.mixdowns.push(mixdown(" "))),
        ("mixdowns", |recipe| {
            let others = false;
            let name = "silence".into();
            let silent = mixdown("");
            recipe.mixdowns.push(Mixdown {
                name,
                others,
                ..silent
            });
        }),
        ("gains_db", |recipe| {
            let gains_db = gain("harmonic", 24.5);
            let named = mixdown("loud");
            recipe.mixdowns.push(Mixdown { gains_db, ..named });
        }),
        ("gains_db", |recipe| {
            let gains_db = gain("harmonic", f64::NAN);
            let named = mixdown("nothing");
            recipe.mixdowns.push(Mixdown { gains_db, ..named });
        }),
        ("without", |recipe| {
            let gains_db = gain("harmonic", 3.0);
            let without = vec!["harmonic".into()];
            let named = mixdown("both");
            recipe.mixdowns.push(Mixdown {
                gains_db,
                without,
                ..named
            });
        }),
        // What needs the model to be known.
        ("stems", |recipe| recipe.stems = Some(vec!["vocals".into()])),
        ("stems", |recipe| recipe.mixdowns.push(mixdown("harmonic"))),
    ];
    for (at, (entry, change)) in cases.into_iter().enumerate() {
        let mut recipe = Recipe::default();
        change(&mut recipe);
        assert_eq!(setting_name(failure(load(&recipe))), entry, "case {at}");
    }
    for entry in ["gains_db", "without"] {
        let mut unknown = mixdown("x");
        match entry {
            "gains_db" => unknown.gains_db = gain("vocals", -3.0),
            _ => unknown.without = vec!["vocals".into()],
        }
        let recipe = Recipe {
            mixdowns: vec![unknown],
            ..Recipe::default()
        };
        recipe.validate().expect("it could be right");
        let error = failure(load(&recipe));
        assert!(
            error.to_string().contains("harmonic, percussive"),
            "{error}"
        );
        assert_eq!(setting_name(error), entry);
    }
}

#[test]
fn rules_for_files_that_are_there_have_their_names() {
    for rule in Existing::ALL {
        assert_eq!(rule.name().parse::<Existing>().unwrap(), rule);
        let text = format!("existing = \"{}\"", rule.name());
        assert_eq!(toml::from_str::<Recipe>(&text).unwrap().existing, rule);
    }
    assert_eq!(Existing::default(), Existing::Skip);
    assert_eq!(setting_name(failure("ask".parse::<Existing>())), "existing");
}

// ---------------------------------------------------------------------------------------------
// What they make

/// A song of three seconds, and its stems by `stemloom separate`.
fn separated(model: &str) -> Place {
    let place = Place::new();
    write_song(&place.path("song.wav"), 3, 3.0);
    let words = ["separate", "song.wav", "--model", model, "--out", "stems"];
    to_the_end(place.program(&words)).expect(0);
    place
}

/// Largest difference between a clip and Σ gain · clip, of any channel.
fn distance(clip: &Clip, parts: &[(f32, &Clip)]) -> f32 {
    assert_eq!(clip.num_channels(), 2);
    (0..clip.num_channels())
        .map(|channel| {
            let mut sum = vec![0.0_f32; clip.frames()];
            for (gain, part) in parts {
                let part = part.channel(channel);
                assert_eq!(part.len(), sum.len());
                sum.iter_mut().zip(part).for_each(|(x, y)| *x += gain * y);
            }
            max_abs_diff(clip.channel(channel), &sum)
        })
        .fold(0.0, f32::max)
}

fn by_recipe(place: &Place, recipe: &str) -> Clip {
    let words = ["song.wav", "--recipe", recipe, "--out", recipe, "--json"];
    expect_all(&place.batch(&words).expect(0), "done", 1);
    let name = format!("song ({recipe}).wav");
    assert_eq!(
        result_names(&place.path(recipe)),
        std::slice::from_ref(&name)
    );
    read(&place.path(recipe).join(name))
}

#[test]
fn karaoke_is_the_song_without_its_voice() {
    let place = separated("repet-sim");
    let (song, vocals, accompaniment) = (
        read(&place.path("song.wav")),
        read(&place.path("stems/song (vocals).wav")),
        read(&place.path("stems/song (accompaniment).wav")),
    );
    let karaoke = by_recipe(&place, "karaoke");
    assert!(distance(&karaoke, &[(1.0, &accompaniment)]) < 1e-5);
    assert!(distance(&karaoke, &[(1.0, &song), (-1.0, &vocals)]) < 1e-5);
    assert!(distance(&karaoke, &[(1.0, &song)]) > 0.01, "no voice in it");
}

#[test]
fn practice_has_its_drums_lowered() {
    let place = separated("hpss");
    let (harmonic, percussive) = (
        read(&place.path("stems/song (harmonic).wav")),
        read(&place.path("stems/song (percussive).wav")),
    );
    let practice = by_recipe(&place, "practice");
    let gain = 10_f32.powf(-12.0 / 20.0);
    let wanted = [(1.0, &harmonic), (gain, &percussive)];
    assert!(distance(&practice, &wanted) < 1e-5);
    assert!(distance(&practice, &[(1.0, &harmonic)]) > 0.01, "no drums");
}

/// Makes a recipe's files of the place's song, through the library alone.
fn make(place: &Place, recipe: Recipe) {
    let queue = Queue {
        inputs: vec![place.path("song.wav")],
        out: place.path("out"),
        recipe,
    };
    let settings = RunSettings::default();
    let (plan, kit) = Plan::make(&queue, &settings, &Reporter::silent()).unwrap();
    assert!(plan.is_ready(), "{:?}", plan.problems);
    let board = Arc::new(Board::new(plan.jobs.clone()));
    let kit = kit.expect("the models");
    let report = run(&plan, &kit, &settings, &board, Arc::new(|_| {})).unwrap();
    assert!(report.files[0].state.is_good(), "{:?}", report.files);
}

#[test]
fn a_stem_and_everything_but_it_are_the_song() {
    let place = Place::new();
    write_song(&place.path("song.wav"), 3, 2.0);
    let loud = Mixdown {
        gains_db: gain("percussive", 6.0),
        others: false,
        ..mixdown("loud")
    };
    let both = Mixdown {
        gains_db: gain("percussive", -6.0),
        ..mixdown("both")
    };
    let without = Mixdown {
        without: vec!["harmonic".into()],
        ..mixdown("everything but harmonic")
    };
    let recipe = Recipe {
        format: AudioFormat::Wav32f,
        mixdowns: vec![without, loud, both, mixdown("all of it")],
        ..Recipe::default()
    };
    make(&place, recipe);
    let file = |stem: &str| read(&place.path(&format!("out/song ({stem}).wav")));
    let song = read(&place.path("song.wav"));
    let (harmonic, percussive) = (file("harmonic"), file("percussive"));
    let but = file("everything but harmonic");
    assert!(distance(&song, &[(1.0, &harmonic), (1.0, &but)]) < 1e-5);
    assert!(distance(&but, &[(1.0, &percussive)]) < 1e-5);
    assert!(distance(&song, &[(1.0, &file("all of it"))]) < 1e-5);
    let factor = |db: f32| 10_f32.powf(db / 20.0);
    assert!(distance(&file("loud"), &[(factor(6.0), &percussive)]) < 1e-5);
    let wanted = [(1.0, &harmonic), (factor(-6.0), &percussive)];
    assert!(distance(&file("both"), &wanted) < 1e-5);
}

/// With margins, what is neither is in neither stem, but in every mixdown that has the others.
#[test]
fn a_mixdown_has_what_no_stem_has() {
    let place = Place::new();
    write_song(&place.path("song.wav"), 3, 2.0);
    let mut model = ModelUse::new("hpss");
    model.params.insert("harmonic-margin".into(), 3.0);
    model.params.insert("percussive-margin".into(), 3.0);
    let without = Mixdown {
        without: vec!["harmonic".into()],
        ..mixdown("but")
    };
    let recipe = Recipe {
        format: AudioFormat::Wav32f,
        models: vec![model],
        mixdowns: vec![without],
        ..Recipe::default()
    };
    make(&place, recipe);
    let file = |stem: &str| read(&place.path(&format!("out/song ({stem}).wav")));
    let song = read(&place.path("song.wav"));
    let (harmonic, percussive, but) = (file("harmonic"), file("percussive"), file("but"));
    assert!(distance(&song, &[(1.0, &harmonic), (1.0, &but)]) < 1e-5);
    let sum = [(1.0, &harmonic), (1.0, &percussive)];
    assert!(distance(&song, &sum) > 0.01, "everything is in a stem");
}
