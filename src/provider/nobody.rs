//! Stands where no trial of a run asks a model: no address is known, no key is read, and nothing is sent.

use super::{BoxFuture, OnText, Provider, Received};
use crate::domain::{CallError, ChatRequest, Completion, Fault, RawReply};

/// Answers nothing.
pub struct Nobody;

impl Provider for Nobody {
    fn exchange<'a>(
        &'a self,
        _request: &'a ChatRequest,
        _on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async { Err(nobody()) })
    }

    fn read(&self, _request: &ChatRequest, _reply: &RawReply) -> Result<Completion, CallError> {
        Err(nobody())
    }
}

fn nobody() -> CallError {
    CallError::new(Fault::Refused, "This model is not connected: no trial of the run was to ask it.")
}
