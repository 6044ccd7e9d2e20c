//! How samples are graded, by the class of their eval.

use serde_json::{Map, Value, json};

use crate::domain::{Assertion, AssertionKind, AssertionSet, Check, CheckKind, Need};
use crate::interop::formats::draft::Draft;
use crate::interop::formats::reading::Read;
use crate::interop::formats::source::Source;
use crate::interop::formats::words::{Piece, Words, python_format};
use crate::interop::formats::yaml::Yaml;

use super::registry::find;

#[derive(Debug, Clone, PartialEq)]
pub enum Grading {
    /// The output starts with one of the ideals.
    Match,
    /// The output has one of the ideals in it.
    Includes { ignore_case: bool },
    /// The output is the ideal as JSON.
    JsonMatch,
    /// A model grades by this text, in which `input`, `ideal` and the like are slots.
    Model { rubric: Words },
    /// In no way that there is here.
    Unknown,
}

impl Grading {
    /// The grading of a class such as `evals.elsuite.basic.match:Match`; what it loses is told.
    pub fn of(draft: &mut Draft, class: &str, args: &Map<String, Value>, line: Option<u32>, read: Read) -> Self {
        let name = class.rsplit([':', '.']).next().unwrap_or(class);
        match name {
            "Match" => {
                draft.exact(class, line, "The output must start with the ideal answer.");
                Self::Match
            }
            "Includes" => {
                let ignore_case = args.get("ignore_case").and_then(Value::as_bool).unwrap_or(false);
                draft.exact(class, line, "The output must have the ideal answer in it.");
                Self::Includes { ignore_case }
            }
            "FuzzyMatch" => {
                let note = "The output must have the ideal answer in it, whatever the case. There, punctuation and articles do \
                            not count, and an output that is part of the ideal answer passes too.";
                draft.near(class, line, note);
                Self::Includes { ignore_case: true }
            }
            "JsonMatch" => {
                draft.exact(
                    class,
                    line,
                    "The output must be the ideal answer as JSON; the order of keys does not count.",
                );
                Self::JsonMatch
            }
            "ModelBasedClassify" => Self::model(draft, class, args, line, read),
            _ => {
                draft.unsupported(
                    class,
                    line,
                    "This class is code of its own; its samples are here, its grading is not.",
                );
                Self::Unknown
            }
        }
    }

    fn model(draft: &mut Draft, class: &str, args: &Map<String, Value>, line: Option<u32>, read: Read) -> Self {
        let named = ["modelgraded_spec", "modelgraded_spec_file"].iter().find_map(|name| args.get(*name)?.as_str());
        let Some(name) = named else {
            draft.unsupported(class, line, "The eval does not name how the model grades.");
            return Self::Unknown;
        };
        let paths = [format!("../modelgraded/{name}.yaml"), format!("modelgraded/{name}.yaml"), format!("{name}.yaml")];
        let spec = find(read, &paths).and_then(|text| {
            let source = Source { name, text: &text };
            Ok(Yaml::read(&source, &text, 0).map_err(|error| error.to_string())?.value)
        });
        match spec.as_ref().map(|spec| rubric(spec, args)) {
            Ok(Some(rubric)) => {
                let note = "A judge grades by this text in Strata's own form of answer, not by a letter.";
                draft.near(format!("{class} {name}"), line, note);
                Self::Model { rubric }
            }
            Ok(None) => {
                draft.unsupported(format!("{class} {name}"), line, "The grading has no prompt that is one text.");
                Self::Unknown
            }
            Err(reason) => {
                draft.unsupported(format!("{class} {name}"), line, format!("The grading cannot be read: {reason}"));
                Self::Unknown
            }
        }
    }

    /// The check for all samples, where each has one ideal text.
    /// `input` is the variable that holds what was asked.
    pub fn of_all(&self, input: &str) -> Vec<Check> {
        let ideal = || "{{ expected.ideal }}".to_owned();
        match self {
            Self::Match => vec![Check::new(CheckKind::StartsWith { value: ideal(), ignore_case: false })],
            Self::Includes { ignore_case } => {
                vec![Check::new(CheckKind::Contains {
                    values: vec![ideal()],
                    need: Need::Any,
                    ignore_case: *ignore_case,
                })]
            }
            Self::Model { rubric } => {
                let mut rubric = rubric.clone();
                for piece in rubric.pieces.iter_mut().filter(|piece| **piece == Piece::Slot("input".to_owned())) {
                    *piece = Piece::Slot(input.to_owned());
                }
                vec![assertion(AssertionKind::LlmRubric, Value::String(rubric.template()))]
            }
            Self::JsonMatch | Self::Unknown => Vec::new(),
        }
    }

    /// The check of one sample, by its ideals.
    pub fn of_one(&self, ideals: &[Value]) -> Vec<Check> {
        let texts: Vec<String> = ideals.iter().map(text).collect();
        match self {
            Self::Includes { ignore_case } => {
                let values = texts.iter().map(|text| Words::literal(text).template()).collect();
                vec![Check::new(CheckKind::Contains { values, need: Need::Any, ignore_case: *ignore_case })]
            }
            Self::Match => any_of(texts.iter().map(|text| {
                Check::new(CheckKind::StartsWith { value: Words::literal(text).template(), ignore_case: false })
            })),
            Self::JsonMatch => any_of(texts.iter().zip(ideals).map(|(text, ideal)| {
                let value = serde_json::from_str(text).unwrap_or_else(|_| ideal.clone());
                assertion(AssertionKind::Equals, value)
            })),
            Self::Model { .. } | Self::Unknown => Vec::new(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn assertion(kind: AssertionKind, value: Value) -> Check {
    Check::new(CheckKind::Assertion(Box::new(Assertion::new(kind, value))))
}

/// Checks of which one must pass: their mean score reaches one share.
fn any_of(checks: impl Iterator<Item = Check>) -> Vec<Check> {
    let checks: Vec<Check> = checks.collect();
    if checks.len() < 2 {
        return checks;
    }
    let count = u32::try_from(checks.len()).unwrap_or(u32::MAX);
    let share = 1.0 / f64::from(count);
    let threshold = Some(share * 0.999);
    vec![Check { threshold, metric: "ideal".to_owned(), ..Check::new(CheckKind::Set(AssertionSet { checks })) }]
}

/// The prompt of a grading, with its choices.
fn rubric(spec: &Value, args: &Map<String, Value>) -> Option<Words> {
    let mut words = python_format(spec.get("prompt")?.as_str()?);
    for piece in &mut words.pieces {
        if let Piece::Slot(name) = piece {
            *piece = match name.as_str() {
                "completion" => Piece::Text("(the output)".to_owned()),
                "input" => Piece::Slot("input".to_owned()),
                other => Piece::Slot(format!("expected.{other}")),
            };
        }
    }
    let choices = args.get("choice_scores").or_else(|| spec.get("choice_scores"));
    if let Some(Value::Object(scores)) = choices {
        let scores: Vec<String> = scores.iter().map(|(choice, score)| format!("{choice} = {score}")).collect();
        words.pieces.push(Piece::Text(format!("\n\nThe choices score: {}.", scores.join(", "))));
    } else if let Some(choices) = spec.get("choice_strings") {
        words.pieces.push(Piece::Text(format!("\n\nThe choices are {}.", json!(choices))));
    }
    Some(words)
}
