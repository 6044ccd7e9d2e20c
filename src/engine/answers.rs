//! Answers that an earlier execution of the run has paid for.

use std::collections::BTreeMap;

use crate::domain::{Fingerprint, TrialKey};

use super::sink::CachedCall;

/// Answers by their request, and by the trial that got them: without a cache, trials that ask the same each have their
/// own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers(BTreeMap<(Fingerprint, TrialKey), CachedCall>);

impl Answers {
    /// A later answer to the same request of the same trial takes the place of the earlier one.
    pub fn keep(&mut self, key: TrialKey, request: Fingerprint, answer: CachedCall) {
        self.0.insert((request, key), answer);
    }

    /// Adds all of `others`; where both have an answer, theirs is kept.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The trial's own answer to a request, else one that another trial got.
    #[must_use]
    pub fn get(&self, key: &TrialKey, request: &Fingerprint) -> Option<&CachedCall> {
        let of_request = (*request, Fingerprint([0; 32]))..=(*request, Fingerprint([u8::MAX; 32]));
        self.0.get(&(*request, *key)).or_else(|| self.0.range(of_request).next().map(|(_, answer)| answer))
    }
}
