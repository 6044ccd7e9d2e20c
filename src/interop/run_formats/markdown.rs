//! A summary in Markdown, for a pull request or a page.

use std::io::{self, Write};
use std::sync::Arc;

use super::escape::one_line;
use super::report::Report;
use super::table::{columns, size, title};
use super::trial::Row;
use crate::domain::TrialEnded;

/// Failures that are shown in full; the rest is counted.
const MOST_FAILURES: usize = 20;
const LONGEST_CELL: usize = 200;

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "## {}\n\n{}\n", cell(&title(report)), cell(&size(report)))?;
    let columns = columns(report);
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let row = |at: usize| columns.iter().map(|column| cell(&column.cells[at])).collect();
    table(&names, (0..report.named().count()).map(row), out)?;
    if report.has_stars() {
        writeln!(out, "\n\\* *scripted, not a model*")?;
    }
    failures(report, trials, out)
}

fn failures(report: &Report, trials: &mut dyn Iterator<Item = Arc<TrialEnded>>, out: &mut dyn Write) -> io::Result<()> {
    let mut shown = Vec::new();
    let mut more = 0_u64;
    for ended in trials {
        let row = Row::of(report, &ended);
        match row.outcome {
            "pass" => {}
            _ if shown.len() < MOST_FAILURES => {
                let name = row.name();
                let texts = [name.as_str(), row.variant, row.model, row.outcome, &row.reason, row.output];
                shown.push(texts.map(cell).to_vec());
            }
            _ => more += 1,
        }
    }
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Not passed\n")?;
    table(&["Case", "Variant", "Model", "Outcome", "Reason", "Output"], shown.into_iter(), out)?;
    if more > 0 {
        writeln!(out, "\n… and {more} more.")?;
    }
    Ok(())
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| {} |", header.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(header.len()))?;
    for row in rows {
        writeln!(out, "| {} |", row.join(" | "))?;
    }
    Ok(())
}

/// One line in which nothing is markup, a link or a remote image.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for letter in one_line(text, LONGEST_CELL).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '!' | '~' | '$' | '@' => {
                safe.push('\\');
                safe.push(letter);
            }
            // Addresses are not made into links by themselves.
            ':' => safe.push_str("&#58;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::tests::{errored, report, text, trial};
    use super::*;
    use crate::domain::Verdict;
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn a_summary_has_columns_and_what_did_not_pass() {
        let trials = vec![trial(0, "billing", Verdict::Pass), trial(1, "sales", Verdict::Fail), errored(2)];
        insta::assert_snapshot!(text(RunFormat::Md, &report(), trials));
    }

    #[test]
    fn outputs_are_not_markup() {
        assert_eq!(cell("![](https://evil.example/?d=1)"), "\\!\\[\\](https&#58;//evil.example/?d=1)");
        assert_eq!(cell("a|b\n<script>"), "a\\|b↵&lt;script&gt;");
    }

    #[test]
    fn many_failures_are_counted() {
        let trials = (0..25).map(|case| trial(case, "x", Verdict::Fail)).collect();
        assert!(text(RunFormat::Md, &report(), trials).ends_with("\n… and 5 more.\n"));
    }
}
