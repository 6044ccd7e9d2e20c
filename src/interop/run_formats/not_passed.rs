//! The trials that did not pass, and why: what a reader of a finished run looks for first.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::escape::{harmless, one_line};
use super::report::Report;
use super::trial::{Row, first_reason};
use crate::domain::TrialEnded;

/// Trials that are listed; the rest is counted.
const LISTED: u64 = 20;
const LONGEST_NAME: usize = 60;
const LONGEST_REASON: usize = 160;

/// What may become of a trial beside passing, what matters most first.
const OUTCOMES: [&str; 3] = ["fail", "errored", "unscored"];

/// Lists the trials that failed, then those that errored, then those without a verdict, each with its first reason in a
/// line of its own. `whole` is the file that lists all of them. Nothing is written where all passed, and no more is read
/// than is listed.
///
/// # Errors
/// The writer's own.
pub fn write_not_passed(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    whole: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let counts =
        [report.sum(|column| column.failed), report.sum(|column| column.errored), report.sum(|column| column.unscored)];
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return Ok(());
    }
    let parts = counts.iter().zip(["failed", "errored", "unscored"]).filter(|(count, _)| **count > 0);
    let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    writeln!(out, "\nNot passed: {}", parts.join(", "))?;
    let listed = listed(report, trials, counts);
    listed.iter().flatten().try_for_each(|line| writeln!(out, "{line}"))?;
    match (all - listed.iter().map(|lines| lines.len() as u64).sum::<u64>(), whole) {
        (0, _) => Ok(()),
        (more, Some(file)) => {
            writeln!(out, "  … and {more} more; all are in {}", harmless(&file.display().to_string()))
        }
        (more, None) => writeln!(out, "  … and {more} more; -o results.json writes all of them"),
    }
}

/// The lines of each outcome, as many as there is room for behind those before them.
fn listed(report: &Report, trials: &mut dyn Iterator<Item = Arc<TrialEnded>>, counts: [u64; 3]) -> [Vec<String>; 3] {
    let mut room = LISTED;
    let wanted = counts.map(|count| {
        let taken = count.min(room);
        room -= taken;
        taken
    });
    let mut lines = [const { Vec::new() }; 3];
    let is_full =
        |lines: &[Vec<String>; 3]| lines.iter().zip(wanted).all(|(found, wanted)| found.len() as u64 >= wanted);
    while !is_full(&lines) {
        let Some(ended) = trials.next() else { break };
        let row = Row::of(report, &ended);
        let Some(kind) = OUTCOMES.iter().position(|outcome| *outcome == row.outcome) else { continue };
        if (lines[kind].len() as u64) < wanted[kind] {
            lines[kind].push(line(report, &row, &first_reason(&ended.outcome)));
        }
    }
    lines
}

/// `  failed    test-2 Cola is found · mini: contains: …`. The variant is told where there are several, the repeat too.
fn line(report: &Report, row: &Row<'_>, reason: &str) -> String {
    let header = &report.header;
    let word = if row.outcome == "fail" { "failed" } else { row.outcome };
    let name = one_line(&row.name(), LONGEST_NAME);
    let variant = (header.variants.len() > 1).then(|| one_line(row.variant, LONGEST_NAME));
    let repeat = (header.repeats > 1).then(|| format!("#{}", row.repeat));
    let parts = [Some(name), variant, Some(one_line(row.model, LONGEST_NAME)), repeat];
    let place = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    format!("  {word:9} {place}: {}", one_line(reason, LONGEST_REASON))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{errored, report, trial};
    use super::*;
    use crate::domain::{Outcome, Verdict};

    fn unscored(case: u32) -> Arc<TrialEnded> {
        let mut ended = Arc::unwrap_or_clone(trial(case, "x", Verdict::Unscored));
        if let Outcome::Scored(score) = ended.outcome {
            ended.outcome = Outcome::Unscored(score);
        }
        Arc::new(ended)
    }

    /// The list of a run with so many trials that failed, errored and have no verdict, and these on record.
    fn list(counts: [u64; 3], whole: Option<&str>, trials: Vec<Arc<TrialEnded>>) -> String {
        let mut report = report();
        report.columns[0] = super::super::ColumnReport::default();
        let column = &mut report.columns[1];
        (column.failed, column.errored, column.unscored) = (counts[0], counts[1], counts[2]);
        report.descriptions.insert("case-1".into(), "Two\nlines".to_owned());
        let mut out = Vec::new();
        write_not_passed(&report, &mut trials.into_iter(), whole.map(Path::new), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_trial_that_did_not_pass_has_a_line_with_its_first_reason() {
        let trials =
            vec![unscored(3), errored(2), trial(0, "billing", Verdict::Pass), trial(1, "a\nb\x1b", Verdict::Fail)];
        insta::assert_snapshot!(list([1, 1, 1], None, trials), @r"

        Not passed: 1 failed, 1 errored, 1 unscored
          failed    case-1 Two↵lines · concise · small: equals: The output is `a↵b␛`, not `billing`.
          errored   case-2 · concise · small: The provider is out of capacity.
          unscored  case-3 · concise · small: equals: The output is `x`, not `billing`.
        ");
    }

    #[test]
    fn where_all_passed_there_is_no_list() {
        assert_eq!(list([0, 0, 0], None, vec![trial(0, "billing", Verdict::Pass)]), "");
    }

    #[test]
    fn failures_come_first_and_what_is_too_much_is_counted() {
        let many = |count: u32| (0..count).map(errored).chain([trial(90, "x", Verdict::Fail)]).collect();
        let text = list([1, 30, 0], Some("out.json"), many(30));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("  failed    case-90") && lines[3].starts_with("  errored   case-0"), "{text}");
        assert_eq!((lines.len(), lines[22]), (23, "  … and 11 more; all are in out.json"), "{text}");
        let text = list([1, 30, 0], None, many(30));
        assert!(text.ends_with("… and 11 more; -o results.json writes all of them\n"), "{text}");
    }

    #[test]
    fn no_more_is_read_than_is_listed() {
        let mut read = 0;
        let mut trials = (0..1_000).map(|case| trial(case, "x", Verdict::Fail)).inspect(|_| read += 1);
        let mut report = report();
        report.columns[1].failed = 1_000;
        write_not_passed(&report, &mut trials, None, &mut Vec::new()).unwrap();
        assert_eq!(read, 20);
    }

    #[test]
    fn a_long_reason_is_cut_to_a_line() {
        let text = list([1, 0, 0], None, vec![trial(0, &"long ".repeat(100), Verdict::Fail)]);
        assert!(text.lines().all(|line| line.chars().count() < 300) && text.contains('…'), "{text}");
    }
}
