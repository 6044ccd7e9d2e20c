//! Checks become assertions: those of promptfoo as they came, Strata's own by what is nearest.

use serde_json::{Map, Value, json};

use super::notes::Notes;
use super::{models, native, scripts};
use crate::domain::{Assertion, AssertionKind, Check, CheckKind, Dialect, Manifest, ModelId};

/// The score from which a judge's check passes where it does not say.
const JUDGED: f64 = 0.5;

/// What assertions are written by.
pub(super) struct Checks<'a> {
    pub manifest: &'a Manifest,
    pub dialect: Dialect,
}

impl Checks<'_> {
    pub(super) fn written(&self, checks: &[Check], notes: &mut Notes) -> Vec<Value> {
        checks.iter().filter_map(|check| self.one(check, notes)).map(Value::Object).collect()
    }

    fn one(&self, check: &Check, notes: &mut Notes) -> Option<Map<String, Value>> {
        let mut written = match &check.kind {
            CheckKind::Assertion(assertion) => self.assertion(assertion, check.not, notes),
            CheckKind::Set(set) => {
                if check.not {
                    notes.add(
                        "A set of checks that must fail is written as one that must pass: promptfoo has no other.",
                    );
                }
                let children: Vec<Value> = self.written(&set.checks, notes);
                Map::from_iter([("type".to_owned(), json!("assert-set")), ("assert".to_owned(), children.into())])
            }
            CheckKind::Judge { model, rubric } => {
                let mut written = typed("llm-rubric", check.not);
                written.insert("value".to_owned(), json!(rubric));
                written.extend(self.grader(model, notes).map(|grader| ("provider".to_owned(), grader)));
                written.insert("threshold".to_owned(), json!(check.threshold.unwrap_or(JUDGED)));
                written
            }
            _ => native::written(check, notes)?,
        };
        if let Some(threshold) = check.threshold {
            written.entry("threshold").or_insert(json!(threshold));
        }
        if (check.weight - 1.0).abs() > f64::EPSILON {
            written.insert("weight".to_owned(), json!(check.weight));
        }
        let is_promptfoo = matches!(check.kind, CheckKind::Assertion(_) | CheckKind::Set(_));
        let metric = if is_promptfoo || self.dialect == Dialect::Nunjucks { &check.metric } else { check.metric() };
        if !metric.is_empty() {
            written.insert("metric".to_owned(), json!(metric));
        }
        Some(written)
    }

    fn assertion(&self, assertion: &Assertion, not: bool, notes: &mut Notes) -> Map<String, Value> {
        let mut written = match &assertion.kind {
            // The whole name is kept, since there is no `assert-set` to be turned round.
            AssertionKind::Other(name) if name == "not-assert-set" => typed(name, false),
            kind => typed(kind.name(), not),
        };
        if let Some(why) = &assertion.broken {
            notes.add(format!(
                "An assertion that could not be read when it was imported is written as far as it was: {why}"
            ));
        }
        let value = match &assertion.script {
            Some(file) => scripts::inlined(file, notes).map(Value::from),
            None => Some(assertion.value.clone()).filter(|value| !value.is_null()),
        };
        let transform = assertion.transform.as_ref().and_then(|code| scripts::written(code, notes));
        let config = Some(&assertion.config).filter(|config| !config.is_empty());
        let prompt = Some(&assertion.prompt).filter(|prompt| !prompt.is_null());
        for (name, value) in [
            ("value", value),
            ("transform", transform.map(Value::from)),
            ("config", config.cloned().map(Value::Object)),
            ("rubricPrompt", prompt.cloned()),
        ] {
            if let Some(value) = value {
                written.insert(name.to_owned(), value);
            }
        }
        written.extend(assertion.kept.clone());
        if let Some(grader) = self.graders(assertion, notes) {
            written.insert("provider".to_owned(), grader);
        }
        written
    }

    /// Who grades: one model, or one for words and one for vectors.
    fn graders(&self, assertion: &Assertion, notes: &mut Notes) -> Option<Value> {
        let of_vectors = |model| self.grader(model, notes).map(makes_vectors);
        let vectors = assertion.embedder.as_ref().and_then(of_vectors);
        let words = assertion.model.as_ref().and_then(|model| self.grader(model, notes));
        if assertion.kind.asks_labels() {
            return words.map(gives_flags);
        }
        if !assertion.kind.asks_words() {
            return vectors.or_else(|| words.map(makes_vectors));
        }
        match (words, vectors) {
            (words, None) => words,
            (None, Some(vectors)) => Some(json!({ "embedding": vectors })),
            (Some(words), Some(vectors)) => Some(json!({ "text": words, "embedding": vectors })),
        }
    }

    fn grader(&self, model: &ModelId, notes: &mut Notes) -> Option<Value> {
        let Some((id, config)) = models::provider(model, self.manifest) else {
            notes.add(format!("`{model}` cannot grade there; promptfoo's usual grader does."));
            return None;
        };
        let has_config = config.as_object().is_some_and(|config| !config.is_empty());
        Some(if has_config { json!({ "id": id, "config": config }) } else { json!(id) })
    }
}

/// The provider by the id that promptfoo has for its vectors.
fn makes_vectors(grader: Value) -> Value {
    const NAMES: [(&str, &str); 4] = [
        ("openai:chat:", "openai:embedding:"),
        ("ollama:chat:", "ollama:embeddings:"),
        ("mistral:", "mistral:embedding:"),
        ("google:", "google:embedding:"),
    ];
    renamed(grader, &NAMES)
}

/// The provider by the id that promptfoo has for its moderation; a classifier has one already.
fn gives_flags(grader: Value) -> Value {
    renamed(grader, &[("openai:chat:", "openai:moderation:")])
}

fn renamed(mut grader: Value, names: &[(&str, &str)]) -> Value {
    let id = if grader.is_object() { &mut grader["id"] } else { &mut grader };
    let renamed = id
        .as_str()
        .and_then(|id| names.iter().find_map(|(words, vectors)| Some(format!("{vectors}{}", id.strip_prefix(words)?))));
    if let Some(renamed) = renamed {
        *id = renamed.into();
    }
    grader
}

pub(super) fn typed(kind: &str, not: bool) -> Map<String, Value> {
    let kind = if not { format!("not-{kind}") } else { kind.to_owned() };
    Map::from_iter([("type".to_owned(), Value::from(kind))])
}
