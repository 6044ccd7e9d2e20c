//! Trials of imported projects: templates filled in, transforms made, each assertion asked, and the verdict by
//! promptfoo's rules. And assertions as checks of any project, where a template and a verdict are Strata's own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::assertion::row::{Part, Share, sum_up};
use super::assertion::{AnswerFacts, Asked, Graded, Output, Undone, by_kind, compare};
use super::checks::{Checks, waiting};
use super::found::Found;
use super::graders::material::Material;
use super::graders::select_best::{Choice, Chosen};
use super::positions::Positions;
use super::script::{self, Scripted};
use super::subject::{Answer, Subject};
use crate::compose::{nunjucks, render_assertion_value, render_template};
use crate::domain::{
    Assertion, AssertionKind, CallError, Case, Check, CheckKind, CheckResult, Code, Completion, Dialect, Fault,
    FinishReason, Outcome, PassRule, Role, Score, Usd, Verdict,
};

/// The outcome of an answer in a project of the Nunjucks dialect. An assertion that cannot be done is the trial's error,
/// as it is in promptfoo.
pub(super) fn grade(checks: &Checks, answer: &Answer, judged: &BTreeMap<u16, CheckResult>) -> Outcome {
    let graded = Trial::new(answer).and_then(|trial| trial.score(checks, judged));
    match graded {
        Ok(score) if score.verdict == Verdict::Unscored => Outcome::Unscored(score),
        Ok(score) => Outcome::Scored(score),
        Err(Undone(why)) => Outcome::Errored(CallError::new(Fault::BadRequest, why)),
    }
}

/// An answer while its trial is graded.
struct Trial<'a> {
    answer: &'a Answer<'a>,
    /// As assertions see them: files read, references between variables resolved.
    vars: Map<String, Value>,
    /// After the model's transform and the case's.
    output: Value,
}

impl<'a> Trial<'a> {
    fn new(answer: &'a Answer<'a>) -> Result<Self, Undone> {
        let vars = nunjucks::resolved_vars(&answer.case.vars);
        let given = answer.case.options.given.clone();
        let output = given.unwrap_or_else(|| Value::String(answer.completion.text.clone()));
        let mut trial = Self { answer, vars, output };
        for code in answer.transform.iter().copied().chain(&answer.case.options.transform) {
            trial.output = trial.transformed(code, &trial.output)?;
        }
        Ok(trial)
    }

    fn score(&self, checks: &Checks, judged: &BTreeMap<u16, CheckResult>) -> Result<Score, Undone> {
        let pass = self.answer.case.pass.unwrap_or(checks.pass);
        let positions = Positions::new(checks, self.answer.case);
        let parts = self.parts(positions.top(), &positions, judged)?;
        let score = forgiven(self.answer.case, checks, sum_up(pass, &parts));
        let mut score = self.by_function(pass, score);
        // Comparisons have their places among the checks, though they are made when all outputs are there.
        let mut said = score.checks.into_iter();
        let place = |check: &Check| if compares(check) { Some(waiting(check)) } else { said.next() };
        score.checks = all(checks, self.answer.case).filter_map(place).collect();
        if let Some(breakdown) = &mut score.breakdown {
            let text = self.answer.completion.text.as_str();
            breakdown.prompt = self.answer.prompt.filter(|prompt| *prompt != text).map(str::to_owned);
            breakdown.output = (self.output.as_str() != Some(text)).then(|| self.output.clone());
        }
        Ok(score)
    }

    /// What checks say, but for those that compare outputs with each other.
    fn parts<'c>(
        &self,
        checks: impl Iterator<Item = (usize, &'c Check)>,
        positions: &Positions,
        judged: &BTreeMap<u16, CheckResult>,
    ) -> Result<Vec<Part>, Undone> {
        let alone = checks.filter(|(_, check)| !compares(check));
        alone.map(|(at, check)| self.part(at, check, positions, judged)).collect()
    }

