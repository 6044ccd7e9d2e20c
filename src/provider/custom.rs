//! Any API over HTTP, by a definition: what is sent, and where the answer stands in what comes back.
//!
//! The definition is read once. Prompts go into JSON string by string, so that none of them can change the form of a
//! body. Nothing is streamed, and no usage is read: such a model costs what the workspace says of it.

mod fill;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Map, Value};

use self::fill::{Put, Template, values};
use super::failure::{bad_json, inner_failure, protocol, status_failure};
use super::http::{Endpoint, KeyHeader};
use super::wire::{self, Draft};
use super::{BoxFuture, OnText, Provider, Received};
use crate::domain::{
    CallError, ChatRequest, Completion, Fault, HttpAnswer, HttpBody, HttpMethod, HttpSpec, KeyPlace, RawReply,
};

/// What is wrong with the definition of an API; nothing is sent for that.
///
/// # Errors
/// A sentence: a name that no call has, a header that is none or that would carry a secret, a pointer that is none.
pub fn check_http(http: &HttpSpec) -> Result<(), String> {
    Form::new(http)?;
    headers(http)?;
    key_header(http.key_header.as_ref())?;
    Ok(())
}

pub(super) struct Custom {
    endpoint: Endpoint,
    form: Form,
    answer: HttpAnswer,
}

impl Custom {
    /// # Errors
    /// [`Fault::Refused`]: all that [`check_http`] finds, and what `endpoint` refuses.
    pub fn new(
        http: &HttpSpec,
        endpoint: impl FnOnce(KeyHeader) -> Result<Endpoint, CallError>,
    ) -> Result<Self, CallError> {
        let refused = |message: String| CallError::new(Fault::Refused, message);
        let (form, headers) = (Form::new(http).map_err(refused)?, headers(http).map_err(refused)?);
        let key_header = key_header(http.key_header.as_ref()).map_err(refused)?;
        let endpoint = endpoint(key_header)?.with_request(method(http.method), headers);
        Ok(Self { endpoint, form, answer: http.answer.clone() })
    }
}

impl Provider for Custom {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            let values = values(request);
            let url = self.form.url(self.endpoint.base(), &values);
            let body = self.form.body(&values, &request.params.extra)?;
            self.endpoint.post(url, body, None, on_text).await
        })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        read(&self.answer, reply)
    }
}

/// A definition whose texts have been read.
struct Form {
    query: Vec<(String, Template)>,
    body: Body,
}

enum Body {
    Empty,
    Json { form: Json, unpack: bool },
    Text { text: Template, is_json: bool },
}

/// JSON whose strings are templates.
enum Json {
    Plain(Value),
    Text(Template),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Form {
    fn new(http: &HttpSpec) -> Result<Self, String> {
        if let HttpAnswer::Pointer(pointer) = &http.answer
            && !(pointer.is_empty() || pointer.starts_with('/'))
        {
            return Err(format!("`{pointer}` is not a JSON Pointer; it should look like /choices/0/text."));
        }
        let query = http.query.iter().map(|(name, value)| Ok((name.clone(), Template::new(value)?)));
        let body = match &http.body {
            HttpBody::Empty => Body::Empty,
            HttpBody::Json(value) => Body::Json { form: Json::new(value)?, unpack: false },
            HttpBody::UnpackedJson(value) => Body::Json { form: Json::new(value)?, unpack: true },
            HttpBody::Text(text) => Body::Text { text: Template::new(text)?, is_json: says_json(http) },
        };
        if http.method == HttpMethod::Get && !matches!(body, Body::Empty) {
            return Err("A GET request has no body. Leave it out, or ask with POST.".to_owned());
        }
        Ok(Self { query: query.collect::<Result<_, String>>()?, body })
    }

    fn url(&self, mut url: Url, values: &Map<String, Value>) -> Url {
        if !self.query.is_empty() {
            let mut query = url.query_pairs_mut();
            for (name, value) in &self.query {
                query.append_pair(name, &value.fill(values, Put::AsTheyAre));
            }
        }
        url
    }

    fn body(&self, values: &Map<String, Value>, extra: &Map<String, Value>) -> Result<Vec<u8>, CallError> {
        match &self.body {
            Body::Empty => Ok(Vec::new()),
            Body::Json { form, unpack } => wire::body(&form.fill(values, *unpack), extra),
            Body::Text { text, is_json } => {
                let plain = text.fill(values, Put::AsTheyAre);
                let broken = *is_json && serde_json::from_str::<serde::de::IgnoredAny>(&plain).is_err();
                Ok(if broken { text.fill(values, Put::Escaped) } else { plain }.into_bytes())
            }
        }
    }
}

impl Json {
    fn new(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::new(text)?),
            Value::Array(items) => Self::List(items.iter().map(Self::new).collect::<Result<_, _>>()?),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), Self::new(value)?)));
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
            other => Self::Plain(other.clone()),
        })
    }

    /// A name that has no value is null here, and leaves its field out in an object.
    fn fill(&self, values: &Map<String, Value>, unpack: bool) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => match text.name() {
                Some("prompt") | None => unpacked(text.fill(values, Put::AsTheyAre), unpack),
                Some(name) => values.get(name).cloned().unwrap_or_default(),
            },
            Self::List(items) => items.iter().map(|item| item.fill(values, unpack)).collect(),
            Self::Object(fields) => {
                let there = fields.iter().filter(|(_, form)| !form.is_missing(values));
                Value::Object(there.map(|(name, form)| (name.clone(), form.fill(values, unpack))).collect())
            }
        }
    }

    fn is_missing(&self, values: &Map<String, Value>) -> bool {
        match self {
            Self::Text(text) => text.name().is_some_and(|name| !values.contains_key(name)),
            _ => false,
        }
    }
}

