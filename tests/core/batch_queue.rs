//! Queue files: relative paths, saved queues, going on with the last one, only looking.

use serde_json::Value;
use stemloom::batch::{Queue, Recipe};

use crate::batch_common::{
    Place, expect_all, expect_same, files, in_state, result_names, results, song_name, to_the_end,
};
use crate::common::text;

#[test]
fn relative_paths_of_a_queue_file_start_at_its_folder() {
    let place = Place::with_songs(2, 0.2);
    let queue = "inputs = [\"../music\", \"../music/song 01.wav\"]\nout = \"done\"\n\
        [recipe]\nname = \"{name}/{stem}\"\n[[recipe.models]]\nid = \"centre\"\n";
    std::fs::create_dir_all(place.path("project")).unwrap();
    std::fs::create_dir_all(place.path("elsewhere")).unwrap();
    std::fs::write(place.path("project/queue.toml"), queue).unwrap();
    let mut command = place.command(&["../project/queue.toml", "--json"]);
    command.current_dir(place.path("elsewhere"));
    expect_all(&to_the_end(command).expect(0), "done", 2);
    let names = [
        "music/song 00/centre.wav",
        "music/song 00/sides.wav",
        "music/song 01/centre.wav",
        "music/song 01/sides.wav",
    ];
    assert_eq!(result_names(&place.path("project/done")), names);
    assert_eq!(files(&place.path("elsewhere")), Vec::<String>::new());
    // The destination's own queue goes on from anywhere.
    let mut command = place.command(&["--resume", "--out", "../project/done", "--json"]);
    command.current_dir(place.path("elsewhere"));
    expect_all(&to_the_end(command).expect(0), "already-done", 2);
}

#[test]
fn a_saved_queue_gives_the_same_again() {
    let place = Place::with_songs(3, 0.3);
    let run = place.batch(&[
        "music",
        "--model",
        "hpss",
        "--param",
        "harmonic-kernel=17",
        "--stems",
        "percussive",
        "--format",
        "flac",
        "--rate",
        "16000",
        "--start",
        "0.05",
        "--name",
        "{name} by {model}/{stem}",
        "--out",
        "one",
        "--save-queue",
        "kept/night.toml",
        "--json",
    ]);
    expect_all(&run.expect(0), "done", 3);
    let one = results(&place.path("one"));
    assert_eq!(one.len(), 3);
    assert!(one.contains_key("music/song 00 by hpss/percussive.flac"));

    let queue = Queue::read(&place.path("kept/night.toml")).unwrap();
    assert!(queue.inputs[0].is_absolute() && queue.out.is_absolute());
    let again = place.batch(&["kept/night.toml", "--json"]).expect(0);
    expect_all(&again, "already-done", 3);
    let other = place.batch(&["kept/night.toml", "--out", "two", "--json"]);
    expect_all(&other.expect(0), "done", 3);
    expect_same(&results(&place.path("two")), &one);
}

#[test]
fn the_last_queue_of_a_destination_is_gone_on_with() {
    let place = Place::with_songs(3, 0.2);
    let words = ["music", "--model", "centre", "--format", "wav16"];
    let words: Vec<&str> = words.into_iter().chain(["--out", "out"]).collect();
    place.batch(&words).expect(0);
    let whole = results(&place.path("out"));
    let resume = ["--resume", "--out", "out", "--json"];
    expect_all(&place.batch(&resume).expect(0), "already-done", 3);
    std::fs::remove_file(place.path("out/music/song 01 (sides).wav")).unwrap();
    let run = place.batch(&resume).expect(0);
    assert_eq!(in_state(&run, "done"), [song_name(1)]);
    assert_eq!(in_state(&run, "already-done"), [song_name(0), song_name(2)]);
    expect_same(&results(&place.path("out")), &whole);

    let nothing = place.batch(&["--resume", "--out", "nowhere"]).expect(2);
    let line = nothing.error_line();
    assert!(line.contains("could not read"), "{line}");
    assert!(line.ends_with("queue.toml"), "{line}");
    assert!(!place.path("nowhere").exists());
}

