//! One row for each trial, safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use super::escape::harmless;
use super::report::Report;
use super::trial::Row;
use crate::domain::TrialEnded;

const HEADER: [&str; 22] = [
    "case",
    "variant",
    "model",
    "repeat",
    "outcome",
    "score",
    "reason",
    "output",
    "finish",
    "cost_usd",
    "spent_usd",
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "cached",
    "attempts",
    "fault",
    "repairs",
    "stand_in",
    "left_out",
    "withheld",
    "findings",
];

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    // Where no case has a name, there is no column for it.
    let described = !report.descriptions.is_empty();
    table.write_record(HEADER.into_iter().chain(described.then_some("description"))).map_err(into_io)?;
    for ended in trials {
        let row = Row::of(report, &ended);
        let description = described.then(|| safe(row.description.unwrap_or_default()));
        let cells = cells(&row);
        table.write_record(cells.iter().chain(&description).map(AsRef::as_ref)).map_err(into_io)?;
    }
    table.flush()
}

fn cells<'r>(row: &'r Row<'_>) -> [Cow<'r, str>; HEADER.len()] {
    let number = |value: Option<String>| Cow::Owned(value.unwrap_or_default());
    [
        safe(row.case),
        safe(row.variant),
        safe(row.model),
        row.repeat.to_string().into(),
        row.outcome.into(),
        number(row.score.map(|score| score.to_string())),
        safe(&row.reason),
        safe(row.output),
        safe(row.finish.as_deref().unwrap_or_default()),
        number(row.cost_usd.map(|cost| cost.to_string())),
        row.spent_usd.to_string().into(),
        number(row.latency_ms.map(|latency| latency.to_string())),
        number(row.input_tokens.map(|tokens| tokens.to_string())),
        number(row.output_tokens.map(|tokens| tokens.to_string())),
        row.cached.to_string().into(),
        row.attempts.to_string().into(),
        row.fault.unwrap_or_default().into(),
        row.repairs.to_string().into(),
        safe(row.stand_in.unwrap_or_default()),
        row.left_out.to_string().into(),
        row.withheld.to_string().into(),
        row.findings.to_string().into(),
    ]
}

/// Text that no spreadsheet takes for a formula: an apostrophe goes before one that starts like one.
fn safe(text: &str) -> Cow<'_, str> {
    const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let shown = harmless(text);
    if text.trim_start_matches(' ').starts_with(STARTS) { Cow::Owned(format!("'{shown}")) } else { shown }
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{errored, report, text, trial};
    use super::*;
    use crate::domain::Verdict;
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn formulas_are_text() {
        let check = |text: &str, expect: &str| assert_eq!(safe(text), expect);
        check("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1");
        check("+1", "'+1");
        check("-2", "'-2");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("\r=1", "'␍=1");
        check("  =1", "'  =1");
        check("＝1", "'＝1");
        check("a=1", "a=1");
        check("", "");
    }

    #[test]
    fn rows_read_back_whole() {
        let trials = vec![trial(0, "a, \"b\"\nc", Verdict::Pass), trial(1, "=1+1", Verdict::Fail), errored(2)];
        let text = text(RunFormat::Csv, &report(), trials);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), HEADER.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((&rows[0][7], &rows[1][7], &rows[2][4]), ("a, \"b\"\nc", "'=1+1", "errored"));
    }
}
