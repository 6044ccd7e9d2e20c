//! Retrieved documents: the most relevant first, cut at a token budget, and what was cut is said.

use serde_json::Value;

use crate::compose::tokens::{Tokenizer, beginning, count_tokens};
use crate::domain::Retrieved;

/// The vocabulary that budgets inside a prompt are measured with, whatever the model.
pub(in crate::compose) const BUDGET_TOKENIZER: Tokenizer = Tokenizer::O200k;

struct Document {
    title: String,
    source: String,
    content: String,
    relevance: Option<f64>,
}

/// The documents as Markdown; `fenced` wraps each text that comes from the variable.
///
/// # Errors
/// A sentence, where the value is no list of documents.
pub(in crate::compose) fn documents(
    retrieved: &Retrieved,
    value: &Value,
    fenced: &dyn Fn(&str) -> String,
) -> Result<String, String> {
    let mut found = read(value)?;
    found.sort_by(|a, b| b.relevance.unwrap_or(-1.0).total_cmp(&a.relevance.unwrap_or(-1.0)));
    if let Some(least) = retrieved.min_relevance {
        found.retain(|document| document.relevance.is_none_or(|relevance| relevance >= least));
    }
    let budget = retrieved.max_tokens.map(|most| most as usize);
    let (blocks, note) = within(budget, &found, fenced);
    let mut text = blocks.join("\n\n");
    if let Some(note) = note {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        text = format!("{text}{gap}{note}");
    }
    Ok(text)
}

fn read(value: &Value) -> Result<Vec<Document>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        Value::String(_) => return Err("is text, not a list; mark its column as JSON".to_owned()),
        _ => return Err("is not a list of documents".to_owned()),
    };
    items
        .iter()
        .enumerate()
        .map(|(index, item)| document(item).map_err(|why| format!("has {why} (item {})", index + 1)))
        .collect()
}

fn document(item: &Value) -> Result<Document, &'static str> {
    if let Value::String(content) = item {
        return Ok(Document { title: String::new(), source: String::new(), content: content.clone(), relevance: None });
    }
    let text = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let relevance = match item.get("relevance") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let relevance = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
            Some(relevance.ok_or("a document whose relevance is not a number from 0 to 1")?)
        }
    };
    if item.get("content").and_then(Value::as_str).is_none() {
        return Err("a document without content");
    }
    Ok(Document { title: text("title"), source: text("source"), content: text("content"), relevance })
}

/// The documents that the budget has room for, and the note of what it has not.
fn within(budget: Option<usize>, found: &[Document], fenced: &dyn Fn(&str) -> String) -> (Vec<String>, Option<String>) {
    let Some(budget) = budget else {
        return (
            found.iter().enumerate().map(|(index, one)| one.block(index + 1, &one.content, fenced)).collect(),
            None,
        );
    };
    let mut left = budget;
    let mut blocks = Vec::new();
    for (index, one) in found.iter().enumerate() {
        let tokens = count_tokens(BUDGET_TOKENIZER, &one.block(index + 1, &one.content, &str::to_owned));
        if tokens > left {
            if index == 0 {
                let head = count_tokens(BUDGET_TOKENIZER, &one.block(1, "", &str::to_owned));
                let begun = beginning(BUDGET_TOKENIZER, &one.content, left.saturating_sub(head));
                if !begun.is_empty() {
                    blocks.push(one.block(1, &format!("{begun} […]"), fenced));
                    return (blocks, Some(note(budget, Some(one), &found[1..], fenced)));
                }
            }
            return (blocks, Some(note(budget, None, &found[index..], fenced)));
        }
        left -= tokens;
        blocks.push(one.block(index + 1, &one.content, fenced));
    }
    (blocks, None)
}

