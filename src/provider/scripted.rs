//! Answers from a script in the place of a model, so that a workspace works offline. *Scripted, not a model.*
//!
//! What is said depends on the script's seed, the messages and the sample number alone. How long it takes and which
//! fault strikes depends on the model and on the number of the attempt as well; a retry draws both anew.

mod draw;
mod rules;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use self::draw::Draws;
use self::rules::{Answer, Rules};
use super::failure::{bad_json, status_failure, truncated};
use super::wire::Draft;
use super::{BoxFuture, OnText, Provider, Received};
use crate::domain::{
    CallError, ChatRequest, Completion, Fault, FaultRates, FinishReason, Problem, RawReply, Script, ScriptedModel,
    Usage,
};

/// What is wrong with a script; nothing of it needs to run for that. `path` is where the workspace has it.
#[must_use]
pub fn check_script(path: &str, script: &Script) -> Vec<Problem> {
    Rules::new(path, script).1
}

pub(super) struct Scripted {
    seed: u64,
    models: BTreeMap<String, ScriptedModel>,
    rules: Rules,
    /// How often a request has failed so far, by its hash; a request that was answered is forgotten.
    failures: Mutex<HashMap<u64, u32>>,
}

impl Scripted {
    /// # Errors
    /// There is no script, or one with mistakes.
    pub fn new(path: &str, script: Option<&Script>) -> Result<Self, CallError> {
        let wrong = |message: String| CallError::new(Fault::BadRequest, message);
        let script = script.ok_or_else(|| wrong(format!("The script `{path}` is not there or cannot be read.")))?;
        let (rules, problems) = Rules::new(path, script);
        if let Some(problem) = problems.into_iter().find(Problem::is_error) {
            return Err(wrong(problem.to_string()));
        }
        Ok(Self { seed: script.seed, models: script.models.clone(), rules, failures: Mutex::default() })
    }

    async fn answer(&self, request: &ChatRequest, on_text: OnText<'_>) -> Result<RawReply, CallError> {
        let Some(model) = self.models.get(&request.model) else {
            return Ok(refusal(404, &format!("the script has no model `{}`", request.model)));
        };
        let draws = Draws::new(self.seed, request);
        let Some(answer) = self.rules.answer(request, &draws) else {
            return Ok(refusal(
                400,
                "no rule of the script answers this request; add one without conditions at its end",
            ));
        };
        let attempt = self.attempt(model, &draws, request);
        let latency_ms = latency_ms(model, draws.number(&["latency", &request.model], attempt));
        let strike = strike(&model.faults, draws.share(&["fault", &request.model], attempt));
        let outcome = perform(request, model, answer, latency_ms, strike, on_text).await;
        if strike.is_none() {
            self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&draws.key(&request.model));
        }
        outcome
    }

    /// The number of this attempt, from 0, where faults make it matter.
    fn attempt(&self, model: &ScriptedModel, draws: &Draws, request: &ChatRequest) -> u32 {
        if model.faults == FaultRates::default() {
            return 0;
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(draws.key(&request.model)).or_default();
        let attempt = *count;
        *count += 1;
        attempt
    }
}

impl Provider for Scripted {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async { self.answer(request, on_text).await.map(Received::from) })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        if reply.status != 200 {
            return Err(status_failure(reply));
        }
        let said: Said = serde_json::from_slice(&reply.body).map_err(|error| bad_json(reply, &error))?;
        if said.cut {
            return Err(truncated(reply, said.text));
        }
        let (text, finish, model) = (said.text, Some(said.finish), Some(said.model));
        Ok(Draft { text, finish, model, usage: Some(said.usage), ..Draft::default() }.complete(reply))
    }
}

/// The body of a scripted reply.
#[derive(Serialize, Deserialize)]
struct Said {
    model: String,
    text: String,
    finish: FinishReason,
    usage: Usage,
    /// The answer breaks off here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    RateLimited,
    Server,
    Disconnected,
    Truncated,
}

