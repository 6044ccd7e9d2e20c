//! A tolerant reader of literals: those of Python, of JavaScript and of JSON, as they stand in calls.
//!
//! Bounds: 64 deep, 100,000 values and 500 names in all. What is no literal becomes a variable named after it.

use serde_json::{Map, Value, json};

use crate::interop::formats::wire::{SLOTS, with_slots};
use crate::interop::formats::words::python_format;

use super::{strings, unknown};

const DEEPEST: usize = 64;
const MOST_VALUES: usize = 100_000;
/// Names that are looked up in the text; further ones are variables.
const MOST_LOOKUPS: usize = 500;

/// A text that cannot be read, and the byte at which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub at: usize,
    pub message: String,
}

/// Arguments of a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Args {
    pub listed: Vec<Value>,
    pub named: Map<String, Value>,
}

impl Args {
    /// The fields of a request: named arguments, or the object that stands first.
    pub fn fields(self) -> Map<String, Value> {
        let mut fields = self.named;
        if let Some(Value::Object(first)) = self.listed.into_iter().next().filter(|first| first.get(SLOTS).is_none()) {
            fields.extend(first);
        }
        fields
    }
}

pub struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    values: usize,
    lookups: usize,
    /// Names that are being looked up.
    open: Vec<String>,
}

