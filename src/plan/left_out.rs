//! Trials that are not run: pairs of variant and model that an experiment leaves out, and cases that are for some of them
//! only. Of the others, how many need a model's answer. And whether cases see what earlier ones were answered.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{Case, CaseOptions, RunHeader, TrialRef};

use super::expand::Plan;

/// The variable by which a case sees the earlier turns of its conversation.
pub const CONVERSATION: &str = "_conversation";

/// Columns all of whose trials are left out.
fn idle_columns(plan: &Plan, left_out: &HashSet<u64>) -> Vec<u32> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let mut counts = vec![0_u64; plan.header.columns()];
    for index in left_out {
        counts[plan.header.column(plan.trial(*index))] += 1;
    }
    let of_column = u64::from(plan.header.cases) * u64::from(plan.header.repeats);
    (0_u32..).zip(counts).filter(|(_, count)| *count == of_column).map(|(column, _)| column).collect()
}

impl Plan {
    /// The plan with what its experiment and its cases leave out. Reads the cases only where they may say so.
    #[must_use]
    pub fn with_left_out(mut self) -> Self {
        self.remembers = self.variants.iter().any(|variant| variant.composer.mentions(CONVERSATION));
        let (left_out, mut calls) = self.look_through();
        for (calls, model) in calls.iter_mut().zip(self.models.iter().cycle()) {
            if model.is_echo || model.is_unread() {
                *calls = 0;
            }
        }
        let idle = idle_columns(&self, &left_out);
        self.header = Arc::new(RunHeader { left_out: left_out.len() as u64, idle, ..(*self.header).clone() });
        self.left_out = Arc::new(left_out);
        self.calls = calls.into();
        self
    }

    /// The trials that are left out, and by column how many of the others have no answer given.
    fn look_through(&mut self) -> (HashSet<u64>, Vec<u64>) {
        let of_cases = self.cases.has_options();
        if !of_cases && self.header.definition.without.is_empty() {
            let of_column = u64::from(self.header.cases) * u64::from(self.header.repeats);
            return (HashSet::new(), vec![of_column; self.header.columns()]);
        }
        let (mut left_out, mut calls) = (HashSet::new(), vec![0; self.header.columns()]);
        let per_case = self.header.columns() as u64 * u64::from(self.header.repeats);
        for first in (0..self.header.places()).step_by(usize::try_from(per_case.max(1)).unwrap_or(usize::MAX)) {
            let options = if of_cases { self.options(self.trial(first)) } else { CaseOptions::default() };
            self.remembers |= options.store_as.is_some();
            let asks = options.given.is_none() && options.broken.is_none();
            for index in first..first + per_case {
                let trial = self.trial(index);
                if self.leaves_out(trial, &options) {
                    left_out.insert(index);
                } else if asks {
                    calls[self.header.column(trial)] += 1;
                }
            }
        }
        (left_out, calls)
    }

    /// Whether this trial asks a model. Reads its case.
    #[must_use]
    pub fn asks(&self, trial: TrialRef) -> bool {
        let model = &self.models[usize::from(trial.model)];
        if model.is_echo || model.is_unmapped || model.is_unread() || self.left_out.contains(&self.index(trial)) {
            return false;
        }
        let options = if self.cases.has_options() { self.options(trial) } else { CaseOptions::default() };
        options.given.is_none() && options.broken.is_none()
    }

    /// How many columns run for the case and repeat of this trial.
    #[must_use]
    pub fn columns_of(&self, trial: TrialRef) -> usize {
        let columns = (0_u16..).take(self.variants.len()).flat_map(|variant| {
            (0_u16..).take(self.models.len()).map(move |model| TrialRef { variant, model, ..trial })
        });
        columns.filter(|column| !self.left_out.contains(&self.index(*column))).count()
    }

    /// The trials of this one's case and repeat, of which this is the case, whose output may be graded: they run, and
    /// neither a model that nobody can ask nor a transform that is never run makes them errors before that.
    pub fn graded<'p>(&'p self, trial: TrialRef, case: &'p Case) -> impl Iterator<Item = TrialRef> + 'p {
        let models = || (0_u16..).zip(&self.models);
        let columns =
            (0_u16..).zip(&self.variants).flat_map(move |variant| models().map(move |model| (variant, model)));
        columns.filter_map(move |((variant, own), (model, asked))| {
            let column = TrialRef { variant, model, ..trial };
            let has_answer = case.options.given.is_some() || !asked.is_unmapped || own.tiers.is_some();
            let is_run = has_answer && !asked.is_unread() && !self.left_out.contains(&self.index(column));
            is_run.then_some(column)
        })
    }

    /// A row that cannot be read is its trials' error, when they run.
    fn options(&self, trial: TrialRef) -> CaseOptions {
        self.case(trial).map(|case| case.options).unwrap_or_default()
    }

    fn leaves_out(&self, trial: TrialRef, options: &CaseOptions) -> bool {
        let variant = &self.header.variants[usize::from(trial.variant)];
        let model = &self.header.models[usize::from(trial.model)].id;
        let is_pair = |pair: &(_, _)| pair.0 == *variant && pair.1 == *model;
        self.header.definition.without.iter().any(is_pair)
            || options.variants.as_ref().is_some_and(|only| !only.contains(variant))
            || options.models.as_ref().is_some_and(|only| !only.contains(model))
    }
}
