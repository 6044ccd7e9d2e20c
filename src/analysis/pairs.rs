//! Two columns over the same cases: what a fair comparison is made of.

use super::board::CellView;
use super::stats::{Table, mcnemar, newcombe_paired, paired_t, share};
use crate::domain::{Interval, Usd};

/// Sums over cases that are scored on both sides. Cells with repeats enter by their mean, so that the case stays the unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs {
    /// By case, right where more than half of the cell's trials passed.
    pub(super) table: Table,
    /// Cases with a verdict on one side at most, though both or one ended.
    pub(super) left_out: u64,
    repeated: bool,
    sums: (f64, f64),
    squares: f64,
    costs: (Usd, Usd),
    latencies: (f64, f64),
}

impl Pairs {
    pub(super) fn of(cells: impl Iterator<Item = (CellView, CellView)>) -> Self {
        let mut pairs = Self::default();
        cells.for_each(|(a, b)| pairs.add(&a, &b));
        pairs
    }

    fn add(&mut self, a: &CellView, b: &CellView) {
        let (Some(share_a), Some(share_b)) = (a.pass_share(), b.pass_share()) else {
            let over = |cell: &CellView| cell.scored() + cell.unscored + cell.errored > 0;
            self.left_out += u64::from(over(a) && over(b));
            return;
        };
        let count = match (is_right(share_a), is_right(share_b)) {
            (true, true) => &mut self.table.both,
            (true, false) => &mut self.table.only_a,
            (false, true) => &mut self.table.only_b,
            (false, false) => &mut self.table.neither,
        };
        *count += 1;
        self.repeated |= a.scored() > 1 || b.scored() > 1;
        self.sums = (self.sums.0 + share_a, self.sums.1 + share_b);
        self.squares += (share_b - share_a).powi(2);
        if let (Some(cost_a), Some(cost_b)) = (a.cost, b.cost) {
            self.costs = (self.costs.0 + cost_a, self.costs.1 + cost_b);
        }
        if let (Some(a), Some(b)) = (a.latency_ms, b.latency_ms) {
            self.latencies = (self.latencies.0 + f64::from(a), self.latencies.1 + f64::from(b));
        }
    }

    pub(super) const fn cases(&self) -> u64 {
        self.table.cases()
    }

    /// Pass rates of both sides over the paired cases.
    pub(super) fn rates(&self) -> (f64, f64) {
        let cases = share(self.cases().max(1), 1);
        (self.sums.0 / cases, self.sums.1 / cases)
    }

    /// Difference (second minus first) with its interval, and the two-sided p-value.
    ///
    /// One trial a cell: Newcombe's interval and `McNemar`'s exact test. Repeats: the t interval over the cases' means.
    pub(super) fn difference(&self) -> Option<(Interval, f64)> {
        let clustered = || paired_t(self.cases(), self.sums.1 - self.sums.0, self.squares);
        if let Some(found) = self.repeated.then(clustered).flatten() {
            return Some(found);
        }
        let interval = newcombe_paired(&self.table)?;
        Some((interval, mcnemar(self.table.only_a, self.table.only_b)))
    }

    /// Mean square of the cases' differences: without repeats, the share of cases on which the sides differ. Drawn a little
    /// towards one half, since few cases without a difference do not prove that there are none.
    pub(super) fn discordance(&self) -> f64 {
        (self.squares + 1.0) / (share(self.cases(), 1) + 2.0)
    }

    /// Cost of the second over the first, over cases in which both are known.
    pub(super) fn cost_ratio(&self) -> Option<f64> {
        let (a, b) = (self.costs.0.dollars(), self.costs.1.dollars());
        (a > 0.0 && b > 0.0).then(|| b / a)
    }

    /// Latency of the second over the first.
    pub(super) fn latency_ratio(&self) -> Option<f64> {
        (self.latencies.0 > 0.0 && self.latencies.1 > 0.0).then(|| self.latencies.1 / self.latencies.0)
    }
}

/// More than half of the cell's scored trials passed.
pub(super) fn is_right(pass_share: f64) -> bool {
    pass_share > 0.5
}
