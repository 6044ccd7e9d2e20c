//! The slots of an endpoint: how many calls may be in flight, fewer after each refusal for load.
//!
//! Additive increase, multiplicative decrease (Chiu and Jain 1989, as TCP does it): the number falls to seven tenths
//! when the provider refuses a call for load, at most once for all calls that were in flight at that moment, and rises
//! by about one each time that as many calls have succeeded as may be in flight.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Fractions of a slot are counted in thousandths.
const SLOT: u64 = 1_000;

#[derive(Debug)]
pub struct Concurrency {
    slots: Semaphore,
    /// The endpoint's own limit, which is never passed.
    most: u32,
    adaptive: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Thousandths of a slot, from one whole slot on.
    allowed: u64,
    /// Slots that there are, taken ones included. More than are allowed only until the surplus is given back.
    existing: u32,
    /// Calls that left before this are no further reason to decrease.
    decreased_at: Option<Instant>,
}

impl Concurrency {
    /// At least one slot; the number changes only where it is `adaptive`.
    #[must_use]
    pub fn new(most: u32, adaptive: bool) -> Self {
        let most = most.max(1);
        let state = State { allowed: u64::from(most) * SLOT, existing: most, decreased_at: None };
        Self { slots: Semaphore::new(most as usize), most, adaptive, state: Mutex::new(state) }
    }

    /// Waits for a place among the calls in flight; callers have it in the order in which they asked.
    pub async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            let slot = self.slots.acquire().await.ok()?;
            if !self.adaptive || !self.takes_back() {
                return Some(slot);
            }
            slot.forget();
        }
    }

    /// A call was answered.
    pub fn succeeded(&self) {
        if !self.adaptive {
            return;
        }
        let mut state = self.lock();
        state.allowed = (state.allowed + SLOT * SLOT / state.allowed).min(u64::from(self.most) * SLOT);
        let more = state.target().saturating_sub(state.existing);
        state.existing += more;
        drop(state);
        self.slots.add_permits(more as usize);
    }

    /// A call that left at `sent` was refused for load.
    pub fn refused(&self, sent: Instant, now: Instant) {
        if !self.adaptive {
            return;
        }
        let mut state = self.lock();
        if state.decreased_at.is_some_and(|at| sent <= at) {
            return;
        }
        state.decreased_at = Some(now);
        state.allowed = (state.allowed * 7 / 10).max(SLOT);
        let surplus = state.existing.saturating_sub(state.target());
        // Those in use come back one by one, as they are asked for again.
        let free = self.slots.forget_permits(surplus as usize);
        state.existing -= u32::try_from(free).unwrap_or(surplus);
    }

    /// How many calls may be in flight now.
    #[must_use]
    pub fn allowed(&self) -> u32 {
        self.lock().target()
    }

    #[must_use]
    pub fn in_flight(&self) -> u32 {
        let existing = self.lock().existing;
        existing.saturating_sub(u32::try_from(self.slots.available_permits()).unwrap_or(existing))
    }

    #[must_use]
    pub fn most(&self) -> u32 {
        self.most
    }

    /// Whether the slot that was just handed out is one too many.
    fn takes_back(&self) -> bool {
        let mut state = self.lock();
        let surplus = state.existing > state.target();
        state.existing -= u32::from(surplus);
        surplus
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn target(&self) -> u32 {
        u32::try_from(self.allowed / SLOT).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::task::JoinSet;

    use super::*;

    #[test]
    fn one_crowd_of_refusals_decreases_once() {
        let now = Instant::now();
        let slots = Concurrency::new(100, true);
        let later = now + Duration::from_secs(1);
        for _ in 0..50 {
            slots.refused(now, later);
        }
        assert_eq!(slots.allowed(), 70);
        slots.refused(later + Duration::from_secs(1), later + Duration::from_secs(2));
        assert_eq!(slots.allowed(), 49);
    }

    #[test]
    fn it_rises_by_about_one_for_each_round_of_successes_and_not_past_its_limit() {
        let now = Instant::now();
        let slots = Concurrency::new(20, true);
        slots.refused(now, now);
        assert_eq!(slots.allowed(), 14);
        (0..15).for_each(|_| slots.succeeded());
        assert_eq!(slots.allowed(), 15);
        (0..1_000).for_each(|_| slots.succeeded());
        assert_eq!(slots.allowed(), 20);
    }

    #[test]
    fn without_the_switch_the_number_stands() {
        let slots = Concurrency::new(8, false);
        slots.refused(Instant::now(), Instant::now());
        slots.succeeded();
        assert_eq!((slots.allowed(), slots.in_flight()), (8, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn against_a_provider_that_takes_ten_at_once_it_settles_near_ten() {
        const TAKES: u32 = 10;
        let slots = Arc::new(Concurrency::new(64, true));
        let on_wire = Arc::new(AtomicU32::new(0));
        let tally = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let mut callers = JoinSet::new();
        for _ in 0..64 {
            let (slots, on_wire, tally) = (slots.clone(), on_wire.clone(), tally.clone());
            callers.spawn(async move {
                for _ in 0..100 {
                    let _slot = slots.slot().await.unwrap();
                    let sent = Instant::now();
                    let fits = on_wire.fetch_add(1, Ordering::Relaxed) < TAKES;
                    tokio::time::sleep(Duration::from_millis(if fits { 1_000 } else { 100 })).await;
                    on_wire.fetch_sub(1, Ordering::Relaxed);
                    if fits {
                        slots.succeeded();
                        tally.0.fetch_add(1, Ordering::Relaxed);
                    } else {
                        slots.refused(sent, Instant::now());
                        tally.1.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        callers.join_all().await;
        let (taken, refused) = (tally.0.load(Ordering::Relaxed), tally.1.load(Ordering::Relaxed));
        assert!((6..=11).contains(&slots.allowed()), "{}", slots.allowed());
        assert!(refused * 10 < taken, "{refused} refused, {taken} taken");
        assert_eq!(slots.in_flight(), 0);
    }

    proptest! {
        #[test]
        fn there_is_at_least_one_slot_and_never_more_than_the_limit(
            most in 1_u32..40,
            steps in proptest::collection::vec(0_u8..4, 1..300),
        ) {
            let slots = Concurrency::new(most, true);
            let mut now = Instant::now();
            let mut taken = Vec::new();
            for step in steps {
                now += Duration::from_millis(1);
                match step {
                    0 => slots.refused(now, now),
                    1 => slots.succeeded(),
                    2 => drop(taken.pop()),
                    _ => {
                        let next = futures_util::FutureExt::now_or_never(slots.slot()).flatten();
                        prop_assert!(next.is_some() || taken.len() >= slots.allowed() as usize);
                        taken.extend(next);
                    }
                }
                prop_assert!((1..=most).contains(&slots.allowed()));
                prop_assert_eq!(slots.in_flight() as usize, taken.len());
            }
        }
    }
}
