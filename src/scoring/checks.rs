//! Checks, compiled once for an experiment and asked once for each answer.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;

use super::combine::combine;
use super::found::{Found, shorten};
use super::graders::{self, Grader};
use super::guardrails::{Inspector, Sanitiser};
use super::pattern::Pattern;
use super::positions::Positions;
use super::subject::{Answer, Subject};
use super::{graded, guards, json, length, limits, number, pattern, schema, template, text};
use crate::compose::render_template;
use crate::domain::{
    Assertion, CallError, Case, Check, CheckKind, CheckResult, Dialect, Fault, LengthUnit, Need, Outcome, PassRule,
    Place, Problem, Severity, Tolerance, Usd, Verdict,
};

/// An experiment's checks, ready for use by many threads.
#[derive(Debug)]
pub struct Checks {
    pub(super) compiled: Vec<Compiled>,
    pub(super) pass: PassRule,
    pub(super) dialect: Dialect,
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub check: Check,
    test: Test,
}

/// What is done, with everything made ready that does not hang on the case.
#[derive(Debug)]
enum Test {
    Equals {
        value: String,
        ignore_case: bool,
    },
    Contains {
        values: Vec<String>,
        need: Need,
        ignore_case: bool,
    },
    StartsWith {
        value: String,
        ignore_case: bool,
    },
    Regex(Pattern),
    /// A pattern that the case fills in.
    RegexTemplate,
    Json,
    Schema(Box<Validator>),
    Number {
        value: String,
        tolerance: Tolerance,
    },
    Length {
        min: Option<u64>,
        max: Option<u64>,
        unit: LengthUnit,
    },
    Cost(Usd),
    Latency {
        max_ms: f64,
    },
    Judge,
    NoPii(Box<Inspector>),
    NoLeak(Box<Inspector>),
    NoInjection(Box<Sanitiser>),
    Assertion(Box<Assertion>),
    Set,
    /// What is wrong with a check that a case brings along.
    Unusable(String),
}

impl Checks {
    /// # Errors
    /// Everything that is wrong with the checks themselves, whatever the case. Problems name the check by its position
    /// from 1 and its kind; their place is empty, since the checks do not know their file.
    pub fn new(checks: &[Check], pass: PassRule) -> Result<Self, Vec<Problem>> {
        Self::in_dialect(Dialect::Jinja, checks, pass)
    }

