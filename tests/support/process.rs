//! The server in a process of its own, so that a bench counts the CPU of the client alone.
//!
//! The process is the bench (or test) binary itself, started again with [`VARIABLE`] set: its `main` calls
//! [`serve_if_asked`] first.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::server::{Plan, Server};

/// Set in the server's process; its value is the latency in milliseconds.
pub const VARIABLE: &str = "STRATA_LOOPBACK_SERVER";
const READY: &str = "loopback server on ";

/// In the server's process, serves until the parent is gone, and does not return; elsewhere does nothing.
pub fn serve_if_asked() {
    let Ok(latency) = std::env::var(VARIABLE) else { return };
    let latency = Duration::from_millis(latency.parse().unwrap());
    let server = Server::start(Plan { latency, ..Plan::default() });
    println!("\n{READY}{}", server.address());
    // The parent holds the other end: it is closed when the parent ends, however it ends.
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}

/// A running server process; it ends when this is dropped.
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts this binary again as a server. `arguments` lead to the call of [`serve_if_asked`], where it is not the
    /// first thing that `main` does.
    pub fn start(latency: Duration, arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .env(VARIABLE, latency.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix(READY)?.parse().ok()).unwrap();
        Self { child, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
