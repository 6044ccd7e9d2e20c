//! The time limits of one call: first byte, idle, total, and answers that trickle.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{CallError, Fault, Phase, Timeouts};

/// A body slower than this many bytes in a window is stalled: less than 10 bytes a second over 60 seconds.
const WINDOW: Duration = Duration::from_mins(1);
const WINDOW_BYTES: u64 = 600;

/// Watches one call. Time comes from tokio, so tests can pause it.
///
/// Progress only notes the time; the one timer that a call needs asks [`Watchdog::check`] when it fires.
#[derive(Debug)]
pub struct Watchdog {
    first_byte: Duration,
    idle: Duration,
    /// When the whole call must be over.
    end: Instant,
    /// When the current wait began.
    since: Instant,
    reading: bool,
    window: Instant,
    window_bytes: u64,
}

impl Watchdog {
    pub fn start(limits: &Timeouts, now: Instant) -> Self {
        Self {
            first_byte: millis(limits.first_byte_ms),
            idle: millis(limits.idle_ms),
            end: now + millis(limits.total_ms),
            since: now,
            reading: false,
            window: now,
            window_bytes: 0,
        }
    }

    /// The request has left: the wait for the first byte begins here, not while connecting.
    pub fn sent(&mut self, at: Instant) {
        if !self.reading {
            self.since = at;
        }
    }

    /// Reading goes on after a wait of our own, which took so long: no limit ran meanwhile.
    pub fn goes_on(&mut self, now: Instant, waited: Duration) {
        self.end += waited;
        self.head(now);
    }

    /// The head of the answer is there.
    pub fn head(&mut self, now: Instant) {
        self.reading = true;
        self.since = now;
        self.window = now;
        self.window_bytes = 0;
    }

    /// A part of the body is there. `alive` says that it completed an event, which a quiet stream sends to show that
    /// it lives.
    pub fn chunk(&mut self, now: Instant, bytes: usize, alive: bool) {
        self.since = now;
        self.window_bytes += if alive { WINDOW_BYTES } else { bytes as u64 };
        if self.window_bytes >= WINDOW_BYTES {
            self.window = now;
            self.window_bytes = 0;
        }
    }

    /// When to look next.
    pub fn next(&self) -> Instant {
        let wait = self.since + if self.reading { self.idle } else { self.first_byte };
        let stall = if self.reading { self.window + WINDOW } else { wait };
        self.end.min(wait).min(stall)
    }

    /// # Errors
    /// A limit is passed.
    pub fn check(&self, now: Instant) -> Result<(), CallError> {
        let waited = now.duration_since(self.since);
        if now >= self.end {
            Err(timeout(Phase::Total))
        } else if !self.reading && waited >= self.first_byte {
            Err(timeout(Phase::FirstByte))
        } else if self.reading && waited >= self.idle {
            Err(timeout(Phase::Idle))
        } else if self.reading && now.duration_since(self.window) >= WINDOW {
            let message = "The answer came so slowly (below 10 bytes a second for a minute) that it was given up.";
            Err(CallError::new(Fault::Stalled, message))
        } else {
            Ok(())
        }
    }
}

/// The error of a phase that took too long.
#[must_use]
pub fn timeout(phase: Phase) -> CallError {
    CallError::new(Fault::Timeout(phase), format!("Time ran out while {}.", phase.words()))
}

/// Longer than a week is as good as never, and adds up without overflow.
pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms.min(7 * 86_400_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(first_byte_ms: u64, idle_ms: u64, total_ms: u64) -> Timeouts {
        Timeouts { connect_ms: 1, first_byte_ms, idle_ms, total_ms }
    }

    fn fault(dog: &Watchdog, now: Instant) -> Option<Fault> {
        dog.check(now).err().map(|error| error.fault)
    }

    #[test]
    fn each_phase_has_its_own_limit() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let mut dog = Watchdog::start(&limits(100, 50, 1_000), zero);
        dog.sent(at(20));
        assert_eq!((dog.next(), fault(&dog, at(119))), (at(120), None));
        assert_eq!(fault(&dog, at(120)), Some(Fault::Timeout(Phase::FirstByte)));
        dog.head(at(110));
        assert_eq!((dog.next(), fault(&dog, at(159))), (at(160), None));
        assert_eq!(fault(&dog, at(160)), Some(Fault::Timeout(Phase::Idle)));
        dog.chunk(at(155), 1, false);
        assert_eq!(fault(&dog, at(160)), None);
        dog.chunk(at(999), 1, false);
        assert_eq!(fault(&dog, at(1_000)), Some(Fault::Timeout(Phase::Total)));
    }

    #[test]
    fn a_trickle_is_stalled_after_a_minute() {
        let zero = Instant::now();
        let at = |secs| zero + Duration::from_secs(secs);
        let run = |bytes: usize, alive: bool| {
            let mut dog = Watchdog::start(&limits(1_000, 10_000, 10_000_000), zero);
            dog.head(zero);
            (1..=200).find(|second| {
                dog.chunk(at(*second), bytes, alive);
                dog.check(at(*second)).is_err()
            })
        };
        assert_eq!(run(1, false), Some(60));
        assert_eq!(run(9, false), Some(60));
        assert_eq!(run(10, false), None);
        assert_eq!(run(1, true), None, "complete events keep a slow stream alive");
    }
}
