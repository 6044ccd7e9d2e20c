//! Trials that are not run: pairs of variant and model that an experiment leaves out, and cases that are for some of them
//! only. And whether cases see what earlier ones were answered.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{CaseOptions, RunHeader, TrialRef};

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
        let mut left_out = HashSet::new();
        let of_cases = self.cases.has_options();
        if of_cases || !self.header.definition.without.is_empty() {
            let per_case = self.header.columns() as u64 * u64::from(self.header.repeats);
            for first in (0..self.header.places()).step_by(usize::try_from(per_case.max(1)).unwrap_or(usize::MAX)) {
                let options = if of_cases { self.options(self.trial(first)) } else { CaseOptions::default() };
                self.remembers |= options.store_as.is_some();
                left_out
                    .extend((first..first + per_case).filter(|index| self.leaves_out(self.trial(*index), &options)));
            }
        }
        let idle = idle_columns(&self, &left_out);
        self.header = Arc::new(RunHeader { left_out: left_out.len() as u64, idle, ..(*self.header).clone() });
        self.left_out = Arc::new(left_out);
        self
    }

    /// How many columns run for the case and repeat of this trial.
    #[must_use]
    pub fn columns_of(&self, trial: TrialRef) -> usize {
        let columns = (0_u16..).take(self.variants.len()).flat_map(|variant| {
            (0_u16..).take(self.models.len()).map(move |model| TrialRef { variant, model, ..trial })
        });
        columns.filter(|column| !self.left_out.contains(&self.index(*column))).count()
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