fn note(budget: usize, shortened: Option<&Document>, cut: &[Document], fenced: &dyn Fn(&str) -> String) -> String {
    let shortened = shortened.map(|one| format!("{} was shortened", one.label(fenced)));
    let names: Vec<String> = cut.iter().map(|one| one.label(fenced)).collect();
    let left_out = match names.as_slice() {
        [] => None,
        [one] => Some(format!("1 document was left out: {one}")),
        several => Some(format!("{} documents were left out: {}", several.len(), several.join(", "))),
    };
    let what: Vec<String> = [shortened, left_out].into_iter().flatten().collect();
    format!("(Cut at {budget} tokens: {}.)", what.join("; "))
}

impl Document {
    fn percent(&self) -> Option<String> {
        self.relevance.map(|share| format!("{:.0} %", share * 100.0))
    }

    fn label(&self, fenced: &dyn Fn(&str) -> String) -> String {
        let name = if self.title.is_empty() { "untitled".to_owned() } else { fenced(&self.title) };
        match self.percent() {
            Some(percent) => format!("{name} ({percent})"),
            None => name,
        }
    }

    fn block(&self, number: usize, content: &str, fenced: &dyn Fn(&str) -> String) -> String {
        let mut text = format!("### Document {number}");
        if !self.title.is_empty() {
            text.push_str(": ");
            text.push_str(&fenced(&self.title));
        }
        if let Some(percent) = self.percent() {
            text.push_str(" (relevance ");
            text.push_str(&percent);
            text.push(')');
        }
        if !self.source.is_empty() {
            text.push_str("\n\nSource: ");
            text.push_str(&fenced(&self.source));
        }
        text.push_str("\n\n");
        text.push_str(&fenced(content.trim()));
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(max_tokens: Option<u32>, min_relevance: Option<f64>, value: &Value) -> Result<String, String> {
        let retrieved = Retrieved { variable: "docs".to_owned(), max_tokens, min_relevance };
        documents(&retrieved, value, &str::to_owned)
    }

    #[test]
    fn the_most_relevant_document_comes_first() {
        let docs = json!([
            {"content": "Low.", "title": "B", "relevance": 0.1},
            {"content": "High.", "title": "A", "source": "a.md", "relevance": 0.93},
            "Bare text.",
        ]);
        insta::assert_snapshot!(shown(None, None, &docs).expect("documents"), @r"
        ### Document 1: A (relevance 93 %)

        Source: a.md

        High.

        ### Document 2: B (relevance 10 %)

        Low.

        ### Document 3

        Bare text.
        ");
        let some = shown(None, Some(0.5), &docs).expect("documents");
        assert!(some.contains("High.") && !some.contains("Low."), "{some}");
    }

    #[test]
    fn what_the_budget_cuts_is_said() {
        let long = "word ".repeat(100);
        let docs = json!([
            {"content": "Short.", "title": "A", "relevance": 0.9},
            {"content": long, "title": "B", "relevance": 0.5},
            {"content": "Short too.", "title": "C", "relevance": 0.4},
        ]);
        insta::assert_snapshot!(shown(Some(40), None, &docs).expect("documents"), @r"
        ### Document 1: A (relevance 90 %)

        Short.

        (Cut at 40 tokens: 2 documents were left out: B (50 %), C (40 %).)
        ");
        let first_too_long = json!([{"content": long, "title": "B", "relevance": 0.5}, "Other."]);
        insta::assert_snapshot!(shown(Some(20), None, &first_too_long).expect("documents"), @r"
        ### Document 1: B (relevance 50 %)

        word word word word word word word […]

        (Cut at 20 tokens: B (50 %) was shortened; 1 document was left out: untitled.)
        ");
    }

    #[test]
    fn a_value_that_is_no_list_of_documents_is_refused() {
        let check = |value: Value, expect: &str| {
            let error = shown(None, None, &value).expect_err("no documents");
            assert!(error.contains(expect), "{error}");
        };
        check(json!("[]"), "mark its column as JSON");
        check(json!(3), "not a list");
        check(json!([{"title": "x"}]), "without content (item 1)");
        check(json!([{"content": "x", "relevance": 7}]), "0 to 1");
        assert_eq!(shown(None, None, &Value::Null), Ok(String::new()));
    }
}
