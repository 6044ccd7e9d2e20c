//! Assertions become checks, each as it is written.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::{Assertion, AssertionKind, AssertionSet, Check, CheckKind, ModelId};
use crate::interop::{Fidelity, ImportReport};

use super::cases::{code, file, unread};
use super::kept::harmless;
use super::models::Models;
use super::{Layers, place};
use crate::interop::promptfoo::read::tags;
use crate::interop::promptfoo::suite::{AssertionEntry, CaseEntry, Given, Suite};

/// The checks of a suite, and which of them every case has.
pub(super) struct Checks {
    /// How many assertions all cases begin with.
    common: usize,
    /// The model that each grader of the config became.
    graders: BTreeMap<String, ModelId>,
    /// The environment, where a template may ask for it when it is rendered and nothing is written to files.
    environment: Option<Value>,
}

impl Checks {
    pub(super) fn new(suite: &Suite, layers: Layers, models: &mut Models) -> Self {
        let all = graders(suite).into_iter();
        let graders = all.filter_map(|(name, grader)| Some((name, models.grader(grader)?))).collect();
        let environment = (layers == Layers::Whole && asks_for_environment(suite)).then(|| json!(suite.env));
        Self { common: common(suite), graders, environment }
    }

    pub(super) const fn environment(&self) -> Option<&Value> {
        self.environment.as_ref()
    }

    /// The experiment's: what every case begins with.
    pub(super) fn common(&self, suite: &Suite) -> Vec<Check> {
        let first = suite.rows.first().map(|row| &*row.case);
        first.map(|entry| self.checks(&entry.assertions[..self.common], entry)).unwrap_or_default()
    }

    /// A case's own.
    pub(super) fn of(&self, _suite: &Suite, entry: &CaseEntry) -> Vec<Check> {
        self.checks(&entry.assertions[self.common..], entry)
    }

    fn checks(&self, assertions: &[Arc<AssertionEntry>], entry: &CaseEntry) -> Vec<Check> {
        assertions.iter().map(|assertion| self.check(assertion, entry)).collect()
    }

    fn check(&self, entry: &AssertionEntry, case: &CaseEntry) -> Check {
        let kind = if entry.type_name == "assert-set" && !entry.not {
            let checks = entry.children.iter().map(|child| self.check(child, case)).collect();
            CheckKind::Set(AssertionSet { checks })
        } else {
            CheckKind::Assertion(Box::new(self.assertion(entry, case)))
        };
        Check {
            metric: entry.metric.clone().unwrap_or_default(),
            weight: entry.weight.unwrap_or(1.0),
            threshold: entry.threshold,
            not: entry.not,
            ..Check::new(kind)
        }
    }

    fn assertion(&self, entry: &AssertionEntry, case: &CaseEntry) -> Assertion {
        let mut kind = AssertionKind::named(&entry.type_name);
        if entry.type_name == "assert-set" {
            kind = AssertionKind::Other("not-assert-set".to_owned());
        }
        let script = match &entry.given {
            Given::Code(code) => file(code),
            _ => None,
        };
        let given = value(&entry.given, &kind);
        let broken =
            entry.broken.clone().or_else(|| unread(entry.transform.as_ref())).or(given.as_ref().err().cloned());
        let grader = entry.provider.as_ref().or(case.options.grader.as_ref());
        Assertion {
            transform: entry.transform.as_ref().and_then(code),
            script,
            config: entry.config.clone(),
            model: grader.and_then(|grader| self.graders.get(&grader.to_string())).cloned(),
            prompt: entry.rubric_prompt.clone().or_else(|| case.options.rubric_prompt.clone()).unwrap_or_default(),
            kept: entry.others.clone().into_iter().filter_map(|(name, value)| Some((name, harmless(value)?))).collect(),
            broken,
            ..Assertion::new(kind, given.unwrap_or_default())
        }
    }

