//! One trial, from its index to its verdict: render, call, judge, score.

use std::sync::Arc;

use crate::domain::{
    AttemptRef, CallError, Case, CaseId, CheckResult, Fault, Fingerprint, Outcome, Problem, Purpose, TrialEnded,
    TrialRef, Usd,
};
use crate::plan::{Plan, PlannedTrial, call_fingerprint, trial_key};
use crate::scoring::{Answer, JudgeCheck, judge};

use super::control::Control;
use super::dispatcher::Ledger;
use super::guard::{Answered, CallJob, NoAnswer, call};
use super::world::{Route, World};

/// All that the trials of a run share.
pub struct Bench {
    pub plan: Arc<Plan>,
    pub world: World,
    pub ledger: Ledger,
    pub control: Arc<Control>,
}

impl Bench {
    /// Runs a trial to its end; `None` when the run or the endpoint stopped first.
    pub async fn run_trial(&self, trial: TrialRef) -> Option<TrialEnded> {
        let planned = match self.plan.prepare(trial) {
            Ok(planned) => planned,
            Err(problems) => return Some(self.cannot_be_rendered(trial, &problems)),
        };
        let route = &self.world.routes[usize::from(trial.model)];
        let job = self.job(&planned, route);
        match call(&job).await {
            Ok(answered) => self.score(&planned, answered).await,
            Err(NoAnswer::Failed { error, attempts, spent }) => {
                let outcome = Outcome::Errored(error);
                Some(TrialEnded { attempts, spent, ..ended(&planned, outcome) })
            }
            Err(NoAnswer::Left) => None,
        }
    }

    fn job<'a>(&'a self, planned: &'a PlannedTrial, route: &'a Route) -> CallJob<'a> {
        CallJob {
            route,
            request: &planned.request,
            fingerprint: planned.call,
            key: planned.key,
            first: AttemptRef { trial: planned.trial, purpose: Purpose::Answer, number: 0 },
            policy: &self.world.policy,
            cache: &*self.world.cache,
            earlier: &self.world.earlier,
            ledger: &self.ledger,
            control: &self.control,
            watcher: self.world.on_text.as_deref(),
            seed: self.world.seed ^ self.plan.index(planned.trial),
        }
    }

    async fn score(&self, planned: &PlannedTrial, answered: Answered) -> Option<TrialEnded> {
        let answer = Answer { completion: &answered.completion, case: &planned.case, cost: answered.cost };
        let judged = self.judge(planned, &answer).await?;
        let outcome = self.world.checks.score(&answer, &judged.results);
        Some(TrialEnded {
            answer: Some(answered.completion.clone()),
            cached: answered.cached,
            attempts: answered.attempts,
            cost: answered.cost,
            spent: answered.spent + judged.spent,
            judge_spent: judged.spent,
            ..ended(planned, outcome)
        })
    }

    /// Asks the judges of all checks that have one; `None` when the run stopped first.
    async fn judge(&self, planned: &PlannedTrial, answer: &Answer<'_>) -> Option<Judged> {
        let mut judged = Judged { results: vec![None; self.world.checks.len()], spent: Usd::ZERO };
        for (position, check) in self.world.checks.judges() {
            let (result, spent) = self.ask_judge(planned, answer, position, check).await?;
            judged.results[usize::from(position)] = Some(result);
            judged.spent += spent;
        }
        Some(judged)
    }

    /// One judge's word and what it cost; a judge that cannot be asked leaves its check unscored.
    async fn ask_judge(
        &self,
        planned: &PlannedTrial,
        answer: &Answer<'_>,
        position: u16,
        check: &JudgeCheck,
    ) -> Option<(CheckResult, Usd)> {
        let Some(route) = self.world.judges.get(&check.model) else {
            return Some((check.unanswered(&format!("there is no model `{}`", check.model)), Usd::ZERO));
        };
        let request = match judge::prepare(check, answer, &route.provider_model, planned.request.sample) {
            Ok(request) => request,
            Err(known) => return Some((*known, Usd::ZERO)),
        };
        let job = CallJob {
            request: &request,
            fingerprint: call_fingerprint(&route.endpoint.origin, &request, self.plan.epoch),
            first: AttemptRef { trial: planned.trial, purpose: Purpose::Judge(position), number: 0 },
            watcher: None,
            ..self.job(planned, route)
        };
        match call(&job).await {
            Ok(reply) => Some((judge::finish(check, &reply.completion), reply.spent)),
            Err(NoAnswer::Failed { error, spent, .. }) => Some((check.unanswered(&error.message), spent)),
            Err(NoAnswer::Left) => None,
        }
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
        }
    }
}

struct Judged {
    results: Vec<Option<CheckResult>>,
    spent: Usd,
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
