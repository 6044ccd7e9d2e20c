//! The pause of an endpoint whose provider asked to wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A provider that was not asked again for so long after its wait holds nobody up.
const LITTLE: Duration = Duration::from_mins(1);

/// Until when no call may leave. A pause only ever grows longer.
#[derive(Debug, Default)]
pub struct Pause {
    state: Mutex<State>,
    extended: Notify,
}

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    /// When the first wait was asked for since a call came back without one.
    since: Option<Instant>,
    /// A call was let in since the wait was over.
    asked_again: bool,
}

impl State {
    /// The wait lasts, or is hardly over, or there is a call that will tell whether there is another.
    fn goes_on(&self, now: Instant) -> bool {
        let is_recent = |until| now.saturating_duration_since(until) <= LITTLE;
        self.asked_again || self.until.is_some_and(is_recent)
    }
}

impl Pause {
    pub fn extend_to(&self, until: Instant, now: Instant) {
        let mut state = self.lock();
        state.since = Some(state.since.filter(|_| state.goes_on(now)).unwrap_or(now));
        state.until = state.until.max(Some(until));
        state.asked_again = false;
        drop(state);
        self.extended.notify_waiters();
    }

    /// A call is let in, where none is held back.
    pub fn let_in(&self) {
        self.lock().asked_again = true;
    }

    /// A call came back, with an answer or without, and was told no wait.
    pub fn told_no_wait(&self) {
        self.lock().since = None;
    }

    /// How much of the pause is left; `None` when there is none.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let until = self.lock().until;
        until.filter(|until| *until > now).map(|until| until.duration_since(now))
    }

    /// For how long the provider has asked for one wait after the other; `None` once it asks for none.
    #[must_use]
    pub fn lasts_for(&self, now: Instant) -> Option<Duration> {
        let state = self.lock();
        let since = state.since.filter(|_| state.goes_on(now))?;
        Some(now.saturating_duration_since(since))
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
    fn waits_that_follow_each_other_are_one_until_a_call_is_told_none() {
        let pause = Pause::default();
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(pause.lasts_for(start), None);
        pause.extend_to(at(10), at(0));
        pause.extend_to(at(30), at(20));
        assert_eq!(pause.lasts_for(at(25)), Some(Duration::from_secs(25)));
        pause.told_no_wait();
        assert_eq!((pause.lasts_for(at(26)), pause.left(at(26))), (None, Some(Duration::from_secs(4))));
    }

    #[test]
    fn a_wait_that_is_over_is_none_unless_a_call_is_on_its_way_to_the_next() {
        let pause = Pause::default();
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let lasts = |secs| pause.lasts_for(at(secs)).map(|time| time.as_secs());
        pause.extend_to(at(10), at(0));
        assert_eq!((lasts(10), lasts(70), lasts(71)), (Some(10), Some(70), None));
        pause.extend_to(at(1_010), at(1_000));
        assert_eq!(lasts(1_020), Some(20), "it begins anew");
        pause.let_in();
        assert_eq!(lasts(1_500), Some(500), "nobody knows yet");
        pause.extend_to(at(1_510), at(1_500));
        assert_eq!((lasts(1_510), lasts(1_571)), (Some(510), None));
    }
}
