//! From keys to commands.

use egui::{Event, Key, KeyboardShortcut};

use super::Command;

/// With Ctrl they edit text: all, copy, paste, cut, undo, redo.
const EDITING: [Key; 6] = [Key::A, Key::C, Key::V, Key::X, Key::Z, Key::Y];
const ARROWS: [Key; 4] = [
    Key::ArrowLeft,
    Key::ArrowRight,
    Key::ArrowUp,
    Key::ArrowDown,
];

/// The commands whose keys were pressed, in order; none while text is typed. `usable`
/// says which keys mean something now.
pub fn pressed(ctx: &egui::Context, usable: impl Fn(Command) -> bool) -> Vec<Command> {
    let typing = ctx.text_edit_focused();
    let mut commands: Vec<(Command, KeyboardShortcut)> = Command::ALL
        .into_iter()
        .filter(|command| usable(*command))
        .filter_map(|command| Some((command, command.spec().key?)))
        .collect();
    // Ctrl+Shift+Z also matches Ctrl+Z, so keys with more modifiers are asked first.
    commands.sort_by_key(|(_, key)| {
        let m = key.modifiers;
        std::cmp::Reverse(u8::from(m.command) + u8::from(m.shift) + u8::from(m.alt))
    });
    // A slider that was reached by Tab has the arrow keys.
    let focused = ctx.memory(|memory| memory.focused().is_some());
    let taken = |key: &KeyboardShortcut| {
        let typed = key.modifiers.is_none()
            || key.modifiers.shift_only()
            || key.conflicts_with_text_editing()
            || EDITING.contains(&key.logical_key);
        let stepped = ARROWS.contains(&key.logical_key);
        (typing && typed) || (focused && stepped)
    };
    ctx.input_mut(|input| {
        let mut pressed = Vec::new();
        // Some systems send the character of Alt with a digit besides the key: a text field that
        // has the focus is not to get it.
        let mut is_typed_too = false;
        // In the order they were pressed, also when several came between two frames.
        input.events.retain(|event| {
            if matches!(event, Event::Text(_)) {
                return !std::mem::take(&mut is_typed_too);
            }
            let Event::Key {
                key,
                pressed: true,
                repeat,
                modifiers,
                ..
            } = event
            else {
                return true;
            };
            let hit = commands.iter().find(|(_, wanted)| {
                wanted.logical_key == *key
                    && modifiers.matches_logically(wanted.modifiers)
                    && !taken(wanted)
            });
            is_typed_too = hit.is_some() && modifiers.alt;
            let Some((command, _)) = hit else {
                return true;
            };
            // A key held down answers one trial and queues one job.
            if !repeat || command.may_repeat() {
                pressed.push(*command);
            }
            false
        });
        pressed
    })
}
