//! One trial, from its index to its verdict: render, call, judge, score.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::{
    Asker, AttemptRef, CallError, Case, CaseId, ChatRequest, Completion, ConfidencePolicy, Fault, Fingerprint, Guarded,
    Outcome, Place, Problem, Purpose, Score, Step, TimedStep, TrialEnded, TrialKey, TrialRef, Usd, Verdict,
};
use crate::plan::{Complexity, Plan, PlannedTrial, Tiered, trial_key};
use crate::scoring::{Answer, Filtered, filter_by_confidence};

use super::comparison::Comparison;
use super::control::Control;
use super::dispatcher::Ledger;
use super::guard::{
    Answered, CallJob, Condensed, Endpoint, Failure, Flights, NoAnswer, Semantic, Unsent, call, condense, sanitised,
};
use super::memory::Memory;
use super::world::{Route, World};

/// All that the trials of a run share.
pub struct Bench {
    pub plan: Arc<Plan>,
    pub memory: Memory,
    pub comparison: Comparison,
    pub world: World,
    pub flights: Flights,
    pub semantic: Option<Semantic>,
    pub ledger: Ledger,
    pub control: Arc<Control>,
}

impl Bench {
    /// Runs a trial to its end; `None` when the run or the endpoint stopped first.
    pub async fn run_trial(&self, trial: TrialRef) -> Option<TrialEnded> {
        let planned = match self.prepared(trial) {
            Ok(planned) => planned,
            Err(problems) => return Some(self.cannot_be_rendered(trial, &problems)),
        };
        let Asker { user, session, .. } = self.world.policy.users.columns.asker(&planned.case);
        let mut ended = self.run_planned(planned).await?;
        (ended.guarded.user, ended.guarded.session) = (user, session);
        Some(ended)
    }

    async fn run_planned(&self, planned: PlannedTrial) -> Option<TrialEnded> {
        if let Some(answer) = planned.given.clone() {
            let ended = self.score(&planned, Answered::given(answer)).await?;
            let given = planned.case.options.given.is_some();
            let cost = ended.cost.filter(|_| !given);
            return Some(TrialEnded { cost, guarded: Guarded { given, ..Guarded::default() }, ..ended });
        }
        let (planned, found) = match self.sanitised(planned) {
            Ok(sanitised) => sanitised,
            Err(ended) => return Some(*ended),
        };
        let base = self.job(&planned, self.route(&planned));
        let condensed = match &self.world.condenser {
            None => None,
            Some(route) => Some(condense(&base, route, &planned).await.ok()?),
        };
        let job = match &condensed {
            None => base,
            Some(shorter) => CallJob { request: &shorter.request, call: None, ..base },
        };
        let result = with_condensed(call(&job).await, condensed.as_ref());
        match result {
            Ok(mut answered) => {
                keep_confident(&self.world.policy.confidence, &mut answered);
                answered.guarded = before_the_call(&planned, found, answered.guarded);
                self.score(&planned, answered).await
            }
            Err(NoAnswer::Failed(failure)) => {
                let Failure { error, attempts, spent, guarded } = *failure;
                let outcome = Outcome::Errored(error);
                let guarded = before_the_call(&planned, found, guarded);
                Some(TrialEnded { attempts, spent, guarded, ..ended(&planned, outcome) })
            }
            Err(NoAnswer::Left) => None,
        }
    }

    /// The trial with its request; where cases see earlier answers, with those.
    fn prepared(&self, trial: TrialRef) -> Result<PlannedTrial, Vec<Problem>> {
        let case = self.plan.case(trial)?;
        // What cannot make anything of an answer needs none.
        let transform = self.plan.models[usize::from(trial.model)].transform.as_ref();
        if let Some(why) = case.options.broken.as_deref().or_else(|| transform?.unrun()) {
            return Err(vec![Problem::error(Place::default(), why, "")]);
        }
        let case = if self.plan.remembers { self.memory.recalled(trial, case) } else { case };
        self.plan.prepare_case(trial, case)
    }

    /// The trial as the input guard lets it go out, or its end.
    fn sanitised(&self, planned: PlannedTrial) -> Result<(PlannedTrial, Vec<Step>), Box<TrialEnded>> {
        let Some(sanitiser) = &self.world.sanitiser else { return Ok((planned, Vec::new())) };
        let before = ended(&planned, Outcome::Errored(CallError::new(Fault::Internal, "")));
        let trial = planned.trial;
        match sanitised(&self.plan, planned, sanitiser, &self.world.policy.sanitise) {
            Ok(sent) => Ok(sent),
            Err(Unsent::Blocked { error, steps }) => {
                let guarded = Guarded { steps: at_once(steps), ..Guarded::default() };
                Err(Box::new(TrialEnded { outcome: Outcome::Errored(error), guarded, ..before }))
            }
            Err(Unsent::Unrenderable(problems)) => Err(Box::new(self.cannot_be_rendered(trial, &problems))),
        }
    }

