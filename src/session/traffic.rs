//! A recorded run as traffic: its requests as those of the users that the dataset names, against the limits of the
//! policy as it is now. Nothing is sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::analysis::{Traffic, evenly, traffic};
use crate::compose::{count_tokens, tokenizer_for};
use crate::domain::{
    Asker, CaseId, ChatRequest, ModelId, Place, Problem, RunEvent, RunHeader, RunId, TrialEnded, TrialRef, Usage, Usd,
    UserLimits, VariantId, Workspace,
};
use crate::engine::{UserShare, Visit};
use crate::interop::run_formats::counted;
use crate::plan::{Plan, PlanModel};
use crate::store::records::Records;
use crate::store::{OpenCases, arrival};

use super::launch::{Bookcase, effective_policy, plan_again, wrong_users};
use super::shelf::Shelf;
use super::state::Session;

/// What limits of users make of a run's requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunTraffic {
    pub run: RunId,
    /// The requests that arrive in a minute, where the dataset does not say when each does.
    pub evenly_per_minute: Option<u32>,
    /// Each variant on each model as the one that serves all users.
    pub columns: Vec<ColumnTraffic>,
}

/// A variant on a model, serving all users.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnTraffic {
    pub variant: VariantId,
    pub model: ModelId,
    pub traffic: Traffic,
    /// Requests that name no user: they count as those of one user.
    pub nameless: u64,
    /// Requests whose price is unknown: limits of cost do not see them.
    pub unpriced: u64,
    /// Cases without a request: their trial has not ended, or the dataset or the prompt does not have them as they were.
    pub left_out: u64,
}

