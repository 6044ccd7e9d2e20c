//! What limits of users make of traffic: who is served, who is refused, by which limit, and what is not spent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::quantile::quantile;
use crate::domain::{Usd, UserLimits};
use crate::engine::{Refusal, UnknownZone, UserLimit, Visit, rehearse};

/// Traffic that was let in by its limits. A request that is refused does not come again.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Traffic {
    /// When the first request came, and the last.
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub total: TrafficShare,
    /// By the tier whose limits held.
    pub tiers: BTreeMap<String, TrafficShare>,
    /// Seconds that refused requests are told to wait: the median and the 95th percentile. `None` where none was refused
    /// that fits at all.
    pub retry_after_p50_secs: Option<f64>,
    pub retry_after_p95_secs: Option<f64>,
    /// Refused requests that are larger than the limit itself: no wait helps.
    pub never_fit: u64,
}

/// The requests of everybody, or of one tier's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TrafficShare {
    pub requests: u64,
    pub served: u64,
    pub refused: RefusedBy,
    pub users: u64,
    /// Users of whom a request was refused.
    pub users_refused: u64,
    /// What the served requests took, as far as it is known.
    pub spent: Usd,
    /// What the refused requests took when they were recorded: they would not be paid.
    pub not_spent: Usd,
}

/// Refused requests by the limit that they did not fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RefusedBy {
    pub requests_per_minute: u64,
    pub tokens_per_day: u64,
    pub cost_per_day: u64,
    /// More users at once than are remembered.
    pub users: u64,
}

impl RefusedBy {
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.requests_per_minute + self.tokens_per_day + self.cost_per_day + self.users
    }

    /// Each limit in words, with its count.
    #[must_use]
    pub const fn all(&self) -> [(&'static str, u64); 4] {
        [
            ("requests a minute", self.requests_per_minute),
            ("tokens a day", self.tokens_per_day),
            ("cost a day", self.cost_per_day),
            ("users at once", self.users),
        ]
    }

    const fn count(&mut self, limit: UserLimit) {
        match limit {
            UserLimit::RequestsPerMinute(_) => self.requests_per_minute += 1,
            UserLimit::TokensPerDay(_) => self.tokens_per_day += 1,
            UserLimit::CostPerDay(_) => self.cost_per_day += 1,
            UserLimit::Users(_) => self.users += 1,
        }
    }
}

/// Lets the requests in under simulated time, and sums up what came of them. The same requests give the same result.
///
/// # Errors
/// A tier's time zone is not known.
pub fn traffic(limits: &UserLimits, visits: &[Visit]) -> Result<Traffic, UnknownZone> {
    let answers = rehearse(limits, visits)?;
    let mut sums = Sums::default();
    for (visit, answer) in visits.iter().zip(&answers) {
        sums.add(limits.tier(&visit.tier), visit, answer.as_ref().err());
    }
    Ok(sums.traffic(visits))
}

#[derive(Default)]
struct Sums<'v> {
    total: Share<'v>,
    tiers: BTreeMap<&'v str, Share<'v>>,
    /// Seconds.
    waits: Vec<f32>,
    never_fit: u64,
}

#[derive(Default)]
struct Share<'v> {
    counts: TrafficShare,
    users: BTreeSet<&'v str>,
    refused: BTreeSet<&'v str>,
}

impl<'v> Sums<'v> {
    fn add(&mut self, tier: &'v str, visit: &'v Visit, refusal: Option<&Refusal>) {
        self.total.add(visit, refusal);
        self.tiers.entry(tier).or_default().add(visit, refusal);
        match refusal.map(|refusal| refusal.retry_after) {
            Some(Some(wait)) => self.waits.push(wait.as_secs_f32()),
            Some(None) => self.never_fit += 1,
            None => {}
        }
    }

    fn traffic(mut self, visits: &[Visit]) -> Traffic {
        self.waits.sort_by(f32::total_cmp);
        Traffic {
            first_at: visits.iter().map(|visit| visit.at).min(),
            last_at: visits.iter().map(|visit| visit.at).max(),
            total: self.total.counts(),
            tiers: self.tiers.iter().map(|(tier, share)| ((*tier).to_owned(), share.counts())).collect(),
            retry_after_p50_secs: quantile(&self.waits, 0.5),
            retry_after_p95_secs: quantile(&self.waits, 0.95),
            never_fit: self.never_fit,
        }
    }
}