impl<'t> Reader<'t> {
    pub fn at(text: &'t str, at: usize) -> Self {
        Self { text, at, depth: 0, values: 0, lookups: 0, open: Vec::new() }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, message: &str) -> Wrong {
        Wrong { at: self.at, message: message.to_owned() }
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\\');
            self.at += rest.len() - trimmed.len();
            let end = match () {
                () if trimmed.starts_with('#') || trimmed.starts_with("//") => {
                    trimmed.find('\n').unwrap_or(trimmed.len())
                }
                () if trimmed.starts_with("/*") => trimmed.find("*/").map_or(trimmed.len(), |end| end + 2),
                () => return,
            };
            self.at += end;
        }
    }

    fn take(&mut self, mark: char) -> bool {
        self.space();
        let is_there = self.rest().starts_with(mark);
        if is_there {
            self.at += mark.len_utf8();
        }
        is_there
    }

    /// Arguments after the open parenthesis, up to and with the closing one.
    pub fn args(&mut self) -> Result<Args, Wrong> {
        let mut args = Args::default();
        while !self.take(')') {
            if self.rest().is_empty() {
                return Err(self.wrong("The call does not end."));
            }
            self.spread();
            match self.name_before('=') {
                Some(name) => {
                    let value = self.value()?;
                    args.named.insert(name, value);
                }
                None => args.listed.push(self.value()?),
            }
            self.comma(')')?;
        }
        Ok(args)
    }

    /// `...rest` and `**rest` are read like what they spread.
    fn spread(&mut self) {
        self.space();
        for mark in ["...", "**", "*"] {
            if self.rest().starts_with(mark) {
                self.at += mark.len();
                return;
            }
        }
    }

    fn comma(&mut self, close: char) -> Result<(), Wrong> {
        if self.take(',') {
            return Ok(());
        }
        self.space();
        if self.rest().starts_with(close) {
            Ok(())
        } else {
            Err(self.wrong("A comma or the end of a list is missing."))
        }
    }

    /// A name that such a mark follows; both are passed.
    fn name_before(&mut self, mark: char) -> Option<String> {
        self.space();
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$')?;
        let after = rest[end..].trim_start();
        let is_comparison = after.starts_with("==") || after.starts_with("=>");
        if end == 0 || !after.starts_with(mark) || is_comparison {
            return None;
        }
        self.at += rest.len() - after.len() + mark.len_utf8();
        Some(rest[..end].to_owned())
    }

    /// A value, with what follows it up to the next comma or closing mark.
    pub fn value(&mut self) -> Result<Value, Wrong> {
        self.values += 1;
        if self.depth >= DEEPEST || self.values > MOST_VALUES {
            return Err(self.wrong("The call nests too deeply or is too long."));
        }
        self.depth += 1;
        let value = self.operand().and_then(|first| self.joined(first));
        self.depth -= 1;
        value
    }

    /// Strings beside each other, or with `+` between them, are one; any other calculation makes a variable.
    fn joined(&mut self, first: Value) -> Result<Value, Wrong> {
        let mut value = first;
        loop {
            self.space();
            let rest = self.rest();
            let is_string = strings::string(rest).is_some();
            if rest.starts_with('+') || is_string {
                self.at += usize::from(!is_string);
                let next = self.operand()?;
                value = concatenated(&value, &next);
            } else if rest.is_empty() || rest.starts_with([',', ')', ']', '}', ':', ';', '=']) || self.ends_line(rest) {
                return Ok(value);
            } else {
                self.skip_expression()?;
                return Ok(unknown("expression"));
            }
        }
    }

    /// After a value in an assignment a new line begins a new statement.
    fn ends_line(&self, rest: &str) -> bool {
        let before = &self.text[..self.at];
        let blank = &before[before.trim_end().len()..];
        blank.contains('\n') && !rest.starts_with(['.', '?', '|', '&', '*', '/', '%', '<', '>', '-'])
    }

    /// Passes an expression up to what ends it.
    fn skip_expression(&mut self) -> Result<(), Wrong> {
        let mut depth = 0_usize;
        while let Some(letter) = self.rest().chars().next() {
            if let Some((_, length)) = strings::string(self.rest()) {
                self.at += length;
                continue;
            }
            match letter {
                '(' | '[' | '{' => depth += 1,
                ',' | ';' | ')' | ']' | '}' if depth == 0 => return Ok(()),
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            self.at += letter.len_utf8();
        }
        if depth == 0 { Ok(()) } else { Err(self.wrong("A bracket is not closed.")) }
    }

    fn operand(&mut self) -> Result<Value, Wrong> {
        self.space();
        let rest = self.rest();
        if let Some((value, length)) = strings::string(rest) {
            self.at += length;
            return self.methods(value);
        }
        match rest.chars().next() {
            None => Err(self.wrong("The text ends where a value is expected.")),
            Some('{') => self.object(),
            Some('[') => self.list('[', ']'),
            Some('(') => self.list('(', ')').map(|list| match list {
                Value::Array(mut items) if items.len() == 1 => items.remove(0),
                list => list,
            }),
            Some(letter) if letter.is_ascii_digit() || letter == '-' || letter == '.' => self.number(),
            Some(letter) if letter.is_alphabetic() || letter == '_' || letter == '$' => self.name(),
            Some('"' | '\'' | '`') => Err(self.wrong("A string does not end.")),
            Some(letter) => Err(self.wrong(&format!("A value is expected, and `{letter}` begins none."))),
        }
    }

    fn object(&mut self) -> Result<Value, Wrong> {
        let mut fields = Map::new();
        self.at += 1;
        while !self.take('}') {
            let start = self.at;
            self.spread();
            let is_spread = self.at > start;
            if is_spread {
                if let Value::Object(more) = self.value()? {
                    fields.extend(more.into_iter().filter(|(name, _)| ![SLOTS, "notes"].contains(&name.as_str())));
                }
            } else {
                let (name, value) = self.field()?;
                fields.insert(name, value);
            }
            self.comma('}')?;
        }
        Ok(Value::Object(fields))
    }

    /// `"a": 1`, `a: 1`, or `a` alone, which is the variable of that name.
    fn field(&mut self) -> Result<(String, Value), Wrong> {
        if let Some(name) = self.name_before(':') {
            return Ok((name, self.value()?));
        }
        let rest = self.rest();
        if let Some((name, length)) = strings::string(rest) {
            self.at += length;
            let name = name.as_str().unwrap_or("key").to_owned();
            return if self.take(':') { Ok((name, self.value()?)) } else { Err(self.wrong("A colon is missing.")) };
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wrong("The name of a field is expected."));
        }
        let name = rest[..end].to_owned();
        let value = self.value()?;
        Ok((name, value))
    }

    fn list(&mut self, open: char, close: char) -> Result<Value, Wrong> {
        let mut items = Vec::new();
        self.at += open.len_utf8();
        while !self.take(close) {
            self.spread();
            items.push(self.value()?);
            self.comma(close)?;
        }
        Ok(Value::Array(items))
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-+".contains(letter);
        let mut end = 0;
        for (at, letter) in rest.char_indices() {
            let is_sign = "+-".contains(letter);
            if !is_part(letter) || (is_sign && at > 0 && !rest[..at].ends_with(['e', 'E'])) {
                break;
            }
            end = at + letter.len_utf8();
        }
        let digits = rest[..end].replace('_', "");
        self.at += end;
        let number = digits.parse::<i64>().map(Value::from).ok();
        let number = number
            .or_else(|| digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number)));
        number.ok_or_else(|| self.wrong("This is no number."))
    }

    /// A constant, a name that the text gives a literal, a call, or a variable.
    fn name(&mut self) -> Result<Value, Wrong> {
        let first = self.word();
        let constant = match first.as_str() {
            "True" | "true" => Some(json!(true)),
            "False" | "false" => Some(json!(false)),
            "None" | "null" | "undefined" => Some(Value::Null),
            "await" | "new" => return self.operand(),
            _ => None,
        };
        if let Some(constant) = constant {
            return Ok(constant);
        }
        let mut path = first;
        loop {
            let rest = self.rest();
            if let Some(after) = rest.strip_prefix('.').or_else(|| rest.strip_prefix("?.")) {
                let is_name = after.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
                if !is_name {
                    break;
                }
                let method = ["format(", "strip(", "trim(", "replace("].iter().any(|method| after.starts_with(method));
                if method {
                    break;
                }
                self.at += rest.len() - after.len();
                path.push('.');
                path.push_str(&self.word());
            } else if rest.starts_with('[') {
                self.at += 1;
                self.skip_to(']')?;
            } else {
                break;
            }
        }
        if self.rest().starts_with('(') {
            self.at += 1;
            let args = self.args()?;
            return Ok(called(&path, args));
        }
        let value = self.looked_up(&path)?.unwrap_or_else(|| unknown(&path));
        self.methods(value)
    }

    fn skip_to(&mut self, close: char) -> Result<(), Wrong> {
        loop {
            self.skip_expression()?;
            if self.take(close) {
                return Ok(());
            }
            if !self.take(',') && !self.take(';') {
                return Err(self.wrong("A bracket is not closed."));
            }
        }
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let end =
            rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$').unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    /// `.format(…)` makes slots of a text; `.strip()` and `.trim()` change nothing that counts.
    fn methods(&mut self, value: Value) -> Result<Value, Wrong> {
        let mut value = value;
        loop {
            let start = self.at;
            self.space();
            if !self.rest().starts_with('.') {
                self.at = start;
                return Ok(value);
            }
            self.at += 1;
            let method = self.word();
            if !self.take('(') {
                return Ok(unknown("expression"));
            }
            self.args()?;
            value = match (method.as_str(), &value) {
                ("format", Value::String(text)) => with_slots(&python_format(text)),
                ("strip" | "trim" | "dedent" | "rstrip" | "lstrip" | "trimEnd", _) => value,
                _ => unknown("expression"),
            };
        }
    }

    /// The literal that the text gives a name: `name = …`, `const name = …`.
    fn looked_up(&mut self, name: &str) -> Result<Option<Value>, Wrong> {
        let is_known = self.open.iter().any(|open| open == name);
        if is_known || name.contains('.') || self.lookups >= MOST_LOOKUPS {
            return Ok(None);
        }
        self.lookups += 1;
        let Some(at) = assignment(self.text, name) else { return Ok(None) };
        self.open.push(name.to_owned());
        let back = std::mem::replace(&mut self.at, at);
        let value = self.value();
        self.at = back;
        self.open.pop();
        value.map(Some)
    }
}