fn strike(rates: &FaultRates, share: f64) -> Option<Strike> {
    let mut below = 0.0;
    [
        (rates.rate_limited, Strike::RateLimited),
        (rates.server, Strike::Server),
        (rates.disconnected, Strike::Disconnected),
        (rates.truncated, Strike::Truncated),
    ]
    .into_iter()
    .find_map(|(rate, strike)| {
        below += rate;
        (share < below).then_some(strike)
    })
}

/// Log-normal: the median, and a 95th percentile that lies 1.645 standard deviations above it.
fn latency_ms(model: &ScriptedModel, deviation: f64) -> f64 {
    let spread = if model.p95_ms > model.median_ms { (model.p95_ms / model.median_ms).ln() / 1.645 } else { 0.0 };
    if model.median_ms > 0.0 { model.median_ms * (spread * deviation.clamp(-3.0, 3.0)).exp() } else { 0.0 }
}

async fn perform(
    request: &ChatRequest,
    model: &ScriptedModel,
    answer: Answer,
    latency_ms: f64,
    strike: Option<Strike>,
    on_text: OnText<'_>,
) -> Result<RawReply, CallError> {
    let start = Instant::now();
    let refused_after = latency_ms * 0.1;
    let half = floor_boundary(&answer.text, answer.text.len() / 2);
    let (text, cut, ends_after) = match strike {
        Some(Strike::RateLimited) => {
            until(start, refused_after).await;
            return Ok(RawReply { latency_ms: refused_after, ..refusal(429, "scripted: too many requests") });
        }
        Some(Strike::Server) => {
            until(start, refused_after).await;
            return Ok(RawReply { latency_ms: refused_after, ..refusal(500, "scripted: the server failed") });
        }
        Some(Strike::Disconnected) => (&answer.text[..half], true, latency_ms * 0.5),
        Some(Strike::Truncated) => (&answer.text[..half], true, latency_ms),
        None => (answer.text.as_str(), false, latency_ms),
    };
    let first_ms = ends_after * model.first_token;
    if request.params.stream {
        speak(text, start, first_ms, ends_after, on_text).await;
    }
    until(start, ends_after).await;
    if strike == Some(Strike::Disconnected) {
        let error = CallError::new(Fault::Disconnected, "Scripted: the connection broke in the middle of the answer.");
        return Err(CallError { partial: text.as_bytes().to_vec(), ..error });
    }
    let text = if cut { text.to_owned() } else { answer.text };
    let said = Said { model: request.model.clone(), text, finish: answer.finish, usage: answer.usage, cut };
    let body = serde_json::to_vec(&said)
        .map_err(|error| CallError::new(Fault::Internal, format!("The scripted answer is no JSON: {error}.")))?;
    let first_token_ms = request.params.stream.then_some(first_ms);
    Ok(RawReply { status: 200, body, first_token_ms, latency_ms: ends_after, ..RawReply::default() })
}

/// Tells the text in pieces, spread evenly from the first token to the end.
async fn speak(text: &str, start: Instant, first_ms: f64, end_ms: f64, on_text: OnText<'_>) {
    const PIECES: usize = 20;
    let size = (text.len() / PIECES).max(8);
    let count = text.len().div_ceil(size).max(1);
    let (mut rest, mut spoken) = (text, 0_u32);
    while !rest.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "a text has few pieces")]
        let share = f64::from(spoken) / count as f64;
        until(start, first_ms + (end_ms - first_ms) * share).await;
        let (piece, after) = rest.split_at(ceil_boundary(rest, size));
        on_text(piece);
        rest = after;
        spoken += 1;
    }
}

async fn until(start: Instant, ms: f64) {
    if ms > 0.0 {
        tokio::time::sleep_until(start + Duration::from_secs_f64(ms / 1000.0)).await;
    }
}

/// An error as a server would send it.
fn refusal(status: u16, message: &str) -> RawReply {
    RawReply { status, body: json!({"error": {"message": message}}).to_string().into_bytes(), ..RawReply::default() }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
