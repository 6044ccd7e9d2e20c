//! Shortcuts as egui has them.

use egui::{Key as EguiKey, KeyboardShortcut, Modifiers};

use crate::session::{Command, Key, Shortcut, bindings};

/// Takes the shortcuts out of this frame's input, and gives what they mean.
pub(super) fn pressed(ctx: &egui::Context) -> Vec<Command> {
    // A text field has an undo of its own for the keystrokes in it; the session's undo is for everything else.
    let typing = ctx.text_edit_focused();
    let mine = |command: &Command| !(typing && matches!(command, Command::Undo | Command::Redo));
    ctx.input_mut(|input| {
        bindings()
            .into_iter()
            .filter(|(_, command)| mine(command))
            .filter(|(shortcut, _)| keyboard(*shortcut).is_some_and(|keys| input.consume_shortcut(&keys)))
            .map(|(_, command)| command)
            .collect()
    })
}

fn keyboard(shortcut: Shortcut) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    if shortcut.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if shortcut.shift {
        modifiers |= Modifiers::SHIFT;
    }
    let key = match shortcut.key {
        Key::Letter(letter) => EguiKey::from_name(&letter.to_string())?,
        Key::Digit(digit) => EguiKey::from_name(&digit.to_string())?,
        Key::Function(number) => EguiKey::from_name(&format!("F{number}"))?,
        Key::Enter => EguiKey::Enter,
        Key::Comma => EguiKey::Comma,
    };
    Some(KeyboardShortcut::new(modifiers, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortcut_is_a_key_that_exists() {
        for (shortcut, _) in bindings() {
            assert!(keyboard(shortcut).is_some(), "{shortcut}");
        }
    }
}
