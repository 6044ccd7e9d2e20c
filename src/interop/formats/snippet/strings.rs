//! Strings of Python and JavaScript.

use serde_json::Value;

use crate::interop::formats::wire::with_slots;
use crate::interop::formats::words::{python_format, substitutions};

/// A string at the beginning of `text`: its value, and how many bytes it takes. `None` where there is none, or no end.
pub fn string(text: &str) -> Option<(Value, usize)> {
    let prefix = text[..text.floor_char_boundary(3)].find(['"', '\'', '`'])?;
    let marks = text[..prefix].to_ascii_lowercase();
    if !marks.chars().all(|mark| "rbfu".contains(mark)) {
        return None;
    }
    let quoted = &text[prefix..];
    let quote = &quoted[..1];
    let fence = if quoted.starts_with(&quote.repeat(3)) && quote != "`" { quote.repeat(3) } else { quote.to_owned() };
    let is_raw = marks.contains('r');
    let (inner, length) = inside(&quoted[fence.len()..], &fence)?;
    let plain = if is_raw { inner.to_owned() } else { unescaped(inner) };
    let value = match () {
        () if marks.contains('f') => with_slots(&python_format(&plain)),
        () if quote == "`" && plain.contains("${") => with_slots(&substitutions(&plain)),
        () => Value::String(plain),
    };
    Some((value, prefix + fence.len() + length + fence.len()))
}

/// The text up to the fence, and its length.
fn inside<'t>(text: &'t str, fence: &str) -> Option<(&'t str, usize)> {
    let mut at = 0;
    loop {
        let next = at + text.get(at..)?.find(['\\', fence.chars().next()?, '\n'])?;
        match text.as_bytes().get(next)? {
            b'\\' => at = next + 1 + text.get(next + 1..)?.chars().next()?.len_utf8(),
            b'\n' if fence.len() == 1 && fence != "`" => return None,
            b'\n' => at = next + 1,
            _ if text.get(next..)?.starts_with(fence) => return Some((&text[..next], next)),
            _ => at = next + 1,
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') | None => {}
            Some('u') => out.push_str(&unicode(&mut letters)),
            Some('x') => out.push_str(&hex(&mut letters, 2)),
            Some(other @ ('\\' | '\'' | '"' | '`' | '$' | '/')) => out.push(other),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

/// `\u0041`, `\u{1F600}`, or a pair of surrogates.
fn unicode(letters: &mut std::str::Chars) -> String {
    if letters.as_str().starts_with('{') {
        let rest = letters.as_str();
        let Some(end) = rest.find('}').filter(|end| *end <= 8) else { return "\\u".to_owned() };
        let code = u32::from_str_radix(&rest[1..end], 16).ok().and_then(char::from_u32);
        *letters = rest[end + 1..].chars();
        return code.map_or_else(|| "\u{fffd}".to_owned(), String::from);
    }
    let first = code(letters, 4);
    match first {
        Some(high @ 0xd800..=0xdbff) if letters.as_str().starts_with("\\u") => {
            let mut ahead = letters.as_str()[2..].chars();
            match code(&mut ahead, 4) {
                Some(low @ 0xdc00..=0xdfff) => {
                    *letters = ahead;
                    let joined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    char::from_u32(joined).map_or_else(|| "\u{fffd}".to_owned(), String::from)
                }
                _ => "\u{fffd}".to_owned(),
            }
        }
        Some(code) => char::from_u32(code).map_or_else(|| "\u{fffd}".to_owned(), String::from),
        None => "\\u".to_owned(),
    }
}

fn hex(letters: &mut std::str::Chars, digits: usize) -> String {
    code(letters, digits).and_then(char::from_u32).map_or_else(|| "\\x".to_owned(), String::from)
}

fn code(letters: &mut std::str::Chars, digits: usize) -> Option<u32> {
    let digits = letters.as_str().get(..digits)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    *letters = letters.as_str()[digits.len()..].chars();
    Some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_of_both_languages() {
        let check = |text: &str, expect: Option<(Value, usize)>| assert_eq!(string(text), expect, "{text}");
        check("'a\\'b' + c", Some((json!("a'b"), 6)));
        check("\"\"\"a\n\"b\"\n\"\"\".strip()", Some((json!("a\n\"b\"\n"), 12)));
        check("r'\\d'", Some((json!("\\d"), 5)));
        check("`a\nb`", Some((json!("a\nb"), 5)));
        check("'\\u00e9\\ud83d\\ude00\\x41\\q'", Some((json!("é😀A\\q"), 26)));
        check("\"open", None);
        check("\"two\nlines\"", None);
        check("name", None);
        check("f\"Hi {x}\"", Some((json!({"$slots": ["Hi ", {"slot": "x"}], "notes": []}), 9)));
        check("`Hi ${x}`", Some((json!({"$slots": ["Hi ", {"slot": "x"}], "notes": []}), 9)));
    }

    proptest! {
        #[test]
        fn any_text_is_a_string_or_none(text in "[rf]{0,1}[\"'`]{1,3}[a{}$\\\\ux0-9é\n\"'`]{0,30}") {
            let _ = string(&text);
        }
    }
}
