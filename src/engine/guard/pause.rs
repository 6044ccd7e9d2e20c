//! The pause of an endpoint whose provider asked to wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Until when no call may leave. A pause only ever grows longer.
#[derive(Debug, Default)]
pub struct Pause {
    state: Mutex<State>,
    extended: Notify,
}

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    /// When the first wait was asked for since a call was answered last.
    since: Option<Instant>,
}

impl Pause {
    pub fn extend_to(&self, until: Instant, now: Instant) {
        let mut state = self.lock();
        state.until = state.until.max(Some(until));
        state.since.get_or_insert(now);
        drop(state);
        self.extended.notify_waiters();
    }

    /// A call was answered: the provider asks for no wait now.
    pub fn answered(&self) {
        self.lock().since = None;
    }

    /// How much of the pause is left; `None` when there is none.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let until = self.lock().until;
        until.filter(|until| *until > now).map(|until| until.duration_since(now))
    }

    /// For how long the provider has asked for waits and answered nothing.
    #[must_use]
    pub fn lasts_for(&self, now: Instant) -> Option<Duration> {
        self.lock().since.map(|since| now.saturating_duration_since(since))
    }

    /// Waits for its end, later extensions included.
    pub async fn over(&self) {
        while let Some(left) = self.left(Instant::now()) {
            tokio::time::sleep(left).await;
        }
    }

    /// Waits until more than this is left of it; how much that is.
    pub async fn longer_than(&self, limit: Duration) -> Duration {
        loop {
            let extended = self.extended.notified();
            tokio::pin!(extended);
            // Listening starts before the look, or an extension between the two would be missed.
            extended.as_mut().enable();
            if let Some(left) = self.left(Instant::now()).filter(|left| *left > limit) {
                return left;
            }
            extended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_grows_while_it_is_waited_for_and_never_shrinks() {
        let pause = Pause::default();
        pause.over().await;
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        pause.extend_to(at(10), start);
        let extend = async {
            tokio::time::sleep_until(at(9)).await;
            pause.extend_to(at(5), at(9));
            pause.extend_to(at(30), at(9));
        };
        let (left, (), ()) = tokio::join!(pause.longer_than(Duration::from_secs(20)), pause.over(), extend);
        assert_eq!((left, start.elapsed()), (Duration::from_secs(21), Duration::from_secs(30)));
        assert_eq!(pause.left(Instant::now()), None);
    }

    #[test]
    fn waits_that_follow_each_other_are_one_until_a_call_is_answered() {
        let pause = Pause::default();
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(pause.lasts_for(start), None);
        pause.extend_to(at(10), at(0));
        pause.extend_to(at(30), at(20));
        assert_eq!(pause.lasts_for(at(25)), Some(Duration::from_secs(25)));
        pause.answered();
        assert_eq!((pause.lasts_for(at(26)), pause.left(at(26))), (None, Some(Duration::from_secs(4))));
    }
}
