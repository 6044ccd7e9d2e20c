//! An API by a definition, against a server that behaves and one that does not.

use std::sync::Arc;

use serde_json::{Value, json};
use strata::domain::{
    Api, ChatRequest, Fault, HttpAnswer, HttpBody, HttpMethod, HttpSpec, KeyPlace, Message, Params, ProviderSpec, Role,
    SecretRef, Timeouts,
};
use strata::provider::{ConnectOptions, Provider, capability, connect};

use super::faults::timeouts;
use super::{KEY, OneKey, ask, request};
use crate::support::faults::{broken_connections, hints, sizes, statuses, words_of_statuses};
use crate::support::server::ANSWER;
use crate::support::{Misdeed, Plan, Server, Wire};

/// The test server's own answers, as an API that nobody knows would be described.
fn definition() -> HttpSpec {
    HttpSpec {
        headers: [("x-version".to_owned(), "7".to_owned())].into(),
        key_header: Some(KeyPlace { header: "x-team-auth".to_owned(), before: "Token ".to_owned() }),
        body: HttpBody::Json(json!({"ask": {"text": "{{prompt}}", "as": "{{model}}"}, "t": "{{temperature}}"})),
        answer: HttpAnswer::Pointer("/choices/0/message/content".to_owned()),
        ..HttpSpec::default()
    }
}

fn spec(http: HttpSpec, url: &str) -> ProviderSpec {
    ProviderSpec {
        api: Api::Http(Box::new(http)),
        base_url: Some(format!("{url}/x/chat/completions")),
        key: Some(SecretRef::Env("TEST_KEY".to_owned())),
        concurrency: 8,
        note: String::new(),
    }
}

fn provider(http: HttpSpec, url: &str, timeouts: Timeouts) -> Arc<dyn Provider> {
    let spec = spec(http, url);
    let allowed = capability(&spec).into_iter().collect();
    connect(&spec, &ConnectOptions { timeouts, allowed, script: None }, Arc::new(OneKey)).unwrap()
}

#[tokio::test]
async fn what_the_definition_says_goes_out_and_the_answer_comes_back() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    let http = HttpSpec { query: [("lang".to_owned(), "é & {{model}}".to_owned())].into(), ..definition() };
    let provider = provider(http, &server.url(), Timeouts::default());
    let prompt = "\"}], {{model}}\n\\ é";
    let mut request = request(false);
    request.messages = vec![Message { role: Role::User, content: prompt.to_owned() }];
    let answer = ask(&*provider, &request).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage, answer.request_id.as_deref()), (ANSWER, None, Some("req_1")));
    assert!(answer.latency_ms > 0.0);

    let seen = server.seen().remove(0);
    assert_eq!(seen.path, "/x/chat/completions?lang=%C3%A9+%26+loopback");
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body, json!({"ask": {"text": prompt, "as": "loopback"}}));
    assert_eq!(seen.header("x-team-auth"), Some(format!("Token {KEY}").as_str()));
    assert_eq!((seen.header("x-version"), seen.header("authorization")), (Some("7"), None));
    assert_eq!(seen.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn texts_and_requests_without_a_body_are_sent_as_well() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    let form = HttpSpec {
        headers: [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())].into(),
        key_header: None,
        body: HttpBody::Text("q={{prompt | urlencode}}&m={{model}}".to_owned()),
        answer: HttpAnswer::Text,
        ..definition()
    };
    let answer = ask(&*provider(form, &server.url(), Timeouts::default()), &request(false)).await.unwrap();
    assert!(answer.text.starts_with('{') && answer.text.contains(ANSWER), "{}", answer.text);
    let get = HttpSpec { method: HttpMethod::Get, body: HttpBody::Empty, ..definition() };
    let answer = ask(&*provider(get, &server.url(), Timeouts::default()), &request(false)).await.unwrap();
    assert_eq!(answer.text, ANSWER);

    let seen = server.seen();
    assert_eq!(seen[0].body, b"q=What%20is%20two%20and%20two%3F&m=loopback");
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(seen[1].body.is_empty());
}

#[tokio::test]
async fn faults_have_the_classes_that_other_formats_have() {
    let rows = [broken_connections(), sizes(), statuses(), words_of_statuses(), hints()].concat();
    let mut asked = 0;
    for row in rows.into_iter().filter(|row| row.wires.contains(&Wire::OpenAi)) {
        let timeouts = timeouts(&row);
        let server = Server::start(Plan::always(row.misdeed.clone()));
        let outcome = ask(&*provider(definition(), &server.url(), timeouts), &request(false)).await;
        let ended = outcome.as_ref().map_or_else(|error| error.fault.word(), |_| "answered");
        assert_eq!(ended, row.end(false).class, "{}: {outcome:?}", row.name);
        asked += 1;
    }
    assert!(asked > 20, "only {asked} rows were tried");
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_erased() {
    let told = format!("{{\"you_sent\": \"Token {KEY}\"}}");
    let misdeed = Misdeed::Body { kind: "application/json", body: told.into_bytes() };
    let server = Server::start(Plan::always(misdeed));
    let http = HttpSpec { answer: HttpAnswer::Json, ..definition() };
    let answer = ask(&*provider(http, &server.url(), Timeouts::default()), &request(false)).await.unwrap();
    assert_eq!(answer.text, "{\"you_sent\":\"Token [key]\"}");
}

#[tokio::test]
async fn a_definition_opens_no_way_around_the_users_agreement() {
    let refusal = |http: HttpSpec, agreed: bool| {
        let spec = spec(http, "http://127.0.0.1:9");
        let allowed = capability(&spec).into_iter().filter(|_| agreed).collect();
        let error = connect(&spec, &ConnectOptions { allowed, ..ConnectOptions::default() }, Arc::new(OneKey)).err()?;
        assert_eq!(error.fault, Fault::Refused);
        Some(error.message)
    };
    assert_eq!(refusal(definition(), true), None);
    assert!(refusal(definition(), false).unwrap().contains("not trusted"));
    let secret = HttpSpec { headers: [("x-api-key".to_owned(), "abc".to_owned())].into(), ..definition() };
    assert!(refusal(secret, true).unwrap().contains("would carry a secret"));
    let unknown = HttpSpec { body: HttpBody::Text("{{env.HOME}}".to_owned()), ..definition() };
    assert!(refusal(unknown, true).unwrap().contains("env.HOME"));
}

#[tokio::test]
async fn it_has_no_vectors() {
    let provider = provider(definition(), "http://127.0.0.1:9", Timeouts::default());
    let request = ChatRequest { params: Params::default(), ..request(false) };
    let texts = [request.messages[0].content.clone()];
    assert_eq!(provider.embed("m", &texts).await.unwrap_err().fault, Fault::BadRequest);
}
