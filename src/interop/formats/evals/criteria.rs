//! Testing criteria of the evals API, as checks.

use serde_json::{Map, Value};

use crate::domain::{Assertion, AssertionKind, Check, CheckKind, ModelId, Need};
use crate::interop::formats::draft::Draft;
use crate::interop::formats::endpoints::Endpoint;
use crate::interop::formats::params;
use crate::interop::formats::words::double_braces_as;

use super::definition::item;

pub struct Criteria<'d, 't> {
    pub draft: &'d mut Draft<'t>,
    /// The item's column that is taken for the answer.
    pub given: Option<&'d str>,
}

/// What a criterion looks at.
enum Subject {
    /// The output, or a value in it by JSON Pointer.
    Output(Option<String>),
    Other,
}

/// The column that all criteria grade in the place of an output.
pub fn output_column(criteria: &[Value]) -> Option<String> {
    let mut columns = criteria.iter().filter_map(|criterion| {
        slot(criterion.get("input")?.as_str()?)?.strip_prefix("item.").and_then(crate::interop::formats::names::path)
    });
    let first = columns.next()?;
    let uses_sample = criteria.iter().any(|criterion| criterion.to_string().contains("sample."));
    (!uses_sample && columns.all(|column| column == first) && !first.contains(['.', '['])).then_some(first)
}

