//! Questions that are being asked: a similar one waits for the answer instead of being asked beside it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::Fingerprint;

use super::similar::{Question, is_same};

#[derive(Debug, Default)]
pub struct UnderWay(Mutex<Vec<Asked>>);

#[derive(Debug)]
struct Asked {
    number: u64,
    namespace: Fingerprint,
    question: Question,
    over: watch::Receiver<()>,
}

/// A question on its way. Dropped when it is over, whatever came of it.
#[derive(Debug)]
pub struct OnItsWay<'u> {
    under_way: &'u UnderWay,
    number: u64,
    /// Closes with the drop, which is what the others wait for.
    _over: watch::Sender<()>,
}

/// Whose turn it is.
#[derive(Debug)]
pub enum Turn<'u> {
    Own(OnItsWay<'u>),
    /// A similar question is on its way: wait for its end, then look again.
    Wait(watch::Receiver<()>),
}

impl UnderWay {
    /// Puts a question on its way, unless a similar one of its namespace is.
    pub fn turn(&self, namespace: Fingerprint, question: &Question, threshold: f64) -> Turn<'_> {
        let mut all = self.lock();
        let similar = |asked: &&Asked| asked.namespace == namespace && is_same(&asked.question, question, threshold);
        if let Some(other) = all.iter().find(similar) {
            return Turn::Wait(other.over.clone());
        }
        let number = all.last().map_or(0, |last| last.number + 1);
        let (sender, over) = watch::channel(());
        all.push(Asked { number, namespace, question: question.clone(), over });
        Turn::Own(OnItsWay { under_way: self, number, _over: sender })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.under_way.lock().retain(|asked| asked.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::{Facts, lexical_vector};

    const SPACE: Fingerprint = Fingerprint([1; 32]);

    fn question(text: &str) -> Question {
        Question { vector: lexical_vector(text).unwrap(), facts: Facts::of(text) }
    }

    fn is_own(turn: &Turn<'_>) -> bool {
        matches!(turn, Turn::Own(_))
    }

    #[test]
    fn a_similar_question_waits_until_the_first_is_over() {
        let under_way = UnderWay::default();
        let turn = |text: &str| under_way.turn(SPACE, &question(text), 0.9);
        let first = turn("how do i reset my password");
        let other = turn("where is the station");
        assert!(is_own(&first) && is_own(&other));
        let Turn::Wait(over) = turn("how do I reset my password?") else { panic!("it is on its way") };
        assert!(is_own(&turn("how do i reset my 2 passwords")), "it says something else");
        assert!(is_own(&under_way.turn(Fingerprint([2; 32]), &question("where is the station"), 0.9)));
        assert!(over.has_changed().is_ok());
        drop(first);
        assert!(over.has_changed().is_err(), "closed");
        assert!(is_own(&turn("how do I reset my password?")));
    }
}