    /// Checks that are graded by the rules of a dialect.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn in_dialect(dialect: Dialect, checks: &[Check], pass: PassRule) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        if let PassRule::Score(least) = pass
            && dialect == Dialect::Jinja
            && !(0.0..=1.0).contains(&least)
        {
            problems.push(Problem::error(
                Place::default(),
                format!("The pass rule asks for a score of {least}."),
                "Scores go from 0 to 1.",
            ));
        }
        let mut compiled = Vec::with_capacity(checks.len());
        for (index, check) in checks.iter().enumerate() {
            let mut wrong = Wrong { name: name(index, check), problems: &mut problems };
            if dialect == Dialect::Jinja {
                wrong.common(check);
            }
            if let Some(test) = test(check, &mut wrong) {
                compiled.push(Compiled { check: check.clone(), test });
            }
        }
        if problems.is_empty() { Ok(Self { compiled, pass, dialect }) } else { Err(problems) }
    }

    /// The outcome of an answer, by the experiment's checks and then by the case's own. `judged` is what the judges said,
    /// by the position of their checks; one that has not been asked leaves its check unscored.
    ///
    /// Without a check that counts, nothing can be told, and the outcome is unscored.
    #[must_use]
    pub fn score(&self, answer: &Answer, judged: &BTreeMap<u16, CheckResult>) -> Outcome {
        if self.dialect == Dialect::Nunjucks {
            return graded::grade(self, answer, judged);
        }
        let made = match graded::transformed(answer) {
            Ok(made) => made,
            Err(why) => return Outcome::Errored(CallError::new(Fault::BadRequest, why)),
        };
        let completion = made.as_ref().unwrap_or(answer.completion);
        let subject = Subject::new(Answer { completion, ..*answer });
        let positions = Positions::new(self, answer.case);
        let results = positions.top().map(|(at, check)| self.said(at, check, &positions, &subject, judged));
        combine(answer.case.pass.unwrap_or(self.pass), results.collect())
    }

    /// What a check says: a model's word by its position, a set by its parts, any other by itself.
    fn said(
        &self,
        at: usize,
        check: &Check,
        positions: &Positions,
        subject: &Subject,
        judged: &BTreeMap<u16, CheckResult>,
    ) -> CheckResult {
        if graded::compares(check) {
            return waiting(check);
        }
        let given = u16::try_from(at).ok().filter(|_| graders::needs_model(check)).and_then(|at| judged.get(&at));
        if let Some(given) = given {
            return given.clone();
        }
        if matches!(check.kind, CheckKind::Set(_)) {
            let parts = positions.parts(at).filter(|(_, part)| !graded::compares(part));
            let parts = parts.map(|(at, part)| (part, self.said(at, part, positions, subject, judged)));
            return result(check, graded::find_set(check, parts));
        }
        self.compiled.get(at).map_or_else(|| one(check, subject), |compiled| compiled.result(subject))
    }

    /// The checks of a case that need a model, each with its position: the experiment's, then the case's own, then those
    /// in sets.
    #[must_use]
    pub fn graders(&self, case: &Case) -> Vec<(u16, Grader)> {
        let positions = Positions::new(self, case);
        positions.all().filter_map(|(at, check)| Some((at, Grader::of(check, self.dialect)?))).collect()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.compiled.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// What will not work, or will tell nothing, with cases that have these input columns and these expected columns:
    /// misspelt variables, patterns that match everything, places that are not looked at.
    #[must_use]
    pub fn lint(&self, inputs: &BTreeSet<String>, expected: &BTreeSet<String>) -> Vec<Problem> {
        if self.dialect == Dialect::Nunjucks {
            return Vec::new();
        }
        let known: Vec<String> =
            inputs.iter().cloned().chain(expected.iter().map(|column| format!("expected.{column}"))).collect();
        let mut problems = Vec::new();
        if self.compiled.iter().all(|compiled| compiled.check.weight <= 0.0) {
            let message = if self.compiled.is_empty() {
                "The experiment has no checks, so every trial will be unscored."
            } else {
                "Every check has weight 0, so every trial will be unscored."
            };
            problems.push(Problem::warning(Place::default(), message, "Add a check that counts."));
        }
        for (index, compiled) in self.compiled.iter().enumerate() {
            let name = name(index, &compiled.check);
            for source in templates(&compiled.check.kind) {
                for asked in template::names(source) {
                    problems.extend(unknown_name(&name, &asked, &known).map(|problem| softened(problem, source)));
                }
            }
            problems.extend(compiled.tells_nothing(&name));
        }
        problems
    }
}

/// The checks of one case, made ready; what is wrong with one is told in its result.
fn compiled(checks: &[Check]) -> Vec<Compiled> {
    let ready = |(index, check): (usize, &Check)| {
        let mut problems = Vec::new();
        let test = test(check, &mut Wrong { name: name(index, check), problems: &mut problems });
        let why = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        Compiled { check: check.clone(), test: test.filter(|_| problems.is_empty()).unwrap_or(Test::Unusable(why)) }
    };
    checks.iter().enumerate().map(ready).collect()
}

impl Compiled {
    pub(super) fn result(&self, subject: &Subject) -> CheckResult {
        result(&self.check, self.test.find(&self.check, subject))
    }

    fn tells_nothing(&self, name: &str) -> Option<Problem> {
        let warn = |message: String, hint: &str| Some(Problem::warning(Place::default(), message, hint));
        match &self.test {
            Test::Regex(pattern) if pattern.matches_everything() => warn(
                format!("{name}: the pattern matches every output."),
                "Anchor it with ^ and $, or say what it must have.",
            ),
            Test::Cost(_) | Test::Latency { .. } if self.check.at.is_some() => warn(
                format!("{name}: `at` has no meaning here."),
                "Leave it out: this check does not look into the output.",
            ),
            _ => None,
        }
    }
}

