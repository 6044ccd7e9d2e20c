//! How much went in the last 60 s, in slots of a quarter of a second: a sliding sum in constant memory.
//!
//! The sum counts a slot as long as any of it may lie in the last 60 s, so that it is never too small.

/// Nanoseconds of a minute, for which rates are given.
pub const MINUTE: u64 = 60 * SECOND;
pub const SECOND: u64 = 1_000_000_000;
const SLOT: u64 = SECOND / 4;
/// A minute and the slot that is half over.
const SLOTS: u64 = MINUTE / SLOT + 1;

/// Units by the moment of their admission; moments are nanoseconds since the limiter began.
#[derive(Debug)]
pub struct Window {
    slots: Box<[u64]>,
    newest: u64,
    sum: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| 0).collect(), newest: 0, sum: 0 }
    }
}

impl Window {
    pub fn add(&mut self, units: u64, at: u64, now: u64) {
        self.advance(now);
        if self.remembers(at) {
            self.slots[place(at / SLOT)] += units;
            self.sum += units;
        }
    }

    /// Takes back what was added at that moment.
    pub fn remove(&mut self, units: u64, at: u64, now: u64) {
        self.advance(now);
        if self.remembers(at) {
            let slot = &mut self.slots[place(at / SLOT)];
            let removed = units.min(*slot);
            *slot -= removed;
            self.sum -= removed;
        }
    }

    pub fn sum(&mut self, now: u64) -> u64 {
        self.advance(now);
        self.sum
    }

    /// The first moment, from now on, at which the sum is at most `most`, if nothing is added.
    pub fn falls_to(&mut self, most: u64, now: u64) -> u64 {
        self.advance(now);
        let (mut left, mut slot) = (self.sum, (self.newest + 1).saturating_sub(SLOTS));
        while left > most && slot <= self.newest {
            left -= self.slots[place(slot)];
            slot += 1;
        }
        // The slot before this one has to leave, which it does when a whole ring of slots lies behind it.
        if left == self.sum { now } else { now.max((slot - 1 + SLOTS) * SLOT) }
    }

    fn remembers(&self, at: u64) -> bool {
        at / SLOT + SLOTS > self.newest && at / SLOT <= self.newest
    }

    /// Empties the slots that have left the window.
    fn advance(&mut self, now: u64) {
        let current = now / SLOT;
        let passed = current.saturating_sub(self.newest).min(SLOTS);
        for step in 1..=passed {
            let slot = &mut self.slots[place(current - passed + step)];
            self.sum -= *slot;
            *slot = 0;
        }
        self.newest = self.newest.max(current);
    }
}

const fn place(slot: u64) -> usize {
    (slot % SLOTS) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_sum_is_of_the_last_minute_and_never_too_small(
            steps in proptest::collection::vec((0_u64..20_000, 0_u64..100), 1..200),
        ) {
            let (mut now, mut window, mut log) = (0, Window::default(), Vec::new());
            for (pass, units) in steps {
                now += pass * 1_000_000;
                window.add(units, now, now);
                log.push((now, units));
                let since = |age: u64| log.iter().filter(|(at, _)| at + age > now).map(|(_, units)| units).sum::<u64>();
                prop_assert!(window.sum(now) >= since(MINUTE));
                prop_assert!(window.sum(now) <= since(MINUTE + SLOT + 1));
                let half = window.sum(now) / 2;
                let then = window.falls_to(half, now);
                prop_assert!(window.falls_to(0, now) >= then && then >= now);
                let mut later = Window { slots: window.slots.clone(), ..window };
                prop_assert!(later.sum(then) <= half);
                let mut before = Window { slots: window.slots.clone(), ..window };
                prop_assert!(then == now || before.sum(then - 1) > half);
            }
        }
    }

    #[test]
    fn what_is_taken_back_is_gone_and_what_has_left_stays_gone() {
        let mut window = Window::default();
        window.add(10, 0, 0);
        window.remove(4, 0, SECOND);
        assert_eq!(window.sum(SECOND), 6);
        window.remove(6, 0, 2 * MINUTE);
        window.add(3, 0, 2 * MINUTE);
        assert_eq!(window.sum(2 * MINUTE), 0);
    }
}
