//! `select-best`: the output of a case that a model takes for the best by some criteria.

use super::super::found::{Found, quote};
use super::material::{Material, messages};
use super::reply::{ending, object};
use super::request;
use crate::domain::{ChatRequest, Completion, Message, ModelId};

/// A check by which a model chooses among the outputs of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The check's.
    pub position: u16,
    /// `None` where the check names none, so that nobody can choose.
    pub model: Option<ModelId>,
    pub(in crate::scoring) material: Result<Material, String>,
}

/// The place of the output that was chosen and why, or why none was.
pub type Chosen = Result<(usize, String), String>;

impl Choice {
    /// What the model is asked. `model` is the provider's own name of it; `sample` tells repeats apart.
    ///
    /// # Errors
    /// Why it cannot be asked, in a sentence.
    pub fn request(&self, outputs: &[String], model: &str, sample: u32) -> Result<ChatRequest, String> {
        if outputs.len() < 2 {
            return Err("There is no second output to choose from.".to_owned());
        }
        let material = self.material.as_ref().map_err(|why| format!("It cannot be asked: {why}"))?;
        Ok(request(model, ask(material, outputs)?, sample))
    }

    /// The place of the chosen output among the `count` that were shown, from 0.
    ///
    /// # Errors
    /// Why the reply cannot be used, in a sentence.
    pub fn chosen(reply: &Completion, count: usize) -> Chosen {
        let unusable = |why: String| format!("The grader's reply cannot be used: {why}{}.", ending(&reply.finish));
        let (said, reason) = match object(&reply.text, &["best"]) {
            Ok(object) => (object["best"].as_u64(), object["reason"].as_str().unwrap_or_default().to_owned()),
            Err(_) => (reply.text.trim().parse().ok(), String::new()),
        };
        let said =
            said.ok_or_else(|| unusable(format!("there is no number of an output in {}", quote(&reply.text))))?;
        let place = usize::try_from(said).ok().filter(|place| *place < count);
        let place = place.ok_or_else(|| unusable(format!("there is no output {said}")))?;
        Ok((place, reason))
    }
}

fn ask(material: &Material, outputs: &[String]) -> Result<Vec<Message>, String> {
    let sentence = |found| match found {
        Found::Untold { reason } => reason,
        _ => String::new(),
    };
    let criteria = material.wanted().map_err(sentence)?;
    let names: Vec<String> = (0..outputs.len()).map(|place| format!("OUTPUT {place}")).collect();
    let listed: Vec<String> = names.iter().zip(outputs).map(|(name, output)| format!("{name}:\n{output}")).collect();
    let listed = listed.join("\n\n");
    let own = [("criteria", criteria.as_str()), ("rubric", criteria.as_str()), ("outputs", listed.as_str())];
    if let Some(words) = material.own_words(&own) {
        return words.map_err(sentence);
    }
    let task = "You choose the one output, of several that answer the same task, that meets the criteria best. Neither \
        length nor place speaks for an output. Where several are equally good, choose the first of them.\n\
        Answer with one JSON object and nothing else, the reason first: {\"reason\": \"<what decided it>\", \"best\": \
        <number of the output>}";
    let mut parts = vec![("CRITERIA", criteria.as_str())];
    parts.extend(names.iter().map(String::as_str).zip(outputs.iter().map(String::as_str)));
    Ok(messages(task, &parts, "Which output is the best? Answer with the JSON object only."))
}
