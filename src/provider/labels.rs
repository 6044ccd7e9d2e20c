//! Labels of texts: what the APIs that moderate or classify are asked, and what they answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::embedding::ask;
use super::failure::protocol;
use super::http::Endpoint;
use crate::domain::{CallError, Fault, Label, RawReply};

/// What an API without labels says.
pub(super) fn no_labels() -> CallError {
    let message = "This API gives no labels. Name a model of OpenAI's moderation, or a classifier of Hugging Face.";
    CallError::new(Fault::BadRequest, message)
}

/// `/moderations`, of `OpenAI` and of servers that have it: the categories, each with its flag.
pub(super) async fn openai(endpoint: &Endpoint, model: &str, text: &str) -> Result<Vec<Label>, CallError> {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        input: &'a str,
    }
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Moderated>,
    }
    let body = Body { model, input: text };
    let (answer, reply) = ask::<Answer>(endpoint, endpoint.url("/moderations"), &body).await?;
    if answer.results.is_empty() {
        return Err(protocol(&reply, "it has no result"));
    }
    sound(answer.results.into_iter().flat_map(Moderated::labels).collect(), &reply)
}

#[derive(Deserialize)]
struct Moderated {
    flagged: bool,
    /// A category may be `null` where it does not hold for the input.
    categories: BTreeMap<String, Option<bool>>,
    #[serde(default)]
    category_scores: BTreeMap<String, Option<f64>>,
}

/// What a text is labelled with that is flagged as a whole and in no category.
const FLAGGED: &str = "flagged";

impl Moderated {
    fn labels(self) -> impl Iterator<Item = Label> {
        let Self { flagged, categories, category_scores } = self;
        let as_a_whole = flagged && !categories.values().any(|has| *has == Some(true));
        let whole = Label { name: FLAGGED.to_owned(), score: 1.0, flagged: Some(true) };
        let of_categories = categories.into_iter().map(move |(name, has)| {
            let flagged = flagged && has == Some(true);
            let score = category_scores.get(&name).copied().flatten();
            Label { score: score.unwrap_or_else(|| f64::from(u8::from(flagged))), flagged: Some(flagged), name }
        });
        of_categories.chain(as_a_whole.then_some(whole))
    }
}

/// Hugging Face's text classification: the classes with their scores, in one list, or in a list of one for the one text.
pub(super) async fn hugging_face(endpoint: &Endpoint, model: &str, text: &str) -> Result<Vec<Label>, CallError> {
    #[derive(Serialize)]
    struct Body<'a> {
        inputs: &'a str,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Plain(Vec<Class>),
        ByText(Vec<Vec<Class>>),
    }
    #[derive(Deserialize)]
    struct Class {
        label: String,
        score: f64,
    }
    let url = endpoint.url(&format!("/models/{}", path_of(model)?));
    let (answer, reply) = ask::<Answer>(endpoint, url, &Body { inputs: text }).await?;
    let classes = match answer {
        Answer::Plain(classes) => classes,
        Answer::ByText(texts) => texts.into_iter().flatten().collect(),
    };
    let label = |Class { label, score }| Label { name: label, score, flagged: None };
    sound(classes.into_iter().map(label).collect(), &reply)
}

fn path_of(model: &str) -> Result<&str, CallError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if model.chars().all(plain) && model.split('/').all(|part| !part.is_empty() && !part.starts_with('.')) {
        return Ok(model);
    }
    let message = format!("`{}` is not the name of a model.", model.escape_debug());
    Err(CallError::new(Fault::BadRequest, message))
}

/// An answer without a label, or with a score that is no number, is none.
fn sound(labels: Vec<Label>, reply: &RawReply) -> Result<Vec<Label>, CallError> {
    if labels.is_empty() || !labels.iter().all(|label| label.score.is_finite()) {
        return Err(protocol(reply, "it has no labels, or a score that is no number"));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_flagged_as_a_whole_is_flagged_whatever_its_categories_say() {
        let check = |moderated: Value, expect: &[&str]| {
            let moderated: Moderated = serde_json::from_value(moderated).unwrap();
            let flagged = moderated.labels().filter(|label| label.flagged == Some(true));
            assert_eq!(flagged.map(|label| label.name).collect::<Vec<_>>(), expect);
        };
        check(json!({"flagged": true, "categories": {"hate": false}}), &["flagged"]);
        check(json!({"flagged": true, "categories": {"hate": null}}), &["flagged"]);
        check(json!({"flagged": true, "categories": {}}), &["flagged"]);
        check(json!({"flagged": true, "categories": {"hate": true, "spam": false}}), &["hate"]);
        check(json!({"flagged": false, "categories": {"hate": false}}), &[]);
    }
}