impl ColumnTraffic {
    /// What a reader must know beside the table; each without a full stop.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let some = |count: u64, words: &str| (count > 0).then(|| format!("{} {words}", counted(count, "request")));
        [
            some(self.nameless, "without a user, counted as one user's"),
            some(self.unpriced, "of unknown price, which limits of cost do not see"),
            some(self.left_out, "left out: not ended, or no longer in the dataset as they were"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The traffic of the shown run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficView {
    /// The definitions that it holds for.
    edition: u64,
    /// What came of it, or why it cannot be told; `None` while that is being found out.
    pub outcome: Option<Result<RunTraffic, Vec<Problem>>>,
}

impl Session {
    /// The shown run as traffic, as the definitions are now; `None`: not asked for yet, ask with
    /// [`super::Command::RehearseTraffic`].
    #[must_use]
    pub fn traffic(&self) -> Option<&TrafficView> {
        self.runs.shown.as_ref()?.traffic.as_ref().filter(|view| view.edition == self.edition)
    }

    /// Lets the shown run's requests in, in the background.
    pub(super) fn rehearse_traffic(&mut self) {
        if self.traffic().is_some() {
            return;
        }
        let (Some(workspace), Some(records)) = (self.workspace.clone(), self.runs.records.clone()) else { return };
        let (edition, datasets) = (self.edition, self.shelf.clone());
        let Some(shown) = &mut self.runs.shown else { return };
        shown.traffic = Some(TrafficView { edition, outcome: None });
        let run = shown.run.clone();
        self.jobs.blocking(format!("Rehearsing the traffic of run {run}"), move |_| {
            let outcome = rehearsed_traffic(&workspace, &datasets, &records, &run);
            Box::new(move |session| {
                if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run)
                    && let Some(view) = shown.traffic.as_mut().filter(|view| view.edition == edition)
                {
                    view.outcome = Some(outcome);
                }
            })
        });
    }
}

/// The limits that a run's traffic would have: those of its experiment's policy as it is now, or of the run where the
/// experiment is gone.
#[must_use]
pub fn limits_of(workspace: &Workspace, header: &RunHeader) -> UserLimits {
    let project = workspace.projects.get(&header.project);
    let experiment = project.and_then(|project| project.experiments.get(&header.experiment));
    effective_policy(workspace, experiment.map_or(&header.definition, AsRef::as_ref)).users
}

/// Lets the first trial of each case in as a request of its user, variant by variant and model by model.
///
/// Reads the whole run and opens the dataset, so not for the main thread.
///
/// # Errors
/// The run cannot be read or planned again, a case has no time of arrival that can be read, or the limits are off.
pub fn rehearsed_traffic(
    workspace: &Workspace,
    shelf: &Shelf,
    records: &Records,
    run: &RunId,
) -> Result<RunTraffic, Vec<Problem>> {
    let problem = |message: String, hint: &str| vec![Problem::error(Place::default(), message, hint)];
    let unread = |error: crate::store::records::RecordsError| problem(error.to_string(), "");
    let summary = records.run(run).map_err(unread)?;
    let header = summary.ok_or_else(|| problem(format!("There is no run `{run}`."), ""))?.header;
    let limits = limits_of(workspace, &header);
    if !limits.on {
        let message = format!("The policy of `{}` does not limit users.", header.experiment);
        return Err(problem(
            message,
            "Switch the limits on: `policy: (users: (on: true))`, or on the Experiment screen.",
        ));
    }
    let mut answers: BTreeMap<(usize, u32), Recorded> = BTreeMap::new();
    let told = records.replay(run, &mut |event| {
        if let RunEvent::TrialEnded(ended) = event
            && ended.trial.repeat == 0
        {
            answers.insert((header.column(ended.trial), ended.trial.case), Recorded::of(&ended));
        }
    });
    told.map_err(unread)?;
    let plan = plan_again(workspace, shelf, &header)?;
    let cases = opened(workspace, shelf, &header)?;
    let wrong = wrong_users(workspace, (&header.project, &header.experiment), &limits, (&header.dataset, &cases));
    let (wrong, _): (Vec<_>, Vec<_>) = wrong.into_iter().partition(Problem::is_error);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let evenly_per_minute = (!has_arrivals(&plan, &limits)).then_some(limits.arrivals_per_minute);
    let rehearsal = Rehearsal { plan: &plan, limits: &limits, answers: &answers, evenly_per_minute };
    let columns = (0..header.columns()).filter(|column| header.takes_part(*column));
    let columns = columns.map(|column| rehearsal.column(column)).collect::<Result<_, _>>()?;
    Ok(RunTraffic { run: run.clone(), evenly_per_minute, columns })
}

/// The dataset of a run.
fn opened(workspace: &Workspace, shelf: &Shelf, header: &RunHeader) -> Result<Arc<OpenCases>, Vec<Problem>> {
    let gone = || vec![Problem::error(Place::default(), format!("There is no project `{}`.", header.project), "")];
    let (id, project) = workspace.projects.get_key_value(&header.project).ok_or_else(gone)?;
    Bookcase { workspace, shelf, id, project }.cases(&header.dataset, &Place::default())
}

/// What is recorded of a request.
struct Recorded {
    case_id: CaseId,
    tokens: Option<(u64, u64)>,
    cost: Option<Usd>,
    latency: Duration,
}

impl Recorded {
    fn of(ended: &TrialEnded) -> Self {
        let latency = ended.answer.as_ref().map_or(0.0, |answer| answer.latency_ms.max(0.0) / 1_000.0);
        Self {
            case_id: ended.case_id.clone(),
            tokens: ended.usage().map(|usage| (usage.input_tokens, usage.output_tokens)),
            cost: ended.cost,
            latency: Duration::try_from_secs_f64(latency).unwrap_or_default(),
        }
    }

    fn took(&self) -> Option<UserShare> {
        let (input, output) = self.tokens?;
        Some(UserShare { tokens: input + output, cost: self.cost.unwrap_or_default() })
    }
}

/// Whether the dataset says when requests arrive: its first case does.
fn has_arrivals(plan: &Plan, limits: &UserLimits) -> bool {
    let first = plan.case(TrialRef { case: 0, variant: 0, model: 0, repeat: 0 });
    first.is_ok_and(|case| limits.columns.asker(&case).arrival.is_some())
}

struct Rehearsal<'r> {
    plan: &'r Plan,
    limits: &'r UserLimits,
    /// By column and case.
    answers: &'r BTreeMap<(usize, u32), Recorded>,
    evenly_per_minute: Option<u32>,
}

impl Rehearsal<'_> {
    fn column(&self, column: usize) -> Result<ColumnTraffic, Vec<Problem>> {
        let header = &self.plan.header;
        let (variant, model) = (column / self.plan.models.len(), column % self.plan.models.len());
        let longest = self.longest(column);
        let (mut visits, mut nameless, mut unpriced, mut left_out) = (Vec::new(), 0, 0, 0);
        for case in 0..header.cases {
            let Some((asker, request, recorded)) = self.request(column, case) else {
                left_out += 1;
                continue;
            };
            nameless += u64::from(asker.user.is_none());
            unpriced += u64::from(recorded.cost.is_none());
            visits.push(Visit {
                at: self.arrival(&asker, &recorded.case_id, visits.len() as u64)?,
                user: asker.user.unwrap_or_default(),
                tier: asker.tier.unwrap_or_default(),
                most: set_aside(&request, &self.plan.models[model], longest),
                took: recorded.took(),
                lasts: recorded.latency,
            });
        }
        let traffic = traffic(self.limits, &visits)
            .map_err(|zone| vec![Problem::error(Place::default(), zone.to_string(), "")])?;
        let (variant, model) = (header.variants[variant].clone(), header.models[model].id.clone());
        Ok(ColumnTraffic { variant, model, traffic, nameless, unpriced, left_out })
    }

