//! Which of two columns is right more often, said so that it can be believed.
//!
//! Both columns answered the same cases, so cases are paired. A winner is named only where the difference is shown; that
//! none can be shown is a normal result. Nothing is concluded from a handful of cases, nor while the run goes on: looking
//! again and again until something shows would find differences where there are none.

use super::board::Board;
use super::pairs::Pairs;
use super::stats::{cases_needed, holm, minimum_detectable_effect};
use crate::domain::{Interval, RunState};

/// Fewer paired cases than this show nothing.
pub const FEWEST_CASES: u64 = 10;

/// The smallest difference that planning cares about: five points.
const MATTERS: f64 = 0.05;

/// The level of significance.
const LEVEL: f64 = 0.05;

/// Two columns over the cases that both have a verdict on.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub a: usize,
    pub b: usize,
    pub a_name: String,
    pub b_name: String,
    /// Cases scored on both sides.
    pub cases: u64,
    /// Cases that ended on both sides, with no verdict on one of them: they are in no number here.
    pub left_out: u64,
    /// Pass rates (0 to 1) over the paired cases.
    pub a_rate: f64,
    pub b_rate: f64,
    /// B's rate minus A's, with its 95 % interval. `None` without paired cases.
    pub difference: Option<Interval>,
    /// Two-sided, adjusted where several columns are compared at once.
    pub p: Option<f64>,
    /// B's cost over A's.
    pub cost_ratio: Option<f64>,
    /// B's latency over A's.
    pub latency_ratio: Option<f64>,
    /// Columns that were compared at once.
    pub comparisons: usize,
    /// The smallest difference that this many cases would very likely have shown.
    pub detectable: Option<f64>,
    pub conclusion: Conclusion,
    discordance: f64,
    running: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// B is right more often.
    Better,
    /// B is right less often.
    Worse,
    /// Nothing can be shown; so many more cases would likely be enough, `None` where a difference that matters would have
    /// shown already.
    Undecided { more_cases: Option<u64> },
    /// Too few paired cases to say anything.
    TooFew,
    /// The run goes on.
    Running,
}

/// Compares column `b` with column `a`.
#[must_use]
pub fn compare(board: &Board, a: usize, b: usize) -> Comparison {
    let mut comparison = measure(board, a, b);
    comparison.conclude();
    comparison
}

/// Compares several columns with one, p-values adjusted for their number (Holm).
#[must_use]
pub fn compare_with(board: &Board, reference: usize, others: &[usize]) -> Vec<Comparison> {
    let mut comparisons: Vec<_> = others.iter().map(|other| measure(board, reference, *other)).collect();
    let adjusted = holm(&comparisons.iter().map(|comparison| comparison.p.unwrap_or(1.0)).collect::<Vec<_>>());
    for (comparison, p) in comparisons.iter_mut().zip(adjusted) {
        comparison.p = comparison.p.map(|_| p);
        comparison.comparisons = others.len();
        comparison.conclude();
    }
    comparisons
}

fn measure(board: &Board, a: usize, b: usize) -> Comparison {
    let pairs = Pairs::of((0..board.header().cases).map(|case| (board.cell(case, a), board.cell(case, b))));
    let (a_rate, b_rate) = pairs.rates();
    let found = pairs.difference();
    Comparison {
        a,
        b,
        a_name: board.column_name(a),
        b_name: board.column_name(b),
        cases: pairs.cases(),
        left_out: pairs.left_out,
        a_rate,
        b_rate,
        difference: found.map(|(interval, _)| interval),
        p: found.map(|(_, p)| p),
        cost_ratio: pairs.cost_ratio(),
        latency_ratio: pairs.latency_ratio(),
        comparisons: 1,
        detectable: minimum_detectable_effect(pairs.cases(), pairs.discordance()),
        conclusion: Conclusion::TooFew,
        discordance: pairs.discordance(),
        running: board.state() == RunState::Running && board.ended() < board.trials(),
    }
}

impl Comparison {
    fn conclude(&mut self) {
        self.conclusion = match (self.difference, self.p) {
            _ if self.running => Conclusion::Running,
            (Some(difference), Some(p)) if self.cases >= FEWEST_CASES => {
                if p < LEVEL && difference.low > 0.0 {
                    Conclusion::Better
                } else if p < LEVEL && difference.high < 0.0 {
                    Conclusion::Worse
                } else {
                    Conclusion::Undecided { more_cases: self.more_cases(difference.value) }
                }
            }
            _ => Conclusion::TooFew,
        };
    }

    /// Cases beyond those at hand that would show a difference as large as this, or as large as matters.
    fn more_cases(&self, difference: f64) -> Option<u64> {
        let wanted = difference.abs().max(MATTERS);
        let needed = cases_needed(wanted, self.discordance.max(wanted))?;
        needed.checked_sub(self.cases).filter(|more| *more > 0)
    }

