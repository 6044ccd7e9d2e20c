//! Where a check stands among all that an answer is asked: the number by which a model's word on it is found.
//!
//! First come the experiment's checks and then the case's own, each at its place. The parts of sets follow, set by set in
//! that order, and then the parts of sets in sets. So the number of a check that is no part does not hang on the sets.

use crate::domain::{Case, Check, CheckKind};

use super::checks::Checks;

/// All checks of a case, parts of sets included.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    checks: Vec<&'a Check>,
    /// By the position of a set, that of its first part.
    first_parts: Vec<usize>,
    top: usize,
}

impl<'a> Positions<'a> {
    pub(super) fn new(checks: &'a Checks, case: &'a Case) -> Self {
        Self::of(checks.compiled.iter().map(|compiled| &compiled.check).chain(&case.checks))
    }

    pub(super) fn of(top: impl Iterator<Item = &'a Check>) -> Self {
        let mut checks: Vec<&Check> = top.collect();
        let mut first_parts = Vec::with_capacity(checks.len());
        let top = checks.len();
        while let Some(check) = checks.get(first_parts.len()).copied() {
            first_parts.push(checks.len());
            if let CheckKind::Set(set) = &check.kind {
                checks.extend(&set.checks);
            }
        }
        Self { checks, first_parts, top }
    }

    /// The checks that are no parts.
    pub(super) fn top(&self) -> impl Iterator<Item = (usize, &'a Check)> {
        self.checks.iter().copied().take(self.top).enumerate()
    }

    /// The parts of the set at this position.
    pub(super) fn parts(&self, set: usize) -> impl Iterator<Item = (usize, &'a Check)> {
        let first = self.first_parts.get(set).copied().unwrap_or(self.checks.len());
        let count = match self.checks.get(set).map(|check| &check.kind) {
            Some(CheckKind::Set(set)) => set.checks.len(),
            _ => 0,
        };
        self.checks.iter().copied().enumerate().skip(first).take(count)
    }

    /// Every check that a call can name; beyond 65,536 none can.
    pub(super) fn all(&self) -> impl Iterator<Item = (u16, &'a Check)> {
        self.checks.iter().copied().enumerate().filter_map(|(at, check)| Some((u16::try_from(at).ok()?, check)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssertionSet;

    fn plain(metric: &str) -> Check {
        Check { metric: metric.to_owned(), ..Check::new(CheckKind::Json) }
    }

    fn set(metric: &str, checks: Vec<Check>) -> Check {
        Check { metric: metric.to_owned(), ..Check::new(CheckKind::Set(AssertionSet { checks })) }
    }

    #[test]
    fn parts_of_sets_are_numbered_after_all_others() {
        let inner = set("c", vec![plain("e")]);
        let checks = [plain("0"), set("s", vec![plain("b"), inner]), plain("2"), set("t", vec![plain("d")])];
        let positions = Positions::of(checks.iter());
        let names = |checks: Vec<(usize, &Check)>| -> Vec<(usize, String)> {
            checks.into_iter().map(|(at, check)| (at, check.metric.clone())).collect()
        };
        let expect = |names: &[(usize, &str)]| -> Vec<(usize, String)> {
            names.iter().map(|(at, name)| (*at, (*name).to_owned())).collect()
        };
        assert_eq!(names(positions.top().collect()), expect(&[(0, "0"), (1, "s"), (2, "2"), (3, "t")]));
        assert_eq!(names(positions.parts(1).collect()), expect(&[(4, "b"), (5, "c")]));
        assert_eq!(names(positions.parts(3).collect()), expect(&[(6, "d")]));
        assert_eq!(names(positions.parts(5).collect()), expect(&[(7, "e")]));
        assert_eq!(names(positions.parts(0).collect()), Vec::new());
        assert_eq!(positions.all().count(), 8);
    }
}
