//! A workspace of a test, a home of its own, and the program run in them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use strata::domain::{CallQuery, CallRow, RunSummary};
use strata::store::records::Records;
use tempfile::TempDir;

use crate::support::{Plan, Server};

/// The variable that holds the key of workspaces with a provider.
pub const KEY: &str = "LOOPBACK_KEY";
/// A key that must turn up nowhere but in the request's header.
pub const CANARY: &str = "canary-5f0c2b7e91d84a36";
/// Nothing in these tests takes that long.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a program said and how it ended.
pub struct Ran {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ran = Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }

    /// All of it, fit for a snapshot: what differs from run to run has a name in brackets.
    pub fn told(&self, desk: &Desk) -> String {
        let (out, err) = (desk.redacted(&self.out), desk.redacted(&self.err));
        let err = if err.is_empty() { err } else { format!("--- stderr\n{err}") };
        format!("exit {}\n{out}{err}", self.code.map_or("by a signal".to_owned(), |code| code.to_string()))
    }
}

/// A folder with a workspace `w` and a home; the program runs in the folder.
pub struct Desk {
    pub dir: TempDir,
}

/// A workspace with one provider on loopback: its knobs.
pub struct Loopback {
    pub cases: usize,
    pub concurrency: u32,
    pub price: &'static str,
    pub key: bool,
    pub experiment: &'static str,
    pub retry: &'static str,
}

impl Default for Loopback {
    fn default() -> Self {
        Self {
            cases: 4,
            concurrency: 4,
            // 12 tokens in, 7 out: 31 microdollars a call.
            price: "price: (input: 1.0, cached_input: 1.0, output: 2.0),",
            key: true,
            experiment: "",
            retry: "retries: 1, base_ms: 1, cap_ms: 2",
        }
    }
}

/// The prompt's text for a case; a server can tell cases apart by it.
pub fn marker(case: usize) -> String {
    format!("question-{case:05}.")
}

