//! What a person should know: a sentence, a hint, and a command that mends it where there is one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::Command;

/// Older notices fall off the end.
const KEPT: usize = 100;
/// How long a notice lies over the screen before only the list has it.
const SHOWN: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Info,
    Success,
    Warning,
    Error,
}

#[derive(Debug, Clone)]
pub struct Notice {
    pub id: NoticeId,
    pub level: Level,
    /// What happened, as a sentence.
    pub text: String,
    /// Why, and what to do; empty where the text says it.
    pub hint: String,
    /// Commands that answer it, each a button.
    pub actions: Vec<Command>,
    raised: Instant,
}

impl Notice {
    /// Whether it still lies over the screen. Errors, and notices that ask something, stay until they are dismissed.
    #[must_use]
    pub fn on_screen(&self, now: Instant) -> bool {
        self.level == Level::Error || !self.actions.is_empty() || now < self.raised + SHOWN
    }
}

#[derive(Debug, Default)]
pub struct Notices {
    list: VecDeque<Notice>,
    next: u64,
}

impl Notices {
    pub fn info(&mut self, text: impl Into<String>) {
        self.raise(Level::Info, text, "", Vec::new());
    }

    pub fn success(&mut self, text: impl Into<String>) {
        self.raise(Level::Success, text, "", Vec::new());
    }

    pub fn warning(&mut self, text: impl Into<String>, hint: impl Into<String>) {
        self.raise(Level::Warning, text, hint, Vec::new());
    }

    pub fn error(&mut self, text: impl Into<String>, hint: impl Into<String>) {
        self.raise(Level::Error, text, hint, Vec::new());
    }

    /// Raises a notice. One that says the same as an earlier one takes its place.
    pub fn raise(&mut self, level: Level, text: impl Into<String>, hint: impl Into<String>, actions: Vec<Command>) {
        let (text, hint) = (text.into(), hint.into());
        self.list.retain(|old| old.text != text || old.hint != hint);
        self.next += 1;
        self.list.push_front(Notice { id: NoticeId(self.next), level, text, hint, actions, raised: Instant::now() });
        self.list.truncate(KEPT);
    }

    pub fn dismiss(&mut self, id: NoticeId) {
        self.list.retain(|notice| notice.id != id);
    }

    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Newest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Notice> {
        self.list.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// When the next notice leaves the screen by itself, so that the window wakes for it.
    #[must_use]
    pub fn next_to_leave(&self, now: Instant) -> Option<Duration> {
        self.list
            .iter()
            .filter(|notice| notice.level != Level::Error && notice.actions.is_empty())
            .filter_map(|notice| (notice.raised + SHOWN).checked_duration_since(now))
            .filter(|left| !left.is_zero())
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_listed_once_and_newest_first() {
        let mut notices = Notices::default();
        notices.info("a");
        notices.error("b", "");
        notices.info("a");
        let texts: Vec<_> = notices.iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!(texts, ["a", "b"]);
    }

    #[test]
    fn errors_and_questions_stay_on_screen() {
        let mut notices = Notices::default();
        notices.info("passes");
        notices.error("stays", "");
        notices.raise(Level::Warning, "asks", "", vec![Command::Save]);
        let later = Instant::now() + SHOWN * 2;
        let left: Vec<_> =
            notices.iter().filter(|notice| notice.on_screen(later)).map(|notice| notice.text.as_str()).collect();
        assert_eq!(left, ["asks", "stays"]);
    }
}
