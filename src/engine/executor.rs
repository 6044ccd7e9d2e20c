//! Takes the plan's trials and runs them, each endpoint at its own pace.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::domain::{RunEvent, RunState, TrialEnded, TrialRef};

use super::guard::Endpoint;
use super::trial::{Bench, panicked};

/// Trials beyond an endpoint's calls in flight that may be under way: rendering, backing off, being scored.
const TRIALS_PER_SLOT: usize = 2;
const SPARE_TRIALS: usize = 32;

/// Runs all trials that are not kept from an earlier execution, and says how it ended.
pub async fn execute(bench: Arc<Bench>, endpoints: &[Arc<Endpoint>]) -> RunState {
    let mut lanes = JoinSet::new();
    let mut left = if bench.plan.remembers { run_in_turn(&bench).await } else { 0 };
    for endpoint in endpoints.iter().filter(|_| !bench.plan.remembers) {
        lanes.spawn(run_lane(bench.clone(), endpoint.clone()));
    }
    while let Some(lane) = lanes.join_next().await {
        left += lane.unwrap_or(1);
    }
    let unsettled = bench.unsettled();
    left += unsettled.whole;
    for ended in unsettled.alone {
        if !say(&bench, ended).await {
            left += 1;
        }
    }
    match bench.control.reason() {
        Some(reason) if left > 0 => reason,
        None if left > 0 => RunState::Incomplete,
        _ => RunState::Completed,
    }
}

/// Runs the trials of the models behind one endpoint, in the plan's order; gives back how many are left.
async fn run_lane(bench: Arc<Bench>, endpoint: Arc<Endpoint>) -> u64 {
    let places = Arc::new(Semaphore::new(endpoint.limit() as usize * TRIALS_PER_SLOT + SPARE_TRIALS));
    let mut under_way = JoinSet::new();
    let mut left = 0;
    for trial in lane_trials(&bench, &endpoint) {
        let stopped = bench.is_at_a_stand(&endpoint) || bench.control.gate().await.is_err();
        let Some(place) = (if stopped { None } else { places.clone().acquire_owned().await.ok() }) else {
            left += 1;
            continue;
        };
        let bench = bench.clone();
        under_way.spawn(async move {
            let _place = place;
            finish_trial(&bench, trial).await
        });
        while let Some(ended) = under_way.try_join_next() {
            left += u64::from(!ended.unwrap_or(false));
        }
    }
    while let Some(ended) = under_way.join_next().await {
        left += u64::from(!ended.unwrap_or(false));
    }
    left
}

/// Runs all trials one after the other, since each may see what those before it were answered; gives back how many are
/// left.
async fn run_in_turn(bench: &Bench) -> u64 {
    let plan = &bench.plan;
    let is_kept = |trial: &TrialRef| bench.world.earlier.kept.contains_key(&plan.index(*trial));
    let mut left = 0;
    for trial in plan.in_turn(plan.header.cases).into_iter().filter(|trial| !is_kept(trial)) {
        let endpoint = &bench.world.routes[usize::from(trial.model)].endpoint;
        let stopped = bench.is_at_a_stand(endpoint) || bench.control.gate().await.is_err();
        left += u64::from(stopped || !finish_trial(bench, trial).await);
    }
    left
}

/// The plan's trials that this endpoint answers and that are not kept.
fn lane_trials<'a>(bench: &'a Bench, endpoint: &Arc<Endpoint>) -> impl Iterator<Item = TrialRef> + use<'a> {
    let here: Vec<bool> = bench.world.routes.iter().map(|route| Arc::ptr_eq(&route.endpoint, endpoint)).collect();
    let plan = &bench.plan;
    plan.indexes()
        .filter(|index| !bench.world.earlier.kept.contains_key(index))
        .map(|index| plan.trial(index))
        .filter(move |trial| here[usize::from(trial.model)])
}

/// Runs one trial and says its end; false when it is left for a resume.
async fn finish_trial(bench: &Bench, trial: TrialRef) -> bool {
    let run = AssertUnwindSafe(bench.run_trial(trial)).catch_unwind();
    let ended = tokio::select! {
        () = bench.control.aborted() => None,
        ended = run => ended.unwrap_or_else(|panic| Some(panicked(bench, trial, &*panic))),
    };
    let Some(ended) = ended else { return false };
    let settled = tokio::select! {
        () = bench.control.aborted() => None,
        settled = bench.settle(ended) => settled,
    };
    let Some(settled) = settled else { return false };
    for ended in settled {
        if !say(bench, ended).await {
            return false;
        }
    }
    true
}

/// Says the end of a trial; false where nobody takes it in any more.
async fn say(bench: &Bench, ended: TrialEnded) -> bool {
    let told = bench.ledger.say(RunEvent::TrialEnded(Arc::new(ended))).await;
    bench.control.trial_ended();
    told.is_ok()
}
