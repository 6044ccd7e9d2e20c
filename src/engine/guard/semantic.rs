//! The semantic cache around one endpoint: exact cache → a similar question's answer → the model.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::domain::{
    ChatRequest, Completion, Embedder, Fingerprint, FinishReason, Role, SemanticMode, SemanticPolicy, Step, Usage,
};
use crate::engine::sink::CachedCall;
use crate::engine::world::Route;
use crate::plan::{call_fingerprint, embedding_fingerprint};
use crate::scoring::{Facts, lexical_vector, normalised, same_answer};

use super::bill::Bill;
use super::call::{CallJob, Missed, attempts};
use super::leg::Leg;
use super::repair;
use super::service::{self, ServiceJob};
use super::similar::{Found, Hit, Question, SimilarAnswers};
use super::under_way::{OnItsWay, Turn, UnderWay};

/// The semantic cache of a run; it ends with the run.
pub struct Semantic {
    policy: SemanticPolicy,
    /// The model that makes vectors; `None` for the built-in embedder.
    embedder: Option<Route>,
    answers: Mutex<SimilarAnswers>,
    /// Vectors that were paid for, by their texts, so that no text is embedded for each column anew.
    vectors: Mutex<HashMap<Fingerprint, Arc<OnceCell<Vec<f32>>>>>,
    under_way: UnderWay,
}

/// Why a question has no vector.
enum NoVector {
    /// The run stopped.
    Left,
    Reason(String),
}

impl From<Missed> for NoVector {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Left => Self::Left,
            Missed::Failed(error) | Missed::EndpointStopped(error) => Self::Reason(error.message),
        }
    }
}

impl Semantic {
    /// `None` where the policy has it off.
    pub fn new(policy: &SemanticPolicy, embedder: Option<Route>) -> Option<Self> {
        let ttl = Duration::from_millis(policy.ttl_ms);
        policy.is_on().then(|| Self {
            policy: policy.clone(),
            embedder,
            answers: Mutex::new(SimilarAnswers::new(policy.threshold, policy.capacity, ttl)),
            vectors: Mutex::default(),
            under_way: UnderWay::default(),
        })
    }

    fn answers(&self) -> MutexGuard<'_, SimilarAnswers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` where the question has no vector; the bill then says why.
    async fn question(&self, job: &CallJob<'_>, text: &str, bill: &mut Bill) -> Result<Option<Question>, Missed> {
        let vector = match &self.policy.embedder {
            Embedder::Lexical => lexical_vector(text).ok_or_else(|| "the question has no words".to_owned()),
            Embedder::Model(_) => self.paid_vector(job, text, bill).await?,
        };
        match vector {
            Ok(vector) => Ok(Some(Question { vector, facts: Facts::of(text) })),
            Err(reason) => {
                bill.note(Step::NoVector { reason });
                Ok(None)
            }
        }
    }

    async fn paid_vector(
        &self,
        job: &CallJob<'_>,
        text: &str,
        bill: &mut Bill,
    ) -> Result<Result<Vec<f32>, String>, Missed> {
        let Some(route) = &self.embedder else { return Ok(Err("the embedder is not connected".to_owned())) };
        if text.trim().is_empty() {
            return Ok(Err("the question is empty".to_owned()));
        }
        let place = self.place(embedding_fingerprint(&route.endpoint.origin, &route.provider_model, text));
        let embedded = place.get_or_try_init(async || {
            let asked = ServiceJob {
                route,
                attempt: bill.next_embedding(),
                key: job.key,
                policy: job.policy,
                earlier: job.earlier,
                ledger: job.ledger,
                control: job.control,
                is_needed: false,
                seed: job.seed,
            };
            let made = service::vectors(&asked, &[text.to_owned()]).await?;
            bill.pay_embedding(made.spent, made.cost, self.policy.mode);
            let vector = made.got.map_err(NoVector::Reason)?.into_iter().next().unwrap_or_default();
            normalised(vector).ok_or_else(|| NoVector::Reason("its vector has no direction".to_owned()))
        });
        match embedded.await {
            Ok(vector) => Ok(Ok(vector.clone())),
            Err(NoVector::Reason(reason)) => Ok(Err(reason)),
            Err(NoVector::Left) => Err(Missed::Left),
        }
    }

    /// Where the vector of a text is kept: while one asks for it, the others wait.
    fn place(&self, text: Fingerprint) -> Arc<OnceCell<Vec<f32>>> {
        let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        if vectors.len() >= self.policy.capacity as usize && !vectors.contains_key(&text) {
            vectors.clear();
        }
        vectors.entry(text).or_default().clone()
    }

