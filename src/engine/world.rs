//! What a run works with: endpoints, checks, cache, limits, and what an earlier execution left.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{Budget, Fingerprint, ModelId, Policy, Price, RawReply, TrialKey, TrialRef, Usd};
use crate::scoring::guardrails::{Inspector, Sanitiser};
use crate::scoring::{Checks, Validation};

use super::answers::Answers;
use super::guard::Endpoint;
use super::sink::CallCache;

pub struct World {
    /// One for each of the plan's models, in its order.
    pub routes: Vec<Route>,
    /// Who may answer when a model cannot, in the policy's order.
    pub stand_ins: Vec<StandInRoute>,
    /// The models of variants' tiers.
    pub tiers: BTreeMap<ModelId, Route>,
    /// The form that each variant's answers are held to, in the plan's order; `None` takes every answer.
    pub validations: Vec<Option<Arc<Validation>>>,
    /// Looks for orders in the input; `None` sends every input.
    pub sanitiser: Option<Sanitiser>,
    /// Looks at answers; `None` lets every answer through.
    pub inspector: Option<Inspector>,
    /// The models that judge.
    pub judges: BTreeMap<ModelId, Route>,
    /// The model that makes vectors for the semantic cache, where the policy names one.
    pub embedder: Option<Route>,
    /// The model that shortens long context, where the policy names one.
    pub condenser: Option<Route>,
    pub checks: Arc<Checks>,
    pub cache: Arc<dyn CallCache>,
    pub policy: Policy,
    pub budget: Budget,
    /// What the run did before it was stopped; nothing for a new run.
    pub earlier: Earlier,
    /// Seed of the jitter in back-off.
    pub seed: u64,
    /// Told each piece of a streamed answer as it arrives.
    pub on_text: Option<TextWatcher>,
    /// How long the run waits for its record to be written again (disk full) before it ends as incomplete; for ever
    /// where it is not given.
    pub stall_limit: Option<Duration>,
    /// How long the run stands still behind a breaker before it ends as incomplete; for ever where it is not given.
    pub patience: Option<Duration>,
}

impl World {
    /// The endpoints of the plan's models, each once.
    pub(super) fn own_endpoints(&self) -> Vec<Arc<Endpoint>> {
        distinct(self.routes.iter())
    }

    /// All endpoints that the run may ask, each once: the plan's models' first, then those of stand-ins, tiers, judges
    /// and helpers.
    pub(super) fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let stand_ins = self.stand_ins.iter().map(|stand_in| &stand_in.route);
        let helpers = self.embedder.iter().chain(&self.condenser).chain(self.judges.values());
        distinct(self.routes.iter().chain(stand_ins).chain(self.tiers.values()).chain(helpers))
    }
}

fn distinct<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<Arc<Endpoint>> {
    let mut endpoints: Vec<Arc<Endpoint>> = Vec::new();
    for route in routes {
        if !endpoints.iter().any(|known| Arc::ptr_eq(known, &route.endpoint)) {
            endpoints.push(route.endpoint.clone());
        }
    }
    endpoints
}

/// Hears the pieces of streamed answers.
pub type TextWatcher = Arc<dyn Fn(TrialRef, &str) + Send + Sync>;

/// A model and how it is reached.
#[derive(Clone)]
pub struct Route {
    pub model: ModelId,
    /// The provider's own name of the model.
    pub provider_model: String,
    pub price: Option<Price>,
    /// The most output tokens of a call that sets no `max_tokens`.
    pub max_output: Option<u32>,
    /// Shared by all models of the provider.
    pub endpoint: Arc<Endpoint>,
}

/// A model that may answer for another.
#[derive(Clone)]
pub struct StandInRoute {
    pub route: Route,
    /// The longest attempt, where it is not the policy's.
    pub timeout: Option<Duration>,
}

/// What a run's earlier execution left in the record.
#[derive(Default)]
pub struct Earlier {
    /// Trials that have ended and are kept, by their index in the plan of now.
    pub kept: HashMap<u64, TrialKey>,
    /// Answers that were paid for and whose trial did not end, or is run again: they are scored, and not paid again.
    pub answered: Answers,
    /// Vectors that the run has paid for, whichever trial asked for them; `None` for a new run.
    pub vectors: Option<Arc<dyn CallCache>>,
    /// Replies that were received and never read, by request: each is read now, once, and not paid again.
    pub received: Mutex<HashMap<Fingerprint, Vec<Unread>>>,
    /// Attempts of which nobody knows whether they were answered.
    pub ambiguous: u64,
    /// What the run has spent so far; ambiguous attempts and replies that were never read stand with their reservation.
    pub spent: Usd,
    /// The run was begun before.
    pub begun: bool,
}

/// A reply that was received and never read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    pub reply: RawReply,
    /// What is booked for it: its reservation.
    pub booked: Usd,
}

impl Earlier {
    /// Takes out a reply to this request.
    #[must_use]
    pub fn unread(&self, request: &Fingerprint) -> Option<Unread> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).get_mut(request)?.pop()
    }
}
