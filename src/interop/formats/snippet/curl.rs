//! curl commands with a JSON body.

use serde_json::{Map, Value};

use crate::interop::formats::error::ImportError;
use crate::interop::formats::source::Source;

use super::Call;
use super::calls::{line_of, model_at, shape_at};
use super::literal::Reader;

pub fn read(source: &Source) -> Result<Call, ImportError> {
    let text = source.text;
    let start = text.find("curl").unwrap_or(0);
    let line = line_of(text, start);
    let words = words(&text[start..]);
    let url = words.iter().find(|word| word.contains("://")).cloned();
    let Some(body) = body(&words) else {
        let hint = "Paste the command with `-d` and its JSON; a file that it names is not read.";
        return Err(source.error(Some(line), "The command has no body.", hint));
    };
    let value = serde_json::from_str(&body).ok().or_else(|| Reader::at(&body, 0).value().ok());
    let Some(Value::Object(mut fields)) = value else {
        return Err(source.error(Some(line), "The body of the command is no JSON object.", "Check its quotes."));
    };
    for (name, value) in url.as_deref().map_or_else(Map::new, model_at) {
        fields.entry(name).or_insert(value);
    }
    let more = text.matches("\ncurl ").count().saturating_sub(usize::from(!text.starts_with("curl")));
    let shape = url.as_deref().and_then(|url| shape_at(url, &fields));
    Ok(Call { fields, shape, url, line, more })
}

const DATA: [&str; 6] = ["-d", "--data", "--data-raw", "--data-binary", "--json", "--data-ascii"];

fn body(words: &[String]) -> Option<String> {
    for (index, word) in words.iter().enumerate() {
        let value = match DATA.iter().find(|option| *word == **option) {
            Some(_) => words.get(index + 1).cloned(),
            None => DATA
                .iter()
                .find_map(|option| word.strip_prefix(&format!("{option}=")).map(str::to_owned))
                .or_else(|| word.strip_prefix("-d").filter(|rest| rest.starts_with(['{', '@'])).map(str::to_owned)),
        };
        match value {
            Some(value) if value.starts_with("@-") => {
                return words.iter().find_map(|word| word.strip_prefix(HEREDOC)).map(str::to_owned);
            }
            Some(value) if value.starts_with('@') => return None,
            Some(value) => return Some(value),
            None => {}
        }
    }
    None
}

/// Marks the word that a heredoc is.
const HEREDOC: &str = "\u{0}<<";

/// The words of the first command, as a shell reads them; variables stay as they stand.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_open = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        rest = match letter {
            '\\' => match after.chars().next() {
                Some('\n') => &after[1..],
                Some('\r') => after[1..].trim_start_matches('\n'),
                Some(escaped) => {
                    word.push(escaped);
                    is_open = true;
                    &after[escaped.len_utf8()..]
                }
                None => after,
            },
            '\'' => {
                is_open = true;
                let end = after.find('\'').unwrap_or(after.len());
                word.push_str(&after[..end]);
                after.get(end + 1..).unwrap_or_default()
            }
            '"' => {
                is_open = true;
                double_quoted(after, &mut word)
            }
            '\n' | ';' | '|' if words.len() > 1 && is_end(letter, after) => break,
            '<' if after.starts_with('<') => {
                words.extend(heredoc(&after[1..]));
                break;
            }
            letter if letter.is_whitespace() => {
                if is_open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    is_open = false;
                }
                after
            }
            letter => {
                word.push(letter);
                after
            }
        };
    }
    if is_open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// A new line ends a command, unless what follows is one more option: commands are often pasted without their backslashes.
fn is_end(letter: char, after: &str) -> bool {
    letter != '\n' || !after.trim_start().starts_with(['-', '\'', '"', 'h'])
}

fn double_quoted<'t>(text: &'t str, word: &mut String) -> &'t str {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return &text[at + 1..],
            '\\' => match letters.next() {
                Some((_, '\n')) | None => {}
                Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => word.push(escaped),
                Some((_, other)) => {
                    word.push('\\');
                    word.push(other);
                }
            },
            letter => word.push(letter),
        }
    }
    ""
}

/// `EOF`, `'EOF'` or `-EOF`, then lines up to that word.
fn heredoc(text: &str) -> Option<String> {
    let (first, body) = text.split_once('\n')?;
    let end = first.trim_start_matches('-').trim().trim_matches(['\'', '"']);
    let end = end.split_whitespace().next()?;
    let lines: Vec<&str> = body.lines().take_while(|line| line.trim() != end).collect();
    Some(format!("{HEREDOC}{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        let check = |text: &str, expect: &[&str]| assert_eq!(words(text), expect, "{text}");
        check(
            "curl -H \"a: $KEY\" \\\n -d '{\"a\": \"b\"}'\necho x",
            &["curl", "-H", "a: $KEY", "-d", "{\"a\": \"b\"}"],
        );
        check("curl 'it'\"'\"'s'", &["curl", "it's"]);
        check("curl x \"\\\"a\\\"\" ''", &["curl", "x", "\"a\"", ""]);
        check("curl u -d @- <<'EOF'\n{\n}\nEOF\n", &["curl", "u", "-d", "@-", "\u{0}<<{\n}"]);
        check("curl u\n  -d x", &["curl", "u", "-d", "x"]);
    }
}
