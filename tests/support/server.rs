//! An HTTP/1.1 server on loopback: small, fast, and able to misbehave.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::misdeed::{ErrorBody, Misdeed, gzip};
use super::wire::{Told, Wire};

/// Says something to a request's body.
pub type Speaker = Arc<dyn Fn(&[u8]) -> String + Send + Sync>;
/// Says what goes wrong with a request.
pub type Tempter = Arc<dyn Fn(&Seen) -> Option<Misdeed> + Send + Sync>;

/// What the server does with requests.
#[derive(Clone)]
pub struct Plan {
    /// Time before the first byte of every answer.
    pub latency: Duration,
    /// Time between two events of a stream.
    pub pace: Duration,
    /// What an answer says; it gets the request's body.
    pub answer: Option<Speaker>,
    /// What goes wrong with a request, if anything.
    pub misdeed: Option<Tempter>,
    /// Keep the requests, for [`Server::seen`]. Counts are kept anyway.
    pub keep: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { latency: Duration::ZERO, pace: Duration::ZERO, answer: None, misdeed: None, keep: false }
    }
}

impl Plan {
    /// Every request ends in this misdeed.
    pub fn always(misdeed: Misdeed) -> Self {
        Self { misdeed: Some(Arc::new(move |_| Some(misdeed.clone()))), ..Self::default() }
    }

    /// The first time that a body comes, the first of these happens to it, and so on; after the last, it is answered.
    pub fn first(misdeeds: Vec<Misdeed>) -> Self {
        Self { misdeed: Some(Arc::new(move |seen| misdeeds.get(seen.nth as usize).cloned())), ..Self::default() }
    }

    /// Answers say what this makes of the request's body.
    pub fn answering(answer: impl Fn(&[u8]) -> String + Send + Sync + 'static) -> Self {
        Self { answer: Some(Arc::new(answer)), ..Self::default() }
    }
}

/// What answers say where the plan does not.
pub const ANSWER: &str = "Four is the answer that all of them give.";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How often this body came before.
    pub nth: u32,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn streams(&self) -> bool {
        self.path.contains(":streamGenerateContent") || find(&self.body, b"\"stream\":true").is_some()
    }
}

#[derive(Default)]
struct Log {
    requests: u64,
    connections: u64,
    open: u64,
    counts: HashMap<u64, u32>,
    seen: Vec<Seen>,
}

struct Shared {
    plan: Plan,
    log: Mutex<Log>,
    stop: Notify,
}

/// What a server has counted, wherever it runs.
pub trait Counts {
    fn requests(&self) -> u64;
    fn open_connections(&self) -> u64;
}

