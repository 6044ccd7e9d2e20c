//! Where events go: the recorder first, then whoever watches.

use std::sync::Arc;

use crate::domain::{Completion, Fingerprint, Numbered, Usd};

/// Takes events, in order, in groups: a group is taken as a whole or not at all.
pub trait RunSink: Send {
    /// # Errors
    /// The group could not be taken (disk full, read-only, locked). The run stops paying and offers the same group
    /// again later.
    fn on_events(&mut self, events: &[Arc<Numbered>]) -> Result<(), SinkError>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    /// What happened and what to do, as sentences.
    pub message: String,
}

/// Answers that were paid for before. Writing is the recorder's job: it has the only connection that writes.
pub trait CallCache: Send + Sync {
    fn get(&self, request: &Fingerprint) -> Option<CachedCall>;
}

/// A completion as it was when it was paid.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedCall {
    pub completion: Arc<Completion>,
    pub cost: Option<Usd>,
}

/// No cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl CallCache for NoCache {
    fn get(&self, _request: &Fingerprint) -> Option<CachedCall> {
        None
    }
}
