//! Entries that are an address: an API described by what is sent and where its answer stands.
//!
//! A response transform that only follows fields (`json.choices[0].text`) becomes a JSON Pointer and needs no script; any
//! other becomes the model's transform, which sees the body as it came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::params::{self, Dialect};
use super::{KEY_IN_ADDRESS, Mapped, Part, Unmapped, key, model, place_id, secrets, spec};
use crate::domain::{Api, Code, HttpAnswer, HttpBody, HttpMethod, HttpSpec, KeyPlace, Params};
use crate::interop::Fidelity;
use crate::interop::promptfoo::suite::ProviderEntry;
use crate::provider::{check_http, origin};

/// What an API of one's own calls its model where the entry says nothing.
const MODEL: &str = "default";

pub(super) fn is_address(id: &str) -> bool {
    matches!(id, "http" | "https") || id.starts_with("http:") || id.starts_with("https:")
}

pub(super) fn map(entry: &ProviderEntry) -> Result<Mapped, Unmapped> {
    refuse_what_changes_the_call(&entry.config)?;
    let mut parts = Vec::new();
    let asked = Asked::new(entry)?;
    let (base_url, query) = parted(&asked.url)?;
    let origin = origin(&base_url).map_err(Unmapped::new)?;
    let mut http = HttpSpec { method: asked.method, body: asked.body, ..HttpSpec::default() };
    http.query = query;
    http.query.extend(asked.query);
    let key = headers(asked.headers, entry.config.get("auth"), &origin, &mut http, &mut parts)?;
    refuse_keys(&base_url, &http)?;
    let (answer, transform) = answer(&entry.config, &mut parts)?;
    http.answer = answer;
    check_http(&http).map_err(|why| Unmapped::new(format!("What it sends cannot be carried over: {why}")))?;
    let read = params::read(&without_own(&entry.config), Dialect::Http, MODEL);
    parts.extend(read.parts);
    parts.extend(super::unread_environment(entry, None));
    let provider_id = place_id(&origin);
    let mut model = model(&provider_id, MODEL, Params::default(), read.price);
    model.transform = transform.map(Code::Inline);
    let mut mapped = Mapped {
        model,
        provider: spec(Api::Http(Box::new(http)), Some(base_url), key.named),
        provider_id: provider_id.into(),
        fidelity: Fidelity::Approximated,
        note: "An API over HTTP. A status from 300 on is an error, where promptfoo takes the page for an answer."
            .to_owned(),
        parts,
        inline_key: key.inline,
    };
    mapped.transform(entry);
    Ok(mapped)
}

/// Without these, another request would go out than the one that is meant.
fn refuse_what_changes_the_call(config: &Map<String, Value>) -> Result<(), Unmapped> {
    let told = [
        ("transformRequest", "It changes its requests by code of its own (`transformRequest`)."),
        ("multipart", "It sends files (`multipart`)."),
        ("signatureAuth", "It signs its requests (`signatureAuth`)."),
        ("tls", "It has certificates of its own (`tls`)."),
        ("session", "It opens sessions (`session`)."),
    ];
    match told.iter().find(|(name, _)| config.get(*name).is_some_and(|value| !value.is_null())) {
        Some((_, why)) => Err(Unmapped::new(*why)),
        None => Ok(()),
    }
}

/// A description is written to files, and shown: a key in it would be as well.
fn refuse_keys(base_url: &str, http: &HttpSpec) -> Result<(), Unmapped> {
    if secrets::looks_like_key(base_url) {
        return Err(Unmapped::new(KEY_IN_ADDRESS));
    }
    let in_query = http.query.iter().find(|(name, value)| secrets::in_pair(name, value));
    let in_body = match &http.body {
        HttpBody::Empty => None,
        HttpBody::Json(body) | HttpBody::UnpackedJson(body) => secrets::in_body(body),
        HttpBody::Text(text) => secrets::in_form(text),
    };
    let told = |place: &str, name: &str| {
        let shown = if name.is_empty() { place.to_owned() } else { format!("{place} (`{name}`)") };
        Unmapped::new(format!("A key stands in {shown}, where it would be written to files. Send it in a header."))
    };
    match (in_query, in_body) {
        (Some((name, _)), _) => Err(told("its query", name)),
        (None, Some(name)) => Err(told("its body", &name)),
        (None, None) => Ok(()),
    }
}

