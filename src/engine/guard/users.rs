//! Limits of the prompt's own users: requests in any 60 s, tokens and money in a day, by tier.
//!
//! Looking and reserving are one step, so that a hundred requests at once pass no limit. The minute goes by the
//! monotonic clock, the day by the calendar of the tier's time zone, whatever its length; neither resets the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::time::Instant;

use crate::domain::{self, Tier, Usd, UserLimits};

const MINUTE: Duration = Duration::from_mins(1);
/// Users are looked through for idle ones when there are so many, and each time that their number has doubled.
const FIRST_SWEEP: usize = 1_024;
/// Between two looks through a full house.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct When {
    pub clock: Instant,
    pub date: Timestamp,
}

/// What a request may take at most, and what it took in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserShare {
    /// Input and output together.
    pub tokens: u64,
    pub cost: Usd,
}

/// Which limit a request does not fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserLimit {
    RequestsPerMinute(u32),
    TokensPerDay(u64),
    CostPerDay(Usd),
    /// More users than are remembered at once.
    Users(u32),
}

/// A request that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub struct Refusal {
    pub limit: UserLimit,
    pub tier: String,
    /// When the same request would be allowed, if no other comes in between; `None` when it never would.
    pub retry_after: Option<Duration>,
}

/// A time zone that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The tier `{tier}` has the time zone `{zone}`, which is not known. Give a name such as `Europe/Berlin`.")]
pub struct UnknownZone {
    pub tier: String,
    pub zone: String,
}

#[derive(Debug)]
pub struct Users {
    limits: UserLimits,
    zones: BTreeMap<String, TimeZone>,
    /// For a default tier that is not listed: it allows nothing.
    nothing: Tier,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    users: HashMap<String, User>,
    /// The number of users at which the idle ones are looked for.
    sweep_at: usize,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct User {
    /// Requests of the last minute, the oldest first; never more than the tier allows.
    minute: VecDeque<Instant>,
    day: Date,
    /// What the day's requests have taken, and may still take.
    used: UserShare,
    open: u32,
}

/// When a request would be allowed.
#[derive(Debug, Clone, Copy)]
enum Wait {
    For(Duration),
    Tomorrow,
    Never,
}

/// A request under way. Dropped before it was sent, all of it goes back; after, what it might take stays taken.
#[derive(Debug)]
pub struct UserTicket {
    users: Arc<Users>,
    user: String,
    at: Instant,
    day: Date,
    reserved: UserShare,
    sent: bool,
    open: bool,
}

impl Users {
    /// # Errors
    /// A tier's time zone is not known.
    pub fn new(limits: UserLimits) -> Result<Arc<Self>, UnknownZone> {
        let zone = |(name, tier): (&String, &Tier)| match TimeZone::get(&tier.time_zone) {
            Ok(zone) => Ok((name.clone(), zone)),
            Err(_) => Err(UnknownZone { tier: name.clone(), zone: tier.time_zone.clone() }),
        };
        let zones = limits.tiers.iter().map(zone).collect::<Result<_, _>>()?;
        let state = State { users: HashMap::new(), sweep_at: FIRST_SWEEP, swept: None };
        Ok(Arc::new(Self { limits, zones, nothing: Tier::default(), state: Mutex::new(state) }))
    }

    /// One step: looks at all limits of the user and reserves in all of them, or in none. A tier that is not listed is
    /// the default tier.
    ///
    /// # Errors
    /// The request does not fit; nothing is counted.
    pub fn reserve(
        self: &Arc<Self>,
        user: &str,
        tier: &str,
        most: UserShare,
        when: When,
    ) -> Result<UserTicket, Refusal> {
        let ticket = |day| UserTicket {
            users: self.clone(),
            user: user.to_owned(),
            at: when.clock,
            day,
            reserved: most,
            sent: false,
            open: true,
        };
        if !self.limits.on {
            return Ok(ticket(Date::MIN));
        }
        let (name, tier, zone) = self.tier(tier);
        let refused = |limit, retry_after| Refusal { limit, tier: name.to_owned(), retry_after };
        let today = zone.to_datetime(when.date).date();
        let mut state = self.lock();
        if !state.users.contains_key(user) && !state.has_room(self.limits.most_users, today, when.clock) {
            return Err(refused(UserLimit::Users(self.limits.most_users), Some(MINUTE)));
        }
        let known = state.users.entry(user.to_owned()).or_insert_with(|| User::new(today));
        known.turn_to(today, when.clock);
        if let Err((limit, wait)) = known.look(tier, most, when.clock) {
            let retry_after = match wait {
                Wait::For(wait) => Some(wait),
                Wait::Tomorrow => Some(until_tomorrow(&zone, when.date)),
                Wait::Never => None,
            };
            return Err(refused(limit, retry_after));
        }
        known.minute.push_back(when.clock);
        known.used = known.used.plus(most);
        known.open += 1;
        Ok(ticket(known.day))
    }

