//! Bodies of `OpenAI`: Chat Completions, Responses, and completions of a text.

use serde_json::{Map, Value};

use crate::domain::Role;
use crate::interop::formats::params;

use super::{Request, words};

impl Request {
    pub(super) fn chat(&mut self, fields: &Map<String, Value>) {
        if let Some(messages) = fields.get("messages") {
            self.messages("messages", messages);
        }
        self.tools(fields.get("tools"));
        self.settings(fields, &["model", "messages", "tools"]);
    }

    pub(super) fn responses(&mut self, fields: &Map<String, Value>) {
        if let Some(words) = fields.get("instructions").and_then(words) {
            self.say("instructions", Role::System, words);
        }
        if let Some(input) = fields.get("input") {
            self.messages("input", input);
        }
        if let Some(prompt) = fields.get("prompt") {
            let id = prompt.get("id").and_then(Value::as_str).unwrap_or("a stored prompt").to_owned();
            self.unsupported("prompt", &format!("The text of {id} is kept by the vendor; paste it here."));
        }
        self.tools(fields.get("tools"));
        if let Some(effort) = fields.get("reasoning").and_then(|reasoning| reasoning.get("effort")) {
            self.read.field("reasoning_effort", effort);
        }
        if let Some(response) = fields.get("text").and_then(|text| text.get("format")).and_then(params::response) {
            self.read.params.response = response;
        }
        let elsewhere = ["model", "instructions", "input", "prompt", "tools", "reasoning", "text", "store", "include"];
        self.settings(fields, &elsewhere);
        self.near("responses", "It is sent by Chat Completions, which takes the same messages.");
    }

    pub(super) fn completion(&mut self, fields: &Map<String, Value>) {
        if let Some(prompt) = fields.get("prompt") {
            self.messages("prompt", prompt);
            self.near("prompt", "The text is sent as one message of the user.");
        }
        self.settings(fields, &["model", "prompt"]);
    }
}
