//! Room for the bodies of answers: what is large must not fill the memory by the number of calls in flight.
//!
//! Every body has a little without asking. What needs more takes it from a pool, step by step, and where that is empty it
//! waits for a turn, with which it may grow to the cap. Who has a turn waits for nothing, so nobody waits for ever. What a
//! body has it keeps while its reply is recorded and read, so that replies do not pile up where the disk is slow.
//!
//! A body arrives in blocks of one size: what a body gives back, another takes as it is. A buffer that grows leaves
//! pieces of many sizes, which the allocator keeps a while.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::domain::RawReply;

/// Bytes that every body has.
const OWN: usize = 2 << 20;
/// Bytes that are taken from the pool at once.
const STEP: usize = 2 << 20;

/// Bytes of a block.
const BLOCK: usize = 1 << 20;

/// Room that calls share.
#[derive(Debug)]
pub struct Room {
    steps: Semaphore,
    turns: Semaphore,
}

/// Of all calls of the process: beside what each body has, the pool holds 32 MiB and two bodies may reach the cap.
pub static ROOM: Room = Room::new(16, 2);

impl Room {
    pub(super) const fn new(steps: usize, turns: usize) -> Self {
        Self { steps: Semaphore::const_new(steps), turns: Semaphore::const_new(turns) }
    }

    /// What one body has of it, to begin with.
    const fn held(&self) -> Held<'_> {
        Held { room: self, size: OWN, steps: None, turn: None }
    }

    /// A body that is about to arrive; its length, where it is known, in bytes.
    pub fn body(&self, expected: Option<u64>) -> Body<'_> {
        let first = expected.map_or(1024, |length| usize::try_from(length).unwrap_or(BLOCK).min(BLOCK));
        Body { held: self.held(), whole: Vec::new(), last: Vec::with_capacity(first) }
    }
}

/// A body while it arrives.
pub struct Body<'a> {
    held: Held<'a>,
    /// Blocks that are full.
    whole: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl<'a> Body<'a> {
    /// Bytes that are there.
    pub const fn len(&self) -> usize {
        self.whole.len() * BLOCK + self.last.len()
    }

    /// Whether it may have so many bytes without waiting.
    pub const fn has_room(&self, length: usize) -> bool {
        length <= self.held.size
    }

    /// Waits until it may have so many bytes.
    pub async fn grow(&mut self, length: usize) {
        self.held.grow(length).await;
    }

    pub fn push(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            if self.last.len() == BLOCK {
                self.whole.push(std::mem::replace(&mut self.last, Vec::with_capacity(BLOCK)));
            }
            let (fits, rest) = chunk.split_at(chunk.len().min(BLOCK - self.last.len()));
            self.last.extend_from_slice(fits);
            chunk = rest;
        }
    }

    /// All of it, in one piece, and the room that it takes.
    pub fn join(mut self) -> (Vec<u8>, Held<'a>) {
        if self.whole.is_empty() {
            self.last.shrink_to_fit();
            return (self.last, self.held);
        }
        let mut joined = Vec::with_capacity(self.len());
        // Each block is given back when it is copied.
        for block in self.whole {
            joined.extend_from_slice(&block);
        }
        joined.extend_from_slice(&self.last);
        (joined, self.held)
    }

    /// Its first block: of a body that was cut, the beginning is enough.
    pub fn beginning(self) -> Vec<u8> {
        self.whole.into_iter().next().unwrap_or(self.last)
    }
}

/// A reply that has arrived, with the room that its body takes until this is dropped.
#[derive(Debug)]
pub struct Received {
    reply: Arc<RawReply>,
    _room: Option<Held<'static>>,
}

impl Received {
    pub(super) fn new(reply: RawReply, room: Held<'static>) -> Self {
        Self { reply: Arc::new(reply), _room: Some(room) }
    }

    /// The reply, to be recorded.
    #[must_use]
    pub fn reply(&self) -> Arc<RawReply> {
        self.reply.clone()
    }
}

/// A reply that did not come over a wire.
impl From<RawReply> for Received {
    fn from(reply: RawReply) -> Self {
        Self { reply: Arc::new(reply), _room: None }
    }
}

impl Deref for Received {
    type Target = RawReply;

    fn deref(&self) -> &RawReply {
        &self.reply
    }
}

