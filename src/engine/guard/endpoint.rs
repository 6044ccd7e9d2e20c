//! An endpoint: a provider with all that guards it, shared by the calls of its models, and whether it has been stopped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::{self, BreakerPolicy, CallError, Fault, LimitPolicy, Policy, ProviderId, Retry, RetryPolicy};
use crate::provider::Provider;

use super::breaker::BreakerState;
use super::concurrency::Concurrency;
use super::entry::{Aftermath, Entry};
use super::lane::Lane;
use super::latency::Latency;
use super::limiter::{Bounds, Left};
use super::pause::Pause;
use super::retry_budget::RetryBudget;

pub struct Endpoint {
    pub id: ProviderId,
    /// Scheme, host and port; `scripted` for a script.
    pub origin: String,
    pub provider: Arc<dyn Provider>,
    /// Where its key is found, for people who have to mend it.
    key: Option<String>,
    pub(super) slots: Concurrency,
    pub(super) retries: RetryBudget,
    pub(super) latency: Latency,
    /// The longest told wait that a call waits for by itself; a longer one is the endpoint's.
    pub(super) longest_own_wait: Duration,
    pause: Pause,
    breaker: BreakerPolicy,
    limits: LimitPolicy,
    seed: u64,
    /// By the provider's own names of its models; each is there from its first call on.
    lanes: Mutex<BTreeMap<String, Arc<Lane>>>,
    stopped: CancellationToken,
    last_error: Mutex<Option<CallError>>,
}

/// What becomes of the trials when their endpoint stops, or holds calls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    Left,
    OthersAnswer,
    NoVectors,
}

/// Why calls of a model are held back, where somebody else may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldBack {
    Unwell,
    /// The provider asks for a wait of which so much is left.
    Paused(Duration),
}

/// An endpoint as the window shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointHealth {
    pub id: ProviderId,
    pub origin: String,
    pub in_flight: u32,
    pub limit: u32,
    /// How many calls may be in flight now; fewer than the limit after refusals for load.
    pub allowed: u32,
    /// The provider asked for a wait, and so much of it is left.
    pub paused: Option<Duration>,
    /// The median of the latest answers, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The models that have been called, by name.
    pub models: Vec<ModelHealth>,
    /// Every further call would fail the same way, so none is made.
    pub stopped: bool,
    pub last_error: Option<String>,
}

/// A model at an endpoint as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHealth {
    /// The provider's own name of it.
    pub model: String,
    pub breaker: BreakerState,
    pub left: Left,
}

impl Endpoint {
    /// An endpoint that only counts its calls in flight.
    #[must_use]
    pub fn new(id: ProviderId, origin: String, provider: Arc<dyn Provider>, concurrency: u32) -> Self {
        let policy = Policy::default();
        Self {
            id,
            origin,
            provider,
            key: None,
            slots: Concurrency::new(concurrency, false),
            retries: RetryBudget::new(policy.retry.budget),
            latency: Latency::default(),
            longest_own_wait: Duration::from_millis(policy.retry.retry_after_cap_ms),
            pause: Pause::default(),
            breaker: policy.breaker,
            limits: policy.limits,
            seed: 0,
            lanes: Mutex::default(),
            stopped: CancellationToken::new(),
            last_error: Mutex::new(None),
        }
    }

    /// Guards its calls as the policy says; `seed` is that of the chance in the breakers' times.
    #[must_use]
    pub fn with_policy(self, policy: &Policy, seed: u64) -> Self {
        let RetryPolicy { budget, retry_after_cap_ms, .. } = &policy.retry;
        Self {
            slots: Concurrency::new(self.slots.most(), policy.limits.adaptive),
            retries: RetryBudget::new(budget.clone()),
            longest_own_wait: Duration::from_millis(*retry_after_cap_ms),
            breaker: policy.breaker.clone(),
            limits: policy.limits.clone(),
            seed,
            ..self
        }
    }

