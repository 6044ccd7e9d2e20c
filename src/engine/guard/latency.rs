//! How long an endpoint's latest answers took.

use std::sync::{Mutex, PoisonError};

/// Answers that are remembered.
const LATEST: usize = 64;

/// The latencies of the latest answers, in milliseconds.
#[derive(Debug, Default)]
pub struct Latency(Mutex<Ring>);

#[derive(Debug)]
struct Ring {
    latest: [f64; LATEST],
    ever: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self { latest: [0.0; LATEST], ever: 0 }
    }
}

impl Latency {
    pub fn note(&self, ms: f64) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = ring.ever % LATEST;
        ring.latest[place] = ms;
        ring.ever += 1;
    }

    /// The median of the latest answers (the lower one of an even number); `None` before there is one.
    #[must_use]
    pub fn median_ms(&self) -> Option<f64> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut latest, count) = (ring.latest, ring.ever.min(LATEST));
        drop(ring);
        let known = &mut latest[..count];
        known.sort_unstable_by(f64::total_cmp);
        known.get(count.saturating_sub(1) / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_latest_answers() {
        let latency = Latency::default();
        assert_eq!(latency.median_ms(), None);
        latency.note(900.0);
        assert_eq!(latency.median_ms(), Some(900.0));
        for ms in [100.0, 300.0, 200.0] {
            latency.note(ms);
        }
        assert_eq!(latency.median_ms(), Some(200.0));
        (0..64).for_each(|_| latency.note(50.0));
        assert_eq!(latency.median_ms(), Some(50.0));
    }
}