    /// The answer of a similar question, or leave to ask the model. Waits while a similar question is on its way.
    async fn look_up(
        &self,
        job: &CallJob<'_>,
        namespace: &Fingerprint,
        question: &Question,
    ) -> Result<(Found, Option<OnItsWay<'_>>), Missed> {
        loop {
            let found = self.answers().look_up(namespace, question, Instant::now());
            if found.hit.is_some() {
                return Ok((found, None));
            }
            match self.under_way.turn(*namespace, question, self.policy.threshold) {
                Turn::Own(own) => return Ok((found, Some(own))),
                Turn::Wait(mut over) => tokio::select! {
                    biased;
                    () = job.control.drained() => return Err(Missed::Left),
                    _ = over.changed() => {}
                },
            }
        }
    }
}

/// Asks an endpoint through the semantic cache, where the run has one. An answer of the same request stands before that
/// of a similar one.
pub async fn through(job: &CallJob<'_>, leg: &Leg<'_>, bill: &mut Bill) -> Result<Arc<Completion>, Missed> {
    let Some(semantic) = job.semantic else { return attempts(job, leg, bill).await };
    if semantic.policy.mode == SemanticMode::On
        && let Some(paid) = leg.paid_before(bill).await?
    {
        return Ok(paid);
    }
    let began = Instant::now();
    let text = asked_by_user(leg.request());
    let Some(question) = semantic.question(job, &text, bill).await? else { return attempts(job, leg, bill).await };
    let namespace = namespace(&leg.route.endpoint.origin, leg.request(), job.epoch);
    let (found, _on_its_way) = semantic.look_up(job, &namespace, &question).await?;
    if let Some((similarity, reason)) = found.refused {
        bill.note(Step::SemanticRefused { similarity, reason });
    }
    match (semantic.policy.mode, found.hit) {
        (SemanticMode::On, Some(hit)) => Ok(bill.similar(&hit, began.elapsed(), !semantic.policy.count_hits)),
        (_, Some(hit)) => {
            let answer = attempts(job, leg, bill).await?;
            bill.note(audit(&hit, &answer));
            Ok(answer)
        }
        (_, None) => {
            let answer = attempts(job, leg, bill).await?;
            if may_be_kept(job, &answer) {
                let price = leg.route.price.as_ref();
                let cost = price.zip(answer.usage).map(|(price, usage)| price.cost(&usage));
                let call = CachedCall { completion: answer.clone(), cost };
                semantic.answers().keep(namespace, question, call, Instant::now());
            }
            Ok(answer)
        }
    }
}

fn audit(hit: &Hit, answer: &Completion) -> Step {
    let wrong = answer.finish != FinishReason::Stop || !same_answer(&hit.call.completion.text, &answer.text);
    Step::SemanticAudit { similarity: hit.similarity, wrong }
}

/// Only a whole answer of the right form, which is no call of a tool and no refusal.
fn may_be_kept(job: &CallJob<'_>, answer: &Completion) -> bool {
    answer.finish == FinishReason::Stop
        && answer.tool_calls.is_empty()
        && !answer.text.trim().is_empty()
        && repair::wrong(job, answer).is_none()
}

/// The user's part of a request: what the vector is of.
fn asked_by_user(request: &ChatRequest) -> String {
    let of_user = request.messages.iter().filter(|message| message.role == Role::User);
    of_user.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
}

/// All of a call's identity but the user's words: endpoint, model, system messages, earlier answers, parameters, tools,
/// the repeat and the cache's epoch.
fn namespace(origin: &str, request: &ChatRequest, epoch: u32) -> Fingerprint {
    let mut rest = request.clone();
    rest.messages.iter_mut().filter(|message| message.role == Role::User).for_each(|message| message.content.clear());
    call_fingerprint(origin, &rest, epoch)
}

impl Hit {
    pub(super) fn step(&self) -> Step {
        let age_ms = u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX);
        Step::SemanticHit { similarity: self.similarity, age_ms, saved: self.call.cost }
    }

    /// The answer as it is given now: at once, and without a token.
    pub(super) fn given_in(&self, took: Duration) -> Completion {
        Completion {
            usage: Some(Usage::default()),
            first_token_ms: None,
            latency_ms: took.as_secs_f64() * 1000.0,
            ..(*self.call.completion).clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Message, Params};

    fn request() -> ChatRequest {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        ChatRequest {
            model: "m".into(),
            messages: vec![message(Role::System, "Be kind."), message(Role::User, "hello")],
            params: Params::default(),
            tools: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn only_the_users_words_may_differ_inside_a_namespace() {
        let base = namespace("o", &request(), 0);
        let changed = |change: fn(&mut ChatRequest)| {
            let mut other = request();
            change(&mut other);
            namespace("o", &other, 0)
        };
        assert_eq!(changed(|request| request.messages[1].content.push_str(" there")), base);
        let others = [
            namespace("other", &request(), 0),
            namespace("o", &request(), 1),
            changed(|request| request.model.push('2')),
            changed(|request| request.messages[0].content.push('!')),
            changed(|request| request.messages[1].role = Role::Assistant),
            changed(|request| request.params.temperature = Some(0.0)),
            changed(|request| request.tools.push(serde_json::json!({"name": "t"}))),
            changed(|request| request.sample = 1),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, base, "change {index}");
        }
    }
}
