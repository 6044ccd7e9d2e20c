//! How good the guards are on labelled texts: precision, recall and F1, the halves apart.

use std::collections::BTreeMap;

use serde::Serialize;

use super::stats::wilson;
use crate::domain::Interval;
use crate::scoring::guardrails::labelled::{Half, Labelled, Measured};

/// What a guard made of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Found, and there.
    pub caught: u64,
    /// There, and not found.
    pub missed: u64,
    /// Found, and not there.
    pub false_alarms: u64,
    /// Texts with nothing in them and nothing found.
    pub passed: u64,
}

impl Tally {
    /// Of what was found, the share that is there.
    #[must_use]
    pub fn precision(&self) -> Option<Interval> {
        wilson(self.caught, self.caught + self.false_alarms)
    }

    /// Of what is there, the share that was found.
    #[must_use]
    pub fn recall(&self) -> Option<Interval> {
        wilson(self.caught, self.caught + self.missed)
    }

    /// The harmonic mean of precision and recall. Its interval is Wilson's of the Jaccard index, of which F1 is a
    /// monotone function: caught over all that was found or is there.
    #[must_use]
    pub fn f1(&self) -> Option<Interval> {
        let jaccard = wilson(self.caught, self.caught + self.missed + self.false_alarms)?;
        let f1 = |jaccard: f64| 2.0 * jaccard / (1.0 + jaccard);
        Some(Interval { value: f1(jaccard.value), low: f1(jaccard.low), high: f1(jaccard.high) })
    }

    /// Of the texts with nothing in them, the share that raised an alarm. Of inputs only: an answer may raise several.
    #[must_use]
    pub fn false_alarm_rate(&self) -> Option<Interval> {
        wilson(self.false_alarms, self.false_alarms + self.passed)
    }

    fn add(&mut self, other: &Self) {
        self.caught += other.caught;
        self.missed += other.missed;
        self.false_alarms += other.false_alarms;
        self.passed += other.passed;
    }
}

/// Which guard is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Guard {
    /// The sanitiser, on inputs: an input is an attack or not.
    Input,
    /// The validator, on answers: each place of a datum counts, and each other kind once a text.
    Output,
}

/// One guard on one half of the texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detection {
    pub texts: u64,
    pub total: Tally,
    /// Of inputs by the kind of text, of answers by what was looked for.
    pub by_kind: BTreeMap<String, Tally>,
    /// Texts that the guard was wrong about.
    pub misses: Vec<Miss>,
}

/// A text that a guard was wrong about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    pub id: String,
    pub kind: String,
    pub expected: Vec<String>,
    pub found: Vec<String>,
    pub text: String,
}

/// Measures both guards; a guard or a half without texts is not in the result.
#[must_use]
pub fn measure(texts: &[Labelled]) -> BTreeMap<(Guard, Half), Detection> {
    let mut measured: BTreeMap<(Guard, Half), Detection> = BTreeMap::new();
    let Some(guards) = Measured::new() else { return measured };
    for text in texts {
        let guard = if text.attack.is_some() { Guard::Input } else { Guard::Output };
        measured.entry((guard, text.half())).or_default().add(guard, text, &guards);
    }
    measured
}

impl Detection {
    fn add(&mut self, guard: Guard, text: &Labelled, guards: &Measured) {
        let (expected, found) = (Measured::expected(text), guards.names(text));
        self.texts += 1;
        for (name, tally) in tallies(&expected, &found) {
            self.total.add(&tally);
            let kind = if guard == Guard::Input { text.kind.clone() } else { name };
            self.by_kind.entry(kind).or_default().add(&tally);
        }
        if expected != found {
            let (id, kind, text) = (text.id.clone(), text.kind.clone(), text.text.clone());
            self.misses.push(Miss { id, kind, expected, found, text });
        }
    }
}

/// By name, how the names found differ from those expected; each as often as it stands there.
fn tallies(expected: &[String], found: &[String]) -> BTreeMap<String, Tally> {
    if expected.is_empty() && found.is_empty() {
        return BTreeMap::from([("nothing".to_owned(), Tally { passed: 1, ..Tally::default() })]);
    }
    let count = |names: &[String], name: &String| names.iter().filter(|other| *other == name).count() as u64;
    expected
        .iter()
        .chain(found)
        .map(|name| {
            let (there, seen) = (count(expected, name), count(found, name));
            let caught = there.min(seen);
            (name.clone(), Tally { caught, missed: there - caught, false_alarms: seen - caught, passed: 0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::guardrails::labelled::bundled;

    #[test]
    fn names_are_compared_as_often_as_they_stand() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let check = |expected: &str, found: &str, expect: (u64, u64, u64, u64)| {
            let mut total = Tally::default();
            for tally in tallies(&names(expected), &names(found)).values() {
                total.add(tally);
            }
            assert_eq!((total.caught, total.missed, total.false_alarms, total.passed), expect);
        };
        check("", "", (0, 0, 0, 1));
        check("a a b", "a c", (1, 2, 1, 0));
        check("a", "a a", (1, 0, 1, 0));
    }

    #[test]
    fn rates_are_shares_with_their_intervals() {
        let tally = Tally { caught: 8, missed: 2, false_alarms: 0, passed: 10 };
        let value = |interval: Option<Interval>| interval.map(|interval| (interval.value * 1000.0).round());
        assert_eq!(
            (value(tally.precision()), value(tally.recall()), value(tally.f1())),
            (Some(1000.0), Some(800.0), Some(889.0))
        );
        let f1 = tally.f1().unwrap();
        assert!(f1.low < 0.7 && f1.high > 0.93 && f1.high < 1.0);
        assert_eq!(Tally::default().f1(), None);
    }

    /// What the guards have reached: a change that makes them worse is seen.
    #[test]
    fn the_guards_are_as_good_as_they_were() {
        let measured = measure(&bundled());
        let check = |guard, half, precision: f64, recall: f64| {
            let total = measured[&(guard, half)].total;
            let value = |interval: Option<Interval>| interval.map_or(0.0, |interval| interval.value);
            let (found, caught) = (value(total.precision()), value(total.recall()));
            assert!(found >= precision && caught >= recall, "{guard:?} {half:?}: {found:.3} {caught:.3}");
        };
        check(Guard::Input, Half::Development, 0.95, 0.85);
        check(Guard::Input, Half::HeldOut, 0.95, 0.82);
        check(Guard::Output, Half::Development, 0.95, 0.88);
        check(Guard::Output, Half::HeldOut, 0.95, 0.9);
    }
}