/// The config without what may be a key by what an address does with it, and the paths of what that is.
pub(in crate::interop::promptfoo) fn without_keys(mut config: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut dropped = Vec::new();
    let mut fields = |name: &str, is_key: &dyn Fn(&str, &str) -> bool| {
        let Some(Value::Object(fields)) = config.get_mut(name) else { return };
        fields.retain(|field, value| {
            let is_key = value.as_str().is_some_and(|value| is_key(field, value));
            if is_key {
                dropped.push(format!("{name}.{field}"));
            }
            !is_key
        });
    };
    fields("headers", &|name, value| !is_plain_header(name, value) && !value.contains("{{"));
    fields("queryParams", &secrets::in_pair);
    fields("auth", &|name, value| !["type", "placement", "keyName"].contains(&name) && !value.contains("{{"));
    let has_key = |(name, value): (&String, &Value)| match (name.as_str(), value.as_str()) {
        ("url", Some(url)) => has_key_in_query(url),
        ("request", Some(raw)) => raw_request(raw, true).map_or(true, |asked| {
            let is_plain = |(name, value): &(String, String)| is_plain_header(name, value) || value.contains("{{");
            has_key_in_query(&asked.url) || !asked.headers.iter().all(is_plain)
        }),
        _ => false,
    };
    let keys: Vec<String> = config.iter().filter(|field| has_key(*field)).map(|(name, _)| name.clone()).collect();
    config.retain(|name, _| !keys.contains(name));
    dropped.extend(keys);
    (config, dropped)
}

/// Whether a key stands in the query of an address.
pub(in crate::interop::promptfoo) fn has_key_in_query(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(name, value)| secrets::in_pair(&decoded(name), &decoded(value)))
}

/// Whether the header goes out as it stands.
fn is_plain_header(name: &str, value: &str) -> bool {
    let plain = HttpSpec { headers: [(name.to_owned(), value.to_owned())].into(), ..HttpSpec::default() };
    check_http(&plain).is_ok() && !secrets::looks_like_key(value)
}

/// Keys that are read here.
fn without_own(config: &Map<String, Value>) -> Map<String, Value> {
    const READ: [&str; 10] = [
        "url",
        "method",
        "headers",
        "body",
        "queryParams",
        "request",
        "useHttps",
        "auth",
        "transformResponse",
        "responseParser",
    ];
    let others = config.iter().filter(|(name, _)| !READ.contains(&name.as_str()));
    others.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A request as the entry describes it.
struct Asked {
    url: String,
    method: HttpMethod,
    headers: Vec<(String, String)>,
    query: BTreeMap<String, String>,
    body: HttpBody,
}

impl Asked {
    fn new(entry: &ProviderEntry) -> Result<Self, Unmapped> {
        let config = &entry.config;
        let url = config.get("url").and_then(Value::as_str).unwrap_or(&entry.id).trim();
        if let Some(raw) = config.get("request").and_then(Value::as_str) {
            let secure = url.starts_with("https") || config.get("useHttps") == Some(&Value::Bool(true));
            return raw_request(raw, secure);
        }
        if !url.contains("://") {
            return Err(Unmapped::new("It names no `url`."));
        }
        let has_body = config.get("body").is_some_and(|body| !body.is_null());
        let method = method(config.get("method").and_then(Value::as_str).unwrap_or("POST"))?;
        if method != HttpMethod::Get && !has_body {
            return Err(Unmapped::new("It has no `body`, which promptfoo asks for as well."));
        }
        let mut headers = texts(config.get("headers"));
        let body = match config.get("body").filter(|_| method != HttpMethod::Get) {
            None => HttpBody::Empty,
            Some(body) => self::body(body, &mut headers)?,
        };
        Ok(Self {
            url: url.to_owned(),
            method,
            headers,
            query: texts(config.get("queryParams")).into_iter().collect(),
            body,
        })
    }
}

fn method(word: &str) -> Result<HttpMethod, Unmapped> {
    match word.to_ascii_uppercase().as_str() {
        "GET" => Ok(HttpMethod::Get),
        "POST" => Ok(HttpMethod::Post),
        "PUT" => Ok(HttpMethod::Put),
        "PATCH" => Ok(HttpMethod::Patch),
        other => Err(Unmapped::new(format!("It asks with {other}, which is not a way to ask here."))),
    }
}

fn texts(value: Option<&Value>) -> Vec<(String, String)> {
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// An object is JSON. So is a text, where a header says so; without a header it is a form.
fn body(body: &Value, headers: &mut Vec<(String, String)>) -> Result<HttpBody, Unmapped> {
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_json = kind.map(|(_, kind)| kind.to_ascii_lowercase().contains("json"));
    match body {
        Value::String(text) if text.starts_with("file://") => {
            Err(Unmapped::new("Its body stands in a file that is not read."))
        }
        Value::String(text) => {
            if is_json.is_none() {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
            }
            Ok(text_body(text, is_json == Some(true)))
        }
        _ if is_json == Some(false) => Err(Unmapped::new("Its body is an object, and its content type is not JSON.")),
        json => Ok(HttpBody::UnpackedJson(json.clone())),
    }
}

fn text_body(text: &str, is_json: bool) -> HttpBody {
    match serde_json::from_str::<Value>(text) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) if is_json => HttpBody::UnpackedJson(json),
        _ if is_json => HttpBody::Text(text.to_owned()),
        _ => HttpBody::Text(text.trim().to_owned()),
    }
}

