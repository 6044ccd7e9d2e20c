//! A model at an endpoint: its health and its rates are its own, whatever the provider's other models do.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::domain::{BreakerPolicy, LimitPolicy};

use super::breaker::Breaker;
use super::limiter::Limiter;

pub struct Lane {
    /// One caller at a time waits for the guards; the others wait behind it, in order, so that a large call is not
    /// passed by small ones for ever and a change wakes one caller and not all of them.
    pub turn: Semaphore,
    pub breaker: Arc<Breaker>,
    pub limiter: Arc<Limiter>,
}

impl Lane {
    #[must_use]
    pub fn new(breaker: &BreakerPolicy, limits: &LimitPolicy, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            turn: Semaphore::new(1),
            breaker: Breaker::new(breaker.clone(), seed),
            limiter: Limiter::new(limits),
        })
    }
}
