//! The `git` program as a subprocess: a cleaned environment, none of the programs that a configuration names, a deadline.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::error::ExportError;

/// The most bytes that are read of an answer.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// The oldest git whose plumbing has all that export needs.
const OLDEST: (u32, u32) = (2, 30);

/// Settings that stand above every configuration file: no hook, no file-system monitor, no signing program, no gc.
const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "gc.auto=0",
    "i18n.commitEncoding=UTF-8",
];

/// Variables that choose the user's own configuration files; every other `GIT_…` variable is taken away.
const KEPT: [&str; 4] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"];

/// No prompt, no network (a missing object of a partial clone would fetch through a program that the configuration
/// names), no objects put in another's place, messages that can be understood.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", "cat"),
    ("LC_ALL", "C"),
];

/// How git is called.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
    first: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    deadline: Duration,
}

impl Default for Git {
    /// `git` from PATH, 30 seconds for each process.
    fn default() -> Self {
        Self::new("git")
    }
}

impl Git {
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), first: Vec::new(), environment: Vec::new(), deadline: Duration::from_secs(30) }
    }

    /// An argument that stands before all others, for a git that is reached through another program.
    #[must_use]
    pub fn first_argument(mut self, argument: impl Into<OsString>) -> Self {
        self.first.push(argument.into());
        self
    }

    /// A variable for every process, set after the environment has been cleaned.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// How long one process may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Checks that git is there and new enough.
    pub(super) fn check_version(&self) -> Result<(), ExportError> {
        let answer = self.run(Path::new("."), &["version"], &[], &[])?;
        let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        let found = said.strip_prefix("git version ").unwrap_or(&said).to_owned();
        match parse_version(&found) {
            Some(version) if version >= OLDEST => Ok(()),
            _ => Err(ExportError::GitTooOld { found }),
        }
    }

    /// Runs one command to its end. A command that fails is an answer too.
    ///
    /// # Errors
    /// Git is absent, or the deadline passed and the process was killed.
    pub(super) fn run(
        &self,
        folder: &Path,
        arguments: &[&str],
        input: &[u8],
        environment: &[(&str, &str)],
    ) -> Result<Answer, ExportError> {
        let name = arguments.first().copied().unwrap_or_default().to_owned();
        let failed = |error: io::Error| ExportError::Git { command: name.clone(), message: error.to_string() };
        let mut child = match self.command(folder, arguments, environment).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                return Err(ExportError::GitAbsent);
            }
            Err(error) => return Err(failed(error)),
        };
        let until = Instant::now() + self.deadline;
        let outcome = talk(&mut child, input.to_vec(), until).and_then(|(stdout, stderr)| {
            let status = wait(&mut child, until)?;
            Ok(Answer { ok: status.success(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
        });
        outcome.map_err(|error| {
            stop(&mut child);
            match error.kind() {
                io::ErrorKind::TimedOut => ExportError::Deadline { command: name.clone(), deadline: self.deadline },
                _ => failed(error),
            }
        })
    }

    fn command(&self, folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.first).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in inherited_git_variables() {
            command.env_remove(name);
        }
        command.envs(ENVIRONMENT);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.envs(environment.iter().copied());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments);
        command
    }
}

/// What a process said.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub ok: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

fn inherited_git_variables() -> impl Iterator<Item = OsString> {
    let is_gits = |name: &OsStr| name.as_encoded_bytes().to_ascii_uppercase().starts_with(b"GIT_");
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(move |name| is_gits(name) && !KEPT.iter().any(|kept| name == *kept))
}

/// Feeds the process and reads both its streams to their ends, each on a thread, so that no full pipe can block.
fn talk(child: &mut Child, input: Vec<u8>, until: Instant) -> io::Result<(Vec<u8>, Vec<u8>)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A process that ends without reading its input says why by its status.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let stdout = child.stdout.take().map(read_to_end);
    let stderr = child.stderr.take().map(read_to_end);
    let finish = |stream: Option<mpsc::Receiver<io::Result<Vec<u8>>>>| match stream {
        None => Ok(Vec::new()),
        Some(stream) => match stream.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(read) => read,
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        },
    };
    Ok((finish(stdout)?, finish(stderr)?))
}

fn read_to_end(stream: impl Read + Send + 'static) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.take(LONGEST_ANSWER).read_to_end(&mut bytes);
        // Nobody listens any more when the deadline has passed.
        drop(send.send(read.map(|_| bytes)));
    });
    receive
}

/// Waits for a process that has closed its streams and so is about to end.
fn wait(child: &mut Child, until: Instant) -> io::Result<ExitStatus> {
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn stop(child: &mut Child) {
    // It may have ended by itself meanwhile; then there is nothing to kill and its status is collected.
    if child.kill().is_ok() {
        drop(child.wait());
    }
}

/// `2.47.3`, `2.39.2 (Apple Git-143)`, `2.45.1.windows.1`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|letter: char| !letter.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_vendor() {
        let check = |text: &str, expect| assert_eq!(parse_version(text), expect, "{text}");
        check("2.47.3", Some((2, 47)));
        check("2.39.2 (Apple Git-143)", Some((2, 39)));
        check("2.45.1.windows.1", Some((2, 45)));
        check("3.0.0-rc1", Some((3, 0)));
        check("git", None);
    }

    #[test]
    fn an_absent_program_is_named() {
        assert_eq!(Git::new("/nowhere/git").check_version(), Err(ExportError::GitAbsent));
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_hangs_is_stopped() {
        let git = Git::new("/bin/sh")
            .first_argument("-c")
            .first_argument("exec sleep 600")
            .deadline(Duration::from_millis(50));
        let error = git.run(Path::new("."), &["version"], &[], &[]).unwrap_err();
        assert!(matches!(error, ExportError::Deadline { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn large_streams_do_not_block_each_other() {
        let git = Git::new("/bin/sh")
            .first_argument("-c")
            .first_argument("cat; cat >&2 /dev/null; head -c 300000 /dev/zero >&2");
        let input = vec![b'x'; 1_000_000];
        let answer = git.run(Path::new("."), &["cat"], &input, &[]).unwrap();
        assert_eq!((answer.ok, answer.stdout.len(), answer.stderr.len()), (true, 1_000_000, 300_000));
    }
}