fn unpacked(text: String, unpack: bool) -> Value {
    if unpack && text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
    }
}

fn says_json(http: &HttpSpec) -> bool {
    let kind = http.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    kind.is_none_or(|(_, kind)| kind.to_ascii_lowercase().contains("json"))
}

/// Headers that the connection itself writes.
const OWN: [&str; 6] = ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];
/// Parts of names whose headers carry a secret.
const SECRET: [&str; 11] = [
    "auth",
    "apikey",
    "token",
    "cookie",
    "secret",
    "password",
    "signature",
    "session",
    "credential",
    "bearer",
    "passwd",
];

/// Whether a header of this name carries a secret. `Idempotency-Key` alone ends in a key that is none.
fn carries_secret(name: &str) -> bool {
    let is_key = name.ends_with("key") && name != "idempotency-key";
    is_key || name.contains("api-key") || SECRET.iter().any(|part| name.contains(part))
}

fn headers(http: &HttpSpec) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(http.headers.len());
    for (name, value) in &http.headers {
        let name = header_name(name)?;
        if OWN.contains(&name.as_str()) {
            return Err(format!("The header `{name}` is written by the connection itself. Leave it out."));
        }
        if carries_secret(name.as_str()) {
            return Err(format!(
                "The header `{name}` would carry a secret. Name its key by the provider's `key`, and the header by \
                 `key_header`."
            ));
        }
        let value = HeaderValue::from_str(value).ok().filter(|_| !value.contains("{{"));
        let value =
            value.ok_or_else(|| format!("The value of the header `{name}` is not one that goes out as it stands."))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn key_header(place: Option<&KeyPlace>) -> Result<KeyHeader, String> {
    let Some(place) = place else { return Ok(KeyHeader::Bearer) };
    let name = header_name(&place.header)?;
    if OWN.contains(&name.as_str()) {
        return Err(format!("The header `{name}` is written by the connection itself, and carries no key."));
    }
    Ok(KeyHeader::After(name, place.before.clone()))
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::try_from(name).map_err(|_| format!("`{}` is not the name of a header.", name.escape_debug()))
}

fn read(answer: &HttpAnswer, reply: &RawReply) -> Result<Completion, CallError> {
    if !(200..300).contains(&reply.status) {
        return Err(status_failure(reply));
    }
    let text = match answer {
        HttpAnswer::Text => String::from_utf8_lossy(&reply.body).into_owned(),
        HttpAnswer::Json => match serde_json::from_slice(&reply.body) {
            Ok(value) => written(value),
            Err(_) => String::from_utf8_lossy(&reply.body).into_owned(),
        },
        HttpAnswer::Pointer(pointer) => pointed(pointer, reply)?,
    };
    Ok(Draft { text, ..Draft::default() }.complete(reply))
}

fn pointed(pointer: &str, reply: &RawReply) -> Result<String, CallError> {
    let mut body: Value = serde_json::from_slice(&reply.body).map_err(|error| bad_json(reply, &error))?;
    match body.pointer_mut(pointer).map(Value::take) {
        Some(found) if !found.is_null() => Ok(written(found)),
        _ if body.get("error").is_some_and(|error| !error.is_null()) => Err(inner_failure(reply, &body)),
        _ => Err(protocol(reply, &format!("it has nothing at `{pointer}`"))),
    }
}

fn written(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Message, Params, Role};

    const NASTY: &str = "He said \"no\",\n\t\\ and {{model}} \u{0}é";

    fn request(prompt: &str, params: Params) -> ChatRequest {
        let messages = vec![Message { role: Role::User, content: prompt.to_owned() }];
        ChatRequest { model: "m-1".to_owned(), messages, params, tools: Vec::new(), sample: 0 }
    }

    fn sent(http: &HttpSpec, request: &ChatRequest) -> String {
        let body = Form::new(http).unwrap().body(&values(request), &request.params.extra).unwrap();
        String::from_utf8(body).unwrap()
    }

    fn spec(body: HttpBody) -> HttpSpec {
        HttpSpec { body, ..HttpSpec::default() }
    }

    #[test]
    fn a_prompt_cannot_change_the_form_of_a_body() {
        let body = json!({"q": "Ask: {{prompt}}", "all": ["{{prompt}}", "{{messages}}"], "n": 1, "model": "{{model}}"});
        for body in [HttpBody::Json(body.clone()), HttpBody::UnpackedJson(body)] {
            let sent: Value = serde_json::from_str(&sent(&spec(body), &request(NASTY, Params::default()))).unwrap();
            let messages = json!([{"role": "user", "content": NASTY}]);
            assert_eq!(sent, json!({"q": format!("Ask: {NASTY}"), "all": [NASTY, messages], "n": 1, "model": "m-1"}));
        }
        let text = spec(HttpBody::Text("{\"q\": \"{{prompt}}\", \"p\": {{prompt | dump}}}".to_owned()));
        let sent: Value = serde_json::from_str(&sent(&text, &request(NASTY, Params::default()))).unwrap();
        assert_eq!(sent, json!({"q": NASTY, "p": NASTY}));
    }

    #[test]
    fn parameters_keep_their_type_and_are_left_out_where_they_are_not_set() {
        let names = ["temperature", "top_p", "max_tokens", "stop", "seed"];
        let body: Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), format!("{{{{{name}}}}}").into())).collect();
        let http = spec(HttpBody::Json(json!({ "options": body })));
        let bare = sent(&http, &request("x", Params::default()));
        assert_eq!(bare, "{\"options\":{}}");
        let extra = json!({"options": {"k": 1}, "raw": true}).as_object().unwrap().clone();
        let stop = vec!["a".to_owned()];
        let params =
            Params { temperature: Some(0.5), max_tokens: Some(9), stop, seed: Some(-1), extra, ..Params::default() };
        let full: Value = serde_json::from_str(&sent(&http, &request("x", params))).unwrap();
        let options = json!({"temperature": 0.5, "max_tokens": 9, "stop": ["a"], "seed": -1, "k": 1});
        assert_eq!(full, json!({"options": options, "raw": true}));
    }

    #[test]
    fn a_prompt_that_is_json_is_unpacked_only_where_the_definition_says_so() {
        let check = |prompt: &str, packed: Value, unpacked: Value| {
            let body = json!({"q": "{{prompt}}"});
            let sent = |body| -> Value {
                serde_json::from_str(&sent(&spec(body), &request(prompt, Params::default()))).unwrap()
            };
            assert_eq!(sent(HttpBody::Json(body.clone())), json!({ "q": packed }), "{prompt}");
            assert_eq!(sent(HttpBody::UnpackedJson(body)), json!({ "q": unpacked }), "{prompt}");
        };
        check("[1, {\"a\": 2}]", json!("[1, {\"a\": 2}]"), json!([1, {"a": 2}]));
        check("42", json!("42"), json!("42"));
        check("[not json", json!("[not json"), json!("[not json"));
    }

    #[test]
    fn a_query_is_encoded() {
        let query = [("q".to_owned(), "{{prompt}}".to_owned()), ("v".to_owned(), "1".to_owned())].into();
        let http = HttpSpec { method: HttpMethod::Get, query, ..HttpSpec::default() };
        let form = Form::new(&http).unwrap();
        let url =
            form.url(Url::parse("http://127.0.0.1:1/ask").unwrap(), &values(&request("a&b=c #", Params::default())));
        assert_eq!(url.as_str(), "http://127.0.0.1:1/ask?q=a%26b%3Dc+%23&v=1");
    }

    #[test]
    fn definitions_that_cannot_be_carried_out_are_refused() {
        let header = |name: &str, value: &str| HttpSpec {
            headers: [(name.to_owned(), value.to_owned())].into(),
            ..HttpSpec::default()
        };
        let key = |header: &str| HttpSpec {
            key_header: Some(KeyPlace { header: header.to_owned(), before: String::new() }),
            ..HttpSpec::default()
        };
        let check = |http: &HttpSpec, why: &str| {
            let refused = check_http(http).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        };
        check(&spec(HttpBody::Json(json!({"a": ["{{user}}"]}))), "{{user}}");
        check(&header("Authorization", "Bearer abc"), "would carry a secret");
        check(&header("X-Api-Key", "abc"), "would carry a secret");
        check(&header("Ocp-Apim-Subscription-Key", "abc"), "would carry a secret");
        check(&header("X-Session", "abc"), "would carry a secret");
        check(&header("Host", "evil.example"), "the connection itself");
        check(&header("a b", "c"), "not the name of a header");
        check(&header("x-a", "b\r\nx-c: d"), "goes out as it stands");
        check(&header("x-a", "{{env.KEY}}"), "goes out as it stands");
        check(&key("content-length"), "carries no key");
        check(&HttpSpec { answer: HttpAnswer::Pointer("a.b".to_owned()), ..HttpSpec::default() }, "JSON Pointer");
        check(&HttpSpec { method: HttpMethod::Get, ..spec(HttpBody::Text("x".to_owned())) }, "no body");
        assert_eq!(check_http(&header("x-version", "1")), Ok(()));
        assert_eq!(check_http(&key("x-team-key")), Ok(()));
    }

    #[test]
    fn answers_are_found_where_the_definition_says() {
        let reply = |body: &str| RawReply { status: 200, body: body.as_bytes().to_vec(), ..RawReply::default() };
        let text = |answer: HttpAnswer, body: &str| read(&answer, &reply(body)).unwrap().text;
        let at = |pointer: &str| HttpAnswer::Pointer(pointer.to_owned());
        assert_eq!(text(HttpAnswer::Text, " {\"a\": 1} "), " {\"a\": 1} ");
        assert_eq!(text(HttpAnswer::Json, " {\"b\": 1, \"a\": \"x\"} "), "{\"b\":1,\"a\":\"x\"}");
        assert_eq!(text(HttpAnswer::Json, "\"a\\nb\""), "a\nb");
        assert_eq!(text(HttpAnswer::Json, "not json"), "not json");
        assert_eq!(text(at("/a/0/b"), "{\"a\": [{\"b\": \"x\"}]}"), "x");
        assert_eq!(text(at("/a"), "{\"a\": [1, 2]}"), "[1,2]");
        assert_eq!(text(at("/a"), "{\"a\": \"\"}"), "");
        let fault = |body: &str| read(&at("/a"), &reply(body)).unwrap_err().fault;
        assert_eq!(fault("{\"b\": 1}"), Fault::Protocol);
        assert_eq!(fault("{\"a\": null}"), Fault::Protocol);
        assert_eq!(fault("<html>"), Fault::Protocol);
        assert_eq!(fault("{\"a\": "), Fault::Disconnected);
        assert_eq!(fault("{\"error\": {\"code\": \"rate_limit_exceeded\"}}"), Fault::RateLimited);
    }
}
