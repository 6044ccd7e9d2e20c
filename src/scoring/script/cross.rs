//! Values on their way in and out, as JSON.

use serde::Serialize;
use serde_json::Value;

use super::error::{ScriptError, Stop};

/// JSON text of a value that goes in.
pub(super) fn write(value: &impl Serialize) -> Result<String, ScriptError> {
    serde_json::to_string(value).map_err(|error| ScriptError::Failed(error.to_string()))
}

/// Reads what came out. Half of a surrogate pair, which JavaScript can hold and a text here cannot, becomes U+FFFD.
pub(super) fn read(json: &str) -> Result<Value, Stop> {
    serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(&without_halves(json)))
        .map_err(|error| ScriptError::NotJson(error.to_string()).into())
}

/// `JSON.stringify` escapes a surrogate only where its other half is missing.
fn without_halves(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        let length = if is_half(escape) { 6 } else { 2.min(escape.len()) };
        whole.push_str(before);
        whole.push_str(if length == 6 { "\u{fffd}" } else { &escape[..length] });
        rest = &escape[length..];
    }
    whole + rest
}

fn is_half(escape: &str) -> bool {
    let bytes = escape.as_bytes();
    bytes.len() >= 6
        && bytes[1] == b'u'
        && bytes[2].eq_ignore_ascii_case(&b'd')
        && matches!(bytes[3].to_ascii_lowercase(), b'8'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_nothing_else() {
        let cases = [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\udE00b""#, "a\u{fffd}b"),
            (r#""\ud83d\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\\ud83d\udc00""#, "\\ud83d\u{fffd}"),
            (r#""\"\n\ud800é""#, "\"\n\u{fffd}é"),
        ];
        for (json, text) in cases {
            assert_eq!(read(json).ok(), Some(Value::from(text)), "{json}");
        }
    }
}
