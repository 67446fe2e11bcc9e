//! Learning rates in the Recipe section: how the sweep is made, and what is taken over of it.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::train_run::{ADVERSARIAL, TINY, ready, set};
use crate::window::{Window, press, see};

/// Clicks something that may stand below the window's edge.
fn choose(window: &mut Window, label: &str) {
    window.get_by_label(label).click_accesskit();
    window.run_steps(3);
}

fn is_disabled(window: &Window, button: &str) -> bool {
    let button = window.get_by_role_and_label(Role::Button, button);
    button.accesskit_node().is_disabled()
}

/// The rate that the button for `whose` takes over.
fn offered(window: &Window, whose: &str) -> Option<String> {
    let ending = format!(" for {whose}");
    let mut nodes = window.query_all_by_label_contains(&ending);
    nodes.find_map(|node| {
        let label = node.accesskit_node().label()?;
        let rate = label.strip_prefix("Use ")?.strip_suffix(&*ending)?;
        Some(rate.to_owned())
    })
}

fn rate_of(window: &Window, key: &str) -> f64 {
    let text = window.state().recipe_value(key).unwrap();
    text.parse().unwrap()
}

#[test]
fn the_sweep_is_made_as_it_was_asked_for() {
    let (mut window, _folder) = ready(TINY);
    choose(&mut window, "Sweep");
    set(&mut window, "Steps", 12.0);
    set(&mut window, "Lowest rate", 1e-4);
    set(&mut window, "Highest rate", 1e-2);
    choose(&mut window, "Find learning rate");
    see(&mut window, "12 steps from 1e-4 to 1e-2");
    if let Some(rate) = window.state().proposed_rate() {
        let rate: f64 = rate.parse().unwrap();
        assert!((0.9e-4..=1.1e-2).contains(&rate), "{rate}");
    }
    // The next one begins with the same settings.
    let steps = window.get_by_role_and_label(Role::SpinButton, "Steps");
    assert_eq!(steps.accesskit_node().numeric_value(), Some(12.0));
    // One network: nothing is for both.
    assert_eq!(offered(&window, "both (joint)"), None);
}

#[test]
fn a_wrong_sweep_is_told_before_it_begins() {
    let find = "Find learning rate";
    let (mut window, _folder) = ready(TINY);
    choose(&mut window, "Sweep");
    assert!(!is_disabled(&window, find));
    let cases = [
        ("Highest rate", 1e-9, 1.0, "must be above the lowest rate"),
        ("Lowest rate", 0.0, 1e-7, "must be a rate above 0"),
        ("Steps", 1.0, 0.0, "must be 2 or more"),
        ("Stop at lowest loss times", 1.0, 4.0, "must be above 1"),
    ];
    for (field, wrong, right, problem) in cases {
        set(&mut window, field, wrong);
        see(&mut window, &format!("{field}: {problem}"));
        assert!(is_disabled(&window, find), "{field}");
        // The key does no more than the button.
        let held = Modifiers::COMMAND.plus(Modifiers::CTRL);
        press(&mut window, held.plus(Modifiers::SHIFT), Key::F);
        assert!(window.query_by_label("Stop looking").is_none(), "{field}");
        set(&mut window, field, right);
        assert!(!is_disabled(&window, find), "{field}");
        let told = window.query_all_by_label_contains(problem).next();
        assert!(told.is_none(), "{field}");
    }
}

#[test]
fn one_rate_for_both_networks_is_taken_over() {
    let (mut window, _folder) = ready(&format!("{TINY}{ADVERSARIAL}"));
    choose(&mut window, "Find learning rate");
    see(&mut window, "for both (joint)");
    let rate = offered(&window, "both (joint)").unwrap();
    choose(&mut window, &format!("Use {rate} for both (joint)"));
    let rate: f64 = rate.parse().unwrap();
    for key in [
        "optimiser.learning_rate",
        "discriminator_optimiser.learning_rate",
    ] {
        let taken = rate_of(&window, key);
        assert!((taken - rate).abs() < 1e-12, "{key}: {taken}");
    }
    // Each its own is another choice.
    let own = offered(&window, "the generator").unwrap();
    choose(&mut window, &format!("Use {own} for the generator"));
    let own: f64 = own.parse().unwrap();
    assert!((rate_of(&window, "optimiser.learning_rate") - own).abs() < 1e-12);
    let other = rate_of(&window, "discriminator_optimiser.learning_rate");
    assert!((other - rate).abs() < 1e-12);
}