impl Desk {
    /// Without a workspace.
    pub fn empty() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(desk.home()).unwrap();
        desk
    }

    /// A copy of a bundled workspace.
    pub fn bundled(name: &str) -> Self {
        let desk = Self::empty();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces").join(name), &desk.workspace());
        desk
    }

    /// A scripted workspace that takes no time: the answer is `yes` for cases whose word is not `no`.
    pub fn quick(words: &[&str]) -> Self {
        let desk = Self::empty();
        desk.write(
            "workspace.ron",
            "(name: \"Quick\", providers: {\"desk\": (api: Scripted(\"desk.ron\"))},
              models: {\"clerk\": (provider: \"desk\", model: \"clerk\",
                price: (input: 1.0, output: 2.0), max_output: 100)})",
        );
        desk.write(
            "desk.ron",
            "(models: {\"clerk\": ()}, rules: [
                (when: [Match(pattern: \"the word no$\")], replies: [(text: \"no\")]),
                (replies: [(text: \"yes\")])])",
        );
        desk.project("word", "Is it good? Consider the word {{ word }}", "\"clerk\"", "Equals(value: \"yes\")", "");
        desk.words("word", words.iter().map(|word| (*word).to_owned()));
        desk
    }

    /// A workspace whose one provider is a server on loopback.
    pub fn loopback(url: &str, knobs: &Loopback) -> Self {
        let desk = Self::empty();
        let key = if knobs.key { format!("key: Env(\"{KEY}\"),") } else { String::new() };
        desk.write(
            "workspace.ron",
            &format!(
                "(name: \"Loopback\",
                  providers: {{\"loop\": (api: OpenAi, base_url: \"{url}/v1\", {key} concurrency: {})}},
                  models: {{\"m\": (provider: \"loop\", model: \"loopback-1\", {} max_output: 50)}},
                  policy: (retry: ({})))",
                knobs.concurrency, knobs.price, knobs.retry
            ),
        );
        desk.project("question", "Answer {{ question }}", "\"m\"", "Contains(values: [\"Four\"])", knobs.experiment);
        desk.words("question", (0..knobs.cases).map(marker));
        desk
    }

    /// Writes the dataset: rows with an id and a word.
    pub fn words(&self, column: &str, words: impl Iterator<Item = String>) {
        let mut rows = format!("id,{column}\n");
        for (row, word) in words.enumerate() {
            writeln!(rows, "case-{row},{word}").unwrap();
        }
        self.write("projects/p/datasets/words.csv", &rows);
    }

    fn project(&self, variable: &str, text: &str, models: &str, check: &str, experiment: &str) {
        self.write("projects/p/project.ron", "(title: \"P\")");
        self.write(
            "projects/p/prompts/ask.ron",
            &format!("(title: \"Ask\", variables: {{\"{variable}\": ()}}, layers: [(id: \"ask\", content: Text(text: \"{text}\"))])"),
        );
        self.write("projects/p/variants/plain.ron", "(title: \"Plain\", prompt: \"ask\")");
        self.write(
            "projects/p/datasets/words.ron",
            "(title: \"Words\", columns: {\"id\": (role: Id)}, source: File(\"words.csv\"))",
        );
        self.write(
            "projects/p/experiments/words.ron",
            &format!(
                "(title: \"Words\", variants: [\"plain\"], models: [{models}], dataset: \"words\",
                  checks: [(kind: {check})], gate: 0.5, {experiment})"
            ),
        );
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn workspace(&self) -> PathBuf {
        self.path().join("w")
    }

    fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Writes a file of the workspace.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces text in a file of the workspace.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.workspace().join(path)).unwrap();
        assert!(text.contains(old), "{old} in {text}");
        self.write(path, &text.replace(old, new));
    }

    /// Grants all that the workspace asks for, by a file.
    pub fn trust(&self) {
        let ran = self.strata(&["trust", "w", "--write", "trust.ron"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    }

    /// The program, with nothing of the machine's environment but this desk's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command.args(arguments).current_dir(self.path()).env_clear().env("HOME", self.home());
        for (variable, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("TMPDIR", "")] {
            command.env(variable, self.home().join(folder));
        }
        command.env(KEY, CANARY).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn strata(&self, arguments: &[&str]) -> Ran {
        Ran::new(&self.command(arguments).output().unwrap())
    }

    /// Runs the experiment under the trust file, with these arguments too.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.strata(&run_line(arguments))
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(&run_line(arguments)))
    }

    pub fn records(&self) -> Records {
        Records::open(&self.workspace()).unwrap()
    }

    /// The only run on record.
    pub fn only_run(&self) -> RunSummary {
        let mut runs = self.records().runs().unwrap();
        assert_eq!(runs.len(), 1);
        runs.remove(0)
    }

    /// All calls on record.
    pub fn calls(&self) -> Vec<CallRow> {
        self.records().calls(&CallQuery::default(), 0, 100_000).unwrap()
    }

    fn redacted(&self, text: &str) -> String {
        let mut text = text.replace(&self.path().display().to_string(), "[dir]");
        for (pattern, name) in [
            (r"\d{8}-\d{6}-[0-9a-f]{4}", "[run]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
            (r"\d+ ms", "[ms]"),
            (r"127\.0\.0\.1:\d+", "[server]"),
            (r"process \d+ on \S+, since [^)]+", "process [pid] on [host], since [time]"),
            (r"  +", "  "),
        ] {
            text = Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
        }
        text
    }
}

fn run_line<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["run", "w", "--trust-file", "trust.ron"], arguments].concat()
}

/// A program under way; it is killed when the test leaves it.
pub struct Running {
    child: Option<Child>,
}

impl Running {
    pub fn of(mut command: Command) -> Self {
        Self { child: Some(command.spawn().unwrap()) }
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&mut self, name: &str) {
        let pid = self.child().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), None, "too late, it had ended: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn is_over(&mut self) -> bool {
        self.child().try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        wait_until("the program ends", || self.is_over());
        Ran::new(&self.child.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Looks again and again; nothing here waits for a time, all wait for something to happen.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// A server that keeps what it is asked, and takes this long.
pub fn slow_server(latency: Duration) -> Server {
    Server::start(Plan { latency, keep: true, ..Plan::default() })
}

/// How often each case was asked.
pub fn asked(server: &Server) -> HashMap<usize, u32> {
    let number = Regex::new(r"question-(\d{5})\.").unwrap();
    let mut counts = HashMap::new();
    for seen in server.seen() {
        let body = String::from_utf8(seen.body).unwrap();
        let case: usize = number.captures(&body).unwrap()[1].parse().unwrap();
        *counts.entry(case).or_default() += 1;
    }
    counts
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        match path.is_dir() {
            // Somebody may have run it where it stands.
            true if name == ".strata" => {}
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}
