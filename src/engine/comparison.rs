//! Outputs of a case that are compared with each other: their trials end together, when the last of them is there.
//!
//! A trial that waits is not on record yet. A run that is cut off meanwhile runs it again, with the answer that was paid
//! for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::{Case, TrialEnded};
use crate::plan::Plan;
use crate::scoring::Checks;

/// Trials that wait for the others of their case, by case and repeat.
#[derive(Debug, Default)]
pub struct Comparison(Mutex<HashMap<(u32, u16), Vec<TrialEnded>>>);

impl Comparison {
    /// Trials that still wait for others.
    pub fn waiting(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|group| group.len() as u64).sum()
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
        let mut group = waiting.remove(&(trial.case, trial.repeat)).unwrap_or_default();
        // The first of several that are equally good wins, in the order of the config's own columns.
        group.sort_by_key(|ended| (ended.trial.model, ended.trial.variant));
        Gathered::All(Box::new(case), group)
    }
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
