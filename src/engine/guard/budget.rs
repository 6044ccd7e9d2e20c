//! The hard budget: the worst case is reserved before a call, the real cost is settled after it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::{Budget, Usd};

/// What a run has spent, has promised, and may spend. `spent + reserved` never passes the cap.
#[derive(Debug)]
pub struct Wallet {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug)]
struct State {
    cap: Option<Usd>,
    warn: Option<Usd>,
    spent: Usd,
    reserved: Usd,
}

/// Money that is promised to a call under way. Dropped before the call was sent it goes back; dropped after, as when a
/// trial panics, it counts as spent, since the provider may bill the call.
#[derive(Debug)]
pub struct Reservation<'a> {
    wallet: &'a Wallet,
    amount: Usd,
    sent: bool,
}

/// The answer to a wish to spend.
#[derive(Debug)]
pub enum Reserve<'a> {
    Granted(Reservation<'a>),
    /// Does not fit beside what is promised to calls under way; it may when they have settled.
    Wait,
    /// Does not fit into what is left, whatever the calls under way turn out to cost.
    Exhausted,
}

impl Wallet {
    #[must_use]
    pub fn new(budget: Budget, spent: Usd) -> Self {
        let state = State { cap: budget.hard, warn: budget.warn, spent, reserved: Usd::ZERO };
        Self { state: Mutex::new(state), settled: Notify::new() }
    }

