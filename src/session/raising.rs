//! A run that ended at its budget: what its other trials would cost, and going on under a higher budget.

use super::launch::{self, Wish};
use super::state::Session;
use crate::analysis::Board;
use crate::domain::{RunId, RunState, Usd};
use crate::plan::{Estimate, Range};

/// What the trials that a budget left would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    pub trials: u64,
    pub cost: Range,
    /// A budget under which they are likely to run.
    pub budget: Usd,
}

impl super::Runs {
    /// What the shown run's budget left; `None` while that is being found out, where the run did not end at its budget,
    /// and where it cannot go on as the workspace is now.
    #[must_use]
    pub fn rest(&self) -> Option<&Rest> {
        self.shown.as_ref()?.rest.as_ref()
    }
}

impl Session {
    /// Finds out, in the background, what the trials that the shown run's budget left would cost.
    pub(super) fn estimate_rest(&self, board: &Board) {
        let header = board.header().clone();
        let Some(budget) = header.definition.budget.hard.filter(|_| board.state() == RunState::BudgetReached) else {
            return;
        };
        let (Some(workspace), Some(records)) = (self.workspace.clone(), self.runs.records.clone()) else { return };
        let datasets = self.shelf.clone();
        let totals = board.totals();
        // What errored is tried again.
        let left = board.trials().saturating_sub(totals.ended() - totals.errored);
        self.jobs.quiet(move |_| {
            let prepared = launch::prepare(&workspace, &datasets, &Wish::again(&header)).ok();
            let estimate = prepared.and_then(|prepared| prepared.estimate(Some(&records)).ok());
            let rest = estimate.and_then(|estimate| rest(&estimate.part(left), budget));
            Box::new(move |session| {
                if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == header.id) {
                    shown.rest = rest;
                }
            })
        });
    }

    /// Goes on with a run that ended at its budget, under a higher one.
    pub(super) fn raise_and_resume(&mut self, id: RunId, budget: Usd) {
        let Some(header) = self.recorded_header(&id) else { return };
        if let Some(old) = header.definition.budget.hard.filter(|old| budget <= *old) {
            let text = format!("A budget of {budget} lets no further trial run: the run has reached {old}.");
            self.notices.warning(text, "Give it a higher one.");
            return;
        }
        self.go_on(id, Wish { budget: Some(budget), ..Wish::again(&header) });
    }
}

/// The old budget, what is left at its likely cost, and room for the most that the last call may cost.
fn rest(estimate: &Estimate, budget: Usd) -> Option<Rest> {
    let cost = estimate.total()?;
    let enough = budget + cost.likely + estimate.dearest.unwrap_or_default();
    Some(Rest { trials: estimate.trials, cost, budget: rounded_up(enough) })
}

/// To whole cents from a dollar up, else to two digits: as amounts are shown.
fn rounded_up(amount: Usd) -> Usd {
    const CENT: i64 = 10_000_000;
    let nanos = amount.nanos().max(0);
    let digits = nanos.checked_ilog10().unwrap_or(0);
    let step = 10_i64.pow(digits.saturating_sub(1)).min(CENT);
    Usd::from_nanos(nanos.saturating_add(step - 1) / step * step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Command;
    use crate::session::launch::prepare;
    use crate::session::tests::{Scripted, run_to_its_end};
    use crate::session::{Route, Shelf};
    use crate::store::open_workspace;
    use crate::store::records::Records;

    #[test]
    fn amounts_are_rounded_up_to_what_is_shown() {
        let check = |dollars: f64, expect: &str| {
            let rounded = rounded_up(Usd::from_dollars(dollars).unwrap());
            assert_eq!(rounded.to_string(), expect);
            assert!(rounded.dollars() >= dollars);
        };
        check(0.0, "$0");
        check(0.001_56, "$0.0016");
        check(0.0016, "$0.0016");
        check(0.995, "$1.00");
        check(12.341, "$12.35");
        check(0.000_000_007, "$0.0000000070");
    }

    /// A run of twenty cases that reached its budget.
    fn stopped(desk: &Scripted) -> RunId {
        desk.edit("projects/p/experiments/words.ron", "dataset:", "budget: (hard: 0.0004), dataset:");
        let wish = Wish { project: "p".into(), experiment: "words".into(), ..Wish::default() };
        let prepared = prepare(&open_workspace(&desk.root()).unwrap(), &Shelf::default(), &wish).unwrap();
        let records = Records::open(&desk.root()).unwrap();
        assert_eq!(run_to_its_end(prepared, &records), RunState::BudgetReached);
        records.runs().unwrap()[0].header.id.clone()
    }

    #[test]
    fn a_run_goes_on_to_its_end_under_the_budget_that_is_proposed() {
        let scripted = Scripted::new(40);
        let run = stopped(&scripted);
        let mut desk = scripted.open();
        desk.session.apply(Command::Go(Route::Results));
        desk.until(|session| session.runs().rest().is_some());
        let rest = *desk.session.runs().rest().unwrap();
        let before = desk.session.runs().recorded()[0].clone();
        assert_eq!(rest.trials, 40 - before.ended());
        assert!(rest.budget > Usd::from_dollars(0.0004).unwrap() + rest.cost.likely, "{rest:?}");

        desk.session.apply(Command::RaiseAndResume { run: run.clone(), budget: rest.budget });
        desk.until(|session| session.runs().recorded()[0].state == RunState::Completed);
        let after = desk.session.runs().recorded()[0].clone();
        assert_eq!((&after.header.id, after.ended()), (&run, 40));
        assert_eq!(after.header.definition.budget.hard, Some(rest.budget));
        assert!(after.spent <= rest.budget, "{} of {}", after.spent, rest.budget);
    }

    #[test]
    fn a_budget_that_is_no_higher_starts_nothing() {
        let scripted = Scripted::new(40);
        let run = stopped(&scripted);
        let mut desk = scripted.open();
        let budget = Usd::from_dollars(0.0004).unwrap();
        desk.session.apply(Command::RaiseAndResume { run, budget });
        assert!(!desk.session.notices().is_empty());
        assert!(desk.session.jobs().running().is_empty());
        assert_eq!(desk.session.runs().recorded()[0].state, RunState::BudgetReached);
    }
}
