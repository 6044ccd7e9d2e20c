//! The rate limiter of a model: requests, input tokens, output tokens, each within its limit in any 60 s.
//!
//! Three bounds hold together, and the tightest counts. GCRA (the generic cell rate algorithm of ITU-T I.371) spreads
//! calls evenly over the minute; the sliding window keeps the sum of the last 60 s below the limit, whatever the sizes
//! of the calls; and what the provider's answers tell is obeyed where it is tighter. All dimensions are looked at and
//! reserved in one step. After the call the real usage takes the place of what was reserved.
//!
//! Token counts are reserved at what is to be expected of them, which is learned from the calls that have ended: their
//! bounds (bytes, `max_tokens`) are several times too large, and would leave most of the limit unused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::{LimitPolicy, RawReply, Usage};

use super::dimension::{Dimension, Moment};
use super::learned::{learned, tells_limits};

/// What a call may take at most; 0 where it has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// What is left of a model's limits; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    pub requests: Option<u64>,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    /// Input and output together, where the provider counts them so.
    pub tokens: Option<u64>,
}

#[derive(Debug)]
pub struct Limiter {
    began: Instant,
    learns: bool,
    /// Neither limits nor learning: nothing is counted.
    idle: bool,
    state: Mutex<State>,
    /// Something was given back.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// At their places in [`super::learned::Kind::ALL`].
    dimensions: [Dimension; 4],
    input: Forecast,
    output: Forecast,
}

/// The part of its bound that a count comes to, in 65536ths.
#[derive(Debug, Clone, Copy)]
struct Forecast(u64);

/// What a call under way has reserved. Dropped before the call was sent, all of it goes back; after, it stands.
#[derive(Debug)]
pub struct Ticket {
    limiter: Arc<Limiter>,
    at: Moment,
    bounds: Bounds,
    reserved: [u64; 4],
    /// All that had ever been taken when this was.
    taken: [u64; 4],
    sent: bool,
}