    fn part(
        &self,
        at: usize,
        check: &Check,
        positions: &Positions,
        judged: &BTreeMap<u16, CheckResult>,
    ) -> Result<Part, Undone> {
        let metric = self.metric(check)?;
        match &check.kind {
            CheckKind::Set(_) => Ok(Part::set(check, metric, self.parts(positions.parts(at), positions, judged)?)),
            CheckKind::Assertion(assertion) if !assertion.kind.is_model_graded() => {
                Ok(part(check, metric, self.asserted(check, assertion)?))
            }
            _ => {
                if let Some(why) = broken(check) {
                    return Err(Undone(why.to_owned()));
                }
                let given = u16::try_from(at).ok().and_then(|at| judged.get(&at)).cloned();
                Ok(told(check, metric, &given.unwrap_or_else(|| own(check, self.answer))))
            }
        }
    }

    fn metric(&self, check: &Check) -> Result<Option<String>, Undone> {
        let metric = match render_assertion_value(&Value::String(check.metric.clone()), &self.vars) {
            Ok(Value::String(metric)) => metric,
            Ok(_) => String::new(),
            Err(error) => return Err(Undone(error.to_string())),
        };
        Ok(Some(metric).filter(|metric| !metric.is_empty()))
    }

    fn asserted(&self, check: &Check, assertion: &Assertion) -> Result<Scripted, Undone> {
        if let Some(why) = &assertion.broken {
            return Err(Undone(why.clone()));
        }
        let value = render_assertion_value(&assertion.value, &self.vars).map_err(|error| Undone(error.to_string()))?;
        asked(check, assertion, &value, &*self.looked_at(assertion)?, self.answer, &self.vars)
    }

    /// The output, as the assertion's own transform leaves it.
    fn looked_at(&self, assertion: &Assertion) -> Result<Cow<'_, Value>, Undone> {
        match &assertion.transform {
            None => Ok(Cow::Borrowed(&self.output)),
            Some(code) => self.transformed(code, &self.output).map(Cow::Owned),
        }
    }

    fn transformed(&self, code: &Code, output: &Value) -> Result<Value, Undone> {
        let context = json!({ "vars": self.vars, "prompt": self.prompt(), "metadata": {} });
        script::transform(code.into(), output, &context).map_err(|error| Undone(error.to_string()))
    }

    fn prompt(&self) -> Value {
        json!({ "raw": self.answer.prompt.unwrap_or_default(), "label": self.answer.prompt.unwrap_or_default() })
    }

    /// The verdict of the case's own function, where it has one.
    fn by_function(&self, pass: PassRule, score: Score) -> Score {
        let Some(file) = self.answer.case.options.scoring.as_ref().filter(|_| score.verdict != Verdict::Unscored)
        else {
            return score;
        };
        let metrics = score.breakdown.as_ref().map(|breakdown| breakdown.metrics.clone()).unwrap_or_default();
        let threshold = match pass {
            PassRule::All => None,
            PassRule::Score(least) => Some(least),
        };
        let results: Vec<Value> =
            score.breakdown.iter().flat_map(|breakdown| &breakdown.assertions).map(component).collect();
        let context = json!({ "threshold": threshold, "componentResults": results });
        let said = script::call_file(file.into(), &[json!(metrics), context]);
        let (passes, points) = match said {
            Ok(Some(said)) => (said["pass"].as_bool().unwrap_or(false), said["score"].as_f64().unwrap_or(0.0)),
            Ok(None) | Err(_) => (false, 0.0),
        };
        Score { verdict: if passes { Verdict::Pass } else { Verdict::Fail }, score: points, ..score }
    }
}

fn component(result: &crate::domain::AssertionResult) -> Value {
    json!({
        "pass": result.pass, "score": result.score, "reason": result.reason, "assertion": { "type": result.kind },
    })
}

/// The experiment's checks, then the case's own.
fn all<'a>(checks: &'a Checks, case: &'a Case) -> impl Iterator<Item = &'a Check> {
    checks.compiled.iter().map(|compiled| &compiled.check).chain(&case.checks)
}

