//! A prompt on its way to another tool.

mod langfuse;
mod requests;

use crate::domain::{Content, ModelSpec, Params, Prompt, ProviderSpec, Turns};

use super::prompty;

pub(super) use langfuse::response_format;

/// A format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportFormat {
    /// `.prompty`, version 2.
    Prompty,
    /// The body of a call of `OpenAI`'s Chat Completions.
    OpenAiRequest,
    /// The body of a call of Anthropic's Messages.
    AnthropicRequest,
    /// A prompt of Langfuse, as its API takes it.
    LangfusePrompt,
}

impl ExportFormat {
    pub const ALL: [Self; 4] = [Self::Prompty, Self::OpenAiRequest, Self::AnthropicRequest, Self::LangfusePrompt];

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Prompty => "Prompty",
            Self::OpenAiRequest => "OpenAI request",
            Self::AnthropicRequest => "Anthropic request",
            Self::LangfusePrompt => "Langfuse prompt",
        }
    }

    /// What such a file's name ends in, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Prompty => "prompty",
            Self::OpenAiRequest => "openai.json",
            Self::AnthropicRequest => "anthropic.json",
            Self::LangfusePrompt => "langfuse.json",
        }
    }
}

/// What is written out. Its texts stay templates.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The prompt's name; its id where it has no title.
    pub name: &'a str,
    /// With overrides applied and snippets written out (`compose::Composer::standalone`).
    pub prompt: &'a Prompt,
    pub params: &'a Params,
    pub model: Option<(&'a ModelSpec, &'a ProviderSpec)>,
}

/// A file for another tool, and what of the prompt it could not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub text: String,
    /// Sentences; empty where everything is in the file.
    pub notes: Vec<String>,
}

/// Writes a prompt for another tool. It holds no key: only where one is found.
#[must_use]
pub fn export(format: ExportFormat, outgoing: &Outgoing) -> Exported {
    match format {
        ExportFormat::Prompty => prompty::write(outgoing),
        ExportFormat::OpenAiRequest => requests::openai(outgoing),
        ExportFormat::AnthropicRequest => requests::anthropic(outgoing),
        ExportFormat::LangfusePrompt => langfuse::write(outgoing),
    }
}

impl Outgoing<'_> {
    /// Parameters of the call: the model's, and before them the variant's.
    pub(super) fn params(&self) -> Params {
        self.model.map_or_else(|| self.params.clone(), |(model, _)| self.params.clone().over(&model.params))
    }

    /// Variables that hold turns, each of which goes in as messages.
    pub(super) fn turns(&self) -> Vec<&str> {
        let layers = self.prompt.layers.iter().filter(|layer| layer.on);
        let variable = layers.filter_map(|layer| match &layer.content {
            Content::History(history) => Some(history.variable.as_str()),
            Content::Context(context) => {
                let window = context.history.as_ref().filter(|window| window.form == Turns::Messages)?;
                Some(window.variable.as_str())
            }
            _ => None,
        });
        variable.collect()
    }

    /// The variable of turns that a message stands for.
    pub(super) fn turns_of(&self, text: &str) -> Option<&str> {
        let inner = text.strip_prefix("{{ ")?.strip_suffix(" }}")?;
        self.turns().into_iter().find(|variable| *variable == inner)
    }

    /// What no other tool has.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.prompt.variables.values().any(|variable| variable.untrusted) {
            notes.push("Untrusted variables are not fenced there: that is this program's doing.".to_owned());
        }
        if self.prompt.layers.iter().any(|layer| !layer.on) {
            notes.push("Layers that are off are left out.".to_owned());
        }
        notes
    }
}
