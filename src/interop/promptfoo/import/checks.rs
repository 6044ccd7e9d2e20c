//! Assertions become checks, each as it is written.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::{Assertion, AssertionKind, AssertionSet, Check, CheckKind, ModelId};
use crate::interop::{Fidelity, ImportReport};

use super::cases::{code, file, unread};
use super::graders::{self, Question, Usual};
use super::kept::without;
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
    usual: Usual,
    /// The environment, where a template may ask for it when it is rendered and nothing is written to files.
    environment: Option<Value>,
}

impl Checks {
    pub(super) fn new(suite: &Suite, (layers, usual): (Layers, Usual), models: &mut Models) -> Self {
        let all = graders::all(suite, usual).into_iter();
        let graders = all.filter_map(|(name, grader)| Some((name, models.grader(grader)?))).collect();
        let environment = (layers == Layers::Whole && asks_for_environment(suite)).then(|| json!(suite.env));
        Self { common: common(suite), graders, usual, environment }
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
        let grader = |questions: &[Question]| {
            let asked = Question::of(&kind).find(|question| questions.contains(question))?;
            self.grader(entry, case, asked).cloned()
        };
        Assertion {
            transform: entry.transform.as_ref().and_then(code),
            script,
            config: entry.config.clone(),
            model: grader(&[Question::Words, Question::Flags, Question::Classes]),
            embedder: grader(&[Question::Vectors]),
            prompt: entry.rubric_prompt.clone().or_else(|| case.options.rubric_prompt.clone()).unwrap_or_default(),
            kept: without(entry.others.clone(), &[]),
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

    /// The model that is asked, where one can be.
    fn grader(&self, entry: &AssertionEntry, case: &CaseEntry, question: Question) -> Option<&ModelId> {
        self.graders.get(&graders::asked(graders::named(entry, case), question, self.usual)?.to_string())
    }

    /// How near a verdict comes that a model gives.
    fn graded(&self, entry: &AssertionEntry, case: &CaseEntry, kind: &AssertionKind) -> (Fidelity, String) {
        let named = graders::named(entry, case);
        let is_asked = |question| self.grader(entry, case, question).is_some();
        let of_named = |what: &str| named.map_or_else(String::new, |named| format!("The grader {named} {what} here. "));
        if kind.asks_labels() {
            let question = if *kind == AssertionKind::Moderation { Question::Flags } else { Question::Classes };
            let (fidelity, note) = match (is_asked(question), graders::is_usual(named, question)) {
                (true, true) => (
                    Fidelity::Approximated,
                    "No grader that moderates is named: OpenAI's is asked, as by promptfoo where it has that key.",
                ),
                (false, true) => (
                    Fidelity::Unsupported,
                    "No grader that moderates is named. promptfoo asks OpenAI's where it has that key; here it is asked \
                     by an evaluation with --trust and OPENAI_API_KEY alone. Otherwise name one, or choose the model \
                     that gives labels.",
                ),
                (true, false) => (Fidelity::Exact, "The same service is asked."),
                (false, false) => (Fidelity::Unsupported, "Choose the model that gives labels."),
            };
            let why =
                if fidelity == Fidelity::Unsupported { of_named("cannot be asked for labels") } else { String::new() };
            return (fidelity, why + note);
        }
        let near = if kind.asks_vectors() && !is_asked(Question::Vectors) {
            let why = of_named("makes no vectors");
            format!("{why}Letters and words are compared until a model for vectors is chosen.")
        } else {
            String::new()
        };
        if !kind.asks_words() {
            let exact = near.is_empty();
            return if exact { (Fidelity::Exact, near) } else { (Fidelity::Approximated, near) };
        }
        let told = "A model grades, told in other words than promptfoo's.";
        match named {
            _ if is_asked(Question::Words) => (Fidelity::Approximated, format!("{told} {near}").trim_end().to_owned()),
            None => (Fidelity::Approximated, format!("{told} Choose the model that grades.")),
            Some(_) => (Fidelity::Unsupported, of_named("cannot be asked") + "Choose the model that grades."),
        }
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
            kind if kind.is_model_graded() => self.graded(entry, case, kind),
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
    suite.prompts.iter().any(|prompt| asks(&prompt.raw))
        || suite.rows.iter().any(|row| row.seen().values().any(|value| value.as_str().is_some_and(asks)))
        || cases(suite)
            .any(|case| case.assertions.iter().flat_map(|one| with_children(one)).any(|one| in_values(&one.given)))
}

/// Whether a tag in the text mentions the environment.
pub(super) fn asks(text: &str) -> bool {
    tags(text).any(|tag| tag.contains("env.") || tag.contains("env["))
}

pub(super) fn in_values(given: &Given) -> bool {
    matches!(given, Given::Written(value) if asks(&value.to_string()))
}

/// Each test once, however many rows it has.
pub(super) fn cases(suite: &Suite) -> impl Iterator<Item = &CaseEntry> {
    let mut last: Option<*const CaseEntry> = None;
    suite.rows.iter().filter_map(move |row| {
        let pointer = Arc::as_ptr(&row.case);
        (last.replace(pointer) != Some(pointer)).then_some(&*row.case)
    })
}

pub(super) fn with_children(assertion: &AssertionEntry) -> impl Iterator<Item = &AssertionEntry> {
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