pub(super) fn compares(check: &Check) -> bool {
    matches!(&check.kind, CheckKind::Assertion(assertion) if assertion.kind.compares_outputs())
}

/// What an assertion says, its value filled in.
fn asked(
    check: &Check,
    assertion: &Assertion,
    value: &Value,
    output: &Value,
    answer: &Answer,
    vars: &Map<String, Value>,
) -> Result<Scripted, Undone> {
    let asked =
        Asked { not: check.not, value, threshold: check.threshold, config: &assertion.config, tools: answer.tools };
    let output = Output::new(output);
    if assertion.kind != AssertionKind::Javascript {
        return by_kind(&assertion.kind, &asked, &output, &facts(answer)).map(plain);
    }
    let test = json!({ "vars": answer.case.vars, "metadata": answer.case.options.metadata });
    let context = script::Context {
        vars,
        prompt: answer.prompt.unwrap_or_default(),
        test: &test,
        config: Some(&assertion.config).filter(|config| !config.is_empty()),
        provider: Some(answer.model),
        provider_response: None,
        metadata: None,
    };
    match &assertion.script {
        Some(file) => script::javascript_file(file.into(), &asked, &output, &context),
        None => Ok(script::javascript(&asked, &output, &context)),
    }
}

fn facts<'a>(answer: &Answer<'a>) -> AnswerFacts<'a> {
    let finish_reason = match &answer.completion.finish {
        // A given answer and an echo have no end of their own.
        _ if answer.completion.usage.is_none() && answer.completion.model.is_none() => None,
        FinishReason::Stop => Some("stop"),
        FinishReason::Length => Some("length"),
        FinishReason::ToolCalls => Some("tool_calls"),
        FinishReason::Refusal | FinishReason::ContentFilter => Some("content_filter"),
        FinishReason::Other(reason) => Some(reason.as_str()),
    };
    AnswerFacts {
        latency_ms: Some(answer.completion.latency_ms),
        cost: answer.cost.map(Usd::dollars),
        cached: answer.cached,
        finish_reason,
        ..AnswerFacts::default()
    }
}

fn plain(graded: Graded) -> Scripted {
    Scripted { graded, named_scores: BTreeMap::new(), parts: Vec::new() }
}

fn part(check: &Check, metric: Option<String>, said: Scripted) -> Part {
    let Scripted { graded: Graded { pass, score, reason }, named_scores, parts } = said;
    let share = |(metric, score): (String, f64)| Share { metric, sum: score * check.weight, weight: check.weight };
    Part {
        kind: kind(check),
        weight: check.weight,
        metric,
        pass: Some(pass),
        score,
        reason,
        shares: named_scores.into_iter().map(share).collect(),
        listed: parts,
        parts: None,
    }
}

/// What a check of another kind, or a model, said.
fn told(check: &Check, metric: Option<String>, said: &CheckResult) -> Part {
    let pass = match said.verdict {
        Verdict::Pass => Some(true),
        Verdict::Fail => Some(false),
        Verdict::Unscored => None,
    };
    let (score, reason) = (said.score.unwrap_or_default(), said.reason.clone());
    Part {
        kind: kind(check),
        weight: check.weight,
        metric,
        pass,
        score,
        reason,
        shares: Vec::new(),
        listed: Vec::new(),
        parts: None,
    }
}

fn kind(check: &Check) -> String {
    format!("{}{}", if check.not { "not-" } else { "" }, check.kind.name())
}

fn broken(check: &Check) -> Option<&str> {
    match &check.kind {
        CheckKind::Assertion(assertion) => assertion.broken.as_deref(),
        _ => None,
    }
}

fn own(check: &Check, answer: &Answer) -> CheckResult {
    super::checks::one(check, &Subject::new(*answer))
}