    /// The comparison as a product person reads it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (a, b) = (&self.a_name, &self.b_name);
        match self.conclusion {
            Conclusion::Better => {
                format!("{b} is right more often than {a} {}{}.", self.numbers(), self.cost(", and "))
            }
            Conclusion::Worse => format!("{b} is right less often than {a} {}{}.", self.numbers(), self.cost(", and ")),
            Conclusion::Undecided { more_cases: Some(more) } => {
                format!(
                    "No difference can be shown; about {} more cases are needed{}.",
                    about(more),
                    self.cost(&format!(". {b} "))
                )
            }
            Conclusion::Undecided { more_cases: None } => format!(
                "No difference can be shown; one of {} points or more would very likely have shown in {} cases{}.",
                unsigned_points(self.detectable.unwrap_or(MATTERS).max(MATTERS)),
                self.cases,
                self.cost(&format!(". {b} ")),
            ),
            Conclusion::TooFew => format!(
                "{} {} a verdict on both sides; nothing is said below {FEWEST_CASES}.",
                self.cases,
                if self.cases == 1 { "case has" } else { "cases have" },
            ),
            Conclusion::Running => {
                format!("The run goes on, and what {} cases show may still turn; wait for its end.", self.cases)
            }
        }
    }

    /// What was left out, where it may have bent the result: one paired case in twenty, or more.
    #[must_use]
    pub fn caveat(&self) -> Option<String> {
        (self.left_out > 0 && self.left_out * 20 >= self.cases).then(|| {
            let cases =
                if self.left_out == 1 { "1 case is".to_owned() } else { format!("{} cases are", self.left_out) };
            format!("{cases} left out, since one side has no verdict there.")
        })
    }

    fn numbers(&self) -> String {
        let Some(difference) = self.difference else { return String::new() };
        let several =
            if self.comparisons > 1 { format!(" after {} comparisons", self.comparisons) } else { String::new() };
        format!(
            "({} points, 95 % interval {} to {}, {}{several})",
            points(difference.value),
            points(difference.low),
            points(difference.high),
            p_value(self.p.unwrap_or(1.0)),
        )
    }

    fn cost(&self, before: &str) -> String {
        match self.cost_ratio {
            None => String::new(),
            Some(ratio) if (0.95..1.05).contains(&ratio) => format!("{before}costs about as much"),
            Some(ratio) => format!("{before}costs {} × as much", times(ratio)),
        }
    }
}

/// Percentage points with their sign; one decimal below one point.
fn points(difference: f64) -> String {
    let sign = if difference < 0.0 { "−" } else { "+" };
    format!("{sign}{}", unsigned_points(difference))
}

fn unsigned_points(difference: f64) -> String {
    let points = difference.abs() * 100.0;
    if points < 0.95 { format!("{points:.1}") } else { format!("{points:.0}") }
}

/// Enough digits that a value below the level never reads as the level.
fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "p < 0.001".to_owned(),
        p if p < 0.0095 || (0.045..LEVEL).contains(&p) => format!("p = {p:.3}"),
        p => format!("p = {p:.2}"),
    }
}

fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 0.095 => format!("{ratio:.2}"),
        ratio if ratio < 9.95 => format!("{ratio:.1}"),
        ratio => format!("{ratio:.0}"),
    }
}

