//! The circuit breaker: closed, open, half-open. It holds calls back from a provider that is out of health.
//!
//! Each change of state begins a generation. A permit carries its own, and what a call of an older one comes to says
//! nothing about now (as in Nygard, "Release It!", with the generations of sony/gobreaker and a deadline for probes, so
//! that one that hangs cannot keep the breaker half-open for ever).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::{BreakerPolicy, CallError, Fault};

/// What a call says about the provider's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Well,
    Unwell,
    /// Nothing: the request was at fault, the rate was, or the answer cannot be used though it came.
    Unknown,
}

impl Health {
    /// What an error says. Statuses from 400 to 499 are about the request, whatever their class.
    #[must_use]
    pub fn of(error: &CallError) -> Self {
        let about_the_request = error.status.is_some_and(|status| (400..500).contains(&status));
        match error.fault {
            Fault::Connect | Fault::Disconnected | Fault::Timeout(_) | Fault::Stalled | Fault::Overloaded => {
                Self::Unwell
            }
            Fault::Server if !about_the_request => Self::Unwell,
            _ => Self::Unknown,
        }
    }
}

/// The breaker as the window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    /// Holds all calls back for so long.
    Open {
        left: Duration,
    },
    /// A few calls try whether the provider is well again.
    HalfOpen,
}

#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: Mutex<State>,
    /// The state has changed, or a place among the probes is free.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    generation: u64,
    /// Openings since it was closed last.
    openings: u32,
    next_probe: u64,
    rng: SmallRng,
}

#[derive(Debug)]
enum Phase {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { probes: Vec<Probe>, successes: u32 },
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    id: u64,
    deadline: Instant,
}

/// The latest calls and whether each failed, the oldest first.
#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<(Instant, bool)>,
    failures: u32,
}

/// The answer to a wish to call.
#[derive(Debug)]
pub enum Admission {
    Permit(Permit),
    /// Not before this moment, unless the state changes.
    WaitUntil(Instant),
}

/// Leave to make one call. Dropped without a result, as when a call is cancelled, it frees its place.
#[derive(Debug)]
pub struct Permit {
    breaker: Arc<Breaker>,
    generation: u64,
    probe: Option<u64>,
    open: bool,
}

impl Breaker {
    #[must_use]
    pub fn new(policy: BreakerPolicy, seed: u64) -> Arc<Self> {
        let state = State {
            phase: Phase::Closed(Window::default()),
            generation: 0,
            openings: 0,
            next_probe: 0,
            rng: SmallRng::seed_from_u64(seed),
        };
        Arc::new(Self { policy, state: Mutex::new(state), changed: Notify::new() })
    }

    /// One step: looks and takes a place under one lock.
    pub fn permit(self: &Arc<Self>, now: Instant) -> Admission {
        let permit = |generation, probe| Permit { breaker: self.clone(), generation, probe, open: true };
        if !self.policy.on {
            return Admission::Permit(permit(0, None));
        }
        let mut state = self.lock();
        state.half_open_when_due(now);
        let State { phase, generation, next_probe, .. } = &mut *state;
        match phase {
            Phase::Closed(_) => Admission::Permit(permit(*generation, None)),
            Phase::Open { until } => Admission::WaitUntil(*until),
            Phase::HalfOpen { probes, .. } => {
                probes.retain(|probe| probe.deadline > now);
                let first_free = probes.iter().map(|probe| probe.deadline).min();
                if let Some(deadline) = first_free.filter(|_| probes.len() >= self.places()) {
                    return Admission::WaitUntil(deadline);
                }
                *next_probe += 1;
                probes.push(Probe { id: *next_probe, deadline: now + millis(self.policy.probe_deadline_ms) });
                Admission::Permit(permit(*generation, Some(*next_probe)))
            }
        }
    }

