//! `answer-relevance`: how near the questions that the output would answer are to the one that was asked. After the
//! answer relevancy of Ragas (Es et al. 2024, EACL): the mean cosine of their vectors.

use super::super::found::quote;
use super::material::{Material, messages};
use super::similar::cosine;
use super::{Reply, Step, Stepped, by_threshold, reply, said};

const THRESHOLD: f64 = 0.5;
const QUESTIONS: usize = 3;

/// A call for questions, and one for vectors.
pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let Some(reply) = said(replies, 0) else { return Ok(Step::Ask(ask(material))) };
    let mut questions = reply::texts(reply, "questions")?;
    questions.truncate(QUESTIONS);
    if questions.is_empty() {
        return Err(reply::unusable(reply, "it has no questions"));
    }
    let Some(Reply::Vectors(vectors)) = replies.get(1) else {
        return Ok(Step::Embed(std::iter::once(material.question.clone()).chain(questions).collect()));
    };
    let Some((asked, others)) = vectors.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err(reply::unusable(reply, "its questions have no vectors"));
    };
    #[expect(clippy::cast_precision_loss, reason = "three questions")]
    let mean = others.iter().map(|other| cosine(asked, other)).sum::<f64>() / others.len() as f64;
    let score = mean.clamp(0.0, 1.0);
    let reason = format!(
        "The questions that it answers are near to the one asked by {score:.2}, such as {}.",
        quote(&questions[0])
    );
    Ok(Step::Done(by_threshold(material, THRESHOLD, score, &material.by_words(&reason))))
}

fn ask(material: &Material) -> Vec<crate::domain::Message> {
    let task = format!(
        "You read an answer without knowing what was asked, and guess. Write {QUESTIONS} different questions that this \
         answer would answer well. Where it answers nothing, write what would have to be asked to get just this text.\n\
         Answer with one JSON object and nothing else: {{\"questions\": [\"<question>\", …]}}"
    );
    messages(&task, &[("ANSWER", &material.output)], "Write the questions. Answer with the JSON object only.")
}
