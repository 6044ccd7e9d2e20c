//! `context-recall`: the share of a reference answer's sentences that the context bears out.

use super::super::found::Found;
use super::material::{Material, messages};
use super::sentences::{numbered, sentences};
use super::{Reply, Step, Stepped, by_threshold, reply, said, share};

const THRESHOLD: f64 = 0.5;

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let truth = material.wanted()?;
    let parts = sentences(&truth);
    if parts.is_empty() {
        return Err(Found::untold("The reference answer has no sentence."));
    }
    let Some(reply) = said(replies, 0) else {
        let context = material.var("context").unwrap_or_else(|_| material.question.clone());
        let task = "You check which sentences of a reference answer can be told from a context alone.\n\
            Answer with one JSON object and nothing else, the reason first: {\"reason\": \"<one sentence>\", \
            \"supported\": [<numbers of the sentences that the context bears out>]}";
        let shown = [("CONTEXT", context.as_str()), ("REFERENCE", &numbered(&parts))];
        return Ok(Step::Ask(messages(
            task,
            &shown,
            "Which sentences does the context bear out? Answer with the JSON object only.",
        )));
    };
    let supported = reply::counted(reply, "supported", parts.len())?;
    let score = share(supported, parts.len());
    let reason = format!("The context bears out {supported} of {} sentences of the reference.", parts.len());
    Ok(Step::Done(by_threshold(material, THRESHOLD, score, &reason)))
}
