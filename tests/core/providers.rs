//! Every wire format, whole and streaming, against a server that behaves and one that does not.

mod custom;
mod faults;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use strata::domain::{
    Api, CallError, ChatRequest, Completion, Fault, FinishReason, Label, Message, Params, Phase, ProviderSpec, Role,
    SecretRef, Timeouts,
};
use strata::provider::{ConnectOptions, KeyError, KeyStore, Provider, capability, connect};

use crate::support::process::serve_if_asked;
use crate::support::server::{ANSWER, Seen};
use crate::support::wire::{INPUT_TOKENS, MODEL, OUTPUT_TOKENS};
use crate::support::{Misdeed, Orders, Plan, Server, ServerProcess, Wire};

const KEY: &str = "key-0123456789abcdef";

struct OneKey;

impl KeyStore for OneKey {
    fn read(&self, _: &SecretRef) -> Result<SecretString, KeyError> {
        Ok(SecretString::from(KEY))
    }
}

fn spec(wire: Wire, url: &str) -> ProviderSpec {
    let api = match wire {
        Wire::OpenAi => Api::OpenAi,
        Wire::Anthropic => Api::Anthropic,
        Wire::Gemini => Api::Gemini,
        Wire::Ollama => Api::Ollama,
    };
    ProviderSpec {
        api,
        base_url: Some(url.to_owned()),
        key: Some(SecretRef::Env("TEST_KEY".to_owned())),
        concurrency: 8,
        note: String::new(),
    }
}

fn provider(wire: Wire, url: &str, timeouts: Timeouts) -> Arc<dyn Provider> {
    let spec = spec(wire, url);
    let allowed = capability(&spec).into_iter().collect();
    connect(&spec, &ConnectOptions { timeouts, allowed, script: None }, Arc::new(OneKey)).unwrap()
}

fn request(stream: bool) -> ChatRequest {
    ChatRequest {
        model: "loopback".to_owned(),
        messages: vec![Message { role: Role::User, content: "What is two and two?".to_owned() }],
        params: Params { stream, ..Params::default() },
        tools: Vec::new(),
        sample: 0,
    }
}

async fn ask(provider: &dyn Provider, request: &ChatRequest) -> Result<Completion, CallError> {
    let reply = provider.exchange(request, &|_| {}).await?;
    provider.read(request, &reply)
}

#[tokio::test]
async fn three_formats_have_vectors_in_the_order_of_their_texts() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    let texts = ["apple".to_owned(), "why".to_owned()];
    for wire in Wire::ALL {
        let provider = provider(wire, &server.url(), Timeouts::default());
        let embedded = provider.embed("loopback", &texts).await;
        if wire == Wire::Anthropic {
            assert_eq!(embedded.unwrap_err().fault, Fault::BadRequest);
            continue;
        }
        let embedded = embedded.unwrap();
        assert_eq!(embedded.vectors, [[5.0, 2.0], [3.0, 0.0]], "{wire:?}");
        let counted = embedded.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
        assert_eq!(counted, (wire != Wire::Gemini).then_some((INPUT_TOKENS, 0)), "{wire:?}");
    }
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/embeddings", "/v1beta/models/loopback:batchEmbedContents", "/api/embed"]);
    let key = |seen: &Seen| seen.header("authorization").or_else(|| seen.header("x-goog-api-key")).map(str::to_owned);
    assert!(seen.iter().all(|seen| key(seen).is_some_and(|key| key.ends_with(KEY))), "the key of the chat travels");
}

