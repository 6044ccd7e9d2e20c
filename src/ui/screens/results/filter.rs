//! Which rows of the grid are shown, found a slice at a time so that no frame waits for it.

use std::sync::Arc;

use crate::analysis::{Board, Change, ColumnMetrics, Ending, TrialMark};
use crate::domain::RunId;
use crate::session::{Previous, RunRows};

/// Cases that are looked at between two looks at the clock.
const CHUNK: u32 = 256;
/// The list is whole.
const MADE: u32 = u32::MAX;

/// Which cases are wanted by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Which {
    #[default]
    All,
    Failed,
    Errored,
    Unscored,
    Passed,
    Regressed,
    Changed,
    Disagreeing,
    Repaired,
    StoodIn,
    Flagged,
}

impl Which {
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::All, "All"),
        (Self::Failed, "Failed"),
        (Self::Errored, "Errored"),
        (Self::Unscored, "Unscored"),
        (Self::Passed, "Passed"),
        (Self::Regressed, "Regressed"),
        (Self::Changed, "Changed"),
        (Self::Disagreeing, "Disagree"),
    ];

    /// What can be asked for; what guards did only where they did something.
    pub fn choices(board: &Board) -> Vec<(Self, &'static str)> {
        let some = |count: fn(&ColumnMetrics) -> u64| board.columns().iter().any(|column| count(column) > 0);
        let guards = [
            (some(|column| column.repaired), (Self::Repaired, "Repaired")),
            (some(|column| column.stood_in), (Self::StoodIn, "Stand-in")),
            (some(|column| column.flagged), (Self::Flagged, "Flagged")),
        ];
        Self::ALL.into_iter().chain(guards.into_iter().filter(|(some, _)| *some).map(|(_, choice)| choice)).collect()
    }
}

/// What a row must be to be shown; all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filters {
    pub which: Which,
    /// A check that failed in some cell, by its place in the experiment.
    pub check: Option<usize>,
    /// A tag, by its place among the run's.
    pub tag: Option<usize>,
    /// The cases in whose answers a text was found, in order.
    pub found: Option<Arc<Vec<u32>>>,
}

impl Filters {
    /// Every row is shown.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// What rows are judged by.
pub(super) struct Facts<'a> {
    pub board: &'a Board,
    /// The board's, or an earlier one while rows need not follow it yet.
    pub revision: u64,
    pub previous: Option<&'a Previous>,
    pub rows: Option<&'a RunRows>,
}

impl Facts<'_> {
    pub fn shows(&self, filters: &Filters, case: u32) -> bool {
        filters.found.as_ref().is_none_or(|found| found.binary_search(&case).is_ok())
            && filters.tag.is_none_or(|tag| self.rows.is_some_and(|rows| rows.has_tag(case, tag)))
            && filters.check.is_none_or(|check| self.any_mark(case, |mark| mark.check_failed(check)))
            && self.is(filters.which, case)
    }

    fn is(&self, which: Which, case: u32) -> bool {
        let any = |ending: fn(Ending) -> bool| self.any_mark(case, |mark| ending(mark.ending()));
        match which {
            Which::All => true,
            Which::Failed => any(|ending| ending == Ending::Failed),
            Which::Errored => any(|ending| matches!(ending, Ending::Errored(_))),
            Which::Unscored => any(|ending| ending == Ending::Unscored),
            Which::Passed => any(|ending| ending == Ending::Passed) && !any(|ending| ending != Ending::Passed),
            Which::Regressed => self.changes(case).any(|change| change == Change::Regressed),
            Which::Changed => self.changes(case).next().is_some(),
            Which::Disagreeing => self.disagree(case),
            Which::Repaired => self.any_mark(case, |mark| mark.repairs() > 0),
            Which::StoodIn => self.any_mark(case, TrialMark::stood_in),
            Which::Flagged => self.any_mark(case, TrialMark::flagged),
        }
    }

    fn any_mark(&self, case: u32, holds: impl Fn(&TrialMark) -> bool) -> bool {
        (0..self.board.header().columns()).any(|column| self.board.cell_marks(case, column).any(&holds))
    }

    fn changes(&self, case: u32) -> impl Iterator<Item = Change> {
        (0..self.board.header().columns()).filter_map(move |column| self.previous?.change(case, column))
    }

    /// Some column is right where another one is wrong.
    fn disagree(&self, case: u32) -> bool {
        let mut shares =
            (0..self.board.header().columns()).filter_map(|column| self.board.cell(case, column).pass_share());
        let Some(first) = shares.next().map(|share| share > 0.5) else { return false };
        shares.any(|share| (share > 0.5) != first)
    }
}

