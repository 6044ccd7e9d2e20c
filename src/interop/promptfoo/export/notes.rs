//! What promptfoo has no place for, each thing once.

/// Sentences for the user.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    pub(super) fn add(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(super) fn sentences(self) -> Vec<String> {
        self.0
    }
}
