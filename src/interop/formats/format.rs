//! Which tool a file is of: by its name, then by what stands in it.

use serde_json::{Map, Value};

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A `.prompty` file, version 1 or 2.
    Prompty,
    /// A registry file of `openai/evals`, which names its samples.
    EvalsRegistry,
    /// Samples of `openai/evals`: a line for each.
    EvalsSamples,
    /// Results that the evals dashboard exports: a line for each item.
    EvalsResults,
    /// The definition of an eval, as the evals API has it.
    EvalsDefinition,
    /// A flow of `ChainForge`.
    ChainForge,
    /// Prompts of Langfuse.
    LangfusePrompt,
    /// Items of a Langfuse dataset.
    LangfuseItems,
    /// A prompt of `LangSmith`, as `LangChain` writes it.
    LangSmithPrompt,
    /// Examples of a `LangSmith` dataset.
    LangSmithExamples,
    /// A call copied from documentation, a playground or code: curl, Python, JavaScript, TypeScript or a request's JSON.
    Snippet,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 11] = [
        Self::Prompty,
        Self::EvalsDefinition,
        Self::EvalsResults,
        Self::EvalsRegistry,
        Self::EvalsSamples,
        Self::ChainForge,
        Self::LangfusePrompt,
        Self::LangfuseItems,
        Self::LangSmithPrompt,
        Self::LangSmithExamples,
        Self::Snippet,
    ];

    /// What people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Prompty => "Prompty",
            Self::EvalsRegistry => "OpenAI Evals registry",
            Self::EvalsSamples => "OpenAI Evals samples",
            Self::EvalsResults => "OpenAI Evals results",
            Self::EvalsDefinition => "OpenAI eval definition",
            Self::ChainForge => "ChainForge flow",
            Self::LangfusePrompt => "Langfuse prompt",
            Self::LangfuseItems => "Langfuse dataset",
            Self::LangSmithPrompt => "LangSmith prompt",
            Self::LangSmithExamples => "LangSmith examples",
            Self::Snippet => "Code snippet or request",
        }
    }
}

/// The format of a file by its name and text; `None` where it is none of those that can be read here.
#[must_use]
pub fn detect(name: &str, text: &str) -> Option<Format> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    by_name(name).or_else(|| by_json(text)).or_else(|| by_words(text))
}

fn by_name(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "prompty" => Some(Format::Prompty),
        "cforge" => Some(Format::ChainForge),
        _ => None,
    }
}

fn by_json(text: &str) -> Option<Format> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let first = text.lines().next().unwrap_or_default();
    let value: Value = serde_json::from_str(first).or_else(|_| serde_json::from_str(text)).ok()?;
    match value {
        Value::Object(fields) => of_object(&fields),
        Value::Array(rows) => rows.first().and_then(Value::as_object).and_then(of_row),
        _ => None,
    }
}

fn of_object(fields: &Map<String, Value>) -> Option<Format> {
    let has = |name: &str| fields.contains_key(name);
    if fields.get("flow").is_some_and(|flow| flow.get("nodes").is_some()) {
        return Some(Format::ChainForge);
    }
    if has("lc") || fields.get("manifest").is_some_and(|manifest| manifest.get("lc").is_some()) {
        return Some(Format::LangSmithPrompt);
    }
    if has("testing_criteria") {
        return Some(Format::EvalsDefinition);
    }
    if let Some(row) = fields.get("data").and_then(|data| data.get(0)).and_then(Value::as_object) {
        return of_row(row);
    }
    of_row(fields)
}

/// What the fields of one row tell.
fn of_row(fields: &Map<String, Value>) -> Option<Format> {
    let has = |name: &str| fields.contains_key(name);
    if has("item") || (has("run_id") && has("grades")) {
        return Some(Format::EvalsResults);
    }
    if has("inputs") && !has("model") {
        return Some(Format::LangSmithExamples);
    }
    if has("expectedOutput") || has("sourceTraceId") {
        return Some(Format::LangfuseItems);
    }
    if has("input") && has("ideal") {
        return Some(Format::EvalsSamples);
    }
    if has("prompt") && (has("name") || has("config") || has("labels")) && !has("model") {
        return Some(Format::LangfusePrompt);
    }
    let asks = has("messages") || has("contents") || (has("model") && (has("input") || has("prompt")));
    asks.then_some(Format::Snippet)
}

const CALLS: [&str; 8] = [
    "curl ",
    ".completions.create(",
    ".responses.create(",
    ".messages.create(",
    ".messages.stream(",
    "generate_content(",
    "generateContent(",
    ".chat(",
];

fn by_words(text: &str) -> Option<Format> {
    if text.contains("class: evals.") || text.contains("class: \"evals.") {
        return Some(Format::EvalsRegistry);
    }
    if text.starts_with("---") && text.get(3..).is_some_and(|rest| rest.contains("\n---")) {
        return Some(Format::Prompty);
    }
    CALLS.iter().any(|call| text.contains(call)).then_some(Format::Snippet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_or_its_words() {
        let check = |name: &str, text: &str, expect: Option<Format>| assert_eq!(detect(name, text), expect, "{text}");
        check("a.prompty", "", Some(Format::Prompty));
        check("a.md", "---\nname: a\n---\nsystem:\nHi", Some(Format::Prompty));
        check("a.cforge", "{}", Some(Format::ChainForge));
        check("a.json", r#"{"flow": {"nodes": []}}"#, Some(Format::ChainForge));
        check("a.yaml", "x.v0:\n  class: evals.elsuite.basic.match:Match\n", Some(Format::EvalsRegistry));
        check("a.jsonl", "{\"input\": \"x\", \"ideal\": \"y\"}\n{\"input\"", Some(Format::EvalsSamples));
        check("a.jsonl", r#"{"run_id": "r", "item": {}, "grades": {}}"#, Some(Format::EvalsResults));
        check("a.json", "{\n\"testing_criteria\": []}", Some(Format::EvalsDefinition));
        check("a.json", r#"{"name": "a", "type": "text", "prompt": "Hi"}"#, Some(Format::LangfusePrompt));
        check("a.json", r#"[{"input": {}, "expectedOutput": null}]"#, Some(Format::LangfuseItems));
        check("a.json", r#"{"lc": 1, "kwargs": {}}"#, Some(Format::LangSmithPrompt));
        check("a.jsonl", r#"{"inputs": {}, "outputs": {}}"#, Some(Format::LangSmithExamples));
        check("", "\u{feff} curl https://api.openai.com/v1/responses -d '{}'", Some(Format::Snippet));
        check("", r#"{"model": "m", "messages": []}"#, Some(Format::Snippet));
        check("a.txt", "Dear reader", None);
        check("a.json", "{", None);
        check("a.json", "[1, 2]", None);
    }
}
