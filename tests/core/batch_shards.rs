//! One queue on several machines: the parts of a queue, and what a cluster tells about them.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};

use serde_json::json;
use stemloom::Error;
use stemloom::batch::Shard;

use crate::batch_common::{
    AtWork, Place, expect_all, expect_nothing_half_written, expect_same, results, states,
    to_the_end,
};
use crate::common::{failure, setting_name, text};

// ---------------------------------------------------------------------------------------------
// By hand

/// An environment of these variables.
fn environment(
    variables: &'static [(&'static str, &'static str)],
) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = variables.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

#[test]
fn parts_are_written_as_i_of_n() {
    let none = || environment(&[]);
    for (text, part, parts) in [
        ("1/1", 1, 1),
        ("1/3", 1, 3),
        ("3/3", 3, 3),
        ("12/40", 12, 40),
    ] {
        let shard = Shard::parse(text, none()).unwrap();
        assert_eq!(shard, Shard { part, parts });
        assert_eq!(shard.to_string(), text);
    }
    assert_eq!(Shard::parse("1/1", none()).unwrap(), Shard::WHOLE);
    let wrong = [
        "",
        "1",
        "0/3",
        "4/3",
        "1/0",
        "0/0",
        "/3",
        "1/",
        "a/3",
        "1/b",
        "-1/3",
        "1/2/3",
        "1.5/3",
        "1 / 3",
        "automatic",
        "auto/0",
        "auto/x",
        "auto",
    ];
    for text in wrong {
        let error = failure(Shard::parse(text, none()));
        assert_eq!(setting_name(error), "shard", "{text:?}");
    }
}

#[test]
fn every_song_is_in_exactly_one_part() {
    for parts in 1..=7 {
        for place in 0..50 {
            let owners: Vec<usize> = (1..=parts)
                .filter(|part| Shard { part: *part, parts }.has(place))
                .collect();
            assert_eq!(owners, [place % parts + 1], "{place} of {parts} parts");
        }
    }
}

#[test]
fn a_cluster_tells_the_part() {
    // What is told, how many parts are named, and what comes of it.
    let cases: [(
        &'static [(&str, &str)],
        Option<usize>,
        Option<(usize, usize)>,
    ); 9] = [
        // A task sent again alone knows its part by its own number.
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "3"),
                ("SLURM_ARRAY_TASK_MIN", "3"),
                ("SLURM_ARRAY_TASK_COUNT", "1"),
            ],
            Some(8),
            Some((4, 8)),
        ),
        (&[], None, None),
        (&[], Some(3), None),
        (&[("SLURM_ARRAY_TASK_ID", "")], None, None),
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "0"),
                ("SLURM_ARRAY_TASK_MIN", "0"),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
            ],
            None,
            Some((1, 4)),
        ),
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "12"),
                ("SLURM_ARRAY_TASK_MIN", "10"),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
            ],
            None,
            Some((3, 4)),
        ),
        // The number that was given counts.
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "2"),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
            ],
            Some(6),
            Some((3, 6)),
        ),
        (&[("JOB_COMPLETION_INDEX", "0")], Some(5), Some((1, 5))),
        (&[("JOB_COMPLETION_INDEX", " 4\n")], Some(5), Some((5, 5))),
    ];
    for (told, parts, wanted) in cases {
        let found = Shard::from_environment(parts, environment(told)).unwrap();
        let wanted = wanted.map(|(part, parts)| Shard { part, parts });
        assert_eq!(found, wanted, "{told:?} {parts:?}");
        if let (Some(wanted), Some(parts)) = (wanted, parts) {
            let text = format!("auto/{parts}");
            assert_eq!(Shard::parse(&text, environment(told)).unwrap(), wanted);
        }
    }
}

/// `--array=1-9:2` has the numbers 1, 3, 5, 7, 9: five parts, each done by one.
#[test]
fn an_array_with_steps_has_as_many_parts_as_tasks() {
    let cases: [(&'static [(&str, &str)], usize); 2] = [
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "3"),
                ("SLURM_ARRAY_TASK_MIN", "1"),
                ("SLURM_ARRAY_TASK_STEP", "2"),
                ("SLURM_ARRAY_TASK_COUNT", "5"),
            ],
            2,
        ),
        (
            &[
                ("SLURM_ARRAY_TASK_ID", "9"),
                ("SLURM_ARRAY_TASK_MIN", "1"),
                ("SLURM_ARRAY_TASK_STEP", "2"),
                ("SLURM_ARRAY_TASK_COUNT", "5"),
            ],
            5,
        ),
    ];
    for (told, part) in cases {
        let found = Shard::from_environment(None, environment(told)).unwrap();
        assert_eq!(found, Some(Shard { part, parts: 5 }), "{told:?}");
    }
}

