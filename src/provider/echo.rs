//! Answers with the prompt's own text, so that checks can be tried without a model. *Echo, not a model.*

use super::wire::Draft;
use super::{BoxFuture, OnText, Provider, Received};
use crate::domain::{CallError, ChatRequest, Completion, FinishReason, RawReply, Usage};

pub(super) struct Echo;

impl Provider for Echo {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            let text = request.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n");
            on_text(&text);
            Ok(RawReply { status: 200, body: text.into_bytes(), ..RawReply::default() }.into())
        })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let usage = Some(Usage::default());
        Ok(Draft { text, finish: Some(FinishReason::Stop), usage, ..Draft::default() }.complete(reply))
    }
}
