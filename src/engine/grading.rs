//! Models that grade: what a check asks goes out step by step through the guarded call, and is paid on the judges' line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{AttemptRef, ChatRequest, CheckResult, Completion, Purpose, TrialEnded, TrialKey, TrialRef, Usd};
use crate::plan::PlannedTrial;
use crate::scoring::{Answer, Choice, Chosen, Grader, Next, Reply};

use super::comparison::{Gathered, Waiting};
use super::guard::{CallJob, NoAnswer, Served, ServiceJob, call, labels, vectors};
use super::trial::{Bench, output_of};
use super::world::Route;

/// What models said of an answer, and what that cost.
#[derive(Default)]
pub struct Judged {
    /// By the check's position.
    pub results: BTreeMap<u16, CheckResult>,
    pub spent: Usd,
}

/// The calls of one check: each goes on counting where the one before it ended.
struct Line {
    key: TrialKey,
    next: AttemptRef,
    spent: Usd,
}

impl Line {
    const fn new(trial: TrialRef, key: TrialKey, position: u16) -> Self {
        Self { key, next: AttemptRef { trial, purpose: Purpose::Judge(position), number: 0 }, spent: Usd::ZERO }
    }

    fn pay(&mut self, attempts: u32, spent: Usd) {
        self.next.number += attempts;
        self.spent += spent;
    }

    /// Pays for what a service gave.
    fn served<T>(&mut self, served: Served<T>) -> Result<T, String> {
        self.pay(served.attempts, served.spent);
        served.got
    }
}

/// A reply, or why there is none; `None` when the run stopped first.
type Heard<T> = Option<Result<T, String>>;

impl Bench {
    /// Asks the models of all checks that need one; `None` when the run stopped first.
    pub async fn judge(&self, planned: &PlannedTrial, answer: &Answer<'_>) -> Option<Judged> {
        let mut judged = Judged::default();
        for (position, grader) in self.world.checks.graders(&planned.case) {
            let mut line = Line::new(planned.trial, planned.key, position);
            let result = self.grade(planned, answer, &grader, &mut line).await?;
            judged.results.insert(position, result);
            judged.spent += line.spent;
        }
        Some(judged)
    }

    /// One check's result; a model that cannot be asked leaves it unscored.
    async fn grade(
        &self,
        planned: &PlannedTrial,
        answer: &Answer<'_>,
        grader: &Grader,
        line: &mut Line,
    ) -> Option<CheckResult> {
        let routes = &self.world.judges;
        if let Some(lost) = grader.asked().find(|model| !routes.contains_key(*model)) {
            return Some(grader.unanswered(&format!("there is no model `{lost}`")));
        }
        let route = grader.model().and_then(|model| routes.get(model));
        let service = grader.embedder().or(grader.labeller()).and_then(|model| routes.get(model));
        let name = route.map_or("", |route| route.provider_model.as_str());
        let grading = grader.begin(answer, name, planned.request.sample);
        let mut replies = Vec::new();
        loop {
            let heard = match (grading.next(&replies), route, service) {
                (Next::Done(result), ..) => return Some(result),
                (Next::Ask(request), Some(route), _) => self.ask(&request, route, line).await?.map(Reply::Said),
                (Next::Embed(texts), _, Some(route)) => {
                    let served = vectors(&self.service_job(route, line), &texts).await.ok()?;
                    line.served(served).map(Reply::Vectors)
                }
                (Next::Label(text), _, Some(route)) => {
                    let served = labels(&self.service_job(route, line), &text).await.ok()?;
                    line.served(served).map(Reply::Labels)
                }
                (Next::Ask(_), None, _) | (Next::Embed(_) | Next::Label(_), _, None) => {
                    return Some(grader.without_model());
                }
            };
            match heard {
                Ok(reply) => replies.push(reply),
                Err(why) => return Some(grader.unanswered(&why)),
            }
        }
    }

    async fn ask(&self, request: &ChatRequest, route: &Route, line: &mut Line) -> Heard<Arc<Completion>> {
        let job = CallJob {
            stand_ins: &[],
            fallback: None,
            semantic: None,
            validation: None,
            inspector: None,
            first: line.next,
            watcher: None,
            ..self.call_job(line.next.trial, line.key, request, route)
        };
        match call(&job).await {
            Ok(reply) => {
                line.pay(reply.attempts, reply.spent);
                Some(Ok(reply.completion))
            }
            Err(NoAnswer::Failed(failure)) => {
                line.pay(failure.attempts, failure.spent);
                Some(Err(failure.error.message))
            }
            Err(NoAnswer::Left) => None,
        }
    }