    /// No trial of the endpoint's models can end any more: it has stopped and nobody stands in, or a judge has.
    pub fn is_at_a_stand(&self, endpoint: &Endpoint) -> bool {
        let judges_stopped = self.world.judges.values().any(|judge| judge.endpoint.is_stopped());
        judges_stopped || endpoint.is_stopped() && !self.world.policy.fallback.is_on()
    }

    /// The column's own, or that of the tier that answers.
    fn route(&self, planned: &PlannedTrial) -> &Route {
        let own = &self.world.routes[usize::from(planned.trial.model)];
        let of_tier = planned.tiered.as_ref().filter(|tiered| tiered.model != own.model);
        of_tier.and_then(|tiered| self.world.tiers.get(&tiered.model)).unwrap_or(own)
    }

    fn job<'a>(&'a self, planned: &'a PlannedTrial, route: &'a Route) -> CallJob<'a> {
        CallJob {
            // What the input guard may have changed is another call than the planned one.
            call: self.world.sanitiser.is_none().then_some(planned.call),
            ..self.call_job(planned.trial, planned.key, &planned.request, route)
        }
    }

    /// A call of a trial through a route, with all guards of the run.
    pub fn call_job<'a>(
        &'a self,
        trial: TrialRef,
        key: TrialKey,
        request: &'a ChatRequest,
        route: &'a Route,
    ) -> CallJob<'a> {
        let variant = usize::from(trial.variant);
        let policy = &self.world.policy;
        CallJob {
            route,
            stand_ins: &self.world.stand_ins,
            fallback: policy.fallback.is_on().then_some(&policy.fallback),
            may_degrade: true,
            request,
            call: None,
            key,
            first: AttemptRef { trial, purpose: Purpose::Answer, number: 0 },
            policy,
            inspector: self.world.inspector.as_ref(),
            validation: self.world.validations.get(variant).and_then(Option::as_deref),
            cache: &*self.world.cache,
            epoch: self.plan.epoch,
            flights: &self.flights,
            semantic: self.semantic.as_ref(),
            earlier: &self.world.earlier,
            ledger: &self.ledger,
            control: &self.control,
            watcher: self.world.on_text.as_deref(),
            seed: self.world.seed ^ self.plan.index(trial),
        }
    }

    async fn score(&self, planned: &PlannedTrial, answered: Answered) -> Option<TrialEnded> {
        let model = &self.plan.models[usize::from(planned.trial.model)];
        let answer = Answer {
            messages: &planned.request.messages,
            cost: answered.cost,
            cached: answered.cached,
            prompt: planned.text.as_deref(),
            model: &self.plan.header.models[usize::from(planned.trial.model)].model,
            tools: planned.request.declared_tools(),
            transform: model.transform.as_ref(),
            ..Answer::new(&answered.completion, &planned.case)
        };
        let judged = self.judge(planned, &answer).await?;
        let outcome = self.world.checks.score(&answer, &judged.results);
        if self.plan.remembers {
            self.memory.keep(planned, &output_of(&outcome, &answered.completion));
        }
        let outcome = if answered.guarded.withheld { withheld(outcome) } else { outcome };
        let outcome = if answered.guarded.left_out { unscored(outcome) } else { outcome };
        Some(TrialEnded {
            answer: Some(answered.completion.clone()),
            cached: answered.cached,
            attempts: answered.attempts,
            cost: answered.cost,
            spent: answered.spent + judged.spent,
            judge_spent: judged.spent,
            guarded: answered.guarded,
            ..ended(planned, outcome)
        })
    }

    /// A row that cannot be read or rendered is this trial's error; the others go on.
    fn cannot_be_rendered(&self, trial: TrialRef, problems: &[Problem]) -> TrialEnded {
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let case = self
            .plan
            .case(trial)
            .unwrap_or_else(|_| Case { id: CaseId(format!("row {}", u64::from(trial.case) + 1)), ..Case::default() });
        let variant = &self.plan.variants[usize::from(trial.variant)].id;
        let model = &self.plan.header.models[usize::from(trial.model)].id;
        let request = Fingerprint::default();
        TrialEnded {
            trial,
            key: trial_key(&case.id, variant, model, &request),
            case_id: case.id,
            request,
            outcome: Outcome::Errored(CallError::new(Fault::BadRequest, message)),
            answer: None,
            cached: false,
            attempts: 0,
            cost: None,
            spent: Usd::ZERO,
            judge_spent: Usd::ZERO,
            guarded: Guarded::default(),
        }
    }
}

