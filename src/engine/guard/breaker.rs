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
    /// Openings since it was closed last, and when the first of them was.
    openings: u32,
    unwell_since: Option<Instant>,
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
            unwell_since: None,
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

    /// How long it has not been closed; `None` where calls go through.
    #[must_use]
    pub fn unwell_for(&self, now: Instant) -> Option<Duration> {
        self.lock().unwell_since.map(|since| now.saturating_duration_since(since))
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
        self.unwell_since = None;
    }

    fn open(&mut self, policy: &BreakerPolicy, now: Instant) -> Duration {
        let doubled = policy.open_ms.saturating_mul(1 << self.openings.min(20));
        let full = millis(doubled.min(policy.open_cap_ms).max(1));
        let time = full.mul_f64(self.rng.random_range(0.75..=1.0));
        self.phase = Phase::Open { until: now + time };
        self.generation += 1;
        self.openings += 1;
        self.unwell_since.get_or_insert(now);
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
mod tests;
