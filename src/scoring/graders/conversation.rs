//! `conversation-relevance`: the share of a conversation's replies that fit what was said just before them.

use serde_json::Value;

use super::super::found::quote;
use super::material::{Material, messages, text};
use super::{Reply, Step, Stepped, by_threshold, reply, said, share};
use crate::domain::Message;

const THRESHOLD: f64 = 0.5;
/// Turns that are shown at once, the judged one included; `config.windowSize` changes it.
const WINDOW: u64 = 5;

struct Turn {
    input: String,
    output: String,
}

/// A call for each turn, with the turns before it.
pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let turns = turns(material);
    let window = material.config.get("windowSize").and_then(Value::as_u64).unwrap_or(WINDOW).max(1);
    let window = usize::try_from(window).unwrap_or(usize::MAX);
    let mut relevant = 0;
    let mut lost = None;
    for place in 0..turns.len() {
        let seen = &turns[(place + 1).saturating_sub(window)..=place];
        let Some(reply) = said(replies, place) else { return Ok(Step::Ask(ask(seen))) };
        let object = reply::with_key(reply, "relevant")?;
        match object["relevant"].as_bool() {
            Some(true) => relevant += 1,
            Some(false) => lost = Some(reply::reason(&object)),
            None => {
                return Err(reply::unusable(
                    reply,
                    &format!("`relevant` in {} is neither true nor false", quote(&reply.text)),
                ));
            }
        }
    }
    let score = share(relevant, turns.len());
    let reason = format!("{relevant} of {} replies fit. {}", turns.len(), lost.unwrap_or_default());
    Ok(Step::Done(by_threshold(material, THRESHOLD, score, reason.trim_end())))
}

/// The earlier turns, where the case has them, and the output as the last.
fn turns(material: &Material) -> Vec<Turn> {
    let earlier = material.vars.get("_conversation").and_then(Value::as_array);
    let turn = |turn: &Value| Turn { input: text(&turn["input"]), output: text(&turn["output"]) };
    let last = Turn { input: material.question.clone(), output: material.output.clone() };
    earlier.into_iter().flatten().map(turn).chain([last]).collect()
}

fn ask(seen: &[Turn]) -> Vec<Message> {
    let task = "You read the end of a conversation, and judge its last reply alone: whether it fits what was said before \
        it. A polite question back or a refusal that says why fits as well; a reply about something else does not.\n\
        Answer with one JSON object and nothing else, the reason first: \
        {\"reason\": \"<one sentence>\", \"relevant\": <true or false>}";
    let mut parts = Vec::with_capacity(seen.len() * 2);
    for turn in seen {
        parts.extend([("USER", turn.input.as_str()), ("REPLY", turn.output.as_str())]);
    }
    messages(task, &parts, "Does the last reply fit? Answer with the JSON object only.")
}