/// Which tier answers, and what the input guard found, comes before what the call did.
fn before_the_call(planned: &PlannedTrial, found: Vec<Step>, mut guarded: Guarded) -> Guarded {
    let tier = planned.tiered.as_ref().map(|Tiered { model, complexity }| {
        let Complexity { value, reasons } = complexity.clone();
        Step::Tiered { model: model.clone(), complexity: value, reasons }
    });
    guarded.steps.splice(0..0, at_once(tier.into_iter().chain(found).collect()));
    guarded
}

fn at_once(steps: Vec<Step>) -> Vec<TimedStep> {
    steps.into_iter().map(|step| TimedStep { at_ms: 0, step }).collect()
}

/// An answer that the output guard did not let through fails, however good it is.
fn withheld(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Scored(score) | Outcome::Unscored(score) => {
            Outcome::Scored(Score { verdict: Verdict::Fail, score: 0.0, ..score })
        }
        Outcome::Errored(error) => Outcome::Errored(error),
    }
}

/// Takes out of an answer what its model does not believe in; what the model said stays on record with its attempt.
fn keep_confident(policy: &ConfidencePolicy, answered: &mut Answered) {
    if !policy.on {
        return;
    }
    let step = match filter_by_confidence(&answered.completion.text, policy) {
        Ok(Filtered { text, kept, dropped, unknown }) => {
            answered.completion = Arc::new(Completion { text, ..(*answered.completion).clone() });
            Step::Filtered { kept, dropped, unknown }
        }
        Err(reason) => Step::NotFiltered { reason },
    };
    let at_ms = answered.guarded.steps.last().map_or(0, |last| last.at_ms);
    answered.guarded.steps.push(TimedStep { at_ms, step });
}

/// What shortening took is part of what the trial took.
fn with_condensed(result: Result<Answered, NoAnswer>, condensed: Option<&Condensed>) -> Result<Answered, NoAnswer> {
    let Some(condensed) = condensed else { return result };
    match result {
        Ok(mut answered) => {
            answered.spent += condensed.spent;
            answered.cost = answered.cost.zip(condensed.cost).map(|(answer, context)| answer + context);
            condensed.note(&mut answered.guarded);
            Ok(answered)
        }
        Err(NoAnswer::Failed(mut failure)) => {
            condensed.note(&mut failure.guarded);
            failure.spent += condensed.spent;
            Err(NoAnswer::Failed(failure))
        }
        Err(NoAnswer::Left) => Err(NoAnswer::Left),
    }
}

/// An answer that another model gave says nothing of the one that was asked.
fn unscored(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Scored(score) => Outcome::Unscored(Score { verdict: Verdict::Unscored, ..score }),
        other => other,
    }
}

/// What was looked at in place of the answer's text, or that text.
pub fn output_of(outcome: &Outcome, completion: &Completion) -> Value {
    let breakdown = match outcome {
        Outcome::Scored(score) | Outcome::Unscored(score) => score.breakdown.as_ref(),
        Outcome::Errored(_) => None,
    };
    let made = breakdown.and_then(|breakdown| breakdown.output.clone());
    made.unwrap_or_else(|| Value::String(completion.text.clone()))
}

fn ended(planned: &PlannedTrial, outcome: Outcome) -> TrialEnded {
    TrialEnded {
        trial: planned.trial,
        key: planned.key,
        case_id: planned.case.id.clone(),
        request: planned.call,
        outcome,
        answer: None,
        cached: false,
        attempts: 0,
        cost: None,
        spent: Usd::ZERO,
        judge_spent: Usd::ZERO,
        guarded: Guarded::default(),
    }
}

/// A panic anywhere in a trial is that trial's error.
pub fn panicked(bench: &Bench, trial: TrialRef, panic: &(dyn std::any::Any + Send)) -> TrialEnded {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = format!("Strata failed in this trial, please report it: {}", words.unwrap_or("no message"));
    let mut ended = bench.cannot_be_rendered(trial, &[]);
    ended.outcome = Outcome::Errored(CallError::new(Fault::Internal, message));
    ended
}