/// What one body has of the room, until it is dropped.
#[derive(Debug)]
pub struct Held<'a> {
    room: &'a Room,
    size: usize,
    steps: Option<SemaphorePermit<'a>>,
    turn: Option<SemaphorePermit<'a>>,
}

impl Held<'_> {
    /// Waits until the body may have so many bytes.
    async fn grow(&mut self, length: usize) {
        while self.size < length && self.turn.is_none() {
            tokio::select! {
                biased;
                Ok(step) = self.room.steps.acquire() => {
                    match &mut self.steps {
                        Some(steps) => steps.merge(step),
                        none => *none = Some(step),
                    }
                    self.size += STEP;
                }
                Ok(turn) = self.room.turns.acquire() => {
                    // What it had of the pool is of use to others.
                    (self.turn, self.steps, self.size) = (Some(turn), None, usize::MAX);
                }
                else => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    const MIB: usize = 1 << 20;

    fn grows(held: &mut Held<'_>, length: usize) -> bool {
        held.grow(length).now_or_never().is_some()
    }

    #[test]
    fn small_bodies_ask_for_nothing_and_larger_ones_share_the_pool() {
        let room = Room::new(3, 1);
        let (mut small, mut first, mut second) = (room.held(), room.held(), room.held());
        assert!(grows(&mut first, 6 * MIB) && grows(&mut second, 3 * MIB));
        assert_eq!((first.size, second.size), (6 * MIB, 4 * MIB));
        assert!(grows(&mut small, 2 * MIB));
        assert_eq!((room.steps.available_permits(), room.turns.available_permits()), (0, 1));
        drop((first, second));
        assert_eq!(room.steps.available_permits(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_body_is_what_arrived(
            chunks in proptest::collection::vec((any::<u8>(), prop_oneof![0..1_000_usize, 0..2 * BLOCK]), 0..4),
            expected: Option<u64>,
        ) {
            let room = Room::new(0, 0);
            let mut body = room.body(expected);
            let chunks: Vec<Vec<u8>> = chunks.into_iter().map(|(byte, length)| vec![byte; length]).collect();
            for chunk in &chunks {
                body.push(chunk);
            }
            let arrived = chunks.concat();
            prop_assert_eq!(body.len(), arrived.len());
            prop_assert!(body.join().0 == arrived);
        }
    }

    #[test]
    fn a_reply_keeps_the_room_of_its_body() {
        static ROOM: Room = Room::new(0, 1);
        let mut first = ROOM.body(None);
        assert!(grows(&mut first.held, 3 * MIB));
        first.push(&vec![1; 3 * MIB]);
        let (body, room) = first.join();
        let received = Received::new(RawReply { body, ..RawReply::default() }, room);
        let (recorded, mut second) = (received.reply(), ROOM.body(None));
        assert!(!grows(&mut second.held, 3 * MIB), "it is being read");
        drop(received);
        assert!(grows(&mut second.held, 3 * MIB), "what the record still has keeps nobody waiting");
        assert_eq!(recorded.body.len(), 3 * MIB);
    }

    #[test]
    fn of_a_large_body_the_beginning_is_its_first_block() {
        let room = Room::new(0, 1);
        for (length, kept) in [(10, 10), (BLOCK, BLOCK), (3 * BLOCK, BLOCK)] {
            let mut body = room.body(None);
            body.push(&vec![7; length]);
            assert_eq!(body.beginning(), vec![7; kept], "of {length} bytes");
        }
    }

    #[test]
    fn where_the_pool_is_empty_one_grows_to_the_end_and_the_others_wait_for_it() {
        let room = Room::new(2, 1);
        let (mut first, mut second, mut third) = (room.held(), room.held(), room.held());
        assert!(grows(&mut first, 4 * MIB) && grows(&mut second, 4 * MIB));
        assert!(grows(&mut third, 32 * MIB), "the turn is free");
        assert!(!grows(&mut first, 5 * MIB) && !grows(&mut second, 5 * MIB));
        drop(third);
        assert!(grows(&mut first, 32 * MIB));
        assert!(grows(&mut second, 6 * MIB), "who has the turn gives back its part of the pool");
        assert!(!grows(&mut second, 7 * MIB));
        drop(first);
        assert!(grows(&mut second, 32 * MIB));
    }
}
