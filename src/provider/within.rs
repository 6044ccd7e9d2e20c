//! The limit on the time of a call, whose clock stands still while the call waits for something of our own.
//!
//! A body that waits for room waits for the disk, and not for the provider: a call that was given up for it would be paid
//! and asked again. The wait is known where the body arrives, and the limit is that of who makes the call, so the clock
//! is the task's.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static CLOCK: Arc<Clock>;
}

/// How long the call has stood still.
#[derive(Debug, Default)]
struct Clock(Mutex<Stood>);

#[derive(Debug, Default)]
struct Stood {
    so_far: Duration,
    since: Option<Instant>,
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, Stood> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long it has stood still; `None` while it does.
    fn stood(&self) -> Option<Duration> {
        let stood = self.lock();
        stood.since.is_none().then_some(stood.so_far)
    }
}

/// What the work gives, or `None` once it has taken so long, without the times in which it stood still. The work is
/// dropped with this, whether it stands still or not.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let clock = Arc::new(Clock::default());
    let end = Instant::now() + limit;
    let timer = tokio::time::sleep_until(end);
    let work = CLOCK.scope(clock.clone(), work);
    tokio::pin!(timer, work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        // While the clock stands still, only the work itself can make it go on, and this looks again after it.
        let Some(stood) = clock.stood() else { return Poll::Pending };
        if timer.deadline() != end + stood {
            timer.as_mut().reset(end + stood);
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// The clock of the call stands still until this is dropped.
pub(super) struct StandsStill(Option<Arc<Clock>>);

pub(super) fn stand_still() -> StandsStill {
    let clock = CLOCK.try_with(Arc::clone).ok();
    if let Some(clock) = &clock {
        clock.lock().since.get_or_insert_with(Instant::now);
    }
    StandsStill(clock)
}

impl Drop for StandsStill {
    fn drop(&mut self) {
        let Some(clock) = &self.0 else { return };
        let mut stood = clock.lock();
        if let Some(since) = stood.since.take() {
            stood.so_far += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Works for so long, stands still for so long, and works on.
    async fn work([before, still, after]: [u64; 3]) {
        tokio::time::sleep(ms(before)).await;
        let stands_still = stand_still();
        tokio::time::sleep(ms(still)).await;
        drop(stands_still);
        tokio::time::sleep(ms(after)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_it_stands_still_does_not_count() {
        let check = async |times, is_in_time: bool, took| {
            let began = Instant::now();
            let done = within(ms(100), work(times)).await;
            assert_eq!((done.is_some(), began.elapsed()), (is_in_time, ms(took)), "{times:?}");
        };
        check([50, 0, 40], true, 90).await;
        check([120, 0, 0], false, 100).await;
        check([60, 5_000, 30], true, 5_090).await;
        check([60, 5_000, 50], false, 5_100).await;
        work([1, 1, 1]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_still_ends_when_nobody_waits_for_it() {
        let waited = tokio::time::timeout(ms(300), within(ms(100), work([0, 5_000, 0]))).await;
        assert!(waited.is_err());
    }
}