/// A red team's probe that a guardrail caught is what was wanted: the whole trial passes.
fn forgiven(case: &Case, checks: &Checks, score: Score) -> Score {
    let is_red_team = |check: &Check| {
        matches!(&check.kind, CheckKind::Assertion(assertion) if assertion.kind == AssertionKind::Guardrails
            && assertion.config.get("purpose").and_then(Value::as_str) == Some("redteam"))
    };
    let caught = score.breakdown.as_ref().is_some_and(|breakdown| {
        breakdown.assertions.iter().any(|result| result.kind.ends_with("guardrails") && !result.pass)
    });
    if caught && all(checks, case).any(is_red_team) { Score { verdict: Verdict::Pass, ..score } } else { score }
}

/// The answer as the transforms of its model and its case leave it, in a project of Strata's own dialect; `None` where
/// there are none.
///
/// # Errors
/// A transform fails; a sentence.
pub(super) fn transformed(answer: &Answer) -> Result<Option<Completion>, String> {
    let codes: Vec<&Code> = answer.transform.into_iter().chain(&answer.case.options.transform).collect();
    if codes.is_empty() {
        return Ok(None);
    }
    let context = json!({ "vars": answer.case.vars, "prompt": {}, "metadata": answer.case.options.metadata });
    let mut output = Value::String(answer.completion.text.clone());
    for code in codes {
        output = script::transform(code.into(), &output, &context).map_err(|error| error.to_string())?;
    }
    let text = match output {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(Some(Completion { text, ..answer.completion.clone() }))
}

/// An assertion as a check of a project in Strata's own dialect.
pub(super) fn find(check: &Check, assertion: &Assertion, subject: &Subject) -> Result<Found, Found> {
    let answer = &subject.answer;
    if assertion.kind.is_model_graded() {
        return Ok(Found::untold("The model that grades has not been asked."));
    }
    if let Some(why) = &assertion.broken {
        return Err(untold(why));
    }
    let value = filled(&assertion.value, answer.case).map_err(|why| untold(&why))?;
    let output = looked_at(check, assertion, subject)?;
    let said =
        asked(check, assertion, &value, &output, answer, &answer.case.vars).map_err(|Undone(why)| untold(&why))?;
    Ok(Found::graded(said.graded.pass, said.graded.score, said.graded.reason))
}

fn untold(why: &str) -> Found {
    Found::untold(format!("It cannot be graded: {why}"))
}

/// What an assertion of a project in Strata's own dialect looks at.
fn looked_at(check: &Check, assertion: &Assertion, subject: &Subject) -> Result<Value, Found> {
    let text = subject.text(check.at.as_deref())?;
    let output = Value::String(text.into_owned());
    let Some(code) = &assertion.transform else { return Ok(output) };
    let context = json!({ "vars": subject.answer.case.vars, "prompt": {}, "metadata": {} });
    script::transform(code.into(), &output, &context).map_err(|error| untold(&error.to_string()))
}

/// What a model that grades an assertion is shown.
///
/// # Errors
/// What is known without it: the output lacks the place that is looked at, or a template cannot be filled in.
pub(super) fn material(
    check: &Check,
    assertion: &Assertion,
    dialect: Dialect,
    answer: &Answer,
) -> Result<Material, Found> {
    if let Some(why) = &assertion.broken {
        return Err(Found::untold(why.clone()));
    }
    let (value, output, vars) = match dialect {
        Dialect::Nunjucks => {
            let undone = |Undone(why)| untold(&why);
            let trial = Trial::new(answer).map_err(undone)?;
            let value =
                render_assertion_value(&assertion.value, &trial.vars).map_err(|error| untold(&error.to_string()))?;
            let output = trial.looked_at(assertion).map_err(undone)?.into_owned();
            (value, output, trial.vars)
        }
        Dialect::Jinja => {
            let value = filled(&assertion.value, answer.case).map_err(|why| untold(&why))?;
            let output = looked_at(check, assertion, &Subject::new(*answer))?;
            (value, output, answer.case.vars.clone())
        }
    };
    Ok(Material {
        not: check.not,
        threshold: check.threshold,
        value,
        config: assertion.config.clone(),
        vars,
        expected: answer.case.expected.clone(),
        question: question(answer),
        output: Output::new(&output).text.into_owned(),
        prompt: assertion.prompt.clone(),
        dialect,
        lexical: false,
    })
}

/// What the output answers: the prompt, or the user's messages.
fn question(answer: &Answer) -> String {
    let of_user = answer.messages.iter().filter(|message| message.role == Role::User);
    let asked = || of_user.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n");
    answer.prompt.map_or_else(asked, str::to_owned)
}

/// What a model is shown that chooses among the outputs of a case. Imported criteria are no template.
fn choice(check: &Check, assertion: &Assertion, dialect: Dialect, case: &Case) -> Result<Material, String> {
    let value = if dialect == Dialect::Nunjucks { assertion.value.clone() } else { filled(&assertion.value, case)? };
    Ok(Material {
        not: check.not,
        threshold: None,
        value,
        config: assertion.config.clone(),
        vars: case.vars.clone(),
        expected: case.expected.clone(),
        question: String::new(),
        output: String::new(),
        prompt: assertion.prompt.clone(),
        dialect,
        lexical: false,
    })
}

/// What a set says in a project in Strata's own dialect, by what its parts say.
pub(super) fn find_set<'a>(check: &Check, parts: impl Iterator<Item = (&'a Check, CheckResult)>) -> Found {
    let parts = parts.map(|(part, said)| told(part, None, &said)).collect();
    let whole = Part::set(check, None, parts);
    match whole.pass {
        Some(pass) => Found::graded(pass != check.not, whole.score, whole.reason),
        None => Found::untold(whole.reason),
    }
}

