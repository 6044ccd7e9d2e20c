//! Single flight: while a request is on its way, the same request waits for its answer instead of being paid again.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::Fingerprint;
use crate::engine::dispatcher::Recorded;
use crate::engine::sink::CachedCall;

/// The requests of a run that are on their way. Repeats of a cell are different requests, and never folded into one.
#[derive(Debug, Default)]
pub struct Flights(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    listeners: HashMap<Fingerprint, Listener>,
    /// Answers that have landed, in the order in which they get on record. Until then the cache does not have them, so
    /// that those who come meanwhile find them here.
    landed: VecDeque<(Fingerprint, Recorded)>,
}

type Listener = watch::Receiver<Option<CachedCall>>;

/// The one call of a request. Dropped without an answer, the next of those who wait makes the call.
#[derive(Debug)]
pub struct Flight<'f> {
    flights: &'f Flights,
    request: Fingerprint,
    answer: watch::Sender<Option<CachedCall>>,
    landed: bool,
}

/// Whose turn it is.
#[derive(Debug)]
pub enum Boarding<'f> {
    /// The caller makes the call; `None` where nobody would be told of its answer.
    Own(Option<Flight<'f>>),
    /// Another call of the same request brought its answer.
    Shared(CachedCall),
}

impl Flights {
    /// Waits while the same request is on its way.
    pub async fn board(&self, request: Fingerprint) -> Boarding<'_> {
        loop {
            let mut other = match self.take_off(request) {
                Ok(flight) => return Boarding::Own(Some(flight)),
                Err(other) => other,
            };
            let landed = other.wait_for(Option::is_some).await.ok().and_then(|answer| (*answer).clone());
            if let Some(call) = landed {
                return Boarding::Shared(call);
            }
        }
    }

    fn take_off(&self, request: Fingerprint) -> Result<Flight<'_>, Listener> {
        match self.lock().listeners.entry(request) {
            Entry::Occupied(other) => Err(other.get().clone()),
            Entry::Vacant(free) => {
                let (answer, listener) = watch::channel(None);
                free.insert(listener);
                Ok(Flight { flights: self, request, answer, landed: false })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets the answers that are on record by now.
    fn sweep(&mut self) {
        while self.landed.front_mut().is_some_and(|(_, recorded)| recorded.is_over()) {
            if let Some((request, _)) = self.landed.pop_front() {
                self.listeners.remove(&request);
            }
        }
    }
}

impl Flight<'_> {
    /// Gives the answer to those who wait, and to those who come until it is on record: from then on the cache has it.
    pub fn land(mut self, call: CachedCall, recorded: Recorded) {
        self.landed = true;
        self.answer.send_replace(Some(call));
        let mut state = self.flights.lock();
        state.landed.push_back((self.request, recorded));
        state.sweep();
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.lock().listeners.remove(&self.request);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::domain::Completion;

    fn call() -> CachedCall {
        let completion = Completion::given("yes".to_owned());
        CachedCall { completion: Arc::new(completion), cost: None }
    }

    /// Answers a request; the first `failing` calls fail.
    async fn answer(flights: &Flights, calls: &AtomicU32, failing: u32, request: u8) -> bool {
        match flights.board(Fingerprint([request; 32])).await {
            Boarding::Shared(_) => true,
            Boarding::Own(flight) => {
                let flight = flight.unwrap();
                let number = calls.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                if number >= failing {
                    flight.land(call(), Recorded::at_once());
                }
                false
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sixty_four_same_requests_are_one_call() {
        let (flights, calls) = (Flights::default(), AtomicU32::new(0));
        let shared = join_all((0..64).map(|_| answer(&flights, &calls, 0, 1))).await;
        assert_eq!((calls.load(Ordering::Relaxed), shared.iter().filter(|shared| **shared).count()), (1, 63));
        assert!(flights.lock().listeners.is_empty() && flights.lock().landed.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_call_fails_the_next_makes_it() {
        let (flights, calls) = (Flights::default(), AtomicU32::new(0));
        join_all((0..8).map(|_| answer(&flights, &calls, 2, 1))).await;
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn other_requests_do_not_wait() {
        let (flights, calls) = (Flights::default(), AtomicU32::new(0));
        join_all((0..8).map(|request| answer(&flights, &calls, 0, request))).await;
        assert_eq!(calls.load(Ordering::Relaxed), 8);
    }
}
