//! `context-relevance`: the share of the context's sentences that the question needs.

use super::super::found::Found;
use super::material::{Material, messages};
use super::sentences::{numbered, sentences};
use super::{Reply, Step, Stepped, by_threshold, reply, said, share};

const THRESHOLD: f64 = 0.5;

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let query = material.var("query")?;
    let context = material.var("context")?;
    let parts = sentences(&context);
    if parts.is_empty() {
        return Err(Found::untold("The context has no sentence."));
    }
    let Some(reply) = said(replies, 0) else {
        let task = "You check which sentences of a context help to answer a question. A sentence that is only about the \
            same subject does not help.\n\
            Answer with one JSON object and nothing else, the reason first: {\"reason\": \"<one sentence>\", \
            \"relevant\": [<numbers of the sentences that help>]}";
        let shown = [("QUESTION", query.as_str()), ("CONTEXT", &numbered(&parts))];
        return Ok(Step::Ask(messages(task, &shown, "Which sentences help? Answer with the JSON object only.")));
    };
    let relevant = reply::counted(reply, "relevant", parts.len())?;
    let score = share(relevant, parts.len());
    let reason = format!("{relevant} of {} sentences of the context help to answer the question.", parts.len());
    Ok(Step::Done(by_threshold(material, THRESHOLD, score, &reason)))
}
