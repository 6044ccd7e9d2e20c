//! What makes two similar questions different ones: a number, a *not*, a name, a unit. Vectors hardly see these, and the
//! answer hangs on them.

/// What a text says that no similarity may gloss over, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Box<[Fact]>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Fact {
    /// Without separators of thousands and needless zeros.
    Number(String),
    /// What a number counts or measures, `%` and `€` included.
    Unit(String),
    Negation,
    /// One of two words that say the opposite, such as *before*.
    Pole(String),
    /// A word with a capital letter, as it is written.
    Name(String),
}

/// English, German, French and Spanish words that turn a sentence into its opposite.
const NEGATIONS: [&str; 40] = [
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "cannot", "except",
    "unless", "nicht", "kein", "keine", "keinen", "keinem", "keiner", "nie", "niemals", "niemand", "nichts", "ohne",
    "außer", "ne", "pas", "jamais", "aucun", "aucune", "rien", "sans", "sauf", "nunca", "nadie", "nada", "ningún",
    "ninguna", "sin", "non",
];

const POLES: [&str; 40] = [
    "before", "after", "more", "less", "most", "least", "above", "below", "over", "under", "increase", "decrease",
    "buy", "sell", "open", "close", "enable", "disable", "start", "stop", "first", "last", "maximum", "minimum", "max",
    "min", "include", "exclude", "allow", "deny", "true", "false", "from", "to", "up", "down", "with", "all", "any",
    "only",
];

/// Words that begin a sentence and name nothing.
const STARTERS: [&str; 54] = [
    "a", "an", "and", "are", "as", "at", "but", "by", "can", "could", "did", "do", "does", "for", "give", "has",
    "have", "how", "i", "if", "in", "is", "it", "its", "let", "list", "my", "of", "on", "or", "our", "please", "shall",
    "should", "so", "tell", "that", "the", "their", "there", "these", "they", "this", "those", "was", "we", "what",
    "when", "where", "which", "who", "why", "would", "you",
];

const NUMBER_WORDS: [(&str, &str); 22] = [
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("dozen", "12"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("fifty", "50"),
    ("hundred", "100"),
    ("thousand", "1000"),
    ("million", "1000000"),
    ("once", "1"),
    ("twice", "2"),
];

impl Facts {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut facts = Vec::new();
        let mut after_number = false;
        for token in tokens(text) {
            match &token {
                Token::Number(number) => facts.push(Fact::Number(number.clone())),
                Token::Sign(sign) => facts.push(Fact::Unit(sign.to_string())),
                Token::Word(word) => facts.extend(word_fact(word, after_number)),
                Token::Other => {}
            }
            after_number = match token {
                Token::Number(_) => true,
                Token::Word(word) => number_word(&word.to_lowercase()).is_some(),
                Token::Sign(_) | Token::Other => false,
            };
        }
        facts.sort_unstable();
        Self(facts.into())
    }

    /// A sentence on the first thing that only one of the two says; `None` where they say the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let differs = (0..=self.0.len()).find(|at| self.0.get(*at) != other.0.get(*at))?;
        let words = match (self.0.get(differs), other.0.get(differs)) {
            (Some(own), Some(others)) if own.kind() == others.kind() => {
                format!("here {}, there {}.", own.words(), others.words())
            }
            (Some(own), others) if others.is_none_or(|others| own < others) => format!("{} is only here.", own.words()),
            (_, others) => format!("{} is only there.", others.map(Fact::words).unwrap_or_default()),
        };
        Some(words)
    }
}

impl Fact {
    fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }

    fn words(&self) -> String {
        match self {
            Self::Number(number) => format!("the number {number}"),
            Self::Unit(unit) => format!("the unit `{unit}`"),
            Self::Negation => "a negation".to_owned(),
            Self::Pole(word) => format!("the word `{word}`"),
            Self::Name(name) => format!("the name `{name}`"),
        }
    }
}

enum Token<'t> {
    Word(&'t str),
    Number(String),
    /// A sign that measures: `%`, `€`.
    Sign(char),
    /// Punctuation: what follows it does not belong to a number before it.
    Other,
}

fn word_fact(word: &str, after_number: bool) -> Option<Fact> {
    let lower = word.to_lowercase();
    let known = lower.as_str();
    if let Some(number) = number_word(known) {
        return Some(Fact::Number(number.to_owned()));
    }
    if NEGATIONS.contains(&known) || known.ends_with("n't") || known.ends_with("n’t") {
        return Some(Fact::Negation);
    }
    if POLES.contains(&known) {
        return Some(Fact::Pole(lower));
    }
    if after_number {
        return Some(Fact::Unit(lower));
    }
    let is_title = word.chars().skip(1).all(char::is_lowercase);
    let names_nothing = is_title && STARTERS.contains(&known);
    (word.chars().any(char::is_uppercase) && !names_nothing).then(|| Fact::Name(word.to_owned()))
}

