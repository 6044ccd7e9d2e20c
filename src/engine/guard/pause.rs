//! The pause of an endpoint whose provider asked to wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Until when no call may leave. A pause only ever grows longer.
#[derive(Debug, Default)]
pub struct Pause(Mutex<Option<Instant>>);

impl Pause {
    pub fn extend_to(&self, until: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (*known).max(Some(until));
    }

    /// How much of the pause is left; `None` when there is none.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > now).map(|until| until.duration_since(now))
    }

    /// Waits for its end, later extensions included.
    pub async fn over(&self) {
        while let Some(left) = self.left(Instant::now()) {
            tokio::time::sleep(left).await;
        }
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
        pause.extend_to(at(10));
        let extend = async {
            tokio::time::sleep_until(at(9)).await;
            pause.extend_to(at(5));
            pause.extend_to(at(30));
        };
        tokio::join!(pause.over(), extend);
        assert_eq!(start.elapsed(), Duration::from_secs(30));
        assert_eq!(pause.left(Instant::now()), None);
    }
}
