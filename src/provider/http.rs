//! Sends a request over HTTP and takes in what comes back, within limits of time and size.
//!
//! Nothing is retried, no redirect is followed, and no certificate check can be switched off. What comes back is bytes:
//! whether they are an answer is for the wire formats to say.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, Request, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::keys::KeyStore;
use super::redact::{erase, redact};
use super::room::{Body, Held, ROOM, Received};
use super::sse::{Decoder, Event, Framing};
use super::watchdog::{Watchdog, millis, timeout};
use super::within::stand_still;
use super::{OnText, address};
use crate::domain::{CallError, Fault, Phase, RawReply, SecretRef, Timeouts};

/// The most bytes of an answer, unpacked.
pub const BODY_CAP: usize = 32 << 20;
/// The most bytes of an answer's head.
pub const HEAD_CAP: usize = 64 << 10;

/// How a key travels.
#[derive(Debug, Clone)]
pub(super) enum KeyHeader {
    /// `authorization: Bearer …`
    Bearer,
    Named(HeaderName),
    /// The text, with its blank, and then the key.
    After(HeaderName, String),
}

/// What one event of a stream brings, found with as little work as possible.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    /// The model has begun to write: text, reasoning or a tool call.
    pub token: bool,
    pub text: Option<Cow<'a, str>>,
}

/// How a wire format streams.
#[derive(Clone, Copy)]
pub(super) struct Streaming {
    pub framing: Framing,
    pub piece: for<'a> fn(Event<'a>) -> Piece<'a>,
}

/// An address with its connections and its key.
pub(super) struct Endpoint {
    client: Client,
    base: Url,
    key: Option<(SecretRef, KeyHeader)>,
    keys: Arc<dyn KeyStore>,
    timeouts: Timeouts,
    headers: HeaderMap,
    method: Method,
}

