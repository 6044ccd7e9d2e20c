//! A run for people: one line for each variant and model.

use std::io::{self, Write};

use super::escape::one_line;
use super::report::{Report, counted, milliseconds, money, percent};
use crate::domain::RunState;

const LONGEST_NAME: usize = 40;

pub(super) const HEADER: [&str; 10] =
    ["Variant", "Model", "Pass rate", "Passed", "Unscored", "Errored", "Mean cost", "p50", "p95", "Gate"];

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", title(report))?;
    writeln!(out, "{}\n", size(report))?;
    let rows: Vec<[String; 10]> = rows(report);
    let widths: [usize; 10] = std::array::from_fn(|at| {
        rows.iter().map(|row| width(&row[at])).chain([width(HEADER[at])]).max().unwrap_or_default()
    });
    line(&HEADER.map(str::to_owned), &widths, out)?;
    for row in &rows {
        line(row, &widths, out)?;
    }
    if report.header.scripted() {
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

pub(super) fn rows(report: &Report) -> Vec<[String; 10]> {
    let gate = report.gate();
    report
        .named()
        .map(|named| {
            let column = named.column;
            let mark = if named.scripted { "*" } else { "" };
            [
                one_line(named.variant.as_str(), LONGEST_NAME),
                one_line(named.model.as_str(), LONGEST_NAME) + mark,
                percent(column.pass_rate),
                format!("{}/{}", column.passed, column.scored()),
                column.unscored.to_string(),
                column.errored.to_string(),
                money(column.mean_cost),
                milliseconds(column.latency_p50_ms),
                milliseconds(column.latency_p95_ms),
                if column.passes(gate) { "passes".to_owned() } else { format!("below {} %", gate * 100.0) },
            ]
        })
        .collect()
}

fn line(cells: &[String; 10], widths: &[usize; 10], out: &mut dyn Write) -> io::Result<()> {
    let padded = cells.iter().zip(widths).map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide - width(cell))));
    writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{report, text};
    use crate::domain::RunState;
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn a_run_is_a_table() {
        let mut report = report();
        report.columns[0].passed = 2;
        insta::assert_snapshot!(text(RunFormat::Table, &report, vec![]));
    }

    #[test]
    fn what_is_left_is_told() {
        let mut report = report();
        report.state = RunState::BudgetReached;
        let text = text(RunFormat::Table, &report, vec![]);
        assert!(text.ends_with("Not complete (budget reached): 8 of 8 trials ended.\n"), "{text}");
    }
}
