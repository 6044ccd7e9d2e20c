//! Hugging Face's inference API, for classifiers of texts. It answers no prompt.

use super::http::Endpoint;
use super::{BoxFuture, OnText, Provider, Received, labels};
use crate::domain::{CallError, ChatRequest, Completion, Fault, Label, RawReply};

pub(super) struct HuggingFace(pub Endpoint);

impl Provider for HuggingFace {
    fn exchange<'a>(
        &'a self,
        _request: &'a ChatRequest,
        _on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async { Err(no_words()) })
    }

    fn read(&self, _request: &ChatRequest, _reply: &RawReply) -> Result<Completion, CallError> {
        Err(no_words())
    }

    fn label<'a>(&'a self, model: &'a str, text: &'a str) -> BoxFuture<'a, Result<Vec<Label>, CallError>> {
        Box::pin(labels::hugging_face(&self.0, model, text))
    }
}

fn no_words() -> CallError {
    let message = "This API labels texts and answers no prompt. Name it in a check of the type `classifier`.";
    CallError::new(Fault::BadRequest, message)
}
