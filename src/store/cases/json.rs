//! JSON as data needs it: numbers that do not fit stay as they are written, duplicate keys are told, depth is limited.

use serde_json::{Map, Number, Value};

const MAX_DEPTH: usize = 128;

/// A JSON value, and the keys that stand twice in one object (the last value is kept).
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub value: Value,
    pub duplicates: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    pub message: String,
    /// From 1, in characters.
    pub column: u32,
}

/// Parses one JSON value. A whole number that fits no 64-bit integer becomes text, digit by digit as it is written.
///
/// # Errors
/// The first place that is not JSON: trailing text, lone surrogates, NaN, numbers out of range and nesting deeper than
/// 128 included.
pub fn parse_json(text: &str) -> Result<Parsed, JsonError> {
    let mut parser = Parser { text, at: 0, duplicates: Vec::new() };
    parser.skip();
    let value = parser.value(0)?;
    parser.skip();
    if parser.at < text.len() {
        return Err(parser.wrong("There is text after the JSON value"));
    }
    Ok(Parsed { value, duplicates: parser.duplicates })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    duplicates: Vec<String>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, message: impl Into<String>) -> JsonError {
        let column = self.text[..self.at.min(self.text.len())].chars().count() + 1;
        JsonError { message: message.into(), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("The value is nested deeper than 128"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.wrong("The row ends where a value should stand")),
        }
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        let found: String = self.rest().chars().take_while(|c| c.is_alphanumeric()).take(20).collect();
        Err(match found.as_str() {
            "NaN" | "Infinity" => self.wrong(format!("`{found}` is not a number in JSON")),
            "" => self
                .wrong(format!("`{}` cannot begin a value", self.rest().chars().next().unwrap_or(' ').escape_debug())),
            _ => self.wrong(format!("`{found}` is not JSON; text stands in double quotes")),
        })
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut object = Map::new();
        self.skip();
        if self.take(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            self.skip();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("A key in double quotes should stand here"));
            }
            let key = self.string()?;
            self.skip();
            if !self.take(b':') {
                return Err(self.wrong("A colon is missing after the key"));
            }
            self.skip();
            let value = self.value(depth + 1)?;
            if object.insert(key.clone(), value).is_some() {
                self.duplicates.push(key);
            }
            self.skip();
            if self.take(b'}') {
                return Ok(Value::Object(object));
            }
            if !self.take(b',') {
                return Err(self.wrong("A comma or `}` is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut array = Vec::new();
        self.skip();
        if self.take(b']') {
            return Ok(Value::Array(array));
        }
        loop {
            self.skip();
            array.push(self.value(depth + 1)?);
            self.skip();
            if self.take(b']') {
                return Ok(Value::Array(array));
            }
            if !self.take(b',') {
                return Err(self.wrong("A comma or `]` is missing"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let length = self.rest().find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let text = &self.rest()[..length.unwrap_or(self.rest().len())];
        let whole = text.strip_prefix('-').unwrap_or(text);
        let digits = whole.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 1 && whole.starts_with('0') && whole.as_bytes()[1].is_ascii_digit() {
            return Err(self.wrong(format!("`{text}` is not a number in JSON")));
        }
        let value = if digits {
            match (text.parse::<i64>(), text.parse::<u64>()) {
                (Ok(number), _) if number != 0 || text == "0" => Value::from(number),
                (_, Ok(number)) => Value::from(number),
                _ if text == "-0" => Value::from(-0.0),
                _ => Value::String(text.to_owned()),
            }
        } else {
            let shape = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            let number = text.parse::<f64>().ok().filter(|number| shape && number.is_finite());
            match number.and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => return Err(self.wrong(format!("`{text}` is not a number that can be kept"))),
            }
        };
        self.at = start + text.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.rest().find(|c: char| matches!(c, '"' | '\\') || c < ' ').unwrap_or(self.rest().len());
            text.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.wrong("A control character stands in text without an escape")),
                None => return Err(self.wrong("The text is not closed")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let code = self.text.as_bytes().get(self.at + 1).copied();
        let plain = match code {
            Some(b'u') => return self.unicode(),
            Some(quoted @ (b'"' | b'\\' | b'/')) => char::from(quoted),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.wrong("The escape is not known")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let unit = |parser: &Self, at: usize| {
            let digits = parser.text.get(at..at + 6)?;
            let digits =
                digits.strip_prefix("\\u").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            u16::from_str_radix(digits, 16).ok()
        };
        let first = unit(self, self.at).ok_or_else(|| self.wrong("The escape is not known"))?;
        let second = unit(self, self.at + 6).filter(|_| (0xd800..0xdc00).contains(&first));
        let units = [Some(first), second].into_iter().flatten();
        match char::decode_utf16(units).next() {
            Some(Ok(found)) => {
                self.at += if found > '\u{ffff}' { 12 } else { 6 };
                Ok(found)
            }
            _ => Err(self.wrong(format!("`\\u{first:04x}` is half of a character"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_what_they_are_written_as() {
        let check = |text: &str, expect: Value| assert_eq!(parse_json(text).unwrap().value, expect, "{text}");
        check(
            "{\"a\": [1, -2.5, true, null, \"x\\n\\u00e9\\ud83d\\ude00\"]}",
            json!({"a": [1, -2.5, true, null, "x\né😀"]}),
        );
        check("123456789012345678901234567890", json!("123456789012345678901234567890"));
        check("-99999999999999999999", json!("-99999999999999999999"));
        check("18446744073709551615", json!(u64::MAX));
        check(" 1e3 ", json!(1000.0));
    }

    #[test]
    fn mistakes_have_a_column() {
        let check = |text: &str, column: u32, part: &str| {
            let error = parse_json(text).expect_err(text);
            assert!(error.column == column && error.message.contains(part), "{text}: {error:?}");
        };
        check("{\"a\": \"\\ud83d\"}", 8, "half of a character");
        check("{\"a\": NaN}", 7, "not a number");
        check("{\"a\": 1e999}", 7, "kept");
        check("{\"a\": 01}", 7, "not a number");
        check("{\"a\": 1} {}", 10, "after");
        check("{\"a\": ", 7, "ends");
        check("{a: 1}", 2, "key");
        check(&"[".repeat(100_000), 130, "deeper");
    }

    #[test]
    fn duplicate_keys_are_told() {
        let parsed = parse_json("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}, \"a\": 3}").unwrap();
        assert_eq!(parsed.value, json!({"a": 3, "b": {"c": 2}}));
        assert_eq!(parsed.duplicates, ["c", "a"]);
    }

    proptest! {
        #[test]
        fn any_text_is_told_or_read(text in "\\PC{0,20}|[\\[\\]{}\",:0-9eE.+\\\\u-]{0,20}") {
            let ours = parse_json(&text);
            let theirs = serde_json::from_str::<Value>(&text);
            prop_assert!(ours.is_ok() == theirs.is_ok() || theirs.is_ok_and(|value| format!("{value:?}").contains("Number")), "{}", text);
        }
    }
}
