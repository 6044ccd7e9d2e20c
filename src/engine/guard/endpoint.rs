//! An endpoint: a provider with its limit of calls in flight, and whether it has been stopped.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::domain::{CallError, Fault, ProviderId, SecretRef};
use crate::provider::Provider;

pub struct Endpoint {
    pub id: ProviderId,
    /// Scheme, host and port; `scripted` for a script.
    pub origin: String,
    pub provider: Arc<dyn Provider>,
    /// Where its key is found, for people who have to mend it.
    key: Option<SecretRef>,
    limit: u32,
    slots: Semaphore,
    stopped: CancellationToken,
    last_error: Mutex<Option<String>>,
}

/// An endpoint as the window shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointHealth {
    pub id: ProviderId,
    pub origin: String,
    pub in_flight: u32,
    pub limit: u32,
    /// Every further call would fail the same way, so none is made.
    pub stopped: bool,
    pub last_error: Option<String>,
}

impl Endpoint {
    #[must_use]
    pub fn new(id: ProviderId, origin: String, provider: Arc<dyn Provider>, concurrency: u32) -> Self {
        let limit = concurrency.max(1);
        Self {
            id,
            origin,
            provider,
            key: None,
            limit,
            slots: Semaphore::new(limit as usize),
            stopped: CancellationToken::new(),
            last_error: Mutex::new(None),
        }
    }

    /// Says where the key is found.
    #[must_use]
    pub fn with_key(self, key: Option<SecretRef>) -> Self {
        Self { key, ..self }
    }

    /// What a fault that stopped the endpoint means for its trials, and which key was refused.
    #[must_use]
    pub fn stop_notice(&self, error: &CallError) -> String {
        let key = match &self.key {
            Some(key) if error.fault == Fault::Auth => format!(" It was sent with the key from {key}."),
            _ => String::new(),
        };
        format!("{} is stopped, its other trials are left for a resume: {}{key}", self.id, error.message)
    }

    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Waits for a place among the calls in flight; `None` when the endpoint has been stopped.
    pub async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            () = self.stopped.cancelled() => None,
            slot = self.slots.acquire() => slot.ok(),
        }
    }

    /// Notes a fault; one that every further call would meet stops the endpoint. True when it stops now.
    pub fn failed(&self, error: &CallError) -> bool {
        let stops = error.fault.stops_endpoint() && !self.stopped.is_cancelled();
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.message.clone());
        if stops {
            self.stopped.cancel();
        }
        stops
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    #[must_use]
    pub fn health(&self) -> EndpointHealth {
        let free = u32::try_from(self.slots.available_permits()).unwrap_or(self.limit);
        EndpointHealth {
            id: self.id.clone(),
            origin: self.origin.clone(),
            in_flight: self.limit.saturating_sub(free),
            limit: self.limit,
            stopped: self.is_stopped(),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
