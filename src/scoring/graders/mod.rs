//! Checks that a model does: each type is a small machine that says, given the replies so far, what is asked next.
//!
//! A [`Grader`] is such a check. [`Grader::begin`] looks at an answer, and [`Grading::next`] then says what is to be
//! done: a model is asked, vectors or labels are made, or the result is there. Nothing here calls anybody: the engine asks, with
//! the guards and the budget of every other call.
//!
//! What is judged stands between marks that it cannot forge ([`material`]), in requests of Strata's own wording. A reply
//! that cannot be used, a call that fails and a model that is not there leave the check *unscored*: that the grader failed
//! says nothing of the output.

mod answer_relevance;
mod classifier;
mod closed_qa;
mod context_faithfulness;
mod context_recall;
mod context_relevance;
mod conversation;
mod factuality;
mod g_eval;
pub(super) mod material;
mod moderation;
pub(super) mod reply;
mod rubric;
pub(super) mod select_best;
mod sentences;
mod similar;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::checks::result;
use super::found::Found;
use super::graded;
use super::judge::{self, JudgeCheck};
use super::lexical::{LEXICAL_DIMENSIONS, lexical_vector};
use super::positions::Positions;
use super::subject::Answer;
use crate::domain::{
    AssertionKind, ChatRequest, Check, CheckKind, CheckResult, Completion, Dialect, Label, Message, ModelId, Params,
};

use material::Material;

/// Room for a reason, and for the thoughts of a model that reasons.
const MAX_TOKENS: u32 = 4_096;

/// What to choose where a check names no model.
const NO_MODEL: &str = "No model grades yet. Choose the model that grades (`provider` in a promptfoo config).";
const NO_LABELS: &str =
    "Choose the model that gives labels: one of OpenAI's moderation, or a classifier of Hugging Face.";

/// A check that needs a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Grader {
    check: Check,
    dialect: Dialect,
}

impl Grader {
    /// `None` for a check that needs no model, and for one that compares the outputs of a case.
    #[must_use]
    pub fn of(check: &Check, dialect: Dialect) -> Option<Self> {
        needs_model(check).then(|| Self { check: check.clone(), dialect })
    }

    /// The model that reads and writes; `None` where the type needs none, or the check names none.
    #[must_use]
    pub fn model(&self) -> Option<&ModelId> {
        model(&self.check.kind)
    }

    /// The model that makes vectors; `None` where the type needs none, or the built-in vectors do.
    #[must_use]
    pub fn embedder(&self) -> Option<&ModelId> {
        embedder(&self.check.kind)
    }

    /// The model that gives labels; `None` where the type needs none, or the check names none.
    #[must_use]
    pub fn labeller(&self) -> Option<&ModelId> {
        labeller(&self.check.kind)
    }

    /// All models that it asks.
    pub fn asked(&self) -> impl Iterator<Item = &ModelId> {
        self.model().into_iter().chain(self.embedder()).chain(self.labeller())
    }

    /// Begins to grade an answer. `model` is the provider's own name of the model; `sample` tells repeats apart.
    #[must_use]
    pub fn begin(&self, answer: &Answer, model: &str, sample: u32) -> Grading {
        let lexical = self.embedder().is_none();
        let work = match &self.check.kind {
            CheckKind::Assertion(assertion) => match graded::material(&self.check, assertion, self.dialect, answer) {
                Ok(material) => Work::Assertion(assertion.kind.clone(), Box::new(Material { lexical, ..material })),
                Err(found) => Work::Known(found),
            },
            _ => self.judged(answer, model, sample),
        };
        Grading { check: self.check.clone(), model: model.to_owned(), sample, lexical, work }
    }

    fn judged(&self, answer: &Answer, model: &str, sample: u32) -> Work {
        let Some(check) = JudgeCheck::of(&self.check) else { return Work::Known(Found::untold(NO_MODEL)) };
        match judge::prepare(&check, answer, model, sample) {
            Ok(request) => Work::Judge(Box::new(check), Box::new(request)),
            Err(result) => Work::Judged(result),
        }
    }

    /// The result of a model that could not be asked or did not answer: unscored, with the reason.
    #[must_use]
    pub fn unanswered(&self, reason: &str) -> CheckResult {
        match JudgeCheck::of(&self.check) {
            Some(judge) => judge.unanswered(reason),
            None => result(&self.check, Found::untold(format!("The model that grades gave no answer: {reason}"))),
        }
    }

