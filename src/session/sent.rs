//! The messages of a recorded trial. The records keep the request's fingerprint and not its text, so it is rendered
//! again, and the fingerprint says whether the same bytes came out.

use std::sync::Arc;

use super::launch;
use super::shelf::Shelf;
use crate::domain::{ChatRequest, Fingerprint, Problem, RunHeader, TrialRef, Workspace};
use crate::plan::Plan;

/// What a trial sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// These very messages: the request's fingerprint is the recorded one.
    Exactly(ChatRequest),
    /// As the workspace would send it now; it has changed since the run.
    Now(ChatRequest),
    /// It cannot be rendered any more.
    Lost(Vec<Problem>),
}

/// The plan of a run as the workspace makes it at one edition, or why it cannot.
#[derive(Clone)]
pub(super) struct PlanNow {
    pub edition: u64,
    plan: Arc<Result<Plan, Vec<Problem>>>,
}

impl PlanNow {
    pub fn make(edition: u64, workspace: &Workspace, header: &RunHeader) -> Self {
        Self { edition, plan: Arc::new(launch::plan_again(workspace, &Shelf::default(), header)) }
    }

    /// Renders what a trial sent; `recorded` is the fingerprint of its call, where it ended.
    pub fn render(&self, trial: TrialRef, recorded: Option<Fingerprint>) -> Sent {
        let plan = match &*self.plan {
            Ok(plan) => plan,
            Err(problems) => return Sent::Lost(problems.clone()),
        };
        match plan.prepare(trial) {
            Ok(planned) if Some(planned.call) == recorded => Sent::Exactly(planned.request),
            Ok(planned) => Sent::Now(planned.request),
            Err(problems) => Sent::Lost(problems),
        }
    }
}