    /// A call for vectors or labels on a check's line.
    fn service_job<'a>(&'a self, route: &'a Route, line: &Line) -> ServiceJob<'a> {
        ServiceJob {
            route,
            attempt: line.next,
            key: line.key,
            policy: &self.world.policy,
            earlier: &self.world.earlier,
            ledger: &self.ledger,
            control: &self.control,
            is_needed: true,
            seed: self.world.seed ^ self.plan.index(line.next.trial),
        }
    }

    /// What has ended with a trial: itself alone, nothing yet, or all trials of its case with the verdicts that the
    /// comparison of their outputs leaves them. `None` when the run stopped first.
    pub async fn settle(&self, ended: TrialEnded) -> Option<Vec<TrialEnded>> {
        let trial = ended.trial;
        let (case, mut group) = match self.comparison.gathered(&self.plan, &self.world.checks, ended) {
            Gathered::Alone(ended) => return Some(vec![*ended]),
            Gathered::Waiting => return Some(Vec::new()),
            Gathered::All(case, group) => (case, group),
        };
        // An answer that says nothing of the column's own model is compared with none.
        let aside: Vec<TrialEnded> =
            group.extract_if(.., |ended| ended.guarded.left_out || ended.guarded.withheld).collect();
        let mut chosen = BTreeMap::new();
        for choice in self.world.checks.choices(&case) {
            chosen.insert(choice.position, self.choose(&choice, &mut group).await?);
        }
        let mut outcomes: Vec<_> = group.iter_mut().map(|ended| &mut ended.outcome).collect();
        self.world.checks.compare(&case, &mut outcomes, &chosen);
        group.extend(aside);
        let size = u32::try_from(group.len()).unwrap_or(u32::MAX);
        for ended in &mut group {
            ended.guarded.compared = size;
        }
        self.comparison.is_settled(trial);
        Some(group)
    }

    /// What waits for a comparison that does not come in this run. Trials whose others do not end are as they are without
    /// it.
    pub fn unsettled(&self) -> Waiting {
        let mut waiting = self.comparison.take_waiting(&self.plan);
        for ended in &mut waiting.alone {
            if let Ok(case) = self.plan.case(ended.trial) {
                self.world.checks.leave_alone(&case, &mut ended.outcome);
            }
        }
        waiting
    }

    /// The trial whose output a model chooses. The first of the case pays for all.
    async fn choose(&self, choice: &Choice, group: &mut [TrialEnded]) -> Option<Chosen> {
        let Some(model) = &choice.model else { return Some(Err("Choose the model that compares.".to_owned())) };
        let Some(route) = self.world.judges.get(model) else {
            return Some(Err(format!("There is no model `{model}` that could compare.")));
        };
        let shown = group.iter().enumerate().filter_map(|(place, ended)| Some((place, output(ended)?)));
        let (places, outputs): (Vec<usize>, Vec<String>) = shown.unzip();
        let Some(first) = group.first_mut() else { return Some(Err("There is no output.".to_owned())) };
        let request = match choice.request(&outputs, &route.provider_model, u32::from(first.trial.repeat)) {
            Ok(request) => request,
            Err(why) => return Some(Err(why)),
        };
        let mut line = Line::new(first.trial, first.key, choice.position);
        let heard = self.ask(&request, route, &mut line).await?;
        first.spent += line.spent;
        first.judge_spent += line.spent;
        Some(match heard {
            Ok(reply) => Choice::chosen(&reply, outputs.len()).map(|(place, why)| (places[place], why)),
            Err(why) => Err(format!("The model that compares gave no answer: {why}")),
        })
    }
}

/// The output of a trial as text; `None` where it has none.
fn output(ended: &TrialEnded) -> Option<String> {
    ended.outcome.verdict()?;
    Some(match output_of(&ended.outcome, ended.answer.as_ref()?) {
        Value::String(text) => text,
        other => other.to_string(),
    })
}