/// What stands in a text that is one slot and nothing else.
fn slot(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{")).then(|| inner.trim())
}

impl Criteria<'_, '_> {
    /// The check of a criterion; `None` where there is none, which is told.
    pub fn check(&mut self, part: &str, criterion: &Value, line: Option<u32>) -> Option<Check> {
        let kind = criterion.get("type").and_then(Value::as_str).unwrap_or("no type");
        let name = criterion.get("name").and_then(Value::as_str).unwrap_or_default();
        let part = format!("{part} {kind}");
        let check = match kind {
            "string_check" => self.string_check(&part, criterion, line),
            "text_similarity" => self.similarity(&part, criterion, line),
            "label_model" => self.label(&part, criterion, line),
            "score_model" => self.score(&part, criterion, line),
            "python" => {
                self.draft.unsupported(
                    &part,
                    line,
                    "Python is never run here: write the check as a pattern or in JavaScript.",
                );
                None
            }
            _ => {
                self.draft.unsupported(&part, line, format!("Criteria of the type `{kind}` are not supported."));
                None
            }
        }?;
        Some(Check { metric: name.to_owned(), ..check })
    }

    fn subject(&self, input: &str) -> Subject {
        match slot(input) {
            Some("sample.output_text") => Subject::Output(None),
            Some(inner) => match inner.strip_prefix("sample.output_json.") {
                Some(path) => Subject::Output(Some(format!("/{}", path.replace(['.', '['], "/").replace(']', "")))),
                None if self.given.is_some() && item(inner).as_deref() == self.given => Subject::Output(None),
                None => Subject::Other,
            },
            None => Subject::Other,
        }
    }

    fn string_check(&mut self, part: &str, criterion: &Value, line: Option<u32>) -> Option<Check> {
        let of = |name: &str| criterion.get(name).and_then(Value::as_str).unwrap_or_default();
        let operation = of("operation");
        let (mut input, mut reference) = (of("input"), of("reference"));
        if matches!(self.subject(input), Subject::Other) && ["eq", "ne"].contains(&operation) {
            (input, reference) = (reference, input);
        }
        let Subject::Output(at) = self.subject(input) else {
            self.draft.unsupported(
                part,
                line,
                "It does not look at the output; only checks of the output are supported.",
            );
            return None;
        };
        let value = double_braces_as(reference, item).template();
        let (kind, not) = match operation {
            "eq" => (CheckKind::Equals { value, ignore_case: false }, false),
            "ne" => (CheckKind::Equals { value, ignore_case: false }, true),
            "like" | "ilike" => {
                let ignore_case = operation == "ilike";
                (CheckKind::Contains { values: vec![value], need: Need::All, ignore_case }, false)
            }
            _ => {
                self.draft.unsupported(part, line, format!("The operation `{operation}` is not known."));
                return None;
            }
        };
        self.draft.exact(part, line, format!("A check: {}{}.", if not { "not " } else { "" }, kind.name()));
        Some(Check { not, at, ..Check::new(kind) })
    }

    fn similarity(&mut self, part: &str, criterion: &Value, line: Option<u32>) -> Option<Check> {
        let of = |name: &str| criterion.get(name).and_then(Value::as_str).unwrap_or_default();
        let Subject::Output(None) = self.subject(of("input")) else {
            self.draft.unsupported(part, line, "It does not look at the whole output.");
            return None;
        };
        let metric = of("evaluation_metric");
        let (kind, note) = match metric {
            "bleu" => (AssertionKind::Bleu, "It is computed as promptfoo does; smoothing may differ."),
            "gleu" => (AssertionKind::Gleu, "It is computed as promptfoo does; tokens may differ."),
            "meteor" => (AssertionKind::Meteor, "It is computed as promptfoo does; synonyms may differ."),
            "rouge_1" => (AssertionKind::RougeN, "It is computed as promptfoo does; tokens may differ."),
            "cosine" => (AssertionKind::Similar, "Vectors come from the model for embeddings that is chosen here."),
            _ => {
                self.draft.unsupported(
                    part,
                    line,
                    format!("The measure `{metric}` is not there; `rouge-n`, `bleu` or `similar` come near."),
                );
                return None;
            }
        };
        let value = double_braces_as(of("reference"), item).template();
        let threshold = criterion.get("pass_threshold").and_then(Value::as_f64);
        self.draft.near(part, line, note);
        let assertion = Assertion::new(kind, Value::String(value));
        Some(Check { threshold, ..Check::new(CheckKind::Assertion(Box::new(assertion))) })
    }

    fn label(&mut self, part: &str, criterion: &Value, line: Option<u32>) -> Option<Check> {
        let list = |name: &str| {
            let items = criterion.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        let rule = format!(
            "Give the output one of these labels: {}. It scores 1 for {}, and 0 for any other.",
            list("labels"),
            list("passing_labels")
        );
        self.draft.near(part, line, "A judge reads the same instructions and gives a score for the label.");
        self.judge(part, criterion, &rule, None, line)
    }

    fn score(&mut self, part: &str, criterion: &Value, line: Option<u32>) -> Option<Check> {
        let bound = |index: usize, default: f64| {
            criterion.get("range").and_then(|range| range.get(index)?.as_f64()).unwrap_or(default)
        };
        let (low, high) = (bound(0, 0.0), bound(1, 1.0));
        if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            self.draft.unsupported(part, line, "The range of its scores is empty.");
            return None;
        }
        let rule = format!(
            "Score from {low} to {high} as the instructions say, then give the share of that range, from 0 to 1."
        );
        let threshold = criterion.get("pass_threshold").and_then(Value::as_f64);
        let threshold = threshold.map(|score| ((score - low) / (high - low)).clamp(0.0, 1.0));
        self.draft.near(part, line, "A judge reads the same instructions; its score is brought to the range 0 to 1.");
        self.judge(part, criterion, &rule, threshold, line)
    }

    /// A judge that reads the criterion's messages.
    fn judge(
        &mut self,
        part: &str,
        criterion: &Value,
        rule: &str,
        threshold: Option<f64>,
        line: Option<u32>,
    ) -> Option<Check> {
        let Some(name) = criterion.get("model").and_then(Value::as_str) else {
            self.draft.unsupported(part, line, "It names no model.");
            return None;
        };
        let model = self.model(name, criterion);
        let messages: Vec<String> = match criterion.get("input") {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items.iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        };
        let rubric =
            messages.iter().map(|text| instructions(text)).chain([rule.to_owned()]).collect::<Vec<_>>().join("\n\n");
        Some(Check { threshold, ..Check::new(CheckKind::Judge { model, rubric }) })
    }

    fn model(&mut self, name: &str, criterion: &Value) -> ModelId {
        let none = Map::new();
        let sampling = criterion.get("sampling_params").and_then(Value::as_object).unwrap_or(&none);
        let provider = self.draft.provider(Endpoint::of_model(name));
        self.draft.model(provider, name, params::Read::of(sampling).params)
    }
}

fn text_of(message: &Value) -> Option<String> {
    let content = message.get("content")?;
    let text = content.as_str().or_else(|| content.get("text")?.as_str());
    text.map(str::to_owned)
}

/// A message of a grader, in which the output is spoken of: the judge is shown it in any case.
fn instructions(text: &str) -> String {
    let named =
        text.replace("{{sample.output_text}}", "(the output)").replace("{{ sample.output_text }}", "(the output)");
    double_braces_as(&named, item).template()
}