/// `POST /path HTTP/1.1`, headers, an empty line, a body.
fn raw_request(raw: &str, secure: bool) -> Result<Asked, Unmapped> {
    let wrong = |why: &str| Unmapped::new(format!("Its raw request cannot be read: {why}."));
    if raw.starts_with("file://") {
        return Err(Unmapped::new("Its request stands in a file that is not read."));
    }
    let plain = raw.trim().replace("\r\n", "\n");
    let (head, text) = plain.split_once("\n\n").unwrap_or((&plain, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split_whitespace();
    let (Some(verb), Some(target)) = (first.next(), first.next()) else { return Err(wrong("it has no first line")) };
    let header =
        |line: &str| Some((line.split_once(':')?.0.trim().to_owned(), line.split_once(':')?.1.trim().to_owned()));
    let mut headers = lines.map(header).collect::<Option<Vec<_>>>().ok_or_else(|| wrong("a header has no colon"))?;
    let host = headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("host"));
    let (_, host) = headers.swap_remove(host.ok_or_else(|| wrong("it names no host"))?);
    headers.retain(|(name, _)| !["content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()));
    let url = if target.contains("://") {
        target.to_owned()
    } else {
        format!("{}://{host}{target}", if secure { "https" } else { "http" })
    };
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_json = kind.is_none_or(|(_, kind)| kind.to_ascii_lowercase().contains("json"));
    let body = match text.trim() {
        "" => HttpBody::Empty,
        // Values are put in escaped and nothing is unpacked, so that a prompt stays a text.
        text => match serde_json::from_str(text) {
            Ok(json) if is_json => HttpBody::Json(json),
            _ => HttpBody::Text(text.to_owned()),
        },
    };
    Ok(Asked { url, method: method(verb)?, headers, query: BTreeMap::new(), body })
}

/// The address without its query, and the query.
fn parted(url: &str) -> Result<(String, BTreeMap<String, String>), Unmapped> {
    let url = url.split('#').next().unwrap_or(url);
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    if base.contains("{{") {
        return Err(Unmapped::new(format!("Its address `{base}` is a template. Write the address itself.")));
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    Ok((base.to_owned(), pairs.map(pair).collect()))
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|_| *first == b'%');
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sorts headers into those that go out as they stand and the one that carries the key.
fn headers(
    given: Vec<(String, String)>,
    auth: Option<&Value>,
    origin: &str,
    http: &mut HttpSpec,
    parts: &mut Vec<Part>,
) -> Result<key::Key, Unmapped> {
    let (mut key, mut carried) = (key::Key::default(), false);
    for (name, value) in given.into_iter().chain(signed_in(auth)?) {
        let place = format!("config.headers.{name}");
        if is_plain_header(&name, &value) {
            http.headers.insert(name, value);
            continue;
        }
        let (before, secret) = secret_of(&value);
        let is_key = secret.contains("{{") || is_credential(&name) || secrets::looks_like_key(&value);
        if (carried || !is_key) && super::asks_for_environment(&value) {
            return Err(Unmapped::new(format!(
                "Its header `{name}` asks for a variable of the environment, of which only one key is sent. Write the \
                 value itself."
            )));
        }
        if carried || !is_key {
            parts.push(Part::unsupported(
                &place,
                "This header is not sent: only one key is, and other headers go out as they stand.",
            ));
            continue;
        }
        key = key::written(&place, secret, None, origin, parts);
        let bearer = name.eq_ignore_ascii_case("authorization") && before == "Bearer ";
        http.key_header = (!bearer).then(|| KeyPlace { header: name.to_ascii_lowercase(), before: before.to_owned() });
        carried = true;
    }
    Ok(key)
}

fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("key") || ["apikey", "token", "auth"].iter().any(|part| name.contains(part))
}

/// `Bearer {{env.X}}` as what stands before the key, and the key.
fn secret_of(value: &str) -> (&str, &str) {
    let start = value.find("{{").or_else(|| value.rfind(' ').map(|blank| blank + 1)).unwrap_or(0);
    value.split_at(start)
}

/// The header that `auth` stands for.
fn signed_in(auth: Option<&Value>) -> Result<Option<(String, String)>, Unmapped> {
    let Some(auth) = auth.filter(|auth| !auth.is_null()) else { return Ok(None) };
    let text = |name: &str| auth.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), text("placement")) {
        ("bearer", _) => Ok(Some(("authorization".to_owned(), format!("Bearer {}", text("token"))))),
        ("api_key", "header") => Ok(Some((text("keyName").to_owned(), text("value").to_owned()))),
        (kind, _) => Err(Unmapped::new(format!("It signs in in a way (`auth.type: {kind}`) that is not spoken here."))),
    }
}

/// Where the answer stands, and the code that makes it of the body.
fn answer(config: &Map<String, Value>, parts: &mut Vec<Part>) -> Result<(HttpAnswer, Option<String>), Unmapped> {
    let Some((name, code)) = transform_of(config) else {
        parts.push(Part::approximated("config.transformResponse", AS_TEXT));
        return Ok((HttpAnswer::Json, None));
    };
    let Some(code) = code.as_str().filter(|code| !code.starts_with("file://")) else {
        return Err(Unmapped::new(format!(
            "Its `{name}` stands in a file that is not read; it can stand in the config itself."
        )));
    };
    match path(code) {
        Some(HttpAnswer::Text) => Ok((HttpAnswer::Text, None)),
        Some(answer) => {
            parts.push(Part::approximated(&format!("config.{name}"), AS_TEXT));
            Ok((answer, None))
        }
        None => Ok((HttpAnswer::Text, Some(wrapped(code)))),
    }
}

pub(super) fn transform_of(config: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    let given = |name| Some((name, config.get(name).filter(|code| !code.is_null() && *code != "")?));
    ["transformResponse", "responseParser"].into_iter().find_map(given)
}

/// The setting of an address whose code is run on every response, and the code.
pub(in crate::interop::promptfoo) fn response_code<'c>(
    id: &str,
    config: &'c Map<String, Value>,
) -> Option<(&'static str, &'c str)> {
    let (name, code) = transform_of(config).filter(|_| is_address(id.trim()))?;
    let code = code.as_str().filter(|code| !code.starts_with("file://") && path(code).is_none())?;
    Some((name, code))
}