    /// Waits for a permit. An open breaker takes time and nothing else.
    pub async fn admit(self: &Arc<Self>) -> Permit {
        if let Admission::Permit(permit) = self.permit(Instant::now()) {
            return permit;
        }
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening starts before the look, or a change between the two would be missed.
            changed.as_mut().enable();
            match self.permit(Instant::now()) {
                Admission::Permit(permit) => return permit,
                Admission::WaitUntil(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = changed => {}
                },
            }
        }
    }

    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match &self.lock().phase {
            Phase::Closed(_) => BreakerState::Closed,
            Phase::Open { until } if *until > now => BreakerState::Open { left: until.duration_since(now) },
            Phase::Open { .. } | Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Waits until it is open.
    pub async fn opened(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening starts before the look, or a change between the two would be missed.
            changed.as_mut().enable();
            if matches!(self.state(Instant::now()), BreakerState::Open { .. }) {
                return;
            }
            changed.await;
        }
    }

    fn places(&self) -> usize {
        self.policy.probes.clamp(1, 3) as usize
    }

    /// Takes in what a call of this generation came to; gives back for how long the breaker opens, where it opens now.
    fn note(&self, permit: &Permit, health: Health, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        if !self.policy.on || state.generation != permit.generation {
            return None;
        }
        let failed = health == Health::Unwell;
        match &mut state.phase {
            Phase::Closed(_) if health == Health::Unknown => return None,
            Phase::Closed(window) => {
                window.push(now, failed, &self.policy);
                // A success leaves the window no worse than it was.
                if !failed || !window.is_bad(&self.policy) {
                    return None;
                }
            }
            Phase::Open { .. } => return None,
            Phase::HalfOpen { probes, successes } => {
                probes.retain(|probe| Some(probe.id) != permit.probe);
                if health == Health::Well {
                    *successes += 1;
                    if *successes >= self.policy.close_after {
                        state.close();
                    }
                }
            }
        }
        let opened = failed.then(|| state.open(&self.policy, now));
        drop(state);
        self.changed.notify_waiters();
        opened
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn half_open_when_due(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Open { until } if until <= now) {
            self.phase = Phase::HalfOpen { probes: Vec::new(), successes: 0 };
        }
    }

    fn close(&mut self) {
        self.phase = Phase::Closed(Window::default());
        self.generation += 1;
        self.openings = 0;
    }

    fn open(&mut self, policy: &BreakerPolicy, now: Instant) -> Duration {
        let doubled = policy.open_ms.saturating_mul(1 << self.openings.min(20));
        let full = millis(doubled.min(policy.open_cap_ms).max(1));
        let time = full.mul_f64(self.rng.random_range(0.75..=1.0));
        self.phase = Phase::Open { until: now + time };
        self.generation += 1;
        self.openings += 1;
        time
    }
}

impl Window {
    fn push(&mut self, now: Instant, failed: bool, policy: &BreakerPolicy) {
        self.calls.push_back((now, failed));
        self.failures += u32::from(failed);
        let kept = millis(policy.window_ms);
        while let Some((at, failed)) = self.calls.front().copied()
            && (self.calls.len() > policy.window_calls.max(1) as usize || now.saturating_duration_since(at) > kept)
        {
            self.calls.pop_front();
            self.failures -= u32::from(failed);
        }
    }

    fn is_bad(&self, policy: &BreakerPolicy) -> bool {
        let calls = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        if calls >= policy.min_calls {
            return f64::from(self.failures) >= policy.failure_rate * f64::from(calls);
        }
        let in_a_row = self.calls.iter().rev().take_while(|(_, failed)| *failed).count();
        policy.consecutive.is_some_and(|threshold| in_a_row >= threshold as usize)
    }
}

impl Permit {
    /// Says what the call came to. `Some` when the breaker opens by it: for how long.
    pub fn record(mut self, health: Health, now: Instant) -> Option<Duration> {
        self.open = false;
        self.breaker.note(&self, health, now)
    }

