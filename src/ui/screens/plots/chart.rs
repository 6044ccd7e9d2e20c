//! A chart as plain values. The window draws it, and the files that are saved hold the same numbers.

use std::fmt::Display;

use crate::analysis::BoxNumbers;
use crate::domain::RunId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Success,
    Cost,
    Latency,
    FirstToken,
    Tokens,
    Front,
    Runs,
    Confidence,
    CriticalConfidence,
}

impl Kind {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Success => "Success rate",
            Self::Cost => "Cost per trial",
            Self::Latency => "Latency",
            Self::FirstToken => "Time to first token",
            Self::Tokens => "Tokens per trial",
            Self::Front => "Cost against success",
            Self::Runs => "Success over runs",
            Self::Confidence => "Confidence of items",
            Self::CriticalConfidence => "Confidence of critical items",
        }
    }

    /// The beginning of a file name.
    pub const fn stem(self) -> &'static str {
        match self {
            Self::Success => "success-rate",
            Self::Cost => "cost-per-trial",
            Self::Latency => "latency",
            Self::FirstToken => "time-to-first-token",
            Self::Tokens => "tokens-per-trial",
            Self::Front => "cost-against-success",
            Self::Runs => "success-over-runs",
            Self::Confidence => "confidence-of-items",
            Self::CriticalConfidence => "confidence-of-critical-items",
        }
    }

    /// Whether items stand side by side, so that the nearest one is the nearest across.
    pub const fn side_by_side(self) -> bool {
        !matches!(self, Self::Front)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub kind: Kind,
    /// What one reads off it.
    pub about: String,
    pub x: Axis,
    pub y: Axis,
    pub items: Vec<Item>,
    pub guides: Vec<Guide>,
    /// Lines, each through its places.
    pub paths: Vec<Vec<[f64; 2]>>,
}

/// An axis from `low` to `high`. Where it is logarithmic its values are powers of ten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// With its unit.
    pub label: String,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<Tick>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub text: String,
}

/// What stands at one place: a column of the run, or a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub x: f64,
    pub look: Look,
    pub parts: Vec<Part>,
    pub name: String,
    pub facts: Vec<Fact>,
    pub leads: Leads,
}

/// Colour by variant, shape by model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub series: usize,
    pub shape: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// From the first value to the second; a pale one is a lesser part.
    Bar {
        from: f64,
        to: f64,
        pale: bool,
    },
    Interval {
        low: f64,
        high: f64,
    },
    Box(BoxNumbers),
    Mark {
        y: f64,
        filled: bool,
    },
}

/// A number of an item: for people, and for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Empty for one that only the table has.
    pub name: &'static str,
    pub shown: String,
    pub column: &'static str,
    pub raw: String,
}

/// Where a click leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    Column(usize),
    Run(RunId),
}

/// A line across, such as a target, or upright at a place of the axis below.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guide {
    pub at: f64,
    pub text: String,
    pub upright: bool,
}

/// Which colour and which shape are whose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Legend {
    pub variants: Vec<String>,
    pub models: Vec<String>,
}

impl Chart {
    /// What a screen reader says: every item with its first number.
    pub fn spoken(&self) -> String {
        let one = |item: &Item| {
            let value = item.facts.iter().find(|fact| !fact.name.is_empty()).map_or("—", |fact| fact.shown.as_str());
            format!("{} {value}", item.name)
        };
        let all = self.items.iter().map(one).collect::<Vec<_>>().join(", ");
        format!("Chart of {}: {all}", self.kind.title().to_lowercase())
    }

    /// All heights at which an item has something.
    pub fn heights(item: &Item) -> impl Iterator<Item = f64> {
        item.parts.iter().flat_map(|part| match part {
            Part::Bar { to, .. } => [*to, *to],
            Part::Interval { low, high } => [*low, *high],
            Part::Box(numbers) => [numbers.whisker_low, numbers.whisker_high],
            Part::Mark { y, .. } => [*y, *y],
        })
    }
}

