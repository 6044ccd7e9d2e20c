//! JSON values as YAML that every reader takes for the same values, whether of YAML 1.1 or 1.2.

use serde_json::{Map, Value};

/// Longer keys do not fit before a `:` on one line.
const LONGEST_KEY: usize = 1000;
/// Words that some reader takes for something else than text.
const WORDS: [&str; 11] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];

/// A document. Mappings and lists are written in block form, texts of several lines as they stand where that is safe.
pub(super) fn written(value: &Value) -> String {
    let mut out = String::new();
    if is_block(value) {
        block(value, 0, &mut out);
    } else {
        out.push_str(&flow(value));
        out.push('\n');
    }
    out
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A mapping or a list whose first line has its indent already.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) => mapping(map, indent, out),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                new_line(number, indent, out);
                out.push('-');
                if is_block(item) {
                    out.push(' ');
                    block(item, indent + 2, out);
                } else {
                    scalar(item, indent + 2, out);
                }
            }
        }
        _ => {}
    }
}

fn mapping(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (number, (key, value)) in map.iter().enumerate() {
        new_line(number, indent, out);
        let key = text(key);
        if key.len() > LONGEST_KEY {
            out.push_str("? ");
            out.push_str(&key);
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        } else {
            out.push_str(&key);
        }
        out.push(':');
        if is_block(value) {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent + 2));
            block(value, indent + 2, out);
        } else {
            scalar(value, indent + 2, out);
        }
    }
}

fn new_line(number: usize, indent: usize, out: &mut String) {
    if number > 0 {
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// A value that needs no block of its own, behind `:` or `-`, and the line's end.
fn scalar(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) if stands_as_block(text) => {
            let content = text.trim_end_matches('\n');
            out.push_str(match text.len() - content.len() {
                0 => " |-\n",
                1 => " |\n",
                _ => " |+\n",
            });
            for line in content.split('\n') {
                if !line.is_empty() {
                    out.extend(std::iter::repeat_n(' ', indent));
                    out.push_str(line);
                }
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('\n', (text.len() - content.len()).saturating_sub(1)));
        }
        other => {
            out.push(' ');
            out.push_str(&flow(other));
            out.push('\n');
        }
    }
}

/// Lines that keep every character when they are indented.
fn stands_as_block(text: &str) -> bool {
    let is_plain_line = |line: &str| line.is_empty() || !line.trim().is_empty();
    let content = text.trim_end_matches('\n');
    content.contains('\n')
        && !content.starts_with([' ', '\t', '\n'])
        && text.split('\n').all(is_plain_line)
        && text.chars().all(|letter| letter == '\n' || is_printed(letter))
}

fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        Value::String(string) => text(string),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// A text on one line: bare where nothing could take it for something else, else in quotes.
fn text(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || " _-.()/".contains(letter))
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_word {
        text.to_owned()
    } else if text.chars().all(is_printed) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        doubly_quoted(text)
    }
}

fn doubly_quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if is_printed(letter) => out.push(letter),
            letter if u32::from(letter) <= 0xFFFF => _ = write!(out, "\\u{:04X}", u32::from(letter)),
            letter => _ = write!(out, "\\U{:08X}", u32::from(letter)),
        }
    }
    out.push('"');
    out
}

/// Characters that stand for themselves: neither controls, nor the line ends of Unicode, nor a byte order mark.
fn is_printed(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scoring::yaml::read;

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        let check = |value: Value, expect: &str| assert_eq!(written(&value), format!("{expect}\n"), "{value}");
        check(json!("plain words"), "plain words");
        check(json!("yes"), "'yes'");
        check(json!("Null"), "'Null'");
        check(json!("12"), "'12'");
        check(json!("2026-01-31"), "'2026-01-31'");
        check(json!("- a"), "'- a'");
        check(json!("it's: so #1"), "'it''s: so #1'");
        check(json!("{{ a }}"), "'{{ a }}'");
        check(json!(""), "''");
        check(json!("a "), "'a '");
        check(json!("a\tb\u{1}"), "\"a\\tb\\u0001\"");
        check(json!(1.5), "1.5");
        check(json!([]), "[]");
    }

    #[test]
    fn lists_and_mappings_are_blocks() {
        let value = json!({"tests": [{"vars": {"a": "x\ny"}, "assert": []}, [1, [2]], "l\n\n"], "empty": {}});
        let text = written(&value);
        insta::assert_snapshot!(text, @r#"
        tests:
          - vars:
              a: |-
                x
                y
            assert: []
          - - 1
            - - 2
          - "l\n\n"
        empty: {}
        "#);
        assert_eq!(read(&text).unwrap(), value);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[ -~\n\t]{0,20}",
            "\\PC{0,8}",
            any::<String>(),
            "(yes|no|~|null|true|0x1F|1e3|017|<<|---|\\.\\.\\.|- |: |\\? |#|&a|\\*a|!t|%|@|`|\\[|\\{|'|\"|\n| ){1,5}",
        ];
        let scalar = prop_oneof![
            text.clone().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (-1e12..1e12_f64).prop_map(|number| json!(number)),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        scalar.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((text.clone(), inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    /// What a reader of YAML makes of a number: whole ones are integers; and of names, those that are numbers first.
    fn as_read(value: Value) -> Value {
        match value {
            Value::Number(number) => {
                let float = number.as_f64().unwrap();
                #[expect(clippy::cast_possible_truncation, reason = "whole, and far below 2^53")]
                if float.fract() == 0.0 { json!(float as i64) } else { json!(float) }
            }
            Value::Array(items) => items.into_iter().map(as_read).collect(),
            Value::Object(map) => crate::scoring::yaml::in_js_order(Value::Object(
                map.into_iter().map(|(key, value)| (key, as_read(value))).collect(),
            )),
            other => other,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_written_reads_as_the_same_value(value in any_value()) {
            let text = written(&value);
            prop_assert_eq!(read(&text).map_err(|error| error.to_string()), Ok(as_read(value)), "{}", text);
        }

        #[test]
        fn a_long_key_is_a_key(key in "[a-z{} ]{990,1100}") {
            let value = json!({key: [1]});
            prop_assert_eq!(read(&written(&value)).map_err(|error| error.to_string()), Ok(value));
        }
    }
}
