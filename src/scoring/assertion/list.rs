//! A list written as one text with commas.

use super::Undone;
use super::js;

/// The items of a text with commas. Items are trimmed and empty ones dropped; one in double quotes keeps its commas and
/// spaces, and `""` or `\"` inside is a quote.
///
/// # Errors
/// A quote that is not closed, or something other than a comma after a closed one.
pub(super) fn items(text: &str) -> Result<Vec<String>, Undone> {
    let mut items = Vec::new();
    let mut rest = skip(text);
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (item, after) = quoted_item(quoted)?;
            items.push(item);
            rest = after.trim_start_matches(js::is_space);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(Undone(
                    "The list in the value has something between a closing quote and the next comma.".to_owned(),
                ));
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            items.push(js::trim(&rest[..end]).to_owned());
            rest = &rest[end..];
        }
        rest = skip(rest);
    }
    Ok(items)
}

/// Without the commas and spaces before the next item.
fn skip(text: &str) -> &str {
    text.trim_start_matches(|letter| letter == ',' || js::is_space(letter))
}

/// The item up to its closing quote, and what follows.
fn quoted_item(text: &str) -> Result<(String, &str), Undone> {
    let mut item = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        match (letter, next) {
            ('\\', Some(escaped @ ('"' | '\\'))) | ('"', Some(escaped @ '"')) => {
                item.push(escaped);
                letters.next();
            }
            ('"', _) => return Ok((item, &text[at + 1..])),
            _ => item.push(letter),
        }
    }
    Err(Undone("The list in the value has a quote that is not closed.".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn items_are_separated_by_commas_outside_quotes() {
        for (text, expect) in [
            ("one", vec!["one"]),
            ("one,two three , four", vec!["one", "two three", "four"]),
            (",,one,, two,", vec!["one", "two"]),
            ("  ", vec![]),
            (" , ,", vec![]),
            (r#""a, b",c"#, vec!["a, b", "c"]),
            (r#""  padded " , c"#, vec!["  padded ", "c"]),
            (r#""say \"yes\"","say ""no""""#, vec!["say \"yes\"", "say \"no\""]),
            (r#""back\\slash","kept \n""#, vec!["back\\slash", "kept \\n"]),
            (r#""",x"#, vec!["", "x"]),
            (r#"5" pipe, 6" pipe"#, vec!["5\" pipe", "6\" pipe"]),
            ("a\u{a0},\u{feff}b", vec!["a", "b"]),
            ("line\nbreak, next", vec!["line\nbreak", "next"]),
        ] {
            assert_eq!(items(text).unwrap(), expect, "{text}");
        }
    }

    #[test]
    fn broken_quotes_cannot_be_read() {
        for text in ["\"open", "a, \"open, b", "\"a\" b", "\"a\"\"", "\"ends with \\\""] {
            assert!(items(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_items_come_back_whatever_they_hold(list in proptest::collection::vec(".*", 0..5)) {
            let text: Vec<_> =
                list.iter().map(|item| format!("\"{}\"", item.replace('\\', r"\\").replace('"', "\"\""))).collect();
            assert_eq!(items(&text.join(" , ")).unwrap(), list);
        }

        #[test]
        fn no_text_breaks_it(text in ".*") {
            let _ = items(&text);
        }
    }
}
