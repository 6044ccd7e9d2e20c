//! What promptfoo looks for before it parses: slips that node-sql-parser takes for SQL.

use super::super::space;
use super::database::Database;

/// # Errors
/// None; a complaint is a sentence.
pub(super) fn complaint(text: &str, database: &Database) -> Option<String> {
    let text = space::trim(text);
    if text.is_empty() {
        return Some("The output is empty, not SQL.".to_owned());
    }
    if !text.matches('`').count().is_multiple_of(2) {
        return Some("The SQL has a backquote without a partner.".to_owned());
    }
    if lacks_comma(&bare(text, &database.name), &database.name) {
        return Some("The SQL selects two names with no comma between them.".to_owned());
    }
    if database.name == "MySQL" && calls(text, "generate_series") {
        return Some("The SQL calls generate_series, which MySQL does not have.".to_owned());
    }
    None
}

const MODIFIERS: &[&str] = &["all", "distinct"];

const MYSQL_MODIFIERS: &[&str] = &[
    "distinctrow",
    "high_priority",
    "straight_join",
    "sql_big_result",
    "sql_buffer_result",
    "sql_cache",
    "sql_calc_found_rows",
    "sql_no_cache",
    "sql_small_result",
];

/// `SELECT a b FROM`: nearly always a comma is missing, and not an alias meant.
fn lacks_comma(text: &str, database: &str) -> bool {
    let is_mysql = matches!(database, "MySQL" | "MariaDB");
    let is_modifier = |word: &str| {
        let word = word.to_ascii_lowercase();
        MODIFIERS.contains(&&*word) || is_mysql && MYSQL_MODIFIERS.contains(&&*word)
    };
    let words: Vec<&str> = text.split(space::is_space).filter(|word| !word.is_empty()).collect();
    words.iter().enumerate().filter(|(_, word)| ends_with_word(word, "select")).any(|(at, _)| {
        let rest = &words[at + 1..];
        let rest = &rest[rest.iter().take_while(|word| is_modifier(word)).count()..];
        matches!(rest, [one, other, from, ..]
            if is_name(one) && is_name(other) && begins_with_word(from, "from"))
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_name(word: &str) -> bool {
    word.bytes().all(is_word) && !word.starts_with(|first: char| first.is_ascii_digit())
}

fn ends_with_word(text: &str, word: &str) -> bool {
    let (Some(start), bytes) = (text.len().checked_sub(word.len()), text.as_bytes()) else { return false };
    bytes[start..].eq_ignore_ascii_case(word.as_bytes()) && (start == 0 || !is_word(bytes[start - 1]))
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= word.len()
        && bytes[..word.len()].eq_ignore_ascii_case(word.as_bytes())
        && bytes.get(word.len()).is_none_or(|byte| !is_word(*byte))
}

fn calls(text: &str, function: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(function).any(|(at, _)| {
        let begins = at == 0 || !is_word(lower.as_bytes()[at - 1]);
        begins && lower[at + function.len()..].trim_start_matches(space::is_space).starts_with('(')
    })
}

/// The text with a question mark for what is quoted, and without comments.
fn bare(text: &str, database: &str) -> String {
    let brackets = matches!(database, "TransactSQL" | "Sqlite");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, shown) = match first {
            '\'' | '"' | '`' => (quoted(rest, first, true), " ? "),
            '[' if brackets => (quoted(rest, ']', false), " ? "),
            '#' => (to_line_end(rest), " "),
            '-' if rest.starts_with("--") => (to_line_end(rest), " "),
            '/' if rest.starts_with("/*") => (after(rest, 2, "*/"), " "),
            '$' => match dollar_tag(rest) {
                Some(tag) => (after(rest, tag.len(), tag), " ? "),
                None => (0, ""),
            },
            _ => (0, ""),
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.push_str(shown);
            rest = &rest[length..];
        }
    }
    out
}

/// The length of a quotation: doubled marks do not end it, nor those after a backslash.
fn quoted(text: &str, mark: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if character == mark && characters.next_if(|(_, next)| *next == mark).is_none() {
            return at + 1;
        }
    }
    text.len()
}

fn to_line_end(text: &str) -> usize {
    text.find(['\r', '\n']).unwrap_or(text.len())
}

fn after(text: &str, from: usize, mark: &str) -> usize {
    text[from..].find(mark).map_or(text.len(), |at| from + at + mark.len())
}

/// `$$` or `$name$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find(|character: char| !character.is_ascii_alphanumeric() && character != '_')? + 1;
    let starts_right = !text[1..].starts_with(|first: char| first.is_ascii_digit());
    (text[end..].starts_with('$') && starts_right).then(|| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_and_comments_are_not_looked_into() {
        let check = |text: &str, expect: &str| assert_eq!(bare(text, "MySQL"), expect, "{text}");
        check("a 'b''c' d", "a  ?  d");
        check("\"x\\\"y\" z", " ?  z");
        check("a -- b\nc # d\ne /* f */ g", "a  \nc  \ne   g");
        check("$$ a $$ b $t$ c $t$ d $1", " ?  b  ?  d $1");
        check("[a] 'open", "[a]  ? ");
    }

    #[test]
    fn a_missing_comma_is_told_from_a_modifier() {
        let check = |text: &str, database: &str, expect| assert_eq!(lacks_comma(text, database), expect, "{text}");
        check("SELECT a b FROM t", "MySQL", true);
        check("x (select\n a\tb from(t)", "MySQL", true);
        check("SELECT DISTINCT a FROM t", "MySQL", false);
        check("SELECT DISTINCT a b FROM t", "Sqlite", true);
        check("SELECT SQL_CACHE a FROM t", "MySQL", false);
        check("SELECT SQL_CACHE a FROM t", "Sqlite", true);
        check("SELECT a AS b FROM t", "MySQL", false);
        check("SELECT a, b FROM t", "MySQL", false);
        check("SELECT a b FROMAGE", "MySQL", false);
    }
}
