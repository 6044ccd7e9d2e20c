//! The server in a process of its own, so that a bench counts the CPU of the client alone.
//!
//! The process is the bench (or test) binary itself, started again with [`VARIABLE`] set: its `main` calls
//! [`serve_if_asked`] first.

use std::fmt::{self, Display};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::faults::table;
use super::server::{Counts, Plan, Server};

/// Set in the server's process; its value is its [`Orders`].
pub const VARIABLE: &str = "STRATA_LOOPBACK_SERVER";
const READY: &str = "loopback server on ";
const COUNTS: &str = "loopback counts ";

/// What a server in a process of its own does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Orders {
    pub latency: Duration,
    /// A row of the table of faults, which every request meets.
    pub fault: Option<usize>,
    /// The bytes of an answer's text; 0 for the usual one.
    pub answer: usize,
}

impl Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.map_or("-".to_owned(), |fault| fault.to_string());
        write!(f, "{} {fault} {}", self.latency.as_millis(), self.answer)
    }
}

impl Orders {
    fn read(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let latency = Duration::from_millis(words[0].parse().unwrap());
        Self { latency, fault: words[1].parse().ok(), answer: words[2].parse().unwrap() }
    }

    fn plan(self) -> Plan {
        let plan = self.fault.map_or_else(Plan::default, |fault| Plan::always(table()[fault].misdeed.clone()));
        let plan = if self.answer == 0 { plan } else { Plan::answering(self.speaker()) };
        Plan { latency: self.latency, ..plan }
    }

    fn speaker(self) -> impl Fn(&[u8]) -> String + Send + Sync + 'static {
        move |_| "Four ".repeat(self.answer / 5)
    }
}

/// In the server's process, serves until the parent is gone, and does not return; elsewhere does nothing.
pub fn serve_if_asked() {
    let Ok(orders) = std::env::var(VARIABLE) else { return };
    let server = Server::start(Orders::read(&orders).plan());
    println!("\n{READY}{}", server.address());
    // Each line asks for the counts. The parent holds the other end: it is closed when the parent ends, however it ends.
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{COUNTS}{} {}", server.requests(), server.open_connections());
    }
    std::process::exit(0);
}

/// A running server process; it ends when this is dropped.
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
    talk: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
}

impl ServerProcess {
    /// Starts this binary again as a server. `arguments` lead to the call of [`serve_if_asked`], where it is not the
    /// first thing that `main` does.
    pub fn start(orders: Orders, arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .env(VARIABLE, orders.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = |line: String| line.strip_prefix(READY)?.parse().ok();
        let address = lines.by_ref().map_while(Result::ok).find_map(ready).unwrap();
        let talk = Mutex::new((child.stdin.take().unwrap(), lines));
        Self { child, address, talk }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests so far, and connections that are open.
    fn counts(&self) -> (u64, u64) {
        let mut talk = self.talk.lock().unwrap();
        let (question, answers) = &mut *talk;
        writeln!(question).unwrap();
        let counts = |line: String| {
            let (requests, open) = line.strip_prefix(COUNTS)?.split_once(' ')?;
            Some((requests.parse().ok()?, open.parse().ok()?))
        };
        answers.map_while(Result::ok).find_map(counts).unwrap()
    }
}

impl Counts for ServerProcess {
    fn requests(&self) -> u64 {
        self.counts().0
    }

    fn open_connections(&self) -> u64 {
        self.counts().1
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