impl Endpoint {
    /// # Errors
    /// The TLS of this machine cannot be set up (no root certificates).
    pub fn new(
        base: Url,
        key: Option<(SecretRef, KeyHeader)>,
        keys: Arc<dyn KeyStore>,
        timeouts: Timeouts,
    ) -> Result<Self, CallError> {
        let client = client(&base, &timeouts)?;
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { client, base, key, keys, timeouts, headers, method: Method::POST })
    }

    /// A header that goes with every request.
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sends with this method, and with these headers over those that it has.
    pub fn with_request(mut self, method: Method, headers: HeaderMap) -> Self {
        self.method = method;
        self.headers.extend(headers);
        self
    }

    /// The base URL, as it is.
    pub fn base(&self) -> Url {
        self.base.clone()
    }

    pub fn url(&self, path: &str) -> Url {
        address::join(&self.base, path)
    }

    /// As [`Endpoint::url`], below `version` where the base URL has no path of its own.
    pub fn url_under(&self, version: &str, path: &str) -> Url {
        if self.base.path() == "/" { self.url(&format!("{version}{path}")) } else { self.url(path) }
    }

    /// Whether this is the given host, over https.
    pub fn is_host(&self, host: &str) -> bool {
        self.base.scheme() == "https" && self.base.host_str() == Some(host)
    }

    /// Sends a body, as JSON where no other header says so. Where a `stream` was asked for, each piece of its text is told as it arrives.
    ///
    /// # Errors
    /// Everything that keeps a whole reply from being there. An error status is a reply.
    pub async fn post(
        &self,
        url: Url,
        body: Vec<u8>,
        stream: Option<Streaming>,
        on_text: OnText<'_>,
    ) -> Result<Received, CallError> {
        let secret = self.secret().await?;
        let mut outcome = self.exchange(url, body, secret.as_ref(), stream, on_text).await;
        if let Some(secret) = secret {
            // A server that repeats the key must not bring it into the record.
            match &mut outcome {
                Ok((reply, _)) => erase(&mut reply.body, secret.expose_secret()),
                Err(error) => erase(&mut error.partial, secret.expose_secret()),
            }
        }
        if let Err(error) = &mut outcome {
            // It waits for its record beside others, of which each may have come to the cap.
            error.partial.truncate(KEPT_OF_CUT);
            error.partial.shrink_to_fit();
        }
        outcome.map(|(reply, room)| Received::new(reply, room))
    }

    async fn secret(&self) -> Result<Option<SecretString>, CallError> {
        let read = match &self.key {
            None => return Ok(None),
            Some((key @ SecretRef::Env(_), _)) => self.keys.read(key),
            Some((key @ SecretRef::Keyring(_), _)) => {
                // A keyring may wait for a person, so it may not hold up a thread that drives other calls.
                let (keys, key) = (self.keys.clone(), key.clone());
                match tokio::task::spawn_blocking(move || keys.read(&key)).await {
                    Ok(read) => read,
                    Err(error) => return Err(CallError::new(Fault::Internal, format!("The keyring failed: {error}."))),
                }
            }
        };
        read.map(Some).map_err(|error| CallError::new(Fault::Refused, error.0))
    }

    fn request(
        &self,
        url: Url,
        body: Vec<u8>,
        secret: Option<&SecretString>,
        sent: &Arc<OnceLock<Instant>>,
    ) -> Result<Request, CallError> {
        let mut headers = self.headers.clone();
        if let (Some(secret), Some((_, header))) = (secret, &self.key) {
            let (name, value) = match header {
                KeyHeader::Bearer => {
                    (AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", secret.expose_secret())))
                }
                KeyHeader::Named(name) => (name.clone(), HeaderValue::from_str(secret.expose_secret())),
                KeyHeader::After(name, before) => {
                    (name.clone(), HeaderValue::try_from(format!("{before}{}", secret.expose_secret())))
                }
            };
            let mut value = value.map_err(|_| {
                CallError::new(Fault::Refused, "The key holds characters that no key has. Store it again.")
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        // The body is asked for when a connection is there and the head is being written: the moment of sending.
        let sent = sent.clone();
        let once = futures_util::stream::once(async move {
            let _ = sent.set(Instant::now());
            Ok::<_, Infallible>(body)
        });
        let mut request = Request::new(self.method.clone(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(reqwest::Body::wrap_stream(once));
        Ok(request)
    }

    async fn exchange(
        &self,
        url: Url,
        body: Vec<u8>,
        secret: Option<&SecretString>,
        stream: Option<Streaming>,
        on_text: OnText<'_>,
    ) -> Result<(RawReply, Held<'static>), CallError> {
        let sent = Arc::new(OnceLock::new());
        let sending = self.client.execute(self.request(url, body, secret, &sent)?);
        tokio::pin!(sending);
        let mut dog = Watchdog::start(&self.timeouts, Instant::now());
        let timer = tokio::time::sleep_until(dog.next());
        tokio::pin!(timer);

        let mut response = loop {
            tokio::select! {
                biased;
                outcome = &mut sending => break outcome.map_err(|error| sending_fault(error, sent.get().is_some()))?,
                () = &mut timer => {
                    match sent.get() {
                        Some(at) => dog.sent(*at),
                        // The connection has a limit of its own.
                        None => dog.sent(Instant::now()),
                    }
                    dog.check(Instant::now())?;
                    timer.as_mut().reset(dog.next());
                }
            }
        };
        let mut begun = sent.get().copied().unwrap_or_else(Instant::now);
        dog.head(Instant::now());
        // The limits of reading may be shorter than what was left of the wait for the head.
        timer.as_mut().reset(dog.next());
        refuse_head(&response)?;
        let mut reply = RawReply {
            status: response.status().as_u16(),
            headers: kept_headers(response.headers()),
            ..RawReply::default()
        };
        let streaming = stream.filter(|stream| is_stream(&reply, *stream));
        reply.streamed = streaming.is_some();
        let mut body = ROOM.body(response.content_length());
        let mut live = streaming.map(|stream| Live { decoder: Decoder::new(stream.framing), piece: stream.piece });

        loop {
            let chunk = tokio::select! {
                biased;
                chunk = response.chunk() => match chunk {
                    Ok(chunk) => chunk,
                    Err(error) => return Err(with_partial(reading_fault(error), &reply, body)),
                },
                () = &mut timer => {
                    if let Err(error) = dog.check(Instant::now()) {
                        return Err(with_partial(error, &reply, body));
                    }
                    timer.as_mut().reset(dog.next());
                    continue;
                }
            };
            let Some(chunk) = chunk else { break };
            let length = body.len() + chunk.len();
            if length > BODY_CAP {
                return Err(body_too_large(reply.status));
            }
            let needed = length + live.as_ref().map_or(0, |live| live.decoder.kept());
            if !body.has_room(needed) {
                // The server does not answer later because nobody reads here.
                begun += room_for(needed, &mut body, &mut dog).await;
                timer.as_mut().reset(dog.next());
            }
            let now = Instant::now();
            let mut alive = false;
            if let Some(live) = &mut live {
                let signs = live.decoder.signs_of_life();
                let told = |error| CallError { status: Some(reply.status), ..error };
                let token = live.take(&chunk, on_text).map_err(told)?;
                alive = live.decoder.signs_of_life() > signs;
                if token && reply.first_token_ms.is_none() {
                    reply.first_token_ms = Some(ms_between(begun, now));
                }
            }
            dog.chunk(now, chunk.len(), alive);
            body.push(&chunk);
        }
        reply.latency_ms = ms_between(begun, Instant::now());
        let (body, room) = body.join();
        Ok((RawReply { body, ..reply }, room))
    }
}

/// Waits until a body may have so many bytes; how long that took. Meanwhile nothing is read, so that the server cannot be
/// too slow, and no time of the call runs: room comes when other answers are on record, and one that was given up for
/// that would be paid twice.
async fn room_for(length: usize, body: &mut Body<'_>, dog: &mut Watchdog) -> Duration {
    let asked = Instant::now();
    let still = stand_still();
    body.grow(length).await;
    drop(still);
    let now = Instant::now();
    dog.goes_on(now, now - asked);
    now - asked
}

/// Looks into a stream while it arrives.
struct Live {
    decoder: Decoder,
    piece: for<'a> fn(Event<'a>) -> Piece<'a>,
}

impl Live {
    /// Whether the chunk brought something that the model wrote.
    fn take(&mut self, chunk: &[u8], on_text: OnText<'_>) -> Result<bool, CallError> {
        let (piece, mut token) = (self.piece, false);
        let mut on_event = |event: Event<'_>| {
            let piece = piece(event);
            token |= piece.token;
            if let Some(text) = piece.text.as_deref().filter(|text| !text.is_empty()) {
                token = true;
                on_text(text);
            }
        };
        match self.decoder.push(chunk, &mut on_event) {
            Ok(()) => Ok(token),
            Err(error) => Err(CallError::new(Fault::TooLarge, format!("The answer was given up: {error}."))),
        }
    }
}

fn client(base: &Url, timeouts: &Timeouts) -> Result<Client, CallError> {
    static CRYPTO: Once = Once::new();
    CRYPTO.call_once(|| {
        // Whoever was first stays: the provider is a matter of the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = Client::builder()
        .user_agent(concat!("strata/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(millis(timeouts.connect_ms))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .http1_max_headers(128)
        .pool_idle_timeout(Duration::from_secs(30))
        .tcp_nodelay(true);
    if base.scheme() == "https" {
        builder = builder.https_only(true);
    } else {
        // Plain http goes straight to its host, without a proxy and without certificates.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let reason = reason(&error.without_url());
        CallError::new(Fault::Tls, format!("Secure connections cannot be set up on this machine: {reason}."))
    })
}

fn sending_fault(error: reqwest::Error, sent: bool) -> CallError {
    // The origin holds no secret; the rest of an address may.
    let place = error.url().map_or("the provider".to_owned(), |url| url.origin().ascii_serialization());
    let error = error.without_url();
    let why = reason(&error);
    if error.is_connect() && error.is_timeout() {
        return timeout(Phase::Connect);
    }
    if !sent {
        if let Some(tls) = chain(&error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            let message =
                format!("The server's certificate or handshake cannot be trusted: {}.", redact(&tls.to_string()));
            return CallError::new(Fault::Tls, message);
        }
        return CallError::new(Fault::Connect, format!("No connection to {place}: {why}."));
    }
    if error.is_timeout() {
        return timeout(Phase::Total);
    }
    let parse = chain(&error).filter_map(|cause| cause.downcast_ref::<hyper::Error>()).find(|error| error.is_parse());
    if let Some(parse) = parse {
        if parse.to_string().contains("too large") {
            return CallError::new(Fault::TooLarge, "The head of the answer is too large.");
        }
        return CallError::new(Fault::Protocol, format!("The answer is not HTTP: {why}."));
    }
    CallError::new(Fault::Disconnected, format!("The connection broke before an answer came: {why}."))
}

fn reading_fault(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    let why = reason(&error);
    // A broken connection is hyper's error; else the bytes were there and could not be unpacked.
    if chain(&error).any(<dyn Error>::is::<hyper::Error>) {
        CallError::new(Fault::Disconnected, format!("The connection broke in the middle of the answer: {why}."))
    } else {
        CallError::new(Fault::Protocol, format!("The answer cannot be unpacked: {why}."))
    }
}

/// Refuses what the head alone shows to be of no use, before anything of the body is read.
fn refuse_head(response: &Response) -> Result<(), CallError> {
    let status = response.status();
    let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > HEAD_CAP {
        let message = format!("The head of the answer is larger than {} KB.", HEAD_CAP >> 10);
        return Err(CallError { status: Some(status.as_u16()), ..CallError::new(Fault::TooLarge, message) });
    }
    if response.content_length().is_some_and(|length| length > BODY_CAP as u64) {
        return Err(body_too_large(status.as_u16()));
    }
    if !status.is_redirection() {
        return Ok(());
    }
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = target.and_then(|target| response.url().join(target).ok());
    let host = target.as_ref().and_then(Url::host_str).unwrap_or("an unnamed place");
    let message = format!(
        "The provider redirects to {host}. Redirects are not followed, since the key would follow; correct the address."
    );
    Err(CallError { status: Some(status.as_u16()), ..CallError::new(Fault::Redirect, message) })
}

fn body_too_large(status: u16) -> CallError {
    let message = format!("The answer is larger than {} MB.", BODY_CAP >> 20);
    CallError { status: Some(status), ..CallError::new(Fault::TooLarge, message) }
}

/// Bytes that an error keeps of an answer that was cut.
const KEPT_OF_CUT: usize = 64 << 10;

fn with_partial(error: CallError, reply: &RawReply, body: Body<'_>) -> CallError {
    CallError {
        status: Some(reply.status),
        request_id: super::failure::request_id(reply),
        partial: body.beginning(),
        ..error
    }
}

/// Only what parsing and retrying read is kept.
fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    const KEPT: [&str; 8] = [
        "content-type",
        "date",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
        "x-should-retry",
        "openai-processing-ms",
    ];
    const FAMILIES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];
    let kept = |name: &str| KEPT.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
    headers
        .iter()
        .filter(|(name, _)| kept(name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// Servers that ignore the wish for a stream answer with plain JSON; some label a stream as plain text.
fn is_stream(reply: &RawReply, stream: Streaming) -> bool {
    let kind = reply.header("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
    let plain = match stream.framing {
        Framing::Sse => kind.starts_with("application/json"),
        // One line of JSON lines is plain JSON.
        Framing::Lines => false,
    };
    (200..300).contains(&reply.status) && !plain && !kind.starts_with("text/html")
}

/// The innermost cause in its own words, which say most: "connection refused", "failed to look up address".
fn reason(error: &(dyn Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    redact(text.trim_end_matches('.')).into_owned()
}

/// An error and its causes; an I/O error's own cause stands in it, not behind it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn ms_between(from: Instant, to: Instant) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::room::Room;
    use super::super::within::within;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_room_is_told_and_takes_nothing_of_the_time_of_the_call() {
        let room = Room::new(0, 1);
        let limits = Timeouts { connect_ms: 1, first_byte_ms: 100, idle_ms: 50, total_ms: 1_000 };
        let begun = Instant::now();
        let mut dog = Watchdog::start(&limits, begun);
        let mut large = room.body(None);
        assert_eq!(room_for(BODY_CAP, &mut large, &mut dog).await, Duration::ZERO);
        let mut waiting = room.body(None);
        let ends = async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            drop(large);
        };
        let call = within(Duration::from_secs(1), room_for(BODY_CAP, &mut waiting, &mut dog));
        let (waited, ()) = tokio::join!(call, ends);
        assert_eq!(waited, Some(Duration::from_secs(30)));
        assert!(dog.check(Instant::now()).is_ok(), "nobody was slow but this side");
        let at = |ms: u64| begun + Duration::from_millis(30_000 + ms);
        let fault = |dog: &Watchdog, ms| dog.check(at(ms)).err().map(|error| error.fault);
        assert_eq!(fault(&dog, 50), Some(Fault::Timeout(Phase::Idle)));
        dog.chunk(at(999), 1, false);
        assert_eq!((fault(&dog, 999), fault(&dog, 1_000)), (None, Some(Fault::Timeout(Phase::Total))));
    }
}
