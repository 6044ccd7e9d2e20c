//! `LangSmith`: prompts as `LangChain` writes them, and examples of datasets.

mod examples;
mod prompt;

pub(super) use examples::read as examples;
pub(super) use prompt::read as prompt;
