//! What keys look like and what fields are called that hold one: the one list of each, for all who look for them.
//!
//! Who looks decides how much must be there. Whole keys ([`KeyShape::whole`]) are looked for where a wrong hit costs
//! something: in answers, and in what is about to be published. What a provider says of a key that it refuses is cut or
//! masked, so there [`KeyShape::told`] is enough.

/// A kind of key: what all of them begin with, and how long they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyShape {
    /// For people, with its article.
    pub kind: &'static str,
    pub start: &'static str,
    /// Behind the start of a whole key stand at least so many letters, digits, hyphens and underscores, a digit among
    /// them.
    pub whole: usize,
    /// So many characters, some of them perhaps `*`, are enough where a provider speaks of a key. As many as in a whole
    /// key where ordinary words begin like it.
    pub told: usize,
}

const fn shape(kind: &'static str, start: &'static str, whole: usize, told: usize) -> KeyShape {
    KeyShape { kind, start, whole, told }
}

/// A longer start comes before a shorter one that it begins with, so that the most exact kind is named.
pub const KEY_SHAPES: [KeyShape; 31] = [
    shape("an Anthropic key", "sk-ant-", 20, 6),
    shape("an OpenAI key", "sk-proj-", 20, 6),
    shape("an OpenRouter key", "sk-or-", 20, 6),
    shape("an API key", "sk-", 20, 6),
    shape("a Stripe key", "sk_live_", 16, 8),
    shape("a Stripe key", "sk_test_", 16, 8),
    shape("a Stripe key", "rk_live_", 16, 8),
    shape("a Google API key", "AIza", 30, 10),
    shape("a GitHub token", "github_pat_", 22, 8),
    shape("a GitHub token", "ghp_", 30, 8),
    shape("a GitHub token", "gho_", 30, 8),
    shape("a GitHub token", "ghr_", 30, 8),
    shape("a GitHub token", "ghs_", 30, 8),
    shape("a GitHub token", "ghu_", 30, 8),
    shape("a GitLab token", "glpat-", 16, 8),
    shape("a Slack token", "xoxa-", 20, 8),
    shape("a Slack token", "xoxb-", 20, 8),
    shape("a Slack token", "xoxc-", 20, 8),
    shape("a Slack token", "xoxd-", 20, 8),
    shape("a Slack token", "xoxe-", 20, 8),
    shape("a Slack token", "xoxp-", 20, 8),
    shape("a Slack token", "xoxr-", 20, 8),
    shape("a Slack token", "xoxs-", 20, 8),
    shape("a Slack token", "xapp-", 20, 8),
    shape("an AWS access key", "AKIA", 16, 16),
    shape("an AWS access key", "ASIA", 16, 16),
    shape("a Hugging Face token", "hf_", 28, 8),
    shape("a Groq key", "gsk_", 28, 8),
    shape("an xAI key", "xai-", 28, 8),
    shape("an npm token", "npm_", 30, 30),
    shape("a SendGrid key", "SG.", 30, 30),
];

/// What a signed token (JWT, RFC 7519) begins with.
pub const SIGNED_TOKEN: &str = "eyJ";

/// Words in the names of fields that hold a credential.
const CREDENTIAL_WORDS: [&str; 9] =
    ["authorization", "api-key", "api_key", "apikey", "cookie", "secret", "password", "bearer", "credential"];

/// Whether a field of this name holds a credential.
#[must_use]
pub fn names_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_kind_comes_first_and_no_kind_is_there_twice() {
        for (at, shape) in KEY_SHAPES.iter().enumerate() {
            let hidden = KEY_SHAPES[..at].iter().find(|before| shape.start.starts_with(before.start));
            assert_eq!(hidden, None, "{} is never named", shape.start);
            assert!((6..=shape.whole).contains(&shape.told), "{}", shape.start);
        }
    }

    #[test]
    fn names_tell_of_credentials() {
        for name in ["X-API-Key", "api_key", "Authorization", "clientSecret", "Cookie"] {
            assert!(names_credential(name), "{name}");
        }
        for name in ["max_tokens", "keys", "author", "tool_choice"] {
            assert!(!names_credential(name), "{name}");
        }
    }
}