/// Two digits: a forecast is no better than that.
fn about(count: u64) -> u64 {
    let unit = 10_u64.pow(count.checked_ilog10().unwrap_or(0).saturating_sub(1));
    (count + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, board, end, ended, errored, header, scored, trial};
    use super::*;
    use proptest::prelude::*;

    /// Cases by how often both, only A, only B and neither pass.
    fn split(both: usize, only_a: usize, only_b: usize, neither: usize) -> Board {
        let column = |passes: [bool; 4]| {
            let counts = [both, only_a, only_b, neither].into_iter().zip(passes);
            counts.flat_map(|(count, passes)| std::iter::repeat_n(passes, count)).collect::<Vec<_>>()
        };
        board(&[column([true, true, false, false]), column([true, false, true, false])])
    }

    fn check(board: &Board, expect: &str) {
        assert_eq!(compare(board, 0, 1).sentence(), expect);
    }

    #[test]
    fn a_difference_that_is_shown_is_said_with_its_numbers() {
        check(
            &split(150, 6, 20, 24),
            "B is right more often than A (+7 points, 95 % interval +2 to +12, p = 0.009), and costs 2.0 × as much.",
        );
        check(
            &split(150, 20, 6, 24),
            "B is right less often than A (−7 points, 95 % interval −12 to −2, p = 0.009), and costs 2.0 × as much.",
        );
    }

    #[test]
    fn no_difference_is_a_normal_result() {
        let result = compare(&split(30, 6, 8, 6), 0, 1);
        let Conclusion::Undecided { more_cases: Some(more) } = result.conclusion else { panic!("{result:?}") };
        assert!((500..2_000).contains(&more), "{more}");
        assert!(result.sentence().starts_with("No difference can be shown; about "), "{}", result.sentence());
        check(
            &split(2_000, 20, 20, 500),
            "No difference can be shown; one of 5 points or more would very likely have shown in 2540 cases. B costs 2.0 × as much.",
        );
    }

    #[test]
    fn nothing_is_said_of_a_handful_or_of_a_run_that_goes_on() {
        check(&split(0, 0, 9, 0), "9 cases have a verdict on both sides; nothing is said below 10.");
        let mut running = Board::new(header(100, 2, 1));
        for case in 0..40 {
            running.apply(&ended(trial(at(case, 0, 0), scored(false), 1, 1.0)));
            running.apply(&ended(trial(at(case, 1, 0), scored(true), 1, 1.0)));
        }
        assert_eq!(compare(&running, 0, 1).conclusion, Conclusion::Running);
        running.apply(&end());
        assert_eq!(compare(&running, 0, 1).conclusion, Conclusion::Better);
    }

    #[test]
    fn cases_without_a_verdict_are_left_out_and_told() {
        let mut board = split(30, 0, 0, 0);
        for case in 0..5 {
            board.apply(&ended(trial(at(case, 1, 0), errored(), 0, 0.0)));
        }
        let result = compare(&board, 0, 1);
        assert_eq!((result.cases, result.left_out), (25, 5));
        assert!((result.b_rate - 1.0).abs() < 1e-12, "an error is no failure");
        assert_eq!(result.caveat().unwrap(), "5 cases are left out, since one side has no verdict there.");
    }

    #[test]
    fn repeats_of_one_case_are_not_many_cases() {
        let repeats = |repeats: u16| {
            let mut board = Board::new(header(12, 2, u32::from(repeats)));
            for case in 0..12 {
                for repeat in 0..repeats {
                    board.apply(&ended(trial(at(case, 0, repeat), scored(case % 3 == 0), 1, 1.0)));
                    board.apply(&ended(trial(at(case, 1, repeat), scored(case % 3 != 1), 1, 1.0)));
                }
            }
            board.apply(&end());
            compare(&board, 0, 1)
        };
        assert!(matches!(repeats(1).conclusion, Conclusion::Undecided { .. }));
        let many = repeats(20);
        assert_eq!(many.cases, 12);
        assert!(many.p.unwrap() > 0.03, "240 trials a side are still 12 cases: {many:?}");
    }

    #[test]
    fn several_comparisons_at_once_need_more() {
        let better: Vec<bool> = (0..40).map(|case| case < 27).collect();
        let worse: Vec<bool> = (0..40).map(|case| case < 20).collect();
        let board = board(&[worse.clone(), better, worse.clone(), worse]);
        let alone = compare(&board, 0, 1).p.unwrap();
        let together = &compare_with(&board, 0, &[1, 2, 3])[0];
        assert!((together.p.unwrap() - 3.0 * alone).abs() < 1e-12);
        assert_eq!((compare(&board, 0, 1).conclusion, together.comparisons), (Conclusion::Better, 3));
    }

    #[test]
    fn numbers_have_sensible_digits() {
        assert_eq!([points(0.07), points(-0.004), points(0.0)], ["+7", "−0.4", "+0.0"]);
        assert_eq!(
            [0.000_1, 0.004, 0.012, 0.049_9, 0.3].map(p_value),
            ["p < 0.001", "p = 0.004", "p = 0.01", "p = 0.050", "p = 0.30"]
        );
        assert_eq!([7, 143, 1_251].map(about), [7, 140, 1_300]);
        assert_eq!([0.05, 1.83, 12.2].map(times), ["0.05", "1.8", "12"]);
    }

    proptest! {
        #[test]
        fn a_comparison_turns_with_its_sides(both in 0_usize..30, a in 0_usize..30, b in 0_usize..30, neither in 1_usize..30) {
            let board = split(both, a, b, neither);
            let (forth, back) = (compare(&board, 0, 1), compare(&board, 1, 0));
            prop_assert!((forth.difference.unwrap().value + back.difference.unwrap().value).abs() < 1e-9);
            prop_assert!((forth.p.unwrap() - back.p.unwrap()).abs() < 1e-9);
            prop_assert_eq!(forth.conclusion == Conclusion::Better, back.conclusion == Conclusion::Worse);
        }
    }
}