/// Where the value of the first assignment to a name begins.
fn assignment(text: &str, name: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(name) {
        let start = from + found;
        let end = start + name.len();
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = text[line_start..start].trim();
        let is_start = before.is_empty() || ["const", "let", "var", "export const"].contains(&before);
        let after = text[end..].trim_start_matches([' ', '\t']);
        let after = match after.strip_prefix(':') {
            // A type, as in `name: str = "…"`.
            Some(typed) => typed.find(['=', '\n']).map_or("", |at| &typed[at..]),
            None => after,
        };
        if is_start && after.starts_with('=') && !after.starts_with("==") {
            return Some(text.len() - after.len() + 1);
        }
        from = end;
    }
    None
}

/// What a call makes: an object of its named arguments, the value that it only wraps, or a variable.
fn called(path: &str, args: Args) -> Value {
    const WRAPPERS: [&str; 9] =
        ["stringify", "dumps", "dedent", "dict", "from_text", "Part", "Content", "fromText", "parse_obj"];
    let last = path.rsplit('.').next().unwrap_or(path);
    match args.listed.first() {
        None if !args.named.is_empty() => Value::Object(args.named),
        Some(first) if WRAPPERS.contains(&last) && args.listed.len() <= 3 => first.clone(),
        _ => unknown(path),
    }
}

