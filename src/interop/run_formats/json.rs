//! A run as one JSON object, written as it is read.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::jsonl::plain_json;
use super::report::{Named, Report};
use super::trial::Row;
use crate::domain::{Interval, TrialEnded, Usd};

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{{\n\"format\": 1,\n\"run\": {},", plain_json(&run(report))?)?;
    writeln!(out, "\"columns\": [")?;
    for (index, named) in report.named().enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        write!(out, "{comma}{}", plain_json(&column(&named, report.gate()))?)?;
    }
    writeln!(out, "\n],\n\"trials\": [")?;
    for (index, ended) in trials.enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        write!(out, "{comma}{}", plain_json(&Row::of(report, &ended))?)?;
    }
    writeln!(out, "\n]\n}}")
}

fn run(report: &Report) -> Value {
    let header = &report.header;
    json!({
        "id": header.id,
        "project": header.project,
        "experiment": header.experiment,
        "state": report.state.word(),
        "started_at": header.started_at.to_string(),
        "program": header.program,
        "prices_dated": header.prices_dated,
        "dataset": header.dataset,
        "dataset_sha256": header.dataset_fingerprint.to_string(),
        "cases": header.cases,
        "repeats": header.repeats,
        "trials": header.trials(),
        "ended": report.ended(),
        "scripted": header.scripted(),
        "gate": report.gate(),
        "gates_pass": report.gates_pass(),
        "spent_usd": report.spent.dollars(),
        "judge_spent_usd": report.judge_spent.dollars(),
    })
}

fn column(named: &Named<'_>, gate: f64) -> Value {
    let column = named.column;
    let metrics: Map<String, Value> = column.metrics.iter().map(|(name, mean)| (name.clone(), json!(mean))).collect();
    json!({
        "variant": named.variant,
        "model": named.model,
        "scripted": named.scripted,
        "passed": column.passed,
        "failed": column.failed,
        "unscored": column.unscored,
        "errored": column.errored,
        "pass_rate": column.pass_rate.map(interval),
        "pass_rate_at_first": column.pass_rate_at_first.map(interval),
        "repaired": column.repaired,
        "stood_in": column.stood_in,
        "flagged": column.flagged,
        "semantic": {
            "hits": column.semantic.hits,
            "audited": column.semantic.audited,
            "wrong": column.semantic.wrong,
            "false_hit_rate": column.semantic.false_hit_rate.map(interval),
            "saved_usd": column.semantic.saved.dollars(),
        },
        "passes_gate": column.passes(gate),
        "mean_cost_usd": column.mean_cost.map(Usd::dollars),
        "total_cost_usd": column.total_cost.map(Usd::dollars),
        "latency_p50_ms": column.latency_p50_ms,
        "latency_p95_ms": column.latency_p95_ms,
        "metrics": metrics,
    })
}

fn interval(rate: Interval) -> Value {
    json!({"value": rate.value, "low_95": rate.low, "high_95": rate.high})
}

#[cfg(test)]
mod tests {
    use super::super::tests::{report, text, trial};
    use super::*;
    use crate::domain::Verdict;
    use crate::interop::run_formats::RunFormat;

    #[test]
    fn a_run_is_one_object() {
        let trials = vec![trial(0, "billing", Verdict::Pass), trial(1, "x", Verdict::Fail)];
        let read: Value = serde_json::from_str(&text(RunFormat::Json, &report(), trials)).unwrap();
        assert_eq!(read["run"]["gates_pass"], true);
        assert_eq!(read["run"]["trials"], 8);
        assert_eq!(read["columns"][1]["variant"], "concise");
        assert_eq!(read["trials"][1]["reason"], "equals: The output is `x`, not `billing`.");
    }

    #[test]
    fn what_the_semantic_cache_saved_and_where_it_was_wrong_is_told() {
        let mut report = report();
        let semantic = &mut report.columns[0].semantic;
        (semantic.hits, semantic.audited, semantic.wrong) = (3, 8, 1);
        semantic.false_hit_rate = Some(Interval { value: 0.125, low: 0.02, high: 0.47 });
        semantic.saved = Usd::from_dollars(0.25).unwrap();
        let read: Value = serde_json::from_str(&text(RunFormat::Json, &report, vec![])).unwrap();
        let rate = json!({"value": 0.125, "low_95": 0.02, "high_95": 0.47});
        let expect = json!({"hits": 3, "audited": 8, "wrong": 1, "false_hit_rate": rate, "saved_usd": 0.25});
        assert_eq!(read["columns"][0]["semantic"], expect);
        assert_eq!(read["columns"][1]["semantic"]["false_hit_rate"], Value::Null);
    }

    #[test]
    fn a_run_without_trials_is_an_object_too() {
        let read: Value = serde_json::from_str(&text(RunFormat::Json, &report(), vec![])).unwrap();
        assert_eq!(read["trials"], json!([]));
    }
}