    /// Users that are remembered now.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.lock().users.len()
    }

    fn tier<'s>(&'s self, asked: &'s str) -> (&'s str, &'s Tier, TimeZone) {
        let name = self.limits.tier(asked);
        let tier = self.limits.tiers.get(name).unwrap_or(&self.nothing);
        (name, tier, self.zones.get(name).cloned().unwrap_or(TimeZone::UTC))
    }

    fn close(&self, ticket: &UserTicket, real: Option<UserShare>) {
        let mut state = self.lock();
        let Some(user) = state.users.get_mut(&ticket.user) else { return };
        user.open = user.open.saturating_sub(1);
        // What was reserved on a day that is over was forgotten with it.
        if user.day == ticket.day
            && let Some(real) = real
        {
            user.used = user.used.minus(ticket.reserved).plus(real);
        }
        if !ticket.sent
            && let Some(place) = user.minute.iter().rposition(|at| *at == ticket.at)
        {
            user.minute.remove(place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether one more user can be remembered, once those who are idle have left.
    fn has_room(&mut self, most: u32, today: Date, now: Instant) -> bool {
        let most = most as usize;
        // A crowd of strangers at a full house must not make every request look through all of it.
        let rested = self.swept.is_none_or(|swept| now >= swept + SWEEP_PAUSE);
        if self.users.len() >= self.sweep_at || self.users.len() >= most && rested {
            self.users.retain(|_, user| !user.is_idle(today, now));
            self.sweep_at = (self.users.len() * 2).max(FIRST_SWEEP);
            self.swept = Some(now);
        }
        self.users.len() < most
    }
}

impl User {
    fn new(day: Date) -> Self {
        Self { minute: VecDeque::new(), day, used: UserShare::default(), open: 0 }
    }

    /// Forgets the minute's requests that are over, and the day's use when another day has begun. A clock that was set
    /// back begins no new day.
    fn turn_to(&mut self, today: Date, now: Instant) {
        while self.minute.front().is_some_and(|at| *at + MINUTE <= now) {
            self.minute.pop_front();
        }
        if today > self.day {
            self.day = today;
            self.used = UserShare::default();
        }
    }

    /// # Errors
    /// The limit that the request does not fit into, and when it would.
    fn look(&self, tier: &Tier, most: UserShare, now: Instant) -> Result<(), (UserLimit, Wait)> {
        let per_minute = tier.requests_per_minute as usize;
        if self.minute.len() >= per_minute {
            // The tier may have become smaller since: then more than one has to leave.
            let leaving = (per_minute > 0).then(|| self.minute.get(self.minute.len() - per_minute)).flatten();
            let wait = leaving.map_or(Wait::Never, |at| Wait::For((*at + MINUTE).saturating_duration_since(now)));
            return Err((UserLimit::RequestsPerMinute(tier.requests_per_minute), wait));
        }
        let used = self.used.plus(most);
        let tomorrow = |fits| if fits { Wait::Tomorrow } else { Wait::Never };
        if used.tokens > tier.tokens_per_day {
            return Err((UserLimit::TokensPerDay(tier.tokens_per_day), tomorrow(most.tokens <= tier.tokens_per_day)));
        }
        if used.cost > tier.cost_per_day {
            return Err((UserLimit::CostPerDay(tier.cost_per_day), tomorrow(most.cost <= tier.cost_per_day)));
        }
        Ok(())
    }

    /// Whether nothing would be lost with it. Another tier's day may end later than the one that asks: a day is over
    /// for all when it was before yesterday.
    fn is_idle(&self, today: Date, now: Instant) -> bool {
        let day_is_over = self.used == UserShare::default() || self.day < today.saturating_sub(1.day());
        self.open == 0 && day_is_over && self.minute.back().is_none_or(|at| *at + MINUTE <= now)
    }
}

impl UserShare {
    fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(other.tokens), cost: self.cost + other.cost }
    }

    fn minus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(other.tokens), cost: self.cost.saturating_sub(other.cost) }
    }
}

impl UserTicket {
    /// The request leaves: from here on it counts, whatever becomes of it.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// What the request really took.
    pub fn settle(mut self, real: UserShare) {
        self.sent = true;
        self.open = false;
        self.users.close(&self, Some(real));
    }
}

impl Drop for UserTicket {
    fn drop(&mut self) {
        if self.open {
            self.users.close(self, (!self.sent).then(UserShare::default));
        }
    }
}

