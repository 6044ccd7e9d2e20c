//! Outputs of a case that are compared with each other: their trials end together, when the last of them is there.
//!
//! A trial that waits is not on record yet. Where the others of its case do not end, it ends without the comparison, so
//! that what was answered is not lost. Where all of them are there and the run stopped before they were compared, they are
//! left. A run that goes on takes up the whole case either way, with the answers that were paid for: each trial says of how
//! many it was compared, so that trials that ended in several executions are not taken for a case that was compared.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::{Case, TrialEnded, TrialRef};
use crate::plan::Plan;
use crate::scoring::Checks;

/// Trials that wait for the others of their case, by case and repeat.
#[derive(Debug, Default)]
pub struct Comparison(Mutex<HashMap<(u32, u16), Vec<TrialEnded>>>);

impl Comparison {
    /// Takes out the trials that still wait.
    pub fn take_waiting(&self, plan: &Plan) -> Waiting {
        let groups = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let is_whole = |group: &Vec<TrialEnded>| group.len() >= plan.columns_of(group[0].trial);
        let (whole, parts): (Vec<_>, Vec<_>) =
            groups.into_values().filter(|group| !group.is_empty()).partition(is_whole);
        let mut alone: Vec<TrialEnded> = parts.into_iter().flatten().collect();
        alone.sort_by_key(|ended| ended.trial);
        Waiting { alone, whole: whole.iter().map(|group| group.len() as u64).sum() }
    }

    /// The trial's group is compared.
    pub fn is_settled(&self, trial: TrialRef) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(trial.case, trial.repeat));
    }

    /// Takes in a trial that has ended.
    pub fn gathered(&self, plan: &Plan, checks: &Checks, ended: TrialEnded) -> Gathered {
        let trial = ended.trial;
        if !plan.cases.has_options() && !checks.compare_outputs(&Case::default()) {
            return Gathered::Alone(Box::new(ended));
        }
        let Some(case) = plan.case(trial).ok().filter(|case| checks.compare_outputs(case)) else {
            return Gathered::Alone(Box::new(ended));
        };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let group = waiting.entry((trial.case, trial.repeat)).or_default();
        group.push(ended);
        if group.len() < plan.columns_of(trial) {
            return Gathered::Waiting;
        }
        // It waits until it is settled, since a run that stops meanwhile settles nothing.
        let mut group = group.clone();
        // The first of several that are equally good wins, in the order of the config's own columns.
        group.sort_by_key(|ended| (ended.trial.model, ended.trial.variant));
        Gathered::All(Box::new(case), group)
    }
}

/// Trials that still wait when a run is over.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Those that others of their case never joined, in the order of their cases.
    pub alone: Vec<TrialEnded>,
    /// How many have all others beside them and were not compared.
    pub whole: u64,
}

/// What a trial that has ended leaves to be done.
#[derive(Debug)]
pub enum Gathered {
    /// It is compared with no other.
    Alone(Box<TrialEnded>),
    /// Others of its case are not there yet.
    Waiting,
    /// All trials of the case, in the order of the columns.
    All(Box<Case>, Vec<TrialEnded>),
}
