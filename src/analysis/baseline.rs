//! A run against another run: which cells turned, and what the columns gained or lost.
//!
//! Columns are the same where variant and model are, cases where their ids are, wherever they stand in the two runs.

use std::collections::HashMap;

use super::board::Board;
use super::pairs::{Pairs, is_right};
use crate::domain::Interval;

/// What changed since the baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// By column of the run; `None` where the baseline does not have the column.
    pub columns: Vec<Option<ColumnChange>>,
    /// Cells that turned, by case and then column.
    pub changed: Vec<Changed>,
}

/// A column against the same column of the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnChange {
    /// The column in the baseline.
    pub before: usize,
    /// Cases scored in both runs.
    pub cases: u64,
    pub regressed: u64,
    pub fixed: u64,
    /// Pass rate now minus pass rate then, over those cases, with its 95 % interval.
    pub difference: Option<Interval>,
    /// Two-sided.
    pub p: Option<f64>,
    /// Cost now over cost then.
    pub cost_ratio: Option<f64>,
    /// Latency now over latency then.
    pub latency_ratio: Option<f64>,
}

/// A cell that was right and is not, or the other way round. Right is where more than half of its scored trials passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    pub case: u32,
    pub column: usize,
    /// The case in the baseline.
    pub before: u32,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Passed then, fails now.
    Regressed,
    /// Failed then, passes now.
    Fixed,
}

/// Compares a run with its baseline.
#[must_use]
pub fn against(now: &Board, before: &Board) -> Baseline {
    let cases = shared_cases(now, before);
    let columns: Vec<_> = (0..now.header().columns()).map(|column| same_column(now, before, column)).collect();
    let mut changed: Vec<_> =
        columns.iter().enumerate().flat_map(|(column, then)| turned(now, before, &cases, (column, *then))).collect();
    changed.sort_by_key(|change| (change.case, change.column));
    let columns = columns
        .iter()
        .enumerate()
        .map(|(column, then)| Some(change(now, before, &cases, (column, (*then)?))))
        .collect();
    Baseline { columns, changed }
}

/// Cases of both runs: their place now and then.
fn shared_cases(now: &Board, before: &Board) -> Vec<(u32, u32)> {
    let places = |board: &Board| {
        let cases = (0..board.header().cases).filter_map(|case| Some((board.case_key(case)?, case)));
        cases.collect::<Vec<_>>()
    };
    let then: HashMap<u64, u32> = places(before).into_iter().collect();
    places(now).into_iter().filter_map(|(key, case)| Some((case, *then.get(&key)?))).collect()
}

fn same_column(now: &Board, before: &Board, column: usize) -> Option<usize> {
    let (new, old) = (now.header(), before.header());
    let models = new.models.len();
    let variant = old.variants.iter().position(|variant| *variant == new.variants[column / models])?;
    let model = old.models.iter().position(|model| model.id == new.models[column % models].id)?;
    Some(variant * old.models.len() + model)
}

fn turned(now: &Board, before: &Board, cases: &[(u32, u32)], (column, then): (usize, Option<usize>)) -> Vec<Changed> {
    let Some(then) = then else { return Vec::new() };
    let turned = |&(case, old): &(u32, u32)| {
        let was = is_right(before.cell(old, then).pass_share()?);
        let is = is_right(now.cell(case, column).pass_share()?);
        let change = if was { Change::Regressed } else { Change::Fixed };
        (was != is).then_some(Changed { case, column, before: old, change })
    };
    cases.iter().filter_map(turned).collect()
}

fn change(now: &Board, before: &Board, cases: &[(u32, u32)], (column, then): (usize, usize)) -> ColumnChange {
    let pairs = Pairs::of(cases.iter().map(|(case, old)| (before.cell(*old, then), now.cell(*case, column))));
    let found = pairs.difference();
    ColumnChange {
        before: then,
        cases: pairs.cases(),
        regressed: pairs.table.only_a,
        fixed: pairs.table.only_b,
        difference: found.map(|(interval, _)| interval),
        p: found.map(|(_, p)| p),
        cost_ratio: pairs.cost_ratio(),
        latency_ratio: pairs.latency_ratio(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, board, ended, errored, header, scored, trial};
    use super::*;

    #[test]
    fn cells_that_turned_are_found_by_case_id_wherever_they_stand() {
        let before = board(&[vec![true, true, false, false]]);
        let mut now = Board::new(header(5, 2, 1));
        // The same cases one place later, behind a new one.
        for (place, id, passes) in
            [(0, "new", true), (1, "c0", true), (2, "c1", false), (3, "c2", true), (4, "c3", false)]
        {
            let mut trial = trial(at(place, 0, 0), scored(passes), 1_000, 100.0);
            trial.case_id = id.into();
            now.apply(&ended(trial));
        }
        let found = against(&now, &before);
        let changes: Vec<_> =
            found.changed.iter().map(|changed| (changed.case, changed.before, changed.change)).collect();
        assert_eq!(changes, [(2, 1, Change::Regressed), (3, 2, Change::Fixed)]);
        let column = found.columns[0].as_ref().unwrap();
        assert_eq!((column.cases, column.regressed, column.fixed), (4, 1, 1));
        assert_eq!(found.columns[1], None, "the baseline has no variant B");
    }

    #[test]
    fn an_error_is_no_regression() {
        let before = board(&[vec![true, true]]);
        let mut now = board(&[vec![true, true]]);
        now.apply(&ended(trial(at(0, 0, 0), errored(), 0, 0.0)));
        let found = against(&now, &before);
        assert_eq!(found.changed, []);
        assert_eq!(found.columns[0].as_ref().unwrap().cases, 1);
    }
}
