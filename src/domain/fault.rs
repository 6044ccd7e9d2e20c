//! Why a call failed: the closed list of machinery faults. A poor answer is not among them, that is a verdict.

use serde::{Deserialize, Serialize};

/// A phase of a call that has a time limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    Connect,
    FirstByte,
    /// Between two chunks of a body.
    Idle,
    Total,
}

impl Phase {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for the first byte",
            Self::Idle => "waiting for the next part of the answer",
            Self::Total => "waiting for the whole answer",
        }
    }
}

/// The class of a fault; what is retried, charged and shown follows from it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Name resolution, refused or timed-out connection: nothing was sent, nothing is billed.
    Connect,
    /// A certificate or handshake that cannot be trusted.
    Tls,
    /// The connection broke after the request had left, so the call may be billed.
    Disconnected,
    Timeout(Phase),
    /// Bytes came too slowly for too long.
    Stalled,
    /// 429: too many requests or tokens for now.
    RateLimited,
    /// Money or quota is used up; waiting does not help.
    Quota,
    /// 408, 409, 425 and 5xx.
    Server,
    /// 529 and its like: the provider is out of capacity.
    Overloaded,
    /// 401 and 403.
    Auth,
    /// The request itself is wrong: 400, 404, 422.
    BadRequest,
    /// The request or the answer is larger than allowed.
    TooLarge,
    /// The prompt does not fit into the model's context.
    ContextLength,
    /// A stream that ended without its closing event: never a success.
    Truncated,
    /// An answer that is not what the wire format promises.
    Protocol,
    /// A redirect, which is never followed, since the key would follow it.
    Redirect,
    /// Refused on this side before anything was sent: no trust, no key, no price under a budget.
    Refused,
    /// A panic or a broken promise of Strata's own.
    Internal,
    /// The run was cancelled while the call was under way.
    Cancelled,
}

/// What the engine may do after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// As often as the policy allows.
    Yes,
    /// One more time.
    Once,
    No,
}

impl Fault {
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Connect
            | Self::Disconnected
            | Self::RateLimited
            | Self::Server
            | Self::Overloaded
            | Self::Timeout(Phase::Connect | Phase::FirstByte) => Retry::Yes,
            Self::Timeout(Phase::Idle | Phase::Total) | Self::Stalled | Self::Truncated | Self::Protocol => Retry::Once,
            Self::Tls
            | Self::Quota
            | Self::Auth
            | Self::BadRequest
            | Self::TooLarge
            | Self::ContextLength
            | Self::Redirect
            | Self::Refused
            | Self::Internal
            | Self::Cancelled => Retry::No,
        }
    }

    /// Whether the provider may bill the call, so that its reservation is kept as spent.
    #[must_use]
    pub const fn may_be_billed(&self) -> bool {
        match self {
            Self::Disconnected
            | Self::Timeout(Phase::FirstByte | Phase::Idle | Phase::Total)
            | Self::Stalled
            | Self::Truncated
            | Self::Protocol
            | Self::Internal
            | Self::Cancelled => true,
            Self::Connect
            | Self::Timeout(Phase::Connect)
            | Self::Tls
            | Self::RateLimited
            | Self::Quota
            | Self::Server
            | Self::Overloaded
            | Self::Auth
            | Self::BadRequest
            | Self::TooLarge
            | Self::ContextLength
            | Self::Redirect
            | Self::Refused => false,
        }
    }

    /// Whether every further call to the endpoint would fail the same way, so that none is made.
    #[must_use]
    pub const fn stops_endpoint(&self) -> bool {
        matches!(self, Self::Quota | Self::Auth | Self::Redirect | Self::Tls | Self::Refused)
    }

    /// One lower-case word, as it stands in the call log and in exports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Disconnected => "disconnected",
            Self::Timeout(_) => "timeout",
            Self::Stalled => "stalled",
            Self::RateLimited => "rate-limited",
            Self::Quota => "quota",
            Self::Server => "server",
            Self::Overloaded => "overloaded",
            Self::Auth => "auth",
            Self::BadRequest => "bad-request",
            Self::TooLarge => "too-large",
            Self::ContextLength => "context-length",
            Self::Truncated => "truncated",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::Refused => "refused",
            Self::Internal => "internal",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A call that did not give an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    pub fault: Fault,
    /// A sentence for people: what happened and, where it is known, what to do. It never holds a key.
    pub message: String,
    /// How long the provider asked to wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The provider's own word on retrying (`x-should-retry`); it outranks the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_retry: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The bytes of the answer that did arrive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<u8>,
}

impl CallError {
    #[must_use]
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            retry_after_ms: None,
            should_retry: None,
            status: None,
            request_id: None,
            partial: Vec::new(),
        }
    }

    /// Whether the provider may bill the call: by its class, or since an answer had begun before the fault came. Too
    /// large without a status is an answer whose very head could not be read to its end.
    #[must_use]
    pub fn may_be_billed(&self) -> bool {
        let begun = self.status.is_some_and(|status| (200..300).contains(&status)) || !self.partial.is_empty();
        let endless_head = self.fault == Fault::TooLarge && self.status.is_none();
        self.fault.may_be_billed() || begun || endless_head
    }

    #[must_use]
    pub fn retry(&self) -> Retry {
        match self.should_retry {
            Some(true) => Retry::Yes,
            Some(false) => Retry::No,
            None => self.fault.retry(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_be_billed_by_its_class_or_since_its_answer_had_begun() {
        let check = |fault, status, partial: &str, expect| {
            let error = CallError { status, partial: partial.as_bytes().to_vec(), ..CallError::new(fault, "") };
            assert_eq!(error.may_be_billed(), expect, "{fault:?} {status:?} {partial:?}");
        };
        check(Fault::Disconnected, None, "", true);
        check(Fault::Connect, None, "", false);
        check(Fault::Overloaded, Some(529), "", false);
        check(Fault::Overloaded, Some(529), "Half an answ", true);
        check(Fault::TooLarge, Some(413), "", false);
        check(Fault::TooLarge, Some(200), "", true);
        check(Fault::TooLarge, None, "", true);
    }
}
