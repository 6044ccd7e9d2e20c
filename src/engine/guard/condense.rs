//! Long context is shortened by a model before the request is asked: one guarded call for each long layer.

use crate::compose::{condense_request, condensed, count_tokens, tokenizer_for};
use crate::domain::{AttemptRef, ChatRequest, FinishReason, Guarded, Purpose, Step, TimedStep, Usd};
use crate::engine::world::Route;
use crate::plan::PlannedTrial;

use super::call::{CallJob, NoAnswer, call};

/// A request with its long layers shortened, and what that took.
#[derive(Debug, Clone)]
pub struct Condensed {
    pub request: ChatRequest,
    pub steps: Vec<Step>,
    /// What it costs in production; `None` where a price is unknown.
    pub cost: Option<Usd>,
    pub spent: Usd,
}

impl Condensed {
    /// Adds what was done and paid to what the guards did to the trial.
    pub fn note(&self, guarded: &mut Guarded) {
        guarded.compression_spent += self.spent;
        let steps = self.steps.iter().cloned().map(|step| TimedStep { at_ms: 0, step });
        guarded.steps.splice(0..0, steps);
    }
}

/// Shortens the layers of context above the policy's threshold; the original stands wherever that fails. `base` is the
/// trial's own call, whose policy and ledger hold for these calls too.
///
/// # Errors
/// The run stopped first.
pub async fn condense(base: &CallJob<'_>, route: &Route, planned: &PlannedTrial) -> Result<Condensed, NoAnswer> {
    let policy = &base.policy.compress;
    let (tokenizer, _) = tokenizer_for(&planned.request.model);
    let (own, _) = tokenizer_for(&route.provider_model);
    let mut done =
        Condensed { request: planned.request.clone(), steps: Vec::new(), cost: Some(Usd::ZERO), spent: Usd::ZERO };
    for (position, layer) in (0_u16..).zip(&planned.context) {
        let before = count_tokens(tokenizer, &layer.text);
        if before <= policy.threshold as usize {
            continue;
        }
        let seed = seed(&layer.text);
        let request = condense_request(
            &route.provider_model,
            &layer.text,
            target(count_tokens(own, &layer.text), policy.ratio),
            seed,
        );
        let first = AttemptRef { trial: planned.trial, purpose: Purpose::Compression(position), number: 0 };
        let job = CallJob {
            route,
            request: &request,
            call: None,
            stand_ins: &[],
            fallback: None,
            may_degrade: false,
            semantic: None,
            validation: None,
            inspector: None,
            watcher: None,
            first,
            ..*base
        };
        let step = match call(&job).await {
            Err(NoAnswer::Left) => return Err(NoAnswer::Left),
            Err(NoAnswer::Failed(failure)) => {
                done.spent += failure.spent;
                Err(failure.error.message)
            }
            Ok(answered) => {
                done.spent += answered.spent;
                done.cost = done.cost.zip(answered.cost).map(|(sum, cost)| sum + cost);
                let answer = &answered.completion;
                let after = count_tokens(tokenizer, &answer.text);
                let shorter = usable(&answer.finish, &answer.text, before, after).and_then(|()| {
                    condensed(&done.request, &layer.text, &answer.text, seed).ok_or("its text is in no message")
                });
                shorter.map(|request| (request, after)).map_err(str::to_owned)
            }
        };
        let layer = layer.id.clone();
        done.steps.push(match step {
            Ok((request, after)) => {
                done.request = request;
                Step::Compressed { layer, before: before as u64, after: after as u64 }
            }
            Err(reason) => Step::NotCompressed { layer, reason },
        });
    }
    Ok(done)
}

/// The same text is fenced the same way in every case, so that it is shortened once.
fn seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Whether an answer may stand in the place of the layer: a text that was cut never does.
fn usable(finish: &FinishReason, text: &str, before: usize, after: usize) -> Result<(), &'static str> {
    match finish {
        FinishReason::Length => Err("the shorter text was cut at its limit"),
        FinishReason::Refusal | FinishReason::ContentFilter => Err("the model would not shorten it"),
        _ if text.trim().is_empty() => Err("the shorter text is empty"),
        _ if after >= before => Err("the text came back no shorter"),
        _ => Ok(()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a count of tokens"
)]
fn target(tokens: usize, ratio: f64) -> u32 {
    (tokens as f64 * ratio).ceil().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_empty_or_no_shorter_does_not_stand() {
        let check =
            |finish, text, after, expect| assert_eq!(usable(&finish, text, 10, after).is_ok(), expect, "{text}");
        check(FinishReason::Stop, "short", 3, true);
        check(FinishReason::Length, "short", 3, false);
        check(FinishReason::Refusal, "short", 3, false);
        check(FinishReason::Stop, " ", 1, false);
        check(FinishReason::Stop, "as long", 10, false);
        assert_eq!((target(1000, 0.3), target(1, 0.01)), (300, 1));
    }
}
