//! Temporary repositories, and what may not change in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use strata::domain::{
    Content, Evidence, Fingerprint, Interval, Layer, LayerId, Params, Prompt, Release, Text, Usd, Variable,
};
use strata::publish::{ExportError, ExportOptions, Exported, Git, Preview, export, preview};

/// A repository in a folder that goes away with it.
pub struct Repo {
    folder: tempfile::TempDir,
    /// Where export is pointed at, relative to the folder.
    pub target: PathBuf,
}

impl Repo {
    /// Without a commit.
    pub fn unborn(arguments: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap(), target: PathBuf::from("repo") };
        let folder = repo.target();
        fs::create_dir(&folder).unwrap();
        repo.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        repo
    }

    /// With two commits of the user's.
    pub fn with_commits() -> Self {
        let repo = Self::unborn(&[]);
        repo.name_user();
        repo.commit_file("README.md", "one\n", "first");
        repo.commit_file("README.md", "two\n", "second");
        repo
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn target(&self) -> PathBuf {
        self.root().join(&self.target)
    }

    pub fn name_user(&self) {
        self.git(&["config", "user.name", "Ada Example"]);
        self.git(&["config", "user.email", "ada@example.org"]);
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.target().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn commit_file(&self, path: &str, text: &str, message: &str) {
        self.write(path, text);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Runs git as the user would, and gives its output.
    pub fn git(&self, arguments: &[&str]) -> String {
        let (ok, text) = self.try_git(arguments);
        assert!(ok, "git {arguments:?}: {text}");
        text
    }

    pub fn try_git(&self, arguments: &[&str]) -> (bool, String) {
        run_git(&self.target(), arguments)
    }

    pub fn export(&self, release: &Release) -> Result<Exported, ExportError> {
        export(&isolated(), &self.target(), release, None, &ExportOptions::default())
    }

    pub fn preview(&self, release: &Release) -> Result<Preview, ExportError> {
        preview(&isolated(), &self.target(), release, None, &ExportOptions::default())
    }

    /// The bytes of everything in the folder that belongs to the user: work trees, HEADs, indexes, states of an
    /// operation under way, configuration, and the refs and logs that are not Strata's.
    pub fn of_the_user(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.root(), self.root(), &mut found);
        found
    }

    /// Every byte of the folder, objects and refs included.
    pub fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        walk(self.root(), &mut |path| {
            found.insert(path.to_owned(), content(path));
        });
        found
    }

    pub fn refs(&self) -> String {
        self.git(&["for-each-ref"])
    }
}

/// Git as tests and export run it: no configuration of the machine.
pub const ISOLATED: [(&str, &str); 3] =
    [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];

pub fn isolated() -> Git {
    ISOLATED.iter().fold(Git::default(), |git, (name, value)| git.env(name, value))
}

/// Git behind a shell script, which sees the words of each command and calls `"$@"` for the real one.
pub fn behind(script: &str) -> Git {
    let git = Git::new("/bin/sh").first_argument("-c").first_argument(script).first_argument("git");
    ISOLATED.iter().fold(git, |git, (name, value)| git.env(name, value))
}

pub fn run_git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    let output = command
        .current_dir(folder)
        .envs(ISOLATED)
        .env("GIT_AUTHOR_DATE", "@1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "@1700000000 +0000")
        .env("GIT_EDITOR", "true")
        .args(["-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"])
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A release of a prompt `triage` with one layer that says `words`.
pub fn release(version: &str, words: &str) -> Release {
    let content = Content::Text(Text { text: words.to_owned() });
    let id = LayerId::from("ask");
    Release {
        format: 1,
        version: version.to_owned(),
        source: "triage".into(),
        variant: "concise".into(),
        note: String::new(),
        frozen_at: "2026-11-23T14:30:00Z".parse::<Timestamp>().unwrap(),
        prompt: Prompt {
            version: version.to_owned(),
            variables: BTreeMap::from([("message".to_owned(), Variable::default())]),
            layers: vec![Layer { id, title: String::new(), note: String::new(), on: true, role: None, content }],
            ..Prompt::default()
        },
        params: Params { temperature: Some(0.0), ..Params::default() },
        evidence: vec![Evidence {
            run: "20261123-140501-7f3a".into(),
            experiment: "main".into(),
            dataset: "messages".into(),
            dataset_fingerprint: Fingerprint([7; 32]),
            model: "small".into(),
            answered_by: None,
            gate: None,
            scripted: true,
            canary: false,
            passed: 9,
            scored: 10,
            unscored: 0,
            errored: 0,
            pass_rate: Some(Interval { value: 0.9, low: 0.596, high: 0.982 }),
            mean_cost: Some(Usd::ZERO),
            latency_p50_ms: Some(1.0),
            latency_p95_ms: Some(2.0),
        }],
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    walk(folder, &mut |path| {
        let inside = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let stratas = inside.contains("/strata") || inside.contains("/refs/tags/") || inside.contains("/objects/");
        if !stratas && !inside.contains("/reftable/") {
            found.insert(path.to_owned(), content(path));
        }
    });
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

fn content(path: &Path) -> Vec<u8> {
    match fs::read_link(path) {
        Ok(target) => target.into_os_string().into_encoded_bytes(),
        Err(_) => fs::read(path).unwrap(),
    }
}