    /// The result of a check that names no model and needs one: unscored.
    #[must_use]
    pub fn without_model(&self) -> CheckResult {
        let labels = matches!(&self.check.kind, CheckKind::Assertion(assertion) if assertion.kind.asks_labels());
        result(&self.check, Found::untold(if labels { NO_LABELS } else { NO_MODEL }))
    }
}

/// Whether a model does it, for each output alone.
pub(super) fn needs_model(check: &Check) -> bool {
    match &check.kind {
        CheckKind::Judge { .. } => true,
        CheckKind::Assertion(assertion) => assertion.kind.is_model_graded() && !assertion.kind.compares_outputs(),
        _ => false,
    }
}

/// The models that checks and the parts of sets among them ask for one output, once for each call, as far as that is known
/// before the output is there.
#[must_use]
pub fn models_asked(checks: &[Check]) -> Vec<ModelId> {
    Positions::of(checks.iter()).all().flat_map(|(_, check)| calls(check)).collect()
}

/// What a grader is asked for, other than words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    Vectors,
    Labels,
}

/// The models that checks and the parts of sets among them ask for something other than words, each with what it is.
#[must_use]
pub fn services_asked(checks: &[Check]) -> Vec<(Service, &ModelId)> {
    Positions::of(checks.iter()).all().flat_map(|(_, check)| services(check)).collect()
}

fn services(check: &Check) -> impl Iterator<Item = (Service, &ModelId)> {
    let vectors = embedder(&check.kind).map(|model| (Service::Vectors, model));
    vectors.into_iter().chain(labeller(&check.kind).map(|model| (Service::Labels, model)))
}

fn calls(check: &Check) -> Vec<ModelId> {
    let words = model(&check.kind).map(|model| vec![model.clone(); questions(&check.kind)]).unwrap_or_default();
    words.into_iter().chain(embedder(&check.kind).cloned()).chain(labeller(&check.kind).cloned()).collect()
}

fn model(kind: &CheckKind) -> Option<&ModelId> {
    match kind {
        CheckKind::Judge { model, .. } => Some(model),
        CheckKind::Assertion(assertion) if assertion.kind.asks_words() => assertion.model.as_ref(),
        _ => None,
    }
}

fn embedder(kind: &CheckKind) -> Option<&ModelId> {
    match kind {
        CheckKind::Assertion(assertion) if assertion.kind.asks_vectors() => {
            let own = assertion.embedder.as_ref();
            // A type that asks no words has one model, however it is named.
            own.or(assertion.model.as_ref().filter(|_| !assertion.kind.asks_words()))
        }
        _ => None,
    }
}

fn labeller(kind: &CheckKind) -> Option<&ModelId> {
    match kind {
        CheckKind::Assertion(assertion) if assertion.kind.asks_labels() => assertion.model.as_ref(),
        _ => None,
    }
}

/// Calls for words.
fn questions(kind: &CheckKind) -> usize {
    let CheckKind::Assertion(assertion) = kind else { return 1 };
    match assertion.kind {
        AssertionKind::GEval => 2 * assertion.value.as_array().map_or(1, Vec::len),
        AssertionKind::ContextFaithfulness => 2,
        _ => 1,
    }
}

/// What a grader was given, in the order in which it asked.
#[derive(Debug, Clone)]
pub enum Reply {
    Said(Arc<Completion>),
    /// One for each text, in the order of the texts.
    Vectors(Vec<Vec<f32>>),
    /// At least one.
    Labels(Vec<Label>),
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    Ask(Box<ChatRequest>),
    /// Vectors of these texts.
    Embed(Vec<String>),
    /// Labels of this text.
    Label(String),
    Done(CheckResult),
}

/// An answer while it is graded.
#[derive(Debug)]
pub struct Grading {
    check: Check,
    model: String,
    sample: u32,
    /// Vectors are the built-in ones.
    lexical: bool,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Judge(Box<JudgeCheck>, Box<ChatRequest>),
    /// Known without a call.
    Judged(Box<CheckResult>),
    Known(Found),
    Assertion(AssertionKind, Box<Material>),
}

/// What a type wants next, before model and parameters make a request of it.
#[derive(Debug)]
enum Step {
    Ask(Vec<Message>),
    Embed(Vec<String>),
    Label(String),
    Done(Found),
}

