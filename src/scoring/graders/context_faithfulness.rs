//! `context-faithfulness`: the share of the output's claims that the context bears out. After the faithfulness of Ragas
//! (Es et al. 2024, EACL).

use super::material::{Material, messages};
use super::sentences::numbered;
use super::{Reply, Step, Stepped, by_threshold, reply, said, share};

const THRESHOLD: f64 = 0.5;

/// Two calls: the claims, then which of them hold. An output that claims nothing is faithful.
pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let query = material.var("query")?;
    let context = material.var("context")?;
    let Some(claims) = said(replies, 0) else {
        let task = "You take an answer apart into its claims: short sentences, each of which says one thing that can be \
            right or wrong and can be understood alone. Leave out greetings, questions and offers.\n\
            Answer with one JSON object and nothing else: {\"claims\": [\"<claim>\", …]}, with an empty list where the \
            answer claims nothing.";
        let shown = [("QUESTION", query.as_str()), ("ANSWER", &material.output)];
        return Ok(Step::Ask(messages(
            task,
            &shown,
            "Write the claims of the answer. Answer with the JSON object only.",
        )));
    };
    let claims = reply::texts(claims, "claims")?;
    if claims.is_empty() {
        return Ok(Step::Done(by_threshold(material, THRESHOLD, 1.0, "The output claims nothing.")));
    }
    let Some(reply) = said(replies, 1) else {
        let task = "You check which claims can be told from a context alone, whatever else you know.\n\
            Answer with one JSON object and nothing else, the reason first: {\"reason\": \"<one sentence>\", \
            \"supported\": [<numbers of the claims that the context bears out>]}";
        let shown = [("CONTEXT", context.as_str()), ("CLAIMS", &numbered(&claims))];
        return Ok(Step::Ask(messages(
            task,
            &shown,
            "Which claims does the context bear out? Answer with the JSON object only.",
        )));
    };
    let supported = reply::counted(reply, "supported", claims.len())?;
    let score = share(supported, claims.len());
    let reason = format!("The context bears out {supported} of {} claims of the output.", claims.len());
    Ok(Step::Done(by_threshold(material, THRESHOLD, score, &reason)))
}