    pub(super) fn report(&self, suite: &Suite, report: &mut ImportReport) {
        let mut seen = HashSet::new();
        for (index, entry) in cases(suite).enumerate() {
            for assertion in &entry.assertions {
                if seen.insert(Arc::as_ptr(assertion)) {
                    with_children(assertion).for_each(|assertion| self.tell(assertion, entry, index, report));
                }
            }
        }
    }

    fn tell(&self, entry: &AssertionEntry, case: &CaseEntry, index: usize, report: &mut ImportReport) {
        let not = if entry.not { "not-" } else { "" };
        let part = format!("tests[{index}].assert {not}{}", entry.type_name);
        let (fidelity, note) = self.fidelity(entry, case);
        report.add(fidelity, part.clone(), place(&entry.at), note);
        if entry.context_transform.is_some() {
            let note = "The context is the variable `context` as it stands; this code is not run.";
            report.add(Fidelity::Unsupported, format!("{part} contextTransform"), place(&entry.at), note);
        }
    }

    /// The grader that a config names and that cannot be asked here.
    fn unasked<'a>(&self, entry: &'a AssertionEntry, case: &'a CaseEntry) -> Option<&'a Value> {
        let grader = entry.provider.as_ref().or(case.options.grader.as_ref())?;
        (!self.graders.contains_key(&grader.to_string())).then_some(grader)
    }

    fn fidelity(&self, entry: &AssertionEntry, case: &CaseEntry) -> (Fidelity, String) {
        let kind = AssertionKind::named(&entry.type_name);
        let broken = entry.broken.clone().or_else(|| unread(entry.transform.as_ref()));
        if let Some(why) = broken.or_else(|| value(&entry.given, &kind).err()) {
            return (Fidelity::Unsupported, why);
        }
        match &kind {
            AssertionKind::Other(name) if name == "assert-set" => (Fidelity::Exact, String::new()),
            AssertionKind::Other(name) => (Fidelity::Unsupported, never_run(name)),
            AssertionKind::IsSql | AssertionKind::ContainsSql => (
                Fidelity::Approximated,
                "SQL is read by another parser than promptfoo's; rare statements may be judged otherwise.".to_owned(),
            ),
            AssertionKind::Meteor => {
                (Fidelity::Approximated, "Without synonyms: exact words and stems are compared.".to_owned())
            }
            kind if kind.is_model_graded() && self.unasked(entry, case).is_some() => {
                let grader = self.unasked(entry, case).unwrap_or(&Value::Null);
                (
                    Fidelity::Unsupported,
                    format!("The grader {grader} cannot be asked here. Choose the model that grades."),
                )
            }
            kind if kind.is_model_graded() && entry.provider.is_none() && case.options.grader.is_none() => (
                Fidelity::Approximated,
                "A model grades, told in other words than promptfoo's. Choose the model that grades.".to_owned(),
            ),
            kind if kind.is_model_graded() => {
                (Fidelity::Approximated, "A model grades, told in other words than promptfoo's.".to_owned())
            }
            kind if needs_traces(kind) => {
                (Fidelity::Unsupported, "There are no traces here: the trial is an error.".to_owned())
            }
            _ => (Fidelity::Exact, String::new()),
        }
    }
}

fn never_run(name: &str) -> String {
    match name {
        "python" | "ruby" => format!("{name} is never run: the trial is an error. Write it in JavaScript."),
        "webhook" => "Nothing but models is called: the trial is an error.".to_owned(),
        "human" => "People judge in a review; in promptfoo this assertion is an error as well.".to_owned(),
        _ => "There is no such type here: the trial is an error.".to_owned(),
    }
}

const fn needs_traces(kind: &AssertionKind) -> bool {
    matches!(
        kind,
        AssertionKind::TraceSpanCount
            | AssertionKind::TraceSpanDuration
            | AssertionKind::TraceErrorSpans
            | AssertionKind::TrajectoryToolUsed
            | AssertionKind::TrajectoryToolArgsMatch
            | AssertionKind::TrajectoryToolSequence
            | AssertionKind::TrajectoryStepCount
            | AssertionKind::SkillUsed
    )
}