impl<'v> Share<'v> {
    fn add(&mut self, visit: &'v Visit, refusal: Option<&Refusal>) {
        let cost = visit.took.map_or(Usd::ZERO, |took| took.cost);
        self.users.insert(&visit.user);
        self.counts.requests += 1;
        if let Some(refusal) = refusal {
            self.counts.refused.count(refusal.limit);
            self.counts.not_spent += cost;
            self.refused.insert(&visit.user);
        } else {
            self.counts.served += 1;
            self.counts.spent += cost;
        }
    }

    fn counts(&self) -> TrafficShare {
        TrafficShare { users: self.users.len() as u64, users_refused: self.refused.len() as u64, ..self.counts }
    }
}

/// When the request at a place arrives, where so many arrive in a minute, evenly.
#[must_use]
pub fn evenly(first: Timestamp, place: u64, per_minute: u32) -> Timestamp {
    let millis = place.saturating_mul(60_000) / u64::from(per_minute.max(1));
    first.checked_add(Duration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tier;
    use crate::engine::UserShare;

    fn visit(user: &str, tier: &str, place: u64, tokens: u64, cents: i64) -> Visit {
        let share = UserShare { tokens, cost: Usd::from_nanos(cents * 10_000_000) };
        let first = "2026-11-23T12:00:00Z".parse().unwrap();
        Visit {
            user: user.to_owned(),
            tier: tier.to_owned(),
            at: evenly(first, place, 60),
            most: share,
            took: Some(share),
            lasts: Duration::from_secs(1),
        }
    }

    fn limits() -> UserLimits {
        let tier = |requests_per_minute, tokens_per_day, cents: i64| Tier {
            requests_per_minute,
            tokens_per_day,
            cost_per_day: Usd::from_nanos(cents * 10_000_000),
            ..Tier::default()
        };
        let tiers = [("free".to_owned(), tier(2, 100, 10)), ("pro".to_owned(), tier(9, 1_000, 100))];
        UserLimits { on: true, tiers: tiers.into(), ..UserLimits::default() }
    }

    #[test]
    fn who_is_refused_by_what_is_counted_by_tier() {
        let visits = [
            visit("ann", "free", 0, 10, 1),
            visit("ann", "free", 1, 10, 1),
            visit("ann", "free", 2, 10, 1),
            visit("bob", "gold", 3, 101, 1),
            visit("cat", "pro", 4, 10, 90),
            visit("cat", "pro", 5, 10, 20),
        ];
        let found = traffic(&limits(), &visits).unwrap();
        let (free, pro) = (found.tiers["free"], found.tiers["pro"]);
        assert_eq!((free.requests, free.served, free.users, free.users_refused), (4, 2, 2, 2), "gold is no tier");
        assert_eq!((free.refused.requests_per_minute, free.refused.tokens_per_day), (1, 1));
        assert_eq!((pro.served, pro.refused.cost_per_day, pro.users_refused), (1, 1, 1));
        assert_eq!(found.total.refused.total(), 3);
        let cents = |cents: i64| Usd::from_nanos(cents * 10_000_000);
        assert_eq!((found.total.spent, found.total.not_spent), (cents(92), cents(22)));
        // 58 s until ann's first has left; what no day has room for never fits; cat waits for midnight.
        assert_eq!(found.never_fit, 1);
        assert_eq!(found.retry_after_p50_secs, Some(f64::midpoint(58.0, 43_195.0)));
        assert_eq!(found, traffic(&limits(), &visits).unwrap());
    }

    #[test]
    fn arrivals_are_spread_evenly() {
        let first: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let check = |place, per_minute, expect: &str| {
            assert_eq!(evenly(first, place, per_minute), expect.parse().unwrap());
        };
        check(0, 60, "2026-11-23T12:00:00Z");
        check(90, 60, "2026-11-23T12:01:30Z");
        check(1, 90, "2026-11-23T12:00:00.666Z");
        check(1, 0, "2026-11-23T12:01:00Z");
        assert_eq!(evenly(first, u64::MAX, 1), Timestamp::MAX);
        assert_eq!(traffic(&limits(), &[]).unwrap(), Traffic::default());
    }
}