impl Refusal {
    fn words(&self) -> String {
        let limit = match self.limit {
            UserLimit::RequestsPerMinute(limit) => format!("{limit} requests a minute"),
            UserLimit::TokensPerDay(limit) => format!("{limit} tokens a day"),
            UserLimit::CostPerDay(limit) => format!("{limit} a day"),
            UserLimit::Users(limit) => return format!("More than {limit} users are active. Try again in a minute."),
        };
        let when = match self.retry_after {
            Some(wait) => format!("It can be sent again in {}.", domain::wait(wait)),
            None => "It is larger than the limit itself.".to_owned(),
        };
        format!("The request does not fit into the tier `{}` with its {limit}. {when}", self.tier)
    }
}

/// Days are not all of 24 hours.
fn until_tomorrow(zone: &TimeZone, now: Timestamp) -> Duration {
    let now = now.to_zoned(zone.clone());
    let midnight = now.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
    let wait = midnight.map(|midnight| midnight.timestamp().as_millisecond() - now.timestamp().as_millisecond());
    Duration::from_millis(wait.ok().and_then(|wait| u64::try_from(wait).ok()).unwrap_or(86_400_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> UserLimits {
        UserLimits { on: true, ..UserLimits::default() }
    }

    fn users() -> Arc<Users> {
        Users::new(limits()).unwrap()
    }

    fn when(date: &str) -> When {
        When { clock: Instant::now(), date: date.parse().unwrap() }
    }

    fn noon() -> When {
        when("2026-11-23T12:00:00Z")
    }

    fn later(when: When, secs: u64) -> When {
        let date = when.date + Duration::from_secs(secs);
        When { clock: when.clock + Duration::from_secs(secs), date }
    }

    fn share(tokens: u64, cents: i64) -> UserShare {
        UserShare { tokens, cost: Usd::from_nanos(cents * 10_000_000) }
    }

    fn in_zone(zone: &str) -> Arc<Users> {
        let mut limits = limits();
        limits.tiers.values_mut().for_each(|tier| tier.time_zone = zone.to_owned());
        Users::new(limits).unwrap()
    }

    #[test]
    fn two_hundred_at_once_are_no_more_than_one_after_the_other() {
        let (users, now) = (users(), noon());
        let taken = std::thread::scope(|scope| {
            let ask =
                || (0..50).filter_map(|_| users.reserve("ann", "free", share(10, 0), now).ok()).collect::<Vec<_>>();
            let askers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(taken.len(), 10);
    }

    #[test]
    fn tokens_and_money_of_a_day_are_both_limits() {
        let (users, now) = (users(), noon());
        let refused = |share| users.reserve("ann", "free", share, now).unwrap_err();
        let ticket = users.reserve("ann", "free", share(9_000, 1), now).unwrap();
        assert_eq!(refused(share(1_001, 0)).limit, UserLimit::TokensPerDay(10_000));
        assert_eq!(refused(share(0, 10)).limit, UserLimit::CostPerDay(share(0, 10).cost));
        let half_a_day = Some(Duration::from_hours(12));
        assert_eq!(refused(share(1_001, 0)).retry_after, half_a_day);
        assert_eq!(refused(share(10_001, 0)).retry_after, None, "no day has so many");
        drop(ticket);
        assert!(users.reserve("ann", "free", share(10_000, 10), now).is_ok(), "what was not sent goes back");
    }

    #[test]
    fn the_real_usage_takes_the_estimates_place() {
        let (users, now) = (users(), noon());
        let ask = |tokens| users.reserve("ann", "free", share(tokens, 0), now);
        ask(9_000).unwrap().settle(share(500, 0));
        let mut lost = ask(9_500).unwrap();
        assert!(ask(1).is_err());
        lost.mark_sent();
        drop(lost);
        assert!(ask(1).is_err(), "nobody knows what became of it, so it counts");
        assert_eq!(users.reserve("ann", "pro", share(90_000, 0), now).map(drop), Ok(()));
    }

    #[test]
    fn the_minute_slides_and_does_not_end_with_the_day() {
        let users = users();
        let start = when("2026-11-23T23:59:40Z");
        let ask = |at| users.reserve("ann", "free", share(1, 0), at).map(|mut ticket| ticket.mark_sent());
        (0..10).for_each(|second| ask(later(start, second)).unwrap());
        let refusal = ask(later(start, 30)).unwrap_err();
        assert_eq!(refusal.limit, UserLimit::RequestsPerMinute(10));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(30)));
        assert!(ask(later(start, 60)).is_ok());
        assert!(ask(later(start, 60)).is_err(), "one has left, so one may come");
    }

    #[test]
    fn a_day_ends_at_midnight_of_the_tiers_time_zone() {
        let check = |zone: &str, spent: &str, still: &str, anew: &str| {
            let users = in_zone(zone);
            let ask = |date: &str| users.reserve("ann", "free", share(10_000, 0), when(date));
            ask(spent).unwrap().mark_sent();
            let refusal = users.reserve("ann", "free", share(1, 0), when(still)).unwrap_err();
            let told = still.parse::<Timestamp>().unwrap() + refusal.retry_after.unwrap();
            assert_eq!(told, anew.parse().unwrap(), "{zone}");
            assert!(ask(anew).is_ok(), "{zone}");
        };
        check("UTC", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z");
        check("Asia/Tokyo", "2026-11-23T15:00:00Z", "2026-11-24T14:59:59Z", "2026-11-24T15:00:00Z");
        // Days of 23 and of 25 hours.
        check("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T12:00:00Z", "2026-03-29T22:00:00Z");
        check("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z", "2026-10-25T23:00:00Z");
    }

    #[test]
    fn a_clock_that_is_set_back_begins_no_new_day() {
        let users = users();
        users.reserve("ann", "free", share(10_000, 0), when("2026-11-23T12:00:00Z")).unwrap().mark_sent();
        assert!(users.reserve("ann", "free", share(1, 0), when("2026-11-22T12:00:00Z")).is_err());
    }

    #[test]
    fn what_settles_after_midnight_does_not_lighten_the_new_day() {
        let users = users();
        let before = users.reserve("ann", "free", share(9_000, 0), when("2026-11-23T23:59:59Z")).unwrap();
        let now = when("2026-11-24T00:00:01Z");
        users.reserve("ann", "free", share(9_000, 0), now).unwrap().mark_sent();
        before.settle(share(1, 0));
        assert!(users.reserve("ann", "free", share(1_001, 0), now).is_err());
    }

    #[test]
    fn a_tier_that_is_not_listed_is_the_default_tier_and_not_free_of_limits() {
        let (users, now) = (users(), noon());
        let refusal = users.reserve("ann", "gold", share(10_001, 0), now).unwrap_err();
        assert_eq!((refusal.tier.as_str(), refusal.limit), ("free", UserLimit::TokensPerDay(10_000)));
        let nowhere = Users::new(UserLimits { default_tier: "none".to_owned(), ..limits() }).unwrap();
        assert!(nowhere.reserve("ann", "gold", share(0, 0), now).is_err());
        let off = Users::new(UserLimits::default()).unwrap();
        assert!(off.reserve("ann", "gold", share(u64::MAX, 0), now).is_ok());
    }

    #[test]
    fn idle_users_leave_and_their_number_has_a_bound() {
        let (users, start) = (Users::new(UserLimits { most_users: 2_000, ..limits() }).unwrap(), noon());
        let ask = |user: u32, tokens, at| {
            let ticket = users.reserve(&format!("user-{user}"), "free", share(tokens, 0), at);
            ticket.map(|ticket| ticket.settle(share(tokens, 0)))
        };
        for minute in 0..100 {
            // Users who took nothing of their day are forgotten with their minute.
            (0..500).for_each(|user| ask(minute * 500 + user, 0, later(start, u64::from(minute) * 60)).unwrap());
            assert!(users.remembered() <= 2_000, "{}", users.remembered());
        }
        let tomorrow = later(start, 86_400);
        (0..2_000).for_each(|user| ask(user, 1, tomorrow).unwrap());
        assert_eq!(ask(2_000, 1, later(tomorrow, 120)).unwrap_err().limit, UserLimit::Users(2_000));
        assert!(ask(7, 1, later(tomorrow, 120)).is_ok(), "who is known is served");
        assert!(ask(2_000, 1, later(tomorrow, 2 * 86_400)).is_ok());
        assert!(users.remembered() <= 2);
    }

    #[test]
    fn a_minute_holds_no_more_requests_than_the_tier_allows() {
        let (users, start) = (users(), noon());
        for second in 0..1_000 {
            let _ = users
                .reserve("ann", "free", share(0, 0), later(start, second))
                .map(|ticket| ticket.settle(share(0, 0)));
        }
        assert!(users.lock().users["ann"].minute.len() <= 10);
    }

    #[test]
    fn a_time_zone_that_is_not_known_is_told() {
        let mut limits = limits();
        limits.tiers.insert("pro".to_owned(), Tier { time_zone: "Mars/Olympus".to_owned(), ..Tier::default() });
        let error = Users::new(limits).unwrap_err();
        assert_eq!((error.tier.as_str(), error.zone.as_str()), ("pro", "Mars/Olympus"));
    }

    #[test]
    fn a_refusal_says_what_and_when() {
        let (users, now) = (users(), noon());
        let refusal = users.reserve("ann", "free", share(20_000, 0), now).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "The request does not fit into the tier `free` with its 10000 tokens a day. It is larger than the limit itself."
        );
    }
}