#[test]
fn only_looking_writes_nothing_and_names_every_file() {
    let place = Place::with_songs(3, 0.2);
    std::fs::write(place.path("music/broken.wav"), "no music").unwrap();
    let words = ["music", "--model", "centre", "--pictures", "--out", "out"];
    let look: Vec<&str> = words.into_iter().chain(["--check", "--json"]).collect();
    let before = files(place.root());
    // The broken one is told at once.
    let run = place.batch(&look).expect(2);
    assert!(run.error_line().ends_with("broken.wav"), "{}", run.stderr);
    assert_eq!(files(place.root()), before);
    assert!(!place.path("out").exists());
    let mut promised: Vec<String> = run
        .events("output")
        .iter()
        .map(|output| text(&output["path"]).to_owned())
        .collect();
    promised.sort();

    place.batch(&words).expect(2);
    let out = std::fs::canonicalize(place.path("out")).unwrap();
    let written: Vec<String> = result_names(&out)
        .iter()
        .map(|name| out.join(name).display().to_string())
        .collect();
    assert_eq!(written.len(), 9);
    assert_eq!(promised, written);
}

/// Through a file and back, with everything that a recipe can say.
#[test]
fn queues_are_written_and_read_whole() {
    let place = Place::new();
    let recipe = "about = 'All of \"it\"'\n\
        stems = [\"harmonic\", \"percussive\"]\n\
        post = [\"wiener\", \"median\"]\n\
        format = \"wav32f\"\n\
        sample_rate_hz = 48000\n\
        level = \"lower\"\n\
        pictures = true\n\
        name = \"{artist}/{title} [{model}] {stem}\"\n\
        existing = \"number\"\n\
        region = { start_secs = 1.5, duration_secs = 30.25 }\n\
        [[models]]\nid = \"hpss\"\nparams = { power = 3.0, n-fft = 1024 }\n\
        [[models]]\nid = \"centre\"\n\
        [[mixdowns]]\nname = \"practice\"\ngains_db = { percussive = -12.5 }\n\
        [[mixdowns]]\nname = \"no tones\"\nwithout = [\"harmonic\"]\n\
        [[mixdowns]]\nname = \"loud\"\nothers = false\ngains_db = { harmonic = 6.0 }\n";
    let recipe: Recipe = toml::from_str(recipe).unwrap();
    let queue = Queue {
        inputs: vec![place.path("a\nb \"c\".wav"), place.path("Песня.flac")],
        out: place.path("out"),
        recipe,
    };
    let path = place.path("queues/tonight.toml");
    queue.write(&path).unwrap();
    assert_eq!(Queue::read(&path).unwrap(), queue);
    // Nothing that is left out comes back as something else.
    let plain = Queue {
        recipe: Recipe::default(),
        ..queue
    };
    plain.write(&path).unwrap();
    assert_eq!(Queue::read(&path).unwrap(), plain);
    assert_eq!(files(place.root()), ["queues/tonight.toml"]);
}

#[test]
fn a_recipe_is_kept_listed_and_printed() {
    let place = Place::with_songs(1, 0.2);
    let words = ["music", "--recipe", "karaoke", "--format", "flac"];
    let keep = ["--save-recipe", "karaoke as flac", "--check"];
    let words: Vec<&str> = words.into_iter().chain(keep).collect();
    place.batch(&words).expect(0);
    let path = place.path("home/config/recipes/karaoke as flac.toml");
    assert!(path.is_file());
    let listed = place.batch(&["recipes", "--json"]).expect(0);
    let names: Vec<String> = listed
        .events("recipe")
        .iter()
        .map(|recipe| text(&recipe["name"]).to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "karaoke as flac",
            "all-stems",
            "karaoke",
            "vocals",
            "practice",
            "wide-sides"
        ]
    );
    // What is printed is a recipe.
    let printed = place.batch(&["recipes", "karaoke as flac"]).expect(0);
    let printed: Recipe = toml::from_str(&printed.stdout).unwrap();
    let kept: Recipe = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(printed, kept);
    let json = place.batch(&["recipes", "karaoke as flac", "--json"]);
    let shown: Value = json.expect(0).events("recipe")[0]["recipe"].clone();
    assert_eq!(text(&shown["format"]), "flac");
    assert_eq!(text(&shown["mixdowns"][0]["without"][0]), "vocals");
    let run = place.batch(&["music", "--recipe", "karaoke as flac", "--out", "out"]);
    run.expect(0);
    assert_eq!(
        result_names(&place.path("out")),
        ["music/song 00 (karaoke).flac"]
    );
}
