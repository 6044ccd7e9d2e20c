//! Fills the names in a text of an API's definition with what a call has.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::{ChatRequest, Message, Role};

/// Names that a definition may use.
const NAMES: [&str; 8] = ["prompt", "messages", "model", "temperature", "top_p", "max_tokens", "stop", "seed"];

/// A text cut into what stands and what is filled in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Name { name: &'static str, filter: Filter },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Plain,
    Dump,
    UrlEncode,
}

/// How values go into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    AsTheyAre,
    /// As inside a JSON string.
    Escaped,
}

impl Template {
    /// # Errors
    /// A sentence on a name that no call has, a filter that there is not, or a brace that is not closed.
    pub fn new(text: &str) -> Result<Self, String> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inside, after)) = after.split_once("}}") else {
                return Err(format!("`{{{{` is not closed in `{}`.", start(text)));
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(named(inside)?);
            rest = after;
        }
        if rest.contains("{%") || text.contains("{%") {
            return Err(format!(
                "Statements (`{{%`) are not carried out in `{}`; only names are filled in.",
                start(text)
            ));
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The name that the text is, and nothing else.
    pub fn name(&self) -> Option<&'static str> {
        match self.0.as_slice() {
            [Piece::Name { name, filter: Filter::Plain }] => Some(name),
            _ => None,
        }
    }

    pub fn fill(&self, values: &Map<String, Value>, put: Put) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name { name, filter } => out.push_str(&filled(values.get(*name), *filter, put)),
            }
        }
        out
    }
}

fn named(inside: &str) -> Result<Piece, String> {
    let mut parts = inside.trim_matches('-').split('|').map(str::trim);
    let asked = parts.next().unwrap_or_default();
    let Some(name) = NAMES.into_iter().find(|name| *name == asked) else {
        return Err(format!("`{{{{{asked}}}}}` is not something that a call has; there is {}.", NAMES.join(", ")));
    };
    let filter = match (parts.next(), parts.next()) {
        (None, _) => Filter::Plain,
        (Some("dump"), None) => Filter::Dump,
        (Some("urlencode"), None) => Filter::UrlEncode,
        (Some(other), _) => return Err(format!("There is no filter `{other}` here, only `dump` and `urlencode`.")),
    };
    Ok(Piece::Name { name, filter })
}

fn filled(value: Option<&Value>, filter: Filter, put: Put) -> Cow<'_, str> {
    let Some(value) = value else { return Cow::Borrowed(if filter == Filter::Dump { "null" } else { "" }) };
    match (filter, put) {
        (Filter::Dump, _) => Cow::Owned(value.to_string()),
        (Filter::UrlEncode, _) => Cow::Owned(percent_encoded(&text_of(value))),
        (Filter::Plain, Put::AsTheyAre) => text_of(value),
        (Filter::Plain, Put::Escaped) => {
            let quoted = Value::from(text_of(value)).to_string();
            Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
        }
    }
}

/// A string as it is, anything else as JSON.
fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn start(text: &str) -> String {
    text.chars().take(60).collect()
}

/// What a call has, by name; what was not set is not there.
pub(super) fn values(request: &ChatRequest) -> Map<String, Value> {
    let params = &request.params;
    let message = |message: &Message| json!({"role": message.role.word(), "content": message.content});
    let messages = Value::Array(request.messages.iter().map(message).collect());
    let prompt = match request.messages.as_slice() {
        [Message { role: Role::User, content }] => content.clone(),
        _ => format!("{messages:#}"),
    };
    let set = |name: &str, value: Option<Value>| Some((name.to_owned(), value?));
    [
        set("prompt", Some(Value::from(prompt))),
        set("messages", Some(messages)),
        set("model", Some(Value::from(request.model.as_str()))),
        set("temperature", params.temperature.map(Value::from)),
        set("top_p", params.top_p.map(Value::from)),
        set("max_tokens", params.max_tokens.map(Value::from)),
        set("stop", (!params.stop.is_empty()).then(|| Value::from(params.stop.clone()))),
        set("seed", params.seed.map(Value::from)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str, put: Put) -> String {
        let values = json!({"prompt": "a \"b\"\n& c", "messages": [1], "temperature": 0.5});
        Template::new(text).unwrap().fill(values.as_object().unwrap(), put)
    }

    #[test]
    fn names_are_filled_in_and_nothing_else_is_touched() {
        let check = |text: &str, expect: &str| assert_eq!(fill(text, Put::AsTheyAre), expect, "{text}");
        check("", "");
        check("plain } { text", "plain } { text");
        check("Q: {{prompt}}!", "Q: a \"b\"\n& c!");
        check("{{ prompt | dump }}", "\"a \\\"b\\\"\\n& c\"");
        check("{{-prompt|urlencode-}}", "a%20%22b%22%0A%26%20c");
        check("{{messages}} {{temperature}} [{{seed}}] {{seed | dump}}", "[1] 0.5 [] null");
        assert_eq!(fill("\"{{prompt}}\"", Put::Escaped), "\"a \\\"b\\\"\\n& c\"");
    }

    #[test]
    fn what_a_call_does_not_have_is_refused() {
        let check = |text: &str, why: &str| {
            let refused = Template::new(text).expect_err(text);
            assert!(refused.contains(why), "{text}: {refused}");
        };
        check("{{country}}", "`{{country}}` is not something that a call has");
        check("{{env.KEY}}", "env.KEY");
        check("{{prompt | upper}}", "`upper`");
        check("{{prompt", "not closed");
        check("{% if x %}{{prompt}}{% endif %}", "Statements");
    }

    #[test]
    fn the_prompt_is_a_text_or_the_messages_as_json() {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let mut request = ChatRequest {
            model: "m".to_owned(),
            messages: vec![message(Role::User, "hi")],
            params: crate::domain::Params::default(),
            tools: Vec::new(),
            sample: 0,
        };
        assert_eq!(values(&request)["prompt"], "hi");
        request.messages.insert(0, message(Role::System, "Be \"brief\"."));
        let written = values(&request)["prompt"].as_str().unwrap().to_owned();
        assert!(written.starts_with("[\n  {\n    \"role\": \"system\""), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), values(&request)["messages"]);
    }
}
