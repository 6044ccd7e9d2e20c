//! Prompts become prompts, and a variant each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::{Content, Layer, LayerId, Prompt, PromptId, Role, Task, Text, Variable, Variant, VariantId};
use crate::interop::{Fidelity, Imported};

use super::{Layers, kept, names, place};
use crate::interop::promptfoo::suite::{PromptEntry, Suite};

/// Adds every prompt; gives the variant of each, in the config's order.
pub(super) fn add(suite: &Suite, layers: Layers, imported: &mut Imported) -> Vec<VariantId> {
    let mut taken = BTreeSet::new();
    let mut variants = Vec::new();
    for (index, entry) in suite.prompts.iter().enumerate() {
        let id = names::unique(&entry.label, &mut taken);
        let prompt = prompt(entry, layers);
        report(entry, index, &prompt, imported);
        imported.prompts.insert(PromptId::from(id.as_str()), prompt);
        let variant = Variant { kept: kept::of_prompt(entry), ..Variant::of(PromptId::from(id.as_str())) };
        imported.variants.insert(VariantId::from(id.as_str()), variant);
        variants.push(VariantId::from(id.as_str()));
    }
    variants
}

fn prompt(entry: &PromptEntry, layers: Layers) -> Prompt {
    let messages = messages(&entry.raw).filter(|_| layers == Layers::ByRole);
    let layers = match messages {
        Some(messages) => {
            messages.into_iter().zip(1..).map(|((role, text), number)| layer(role, text, number)).collect()
        }
        None => vec![Layer {
            id: LayerId::from("task"),
            title: String::new(),
            note: String::new(),
            on: true,
            role: None,
            content: Content::Task(Box::new(Task { action: entry.raw.clone(), ..Task::default() })),
        }],
    };
    let title = if entry.label == entry.raw { String::new() } else { entry.label.clone() };
    Prompt { title, layers, variables: variables(&entry.raw), ..Prompt::default() }
}

/// The last message of a user is the task; the others are texts.
fn layer(role: Role, text: String, number: u32) -> Layer {
    let content = Content::Text(Text { text });
    Layer {
        id: LayerId(format!("message-{number}")),
        title: String::new(),
        note: String::new(),
        on: true,
        role: Some(role),
        content,
    }
}

/// The messages of a chat, where the prompt is one and nothing but role and text is in it.
pub(super) fn messages(raw: &str) -> Option<Vec<(Role, String)>> {
    let Value::Array(items) = serde_json::from_str(raw).ok()? else { return None };
    let message = |item: &Value| {
        let item = item.as_object().filter(|item| item.len() == 2)?;
        let role = match item.get("role")?.as_str()? {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return None,
        };
        Some((role, item.get("content")?.as_str()?.to_owned()))
    };
    let messages: Option<Vec<_>> = items.iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

/// The names that stand first in a tag that prints: what a person would fill in.
fn variables(raw: &str) -> BTreeMap<String, Variable> {
    let name = |tag: &str| {
        let name: String =
            tag.trim_start_matches('-').trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let starts = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
        (starts && !["env", "loop", "range"].contains(&name.as_str())).then_some(name)
    };
    raw.split("{{").skip(1).filter_map(name).map(|name| (name, Variable::default())).collect()
}

fn report(entry: &PromptEntry, index: usize, prompt: &Prompt, imported: &mut Imported) {
    let part = format!("prompts[{index}]");
    let place = place(&entry.at);
    if entry.code.is_some() {
        let note = "A function makes this prompt. Functions are not run: its columns are left out.";
        imported.report.add(Fidelity::Unsupported, part, place, note);
        return;
    }
    if entry.config.is_some() {
        let note = "Its own settings for the provider are not used; put them into the variant's parameters.";
        imported.report.add(Fidelity::Unsupported, format!("{part}.config"), place.clone(), note);
    }
    let count = prompt.layers.len();
    let note = if count == 1 { "One task layer.".to_owned() } else { format!("{count} layers, one for each message.") };
    imported.report.add(Fidelity::Exact, part, place, note);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_taken_apart_only_where_nothing_gets_lost() {
        let roles = |raw: &str| messages(raw).map(|found| found.into_iter().map(|(role, _)| role).collect::<Vec<_>>());
        let chat = r#"[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"}]"#;
        assert_eq!(roles(chat), Some(vec![Role::System, Role::User]));
        assert_eq!(roles(r#"[{"role": "user", "content": [{"type": "text"}]}]"#), None);
        assert_eq!(roles(r#"[{"role": "user", "content": "x", "name": "Ann"}]"#), None);
        assert_eq!(roles("Hello {{q}}"), None);
        assert_eq!(roles("[]"), None);
    }

    #[test]
    fn the_names_of_a_prompt_are_its_variables() {
        let found: Vec<String> =
            variables("{{ a }} {{-b.c | upper}} {{ env.X }} {{ 'text' }} {{(x)}}").into_keys().collect();
        assert_eq!(found, ["a", "b"]);
    }
}
