//! A run as text: a summary by column, and its trials one by one as they are read.
//!
//! Whatever a model or a case says is data: [`escape`] makes it harmless where it is shown.

mod csv;
mod escape;
mod html;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod not_passed;
mod report;
mod table;
mod trial;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::domain::TrialEnded;

pub use escape::{harmless, one_line};
pub(super) use jsonl::plain_json;
pub use not_passed::write_not_passed;
pub use report::{ColumnReport, Report, SemanticReport, counted};

/// How a run is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunFormat {
    /// For people: one line for each variant and model.
    Table,
    /// The whole run as one JSON object.
    Json,
    /// One JSON object a line for each trial.
    Jsonl,
    /// `JUnit` XML for CI.
    Junit,
    /// One row for each trial.
    Csv,
    /// A summary in Markdown.
    Md,
    /// One web page that needs nothing else.
    Html,
}

impl RunFormat {
    /// The format that a file's name asks for.
    #[must_use]
    pub fn of_file(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::Jsonl),
            "xml" => Some(Self::Junit),
            "csv" => Some(Self::Csv),
            "md" => Some(Self::Md),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// Writes a run.
///
/// # Errors
/// The writer's own, a closed pipe included.
pub fn write_run(
    format: RunFormat,
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        RunFormat::Table => table::write(report, out),
        RunFormat::Json => json::write(report, trials, out),
        RunFormat::Jsonl => jsonl::write(report, trials, out),
        RunFormat::Junit => junit::write(report, trials, out),
        RunFormat::Csv => csv::write(report, trials, out),
        RunFormat::Md => markdown::write(report, trials, out),
        RunFormat::Html => html::write(report, trials, out),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::{
        CallError, CheckResult, Completion, Experiment, Fault, Fingerprint, FinishReason, Guarded, Interval, Outcome,
        RunHeader, RunModel, RunState, Score, TrialRef, Usage, Usd, Verdict,
    };

    pub fn report() -> Report {
        let experiment: Experiment =
            serde_json::from_value(serde_json::json!({"variants": ["plain", "concise"], "models": ["small"],
                "dataset": "messages", "repeats": 1, "gate": 0.75}))
            .unwrap();
        let header = RunHeader {
            id: "20261123-140501-7f3a".into(),
            project: "triage".into(),
            experiment: "main".into(),
            definition: experiment,
            variants: vec!["plain".into(), "concise".into()],
            models: vec![RunModel {
                id: "small".into(),
                model: "small-1".to_owned(),
                origin: "scripted".to_owned(),
                scripted: true,
            }],
            dataset: "messages".into(),
            dataset_fingerprint: Fingerprint([7; 32]),
            cases: 4,
            repeats: 1,
            started_at: "2026-11-23T14:05:01Z".parse().unwrap(),
            program: "0.1.0".to_owned(),
            prices_dated: "2026-11-20".to_owned(),
            judges: Vec::new(),
            temperatures: Vec::new(),
            left_out: 0,
            idle: Vec::new(),
        };
        let column = ColumnReport {
            passed: 3,
            failed: 1,
            pass_rate: Some(Interval { value: 0.75, low: 0.301, high: 0.954 }),
            mean_cost: Usd::from_dollars(0.0042),
            total_cost: Usd::from_dollars(0.0168),
            latency_p50_ms: Some(812.4),
            latency_p95_ms: Some(1904.0),
            ..ColumnReport::default()
        };
        Report {
            header: Arc::new(header),
            state: RunState::Completed,
            columns: vec![column.clone(), column],
            spent: Usd::from_dollars(0.0336).unwrap(),
            judge_spent: Usd::ZERO,
            descriptions: std::collections::BTreeMap::new(),
        }
    }

    pub fn trial(case: u32, text: &str, verdict: Verdict) -> Arc<TrialEnded> {
        let check = CheckResult {
            metric: "equals".to_owned(),
            verdict,
            score: Some(if verdict == Verdict::Pass { 1.0 } else { 0.0 }),
            weight: 1.0,
            reason: format!("The output is `{text}`, not `billing`."),
        };
        let score = Score::new(verdict, check.score.unwrap(), vec![check]);
        let answer = Completion {
            text: text.to_owned(),
            reasoning: None,
            tool_calls: vec![],
            finish: FinishReason::Stop,
            usage: Some(Usage { input_tokens: 40, output_tokens: 3, ..Usage::default() }),
            model: None,
            request_id: None,
            first_token_ms: None,
            latency_ms: 812.4,
        };
        ended(case, Outcome::Scored(score), Some(answer))
    }

    pub fn errored(case: u32) -> Arc<TrialEnded> {
        ended(case, Outcome::Errored(CallError::new(Fault::Overloaded, "The provider is out of capacity.")), None)
    }

    fn ended(case: u32, outcome: Outcome, answer: Option<Completion>) -> Arc<TrialEnded> {
        Arc::new(TrialEnded {
            trial: TrialRef { case, variant: 1, model: 0, repeat: 0 },
            key: Fingerprint::default(),
            case_id: format!("case-{case}").into(),
            request: Fingerprint::default(),
            outcome,
            cost: answer.as_ref().and(Usd::from_dollars(0.0042)),
            answer: answer.map(Arc::new),
            cached: false,
            attempts: 1,
            spent: Usd::from_dollars(0.0042).unwrap(),
            judge_spent: Usd::ZERO,
            guarded: Guarded::default(),
        })
    }

    pub fn text(format: RunFormat, report: &Report, trials: Vec<Arc<TrialEnded>>) -> String {
        let mut out = Vec::new();
        write_run(format, report, &mut trials.into_iter(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A scripted model of which no trial is run has no row, and so there is no star to be explained.
    #[test]
    fn the_note_on_scripts_stands_where_a_row_has_a_star() {
        let of_script = |format, idle: &[u32]| {
            let mut report = report();
            let header = Arc::make_mut(&mut report.header);
            let asked = RunModel { id: "large".into(), scripted: false, ..header.models[0].clone() };
            header.models.push(asked);
            header.idle = idle.to_vec();
            report.columns = vec![report.columns[0].clone(); 4];
            text(format, &report, vec![]).contains("scripted, not a model")
        };
        for format in [RunFormat::Table, RunFormat::Md, RunFormat::Html] {
            assert!(of_script(format, &[]) && of_script(format, &[0]), "{format:?}");
            assert!(!of_script(format, &[0, 2]), "{format:?}");
        }
    }

    /// Whatever a model writes, no format passes on a character that a terminal acts on.
    #[test]
    fn no_format_passes_on_what_terminals_act_on() {
        let hostile = "\x1b]8;;https://evil.example\x07link\x1b[2J\u{9b}31m\x08\x00\u{202e}\u{200b}\u{e0041}\u{7f}";
        for format in
            [RunFormat::Table, RunFormat::Json, RunFormat::Jsonl, RunFormat::Junit, RunFormat::Csv, RunFormat::Md]
        {
            let mut report = report();
            Arc::make_mut(&mut report.header).variants[1] = hostile.into();
            let text = text(format, &report, vec![trial(1, hostile, Verdict::Fail)]);
            let bad = text.chars().find(|letter| harmful(*letter));
            assert_eq!(bad, None, "{format:?}: {text}");
        }
    }

    fn harmful(letter: char) -> bool {
        (letter.is_control() && letter != '\n') || "\u{202e}\u{200b}\u{e0041}".contains(letter)
    }
}