    /// One step: checks and reserves under one lock.
    pub fn try_reserve(&self, amount: Usd) -> Reserve<'_> {
        let mut state = self.lock();
        match state.cap {
            Some(cap) if state.spent + amount > cap => Reserve::Exhausted,
            Some(cap) if state.spent + state.reserved + amount > cap => Reserve::Wait,
            _ => {
                state.reserved += amount;
                Reserve::Granted(Reservation { wallet: self, amount, sent: false })
            }
        }
    }

    /// Reserves, waiting for calls under way where that can help; `None` when the budget is used up.
    pub async fn reserve(&self, amount: Usd) -> Option<Reservation<'_>> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // Listening starts before the look, or a settlement between the two would be missed.
            settled.as_mut().enable();
            match self.try_reserve(amount) {
                Reserve::Granted(reservation) => return Some(reservation),
                Reserve::Exhausted => return None,
                Reserve::Wait => settled.await,
            }
        }
    }

    /// True once, when the warning mark is passed.
    fn close(&self, promised: Usd, cost: Usd) -> bool {
        let mut state = self.lock();
        let before = state.spent;
        state.reserved -= promised;
        state.spent += cost;
        let warned = state.warn.is_some_and(|warn| before < warn && state.spent >= warn);
        drop(state);
        self.settled.notify_waiters();
        warned
    }

    /// What an earlier execution of the run booked for a call turns out to have cost this.
    pub fn rebook(&self, booked: Usd, cost: Usd) {
        let mut state = self.lock();
        state.spent -= booked;
        state.spent += cost;
        drop(state);
        self.settled.notify_waiters();
    }

    pub fn set_cap(&self, cap: Option<Usd>) {
        self.lock().cap = cap;
        self.settled.notify_waiters();
    }

    #[must_use]
    pub fn cap(&self) -> Option<Usd> {
        self.lock().cap
    }

    #[must_use]
    pub fn spent(&self) -> Usd {
        self.lock().spent
    }

    #[must_use]
    pub fn reserved(&self) -> Usd {
        self.lock().reserved
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation<'_> {
    #[must_use]
    pub fn amount(&self) -> Usd {
        self.amount
    }

    /// From here on the call may cost money, whatever becomes of it.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// Books the real cost in the reservation's place. True once, when the run passes its warning mark.
    pub fn settle(mut self, cost: Usd) -> bool {
        let promised = std::mem::take(&mut self.amount);
        self.wallet.close(promised, cost)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.amount > Usd::ZERO {
            self.wallet.close(self.amount, if self.sent { self.amount } else { Usd::ZERO });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(nanos: i64) -> Usd {
        Usd::from_nanos(nanos)
    }

    fn wallet(cap: i64) -> Wallet {
        Wallet::new(Budget { hard: Some(usd(cap)), warn: Some(usd(cap / 2)) }, Usd::ZERO)
    }

    #[test]
    fn what_does_not_fit_waits_for_calls_under_way_or_is_refused() {
        let wallet = wallet(10);
        let Reserve::Granted(first) = wallet.try_reserve(usd(8)) else { panic!("8 of 10 fits") };
        assert!(matches!(wallet.try_reserve(usd(5)), Reserve::Wait));
        assert!(matches!(wallet.try_reserve(usd(11)), Reserve::Exhausted));
        first.settle(usd(3));
        assert!(matches!(wallet.try_reserve(usd(5)), Reserve::Granted(_)));
    }

    #[test]
    fn the_warning_comes_once() {
        let wallet = wallet(10);
        let spend = |amount| match wallet.try_reserve(usd(amount)) {
            Reserve::Granted(reservation) => reservation.settle(usd(amount)),
            Reserve::Wait | Reserve::Exhausted => panic!("fits"),
        };
        assert_eq!([spend(4), spend(2), spend(2)], [false, true, false]);
    }

    #[test]
    fn a_dropped_reservation_goes_back_unless_its_call_was_sent() {
        let wallet = wallet(10);
        let Reserve::Granted(unsent) = wallet.try_reserve(usd(4)) else { panic!("4 of 10 fits") };
        drop(unsent);
        assert_eq!((wallet.spent(), wallet.reserved()), (usd(0), usd(0)));
        let Reserve::Granted(mut sent) = wallet.try_reserve(usd(4)) else { panic!("4 of 10 fits") };
        sent.mark_sent();
        drop(sent);
        assert_eq!((wallet.spent(), wallet.reserved()), (usd(4), usd(0)));
    }

    #[test]
    fn what_was_booked_too_high_may_be_spent() {
        let wallet = Wallet::new(Budget { hard: Some(usd(10)), warn: None }, usd(9));
        assert!(matches!(wallet.try_reserve(usd(5)), Reserve::Exhausted));
        wallet.rebook(usd(8), usd(2));
        assert_eq!(wallet.spent(), usd(3));
        assert!(matches!(wallet.try_reserve(usd(5)), Reserve::Granted(_)));
    }

    /// A run of calls, 64 in flight: each waits for its money, is sent or not, and is settled at some share of what
    /// was promised, or dropped. What is spent and promised is looked at after
    /// every step.
    async fn never_over(cap: i64, calls: Vec<(i64, f64, u8)>) {
        let wallet = std::sync::Arc::new(wallet(cap));
        let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(64));
        let mut under_way = tokio::task::JoinSet::new();
        for (amount, share, fate) in calls {
            let (wallet, slots) = (wallet.clone(), slots.clone());
            under_way.spawn(async move {
                let _slot = slots.acquire_owned().await.unwrap();
                let looks = || assert!(wallet.spent() + wallet.reserved() <= usd(cap), "over {cap}");
                let Some(mut reservation) = wallet.reserve(usd(amount)).await else { return };
                looks();
                tokio::task::yield_now().await;
                if fate % 4 > 0 {
                    reservation.mark_sent();
                }
                tokio::task::yield_now().await;
                #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
                let cost = (amount as f64 * share) as i64;
                if fate % 4 < 2 {
                    drop(reservation);
                } else {
                    reservation.settle(usd(cost));
                }
                looks();
            });
        }
        under_way.join_all().await;
        assert_eq!(wallet.reserved(), Usd::ZERO);
        assert!(wallet.spent() <= usd(cap));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_run_of_64_calls_in_flight_spends_more_than_its_cap(
            cap in 0_i64..5_000,
            calls in proptest::collection::vec((1_i64..200, 0.0_f64..=1.0, any::<u8>()), 65..100),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(never_over(cap, calls));
        }
    }

    proptest! {
        #[test]
        fn spending_and_promises_never_pass_the_cap(
            cap in 0_i64..1_000,
            steps in proptest::collection::vec((1_i64..200, 0.0_f64..=1.0, any::<bool>()), 1..200),
        ) {
            let wallet = wallet(cap);
            let mut open = Vec::new();
            for (amount, share, close) in steps {
                if let Reserve::Granted(reservation) = wallet.try_reserve(usd(amount)) {
                    open.push((reservation, share));
                }
                if close && let Some((reservation, share)) = open.pop() {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
                    let cost = (reservation.amount().nanos() as f64 * share) as i64;
                    reservation.settle(usd(cost));
                }
                prop_assert!(wallet.spent() + wallet.reserved() <= usd(cap));
            }
        }
    }
}
