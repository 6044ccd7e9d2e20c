//! A running run's events on their way to the screen: a bounded channel that is emptied for a few milliseconds a frame.

use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::jobs::Wake;
use crate::domain::{Numbered, RunEvent};
use crate::engine::{RunSink, SinkError};

/// Groups in flight. A full channel makes the engine wait, so that a window that is slow makes nothing grow.
const BOUND: usize = 256;
/// Events between two looks at the clock.
const STRIDE: usize = 64;

/// The engine's end.
pub struct FeedSink {
    sender: mpsc::SyncSender<Vec<Arc<Numbered>>>,
    wake: Wake,
}

/// The session's end.
pub struct Feed {
    receiver: mpsc::Receiver<Vec<Arc<Numbered>>>,
    /// What was received and not yet taken.
    waiting: VecDeque<Arc<Numbered>>,
}

impl Feed {
    #[must_use]
    pub fn new(wake: Wake) -> (FeedSink, Self) {
        let (sender, receiver) = mpsc::sync_channel(BOUND);
        (FeedSink { sender, wake }, Self { receiver, waiting: VecDeque::new() })
    }

    /// Hands events over, in order, until there are none or `slice` is over. Returns whether some are left.
    pub fn drain(&mut self, slice: Duration, mut take: impl FnMut(&Numbered)) -> bool {
        let end = Instant::now() + slice;
        loop {
            for _ in 0..STRIDE {
                let Some(event) = self.next() else { return false };
                take(&event);
            }
            if Instant::now() >= end {
                return true;
            }
        }
    }

    fn next(&mut self) -> Option<Arc<Numbered>> {
        while self.waiting.is_empty() {
            self.waiting.extend(self.receiver.try_recv().ok()?);
        }
        self.waiting.pop_front()
    }
}

impl RunSink for FeedSink {
    /// Never fails: a run goes on and is recorded when nobody watches any more. Raw replies are on record and not shown, so
    /// that a window that is slow keeps none of their bytes.
    fn on_events(&mut self, events: &[Arc<Numbered>]) -> Result<(), SinkError> {
        let is_shown = |event: &&Arc<Numbered>| !matches!(event.event, RunEvent::AttemptReceived { .. });
        let shown: Vec<_> = events.iter().filter(is_shown).cloned().collect();
        if !shown.is_empty() && self.sender.send(shown).is_ok() {
            (self.wake)();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AttemptRef, Purpose, RawReply, TrialRef};

    fn events(numbers: std::ops::Range<u64>) -> Vec<Arc<Numbered>> {
        numbers.map(|number| Arc::new(Numbered { run: "r".into(), number, event: RunEvent::Continued })).collect()
    }

    #[test]
    fn events_come_out_in_order_and_a_slice_leaves_the_rest() {
        let (mut sink, mut feed) = Feed::new(Arc::new(|| {}));
        sink.on_events(&events(0..100)).unwrap();
        sink.on_events(&events(100..200)).unwrap();
        let mut seen = Vec::new();
        assert!(feed.drain(Duration::ZERO, |event| seen.push(event.number)));
        assert_eq!(seen.len(), STRIDE);
        assert!(!feed.drain(Duration::from_secs(10), |event| seen.push(event.number)));
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_feed_that_nobody_takes_from_keeps_no_reply() {
        let (mut sink, mut feed) = Feed::new(Arc::new(|| {}));
        let reply = Arc::new(RawReply { body: vec![0; 1 << 20], ..RawReply::default() });
        let trial = TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };
        let attempt = AttemptRef { trial, purpose: Purpose::Answer, number: 0 };
        let event = RunEvent::AttemptReceived { attempt, reply: reply.clone() };
        let received = Arc::new(Numbered { run: "r".into(), number: 1, event });
        sink.on_events(std::slice::from_ref(&received)).unwrap();
        sink.on_events(&[received, events(2..3).remove(0)]).unwrap();
        assert_eq!(Arc::strong_count(&reply), 1);
        let mut seen = Vec::new();
        feed.drain(Duration::from_secs(10), |event| seen.push(event.number));
        assert_eq!(seen, [2]);
    }

    #[test]
    fn a_run_goes_on_when_nobody_watches() {
        let (mut sink, feed) = Feed::new(Arc::new(|| {}));
        drop(feed);
        for _ in 0..BOUND * 2 {
            assert!(sink.on_events(&events(0..1)).is_ok());
        }
    }
}