/// What was found ends a type's work early: `?` where a reply cannot be used.
type Stepped = Result<Step, Found>;

impl Grading {
    /// What is to be done, given all replies so far. The same replies give the same answer.
    #[must_use]
    pub fn next(&self, replies: &[Reply]) -> Next {
        let (kind, material) = match &self.work {
            Work::Judge(check, request) => {
                return match replies.first() {
                    None => Next::Ask(request.clone()),
                    Some(Reply::Said(reply)) => Next::Done(judge::finish(check, reply)),
                    Some(Reply::Vectors(_) | Reply::Labels(_)) => Next::Done(check.unanswered("it gave no words.")),
                };
            }
            Work::Judged(result) => return Next::Done((**result).clone()),
            Work::Known(found) => return self.done(found.clone()),
            Work::Assertion(kind, material) => (kind, material),
        };
        let mut replies = replies.to_vec();
        loop {
            match step(kind, material, &replies) {
                Ok(Step::Ask(messages)) => return Next::Ask(Box::new(self.request(messages))),
                Ok(Step::Embed(texts)) if self.lexical => replies.push(Reply::Vectors(lexical(&texts))),
                Ok(Step::Embed(texts)) => return Next::Embed(texts),
                Ok(Step::Label(text)) => return Next::Label(text),
                Ok(Step::Done(found)) | Err(found) => return self.done(found),
            }
        }
    }

    fn done(&self, found: Found) -> Next {
        Next::Done(result(&self.check, found))
    }

    fn request(&self, messages: Vec<Message>) -> ChatRequest {
        request(&self.model, messages, self.sample)
    }
}

pub(super) fn request(model: &str, messages: Vec<Message>, sample: u32) -> ChatRequest {
    let params = Params { max_tokens: Some(MAX_TOKENS), ..Params::default() };
    ChatRequest { model: model.to_owned(), messages, params, tools: Vec::new(), sample }
}

fn step(kind: &AssertionKind, material: &Material, replies: &[Reply]) -> Stepped {
    match kind {
        AssertionKind::LlmRubric => rubric::next(material, replies),
        AssertionKind::Factuality | AssertionKind::ModelGradedFactuality => factuality::next(material, replies),
        AssertionKind::ModelGradedClosedQa => closed_qa::next(material, replies),
        AssertionKind::GEval => g_eval::next(material, replies),
        AssertionKind::AnswerRelevance => answer_relevance::next(material, replies),
        AssertionKind::ContextRecall => context_recall::next(material, replies),
        AssertionKind::ContextRelevance => context_relevance::next(material, replies),
        AssertionKind::ContextFaithfulness => context_faithfulness::next(material, replies),
        AssertionKind::ConversationRelevance => conversation::next(material, replies),
        AssertionKind::Similar | AssertionKind::SimilarCosine => {
            similar::next(similar::Measure::Cosine, material, replies)
        }
        AssertionKind::SimilarDot => similar::next(similar::Measure::Dot, material, replies),
        AssertionKind::SimilarEuclidean => similar::next(similar::Measure::Euclidean, material, replies),
        AssertionKind::Classifier => Ok(classifier::next(material, replies)),
        AssertionKind::Moderation => moderation::next(material, replies),
        other => Err(Found::untold(format!("`{}` is not graded by a model.", other.name()))),
    }
}

/// Built-in vectors; a text without letters has no direction.
fn lexical(texts: &[String]) -> Vec<Vec<f32>> {
    texts.iter().map(|text| lexical_vector(text).unwrap_or_else(|| vec![0.0; LEXICAL_DIMENSIONS])).collect()
}

/// The words of the reply at this place among all.
fn said(replies: &[Reply], place: usize) -> Option<&Completion> {
    match replies.get(place)? {
        Reply::Said(completion) => Some(completion),
        Reply::Vectors(_) | Reply::Labels(_) => None,
    }
}

/// Graded by a threshold on a score of 0 to 1, negation included.
fn by_threshold(material: &Material, default: f64, score: f64, reason: &str) -> Found {
    let passes = score >= material.threshold.unwrap_or(default);
    turned(material, passes, score, reason)
}

/// Negation turns the verdict and the score.
fn turned(material: &Material, passes: bool, score: f64, reason: &str) -> Found {
    if material.not {
        Found::graded(!passes, 1.0 - score, format!("Negated: {reason}"))
    } else {
        Found::graded(passes, score, reason)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
