//! The program itself: bad input and cancelling, their exit codes, and that nothing is left behind.

use serde_json::json;

use crate::cli::{audio, files_in, stemloom};
#[cfg(unix)]
use crate::cli::{command, example, read};

#[test]
fn one_broken_song_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, good) = (audio("text.mp3"), audio("s16.flac"));
    let run = stemloom(
        folder.path(),
        &["separate", &broken, &good, "--model", "hpss", "--json"],
    )
    .expect(2);
    assert_eq!(run.events("error")[0]["input"], json!(broken));
    assert_eq!(run.events("result")[0]["input"], json!(good));
    assert!(
        run.error_line().starts_with("stemloom: ") && run.error_line().ends_with(&broken),
        "{}",
        run.stderr
    );
    assert_eq!(
        files_in(folder.path()),
        ["s16 (harmonic).wav", "s16 (percussive).wav"]
    );
}

/// Each is told in one line with exit code 2, and leaves nothing.
#[test]
fn wrong_words_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let cases: [(&[&str], &str); 9] = [
        (
            &["--model", "magic"],
            "known models: hpss, repet-sim, centre",
        ),
        (&["--model", "missing.onnx"], "missing.onnx"),
        (
            &["--model", "hpss", "--stems", "harmonic,vocals"],
            "no stem \"vocals\"",
        ),
        (
            &["--model", "hpss", "--param", "harmonic-kernel=2"],
            "harmonic-kernel",
        ),
        (&["--model", "hpss", "--start", "100"], "beyond the end"),
        (&["--model", "hpss", "--duration", "0"], "duration"),
        (
            &["--model", "hpss", "--device", "cuda"],
            "cannot use device cuda:0",
        ),
        (&["--model", "hpss", "--track", "1"], "track"),
        (&["--model", "hpss", "--name", "{nonsense}"], "nonsense"),
    ];
    for (words, told) in cases {
        let all: Vec<&str> = ["separate", &song]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let run = stemloom(folder.path(), &all).expect(2);
        let line = run.error_line();
        assert!(
            line.starts_with("stemloom: ") && line.contains(told),
            "{words:?}: {line}"
        );
        assert!(
            files_in(folder.path()).is_empty(),
            "{words:?} left {:?}",
            files_in(folder.path())
        );
    }
    // What the parser refuses takes more lines, but the same code.
    stemloom(
        folder.path(),
        &["separate", &song, "--model", "hpss", "--format", "mp3"],
    )
    .expect(2);
    stemloom(folder.path(), &["separate"]).expect(2);
}

#[test]
fn a_file_where_the_folder_should_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    std::fs::write(folder.path().join("taken"), "theirs").unwrap();
    let run = stemloom(
        folder.path(),
        &["separate", &song, "--model", "hpss", "--out", "taken"],
    )
    .expect(2);
    assert!(run.error_line().ends_with("taken"), "{}", run.stderr);
    assert_eq!(files_in(folder.path()), ["taken"]);
}

/// Ctrl-C: exit code 130, and nothing half-written stays.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_cleanly() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let song = example();
    // So many songs that the interrupt comes long before the end.
    let mut words = vec!["separate", "--model", "hpss", "--overwrite", "--json"];
    words.extend(std::iter::repeat_n(song.as_str(), 200));
    let mut child = command(folder.path(), &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout
        .read_line(&mut line)
        .expect("a first line of progress");
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
    stdout
        .read_to_string(&mut line)
        .expect("the rest of its words");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Songs that were done keep their stems; that they are whole is shown by reading them.
    for name in files_in(folder.path()) {
        assert_eq!(read(&folder.path().join(name)).frames(), 886_410);
    }
}