    /// Whether the call tries if the provider is well again.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether a call with this permit may still leave: nothing has changed since, and a probe has its place.
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        if !self.breaker.policy.on {
            return true;
        }
        let state = self.breaker.lock();
        let has_place = || match (&state.phase, self.probe) {
            (Phase::HalfOpen { probes, .. }, Some(id)) => {
                probes.iter().any(|probe| probe.id == id && probe.deadline > now)
            }
            _ => self.probe.is_none(),
        };
        state.generation == self.generation && has_place()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.open && self.probe.is_some() {
            self.breaker.note(self, Health::Unknown, Instant::now());
        }
    }
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;
    use tokio::task::JoinSet;

    use super::*;
    use crate::domain::Phase as TimePhase;

    fn policy() -> BreakerPolicy {
        BreakerPolicy { on: true, ..BreakerPolicy::default() }
    }

    fn after(start: Instant, secs: u64) -> Instant {
        start + Duration::from_secs(secs)
    }

    fn permit(breaker: &Arc<Breaker>, now: Instant) -> Permit {
        match breaker.permit(now) {
            Admission::Permit(permit) => permit,
            Admission::WaitUntil(until) => panic!("held back for {:?}", until - now),
        }
    }

    fn is_held(breaker: &Arc<Breaker>, now: Instant) -> bool {
        matches!(breaker.permit(now), Admission::WaitUntil(_))
    }

    /// Calls one after the other, `x` a failure, until the breaker opens; gives back how many there were.
    fn calls_until_open(policy: BreakerPolicy, pattern: &str, now: Instant) -> Option<usize> {
        let breaker = Breaker::new(policy, 0);
        pattern.chars().position(|call| {
            let health = if call == 'x' { Health::Unwell } else { Health::Well };
            permit(&breaker, now).record(health, now).is_some()
        })
    }

    /// A breaker that five failures have opened.
    fn opened(policy: BreakerPolicy, now: Instant) -> Arc<Breaker> {
        let breaker = Breaker::new(policy, 0);
        for _ in 0..5 {
            permit(&breaker, now).record(Health::Unwell, now);
        }
        assert!(is_held(&breaker, now));
        breaker
    }

    #[test]
    fn it_opens_by_its_rate_and_before_there_is_one_by_failures_in_a_row() {
        let now = Instant::now();
        let check = |pattern: &str, expect| assert_eq!(calls_until_open(policy(), pattern, now), expect, "{pattern}");
        check("xxxxx", Some(4));
        check("xxxx", None);
        check(".xxxx.xxxx", Some(9));
        // Five in a row of twenty are no rate of a half.
        check("..........xxxxx", None);
        check("..........xxxxxxxxxx", Some(19));
        check("xx.x.x.x.x", Some(9));
        check("x.x.x..x..", None);
        let rate_only = BreakerPolicy { consecutive: None, ..policy() };
        assert_eq!(calls_until_open(rate_only, "xxxxxxxxxx", now), Some(9));
        let off = BreakerPolicy::default();
        assert_eq!(calls_until_open(off, "xxxxxxxxxxxxxxxxxxxx", now), None);
    }

    #[test]
    fn four_failures_of_five_open_it_though_they_never_come_in_a_long_row() {
        let pattern = ".xxxx".repeat(4);
        assert_eq!(calls_until_open(policy(), &pattern, Instant::now()), Some(9));
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let start = Instant::now();
        let breaker = Breaker::new(policy(), 0);
        for _ in 0..4 {
            permit(&breaker, start).record(Health::Unwell, start);
        }
        let late = after(start, 61);
        assert_eq!(permit(&breaker, late).record(Health::Unwell, late), None);
    }

    #[test]
    fn only_the_providers_health_counts() {
        let check = |fault, status, expect| {
            let error = CallError { status, ..CallError::new(fault, "") };
            assert_eq!(Health::of(&error), expect, "{fault:?} {status:?}");
        };
        for fault in [Fault::Connect, Fault::Disconnected, Fault::Stalled, Fault::Overloaded] {
            check(fault, None, Health::Unwell);
        }
        check(Fault::Timeout(TimePhase::FirstByte), None, Health::Unwell);
        for status in [500, 502, 503, 504] {
            check(Fault::Server, Some(status), Health::Unwell);
        }
        for status in [408, 409, 425] {
            check(Fault::Server, Some(status), Health::Unknown);
        }
        for fault in [
            Fault::RateLimited,
            Fault::BadRequest,
            Fault::Auth,
            Fault::ContextLength,
            Fault::Protocol,
            Fault::Truncated,
            Fault::Cancelled,
        ] {
            check(fault, None, Health::Unknown);
        }
        let now = Instant::now();
        let breaker = Breaker::new(policy(), 0);
        for _ in 0..100 {
            permit(&breaker, now).record(Health::Unknown, now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn it_stays_open_longer_each_time_up_to_its_cap() {
        let mut now = Instant::now();
        let breaker = Breaker::new(policy(), 7);
        for _ in 0..4 {
            permit(&breaker, now).record(Health::Unwell, now);
        }
        for full in [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0] {
            let open = permit(&breaker, now).record(Health::Unwell, now).unwrap();
            assert!((full * 0.75..=full).contains(&open.as_secs_f64()), "{open:?} of {full} s");
            assert!(is_held(&breaker, now + open - Duration::from_millis(1)));
            now += open;
        }
        permit(&breaker, now).record(Health::Well, now);
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn late_results_change_nothing() {
        let start = Instant::now();
        let breaker = Breaker::new(policy(), 0);
        let (early, later) = (permit(&breaker, start), permit(&breaker, start));
        for _ in 0..5 {
            permit(&breaker, start).record(Health::Unwell, start);
        }
        let BreakerState::Open { left } = breaker.state(start) else { panic!("five failures open it") };
        early.record(Health::Well, start);
        assert_eq!(breaker.state(start), BreakerState::Open { left });
        let due = start + left;
        let probe = permit(&breaker, due);
        later.record(Health::Unwell, due);
        assert_eq!(breaker.state(due), BreakerState::HalfOpen, "a failure from before pushes nothing back");
        probe.record(Health::Well, due);
        assert_eq!(breaker.state(due), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_hangs_or_is_dropped_frees_its_place() {
        let start = Instant::now();
        let breaker = opened(policy(), start);
        let due = after(start, 5);
        let hung = permit(&breaker, due);
        assert!(is_held(&breaker, after(due, 59)));
        assert!(hung.holds(after(due, 59)) && !hung.holds(after(due, 60)));
        let second = permit(&breaker, after(due, 60));
        assert!(is_held(&breaker, after(due, 61)));
        drop(second);
        let third = permit(&breaker, after(due, 61));
        third.record(Health::Unknown, after(due, 62));
        // What the slow one says at last is news of now all the same.
        hung.record(Health::Well, after(due, 63));
        assert_eq!(breaker.state(after(due, 63)), BreakerState::Closed);
    }

    #[test]
    fn as_many_successes_close_it_as_the_policy_asks_for() {
        let start = Instant::now();
        let breaker = opened(BreakerPolicy { close_after: 2, probes: 3, ..policy() }, start);
        let due = after(start, 5);
        let probes = [permit(&breaker, due), permit(&breaker, due), permit(&breaker, due)];
        assert!(is_held(&breaker, due));
        let [first, second, _third] = probes;
        first.record(Health::Well, due);
        assert_eq!(breaker.state(due), BreakerState::HalfOpen);
        second.record(Health::Well, due);
        assert_eq!(breaker.state(due), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn of_five_hundred_waiting_callers_the_probes_alone_reach_the_wire() {
        for probes in 1..=3 {
            let breaker = opened(BreakerPolicy { probes, ..policy() }, Instant::now());
            let (on_wire, most, through) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
            let counts = Arc::new((on_wire, most, through));
            let mut callers = JoinSet::new();
            for _ in 0..500 {
                let (breaker, counts) = (breaker.clone(), counts.clone());
                callers.spawn(async move {
                    let permit = breaker.admit().await;
                    let probing = permit.is_probe();
                    let now_on_wire = counts.0.fetch_add(1, Ordering::Relaxed) + 1;
                    if probing {
                        counts.1.fetch_max(now_on_wire, Ordering::Relaxed);
                    }
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    counts.0.fetch_sub(1, Ordering::Relaxed);
                    counts.2.fetch_add(usize::from(probing), Ordering::Relaxed);
                    permit.record(Health::Well, Instant::now());
                });
            }
            let ended = callers.join_all().await.len();
            let (most, through) = (counts.1.load(Ordering::Relaxed), counts.2.load(Ordering::Relaxed));
            assert_eq!((ended, most, through), (500, probes as usize, probes as usize));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_probe_holds_the_others_back_for_its_deadline_only() {
        let breaker = opened(policy(), Instant::now());
        let hung = breaker.admit().await;
        let began = Instant::now();
        let next = breaker.admit().await;
        assert_eq!(began.elapsed(), Duration::from_mins(1));
        next.record(Health::Well, Instant::now());
        breaker.admit().await.record(Health::Well, Instant::now());
        drop(hung);
        assert_eq!(breaker.state(Instant::now()), BreakerState::Closed);
    }

    proptest! {
        #[test]
        fn it_never_has_more_probes_than_places_and_never_holds_back_for_ever(
            steps in proptest::collection::vec((0_u8..5, 0_u64..20_000), 1..300),
            probes in 1_u32..=3,
        ) {
            let mut now = Instant::now();
            let breaker = Breaker::new(BreakerPolicy { probes, ..policy() }, 1);
            let mut open: Vec<(Permit, Instant)> = Vec::new();
            for (step, pass) in steps {
                now += Duration::from_millis(pass);
                match (step, breaker.permit(now)) {
                    (_, Admission::WaitUntil(until)) => prop_assert!(until > now && until <= after(now, 60)),
                    (0, Admission::Permit(permit)) => open.push((permit, now)),
                    (1, Admission::Permit(permit)) => drop(permit),
                    (2, Admission::Permit(permit)) => drop(permit.record(Health::Well, now)),
                    (_, Admission::Permit(permit)) => drop(permit.record(Health::Unwell, now)),
                }
                let trying = open.iter().filter(|(permit, _)| permit.is_probe() && permit.holds(now)).count();
                prop_assert!(trying <= probes as usize);
                if step == 4 && !open.is_empty() {
                    open.remove(0).0.record(Health::Unwell, now);
                }
            }
        }
    }
}
