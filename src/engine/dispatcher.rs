//! Numbers the events of a run, groups them, and hands each group to the sinks in turn: recorded before shown.
//!
//! One thread. While it waits for the disk, further events queue up and become the next group, so the group's size
//! follows the load by itself. A full queue slows the executor down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::domain::{Numbered, RunEvent, RunId, RunState};

use super::control::{Control, Stopped};
use super::sink::{RunSink, SinkError};

/// Events that may wait; a few hundred trials' worth.
const QUEUE: usize = 4_096;
/// Events in a group; bounds how long a waiter waits for others' rows.
const GROUP: usize = 512;
/// Between two attempts to write a group that could not be written.
const STALL_PAUSE: Duration = Duration::from_millis(500);

/// Where the run's parts say what happened.
#[derive(Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Entry>,
    waiting: Arc<AtomicU32>,
}

/// Counts who waits until an event is durable, for as long as it lives.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Entry {
    event: RunEvent,
    stored: Option<oneshot::Sender<()>>,
}

impl Ledger {
    /// Says it, without waiting for it to be stored.
    ///
    /// # Errors
    /// The record has been given up.
    pub async fn say(&self, event: RunEvent) -> Result<(), Stopped> {
        self.queue.send(Entry { event, stored: None }).await.map_err(|_| Stopped)
    }

    /// Says it, and waits until it is durable.
    ///
    /// # Errors
    /// The record has been given up; the event may not be stored.
    pub async fn commit(&self, event: RunEvent) -> Result<(), Stopped> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        self.tell(event).await?.0.await.map_err(|_| Stopped)
    }

    /// Somebody waits for an event to be durable.
    pub fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Says it, and gives back something that waits until it is durable.
    ///
    /// # Errors
    /// The record has been given up.
    pub async fn tell(&self, event: RunEvent) -> Result<Recorded, Stopped> {
        let (stored, waiting) = oneshot::channel();
        self.queue.send(Entry { event, stored: Some(stored) }).await.map_err(|_| Stopped)?;
        Ok(Recorded(waiting))
    }
}

/// An event on its way to the record.
#[derive(Debug)]
pub struct Recorded(oneshot::Receiver<()>);

impl Recorded {
    /// It is durable, or the record has been given up.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    /// On record already.
    #[cfg(test)]
    pub fn at_once() -> Self {
        Self(oneshot::channel().1)
    }
}

pub struct Dispatcher {
    run: RunId,
    number: u64,
    sinks: Vec<Box<dyn RunSink>>,
    control: Arc<Control>,
    stall_limit: Option<Duration>,
}

impl Dispatcher {
    /// The first sink is the recorder.
    pub fn new(run: RunId, sinks: Vec<Box<dyn RunSink>>, control: Arc<Control>, stall_limit: Option<Duration>) -> Self {
        Self { run, number: 0, sinks, control, stall_limit }
    }

    /// Starts the thread; it ends when every [`Ledger`] is gone.
    pub fn spawn(mut self) -> std::io::Result<(Ledger, JoinHandle<()>)> {
        let (queue, mut entries) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("dispatcher".into()).spawn(move || {
            let mut waiting = Vec::with_capacity(GROUP);
            while entries.blocking_recv_many(&mut waiting, GROUP) > 0 {
                if self.deliver(&mut waiting).is_err() {
                    break;
                }
            }
        })?;
        Ok((Ledger { queue, waiting: Arc::default() }, thread))
    }

    fn deliver(&mut self, waiting: &mut Vec<Entry>) -> Result<(), Stopped> {
        let (group, stored): (Vec<_>, Vec<_>) = waiting.drain(..).map(|entry| self.number(entry)).unzip();
        for position in 0..self.sinks.len() {
            self.offer(position, &group)?;
        }
        for waiter in stored.into_iter().flatten() {
            // Whoever waited may have been cancelled since.
            let _ = waiter.send(());
        }
        Ok(())
    }

    fn number(&mut self, entry: Entry) -> (Arc<Numbered>, Option<oneshot::Sender<()>>) {
        self.number += 1;
        let event = Numbered { run: self.run.clone(), number: self.number, event: entry.event };
        (Arc::new(event), entry.stored)
    }

    /// Offers a group to a sink until it takes it. Meanwhile nobody is told that anything is stored, so nothing more
    /// is paid for.
    fn offer(&mut self, sink: usize, group: &[Arc<Numbered>]) -> Result<(), Stopped> {
        let began = Instant::now();
        while let Err(SinkError { message }) = self.sinks[sink].on_events(group) {
            self.control.set_stalled(Some(message));
            let over = self.stall_limit.is_some_and(|limit| began.elapsed() >= limit);
            if over || self.control.is_aborted() {
                self.control.abort(RunState::Incomplete);
                return Err(Stopped);
            }
            thread::sleep(STALL_PAUSE);
        }
        self.control.set_stalled(None);
        Ok(())
    }
}
