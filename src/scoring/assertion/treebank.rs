//! Words as the Penn Treebank separates them, for English: punctuation stands alone, and contractions fall apart.

use std::borrow::Cow;
use std::sync::LazyLock;

use ::regex::{Captures, Regex};

use super::js;

/// A rule that puts spaces where words end.
struct Rule {
    pattern: Regex,
    replacement: &'static str,
}

impl Rule {
    fn new(pattern: &str, replacement: &'static str) -> Option<Self> {
        Some(Self { pattern: Regex::new(pattern).ok()?, replacement })
    }

    fn apply(&self, text: &mut String) {
        if let Cow::Owned(changed) = self.pattern.replace_all(text, self.replacement) {
            *text = changed;
        }
    }
}

static MARKS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    [("[?!]", " $0 "), (r"[\[\](){}<>]", " $0 "), ("--", " -- ")]
        .into_iter()
        .filter_map(|(pattern, replacement)| Rule::new(pattern, replacement))
        .collect()
});

/// Words that are two.
const JOINED: [(&str, &str); 7] =
    [("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"), ("got", "ta"), ("lem", "me"), ("more", "'n")];

/// They look for a space after a contraction, so the text is put between two. Words end where ASCII letters, digits and
/// underscores do.
static CONTRACTIONS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let endings = [("([^'])' ", "$1 ' "), ("'([smd]) ", " '$1 "), ("('ll|'re|'ve|n't) ", " $1 ")];
    let joined = JOINED.iter().map(|(one, other)| format!(r"(?-u:\b)({one})({other})(?-u:\b)"));
    let spaced = [r"(?-u:\b)(wan)(na) ", r" ('t)(is)(?-u:\b)", r" ('t)(was)(?-u:\b)"];
    endings
        .into_iter()
        .filter_map(|(pattern, replacement)| Rule::new(pattern, replacement))
        .chain(joined.filter_map(|pattern| Rule::new(&pattern, " $1 $2 ")))
        .chain(spaced.into_iter().filter_map(|pattern| Rule::new(pattern, " $1 $2 ")))
        .collect()
});

static WORD_OR_OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}\p{Sc}\p{Ps}]").ok());

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Ps}").ok());

static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}").ok());

static QUOTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("``|''|\"").ok());