impl Test {
    fn find(&self, check: &Check, subject: &Subject) -> Found {
        self.try_find(check, subject).unwrap_or_else(|found| found)
    }

    /// Both ways out are what was found: `?` ends the check where there is nothing to look at, or no template to go by.
    fn try_find(&self, check: &Check, subject: &Subject) -> Result<Found, Found> {
        let at = check.at.as_deref();
        let fill = |source: &str| {
            render_template(source, subject.answer.case)
                .map_err(|error| Found::untold(format!("The check's template could not be filled in: {error}")))
        };
        match self {
            Self::Equals { value, ignore_case } => text::equals(subject, at, &fill(value)?, *ignore_case),
            Self::Contains { values, need, ignore_case } => {
                let values = values.iter().map(|value| fill(value)).collect::<Result<Vec<_>, _>>()?;
                text::contains(subject, at, &values, *need, *ignore_case)
            }
            Self::StartsWith { value, ignore_case } => text::starts_with(subject, at, &fill(value)?, *ignore_case),
            Self::Regex(compiled) => pattern::check(subject, at, compiled, source(check)),
            Self::RegexTemplate => {
                let source = fill(source(check))?;
                let compiled = Pattern::new(&source)
                    .map_err(|why| Found::untold(format!("The pattern `{source}` of this case is wrong: {why}.")))?;
                pattern::check(subject, at, &compiled, &source)
            }
            Self::Json => json::check(subject, at),
            Self::Schema(validator) => schema::check(subject, at, validator),
            Self::Number { value, tolerance } => number::check(subject, at, &fill(value)?, *tolerance),
            Self::Length { min, max, unit } => length::check(subject, at, (*min, *max), *unit),
            Self::Cost(max) => Ok(limits::cost(subject, *max)),
            Self::Latency { max_ms } => Ok(limits::latency(subject, *max_ms)),
            Self::NoPii(inspector) => guards::no_pii(subject, at, inspector),
            Self::NoLeak(inspector) => guards::no_leak(subject, at, inspector, has_canary(check)),
            Self::NoInjection(sanitiser) => guards::no_injection(subject, at, sanitiser),
            Self::Assertion(assertion) => graded::find(check, assertion, subject),
            Self::Set => Ok(Found::untold("Its parts have not been asked.")),
            Self::Unusable(why) => Ok(Found::untold(why.clone())),
            Self::Judge => Ok(Found::untold("The judge has not been asked.")),
        }
    }
}

/// What one check says by itself.
pub(super) fn one(check: &Check, subject: &Subject) -> CheckResult {
    let ready = compiled(std::slice::from_ref(check));
    ready
        .first()
        .map_or_else(|| result(check, Found::untold("It could not be made ready.")), |ready| ready.result(subject))
}

/// A check that is made when all outputs of its case are there. Until then it says nothing.
pub(super) fn waiting(check: &Check) -> CheckResult {
    let reason = "It has not been compared with the other outputs of its case.";
    CheckResult { weight: 0.0, ..result(check, Found::untold(reason)) }
}

/// Threshold, then negation, then the words.
pub(super) fn result(check: &Check, found: Found) -> CheckResult {
    let (verdict, score, reason) = match found {
        Found::Untold { reason } => (Verdict::Unscored, None, reason),
        Found::Absent { reason } => (Verdict::Fail, Some(0.0), reason),
        Found::Graded { pass, score, reason } => {
            (if pass { Verdict::Pass } else { Verdict::Fail }, Some(score), reason)
        }
        Found::Scored { score, reason } => {
            let passes = (score >= threshold(check)) != check.not;
            let score = if check.not { 1.0 - score } else { score };
            (if passes { Verdict::Pass } else { Verdict::Fail }, Some(score), negated(check, reason))
        }
    };
    CheckResult { metric: check.metric().to_owned(), verdict, score, weight: check.weight, reason: shorten(reason) }
}

fn threshold(check: &Check) -> f64 {
    let default = if matches!(check.kind, CheckKind::Judge { .. }) { 0.5 } else { 1.0 };
    check.threshold.unwrap_or(default)
}

