//! Trials that saw earlier answers, rendered again as their run rendered them: with the answers that are on record.

use std::collections::HashMap;

use crate::domain::{Problem, RunId, TrialEnded, TrialRef};
use crate::engine::Memory;
use crate::plan::{Plan, PlannedTrial};
use crate::store::records::{Records, RecordsError};

/// The most trials that are gone through to render one.
const MOST: usize = 5_000;

/// Trials that are read at once.
const AT_ONCE: usize = 200;

/// Goes through the trials of a run's first cases in its own order, each rendered with the answers before it.
pub(super) fn relive(
    plan: &Plan,
    records: &Records,
    run: &RunId,
    cases: u32,
    mut see: impl FnMut(TrialRef, Result<PlannedTrial, Vec<Problem>>, Option<&TrialEnded>),
) -> Result<(), RecordsError> {
    let memory = Memory::default();
    for some in plan.in_turn(cases).chunks(AT_ONCE) {
        let ended = records.ended(run, some)?.into_iter().map(|ended| (ended.trial, ended));
        let ended: HashMap<TrialRef, TrialEnded> = ended.collect();
        for trial in some {
            let ended = ended.get(trial);
            see(*trial, memory.relived(plan, *trial, ended), ended);
        }
    }
    Ok(())
}

/// A trial with what it saw in its run; `None` where that hangs on too many trials, or on some that cannot be read.
pub(super) fn relived(
    plan: &Plan,
    records: &Records,
    run: &RunId,
    trial: TrialRef,
) -> Option<Result<PlannedTrial, Vec<Problem>>> {
    let cases = trial.case.saturating_add(1);
    if plan.in_turn(cases).len() > MOST {
        return None;
    }
    let mut found = None;
    let keep = |at: TrialRef, planned, _: Option<&TrialEnded>| {
        if at == trial {
            found = Some(planned);
        }
    };
    relive(plan, records, run, cases, keep).ok()?;
    found
}
