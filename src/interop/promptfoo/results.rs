//! An evaluation as one JSON object: a row for each test and column, in promptfoo's order and with its names.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::domain::{Breakdown, Case, Outcome, RunHeader, TrialEnded, TrialRef, Verdict};

use super::import::test_index;
use super::suite::DerivedMetric;
use super::totals::ColumnTotals;

/// A trial with what its row says of it.
pub struct ResultRow<'a> {
    pub ended: TrialEnded,
    pub case: Case,
    /// The prompt's label, or its text.
    pub label: &'a str,
    /// The provider's label, or its id.
    pub provider: &'a str,
}

/// The columns of a run in promptfoo's order: provider by provider, the prompts that it has. A column's place is its
/// `promptIdx`.
#[must_use]
pub fn columns(header: &RunHeader) -> Vec<(u16, u16)> {
    let (variants, models) = (0_u16.., 0_u16..);
    let models: Vec<_> = models.zip(&header.models).collect();
    let variants: Vec<_> = variants.zip(&header.variants).collect();
    let pairs = models.iter().flat_map(|model| variants.iter().map(move |variant| (model, variant)));
    let runs = |model: &_, variant: &_| {
        !header
            .definition
            .without
            .iter()
            .any(|(left_variant, left_model)| left_variant == variant && left_model == model)
    };
    pairs
        .filter(|((_, model), (_, variant))| runs(&model.id, *variant))
        .map(|((model, _), (variant, _))| (*variant, *model))
        .collect()
}

/// The trials of a run in the order of its rows.
pub fn trials(header: &RunHeader) -> impl Iterator<Item = TrialRef> {
    let columns = columns(header);
    let cases = header.cases;
    (0..cases).flat_map(move |case| {
        let of_case = |(variant, model): &(u16, u16)| TrialRef { case, variant: *variant, model: *model, repeat: 0 };
        columns.iter().map(of_case).collect::<Vec<_>>()
    })
}

/// Writes the rows as they come.
///
/// # Errors
/// The writer's own.
pub fn write_results(
    header: &RunHeader,
    derived: &[DerivedMetric],
    rows: &mut dyn Iterator<Item = ResultRow<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = columns(header);
    let mut totals = vec![(ColumnTotals::default(), "", ""); columns.len()];
    out.write_all(b"{\"results\":[")?;
    for (number, row) in rows.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &written(&columns, &row))?;
        let trial = row.ended.trial;
        if let Some(at) = columns.iter().position(|column| *column == (trial.variant, trial.model)) {
            let (sums, provider, label) = &mut totals[at];
            sums.add(&row.ended.outcome, breakdown(&row.ended.outcome).unwrap_or(&Breakdown::default()), derived);
            (*provider, *label) = (row.provider, row.label);
        }
    }
    let totals = totals.iter().enumerate().map(|(at, (sums, provider, label))| sums.written(at, provider, label));
    out.write_all(b"\n],\n\"prompts\":")?;
    serde_json::to_writer(&mut *out, &totals.collect::<Vec<_>>())?;
    out.write_all(b"}\n")
}

fn breakdown(outcome: &Outcome) -> Option<&Breakdown> {
    match outcome {
        Outcome::Scored(score) | Outcome::Unscored(score) => score.breakdown.as_deref(),
        Outcome::Errored(_) => None,
    }
}

/// What is written for a config that cannot be loaded.
///
/// # Errors
/// The writer's own.
pub fn write_load_error(message: &str, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &json!({ "results": [], "load_error": message }))?;
    out.write_all(b"\n")
}

fn written(columns: &[(u16, u16)], row: &ResultRow<'_>) -> Value {
    let trial = row.ended.trial;
    let column = columns.iter().position(|column| *column == (trial.variant, trial.model));
    let none = Breakdown::default();
    let (score, breakdown) = match &row.ended.outcome {
        Outcome::Scored(score) | Outcome::Unscored(score) => (Some(score), score.breakdown.as_deref().unwrap_or(&none)),
        Outcome::Errored(_) => (None, &none),
    };
    let text = row.ended.answer.as_ref().map(|answer| Value::String(answer.text.clone()));
    // Of an error it is not known.
    let rendered = breakdown.prompt.clone().map(Value::String).or_else(|| text.clone().filter(|_| score.is_some()));
    let output = breakdown.output.clone().or(text).unwrap_or_default();
    let mut vars = row.case.vars.clone();
    vars.retain(|name, _| !name.starts_with("__") && name != "_conversation");
    let mut written = Map::from_iter([
        ("testIdx".to_owned(), json!(test_index(&row.case.id))),
        ("promptIdx".to_owned(), json!(column)),
        ("provider".to_owned(), json!(row.provider)),
        ("prompt".to_owned(), json!(row.label)),
        ("vars".to_owned(), Value::Object(vars)),
        ("prompt_rendered".to_owned(), json!(rendered)),
        ("output".to_owned(), output),
        ("pass".to_owned(), json!(score.is_some_and(|score| score.verdict == Verdict::Pass))),
        // Not a number is `null`, as JSON has no word for it.
        ("score".to_owned(), json!(score.map_or(0.0, |score| score.score))),
        ("namedScores".to_owned(), json!(breakdown.metrics)),
        ("error".to_owned(), json!(score.is_none())),
    ]);
    if !row.case.note.is_empty() {
        written.insert("description".to_owned(), json!(row.case.note));
    }
    let assertions = breakdown.assertions.iter().map(
        |result| json!({ "type": result.kind, "pass": result.pass, "score": result.score, "reason": result.reason }),
    );
    written.insert("assertions".to_owned(), assertions.collect());
    match &row.ended.outcome {
        Outcome::Errored(error) => written.insert("reason".to_owned(), json!(error.message)),
        Outcome::Unscored(_) => written.insert("unscored".to_owned(), json!(true)),
        Outcome::Scored(_) => None,
    };
    Value::Object(written)
}