fn negated(check: &Check, reason: String) -> String {
    if check.not { format!("Negated: {reason}") } else { reason }
}

const fn has_canary(check: &Check) -> bool {
    matches!(&check.kind, CheckKind::NoLeak { canary, .. } if !canary.is_empty())
}

fn source(check: &Check) -> &str {
    match &check.kind {
        CheckKind::Regex { pattern } => pattern,
        _ => "",
    }
}

fn test(check: &Check, wrong: &mut Wrong) -> Option<Test> {
    for source in templates(&check.kind) {
        if let Err(why) = template::parse(source) {
            return wrong.say(why.trim_end_matches('.'), "The template stands in the check's own text.");
        }
    }
    match &check.kind {
        CheckKind::Equals { value, ignore_case } => {
            Some(Test::Equals { value: value.clone(), ignore_case: *ignore_case })
        }
        CheckKind::Contains { values, need, ignore_case } => {
            if values.is_empty() || values.iter().any(String::is_empty) {
                wrong.say("there is no text to look for", "Give at least one text, and none that is empty.");
            }
            Some(Test::Contains { values: values.clone(), need: *need, ignore_case: *ignore_case })
        }
        CheckKind::StartsWith { value, ignore_case } => {
            if value.is_empty() {
                wrong.say("there is no text to look for", "Every output starts with an empty text.");
            }
            Some(Test::StartsWith { value: value.clone(), ignore_case: *ignore_case })
        }
        CheckKind::Regex { pattern } => regex(pattern, wrong),
        CheckKind::Json => Some(Test::Json),
        CheckKind::JsonSchema { schema } => match schema::compile(schema) {
            Ok(validator) => Some(Test::Schema(Box::new(validator))),
            Err(why) => wrong.say(&why, "Schemas are plain JSON Schema that stands whole in the check."),
        },
        CheckKind::Number { value, tolerance } => {
            let (Tolerance::Absolute(allowed) | Tolerance::Relative(allowed)) = *tolerance;
            if !allowed.is_finite() || allowed < 0.0 {
                wrong.say(&format!("a tolerance of {allowed} is no tolerance"), "Give 0 or more.");
            }
            if !template::is_template(value) && number::whole(value).is_none() {
                wrong.say(
                    &format!("`{value}` is not a number"),
                    "Give a number, or a template such as {{ expected.total }}.",
                );
            }
            Some(Test::Number { value: value.clone(), tolerance: *tolerance })
        }
        CheckKind::Length { min, max, unit } => {
            if min.is_none() && max.is_none() {
                wrong.say("no length is asked for", "Give `min`, `max` or both.");
            } else if min.zip(*max).is_some_and(|(min, max)| min > max) {
                wrong.say("no output can be at least `min` and at most `max` long", "Exchange `min` and `max`.");
            }
            Some(Test::Length { min: *min, max: *max, unit: *unit })
        }
        CheckKind::Cost { max } => Some(Test::Cost(*max)),
        CheckKind::Latency { max_ms } => {
            if !max_ms.is_finite() || *max_ms <= 0.0 {
                wrong.say(&format!("{max_ms} is no time limit"), "Give milliseconds, more than 0.");
            }
            Some(Test::Latency { max_ms: *max_ms })
        }
        CheckKind::Judge { rubric, .. } => {
            if rubric.trim().is_empty() {
                wrong.say("the rubric is empty", "Say what a good output has, and what a poor one lacks.");
            }
            Some(Test::Judge)
        }
        CheckKind::NoPii { kinds } => wrong.ready(guards::pii(kinds)).map(Box::new).map(Test::NoPii),
        CheckKind::NoLeak { canary, share } => {
            wrong.ready(guards::leak(canary, *share)).map(Box::new).map(Test::NoLeak)
        }
        CheckKind::Assertion(assertion) => Some(Test::Assertion(assertion.clone())),
        CheckKind::Set(_) => Some(Test::Set),
        CheckKind::NoInjection => wrong.ready(guards::injection()).map(Box::new).map(Test::NoInjection),
    }
}