    /// Says where the key is found, in words.
    #[must_use]
    pub fn with_key(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// What a fault that stopped the endpoint means for its trials, and which key was refused.
    pub(super) fn stop_notice(&self, error: &CallError, outlook: Outlook) -> String {
        let key = match &self.key {
            Some(key) if error.fault == Fault::Auth => format!(" It was sent with the key from {key}."),
            _ => String::new(),
        };
        let outlook = match outlook {
            Outlook::Left => "its other trials are left for a resume",
            Outlook::OthersAnswer => "other models of the route are asked in its place",
            Outlook::NoVectors => "questions are asked without its vectors from here on",
        };
        format!("{} is stopped, {outlook}: {}{key}", self.id, error.message)
    }

    /// What a call's end means for the calls that follow, in words, where it means anything.
    #[must_use]
    pub(super) fn aftermath_notice(&self, model: &str, aftermath: &Aftermath, outlook: Outlook) -> Option<String> {
        let id = &self.id;
        let opened = aftermath.opened.map(|wait| {
            let meanwhile = match outlook {
                Outlook::Left => "its calls are held back",
                Outlook::OthersAnswer => "other models of the route are asked in its place",
                Outlook::NoVectors => "questions are asked without its vectors",
            };
            format!(
                "{model} at {id} fails too often: {meanwhile} for {}, then one call tries it again.",
                domain::wait(wait)
            )
        });
        let paused = aftermath.paused.filter(|wait| *wait > self.longest_own_wait).map(|wait| {
            let meanwhile = match outlook {
                Outlook::Left => "its trials go on after that",
                Outlook::OthersAnswer => "other models of the route are asked in its place meanwhile",
                Outlook::NoVectors => "questions are asked without its vectors meanwhile",
            };
            format!("{id} asks for {} without calls: {meanwhile}.", domain::wait(wait))
        });
        opened.or(paused)
    }

    /// Why a model is not asked while its calls are held back.
    pub(super) fn not_asked(&self, model: &str, why: HeldBack) -> CallError {
        match why {
            HeldBack::Unwell => {
                let message = format!("{model} is held back by its breaker, since it failed too often.");
                CallError::new(Fault::Overloaded, message)
            }
            HeldBack::Paused(left) => {
                let left = domain::wait(left);
                let message = format!("{} asks for {left} without calls. {model} is not asked meanwhile.", self.id);
                CallError::new(Fault::RateLimited, message)
            }
        }
    }

    #[must_use]
    pub fn limit(&self) -> u32 {
        self.slots.most()
    }

    /// Waits for a place among the calls in flight; `None` when the endpoint has been stopped.
    pub async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            () = self.stopped.cancelled() => None,
            slot = self.slots.slot() => slot,
        }
    }

    /// Waits for all that a call of this model has to wait for, in this order: its turn among the model's calls, the
    /// provider's health, the end of a pause, the rate, a slot. Nothing is taken that the call could not use at once.
    /// `None` when the endpoint has been stopped.
    pub async fn enter(&self, model: &str, bounds: Bounds) -> Option<Entry<'_>> {
        let asked = Instant::now();
        let lane = self.lane(model);
        tokio::select! {
            biased;
            () = self.stopped.cancelled() => None,
            entry = self.in_turn(&lane, bounds, asked) => entry,
        }
    }

    /// Breaker, limits or pauses may hold calls back.
    fn queues(&self) -> bool {
        self.breaker.on || self.limits != LimitPolicy::default()
    }

    async fn in_turn(&self, lane: &Lane, bounds: Bounds, asked: Instant) -> Option<Entry<'_>> {
        // Where nothing is to be waited for but a slot, slots are given in order by themselves.
        let _turn = if self.queues() { Some(lane.turn.acquire().await.ok()?) } else { None };
        loop {
            let permit = lane.breaker.admit().await;
            self.pause.over().await;
            lane.limiter.ready(bounds).await;
            let slot = self.slots.slot().await?;
            let now = Instant::now();
            // Much may have happened while it waited for the slot.
            if !permit.holds(now) || self.pause.left(now).is_some() {
                continue;
            }
            if let Ok(ticket) = lane.limiter.reserve(bounds, now) {
                self.pause.let_in();
                return Some(Entry::new(self, (permit, ticket, slot), asked));
            }
        }
    }

    /// The wait before a retry that would wait for so long by itself: longer while the retry budget has no token for
    /// it. `None` when that would not be shorter than `longest`; then there is no retry, and it takes no token.
    #[must_use]
    pub fn retry_wait(&self, wait: Duration, longest: Duration) -> Option<Duration> {
        if wait >= longest {
            return None;
        }
        let token = self.retries.take(longest, Instant::now())?;
        Some(wait.max(token))
    }

    /// Pauses the endpoint where the provider asked for it and the policy obeys; gives back for how long.
    pub(super) fn obey_told_wait(&self, result: Result<(), &CallError>, now: Instant) -> Option<Duration> {
        let obeyed = result.err().filter(|error| self.limits.pause && error.retry() != Retry::No);
        let told = obeyed.and_then(|error| error.retry_after_ms).filter(|told| *told > 0);
        let wait = told.map(Duration::from_millis);
        match wait {
            Some(wait) => self.pause.extend_to(now + wait, now),
            None => self.pause.told_no_wait(),
        }
        wait
    }

    /// Waits until calls of the model are held back for long: its breaker is open, or the provider asked for a wait that no
    /// call waits for by itself.
    pub(super) async fn held_back(&self, model: &str) -> HeldBack {
        let lane = self.lane(model);
        tokio::select! {
            biased;
            () = lane.breaker.opened() => HeldBack::Unwell,
            left = self.pause.longer_than(self.longest_own_wait) => HeldBack::Paused(left),
        }
    }

    /// A call was answered.
    pub(super) fn answered(&self, latency_ms: f64) {
        self.slots.succeeded();
        self.latency.note(latency_ms);
    }

    /// For how long the provider has asked for one wait after the other.
    #[must_use]
    pub fn paused_for(&self) -> Option<Duration> {
        self.pause.lasts_for(Instant::now())
    }

    /// The model that has been out of health for the longest, and for how long.
    #[must_use]
    pub fn longest_unwell(&self) -> Option<(String, Duration)> {
        let now = Instant::now();
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let unwell = lanes.iter().filter_map(|(model, lane)| Some((model.clone(), lane.breaker.unwell_for(now)?)));
        unwell.max_by_key(|(_, time)| *time)
    }

    fn lane(&self, model: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lanes.get(model) {
            return known.clone();
        }
        let lane = Lane::new(&self.breaker, &self.limits, self.seed.wrapping_add(lanes.len() as u64));
        lanes.insert(model.to_owned(), lane.clone());
        lane
    }

    /// Notes a fault; one that every further call would meet stops the endpoint. True when it stops now.
    pub fn failed(&self, error: &CallError) -> bool {
        let stops = error.fault.stops_endpoint();
        if self.is_stopped() {
            // What stopped it stays the reason.
            return false;
        }
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        if stops {
            self.stopped.cancel();
        }
        stops
    }

    fn last_error(&self) -> Option<CallError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The fault that stopped it, or that it met last.
    pub(super) fn why_stopped(&self) -> CallError {
        self.last_error().unwrap_or_else(|| CallError::new(Fault::Refused, format!("{} is stopped.", self.id)))
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    #[must_use]
    pub fn health(&self) -> EndpointHealth {
        let now = Instant::now();
        EndpointHealth {
            id: self.id.clone(),
            origin: self.origin.clone(),
            in_flight: self.slots.in_flight(),
            limit: self.limit(),
            allowed: self.slots.allowed(),
            paused: self.pause.left(now),
            latency_ms: self.latency.median_ms(),
            models: self.models(now),
            stopped: self.is_stopped(),
            last_error: self.last_error().map(|error| error.message),
        }
    }

    fn models(&self, now: Instant) -> Vec<ModelHealth> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let health = |(model, lane): (&String, &Arc<Lane>)| ModelHealth {
            model: model.clone(),
            breaker: lane.breaker.state(now),
            left: lane.limiter.left(now),
        };
        lanes.iter().map(health).collect()
    }
}