#[test]
fn what_a_cluster_tells_wrong_is_told() {
    let cases: [(&'static [(&str, &str)], Option<usize>, &str); 4] = [
        // Kubernetes does not say how many.
        (&[("JOB_COMPLETION_INDEX", "1")], None, "auto/N"),
        (&[("SLURM_ARRAY_TASK_ID", "one")], Some(3), "\"one\""),
        (&[("JOB_COMPLETION_INDEX", "3")], Some(3), "part 4 of 3"),
        (&[("JOB_COMPLETION_INDEX", "-1")], Some(3), "\"-1\""),
    ];
    for (told, parts, wanted) in cases {
        let error = failure(Shard::from_environment(parts, environment(told)));
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(matches!(error, Error::Setting { name, .. } if name == "shard"));
    }
}

// ---------------------------------------------------------------------------------------------
// The program

const SONGS: u64 = 60;

fn part<'a>(out: &'a str, shard: &'a str) -> [&'a str; 8] {
    [
        "music", "--model", "hpss", "--out", out, "--json", "--shard", shard,
    ]
}

fn start(place: &Place, words: &[&str]) -> Child {
    let mut command = place.command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

/// Three parts at once into one destination, one of them killed and begun again.
#[test]
fn parts_side_by_side_give_what_the_whole_gives() {
    let place = Place::with_songs(SONGS, 0.3);
    let whole = ["music", "--model", "hpss", "--out", "whole", "--json"];
    expect_all(&place.batch(&whole).expect(0), "done", SONGS);
    let others = ["1/3", "3/3"].map(|shard| start(&place, &part("out", shard)));
    AtWork::start(place.command(&part("out", "2/3")), 2).kill();
    for mut child in others {
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
    let run = place.batch(&part("out", "2/3")).expect(0);
    let states = states(&run);
    assert_eq!(states.len() as u64, SONGS / 3);
    let already = states.values().filter(|state| *state == "already-done");
    assert!(already.count() >= 2, "{states:?}");
    let plan = &run.events("plan")[0];
    assert_eq!(
        (&plan["songs"], &plan["songs_in_all"], &plan["shard"]),
        (&json!(SONGS / 3), &json!(SONGS), &json!("2/3"))
    );
    let out = place.path("out");
    expect_same(&results(&out), &results(&place.path("whole")));

    for part in 1..=3 {
        assert!(out.join(format!("report-{part}-of-3.jsonl")).is_file());
    }
    let words = ["report", "out", "--out", "all.jsonl", "--json"];
    let merged = place.batch(&words).expect(0).events("result").remove(0);
    assert_eq!(
        (&merged["songs"], &merged["good"], &merged["failed"]),
        (&json!(SONGS), &json!(SONGS), &json!(0))
    );
    assert!(place.path("all.jsonl").is_file() && place.path("all.html").is_file());
    // Records apart, of which a killed run may leave one half-written.
    std::fs::remove_dir_all(out.join(".stemloom")).unwrap();
    expect_nothing_half_written(place.root());
}

/// Parts that only look: the files that they would write.
fn promised(place: &Place, words: &[&str], cluster: &[(&str, &str)]) -> BTreeSet<String> {
    let all = [
        "music", "--model", "centre", "--out", "out", "--check", "--json",
    ];
    let words: Vec<&str> = all.iter().chain(words).copied().collect();
    let mut command = place.command(&words);
    command.envs(cluster.iter().copied());
    to_the_end(command)
        .expect(0)
        .events("output")
        .iter()
        .map(|output| text(&output["path"]).to_owned())
        .collect()
}

#[test]
fn a_cluster_chooses_the_same_songs() {
    let place = Place::with_songs(8, 0.2);
    let mut all = BTreeSet::new();
    for part in 1..=3 {
        let wanted = promised(&place, &["--shard", &format!("{part}/3")], &[]);
        assert_eq!(wanted.len(), [6, 6, 4][part - 1]);
        let (index, id) = ((part - 1).to_string(), (part + 5).to_string());
        let kubernetes = [("JOB_COMPLETION_INDEX", index.as_str())];
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", id.as_str()),
            ("SLURM_ARRAY_TASK_MIN", "6"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
        ];
        assert_eq!(
            promised(&place, &["--shard", "auto/3"], &kubernetes),
            wanted
        );
        assert_eq!(promised(&place, &["--shard", "auto/3"], &slurm), wanted);
        assert_eq!(promised(&place, &["--shard", "auto"], &slurm), wanted);
        // A Slurm array is recognised by itself.
        assert_eq!(promised(&place, &[], &slurm), wanted);
        let before = all.len();
        all.extend(wanted.iter().cloned());
        assert_eq!(all.len(), before + wanted.len(), "a song in two parts");
    }
    assert_eq!(all, promised(&place, &[], &[]));
}
