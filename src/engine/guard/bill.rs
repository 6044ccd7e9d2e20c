//! What a call took so far, over all its endpoints, attempts and reformulations.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{AttemptRef, CallError, Completion, Guarded, Purpose, SemanticMode, StandIn, Step, TimedStep, Usd};
use crate::engine::clock::Deadline;
use crate::engine::sink::CachedCall;

use super::call::{Answered, Failure, NoAnswer};
use super::leg::Leg;
use super::similar::Hit;

pub struct Bill {
    next: AttemptRef,
    made: u32,
    embeddings: u32,
    spent: Usd,
    /// What it costs in production; `None` as soon as a price is unknown.
    cost: Option<Usd>,
    /// Some answer did not come out of the cache.
    fresh: bool,
    began: Instant,
    /// The route's time, where it has several endpoints: how long it is, and its end once it has begun.
    route: Option<(Duration, Option<Deadline>)>,
    guarded: Guarded,
}

impl Bill {
    pub fn new(first: AttemptRef) -> Self {
        Self {
            next: first,
            made: 0,
            embeddings: 0,
            spent: Usd::ZERO,
            cost: Some(Usd::ZERO),
            fresh: false,
            began: Instant::now(),
            route: None,
            guarded: Guarded::default(),
        }
    }

    /// An attempt begins; `is_retry` where the same request went to the same model just before.
    pub fn next_attempt(&mut self, is_retry: bool) -> AttemptRef {
        let attempt = self.next;
        self.guarded.other_requests += u32::from(self.made > 0 && !is_retry);
        self.next.number += 1;
        self.made += 1;
        self.fresh = true;
        attempt
    }

    /// An attempt was settled; `None` where the price is unknown.
    pub fn pay(&mut self, cost: Option<Usd>) {
        self.spent += cost.unwrap_or_default();
        self.add_cost(cost);
    }

    /// An answer that was paid before the run went on.
    pub fn kept(&mut self, call: CachedCall) -> Arc<Completion> {
        self.fresh = true;
        self.add_cost(call.cost);
        call.completion
    }

    /// A reply that was received before the run went on is paid now. Of those that are no answer only the money counts, as
    /// of the other failures before.
    pub fn read_again(&mut self, is_answer: bool, cost: Option<Usd>) -> AttemptRef {
        let attempt = self.next;
        if is_answer {
            self.next_attempt(false);
        } else {
            self.next.number += 1;
        }
        self.pay(cost);
        attempt
    }

    pub fn cached(&mut self, call: CachedCall) -> Arc<Completion> {
        self.add_cost(call.cost);
        call.completion
    }

    /// The answer of the same request, which was under way.
    pub fn shared(&mut self, call: CachedCall) -> Arc<Completion> {
        self.note(Step::Shared);
        self.cached(call)
    }

    /// The answer of a similar question, which took so long to find.
    pub fn similar(&mut self, hit: &Hit, took: Duration, left_out: bool) -> Arc<Completion> {
        self.note(hit.step());
        self.guarded.left_out |= left_out;
        Arc::new(hit.given_in(took))
    }

    /// The attempt that is made for a vector; it is none for the answer.
    pub fn next_embedding(&mut self) -> AttemptRef {
        let number = self.embeddings;
        self.embeddings += 1;
        AttemptRef { purpose: Purpose::Embedding, number, ..self.next }
    }

    /// A vector costs so much, of which so much was paid now. It is part of what the answer costs only where the semantic
    /// cache answers.
    pub fn pay_embedding(&mut self, spent: Usd, cost: Option<Usd>, mode: SemanticMode) {
        self.spent += spent;
        self.guarded.embedding_spent += spent;
        if mode == SemanticMode::On {
            self.add_cost(cost);
        }
    }

    fn add_cost(&mut self, cost: Option<Usd>) {
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
    }

    pub fn note(&mut self, step: Step) {
        self.guarded.repairs += u32::from(matches!(step, Step::Repaired { .. } | Step::AskedWithout { .. }));
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.guarded.steps.push(TimedStep { at_ms, step });
    }

    /// Who answered; of several answers that make one, any stand-in marks the whole.
    pub fn answered_by(&mut self, leg: &Leg<'_>) {
        if leg.is_stand_in {
            self.stand_in(StandIn::Model(leg.route.model.clone()), !leg.counts());
        }
    }

    pub fn stand_in(&mut self, who: StandIn, left_out: bool) {
        self.guarded.stand_in = Some(who);
        self.guarded.left_out |= left_out;
    }

    /// The output guard lets no answer through.
    pub fn withhold(&mut self) {
        self.guarded.withheld = true;
    }

    pub fn answered(self, completion: Arc<Completion>) -> Answered {
        Answered {
            completion,
            cached: !self.fresh && self.guarded.stand_in != Some(StandIn::Canned),
            attempts: self.made,
            cost: self.cost,
            spent: self.spent,
            guarded: self.guarded,
        }
    }

    pub fn failed(&self, error: CallError) -> NoAnswer {
        NoAnswer::Failed(Box::new(Failure {
            error,
            attempts: self.made,
            spent: self.spent,
            guarded: self.guarded.clone(),
        }))
    }

    /// A request goes through a route that may take so long; `None` for one endpoint alone.
    pub fn route_begins(&mut self, limit: Option<Duration>) {
        self.route = limit.map(|limit| (limit, None));
    }

    /// The route's end, after the call was held back for so long. It begins with the first attempt.
    pub fn route_goes_on(&mut self, held_back: Duration) -> Option<Deadline> {
        let (limit, end) = self.route.as_mut()?;
        *end = Some(match *end {
            None => Deadline::after(*limit),
            Some(end) => end.later(held_back),
        });
        *end
    }
}