    /// The output tokens of the longest answer of a column, where any answer's were counted.
    fn longest(&self, column: usize) -> Option<u64> {
        let own = self.answers.range((column, 0)..=(column, u32::MAX));
        own.filter_map(|(_, recorded)| Some(recorded.tokens?.1)).max()
    }

    /// A case's request, where it is there and the case is still the one that was asked.
    fn request(&self, column: usize, case: u32) -> Option<(Asker, ChatRequest, &Recorded)> {
        let recorded = self.answers.get(&(column, case))?;
        let models = self.plan.models.len();
        let place = |part: usize| u16::try_from(part).ok();
        let trial = TrialRef { case, variant: place(column / models)?, model: place(column % models)?, repeat: 0 };
        let planned = self.plan.prepare(trial).ok().filter(|planned| planned.case.id == recorded.case_id)?;
        Some((self.limits.columns.asker(&planned.case), planned.request, recorded))
    }

    fn arrival(&self, asker: &Asker, case: &CaseId, place: u64) -> Result<Timestamp, Vec<Problem>> {
        if let Some(per_minute) = self.evenly_per_minute {
            return Ok(evenly(self.plan.header.started_at, place, per_minute));
        }
        arrival(asker, case).map_err(|problem| vec![problem])
    }
}

/// What a request may take: its input as a tokenizer counts it, and all that it may write.
fn set_aside(request: &ChatRequest, model: &PlanModel, longest: Option<u64>) -> UserShare {
    let (tokenizer, _) = tokenizer_for(&request.model);
    let input: usize = request.messages.iter().map(|message| count_tokens(tokenizer, &message.content)).sum();
    let output = may_write(request.params.max_tokens, model.max_output, longest);
    let usage = Usage { input_tokens: input as u64, output_tokens: output, ..Usage::default() };
    let cost = model.price.as_ref().map_or(Usd::ZERO, |price| price.cost(&usage));
    UserShare { tokens: input as u64 + output, cost }
}

/// The output tokens that are set aside for a request: its own limit; without one, no more than the model can write and no
/// more than the longest answer on record, since a model's limit is often larger than a user's whole day.
fn may_write(max_tokens: Option<u32>, model_limit: Option<u32>, longest: Option<u64>) -> u64 {
    let without_limit = || model_limit.map(u64::from).into_iter().chain(longest).min().unwrap_or_default();
    max_tokens.map_or_else(without_limit, u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_set_aside_than_an_answer_is_likely_to_take() {
        let check = |max_tokens, model_limit, longest, expect| {
            assert_eq!(
                may_write(max_tokens, model_limit, longest),
                expect,
                "{max_tokens:?} {model_limit:?} {longest:?}"
            );
        };
        check(Some(500), Some(128_000), Some(20), 500);
        check(None, Some(128_000), Some(20), 20);
        check(None, Some(16), Some(20), 16);
        check(None, Some(128_000), None, 128_000);
        check(None, None, Some(20), 20);
        check(None, None, None, 0);
    }
}
