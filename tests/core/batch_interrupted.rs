//! Runs that are killed or given up in the middle, and runs side by side: in the end there is what an
//! undisturbed run leaves, byte for byte.

use std::collections::BTreeMap;
use std::process::Stdio;

use stemloom::batch::{Report, RowState};

use crate::batch_common::{
    AtWork, MANY, Place, expect_all, expect_nothing_half_written, expect_same, in_state, records,
    results, states,
};

/// Words of the queue into a destination.
fn words(out: &str) -> [&str; 6] {
    ["music", "--model", "hpss", "--out", out, "--json"]
}

/// Many songs, and what an undisturbed run makes of them.
fn undisturbed() -> (Place, BTreeMap<String, Vec<u8>>) {
    let place = Place::with_songs(MANY, 0.3);
    expect_all(&place.batch(&words("whole")).expect(0), "done", MANY);
    let whole = results(&place.path("whole"));
    assert_eq!(whole.len() as u64, 2 * MANY);
    (place, whole)
}

#[test]
fn a_killed_run_is_gone_on_with() {
    let (place, whole) = undisturbed();
    for songs in [1, 4, 9] {
        let out = format!("killed after {songs}");
        let in_time = AtWork::start(place.command(&words(&out)), songs).kill();
        let finished = records(&place.path(&out));
        assert!(in_time && finished < MANY as usize, "killed too late");
        assert!(finished >= songs, "{songs} were told, {finished} kept");
        let run = place.batch(&words(&out)).expect(0);
        assert_eq!(in_state(&run, "already-done").len(), finished);
        assert_eq!(in_state(&run, "done").len(), MANY as usize - finished);
        let out = place.path(&out);
        expect_same(&results(&out), &whole);
        // A record that was being written has a name of no meaning and does no harm.
        std::fs::remove_dir_all(out.join(".stemloom")).unwrap();
        expect_nothing_half_written(&out);
    }
}

/// Killed over and over, it still comes to an end.
#[test]
fn a_run_that_is_killed_again_and_again_gets_done() {
    let (place, whole) = undisturbed();
    let mut finished = 0;
    // Each gets at least a song further; what the next one reads must leave songs to be killed at.
    while finished < MANY as usize / 5 {
        AtWork::start(place.command(&words("out")), finished + 4).kill();
        let now = records(&place.path("out"));
        assert!(now >= finished + 4, "{now} after {finished}");
        finished = now;
    }
    let run = place.batch(&words("out")).expect(0);
    assert_eq!(in_state(&run, "already-done").len(), finished);
    assert_eq!(states(&run).len() as u64, MANY);
    expect_same(&results(&place.path("out")), &whole);
}

/// Ctrl-C: exit code 130, nothing half-written, and the next run does the rest.
#[cfg(unix)]
#[test]
fn a_run_that_is_given_up_is_gone_on_with() {
    let (place, whole) = undisturbed();
    for songs in [1, 6] {
        let out = format!("given up after {songs}");
        let at_work = AtWork::start(place.command(&words(&out)), songs);
        let run = at_work.interrupt().expect(130);
        assert_eq!(
            run.stderr,
            "stemloom: cancelled; unfinished files were removed\n"
        );
        let result = &run.events("result")[0];
        let (done, cancelled) = (&result["done"], &result["cancelled"]);
        let (done, cancelled) = (done.as_u64().unwrap(), cancelled.as_u64().unwrap());
        assert_eq!(done + cancelled, MANY, "{result}");
        assert!(done >= songs as u64 && cancelled > 0, "{result}");
        let path = place.path(&out);
        expect_nothing_half_written(&path);
        assert_eq!(records(&path) as u64, done);
        let report = Report::read(&path.join("report.jsonl")).unwrap();
        let cancelled_ones = report.count(|state| state == RowState::Cancelled);
        assert_eq!(cancelled_ones as u64, cancelled);

        let run = place.batch(&words(&out)).expect(0);
        assert_eq!(in_state(&run, "already-done").len() as u64, done);
        assert_eq!(in_state(&run, "done").len() as u64, cancelled);
        expect_same(&results(&path), &whole);
    }
}

/// Two runs of one queue share it: every song is done by one of them.
#[test]
fn two_runs_side_by_side_share_the_songs() {
    let (place, whole) = undisturbed();
    let reports = ["first.jsonl", "second.jsonl"];
    let children = reports.map(|report| {
        let words: Vec<&str> = words("out")
            .into_iter()
            .chain(["--report", report])
            .collect();
        let mut command = place.command(&words);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    });
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told), (Some(0), String::new()));
    }
    let [first, second] = reports.map(|name| Report::read(&place.path(name)).unwrap());
    assert_eq!(first.files.len() as u64, MANY);
    assert_eq!(second.files.len() as u64, MANY);
    for (one, other) in first.files.iter().zip(&second.files) {
        assert_eq!(one.input, other.input);
        let mut by = [one.state, other.state];
        by.sort_by_key(|state| *state != RowState::Done);
        let wanted = [RowState::Done, RowState::AlreadyDone];
        assert_eq!(by, wanted, "{}", one.input.display());
        assert_eq!(one.outputs, other.outputs);
    }
    expect_same(&results(&place.path("out")), &whole);
    expect_nothing_half_written(place.root());
}

#[test]
fn the_number_of_lanes_changes_no_byte() {
    let (place, whole) = undisturbed();
    for lanes in ["1", "4"] {
        let out = format!("{lanes} lanes");
        let words: Vec<&str> = words(&out).into_iter().chain(["--songs", lanes]).collect();
        let run = place.batch(&words).expect(0);
        assert_eq!(run.events("plan")[0]["lanes"].to_string(), lanes);
        expect_same(&results(&place.path(&out)), &whole);
    }
}
