//! What each of the prompt's own users may ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::money::Usd;

/// Limits of the people who use the prompt in production, by tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserLimits {
    /// Off: every user may ask for everything.
    pub on: bool,
    /// The tiers by name.
    pub tiers: BTreeMap<String, Tier>,
    /// The tier of users who have none, or one that is not listed: nobody is free of limits by a slip of the pen.
    pub default_tier: String,
    /// The most users that are remembered at once; further ones are refused until others' days have ended.
    pub most_users: u32,
}

/// What a user of one tier may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tier {
    /// The most requests in any 60 s.
    pub requests_per_minute: u32,
    /// The most tokens, input and output together, in a day.
    pub tokens_per_day: u64,
    /// The most US dollars in a day.
    pub cost_per_day: Usd,
    /// Where the day begins at midnight: a name of the time zone database, `Europe/Berlin`.
    pub time_zone: String,
}

impl Default for UserLimits {
    fn default() -> Self {
        let tier = |requests_per_minute, tokens_per_day, cents: i64| Tier {
            requests_per_minute,
            tokens_per_day,
            cost_per_day: Usd::from_nanos(cents * 10_000_000),
            ..Tier::default()
        };
        let tiers = [
            ("free", tier(10, 10_000, 10)),
            ("pro", tier(60, 100_000, 500)),
            ("enterprise", tier(300, 1_000_000, 10_000)),
        ];
        Self {
            on: false,
            tiers: tiers.into_iter().map(|(name, tier)| (name.to_owned(), tier)).collect(),
            default_tier: "free".to_owned(),
            most_users: 100_000,
        }
    }
}

impl Default for Tier {
    /// The tightest: nothing is allowed until a number is given.
    fn default() -> Self {
        Self { requests_per_minute: 0, tokens_per_day: 0, cost_per_day: Usd::ZERO, time_zone: "UTC".to_owned() }
    }
}