fn regex(source: &str, wrong: &mut Wrong) -> Option<Test> {
    if source.is_empty() {
        return wrong.say("the pattern is empty", "An empty pattern matches every output.");
    }
    if template::is_template(source) {
        return Some(Test::RegexTemplate);
    }
    match Pattern::new(source) {
        Ok(pattern) => Some(Test::Regex(pattern)),
        Err(why) => wrong.say(&format!("the pattern `{source}` is wrong: {why}"), "Escape special characters with \\."),
    }
}

/// Everything in a check that is filled in for each case.
fn templates(kind: &CheckKind) -> Vec<&str> {
    match kind {
        CheckKind::Equals { value, .. } | CheckKind::StartsWith { value, .. } | CheckKind::Number { value, .. } => {
            vec![value]
        }
        CheckKind::Contains { values, .. } => values.iter().map(String::as_str).collect(),
        CheckKind::Regex { pattern } => vec![pattern],
        CheckKind::Judge { rubric, .. } => vec![rubric],
        CheckKind::Json
        | CheckKind::JsonSchema { .. }
        | CheckKind::Length { .. }
        | CheckKind::Cost { .. }
        | CheckKind::Latency { .. }
        | CheckKind::NoPii { .. }
        | CheckKind::NoLeak { .. }
        | CheckKind::NoInjection
        | CheckKind::Assertion(_)
        | CheckKind::Set(_) => Vec::new(),
    }
}

fn name(index: usize, check: &Check) -> String {
    let kind = check.kind.name();
    if check.metric.is_empty() {
        format!("Check {} ({kind})", index + 1)
    } else {
        format!("Check {} ({kind}, `{}`)", index + 1, check.metric)
    }
}

/// Collects what is wrong with one check.
struct Wrong<'a> {
    name: String,
    problems: &'a mut Vec<Problem>,
}

impl Wrong<'_> {
    /// Returns nothing, so that a check without a test can be left with one word.
    fn say(&mut self, what: &str, hint: &str) -> Option<Test> {
        self.problems.push(Problem::error(Place::default(), format!("{}: {what}.", self.name), hint));
        None
    }

    /// What a guard has to say about its own making.
    fn ready<T>(&mut self, made: Result<T, Vec<Problem>>) -> Option<T> {
        made.map_err(|problems| {
            for problem in problems {
                self.say(problem.message.trim_end_matches('.'), &problem.hint);
            }
        })
        .ok()
    }

    fn common(&mut self, check: &Check) {
        if !check.weight.is_finite() || check.weight < 0.0 {
            self.say(&format!("{} is no weight", check.weight), "Give 0 or more; 0 counts for the metric only.");
        }
        let has_scores = !matches!(check.kind, CheckKind::Assertion(_));
        if let Some(threshold) = check.threshold.filter(|_| has_scores)
            && !(0.0..=1.0).contains(&threshold)
        {
            self.say(&format!("a threshold of {threshold} cannot be met sensibly"), "Scores go from 0 to 1.");
        }
        if let Some(at) = &check.at
            && !(at.is_empty() || at.starts_with('/'))
        {
            self.say(&format!("`at: {at}` is no JSON Pointer"), &format!("A pointer begins with a slash: `/{at}`."));
        }
    }
}

/// A template that provides for what is missing may ask for anything.
fn softened(problem: Problem, source: &str) -> Problem {
    let severity = if template::provides_for_missing(source) { Severity::Warning } else { problem.severity };
    Problem { severity, ..problem }
}

fn unknown_name(check: &str, asked: &str, known: &[String]) -> Option<Problem> {
    // `expected.address.city` is known where `expected.address` is, and `expected` alone always is.
    let is_known =
        |known: &String| asked == known || asked.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if asked == "expected" || known.iter().any(is_known) {
        return None;
    }
    let hint = match template::likeliest(asked, known) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if known.is_empty() => "The dataset has no columns.".to_owned(),
        None => format!("There are: {}.", known.join(", ")),
    };
    Some(Problem::error(Place::default(), format!("{check}: no column of the dataset gives `{asked}`."), hint))
}