/// What a list of rows was made for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Made {
    run: RunId,
    filters: Filters,
    /// The board's revision, and whether the run before and the dataset were there.
    revision: (u64, bool, bool),
}

/// The rows that are shown.
#[derive(Debug, Default)]
pub(super) struct Rows {
    made: Made,
    cases: u32,
    shown: Vec<u32>,
    /// The next list, while it is being made.
    next: Vec<u32>,
    at: u32,
    /// The rows of another filter are not shown meanwhile; those of an older revision are.
    growing: bool,
}

impl Rows {
    /// Goes on with the list until it stands for these filters or `enough` says so. Returns whether more is to be done.
    pub fn update(&mut self, facts: &Facts<'_>, filters: &Filters, mut enough: impl FnMut() -> bool) -> bool {
        let header = facts.board.header();
        self.cases = header.cases;
        let revision = (facts.revision, facts.previous.is_some(), facts.rows.is_some());
        let same = self.made.run == header.id && self.made.filters == *filters;
        if !same || (!self.under_way() && self.made.revision != revision) {
            self.growing = !same;
            self.made = Made { run: header.id.clone(), filters: filters.clone(), revision };
            (self.next, self.at) = (Vec::new(), 0);
        }
        if filters.is_all() {
            self.at = self.cases;
            return false;
        }
        if self.at == MADE {
            return false;
        }
        while self.under_way() {
            let end = self.at.saturating_add(CHUNK).min(self.cases);
            self.next.extend((self.at..end).filter(|case| facts.shows(filters, *case)));
            self.at = end;
            if self.at < self.cases && enough() {
                return true;
            }
        }
        if self.growing || !self.next.is_empty() || !self.shown.is_empty() {
            self.shown = std::mem::take(&mut self.next);
        }
        self.growing = false;
        self.at = MADE;
        false
    }

    const fn under_way(&self) -> bool {
        self.at < self.cases
    }

    pub fn len(&self) -> usize {
        if self.made.filters.is_all() { self.cases as usize } else { self.list().len() }
    }

    pub fn case(&self, row: usize) -> Option<u32> {
        if self.made.filters.is_all() {
            return u32::try_from(row).ok().filter(|case| *case < self.cases);
        }
        self.list().get(row).copied()
    }

    /// The row of a case; where it is not shown, that of the next one that is.
    pub fn row_of(&self, case: u32) -> usize {
        if self.made.filters.is_all() {
            return case as usize;
        }
        let list = self.list();
        list.binary_search(&case).unwrap_or_else(|next| next).min(list.len().saturating_sub(1))
    }

