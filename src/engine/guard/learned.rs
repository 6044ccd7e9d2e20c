//! What a provider's answers tell about its rate limits: `x-ratelimit-…` of `OpenAI` and its like,
//! `anthropic-ratelimit-…` of Anthropic.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::domain::RawReply;
use crate::provider::duration_ms;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Requests,
    InputTokens,
    OutputTokens,
    /// Input and output together.
    Tokens,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Requests, Self::InputTokens, Self::OutputTokens, Self::Tokens];

    /// As it stands in the names of headers.
    const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input-tokens",
            Self::OutputTokens => "output-tokens",
            Self::Tokens => "tokens",
        }
    }
}

/// A limit as an answer told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub limit: u64,
    pub remaining: u64,
    /// Until all of the limit is there again.
    pub reset: Duration,
}

/// The limits that a reply tells, at their places in [`Kind::ALL`]. Of two families, the one with less left counts.
/// A limit that is told in part, or not in numbers, is not told.
#[must_use]
pub fn learned(reply: &RawReply) -> [Option<Told>; 4] {
    Kind::ALL.map(|kind| {
        let openai = |part: &str| reply.header(&format!("x-ratelimit-{part}-{}", kind.word()));
        let anthropic = |part: &str| reply.header(&format!("anthropic-ratelimit-{}-{part}", kind.word()));
        let told = [told(reply, openai), told(reply, anthropic)];
        told.into_iter().flatten().min_by_key(|told| told.remaining)
    })
}

/// Whether any header of either family is there; most answers can so be passed over at once.
#[must_use]
pub fn tells_limits(reply: &RawReply) -> bool {
    reply.headers.iter().any(|(name, _)| name.starts_with("x-ratelimit-") || name.starts_with("anthropic-ratelimit-"))
}

fn told<'r>(reply: &RawReply, header: impl Fn(&str) -> Option<&'r str>) -> Option<Told> {
    let limit = count(header("limit")?)?;
    let remaining = count(header("remaining")?)?.min(limit);
    let reset = header("reset")?;
    let reset = duration_ms(reset).or_else(|| until_ms(reset, reply.header("date")?))?;
    (limit > 0).then_some(Told { limit, remaining, reset: Duration::from_millis(reset) })
}

fn count(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// From the reply's own date, since clocks differ.
fn until_ms(reset: &str, date: &str) -> Option<u64> {
    let reset: Timestamp = reset.trim().parse().ok()?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(date.trim()).ok()?;
    Some(u64::try_from(reset.as_millisecond() - date.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(headers: &[(&str, &str)]) -> RawReply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        RawReply { headers, ..RawReply::default() }
    }

    fn told(limit: u64, remaining: u64, reset_ms: u64) -> Told {
        Told { limit, remaining, reset: Duration::from_millis(reset_ms) }
    }

    #[test]
    fn both_families_are_read() {
        let openai = reply(&[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-tokens", "27000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        assert_eq!(learned(&openai), [Some(told(500, 499, 120)), None, None, Some(told(30_000, 27_000, 360_000))]);
        let anthropic = reply(&[
            ("date", "Mon, 23 Nov 2026 10:00:00 GMT"),
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T10:00:02Z"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-23T11:01:00+01:00"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "9000"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-11-23T09:59:00Z"),
        ]);
        let expect = [Some(told(50, 49, 2_000)), Some(told(40_000, 0, 60_000)), Some(told(8_000, 8_000, 0)), None];
        assert_eq!(learned(&anthropic), expect);
    }

    #[test]
    fn every_form_of_a_reset_is_read_and_nonsense_is_not() {
        let check = |value: &str, expect: Option<u64>| {
            let reply = reply(&[
                ("date", "Mon, 23 Nov 2026 10:00:00 GMT"),
                ("x-ratelimit-limit-requests", "10"),
                ("x-ratelimit-remaining-requests", "3"),
                ("x-ratelimit-reset-requests", value),
            ]);
            let reset = learned(&reply)[0].map(|told| told.reset);
            assert_eq!(reset, expect.map(Duration::from_millis), "{value}");
        };
        check("1s", Some(1_000));
        check("6m0s", Some(360_000));
        check("20ms", Some(20));
        check("2m59.56s", Some(179_560));
        check("7", Some(7_000));
        check("2026-11-23T10:00:30Z", Some(30_000));
        check("2026-11-23T09:00:00Z", Some(0));
        for nonsense in ["", "soon", "-1", "NaN", "2026-99-23T10:00:30Z"] {
            check(nonsense, None);
        }
    }

    #[test]
    fn a_limit_that_is_told_in_part_or_not_in_numbers_is_not_told() {
        let check = |limit: &str, remaining: &str| {
            let reply = reply(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", "1s"),
            ]);
            assert_eq!(learned(&reply), [None; 4], "{limit} {remaining}");
        };
        check("ten", "3");
        check("10", "-1");
        check("0", "0");
        check("1e3", "1");
        assert_eq!(learned(&reply(&[("x-ratelimit-limit-requests", "10")])), [None; 4]);
    }

    #[test]
    fn of_two_families_the_tighter_counts() {
        let both = reply(&[
            ("date", "Mon, 23 Nov 2026 10:00:00 GMT"),
            ("x-ratelimit-limit-requests", "1000"),
            ("x-ratelimit-remaining-requests", "900"),
            ("x-ratelimit-reset-requests", "6s"),
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "20"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T10:00:36Z"),
        ]);
        assert_eq!(learned(&both)[0], Some(told(50, 20, 36_000)));
        assert!(tells_limits(&both) && !tells_limits(&reply(&[("date", "x")])));
    }
}