/// The value as a definition keeps it, or why there is none.
fn value(given: &Given, kind: &AssertionKind) -> Result<Value, String> {
    match given {
        // promptfoo compares with the word in which JavaScript prints a value that is not there.
        Given::Absent if *kind == AssertionKind::Equals => Ok(Value::String("undefined".to_owned())),
        Given::Absent => Ok(Value::Null),
        Given::Written(value) => Ok(value.clone()),
        Given::Loaded(value) => Ok(literal(value.clone())),
        Given::Items(items) => {
            items.iter().map(|item| value_of_item(item, kind)).collect::<Result<_, _>>().map(Value::Array)
        }
        Given::Code(code) => match unread(Some(code)) {
            Some(why) => Err(why),
            None if *kind == AssertionKind::Javascript => Ok(Value::Null),
            None => Err("A function makes the value. Functions are run for `javascript` only.".to_owned()),
        },
        Given::Unreadable(why) => Err(why.clone()),
    }
}

fn value_of_item(item: &Given, kind: &AssertionKind) -> Result<Value, String> {
    value(item, kind)
}

/// A value that is no template: text that looks like one is marked as raw.
fn literal(value: Value) -> Value {
    let is_template = |text: &str| ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag));
    let raw = |text: String| if is_template(&text) { format!("{{% raw %}}{text}{{% endraw %}}") } else { text };
    match value {
        Value::String(text) => Value::String(raw(text)),
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Value::String(raw(text)),
                    other => other,
                })
                .collect(),
        ),
        other => other,
    }
}

/// Whether a template in a prompt, a variable or an assertion's value mentions the environment.
fn asks_for_environment(suite: &Suite) -> bool {
    let asks = |text: &str| tags(text).any(|tag| tag.contains("env.") || tag.contains("env["));
    let in_values = |given: &Given| matches!(given, Given::Written(value) if asks(&value.to_string()));
    suite.prompts.iter().any(|prompt| asks(&prompt.raw))
        || suite.rows.iter().any(|row| row.seen().values().any(|value| value.as_str().is_some_and(asks)))
        || cases(suite)
            .any(|case| case.assertions.iter().flat_map(|one| with_children(one)).any(|one| in_values(&one.given)))
}

/// Every grader that the tests name, by its text.
pub(super) fn graders(suite: &Suite) -> BTreeMap<String, &Value> {
    cases(suite).flat_map(graders_of).map(|grader| (grader.to_string(), grader)).collect()
}

fn graders_of(entry: &CaseEntry) -> impl Iterator<Item = &Value> {
    let of_assertions = entry.assertions.iter().flat_map(|assertion| with_children(assertion));
    of_assertions.filter_map(|assertion| assertion.provider.as_ref()).chain(&entry.options.grader)
}

/// Each test once, however many rows it has.
fn cases(suite: &Suite) -> impl Iterator<Item = &CaseEntry> {
    let mut last: Option<*const CaseEntry> = None;
    suite.rows.iter().filter_map(move |row| {
        let pointer = Arc::as_ptr(&row.case);
        (last.replace(pointer) != Some(pointer)).then_some(&*row.case)
    })
}

fn with_children(assertion: &AssertionEntry) -> impl Iterator<Item = &AssertionEntry> {
    std::iter::once(assertion).chain(&assertion.children)
}

/// How many assertions, the very same, all cases begin with.
fn common(suite: &Suite) -> usize {
    let mut cases = cases(suite);
    let Some(first) = cases.next() else { return 0 };
    let shared = |other: &CaseEntry| {
        first.assertions.iter().zip(&other.assertions).take_while(|(one, two)| Arc::ptr_eq(one, two)).count()
    };
    let graders_agree = |other: &CaseEntry| {
        first.options.grader == other.options.grader && first.options.rubric_prompt == other.options.rubric_prompt
    };
    let mut least: Option<usize> = None;
    for other in cases {
        let count = if graders_agree(other) { shared(other) } else { 0 };
        least = Some(least.map_or(count, |least| least.min(count)));
    }
    least.unwrap_or(0)
}