static SEPARATORS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.{3}|([:,])(\p{Nd})?|[;@#$%&]").ok());

fn is(class: &LazyLock<Option<Regex>>, text: &str) -> bool {
    class.as_ref().is_some_and(|class| class.is_match(text))
}

/// The words of a text in lower case, of one sentence or more.
pub(super) fn words(text: &str) -> Vec<String> {
    let parts: Vec<_> =
        text.split(|letter| js::is_space(letter) || letter == '\u{85}').filter(|part| !part.is_empty()).collect();
    let mut text = last_stop(separators(&quotes(&parts.join(" "))));
    for rule in MARKS.iter() {
        rule.apply(&mut text);
    }
    text = format!(" {text} ");
    for rule in CONTRACTIONS.iter() {
        rule.apply(&mut text);
    }
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Straight quotes become opening or closing ones.
fn quotes(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut inside = false;
    let mut at = 0;
    while let Some((start, mark)) = next_mark(text, at) {
        let (before, after) = (&text[..start], &text[start + mark.len()..]);
        inside = mark == "``" || (!inside && opens(before, mark, after));
        told.push_str(&text[at..start]);
        told.push_str(if inside { " `` " } else { " '' " });
        at = start + mark.len();
    }
    told.push_str(&text[at..]);
    told
}

/// The next quote from a place on, and where it is.
fn next_mark(text: &str, from: usize) -> Option<(usize, &str)> {
    let mark = QUOTE.as_ref()?.find_at(text, from)?;
    Some((mark.start(), mark.as_str()))
}

/// A quote after nothing, a space or punctuation opens, but not where a sentence ends before it or the text after it. Two
/// apostrophes open where a word follows and two others close.
fn opens(before: &str, mark: &str, after: &str) -> bool {
    let Some(previous) = before.chars().last() else { return mark == "\"" };
    if matches!(previous, '.' | '!' | '?') {
        return false;
    }
    let previous = previous.encode_utf8(&mut [0; 4]).to_owned();
    let leads = previous == " " || previous == "<" || is(&OPENING, &previous);
    let follows = leads || is(&PUNCTUATION, &previous) || before.ends_with("``");
    follows && (leads || !after.is_empty()) && (mark == "\"" || opens_pair(after))
}

fn opens_pair(after: &str) -> bool {
    is(&WORD_OR_OPENING, after) && next_mark(after, 0).is_some_and(|(_, mark)| mark == "''")
}

/// Three dots, colons and commas without a digit after them, and some signs stand alone.
fn separators(text: &str) -> String {
    let Some(separators) = SEPARATORS.as_ref() else { return text.to_owned() };
    separators
        .replace_all(
            text,
            |found: &Captures| {
                if found.get(2).is_some() { found[0].to_owned() } else { format!(" {} ", &found[0]) }
            },
        )
        .into_owned()
}

/// The full stop that ends the text stands alone, unless it ends dots or an abbreviation like `u.s`.
fn last_stop(text: String) -> String {
    let before_marks =
        text.trim_end_matches(|letter| matches!(letter, ']' | ')' | '}' | '>' | '\'') || js::is_space(letter));
    let Some(before) = before_marks.strip_suffix('.') else { return text };
    if before.is_empty() || before.ends_with('.') || is_abbreviation(before) {
        return text;
    }
    format!("{before} .{} ", &text[before_marks.len()..])
}

/// It ends with two single letters, a dot between them.
fn is_abbreviation(text: &str) -> bool {
    let mut back = text.chars().rev();
    let letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphabetic());
    letter(back.next())
        && back.next() == Some('.')
        && letter(back.next())
        && back.next().is_none_or(|before| !before.is_ascii_alphanumeric() && before != '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn sentences_fall_into_words() {
        for (text, expect) in [
            ("", ""),
            (" \n\u{85}\u{a0}", ""),
            ("two  words", "two|words"),
            ("well, yes: no; ok", "well|,|yes|:|no|;|ok"),
            ("1,000 at 12:30, or so", "1,000|at|12:30|,|or|so"),
            ("50% of $3 & #4 @home", "50|%|of|$|3|&|#|4|@|home"),
            ("the end.", "the|end|."),
            ("one. two.", "one.|two|."),
            ("the end...", "the|end|..."),
            ("the end....", "the|end|...|."),
            ("in the u.s.", "in|the|u.s."),
            ("it was abu.s.", "it|was|abu.s|."),
            ("(the end.)", "(|the|end|.|)"),
            ("what?! [no] <b>", "what|?|!|[|no|]|<|b|>"),
            ("so -- or so--so", "so|--|or|so|--|so"),
            ("it's john's, i'm sure he'd", "it|'s|john|'s|,|i|'m|sure|he|'d"),
            ("they'll we're i've don't", "they|'ll|we|'re|i|'ve|do|n't"),
            ("the boys' toys", "the|boys|'|toys"),
            ("cannot gonna gotta lemme gimme", "can|not|gon|na|got|ta|lem|me|gim|me"),
            ("wanna go, wanna, wannabe", "wan|na|go|,|wan|na|,|wannabe"),
            ("'tis and 'twas", "'t|is|and|'t|was"),
            ("d'ye want more'n that", "d|'ye|want|more|'n|that"),
            ("cannots scannot écannot", "cannots|scannot|é|can|not"),
            ("he said \"yes\" to it", "he|said|``|yes|''|to|it"),
            ("\"yes.\"", "``|yes|.|''"),
            ("say \"a\" and \"b\"", "say|``|a|''|and|``|b|''"),
            ("5\" pipe", "5|''|pipe"),
            ("``so'' it goes", "``|so|''|it|goes"),
            ("he said ''yes'' to it", "he|said|``|yes|''|to|it"),
            ("''yes'' to it", "''|yes|''|to|it"),
            ("so: \"no\". \"yes\"", "so|:|``|no|''|.|``|yes|''"),
            ("stop.\"now\"", "stop.|''|now|''"),
            ("end -\"", "end|-|''"),
            ("end \"", "end|``"),
            ("“curly” ‘stay’", "“curly”|‘stay’"),
        ] {
            assert_eq!(words(text).join("|"), expect, "{text}");
        }
    }

    #[test]
    fn every_rule_is_a_pattern() {
        assert_eq!((MARKS.len(), CONTRACTIONS.len()), (3, 13));
        assert!(
            WORD_OR_OPENING.is_some()
                && OPENING.is_some()
                && PUNCTUATION.is_some()
                && QUOTE.is_some()
                && SEPARATORS.is_some()
        );
    }

    proptest! {
        #[test]
        fn words_have_no_spaces_and_nothing_is_lost(text in "[a-z0-9 .,:;'?!()$-]{0,60}") {
            let words = words(&text);
            assert!(words.iter().all(|word| !word.is_empty() && !word.contains(' ')));
            // Quotes in pairs are the only signs that are written anew.
            if !text.contains("''") {
                assert_eq!(words.concat(), text.replace(' ', ""));
            }
        }

        #[test]
        fn no_text_breaks_it(text in ".*", signs in r#"[ab.'"`“ (\[!é]{0,20}"#) {
            words(&text);
            words(&signs);
        }
    }
}
