//! One trait, and one file per wire format. The only user of reqwest and of secrets.
//!
//! A call is two steps, so that the raw answer can be recorded before anybody parses it: [`Provider::exchange`] sends
//! and receives bytes, [`Provider::read`] understands them and touches nothing.
//!
//! [`connect`] is the door: it refuses an endpoint that is not trusted, so that no provider exists that could send to
//! one. Keys are read when a request leaves, and are not kept beside it.

mod address;
mod anthropic;
mod custom;
mod echo;
mod embedding;
mod failure;
mod gemini;
mod http;
mod hugging_face;
mod keys;
mod labels;
mod nobody;
mod ollama;
mod openai;
mod otlp;
mod redact;
mod registry;
mod retry_after;
mod room;
mod scripted;
mod sse;
mod watchdog;
mod wire;
mod within;

use std::future::Future;
use std::pin::Pin;

#[cfg(doc)]
use crate::domain::Fault;
use crate::domain::{CallError, ChatRequest, Completion, Label, RawReply};

pub use address::{is_local_origin, origin, proxies};
pub use anthropic::DEFAULT_MAX_TOKENS as ANTHROPIC_DEFAULT_MAX_TOKENS;
pub use custom::check_http;
pub use embedding::Embedded;
pub use keys::{
    GivenKeys, KeyError, KeyStore, SystemKeys, capability, delete_key, environment, key_present, store_key,
    vendor_bound,
};
pub use nobody::Nobody;
pub use otlp::{Collector, report_capability};
pub use redact::redact;
pub use registry::{ConnectOptions, connect};
pub use retry_after::duration_ms;
pub use room::Received;
pub use scripted::check_script;
pub use within::within;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Called with each piece of text of a stream as it arrives.
pub type OnText<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// An endpoint that answers chat requests.
pub trait Provider: Send + Sync {
    /// Sends the request and takes in the answer. An HTTP error status is a reply; the future's drop closes the socket.
    /// The answer may have to wait for room: [`within`] limits the time without that.
    ///
    /// # Errors
    /// Faults of the machinery before a whole reply was there: connect, TLS, time-outs, resets, sizes, redirects.
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>>;

    /// Understands a reply.
    ///
    /// # Errors
    /// Error statuses, errors inside a reply, a stream without its end, bytes that are not the wire format.
    fn read(&self, request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError>;

    /// Makes a vector of each text, with a model of the provider's own name.
    ///
    /// # Errors
    /// All of [`Provider::exchange`] and [`Provider::read`]; [`Fault::BadRequest`] where the API has no embeddings.
    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, CallError>> {
        let _ = (model, texts);
        Box::pin(async { Err(embedding::no_embeddings()) })
    }

    /// Labels of a text, by a model of the provider's own name; at least one.
    ///
    /// # Errors
    /// As [`Provider::embed`]; [`Fault::BadRequest`] where the API neither moderates nor classifies.
    fn label<'a>(&'a self, model: &'a str, text: &'a str) -> BoxFuture<'a, Result<Vec<Label>, CallError>> {
        let _ = (model, text);
        Box::pin(async { Err(labels::no_labels()) })
    }
}