fn number_word(word: &str) -> Option<&'static str> {
    NUMBER_WORDS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

/// Words, numbers and signs in their order; a number that is glued to letters (`5kg`) is both.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let digits = number_length(rest);
            tokens.push(Token::Number(plain_number(&rest[..digits])));
            digits
        } else if first.is_alphanumeric() {
            let length = word_length(rest);
            tokens.push(Token::Word(rest[..length].trim_end_matches(['\'', '’'])));
            length
        } else {
            match first {
                '%' | '‰' | '°' | '$' | '€' | '£' | '¥' | '<' | '>' | '=' | '±' => {
                    tokens.push(Token::Sign(first));
                }
                '-' | '−' if rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit()) && is_sign(&tokens) =>
                {
                    tokens.push(Token::Sign('-'));
                }
                '.' | '!' | '?' | ':' | '\n' | '"' | '“' | '(' => tokens.push(Token::Other),
                _ => {}
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// A minus, and not the hyphen of `2-3`.
fn is_sign(before: &[Token<'_>]) -> bool {
    !matches!(before.last(), Some(Token::Number(_)))
}

/// The bytes of a number: digits, with a point or comma between digits.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while is_digit(end) || matches!(bytes.get(end), Some(b'.' | b',')) && is_digit(end + 1) {
        end += 1;
    }
    end
}

/// A number without separators of thousands and without zeros that say nothing: `1,000.50` is `1000.5`.
fn plain_number(text: &str) -> String {
    let last = text.rfind(['.', ',']);
    let decimals = |at: usize| {
        let is_point = text[at..].starts_with('.') && text.matches('.').count() == 1;
        is_point || text.len() - at != 4 && text.matches(',').count() == 1
    };
    let (whole, fraction) = match last {
        Some(at) if decimals(at) => (&text[..at], text[at + 1..].trim_end_matches('0')),
        _ => (text, ""),
    };
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    if fraction.is_empty() { digits.to_owned() } else { format!("{digits}.{fraction}") }
}

/// The bytes of a word: letters and digits, with an apostrophe between letters.
fn word_length(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(a: &str, b: &str) -> Option<String> {
        Facts::of(a).difference(&Facts::of(b))
    }

    #[test]
    fn questions_that_differ_in_what_counts_are_told_apart() {
        for (a, b, why) in [
            ("Is it allowed to smoke?", "Is it not allowed to smoke?", "a negation"),
            ("Can I cancel?", "Can't I cancel?", "a negation"),
            ("with sugar", "without sugar", "a negation"),
            ("Refund for 30 days", "Refund for 31 days", "here the number 30, there the number 31."),
            ("A limit of 1,000", "A limit of 10,000", "the number 1000"),
            ("It costs 5 EUR", "It costs 5 USD", "here the unit `eur`, there the unit `usd`."),
            ("It weighs 5kg", "It weighs 5lb", "the unit `kg`"),
            ("5 %", "5 €", "the unit `%`"),
            ("What is the VAT in the EU?", "What is the VAT in the US?", "here the name `EU`, there the name `US`."),
            ("Paris or not", "London or not", "the name `London`"),
            ("Was it before the war?", "Was it after the war?", "the word `after`"),
            ("three apples", "four apples", "the number 3"),
            ("a change of -5", "a change of 5", "the unit `-`"),
            ("Ist das nicht erlaubt?", "Ist das erlaubt?", "a negation"),
        ] {
            let found = difference(a, b);
            assert!(found.as_ref().is_some_and(|words| words.contains(why)), "{a} | {b}: {found:?}");
            assert!(difference(b, a).is_some(), "{b} | {a}");
        }
    }

    #[test]
    fn the_same_in_other_words_is_not_told_apart() {
        for (a, b) in [
            ("How do I reset my password?", "how do I reset the password"),
            ("Please give me 1,000 items", "give us 1000.0 items"),
            ("two apples", "2 apples"),
            ("What is 3.50?", "what is 3.5?"),
            ("Where is France?", "where is France"),
            ("", ""),
        ] {
            assert_eq!(difference(a, b), None, "{a} | {b}");
        }
    }
}
