//! Undo and redo over every definition: what stood under a key before and after, as shared values.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::domain::{Definition, DefinitionKey};

/// Steps that can be taken back; the oldest falls off.
const KEPT: usize = 1_000;
/// Edits of one definition that follow each other this fast are one step.
const BURST: Duration = Duration::from_millis(800);

#[derive(Debug, Clone)]
pub struct Step {
    pub key: DefinitionKey,
    pub before: Option<Definition>,
    pub after: Option<Definition>,
}

impl Step {
    /// Whether `next` makes this step as if it had never been.
    fn is_taken_back_by(&self, next: &Self) -> bool {
        self.key == next.key && self.before.is_some() && self.before == next.after && self.after == next.before
    }
}

#[derive(Debug, Default)]
pub struct History {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// When the last step was added to; `None` after an undo, so that the next edit is a step of its own.
    last: Option<Instant>,
}

impl History {
    /// Remembers an edit. What was undone before cannot be redone after it.
    pub fn record(&mut self, step: Step, now: Instant) {
        self.undone.clear();
        if let (Some(last), Some(open)) = (self.last, self.done.back_mut())
            && open.key == step.key
            && open.before.is_some()
            && step.after.is_some()
            && now.saturating_duration_since(last) < BURST
        {
            open.after = step.after;
        } else if self.done.back().is_some_and(|last| last.is_taken_back_by(&step)) {
            // An editor's own undo: the step is gone, and another undo must not bring its text back.
            self.done.pop_back();
            self.last = None;
            return;
        } else {
            self.done.push_back(step);
            if self.done.len() > KEPT {
                self.done.pop_front();
            }
        }
        self.last = Some(now);
    }

    /// The step to take back: its `before` is to stand again.
    pub fn undo(&mut self) -> Option<Step> {
        self.last = None;
        let step = self.done.pop_back()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The step to do again: its `after` is to stand again.
    pub fn redo(&mut self) -> Option<Step> {
        self.last = None;
        let step = self.undone.pop()?;
        self.done.push_back(step.clone());
        Some(step)
    }

    /// Ends the burst: the next edit is a step of its own.
    pub fn end_burst(&mut self) {
        self.last = None;
    }

    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::ProjectSpec;

    fn title(text: &str) -> Definition {
        Definition::Project(Arc::new(ProjectSpec::titled(text)))
    }

    fn step(before: &str, after: &str) -> Step {
        Step { key: DefinitionKey::Project("p".into()), before: Some(title(before)), after: Some(title(after)) }
    }

    #[test]
    fn a_step_that_an_editor_took_back_is_not_undone_again() {
        let mut history = History::default();
        let start = Instant::now();
        history.record(step("", "a"), start);
        history.record(step("a", "ab"), start + BURST * 2);
        history.record(step("ab", "a"), start + BURST * 4);
        assert_eq!(history.undo().unwrap().after, Some(title("a")));
        assert!(!history.can_undo());
    }

    #[test]
    fn keystrokes_of_a_burst_are_one_step() {
        let mut history = History::default();
        let start = Instant::now();
        history.record(step("", "a"), start);
        history.record(step("a", "ab"), start + BURST / 2);
        history.record(step("ab", "abc"), start + BURST * 3);
        assert_eq!(history.undo().and_then(|step| step.before), Some(title("ab")));
        assert_eq!(history.undo().and_then(|step| step.before), Some(title("")));
        assert!(history.undo().is_none());
        assert_eq!(history.redo().and_then(|step| step.after), Some(title("ab")));
    }

    #[test]
    fn an_edit_after_undo_ends_redo() {
        let mut history = History::default();
        let now = Instant::now();
        history.record(step("", "a"), now);
        history.undo();
        history.record(step("", "b"), now);
        assert!(!history.can_redo());
        assert_eq!(history.undo().and_then(|step| step.after), Some(title("b")));
    }
}
