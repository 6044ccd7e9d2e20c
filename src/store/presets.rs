//! Policies that come with the program, from the barest to the strictest.

use std::path::Path;
use std::sync::LazyLock;

use super::ron::read;
use crate::domain::Policy;

/// Names, and what each is for.
pub const PRESETS: [(&str, &str); 3] = [
    ("bare", "Retries, time limits and the cache; nothing else."),
    ("production", "As a service with real users: breaker, learnt limits, one repair, attacks and leaks on record."),
    ("strict", "For text from strangers: attacks are not sent, and answers that must not pass do not."),
];

/// The policy of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Policy> {
    static POLICIES: LazyLock<[Option<Policy>; 3]> = LazyLock::new(|| {
        let parsed = |bytes: &[u8], file: &str| read(bytes, Path::new(file)).value;
        [
            parsed(include_bytes!("../../assets/presets/bare.ron"), "bare.ron"),
            parsed(include_bytes!("../../assets/presets/production.ron"), "production.ron"),
            parsed(include_bytes!("../../assets/presets/strict.ron"), "strict.ron"),
        ]
    });
    let index = PRESETS.iter().position(|(known, _)| *known == name)?;
    POLICIES[index].as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::guardrails::{Inspector, Sanitiser};

    #[test]
    fn every_preset_can_be_read_and_used() {
        for (name, _) in PRESETS {
            let policy = preset(name).unwrap_or_else(|| panic!("{name}"));
            assert!(Sanitiser::new(&policy.sanitise).is_ok() && Inspector::new(&policy.output).is_ok(), "{name}");
        }
        assert_eq!(preset("bare"), Some(&Policy::default()));
        assert_eq!(preset("none"), None);
    }

    #[test]
    fn each_preset_guards_more_than_the_one_before() {
        let on = |name| {
            let policy = preset(name).unwrap_or_else(|| panic!("{name}"));
            [policy.breaker.on, policy.repair.on, policy.sanitise.on, policy.output.is_on(), policy.output.harm.on]
                .iter()
                .filter(|on| **on)
                .count()
        };
        assert_eq!(["bare", "production", "strict"].map(on), [0, 4, 5]);
    }
}