const AS_TEXT: &str = "Where an object stands there, checks see it as JSON text and scripts as well.";

/// An expression that only follows fields, as a pointer; `json` and `text` alone as what they are.
fn path(code: &str) -> Option<HttpAnswer> {
    let code = code.trim();
    if code == "text" {
        return Some(HttpAnswer::Text);
    }
    let mut rest = code.strip_prefix("json")?;
    let mut pointer = String::new();
    while !rest.is_empty() {
        let optional = rest.strip_prefix("?.");
        let after_dot = optional.or_else(|| rest.strip_prefix('.'));
        if let Some(inside) = optional.unwrap_or(rest).strip_prefix('[') {
            let (step, after) = inside.split_once(']')?;
            write!(pointer, "/{}", index(step.trim())?).ok()?;
            rest = after;
        } else {
            let name = after_dot?;
            let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || name == "length" {
                return None;
            }
            write!(pointer, "/{name}").ok()?;
            rest = after;
        }
    }
    Some(if pointer.is_empty() { HttpAnswer::Json } else { HttpAnswer::Pointer(pointer) })
}

fn index(step: &str) -> Option<String> {
    if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(step.to_owned());
    }
    let quote = step.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let name = step.strip_prefix(quote)?.strip_suffix(quote)?;
    (!name.contains(['\'', '"', '\\'])).then(|| name.replace('~', "~0").replace('/', "~1"))
}