/// A running server; it stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// On a thread of its own.
    pub fn start(plan: Plan) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(shared(plan)));
        let inside = shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, inside));
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// In the runtime of the caller, so that paused time holds for the server too.
    pub fn here(plan: Plan) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(shared(plan)));
        tokio::spawn(serve(listener, shared.clone()));
        Self { address, shared, thread: None }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:…`; the API's own path goes behind it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> u64 {
        self.shared.log.lock().unwrap().requests
    }

    pub fn connections(&self) -> u64 {
        self.shared.log.lock().unwrap().connections
    }

    pub fn open_connections(&self) -> u64 {
        self.shared.log.lock().unwrap().open
    }

    /// How many bodies came how often: `[(1, 98), (2, 2)]` for two of a hundred that came twice.
    pub fn repeats(&self) -> Vec<(u32, usize)> {
        let log = self.shared.log.lock().unwrap();
        let mut repeats: Vec<(u32, usize)> = Vec::new();
        for count in log.counts.values() {
            match repeats.iter_mut().find(|(times, _)| times == count) {
                Some((_, bodies)) => *bodies += 1,
                None => repeats.push((*count, 1)),
            }
        }
        repeats.sort_unstable();
        repeats
    }

    /// The requests, where the plan keeps them.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.lock().unwrap().seen.clone()
    }
}

impl Counts for Server {
    fn requests(&self) -> u64 {
        Self::requests(self)
    }

    fn open_connections(&self) -> u64 {
        Self::open_connections(self)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn shared(plan: Plan) -> Shared {
    Shared { plan, log: Mutex::default(), stop: Notify::new() }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = shared.clone();
                connections.spawn(async move {
                    {
                        let mut log = shared.log.lock().unwrap();
                        log.connections += 1;
                        log.open += 1;
                    }
                    let _ = connection(stream, &shared).await;
                    shared.log.lock().unwrap().open -= 1;
                });
            }
            Some(_) = connections.join_next() => {}
            () = shared.stop.notified() => break,
        }
    }
}

/// `Err` ends the connection.
type Step = std::io::Result<()>;

fn over() -> std::io::Error {
    std::io::Error::other("the connection is over")
}

async fn connection(mut stream: TcpStream, shared: &Shared) -> Step {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 << 10);
    loop {
        let Some(mut request) = read_request(&mut stream, &mut buffer).await? else { return Ok(()) };
        note(&mut request, shared);
        if !shared.plan.latency.is_zero() {
            tokio::time::sleep(shared.plan.latency).await;
        }
        let misdeed = shared.plan.misdeed.as_ref().and_then(|misdeed| misdeed(&request));
        answer(&mut stream, &request, misdeed, &shared.plan).await?;
    }
}

fn note(request: &mut Seen, shared: &Shared) {
    let mut hasher = DefaultHasher::new();
    request.body.hash(&mut hasher);
    let mut log = shared.log.lock().unwrap();
    log.requests += 1;
    let count = log.counts.entry(hasher.finish()).or_default();
    request.nth = *count;
    *count += 1;
    if shared.plan.keep {
        log.seen.push(request.clone());
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Seen>> {
    let head_end = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let end = head_end + length.unwrap_or(0_usize);
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[head_end..end].to_vec();
    buffer.drain(..end);
    Ok(Some(Seen { path, headers, body, nth: 0 }))
}

async fn answer(stream: &mut TcpStream, request: &Seen, misdeed: Option<Misdeed>, plan: &Plan) -> Step {
    let served = || Wire::vectors(&request.path, &request.body).or_else(|| Wire::labels(&request.path, &request.body));
    if let Some(served) = Some(()).filter(|()| misdeed.is_none()).and_then(|()| served()) {
        return reply(stream, 200, "application/json", &[], served.as_bytes()).await;
    }
    // A collector of traces takes everything in.
    let collects = request.path.ends_with("/v1/traces");
    let wire = Wire::of(&request.path).or_else(|| Wire::of_service(&request.path));
    let Some(wire) = wire.or(collects.then_some(Wire::OpenAi)) else {
        return reply(stream, 404, "application/json", &[], b"{\"error\":\"no such path\"}").await;
    };
    let said = plan.answer.as_ref().map(|answer| answer(&request.body));
    let text = said.as_deref().unwrap_or(ANSWER);
    match misdeed {
        None if collects => reply(stream, 200, "application/json", &[], b"{}").await,
        None if request.streams() => spoken(stream, wire, &wire.events(text, Told::Well), plan.pace).await,
        None => reply(stream, 200, "application/json", &[], wire.whole(text, Told::Well).as_bytes()).await,
        Some(misdeed) => misbehave(stream, request, wire, text, misdeed).await,
    }
}

/// An answer that is going to be spoilt.
struct Good<'a> {
    request: &'a Seen,
    wire: Wire,
    text: &'a str,
    streams: bool,
    kind: &'static str,
}

impl Good<'_> {
    fn body(&self, told: Told) -> String {
        if self.streams { self.wire.events(self.text, told).concat() } else { self.wire.whole(self.text, told) }
    }

    /// The first half of a stream, and something else after it.
    fn half_of_the_events(&self, then: &str) -> String {
        let events = self.wire.events(self.text, Told::Well);
        events[..events.len() / 2].concat() + then
    }

    fn head(&self, length: usize) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n", self.kind).into_bytes()
    }

    fn chunked_head(&self) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n", self.kind).into_bytes()
    }
}

async fn misbehave(stream: &mut TcpStream, request: &Seen, wire: Wire, text: &str, misdeed: Misdeed) -> Step {
    let streams = request.streams();
    let kind = if streams { wire.stream_type() } else { "application/json" };
    let good = Good { request, wire, text, streams, kind };
    let packed = [("content-encoding", "gzip")];
    match misdeed {
        Misdeed::NoEnd if streams => reply(stream, 200, kind, &[], good.half_of_the_events("").as_bytes()).await,
        Misdeed::NoEnd => {
            let body = good.body(Told::Well);
            reply(stream, 200, kind, &[], &body.as_bytes()[..body.len() / 2]).await
        }
        Misdeed::ErrorInside if streams => {
            reply(stream, 200, kind, &[], good.half_of_the_events(&wire.stream_error()).as_bytes()).await
        }
        Misdeed::ErrorInside => {
            let error = wire.error(503, "overloaded_error", "The model is overloaded.").to_string();
            reply(stream, 200, kind, &[], error.as_bytes()).await
        }
        Misdeed::Status { status, headers, body } => {
            let body = match body {
                ErrorBody::Vendor(kind, message) => wire.error(status, kind, message).to_string(),
                ErrorBody::Text(text) => text,
            };
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            reply(stream, status, "application/json", &headers, body.as_bytes()).await
        }
        Misdeed::Body { kind, body } => reply(stream, 200, kind, &[], &body).await,
        Misdeed::Empty(status) => reply(stream, status, kind, &[], b"").await,
        Misdeed::Redirect(target) => reply(stream, 307, kind, &[("location", &target)], b"").await,
        Misdeed::GzipCut => {
            let body = gzip(good.body(Told::Well).as_bytes());
            reply(stream, 200, kind, &packed, &body[..body.len() / 2]).await
        }
        Misdeed::GzipBomb => reply(stream, 200, kind, &packed, &BOMB).await,
        Misdeed::Huge(bytes) => long(stream, kind, b"", b' ', bytes).await,
        Misdeed::HugeInChunks(bytes) => long_in_chunks(stream, &good, bytes).await,
        Misdeed::EndlessEvent(bytes) => long(stream, kind, b"data: ", b'a', bytes).await,
        Misdeed::NoUsage => reply(stream, 200, kind, &[], good.body(Told::Missing).as_bytes()).await,
        Misdeed::NegativeUsage => reply(stream, 200, kind, &[], good.body(Told::Negative).as_bytes()).await,
        Misdeed::EchoKey(status) => echo_key(stream, &good, status).await,
        broken => break_off(stream, &good, broken).await,
    }
}

/// Misdeeds below HTTP, after which the connection is of no more use.
async fn break_off(stream: &mut TcpStream, good: &Good<'_>, misdeed: Misdeed) -> Step {
    let body = good.body(Told::Well);
    let half = &body.as_bytes()[..body.len() / 2];
    let mut send = async |parts: &[&[u8]]| stream.write_all(&parts.concat()).await;
    match misdeed {
        Misdeed::Reset => stream.set_zero_linger()?,
        Misdeed::HalfHead => send(&[b"HTTP/1.1 200 OK\r\ncontent-ty"]).await?,
        Misdeed::EndlessHead => {
            send(&[b"HTTP/1.1 200 OK\r\nx-endless: "]).await?;
            loop {
                send(&[&[b'a'; 4096]]).await?;
            }
        }
        Misdeed::HugeHead => {
            send(&[b"HTTP/1.1 200 OK\r\nconnection: close\r\n"]).await?;
            for number in 0..50 {
                send(&[format!("x-filler-{number}: {}\r\n", "a".repeat(4000)).as_bytes()]).await?;
            }
            send(&[b"content-length: 2\r\n\r\n{}"]).await?;
        }
        Misdeed::HugePromise(bytes) => {
            send(&[&good.head(bytes)]).await?;
            return until_closed(stream).await;
        }
        Misdeed::Silence => return until_closed(stream).await,
        Misdeed::SilenceInside => {
            send(&[&good.head(body.len()), half]).await?;
            return until_closed(stream).await;
        }
        Misdeed::ResetInside => {
            send(&[&good.head(body.len()), half]).await?;
            // A reset drops what the client has not read yet, so it is given time to read.
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger()?;
        }
        Misdeed::ChunkedCut => {
            send(&[&good.chunked_head(), format!("{:x}\r\n", body.len()).as_bytes(), half]).await?;
        }
        Misdeed::LengthTooLong => send(&[&good.head(body.len() + 100), body.as_bytes()]).await?,
        Misdeed::LengthTooShort => send(&[&good.head(half.len()), body.as_bytes()]).await?,
        Misdeed::Trickle => {
            send(&[&good.head(body.len())]).await?;
            for byte in body.as_bytes() {
                send(&[&[*byte]]).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Misdeed::Crumbs => {
            let crumbs: Vec<u8> = body.bytes().flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']).collect();
            return send(&[&good.chunked_head(), &crumbs, b"0\r\n\r\n"]).await;
        }
        // Closing without a word is what is left.
        _ => {}
    }
    Err(over())
}

/// 48 MB of blanks, packed once.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![b' '; 48 << 20]));

async fn echo_key(stream: &mut TcpStream, good: &Good<'_>, status: u16) -> Step {
    let keys = ["authorization", "x-api-key", "x-goog-api-key"];
    let key = keys.iter().find_map(|name| good.request.header(name)).unwrap_or_default();
    let body = if status == 200 {
        good.wire.whole(&format!("You sent {key}."), Told::Well)
    } else {
        good.wire.error(status, "authentication_error", &format!("Bad credentials: {key}.")).to_string()
    };
    reply(stream, status, "application/json", &[], body.as_bytes()).await
}

/// Says nothing until the client hangs up.
async fn until_closed(stream: &mut TcpStream) -> Step {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Err(over())
}

async fn reply(stream: &mut TcpStream, status: u16, kind: &str, headers: &[(&str, &str)], body: &[u8]) -> Step {
    let mut message = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nx-request-id: req_1\r\n",
        body.len()
    )
    .into_bytes();
    for (name, value) in headers {
        message.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(body);
    stream.write_all(&message).await
}

/// A body of so many bytes, made while it is sent, so that the server's memory stays small.
async fn long(stream: &mut TcpStream, kind: &str, begin: &[u8], filler: u8, bytes: usize) -> Step {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), begin].concat()).await?;
    let piece = vec![filler; 64 << 10];
    let mut left = bytes - begin.len();
    while left > 0 {
        let now = left.min(piece.len());
        stream.write_all(&piece[..now]).await?;
        left -= now;
    }
    Ok(())
}

/// A body of so many bytes whose length nobody is told before.
async fn long_in_chunks(stream: &mut TcpStream, good: &Good<'_>, bytes: usize) -> Step {
    stream.write_all(&good.chunked_head()).await?;
    let piece = vec![b' '; 64 << 10];
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    for _ in 0..bytes.div_ceil(piece.len()) {
        stream.write_all(&chunk).await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}

/// A stream in good order; all at once where there is no pace.
async fn spoken(stream: &mut TcpStream, wire: Wire, events: &[String], pace: Duration) -> Step {
    let mut message = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\nx-request-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n",
        wire.stream_type()
    )
    .into_bytes();
    for event in events {
        message.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
        if !pace.is_zero() {
            stream.write_all(&message).await?;
            message.clear();
            tokio::time::sleep(pace).await;
        }
    }
    message.extend_from_slice(b"0\r\n\r\n");
    stream.write_all(&message).await
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