#[tokio::test]
async fn vectors_that_cannot_be_used_are_no_answer() {
    let check = async |misdeed: Misdeed, expect: Fault| {
        let server = Server::start(Plan::always(misdeed));
        for wire in [Wire::OpenAi, Wire::Gemini, Wire::Ollama] {
            let provider = provider(wire, &server.url(), Timeouts::default());
            let error = provider.embed("loopback", &["apple".to_owned()]).await.unwrap_err();
            assert_eq!(error.fault, expect, "{wire:?}: {}", error.message);
        }
    };
    check(Misdeed::LengthTooLong, Fault::Disconnected).await;
    check(Misdeed::told(429, "rate_limit_error", "Slower."), Fault::RateLimited).await;
    for body in [r#"{"data":[],"embeddings":[]}"#, r#"{"data":[{"embedding":[]}],"embeddings":[[]]}"#] {
        let body = body.as_bytes().to_vec();
        let server = Server::start(Plan::always(Misdeed::Body { kind: "application/json", body: body.clone() }));
        for wire in [Wire::OpenAi, Wire::Ollama] {
            let provider = provider(wire, &server.url(), Timeouts::default());
            let error = provider.embed("loopback", &["apple".to_owned()]).await.unwrap_err();
            assert_eq!(error.fault, Fault::Protocol, "{wire:?} {}", String::from_utf8_lossy(&body));
        }
    }
}

fn of_api(api: Api, url: &str) -> Arc<dyn Provider> {
    let spec = ProviderSpec { api, ..spec(Wire::OpenAi, url) };
    let allowed = capability(&spec).into_iter().collect();
    connect(&spec, &ConnectOptions { allowed, ..ConnectOptions::default() }, Arc::new(OneKey)).unwrap()
}

#[tokio::test]
async fn moderation_and_classifiers_give_labels_and_other_formats_say_that_they_have_none() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    let label = |name: &str, score, flagged| Label { name: name.into(), score, flagged };
    let moderated = of_api(Api::OpenAi, &server.url()).label("omni-moderation-latest", "kill").await;
    assert_eq!(moderated, Ok(vec![label("hate", 0.0, Some(false)), label("violence", 0.9, Some(true))]));
    let classified = of_api(Api::HuggingFace, &server.url()).label("team/moods", "aeix").await;
    assert_eq!(classified, Ok(vec![label("joy", 0.75, None), label("anger", 0.25, None)]));
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.path.as_str()).collect::<Vec<_>>(), ["/moderations", "/models/team/moods"]);
    let bearer = format!("Bearer {KEY}");
    assert!(
        seen.iter().all(|seen| seen.header("authorization") == Some(bearer.as_str())),
        "the key of the chat travels"
    );
    for api in [Api::Anthropic, Api::Gemini, Api::Ollama] {
        assert_eq!(of_api(api, &server.url()).label("m", "a").await.unwrap_err().fault, Fault::BadRequest);
    }
    let hugging_face = of_api(Api::HuggingFace, &server.url());
    assert_eq!(hugging_face.exchange(&request(false), &|_| {}).await.unwrap_err().fault, Fault::BadRequest);
    for wrong in ["../keys", "a//b", "a?b", ""] {
        assert_eq!(hugging_face.label(wrong, "a").await.unwrap_err().fault, Fault::BadRequest, "{wrong}");
    }
    assert_eq!(server.requests(), 2, "what cannot be asked is not sent");
}

