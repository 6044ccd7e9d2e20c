//! Keys that mean commands, without any window's idea of a keyboard.

use std::fmt;

use super::command::Command;
use super::route::Route;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    Letter(char),
    Digit(u8),
    Function(u8),
    Enter,
    Comma,
}

/// A key with its modifiers. `ctrl` is Command on a Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shortcut {
    pub ctrl: bool,
    pub shift: bool,
    pub key: Key,
}

impl Shortcut {
    #[must_use]
    pub const fn ctrl(key: Key) -> Self {
        Self { ctrl: true, shift: false, key }
    }

    #[must_use]
    pub const fn ctrl_shift(key: Key) -> Self {
        Self { ctrl: true, shift: true, key }
    }

    #[must_use]
    pub const fn plain(key: Key) -> Self {
        Self { ctrl: false, shift: false, key }
    }
}

impl fmt::Display for Shortcut {
    /// `Ctrl+Shift+Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl+")?;
        }
        if self.shift {
            f.write_str("Shift+")?;
        }
        match self.key {
            Key::Letter(letter) => write!(f, "{letter}"),
            Key::Digit(digit) => write!(f, "{digit}"),
            Key::Function(number) => write!(f, "F{number}"),
            Key::Enter => f.write_str("Enter"),
            Key::Comma => f.write_str(","),
        }
    }
}

/// Every shortcut and what it means. Where a command has several, the first is the one that menus show. Those with
/// more modifiers stand first, so that a reader who takes the first match takes the right one.
#[must_use]
pub fn bindings() -> Vec<(Shortcut, Command)> {
    let mut all = vec![
        (Shortcut::ctrl_shift(Key::Letter('Z')), Command::Redo),
        (Shortcut::ctrl(Key::Letter('Z')), Command::Undo),
        (Shortcut::ctrl(Key::Letter('Y')), Command::Redo),
        (Shortcut::ctrl(Key::Letter('S')), Command::Save),
        (Shortcut::ctrl(Key::Letter('K')), Command::ShowPalette(true)),
        (Shortcut::ctrl(Key::Letter('O')), Command::AskForWorkspace),
        (Shortcut::plain(Key::Function(5)), Command::StartRun),
        (Shortcut::ctrl(Key::Enter), Command::StartRun),
        (Shortcut::ctrl(Key::Comma), Command::Go(Route::Settings)),
    ];
    let digit = |route: Route| Some((Shortcut::ctrl(Key::Digit(route.digit()?)), Command::Go(route)));
    all.extend(Route::ALL.into_iter().filter_map(digit));
    all
}
