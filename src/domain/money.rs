//! Money in integer nano-dollars, and what tokens cost.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in US dollars, kept in integer nano-dollars so that sums are exact.
///
/// In files it is a plain number of dollars (`0.25`); negative, infinite and NaN amounts are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i64);

const NANOS: f64 = 1e9;

impl Usd {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Rounds to the nearest nano-dollar; `None` for NaN, infinity, negative amounts and more than 9 million dollars.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nanos = (dollars * NANOS).round();
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        (0.0..9e15).contains(&nanos).then_some(Self(nanos as i64))
    }

    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 nano-dollars")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / NANOS
    }

    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Usd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    /// Two digits from a dollar up, else two significant digits: `$12.40`, `$0.37`, `$0.0042`, `$0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        let size = dollars.abs();
        if self.0 == 0 {
            return f.write_str("$0");
        }
        let sign = if dollars < 0.0 { "-" } else { "" };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 2 and 10 digits")]
        let digits = if size >= 0.995 { 2 } else { (1.0 - size.log10().floor()).clamp(2.0, 10.0) as usize };
        write!(f, "{sign}${size:.digits$}")
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Self::from_dollars(dollars)
            .ok_or_else(|| de::Error::custom(format!("`{dollars}` is not an amount of US dollars (0 or more)")))
    }
}

/// Prices in US dollars per million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub input: Usd,
    pub output: Usd,
    /// Input read from the provider's prompt cache; `input` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Usd>,
    /// Input written to the provider's prompt cache; `input` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
    /// Reasoning tokens; `output` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Usd>,
}

impl Price {
    /// A model that costs nothing, such as one that runs on the same machine.
    pub const FREE: Self =
        Self { input: Usd::ZERO, output: Usd::ZERO, cached_input: None, cache_write: None, reasoning: None };

    /// What `usage` costs, each kind of token at its own price, rounded up to the nano-dollar.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Usd {
        let fresh = usage.input_tokens.saturating_sub(usage.cached_tokens + usage.cache_write_tokens);
        let spoken = usage.output_tokens.saturating_sub(usage.reasoning_tokens);
        let parts = [
            (fresh, self.input),
            (usage.cached_tokens, self.cached_input.unwrap_or(self.input)),
            (usage.cache_write_tokens, self.cache_write.unwrap_or(self.input)),
            (spoken, self.output),
            (usage.reasoning_tokens, self.reasoning.unwrap_or(self.output)),
        ];
        let millionths: i128 = parts.iter().map(|(tokens, price)| i128::from(*tokens) * i128::from(price.0)).sum();
        let nanos = (millionths + 999_999) / 1_000_000;
        Usd(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

/// Tokens of one call, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// All input tokens, those from and to the provider's cache included.
    pub input_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// The part of the input that was read from the provider's prompt cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// The part of the input that was written to the provider's prompt cache.
    #[serde(default)]
    pub cache_write_tokens: u64,
    /// The part of the output that was reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            cached_tokens: self.cached_tokens + other.cached_tokens,
            cache_write_tokens: self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens: self.reasoning_tokens + other.reasoning_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_show_sensible_digits() {
        let check = |dollars: f64, expect: &str| assert_eq!(Usd::from_dollars(dollars).unwrap().to_string(), expect);
        check(0.0, "$0");
        check(0.0042, "$0.0042");
        check(0.37, "$0.37");
        check(0.000_012_3, "$0.000012");
        check(12.4, "$12.40");
    }

    #[test]
    fn amounts_that_are_not_money_are_refused() {
        for wrong in [-0.01, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(Usd::from_dollars(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_kind_of_token_has_its_own_price() {
        let dollars = |amount| Usd::from_dollars(amount).unwrap();
        let price = Price {
            input: dollars(2.0),
            output: dollars(10.0),
            cached_input: Some(dollars(0.2)),
            cache_write: Some(dollars(2.5)),
            reasoning: None,
        };
        let usage = Usage {
            input_tokens: 1_000_000,
            cached_tokens: 500_000,
            cache_write_tokens: 100_000,
            output_tokens: 200_000,
            reasoning_tokens: 50_000,
        };
        assert_eq!(price.cost(&usage), dollars(0.4 * 2.0 + 0.5 * 0.2 + 0.1 * 2.5 + 0.2 * 10.0));
    }
}