#[tokio::test]
async fn labels_that_cannot_be_used_are_no_answer() {
    let check = async |api: Api, body: &'static str, expect: Fault| {
        let misdeed = Misdeed::Body { kind: "application/json", body: body.as_bytes().to_vec() };
        let server = Server::start(Plan::always(misdeed));
        let error = of_api(api, &server.url()).label("m", "a").await.unwrap_err();
        assert_eq!(error.fault, expect, "{body}: {}", error.message);
    };
    check(Api::OpenAi, r#"{"results": []}"#, Fault::Protocol).await;
    check(Api::OpenAi, r#"{"results": [{"flagged": false, "categories": {}}]}"#, Fault::Protocol).await;
    check(Api::OpenAi, r#"{"results": [{"categories": {}}]}"#, Fault::Protocol).await;
    let plain = r#"{"results": [{"flagged": true, "categories": {"hate": true, "x": null}}]}"#;
    let misdeed = Misdeed::Body { kind: "application/json", body: plain.as_bytes().to_vec() };
    let server = Server::start(Plan::always(misdeed));
    let labels = of_api(Api::OpenAi, &server.url()).label("m", "a").await.unwrap();
    let flags: Vec<_> = labels.iter().map(|label| (label.name.as_str(), label.score, label.flagged)).collect();
    assert_eq!(flags, [("hate", 1.0, Some(true)), ("x", 0.0, Some(false))], "a category may be null, scores may lack");
}

#[tokio::test]
async fn every_format_answers_whole_and_streaming() {
    let server = Server::start(Plan::default());
    for wire in Wire::ALL {
        let provider = provider(wire, &server.url(), Timeouts::default());
        for stream in [false, true] {
            let (request, heard) = (request(stream), Mutex::new(String::new()));
            let reply = provider.exchange(&request, &|text| heard.lock().unwrap().push_str(text)).await.unwrap();
            let answer = provider.read(&request, &reply).unwrap();
            assert_eq!((answer.text.as_str(), &answer.finish), (ANSWER, &FinishReason::Stop), "{wire:?} {stream}");
            let usage = answer.usage.unwrap();
            assert_eq!((usage.input_tokens, usage.output_tokens), (INPUT_TOKENS, OUTPUT_TOKENS), "{wire:?} {stream}");
            assert_eq!(usage.cached_tokens, if wire == Wire::Ollama { 0 } else { 3 }, "{wire:?} {stream}");
            assert_eq!((answer.model.as_deref(), answer.request_id.as_deref()), (Some(MODEL), Some("req_1")));
            assert_eq!(heard.into_inner().unwrap(), if stream { ANSWER } else { "" }, "{wire:?}");
            assert_eq!(answer.first_token_ms.is_some(), stream, "{wire:?}");
            assert!(answer.first_token_ms.unwrap_or_default() <= answer.latency_ms && answer.latency_ms > 0.0);
        }
    }
    assert_eq!(server.connections(), 4, "each endpoint keeps one connection alive");
}

#[tokio::test]
async fn keys_travel_in_headers_and_addresses_are_the_vendors_own() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    for wire in Wire::ALL {
        let provider = provider(wire, &server.url(), Timeouts::default());
        for stream in [false, true] {
            ask(&*provider, &request(stream)).await.unwrap();
        }
    }
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/chat/completions",
            "/chat/completions",
            "/v1/messages",
            "/v1/messages",
            "/v1beta/models/loopback:generateContent",
            "/v1beta/models/loopback:streamGenerateContent?alt=sse",
            "/api/chat",
            "/api/chat",
        ]
    );
    let keys = [
        ("authorization", format!("Bearer {KEY}")),
        ("x-api-key", KEY.to_owned()),
        ("x-goog-api-key", KEY.to_owned()),
        ("authorization", format!("Bearer {KEY}")),
    ];
    for (seen, (name, value)) in seen.iter().step_by(2).zip(&keys) {
        assert_eq!(seen.header(name), Some(value.as_str()), "{}", seen.path);
        let agent = concat!("strata/", env!("CARGO_PKG_VERSION"));
        assert_eq!((seen.header("user-agent"), seen.header("content-type")), (Some(agent), Some("application/json")));
    }
}

