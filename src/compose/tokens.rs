//! How many tokens a text is: exactly for `OpenAI`'s models, as an estimate for all others.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{LazyLock, Mutex, PoisonError};

use tiktoken_rs::CoreBPE;

/// A vocabulary. Each is loaded once, when it is first needed (a few hundred milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tokenizer {
    /// GPT-4o and later, the o series; the estimate for models of other vendors.
    O200k,
    /// GPT-4, GPT-3.5 and the embedding models.
    Cl100k,
}

/// How far a count can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// The model's own tokenizer.
    Exact,
    /// Another vendor's tokenizer; shown with a `≈`.
    Estimated,
}

/// The tokenizer that counts best for a model, by the provider's own name of it.
#[must_use]
pub fn tokenizer_for(model: &str) -> (Tokenizer, Exactness) {
    const O200K: [&str; 10] =
        ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-6", "chatgpt-", "codex-", "o1", "o3", "o4"];
    const CL100K: [&str; 4] = ["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-"];
    let name = model.trim_start_matches("ft:").to_ascii_lowercase();
    let name = name.strip_prefix("openai/").unwrap_or(&name);
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| starts_with_word(name, prefix));
    if is(&O200K) {
        (Tokenizer::O200k, Exactness::Exact)
    } else if is(&CL100K) {
        (Tokenizer::Cl100k, Exactness::Exact)
    } else {
        (Tokenizer::O200k, Exactness::Estimated)
    }
}

/// `o1-mini` starts with the word `o1`; `o1x` does not.
fn starts_with_word(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| {
        prefix.ends_with('-') || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()) || rest.starts_with("turbo")
    })
}

/// The number of tokens in `text`. Text that was counted before costs a hash, and a keystroke in a long text counts
/// the lines around it again, not the whole.
#[must_use]
pub fn count_tokens(tokenizer: Tokenizer, text: &str) -> usize {
    paragraphs(text).map(|paragraph| count_whole(tokenizer, paragraph)).sum()
}

fn count_whole(tokenizer: Tokenizer, text: &str) -> usize {
    let hash = HASHER.hash_one((tokenizer, text));
    if let Some(tokens) = remembered(hash) {
        return tokens;
    }
    let tokens = vocabulary(tokenizer).count_ordinary(text);
    remember(hash, tokens);
    tokens
}

/// `text` cut where no token of either vocabulary can span the cut: after a line's end that a letter or digit follows.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|&at| rest[at..].starts_with(char::is_alphanumeric))
            .unwrap_or(rest.len());
        let (paragraph, after) = rest.split_at(cut);
        rest = after;
        Some(paragraph)
    })
}

/// The longest beginning of `text` that has at most `most` tokens, whole words where that is possible.
pub(super) fn beginning(tokenizer: Tokenizer, text: &str, most: usize) -> &str {
    if count_tokens(tokenizer, text) <= most {
        return text;
    }
    let ends: Vec<usize> = word_ends(text);
    let fitting = ends.partition_point(|&end| vocabulary(tokenizer).count_ordinary(&text[..end]) <= most);
    fitting.checked_sub(1).map_or("", |last| &text[..ends[last]])
}

fn word_ends(text: &str) -> Vec<usize> {
    text.char_indices()
        .zip(text.chars().skip(1))
        .filter(|((_, this), next)| !this.is_whitespace() && next.is_whitespace())
        .map(|((at, this), _)| at + this.len_utf8())
        .collect()
}

fn vocabulary(tokenizer: Tokenizer) -> &'static CoreBPE {
    match tokenizer {
        Tokenizer::O200k => tiktoken_rs::o200k_base_singleton(),
        Tokenizer::Cl100k => tiktoken_rs::cl100k_base_singleton(),
    }
}

/// The most counts that are kept; past it the memory starts afresh, since what is on screen is counted again at once.
const MOST_REMEMBERED: usize = 16_384;

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static REMEMBERED: LazyLock<Mutex<HashMap<u64, usize>>> = LazyLock::new(Mutex::default);

fn remembered(hash: u64) -> Option<usize> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).copied()
}

fn remember(hash: u64, tokens: usize) {
    let mut counts = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if counts.len() >= MOST_REMEMBERED {
        counts.clear();
    }
    counts.insert(hash, tokens);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_models_are_exact_and_others_are_estimates() {
        use {Exactness::*, Tokenizer::*};
        let check = |model: &str, expect: (Tokenizer, Exactness)| assert_eq!(tokenizer_for(model), expect, "{model}");
        check("gpt-4o-mini", (O200k, Exact));
        check("gpt-4.1", (O200k, Exact));
        check("gpt-5-nano-2025-08-07", (O200k, Exact));
        check("o3", (O200k, Exact));
        check("o1-preview", (O200k, Exact));
        check("openai/gpt-4o", (O200k, Exact));
        check("ft:gpt-4o:acme", (O200k, Exact));
        check("gpt-4-turbo", (Cl100k, Exact));
        check("gpt-4", (Cl100k, Exact));
        check("gpt-3.5-turbo", (Cl100k, Exact));
        check("claude-sonnet-4-5", (O200k, Estimated));
        check("gemini-2.5-flash", (O200k, Estimated));
        check("o1x-local", (O200k, Estimated));
        check("gpt-oss:20b", (O200k, Estimated));
    }

    #[test]
    fn counts_are_those_of_the_vocabulary() {
        let check = |text: &str, expect: usize| assert_eq!(count_tokens(Tokenizer::Cl100k, text), expect, "{text:?}");
        check("", 0);
        check("tiktoken is great!", 6);
        check("tiktoken is great!", 6);
        check("antidisestablishmentarianism", 6);
    }

    proptest::proptest! {
        #[test]
        fn counting_by_paragraph_gives_the_count_of_the_whole(text in "([a-z0-9 .,/'é\u{4e00}]{0,6}[\n\r \t]{0,3}){0,12}") {
            for tokenizer in [Tokenizer::O200k, Tokenizer::Cl100k] {
                proptest::prop_assert_eq!(count_tokens(tokenizer, &text), vocabulary(tokenizer).count_ordinary(&text));
            }
        }
    }

    #[test]
    fn special_tokens_in_data_are_counted_as_text() {
        assert!(count_tokens(Tokenizer::Cl100k, "<|im_start|>") > 1);
    }

    #[test]
    fn a_beginning_ends_with_a_word_and_fits() {
        let text = "one two three four five six";
        let cut = beginning(Tokenizer::O200k, text, 3);
        assert_eq!(cut, "one two three");
        assert_eq!(beginning(Tokenizer::O200k, text, 100), text);
        assert_eq!(beginning(Tokenizer::O200k, text, 0), "");
    }
}
