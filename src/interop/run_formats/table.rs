//! A run for people: one line for each variant and model.

use std::io::{self, Write};

use super::escape::one_line;
use super::report::{ColumnReport, Named, Report, counted, milliseconds, money, percent};
use crate::domain::RunState;

const LONGEST_NAME: usize = 40;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", title(report))?;
    writeln!(out, "{}\n", size(report))?;
    let columns = columns(report);
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    line(columns.iter().map(|column| column.name), &widths, out)?;
    for row in 0..report.named().count() {
        line(columns.iter().map(|column| column.cells[row].as_str()), &widths, out)?;
    }
    if report.has_stars() {
        writeln!(out, "\n* scripted, not a model")?;
    }
    if report.state != RunState::Completed {
        writeln!(
            out,
            "\nNot complete ({}): {} of {} trials ended.",
            report.state.word(),
            report.ended(),
            report.header.trials()
        )?;
    }
    Ok(())
}

pub(super) fn title(report: &Report) -> String {
    let header = &report.header;
    let names = [header.id.as_str(), header.experiment.as_str(), header.project.as_str()];
    let [run, experiment, project] = names.map(|name| one_line(name, LONGEST_NAME));
    format!("Run {run} of {experiment} in {project}: {}", report.state.word())
}

pub(super) fn size(report: &Report) -> String {
    let header = &report.header;
    let repeats = if header.repeats > 1 { format!(" × {} repeats", header.repeats) } else { String::new() };
    let judges = if report.judge_spent.nanos() > 0 {
        format!(", {} of it for judges", report.judge_spent)
    } else {
        String::new()
    };
    format!(
        "{}, {}{repeats}, {}, {} spent{judges}",
        one_line(header.dataset.as_str(), LONGEST_NAME),
        counted(header.cases.into(), "case"),
        counted(header.trials(), "trial"),
        report.spent
    )
}

/// A column of the table: its name, and a cell for each variant and model.
pub(super) struct Column {
    pub name: &'static str,
    pub cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(|cell| width(cell)).chain([width(self.name)]).max().unwrap_or_default()
    }
}

/// What guards did has its columns only where they did something.
pub(super) fn columns(report: &Report) -> Vec<Column> {
    let gate = report.gate();
    let column = |name, cell: &dyn Fn(&Named<'_>) -> String| Column {
        name,
        cells: report.named().map(|named| cell(&named)).collect(),
    };
    let some = |count: fn(&ColumnReport) -> u64| report.sum(count) > 0;
    let (repaired, stood_in, flagged) =
        (some(|column| column.repaired), some(|column| column.stood_in), some(|column| column.flagged));
    let (similar, audited) = (some(|column| column.semantic.hits), some(|column| column.semantic.audited));
    let columns = [
        Some(column("Variant", &|named| one_line(named.variant.as_str(), LONGEST_NAME))),
        Some(column("Model", &|named| {
            one_line(named.model.as_str(), LONGEST_NAME) + if named.scripted { "*" } else { "" }
        })),
        Some(column("Pass rate", &|named| percent(named.column.pass_rate))),
        repaired.then(|| column("At first", &|named| percent(named.column.pass_rate_at_first))),
        Some(column("Passed", &|named| format!("{}/{}", named.column.passed, named.column.scored()))),
        Some(column("Unscored", &|named| named.column.unscored.to_string())),
        Some(column("Errored", &|named| named.column.errored.to_string())),
        repaired.then(|| column("Repaired", &|named| named.column.repaired.to_string())),
        stood_in.then(|| column("Stand-in", &|named| named.column.stood_in.to_string())),
        flagged.then(|| column("Flagged", &|named| named.column.flagged.to_string())),
        similar.then(|| column("Similar", &|named| named.column.semantic.hits.to_string())),
        similar.then(|| column("Saved", &|named| named.column.semantic.saved.to_string())),
        audited.then(|| column("Would hit", &|named| named.column.semantic.audited.to_string())),
        audited.then(|| column("False hits", &|named| percent(named.column.semantic.false_hit_rate))),
        Some(column("Mean cost", &|named| money(named.column.mean_cost))),
        Some(column("p50", &|named| milliseconds(named.column.latency_p50_ms))),
        Some(column("p95", &|named| milliseconds(named.column.latency_p95_ms))),
        Some(column("Gate", &|named| {
            if named.column.passes(gate) { "passes".to_owned() } else { format!("below {} %", gate * 100.0) }
        })),
    ];
    columns.into_iter().flatten().collect()
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let padded = cells.zip(widths).map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide - width(cell))));
    writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{report, text};
    use crate::domain::{Interval, RunState};
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn a_run_is_a_table() {
        let mut report = report();
        report.columns[0].passed = 2;
        insta::assert_snapshot!(text(RunFormat::Table, &report, vec![]));
    }

    #[test]
    fn what_guards_did_has_columns_where_they_did_something() {
        let mut report = report();
        let column = &mut report.columns[1];
        (column.repaired, column.flagged) = (2, 1);
        column.pass_rate_at_first = Some(Interval { value: 0.5, low: 0.15, high: 0.85 });
        let text = text(RunFormat::Table, &report, vec![]);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| ["Variant", "concise"].iter().any(|start| line.starts_with(start)))
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(lines[0][2..9], ["Pass rate", "At first", "Passed", "Unscored", "Errored", "Repaired", "Flagged"]);
        assert_eq!(lines[1][2..9], ["75.0 % (30.1–95.4)", "50.0 % (15.0–85.0)", "3/4", "0", "0", "2", "1"]);
    }

    #[test]
    fn the_semantic_cache_has_columns_for_what_it_did_and_what_it_would_have_done() {
        let heads = |change: fn(&mut super::super::SemanticReport)| {
            let mut report = report();
            change(&mut report.columns[0].semantic);
            let text = text(RunFormat::Table, &report, vec![]);
            ["Similar", "Saved", "Would hit", "False hits"].map(|head| text.contains(head))
        };
        assert_eq!(heads(|_| {}), [false; 4]);
        assert_eq!(heads(|semantic| semantic.hits = 2), [true, true, false, false]);
        assert_eq!(heads(|semantic| semantic.audited = 2), [false, false, true, true]);
    }

    #[test]
    fn what_is_left_is_told() {
        let mut report = report();
        report.state = RunState::BudgetReached;
        let text = text(RunFormat::Table, &report, vec![]);
        assert!(text.ends_with("Not complete (budget reached): 8 of 8 trials ended.\n"), "{text}");
    }
}
