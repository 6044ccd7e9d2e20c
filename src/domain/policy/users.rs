//! What each of the prompt's own users may ask for, and which columns of a dataset say who asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::dataset::Case;
use crate::domain::is_default;
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
    /// Who asks and when, by the dataset.
    #[serde(skip_serializing_if = "is_default")]
    pub columns: UserColumns,
    /// The requests that arrive in a minute, evenly, where no column says when.
    pub arrivals_per_minute: u32,
}

/// Columns of a dataset that say who asks and when. One that is not named is the usual one, and may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserColumns {
    /// The user's id; usually `user_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's tier; usually `tier`. Without one, everybody is of the default tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The session's id; usually `session_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// When the request arrived, as RFC 3339 has it: `2026-11-23T14:05:00Z`; usually `arrived_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<String>,
}

/// What a case says of who asks and when; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asker {
    pub user: Option<String>,
    pub tier: Option<String>,
    pub session: Option<String>,
    pub arrival: Option<String>,
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

impl UserColumns {
    /// What each column says, and the name it usually has.
    pub const USUAL: [(&'static str, &'static str); 4] =
        [("user", "user_id"), ("tier", "tier"), ("session", "session_id"), ("arrival", "arrived_at")];

    /// The names as they are given, in the order of [`UserColumns::USUAL`].
    #[must_use]
    pub const fn given(&self) -> [&Option<String>; 4] {
        [&self.user, &self.tier, &self.session, &self.arrival]
    }

    /// Reads a case. Text and numbers are taken, blank text is nothing.
    #[must_use]
    pub fn asker(&self, case: &Case) -> Asker {
        let [user, tier, session, arrival] =
            std::array::from_fn(|at| cell(case, self.given()[at].as_deref().unwrap_or(Self::USUAL[at].1)));
        Asker { user, tier, session, arrival }
    }
}

fn cell(case: &Case, column: &str) -> Option<String> {
    let text = match case.vars.get(column).or_else(|| case.expected.get(column))? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

impl UserLimits {
    /// The name of the tier that holds for a user who says to be of `asked`: the default tier where that is not listed.
    #[must_use]
    pub fn tier<'s>(&'s self, asked: &'s str) -> &'s str {
        if self.tiers.contains_key(asked) { asked } else { &self.default_tier }
    }
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
            columns: UserColumns::default(),
            arrivals_per_minute: 60,
        }
    }
}

impl Default for Tier {
    /// The tightest: nothing is allowed until a number is given.
    fn default() -> Self {
        Self { requests_per_minute: 0, tokens_per_day: 0, cost_per_day: Usd::ZERO, time_zone: "UTC".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(vars: &Value) -> Case {
        serde_json::from_value(json!({ "vars": vars })).unwrap()
    }

    #[test]
    fn the_usual_columns_are_read_where_no_other_is_named() {
        let columns = UserColumns { tier: Some("plan".to_owned()), ..UserColumns::default() };
        let asker = columns.asker(&case(&json!({"user_id": 7, "tier": "free", "plan": " pro ", "arrived_at": " "})));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(asker, Asker { user: text("7"), tier: text("pro"), session: None, arrival: None });
        assert_eq!(columns.asker(&case(&json!({"user_id": ["a"], "session_id": null}))), Asker::default());
    }
}