/// Two texts as one; what is no text makes a variable.
fn concatenated(left: &Value, right: &Value) -> Value {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Value::String(format!("{left}{right}"));
    }
    let (Some(mut pieces), Some(more)) = (pieces(left), pieces(right)) else { return unknown("expression") };
    pieces.extend(more);
    let notes: Vec<Value> =
        [left, right].iter().filter_map(|side| side.get("notes")?.as_array()).flatten().cloned().collect();
    json!({SLOTS: pieces, "notes": notes})
}

fn pieces(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::String(_) => Some(vec![value.clone()]),
        other => other.get(SLOTS)?.as_array().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expect: &Value) {
        assert_eq!(Reader::at(text, 0).value().as_ref(), Ok(expect), "{text}");
    }

    fn slot(name: &str) -> Value {
        json!({SLOTS: [{"slot": name}], "notes": []})
    }

    #[test]
    fn literals_of_three_languages() {
        check("{'a': True, \"b\": None,}", &json!({"a": true, "b": null}));
        check("[1_000, -2.5, 1e3, /* c */ .5] // end", &json!([1000, -2.5, 1000.0, 0.5]));
        check("{ role: `user`, content, ...rest }", &json!({"role": "user", "content": slot("content")}));
        check("('a' \"b\"\n  'c')", &json!("abc"));
        check("\"a\" + name + \"b\"", &json!({SLOTS: ["a", {"slot": "name"}, "b"], "notes": []}));
        check("\"Sort {x}\".format(x=1)", &json!({SLOTS: ["Sort ", {"slot": "x"}], "notes": []}));
    }

    #[test]
    fn names_are_literals_of_the_text_or_variables() {
        let text = "PROMPT = \"\"\"Be kind.\"\"\"\nq: str = ask()\nx = [PROMPT, q, other.name, PROMPT.strip()]\n";
        let at = assignment(text, "x").unwrap();
        let expect = json!(["Be kind.", slot("ask"), slot("other_name"), "Be kind."]);
        assert_eq!(Reader::at(text, at).value(), Ok(expect));
        check("a", &slot("a"));
        check("a = a", &slot("a"));
    }

    #[test]
    fn calls_are_their_arguments() {
        check("types.Config(temperature=0.1, stop=['x'])", &json!({"temperature": 0.1, "stop": ["x"]}));
        check("JSON.stringify({a: 1}, null, 2)", &json!({"a": 1}));
        check("ask(question)", &slot("ask"));
        check("x > 3 ? 'a' : 'b'", &slot("expression"));
    }

    #[test]
    fn hostile_nesting_and_doubling_end() {
        let told = |text: &str| Reader::at(text, 0).value().unwrap_err().message;
        assert_eq!(told(&"[".repeat(100_000)), "The call nests too deeply or is too long.");
        let doubling: String =
            (0..40).map(|n| format!("a{n} = [a{}, a{}]", n + 1, n + 1)).collect::<Vec<_>>().join("\n");
        assert_eq!(told(&format!("a0\n{doubling}")), "The call nests too deeply or is too long.");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(words in prop::collection::vec(prop::sample::select(MARKS.to_vec()), 0..30)) {
            let text = words.concat();
            let _ = Reader::at(&text, 0).value();
            let _ = Reader::at(&text, 0).args();
        }
    }

    const MARKS: [&str; 30] = [
        "{", "}", "[", "]", "(", ")", ",", ":", "=", "+", ".", "a", "b = ", "\n", "'x'", "\"", "f'{a}'", "`${b}`", "1",
        "-", "e", "...", "**", "//", "/*", "*/", "#", ".format(", "é", "?",
    ];
}