/// Code over `json`, `text` and `context`, as a transform of the whole body.
fn wrapped(code: &str) -> String {
    let code = code.trim();
    let called = if is_function(code) {
        format!("({code})(json, text, context)")
    } else {
        format!("((json, text, context) => ({code}))(json, text, context)")
    };
    format!(
        "const text = output;\n\
         let json = null;\n\
         try {{ json = JSON.parse(text) || null; }} catch (error) {{ json = null; }}\n\
         const made = {called};\n\
         return made && made.output ? made.output : made;"
    )
}

/// `(…) => …` and `function (…) …`, as promptfoo tells a function from an expression.
fn is_function(code: &str) -> bool {
    let first = code.lines().next().unwrap_or_default();
    if let Some(after) = code.strip_prefix("function") {
        return after.trim_start().starts_with('(') && first.contains(')');
    }
    let closings = first.match_indices(')').map(|(place, _)| &code[place + 1..]);
    code.starts_with('(') && closings.into_iter().any(|after| after.trim_start().starts_with("=>"))
}

/// The response's own transform, and the entry's behind it. A line is an expression, several lines are a body.
pub(super) fn one_after_the_other(first: &str, then: &str) -> String {
    let body = |code: &str| if code.contains('\n') { code.to_owned() } else { format!("return {code}") };
    format!(
        "const answered = ((output) => {{\n{}\n}})(output);\nreturn ((output, context) => {{\n{}\n}})(answered, context);",
        body(first),
        body(then)
    )
}

/// The expression that leads where the pointer does.
pub(super) fn expression(pointer: &str) -> String {
    let mut code = "json".to_owned();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        // Writing to a string cannot fail.
        let _ = if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            write!(code, "[{step}]")
        } else {
            write!(code, "[{}]", Value::from(step))
        };
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_only_follow_fields_are_pointers() {
        let check = |code: &str, expect: Option<HttpAnswer>| assert_eq!(path(code), expect, "{code}");
        let at = |pointer: &str| Some(HttpAnswer::Pointer(pointer.to_owned()));
        check("json.choices[0].message.content", at("/choices/0/message/content"));
        check(" json?.a?.[1]['b/c'][\"d~\"] ", at("/a/1/b~1c/d~0"));
        check("json", Some(HttpAnswer::Json));
        check("text", Some(HttpAnswer::Text));
        for code in [
            "json.a()",
            "json.a + 1",
            "json.items.length",
            "json[i]",
            "jsonx.a",
            "json.a || text",
            "(json) => json.a",
            "json.",
        ] {
            check(code, None);
        }
        for pointer in ["/choices/0/message/content", "/a/1/b~1c/d~0"] {
            assert_eq!(path(&expression(pointer)), at(pointer));
        }
    }

    #[test]
    fn functions_are_told_from_expressions() {
        for code in ["(json) => json.a", "(json, text) =>\n json", "function (json) { return 1 }", "((a, b) => a)"] {
            assert!(is_function(code), "{code}");
        }
        for code in ["json => json.a", "json.a", "(json.a)", "functional(json)"] {
            assert!(!is_function(code), "{code}");
        }
    }

    #[test]
    fn queries_are_read_as_they_are_written() {
        let (base, query) = parted("https://a.example/b?x=1&y={{prompt}}&z=a%20b+c&=&w").unwrap();
        assert_eq!(base, "https://a.example/b");
        let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("", ""), ("w", ""), ("x", "1"), ("y", "{{prompt}}"), ("z", "a b c")]);
        assert_eq!(decoded("100%"), "100%");
    }
}
