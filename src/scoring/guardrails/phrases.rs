//! Phrases that the policy forbids: whole words in their order, whatever the case and the white space.

use regex::Regex;

use super::excerpt::excerpt;
use super::normalise::{Normalised, normalised};
use super::patterns::stands_in_words;
use crate::domain::{Finding, FindingKind, Risk};

/// One phrase, made ready.
#[derive(Debug)]
pub(super) struct Phrase {
    name: String,
    pattern: Regex,
}

impl Phrase {
    /// `None` where there is no word in it.
    pub(super) fn new(phrase: &str) -> Option<Self> {
        let plain = normalised(phrase);
        let words: Vec<String> = plain.split_whitespace().map(regex::escape).collect();
        let edge = |letter: Option<char>| if letter.is_some_and(stands_in_words) { r"\b" } else { "" };
        let (first, last) = (plain.trim().chars().next(), plain.trim().chars().next_back());
        let pattern = format!("{}{}{}", edge(first), words.join(r"\s+"), edge(last));
        let pattern = Regex::new(&pattern).ok().filter(|_| !words.is_empty())?;
        Some(Self { name: phrase.trim().to_owned(), pattern })
    }

    /// All places where it stands.
    pub(super) fn find(&self, output: &str, plain: &Normalised) -> impl Iterator<Item = Finding> {
        self.pattern.find_iter(plain.text()).map(|found| {
            let span = plain.origin(&found.range());
            let excerpt = excerpt(output, &span);
            Finding { kind: FindingKind::Phrase, name: self.name.clone(), span, risk: Risk::Medium, excerpt }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_whole_words_in_any_case_and_layout() {
        let check = |phrase: &str, text: &str, expect: &[&str]| {
            let found: Vec<_> =
                Phrase::new(phrase).unwrap().find(text, &Normalised::new(text)).map(|f| f.span).collect();
            let found: Vec<&str> = found.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expect, "{phrase} in {text}");
        };
        check("best price", "The BEST\n price, the best  price!", &["BEST\n price", "best  price"]);
        check("best price", "bestprice, best prices, the price is best", &[]);
        check("100 %", "at 100 % now", &["100 %"]);
        check("señor", "SENOR and se\u{200b}ñor", &["SENOR", "se\u{200b}ñor"]);
        check("保证", "我们保证成功", &["保证"]);
        assert!(Phrase::new(" \n").is_none());
    }
}
