//! Room for the bodies of answers: what is large must not fill the memory by the number of calls in flight.
//!
//! Every body has a little without asking. What needs more takes it from a pool, step by step, and where that is empty it
//! waits for a turn, with which it may grow to the cap. Who has a turn waits for nothing, so nobody waits for ever.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes that every body has.
const OWN: usize = 2 << 20;
/// Bytes that are taken from the pool at once.
const STEP: usize = 2 << 20;

/// Room that calls share.
pub struct Room {
    steps: Semaphore,
    turns: Semaphore,
}

/// Of all calls of the process: beside what each body has, the pool holds 32 MiB and four bodies may reach the cap.
pub static ROOM: Room = Room::new(16, 4);

impl Room {
    pub(super) const fn new(steps: usize, turns: usize) -> Self {
        Self { steps: Semaphore::const_new(steps), turns: Semaphore::const_new(turns) }
    }

    /// What one body has of it, to begin with.
    pub const fn held(&self) -> Held<'_> {
        Held { room: self, size: OWN, steps: None, turn: None }
    }
}

/// What one body has of the room, until it is dropped.
pub struct Held<'a> {
    room: &'a Room,
    size: usize,
    steps: Option<SemaphorePermit<'a>>,
    turn: Option<SemaphorePermit<'a>>,
}

impl Held<'_> {
    /// The bytes that the body may have now.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Waits until the body may have so many bytes.
    pub async fn grow(&mut self, length: usize) {
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
        assert_eq!((first.size(), second.size()), (6 * MIB, 4 * MIB));
        assert!(grows(&mut small, 2 * MIB));
        assert_eq!((room.steps.available_permits(), room.turns.available_permits()), (0, 1));
        drop((first, second));
        assert_eq!(room.steps.available_permits(), 3);
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