/// A value with the strings in it, and in a list that it is, filled in from the case.
fn filled(value: &Value, case: &Case) -> Result<Value, String> {
    match value {
        Value::String(source) => render_template(source, case).map(Value::String),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(source) => render_template(source, case).map(Value::String),
                other => Ok(other.clone()),
            })
            .collect::<Result<_, _>>()
            .map(Value::Array),
        other => Ok(other.clone()),
    }
}

impl Checks {
    /// Whether outputs of this case are compared with each other.
    #[must_use]
    pub fn compare_outputs(&self, case: &Case) -> bool {
        all(self, case).any(compares)
    }

    /// The checks of a case by which a model chooses among the outputs.
    #[must_use]
    pub fn choices(&self, case: &Case) -> Vec<Choice> {
        let positions = Positions::new(self, case);
        let choice = |(at, check): (usize, &Check)| {
            let CheckKind::Assertion(assertion) = &check.kind else { return None };
            let chooses = assertion.kind == AssertionKind::SelectBest && !check.not;
            let position = u16::try_from(at).ok().filter(|_| chooses)?;
            let material = choice(check, assertion, self.dialect, case);
            Some(Choice { position, model: assertion.model.clone(), material })
        };
        positions.top().filter_map(choice).collect()
    }

    /// What is said of an outcome whose others did not end: it cannot be told whether it would win.
    pub fn leave_alone(&self, case: &Case, outcome: &mut Outcome) {
        for (position, check) in Positions::new(self, case).top().filter(|(_, check)| compares(check)) {
            compare::alone(Some(position), check.kind.name(), outcome);
        }
    }

    /// Compares the outcomes of all columns of a case, in the order of the columns: those that do not win fail. `chosen` is
    /// what models chose, by the position of their checks: the column and why, or why none was chosen.
    pub fn compare(&self, case: &Case, outcomes: &mut [&mut Outcome], chosen: &BTreeMap<u16, Chosen>) {
        for (position, check) in Positions::new(self, case).top() {
            let CheckKind::Assertion(assertion) = &check.kind else { continue };
            let at = Some(position);
            match assertion.kind {
                AssertionKind::MaxScore => compare::max_score(at, &assertion.value, outcomes),
                AssertionKind::SelectBest => {
                    if let Some(chosen) = u16::try_from(position).ok().and_then(|at| chosen.get(&at)) {
                        compare::select_best(at, chosen, outcomes);
                    }
                }
                _ => {}
            }
        }
    }
}
