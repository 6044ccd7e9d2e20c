//! One trait, and one file per wire format. The only user of reqwest and of secrets.
//!
//! A call is two steps, so that the raw answer can be recorded before anybody parses it: [`Provider::exchange`] sends
//! and receives bytes, [`Provider::read`] understands them and touches nothing.

use std::future::Future;
use std::pin::Pin;

use crate::domain::{CallError, ChatRequest, Completion, RawReply};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Called with each piece of text of a stream as it arrives.
pub type OnText<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// An endpoint that answers chat requests.
pub trait Provider: Send + Sync {
    /// Sends the request and takes in the answer. An HTTP error status is a reply; the future's drop closes the socket.
    ///
    /// # Errors
    /// Faults of the machinery before a whole reply was there: connect, TLS, time-outs, resets, sizes, redirects.
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<RawReply, CallError>>;

    /// Understands a reply.
    ///
    /// # Errors
    /// Error statuses, errors inside a reply, a stream without its end, bytes that are not the wire format.
    fn read(&self, request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError>;
}
