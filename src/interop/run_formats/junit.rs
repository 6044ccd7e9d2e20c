//! `JUnit` XML: a trial is a test case, so that CI shows each failure by its name.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use super::escape::{harmless, one_line};
use super::report::Report;
use super::trial::Row;
use crate::domain::TrialEnded;

const LONGEST_MESSAGE: usize = 300;

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = &report.header;
    let counts = format!(
        r#"tests="{}" failures="{}" errors="{}" skipped="{}""#,
        report.ended(),
        report.sum(|column| column.failed),
        report.sum(|column| column.errored),
        report.sum(|column| column.unscored),
    );
    let name = format!("{}/{}", header.project, header.experiment);
    let timestamp = header.started_at.strftime("%Y-%m-%dT%H:%M:%S");
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="strata" {counts}>"#)?;
    writeln!(out, r#"  <testsuite name="{}" timestamp="{timestamp}" {counts}>"#, attribute(&name))?;
    writeln!(out, "    <properties>")?;
    for (name, value) in properties(report) {
        writeln!(out, r#"      <property name="{name}" value="{}"/>"#, attribute(&value))?;
    }
    for (name, count) in guards(report).into_iter().filter(|(_, count)| *count > 0) {
        writeln!(out, r#"      <property name="{name}" value="{count}"/>"#)?;
    }
    writeln!(out, "    </properties>")?;
    for ended in trials {
        out.write_all(test_case(&Row::of(report, &ended), header.repeats > 1).as_bytes())?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn properties(report: &Report) -> [(&'static str, String); 6] {
    let header = &report.header;
    [
        ("run", header.id.to_string()),
        ("state", report.state.word().to_owned()),
        ("dataset_sha256", header.dataset_fingerprint.to_string()),
        ("planned", header.trials().to_string()),
        ("spent_usd", report.spent.dollars().to_string()),
        ("scripted", header.scripted().to_string()),
    ]
}

/// Trials in which the guards had a part.
fn guards(report: &Report) -> [(&'static str, u64); 3] {
    [
        ("repaired", report.sum(|column| column.repaired)),
        ("stood_in", report.sum(|column| column.stood_in)),
        ("flagged", report.sum(|column| column.flagged)),
    ]
}

fn test_case(row: &Row<'_>, repeated: bool) -> String {
    let repeat = if repeated { format!(" #{}", row.repeat) } else { String::new() };
    let name = attribute(&row.name()).into_owned() + &repeat;
    let class = attribute(&format!("{}.{}", row.variant, row.model)).into_owned();
    let seconds = row.latency_ms.unwrap_or_default() / 1000.0;
    let mut text = format!(r#"    <testcase classname="{class}" name="{name}" time="{seconds:.3}""#);
    let message = one_line(&row.reason, LONGEST_MESSAGE);
    let body = content(&format!("{}\n\nOutput:\n{}", row.reason, row.output)).into_owned();
    // Writing to a string cannot fail.
    let _ = match row.outcome {
        "pass" => writeln!(text, "/>"),
        "unscored" => writeln!(text, r#"><skipped message="{}"/></testcase>"#, attribute(&message)),
        "errored" => writeln!(
            text,
            r#"><error type="{}" message="{}">{}</error></testcase>"#,
            row.fault.unwrap_or_default(),
            attribute(&message),
            content(&row.reason)
        ),
        _ => writeln!(text, r#"><failure type="check" message="{}">{body}</failure></testcase>"#, attribute(&message)),
    };
    text
}

/// Text between tags. Characters that XML 1.0 does not have are visible tokens by then.
fn content(text: &str) -> Cow<'_, str> {
    let shown = harmless(text);
    if !shown.contains(['<', '>', '&']) {
        return shown;
    }
    Cow::Owned(shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// Text in double quotes, where a parser would turn line breaks into blanks.
fn attribute(text: &str) -> Cow<'_, str> {
    let shown = content(text);
    if !shown.contains(['"', '\n', '\t']) {
        return shown;
    }
    Cow::Owned(shown.replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{errored, report, text, trial};
    use super::*;
    use crate::domain::Verdict;
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn trials_are_test_cases() {
        let trials = vec![
            trial(0, "billing", Verdict::Pass),
            trial(1, "<b>\"sales\" & more</b>\n]]>\x1b", Verdict::Fail),
            errored(2),
        ];
        insta::assert_snapshot!(text(RunFormat::Junit, &report(), trials));
    }

    #[test]
    fn texts_cannot_leave_their_element() {
        assert_eq!(content("</failure>&amp;"), "&lt;/failure&gt;&amp;amp;");
        assert_eq!(attribute("a\"b\nc"), "a&quot;b&#10;c");
        assert_eq!(content("]]>\u{0}\u{fffe}"), "]]&gt;␀⟨U+FFFE⟩");
    }
}
