//! Request bodies, with `{{ x }}` where a case's values go in.

use serde_json::Value;

use crate::interop::bodies::{self, MODEL};
use crate::interop::slots::Slots;

use super::{Exported, Outgoing};

pub(super) fn openai(outgoing: &Outgoing) -> Exported {
    let slots = Slots::of(outgoing.prompt);
    finished(outgoing, bodies::openai(&slots, &outgoing.params()))
}

pub(super) fn anthropic(outgoing: &Outgoing) -> Exported {
    let slots = Slots::of(outgoing.prompt);
    finished(outgoing, bodies::anthropic(&slots, &outgoing.params()))
}

fn finished(outgoing: &Outgoing, mut body: Value) -> Exported {
    let mut notes = outgoing.notes();
    match outgoing.model {
        Some((model, _)) => body["model"] = Value::from(model.model.as_str()),
        None => notes.push(format!("Put the model's name in the place of {MODEL}.")),
    }
    for variable in outgoing.turns() {
        notes.push(format!("Put the earlier messages in the place of the one that says {{{{ {variable} }}}}."));
    }
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in outgoing.params().extra {
            fields.entry(name).or_insert(value);
        }
    }
    Exported { text: format!("{body:#}\n"), notes }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ExportFormat, export};
    use super::*;
    use crate::domain::Params;
    use crate::interop::fixtures::prompt;

    #[test]
    fn a_body_keeps_its_slots() {
        let prompt = prompt();
        let params = Params {
            temperature: Some(0.2),
            extra: json!({"top_k": 5}).as_object().unwrap().clone(),
            ..Params::default()
        };
        let outgoing = Outgoing { name: "sort", prompt: &prompt, params: &params, model: None };
        let check = |format, pointer: &str, expect: Value| {
            let body: Value = serde_json::from_str(&export(format, &outgoing).text).unwrap();
            assert_eq!(body.pointer(pointer), Some(&expect), "{body:#}");
        };
        check(ExportFormat::OpenAiRequest, "/messages/1/content", json!("Sort this: {{ message }}"));
        check(ExportFormat::OpenAiRequest, "/top_k", json!(5));
        check(ExportFormat::AnthropicRequest, "/messages/0/content", json!("Sort this: {{ message }}"));
        check(ExportFormat::AnthropicRequest, "/model", json!("MODEL"));
    }
}
