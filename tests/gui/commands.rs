//! The command table keeps its rules.

use stemloom::gui::Command;

#[test]
fn no_two_commands_share_a_key() {
    let mut seen = Vec::new();
    for command in Command::ALL {
        let Some(key) = command.spec().key else {
            continue;
        };
        assert!(!seen.contains(&key), "{command:?} shares {key:?}");
        seen.push(key);
    }
}

#[test]
fn words_are_in_sentence_case_without_a_full_stop() {
    for command in Command::ALL {
        let spec = command.spec();
        assert!(
            !spec.tip.ends_with('.') && !spec.name.ends_with('.'),
            "{command:?}"
        );
        assert!(
            spec.name.starts_with(char::is_uppercase) && spec.tip.starts_with(char::is_uppercase),
            "{command:?}"
        );
    }
}
