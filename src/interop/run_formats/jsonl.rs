//! One JSON object a line for each trial.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::report::Report;
use super::trial::Row;
use crate::domain::TrialEnded;

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for ended in trials {
        writeln!(out, "{}", plain_json(&Row::of(report, &ended))?)?;
    }
    Ok(())
}

/// Compact JSON whose characters beyond ASCII that a terminal or an eye could be misled by are escaped. The value that a
/// program reads is the same.
pub(in crate::interop) fn plain_json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    let mut plain = String::with_capacity(text.len());
    let mut units = [0; 2];
    for letter in text.chars() {
        let mut letter_bytes = [0; 4];
        let alone: &str = letter.encode_utf8(&mut letter_bytes);
        // Most letters are plain ones: they are told at a glance.
        if (' '..='~').contains(&letter) || super::escape::harmless(alone) == alone {
            plain.push(letter);
        } else {
            plain.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{errored, report, text, trial};
    use super::*;
    use crate::domain::{Finding, FindingKind, Guarded, Risk, Side, StandIn, Step, TimedStep, Treatment, Verdict};
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn each_trial_is_a_line() {
        let trials = vec![trial(0, "billing", Verdict::Pass), trial(1, "two\nlines", Verdict::Fail), errored(2)];
        let text = text(RunFormat::Jsonl, &report(), trials);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].clone()).collect();
        assert_eq!(outcomes, [json!("pass"), json!("fail"), json!("errored")]);
        assert_eq!(lines[1]["output"], "two\nlines");
        assert_eq!(lines[2]["fault"], "overloaded");
        assert_eq!(lines[2]["cost_usd"], Value::Null);
    }

    #[test]
    fn what_guards_did_to_a_trial_is_told() {
        let finding = Finding {
            kind: FindingKind::Pii,
            name: "email".to_owned(),
            span: 0..3,
            risk: Risk::High,
            excerpt: "a…".to_owned(),
        };
        let step = Step::Found { side: Side::Output, finding, treatment: Treatment::Flagged };
        let mut ended = Arc::unwrap_or_clone(trial(0, "billing", Verdict::Pass));
        ended.guarded = Guarded {
            repairs: 2,
            stand_in: Some(StandIn::Model("large".into())),
            left_out: true,
            steps: vec![TimedStep { at_ms: 5, step }],
            ..Guarded::default()
        };
        let text = text(RunFormat::Jsonl, &report(), vec![Arc::new(ended)]);
        let line: Value = serde_json::from_str(&text).unwrap();
        let told = ["repairs", "stand_in", "left_out", "withheld", "findings"].map(|name| line[name].clone());
        assert_eq!(told, [json!(2), json!("large"), json!(true), json!(false), json!(1)]);
    }

    #[test]
    fn programs_read_the_text_as_it_was() {
        let said = "\x1b[31m\u{202e}\u{e0041}\u{7f}ü";
        let line = plain_json(&said).unwrap();
        assert!(line.starts_with("\"\\u001b[31m\\u202e\\udb40\\udc41\\u007fü"), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), said);
    }
}
