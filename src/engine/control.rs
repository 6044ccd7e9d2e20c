//! What a run's owner can say while it goes on (pause, continue, cancel, raise the budget) and what it can see.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::{RunState, Usd};

use super::guard::{Endpoint, EndpointHealth, Wallet};

/// How long calls in flight may go on after the first cancel.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// Shared by all that take part in a run.
pub struct Control {
    pub wallet: Wallet,
    paused: watch::Sender<bool>,
    /// No further call is made; what is in flight ends.
    drain: CancellationToken,
    /// What is in flight is dropped, and so ambiguous.
    abort: CancellationToken,
    /// A person has asked for the end once.
    cancelled: AtomicBool,
    reason: Mutex<Option<RunState>>,
    stalled: Mutex<Option<String>>,
    in_flight: AtomicU32,
    /// Calls that have left so far.
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A run as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStatus {
    pub total: u64,
    /// Trials kept from an earlier execution included.
    pub ended: u64,
    /// Calls on the wire.
    pub in_flight: u32,
    pub spent: Usd,
    pub reserved: Usd,
    pub budget: Option<Usd>,
    pub paused: bool,
    /// Ends when the calls in flight have ended.
    pub draining: bool,
    /// Why the record cannot be written; nothing is paid for until it can.
    pub stalled: Option<String>,
    /// `None` while the run goes on.
    pub state: Option<RunState>,
    pub endpoints: Vec<EndpointHealth>,
}

/// The run is ending: what was asked for is not done, and is left for a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl Control {
    pub fn new(wallet: Wallet, kept: u64) -> Self {
        Self {
            wallet,
            paused: watch::Sender::new(false),
            drain: CancellationToken::new(),
            abort: CancellationToken::new(),
            cancelled: AtomicBool::new(false),
            reason: Mutex::new(None),
            stalled: Mutex::new(None),
            in_flight: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(kept),
        }
    }

    /// True when it was not so before.
    pub fn set_paused(&self, paused: bool) -> bool {
        self.paused.send_if_modified(|now| std::mem::replace(now, paused) != paused)
    }

    pub fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Makes no further call, for this reason; the first reason stands.
    pub fn drain(&self, reason: RunState) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.drain.cancel();
    }

    /// Drops what is in flight.
    pub fn abort(&self, reason: RunState) {
        self.drain(reason);
        self.abort.cancel();
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    pub fn is_aborted(&self) -> bool {
        self.abort.is_cancelled()
    }

    pub fn reason(&self) -> Option<RunState> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn drained(&self) {
        self.drain.cancelled().await;
    }

    pub async fn aborted(&self) {
        self.abort.cancelled().await;
    }

    /// Waits while the run is paused.
    ///
    /// # Errors
    /// The run makes no further call.
    pub async fn gate(&self) -> Result<(), Stopped> {
        if self.is_draining() {
            return Err(Stopped);
        }
        if !self.is_paused() {
            return Ok(());
        }
        let mut paused = self.paused.subscribe();
        tokio::select! {
            () = self.drain.cancelled() => Err(Stopped),
            waited = paused.wait_for(|paused| !paused) => waited.map(drop).map_err(|_| Stopped),
        }
    }

    /// Waits for so long.
    ///
    /// # Errors
    /// The run makes no further call.
    pub async fn sleep(&self, wait: Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.drained() => Err(Stopped),
        }
    }

    pub fn call_begins(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Calls that have left so far, where none of them is on the wire now.
    pub fn begun_and_over(&self) -> Option<u64> {
        (self.in_flight.load(Ordering::Relaxed) == 0).then(|| self.begun.load(Ordering::Relaxed))
    }

    pub fn trial_ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Trials that have ended so far.
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    pub fn set_stalled(&self, reason: Option<String>) {
        *self.stalled.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    pub fn status(&self, total: u64, endpoints: &[Arc<Endpoint>], state: Option<RunState>) -> RunStatus {
        RunStatus {
            total,
            ended: self.ended(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            spent: self.wallet.spent(),
            reserved: self.wallet.reserved(),
            budget: self.wallet.cap(),
            paused: self.is_paused(),
            draining: self.is_draining(),
            stalled: self.stalled.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            state,
            endpoints: endpoints.iter().map(|endpoint| endpoint.health()).collect(),
        }
    }
}

/// Counts a call as in flight for as long as it lives.
pub struct InFlight<'a>(&'a Control);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The first cancel lets calls in flight end, for half a minute at most; the second drops them.
pub fn cancel(control: &Arc<Control>, runtime: &tokio::runtime::Handle) {
    // A run that ends by itself, its budget being used up, drains as well: that was nobody's first word.
    if control.cancelled.swap(true, Ordering::Relaxed) {
        control.abort(RunState::Cancelled);
        return;
    }
    control.drain(RunState::Cancelled);
    let control = control.clone();
    runtime.spawn(async move {
        tokio::time::sleep(DRAIN_LIMIT).await;
        control.abort(RunState::Cancelled);
    });
}

#[cfg(test)]
mod tests {
    use crate::domain::Budget;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_cancel_lets_calls_end_though_the_budget_was_reached_before() {
        let control = Arc::new(Control::new(Wallet::new(Budget::default(), Usd::ZERO), 0));
        let runtime = tokio::runtime::Handle::current();
        control.drain(RunState::BudgetReached);
        cancel(&control, &runtime);
        assert!(!control.is_aborted());
        cancel(&control, &runtime);
        assert!(control.is_aborted());
        assert_eq!(control.reason(), Some(RunState::BudgetReached));
    }
}
