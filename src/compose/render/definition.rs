//! A layer's definition as readable Markdown: templates as they are written, data named instead of shown.

use std::borrow::Cow;

use crate::compose::outline::{Fill, Part, Slot, Slots, markdown};
use crate::domain::{Content, Examples, History, HistoryWindow, Layer, Pick, Retrieved, Snippet, Tools, Turns};

use super::{context, foundation, task, task_turns};

/// What a layer says, for people: its parts as they will be headed, its templates unfilled.
#[must_use]
pub fn layer_text(layer: &Layer) -> String {
    match &layer.content {
        Content::Foundation(content) => markdown(&foundation(content, &mut AsWritten), &mut AsWritten),
        Content::Context(content) => {
            let mut text = markdown(&context(content, &mut AsWritten), &mut AsWritten);
            if let Some(window) = content.history.as_ref().filter(|window| window.form == Turns::Messages) {
                push_block(&mut text, &AsWritten.turns(window));
            }
            text
        }
        Content::Task(content) => {
            let mut parts = task(content, &mut AsWritten);
            let turns = task_turns(content, &mut AsWritten);
            parts.push(Part::Section { heading: "Examples, as turns", parts: vec![Part::Examples(turns)] });
            markdown(&parts, &mut AsWritten)
        }
        Content::Text(content) => content.text.clone(),
        Content::Examples(content) => examples(content),
        Content::Snippet(content) => snippet(content),
        Content::Tools(content) => tools(content),
        Content::History(content) => history(content),
    }
}

/// Walks through every template and whole variable of a content; examples and snippets have none of the prompt's.
pub(in crate::compose) fn content_slots(content: &Content, slots: &mut dyn Slots) {
    match content {
        Content::Foundation(content) => drop(foundation(content, slots)),
        Content::Context(content) => drop(context(content, slots)),
        Content::Task(content) => {
            task(content, slots);
            task_turns(content, slots);
        }
        Content::Text(content) => drop(slots.slot(&content.text, "text")),
        Content::Tools(content) => drop(super::tools(content, slots)),
        Content::History(content) => slots.variable(&content.variable, "variable"),
        Content::Examples(_) | Content::Snippet(_) => {}
    }
}

fn examples(content: &Examples) -> String {
    let which = match &content.pick {
        Pick::First(count) => format!("the first {count}"),
        Pick::Tagged { tag, most } => format!("at most {most} with the tag `{tag}`"),
        Pick::Sample { count, seed } => format!("a sample of {count}, seed {seed}"),
    };
    let form = match content.form {
        Turns::Block => "as a block",
        Turns::Messages => "as turns",
    };
    let Examples { dataset, input, output, .. } = content;
    format!("(Examples from `{dataset}`: {which}, {form}.)\n\nInput:\n{input}\n\nOutput:\n{output}")
}

fn snippet(content: &Snippet) -> String {
    let version = content.version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
    format!("(The layer `{}` of the prompt `{}`{version}.)", content.layer, content.prompt)
}

fn tools(content: &Tools) -> String {
    let blocks = content.tools.iter().map(|tool| {
        let schema = serde_json::Value::Object(tool.parameters.clone());
        format!("### {}\n\n{}\n\n```json\n{schema:#}\n```", tool.name, tool.description)
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn history(content: &History) -> String {
    let History { variable, last, max_tokens } = content;
    format!("(The last {last} turns of `{variable}`{}, as messages.)", within(*max_tokens))
}

fn within(max_tokens: Option<u32>) -> String {
    max_tokens.map(|most| format!(", at most {most} tokens")).unwrap_or_default()
}

fn push_block(text: &mut String, block: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(block);
}

struct AsWritten;

impl Slots for AsWritten {
    fn slot(&mut self, source: &str, _: &str) -> Slot {
        Slot::Plain(source.to_owned())
    }

    fn variable(&mut self, _: &str, _: &str) {}
}

impl Fill for AsWritten {
    fn text<'s>(&mut self, slot: &'s Slot) -> Cow<'s, str> {
        match slot {
            Slot::Plain(text) => Cow::Borrowed(text),
            Slot::Template(_) => Cow::Borrowed(""),
        }
    }

    fn documents(&mut self, retrieved: &Retrieved) -> String {
        let least = retrieved.min_relevance.map(|least| format!(", from {:.0} % relevance", least * 100.0));
        let least = least.unwrap_or_default();
        format!("(The documents of `{}`{least}{}.)", retrieved.variable, within(retrieved.max_tokens))
    }

    fn turns(&mut self, window: &HistoryWindow) -> String {
        let form = match window.form {
            Turns::Block => "",
            Turns::Messages => ", as messages",
        };
        format!("(The last {} turns of `{}`{}{form}.)", window.last, window.variable, within(window.max_tokens))
    }
}