impl Limiter {
    #[must_use]
    pub fn new(policy: &LimitPolicy) -> Arc<Self> {
        let limits = [
            policy.requests_per_minute,
            policy.input_tokens_per_minute,
            policy.output_tokens_per_minute,
            // No policy names it: it is learned or not there.
            None,
        ];
        let state = State {
            dimensions: limits.map(|limit| Dimension::new(limit, policy.burst)),
            input: Forecast::WHOLE,
            output: Forecast::WHOLE,
        };
        Arc::new(Self {
            began: Instant::now(),
            learns: policy.learn,
            idle: !policy.learn && limits.iter().all(Option::is_none),
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// One step: looks at all dimensions and reserves in all of them, or in none.
    ///
    /// # Errors
    /// The call does not fit now: when it will, if nothing changes.
    pub fn reserve(self: &Arc<Self>, bounds: Bounds, now: Instant) -> Result<Ticket, Instant> {
        let at = self.moment(now);
        let ticket = |reserved, taken| Ticket { limiter: self.clone(), at, bounds, reserved, taken, sent: false };
        if self.idle {
            return Ok(ticket([0; 4], [0; 4]));
        }
        let mut state = self.lock();
        let wanted = state.wanted(bounds);
        let fits_at = state.fits_at(wanted, at);
        if fits_at > at {
            return Err(self.instant(fits_at));
        }
        for (dimension, units) in state.dimensions.iter_mut().zip(wanted) {
            dimension.take(units, at);
        }
        Ok(ticket(wanted, state.dimensions.each_ref().map(Dimension::taken)))
    }

    /// Waits until such a call fits, and reserves nothing.
    pub async fn ready(&self, bounds: Bounds) {
        while self.held_until(bounds, Instant::now()).is_some() {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening starts before the look, or what is given back between the two would be missed.
            changed.as_mut().enable();
            let Some(until) = self.held_until(bounds, Instant::now()) else { return };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = changed => {}
            }
        }
    }

    #[must_use]
    pub fn left(&self, now: Instant) -> Left {
        let at = self.moment(now);
        let mut state = self.lock();
        let [requests, input_tokens, output_tokens, tokens] = state.dimensions.each_mut().map(|one| one.left(at));
        Left { requests, input_tokens, output_tokens, tokens }
    }

    fn held_until(&self, bounds: Bounds, now: Instant) -> Option<Instant> {
        if self.idle {
            return None;
        }
        let at = self.moment(now);
        let mut state = self.lock();
        let wanted = state.wanted(bounds);
        let fits_at = state.fits_at(wanted, at);
        (fits_at > at).then(|| self.instant(fits_at))
    }

    fn moment(&self, now: Instant) -> Moment {
        u64::try_from(now.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX)
    }

    fn instant(&self, at: Moment) -> Instant {
        self.began + Duration::from_nanos(at)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wanted(&self, bounds: Bounds) -> [u64; 4] {
        in_all(self.input.of(bounds.input_tokens), self.output.of(bounds.output_tokens))
    }

    fn fits_at(&mut self, wanted: [u64; 4], now: Moment) -> Moment {
        let each = self.dimensions.iter_mut().zip(wanted).map(|(dimension, units)| dimension.fits_at(units, now));
        each.fold(now, Moment::max)
    }

    fn correct(&mut self, ticket: &Ticket, real: [u64; 4], now: Moment) {
        for ((dimension, reserved), real) in self.dimensions.iter_mut().zip(ticket.reserved).zip(real) {
            dimension.correct(reserved, real, ticket.at, now);
        }
    }
}

/// One call in every dimension.
const fn in_all(input: u64, output: u64) -> [u64; 4] {
    [1, input, output, input + output]
}

impl Forecast {
    const WHOLE: Self = Self(1 << 16);
    /// No bound is passed by more than this.
    const MOST: u64 = 4;

    /// A quarter more than the mean, since too little would be paid back by those that wait.
    fn of(self, bound: u64) -> u64 {
        let share = (self.0 * 5 / 4).min(Self::WHOLE.0.max(self.0));
        let units = (u128::from(bound) * u128::from(share)) >> 16;
        u64::try_from(units).unwrap_or(bound)
    }

    /// A decaying mean, which follows what is larger faster.
    fn learn(&mut self, bound: u64, real: u64) {
        let Some(share) = (u128::from(real) << 16).checked_div(u128::from(bound)) else { return };
        let share = u64::try_from(share).unwrap_or(u64::MAX).min(Self::WHOLE.0 * Self::MOST);
        if share > self.0 {
            self.0 += (share - self.0) / 8;
        } else {
            self.0 -= (self.0 - share) / 16;
        }
    }
}

impl Ticket {
    /// The call leaves: from here on it counts, whatever becomes of it.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// Obeys what the call's reply tells of the provider's limits.
    pub fn learn(&self, reply: &RawReply, now: Instant) {
        if !self.limiter.learns || !tells_limits(reply) {
            return;
        }
        let now = self.limiter.moment(now);
        let mut state = self.limiter.lock();
        for ((dimension, told), taken) in state.dimensions.iter_mut().zip(learned(reply)).zip(self.taken) {
            if let Some(told) = told {
                dimension.obey(&told, self.at, taken, now);
            }
        }
    }

    /// The call ended with this usage.
    pub fn settle(mut self, usage: &Usage, now: Instant) {
        let limiter = self.limiter.clone();
        let real = in_all(usage.input_tokens, usage.output_tokens);
        self.close(|state, ticket| {
            state.correct(ticket, real, limiter.moment(now));
            state.input.learn(ticket.bounds.input_tokens, usage.input_tokens);
            state.output.learn(ticket.bounds.output_tokens, usage.output_tokens);
        });
    }

    /// The call was refused: it counts as a request, and took no tokens.
    pub fn settle_refused(mut self, now: Instant) {
        let limiter = self.limiter.clone();
        self.close(|state, ticket| state.correct(ticket, in_all(0, 0), limiter.moment(now)));
    }

    fn close(&mut self, correct: impl FnOnce(&mut State, &Self)) {
        self.sent = true;
        if self.limiter.idle {
            return;
        }
        correct(&mut self.limiter.lock(), self);
        self.limiter.changed.notify_waiters();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.sent {
            self.close(|state, ticket| state.correct(ticket, [0; 4], ticket.at));
        }
    }
}