#[tokio::test]
async fn first_tokens_are_timed_as_they_come() {
    let server = Server::start(Plan { pace: Duration::from_millis(10), ..Plan::default() });
    for wire in Wire::ALL {
        let answer = ask(&*provider(wire, &server.url(), Timeouts::default()), &request(true)).await.unwrap();
        let first = answer.first_token_ms.unwrap();
        // Eight further words come 10 ms apart at the least.
        assert!(answer.latency_ms - first >= 80.0, "{wire:?}: {first} of {}", answer.latency_ms);
    }
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_erased() {
    for status in [200, 401] {
        let server = Server::start(Plan::always(Misdeed::EchoKey(status)));
        for wire in Wire::ALL {
            let (provider, request) = (provider(wire, &server.url(), Timeouts::default()), request(false));
            let reply = provider.exchange(&request, &|_| {}).await.unwrap();
            assert!(!String::from_utf8_lossy(&reply.body).contains(KEY), "{wire:?} {status}");
            match provider.read(&request, &reply) {
                Ok(answer) => assert!(answer.text.contains("[key]"), "{}", answer.text),
                Err(error) => assert_eq!(error.fault, Fault::Auth),
            }
        }
    }
}

#[tokio::test]
async fn only_headers_that_are_read_are_kept() {
    let status = Misdeed::status(503)
        .with_header("set-cookie", "session=1")
        .with_header("x-ratelimit-remaining-tokens", "7")
        .with_header("anthropic-ratelimit-requests-limit", "8")
        .with_header("server", "x");
    let server = Server::start(Plan::always(status));
    let reply =
        provider(Wire::OpenAi, &server.url(), Timeouts::default()).exchange(&request(false), &|_| {}).await.unwrap();
    let names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["content-type", "x-request-id", "x-ratelimit-remaining-tokens", "anthropic-ratelimit-requests-limit"]
    );
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let server = Server::start(Plan::always(Misdeed::Silence));
    let provider = provider(Wire::OpenAi, &server.url(), Timeouts::default());
    let request = request(false);
    let mut call = provider.exchange(&request, &|_| {});
    // Poll the call until the server has it.
    while server.requests() == 0 {
        let _ = tokio::time::timeout(Duration::from_millis(1), &mut call).await;
    }
    assert_eq!(server.open_connections(), 1);
    drop(call);
    let closed = async {
        while server.open_connections() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("the socket is closed");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_by_its_cause() {
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let fault = async |url: String| {
        let spec = spec(Wire::OpenAi, &url);
        let options = ConnectOptions { allowed: capability(&spec).into_iter().collect(), ..ConnectOptions::default() };
        match connect(&spec, &options, Arc::new(OneKey)) {
            Ok(provider) => ask(&*provider, &request(false)).await.unwrap_err(),
            Err(error) => error,
        }
    };
    assert_eq!(fault(format!("http://{gone}")).await.fault, Fault::Connect);
    assert_eq!(fault("http://no-such-host.localhost.invalid".to_owned()).await.fault, Fault::Refused);
    // A server that speaks plain HTTP where TLS is expected.
    let plain = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 1024]);
    });
    let error = fault(format!("https://{address}")).await;
    assert_eq!(error.fault, Fault::Tls, "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_trickles_is_given_up() {
    let server = Server::here(Plan::always(Misdeed::Trickle));
    let timeouts = Timeouts { total_ms: 600_000, ..Timeouts::default() };
    let provider = provider(Wire::OpenAi, &server.url(), timeouts);
    let whole = ask(&*provider, &request(false)).await.unwrap_err();
    assert_eq!(whole.fault, Fault::Stalled, "{}", whole.message);
    assert!(!whole.partial.is_empty());
    // Each complete event shows that a stream lives, so the total limit ends it.
    let stream = ask(&*provider, &request(true)).await.unwrap_err();
    assert!(matches!(stream.fault, Fault::Stalled | Fault::Timeout(Phase::Total)), "{}", stream.message);
}

#[tokio::test]
async fn requests_are_counted_by_their_bodies() {
    let server = Server::start(Plan::first(vec![Misdeed::status(500)]));
    let provider = provider(Wire::OpenAi, &server.url(), Timeouts::default());
    let other = ChatRequest { model: "other".to_owned(), ..request(false) };
    assert_eq!(ask(&*provider, &request(false)).await.unwrap_err().fault, Fault::Server);
    assert_eq!(ask(&*provider, &request(false)).await.unwrap().text, ANSWER);
    assert_eq!(ask(&*provider, &other).await.unwrap_err().fault, Fault::Server);
    assert_eq!(server.repeats(), [(1, 1), (2, 1)]);
}

#[tokio::test]
async fn a_server_runs_in_a_process_of_its_own() {
    let process = ServerProcess::start(Orders::default(), &["--exact", "providers::the_server_process", "--nocapture"]);
    let provider = provider(Wire::Gemini, &process.url(), Timeouts::default());
    assert_eq!(ask(&*provider, &request(true)).await.unwrap().text, ANSWER);
}

/// Started again by the test above, this is the server; otherwise it does nothing.
#[test]
fn the_server_process() {
    serve_if_asked();
}

#[tokio::test]
async fn answers_can_depend_on_the_request() {
    let plan = Plan::answering(|body| format!("{} bytes", body.len()));
    let server = Server::start(plan);
    let reply =
        provider(Wire::OpenAi, &server.url(), Timeouts::default()).exchange(&request(false), &|_| {}).await.unwrap();
    assert!(String::from_utf8_lossy(&reply.body).contains("bytes"));
}