impl Item {
    /// The height of its first mark, else of the top of what it has.
    pub fn height(&self) -> f64 {
        let mark = self.parts.iter().find_map(|part| match part {
            Part::Mark { y, .. } => Some(*y),
            _ => None,
        });
        mark.unwrap_or_else(|| Chart::heights(self).fold(0.0, f64::max))
    }
}

impl Fact {
    pub fn new(name: &'static str, shown: impl Into<String>, column: &'static str, raw: &dyn Display) -> Self {
        Self { name, shown: shown.into(), column, raw: raw.to_string() }
    }

    /// A number that may be missing.
    pub fn maybe<T: Copy + ToString>(
        name: &'static str,
        value: Option<T>,
        column: &'static str,
        shown: impl Fn(T) -> String,
    ) -> Self {
        let raw = value.map(|value| value.to_string()).unwrap_or_default();
        Self::new(name, value.map_or_else(|| "—".to_owned(), shown), column, &raw)
    }

    /// Only for the table.
    pub fn raw(column: &'static str, raw: &dyn Display) -> Self {
        Self::new("", "", column, raw)
    }
}

impl Axis {
    /// From 0 to a little above `top`, with ticks at round numbers.
    pub fn up_to(label: impl Into<String>, top: f64, text: impl Fn(f64) -> String) -> Self {
        let top = if top > 0.0 { top } else { 1.0 };
        let step = round_step(top / 4.0);
        let high = top * 1.08;
        let ticks = std::iter::successors(Some(0.0), |at| Some(at + step)).take_while(|at| *at <= high * 1.000_1);
        let ticks = ticks.map(|at| Tick { at, text: text(at) }).collect();
        Self { label: label.into(), low: 0.0, high, ticks }
    }

    /// US dollars from 0 to a little above `top`, with as many digits as the ticks need.
    pub fn dollars(label: impl Into<String>, top: f64) -> Self {
        let step = round_step(if top > 0.0 { top } else { 1.0 } / 4.0);
        let whole = |digits: &usize| {
            let scaled = step * 10_f64.powi(i32::try_from(*digits).unwrap_or_default());
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        };
        let digits = (2..12).find(whole).unwrap_or(12);
        Self::up_to(label, top, move |at| format!("${at:.digits$}"))
    }

    /// Shares from 0 to 1.
    pub fn share(label: impl Into<String>) -> Self {
        let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|at| Tick { at, text: format!("{:.0} %", at * 100.0) });
        Self { label: label.into(), low: -0.03, high: 1.05, ticks: ticks.into() }
    }

    /// Powers of ten, for values that are apart by more than one.
    pub fn powers(label: impl Into<String>, low: f64, high: f64, text: impl Fn(f64) -> String) -> Self {
        let (from, to) = (low.log10() - 0.12, high.log10() + 0.12);
        let decades = (to - from).ceil();
        let steps: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let first = from.floor();
        let ticks = std::iter::successors(Some(first), |power| Some(power + 1.0))
            .take_while(|power| *power <= to)
            .flat_map(|power| steps.iter().map(move |step| power + step.log10()))
            .filter(|at| (from..=to).contains(at))
            .map(|at| Tick { at, text: text(10_f64.powf(at)) })
            .collect();
        Self { label: label.into(), low: from, high: to, ticks }
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= least).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_round_numbers() {
        let check = |top: f64, expect: &[&str]| {
            let axis =
                Axis::up_to("", top, |at| format!("{at:.4}").trim_end_matches('0').trim_end_matches('.').to_owned());
            assert_eq!(axis.ticks.iter().map(|tick| tick.text.as_str()).collect::<Vec<_>>(), expect, "{top}");
        };
        check(4.1, &["0", "2", "4"]);
        check(0.009, &["0", "0.0025", "0.005", "0.0075"]);
        check(100.0, &["0", "25", "50", "75", "100"]);
        check(0.0, &["0", "0.25", "0.5", "0.75", "1"]);
    }

    #[test]
    fn powers_of_ten_have_ticks_between_them() {
        let axis = Axis::powers("", 0.001, 0.02, |value| format!("{value:.3}"));
        let texts: Vec<&str> = axis.ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["0.001", "0.002", "0.005", "0.010", "0.020"]);
        assert!(axis.low < -3.0 && axis.high < -1.0);
    }
}