    fn list(&self) -> &[u32] {
        if self.growing { &self.next } else { &self.shown }
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::{board, end, end_guarded};
    use super::*;
    use crate::domain::{Guarded, StandIn};

    fn filled() -> Board {
        let mut board = board(5, 1);
        for (case, (a, b)) in (0..).zip([('p', 'p'), ('p', 'f'), ('e', 'p'), ('u', 'p'), ('f', 'f')]) {
            end(&mut board, case, 0, 0, a);
            end(&mut board, case, 1, 0, b);
        }
        board
    }

    fn found(board: &Board, filters: &Filters) -> Vec<u32> {
        let facts = Facts { board, revision: board.revision(), previous: None, rows: None };
        let mut rows = Rows::default();
        assert!(!rows.update(&facts, filters, || false));
        // A frame later nothing has changed.
        assert!(!rows.update(&facts, filters, || false));
        (0..rows.len()).filter_map(|row| rows.case(row)).collect()
    }

    #[test]
    fn rows_are_found_by_how_they_ended() {
        let board = filled();
        let check = |which, expect: &[u32]| {
            assert_eq!(found(&board, &Filters { which, ..Filters::default() }), expect, "{which:?}");
        };
        check(Which::All, &[0, 1, 2, 3, 4]);
        check(Which::Failed, &[1, 4]);
        check(Which::Errored, &[2]);
        check(Which::Unscored, &[3]);
        check(Which::Passed, &[0]);
        check(Which::Disagreeing, &[1]);
        check(Which::Changed, &[]);
    }

    #[test]
    fn rows_are_found_by_what_guards_did() {
        let mut board = filled();
        assert_eq!(Which::choices(&board), Which::ALL);
        let repaired = Guarded { repairs: 1, ..Guarded::default() };
        let canned = Guarded { stand_in: Some(StandIn::Canned), left_out: true, ..Guarded::default() };
        end_guarded(&mut board, 2, 1, 0, 'p', repaired);
        end_guarded(&mut board, 3, 0, 0, 'u', canned);
        let of = |which| found(&board, &Filters { which, ..Filters::default() });
        assert_eq!([Which::Repaired, Which::StoodIn, Which::Flagged].map(of), [vec![2], vec![3], vec![]]);
        assert_eq!(Which::choices(&board)[8..], [(Which::Repaired, "Repaired"), (Which::StoodIn, "Stand-in")]);
    }

    #[test]
    fn rows_are_found_by_check_and_by_text() {
        let board = filled();
        assert_eq!(found(&board, &Filters { check: Some(1), ..Filters::default() }), [1, 4]);
        assert_eq!(found(&board, &Filters { check: Some(0), ..Filters::default() }), [] as [u32; 0]);
        let text = Filters { found: Some(Arc::new(vec![0, 4])), which: Which::Failed, ..Filters::default() };
        assert_eq!(found(&board, &text), [4]);
    }

    #[test]
    fn a_long_list_is_made_in_slices_and_shown_as_it_grows() {
        let mut board = board(1000, 1);
        for case in (0..1000).step_by(10) {
            end(&mut board, case, 0, 0, 'f');
        }
        let filters = Filters { which: Which::Failed, ..Filters::default() };
        let facts = Facts { board: &board, revision: board.revision(), previous: None, rows: None };
        let mut rows = Rows::default();
        assert!(rows.update(&facts, &filters, || true));
        assert_eq!(rows.len(), 26);
        while rows.update(&facts, &filters, || true) {}
        assert_eq!(rows.len(), 100);
        assert_eq!((rows.row_of(20), rows.row_of(21), rows.row_of(5000)), (2, 3, 99));
    }

    #[test]
    fn rows_of_an_older_revision_stay_until_the_new_ones_are_found() {
        let mut board = board(1000, 1);
        end(&mut board, 0, 0, 0, 'f');
        let filters = Filters { which: Which::Failed, ..Filters::default() };
        let mut rows = Rows::default();
        while rows.update(
            &Facts { board: &board, revision: board.revision(), previous: None, rows: None },
            &filters,
            || true,
        ) {}
        end(&mut board, 999, 0, 0, 'f');
        let facts = Facts { board: &board, revision: board.revision(), previous: None, rows: None };
        assert!(rows.update(&facts, &filters, || true));
        assert_eq!(rows.len(), 1);
        while rows.update(&facts, &filters, || true) {}
        assert_eq!(rows.len(), 2);
        assert!(!rows.update(&facts, &filters, || true));
    }
}
