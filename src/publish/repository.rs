//! A repository through plumbing: read refs and trees, write objects, move refs by compare-and-swap.

use std::path::{Path, PathBuf};

use super::error::ExportError;
use super::git::{Answer, Git};

/// An object's name in hexadecimal digits: 40 of SHA-1, 64 of SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oid(String);

impl Oid {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let fits = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(text.to_owned()))
    }

    /// What `update-ref` takes as the old value of a ref that must not be there.
    fn zeros(&self) -> String {
        "0".repeat(self.0.len())
    }
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    mode: String,
    kind: String,
    pub oid: Oid,
    /// File names in git are bytes.
    pub name: Vec<u8>,
}

impl Entry {
    pub fn file(name: &str, oid: Oid) -> Self {
        Self { mode: "100644".to_owned(), kind: "blob".to_owned(), oid, name: name.as_bytes().to_vec() }
    }

    pub fn folder(name: &str, oid: Oid) -> Self {
        Self { mode: "040000".to_owned(), kind: "tree".to_owned(), oid, name: name.as_bytes().to_vec() }
    }

    pub fn what(&self) -> &'static str {
        match self.mode.as_str() {
            "120000" => "a symbolic link",
            "160000" => "a submodule",
            "040000" => "a folder",
            _ => "a file",
        }
    }

    pub fn is_folder(&self) -> bool {
        self.kind == "tree"
    }

    pub fn is_file(&self) -> bool {
        self.kind == "blob" && self.mode != "120000"
    }
}

/// A ref that is to move from one value to another, both or none of them being there.
pub(super) struct RefUpdate<'a> {
    pub reference: &'a str,
    pub new: &'a Oid,
    pub old: Option<&'a Oid>,
}

/// Who commits, as git writes it: `Name <mail>`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    name: String,
    mail: String,
}

impl Person {
    /// For repositories whose user has told git no name. It says nothing of the user or the machine.
    fn strata() -> Self {
        Self { name: "Strata".to_owned(), mail: "strata@strata.invalid".to_owned() }
    }

    /// Reads `Name <mail> 1700000000 +0000`.
    fn parse(ident: &str) -> Option<Self> {
        let (name, rest) = ident.split_once(" <")?;
        let (mail, _) = rest.rsplit_once('>')?;
        (!name.is_empty()).then(|| Self { name: name.to_owned(), mail: mail.to_owned() })
    }
}

pub(super) struct Repository<'g> {
    git: &'g Git,
    folder: PathBuf,
    /// The work tree's root, or the git folder where there is none.
    pub root: PathBuf,
    author: Person,
    committer: Person,
}

impl<'g> Repository<'g> {
    /// Finds the repository that a folder is in.
    pub fn open(git: &'g Git, folder: &Path) -> Result<Self, ExportError> {
        if !folder.is_dir() {
            return Err(ExportError::NoFolder(folder.to_owned()));
        }
        git.check_version()?;
        let stranger = Person::strata();
        let mut repository = Self {
            git,
            folder: folder.to_owned(),
            root: folder.to_owned(),
            author: stranger.clone(),
            committer: stranger,
        };
        let git_dir = repository.must(&["rev-parse", "--absolute-git-dir"], &[])?;
        let top = repository.call(&["rev-parse", "--show-toplevel"], &[])?;
        repository.root = path_of(if top.ok { &top.stdout } else { &git_dir });
        if let (Some(author), Some(committer)) =
            (repository.ident("GIT_AUTHOR_IDENT")?, repository.ident("GIT_COMMITTER_IDENT")?)
        {
            (repository.author, repository.committer) = (author, committer);
        }
        Ok(repository)
    }

    /// The object that a ref points to.
    pub fn find(&self, reference: &str) -> Result<Option<Oid>, ExportError> {
        let answer = self.call(&["rev-parse", "--verify", "--quiet", reference], &[])?;
        Ok(if answer.ok { Oid::parse(&answer.stdout) } else { None })
    }

    /// The commit that HEAD is at; `None` on a branch that has no commit yet.
    pub fn head(&self) -> Result<Option<Oid>, ExportError> {
        self.find("HEAD^{commit}")
    }

    pub fn tree_of(&self, commit: &Oid) -> Result<Oid, ExportError> {
        self.oid(&["rev-parse", "--verify", &format!("{}^{{tree}}", commit.as_str())], &[])
    }

    /// Whether any branch or tag has exactly this name.
    pub fn has(&self, reference: &str) -> Result<bool, ExportError> {
        Ok(self.call(&["show-ref", "--verify", "--quiet", reference], &[])?.ok)
    }

    /// The work tree that has the branch checked out.
    pub fn work_tree_on(&self, branch: &str) -> Result<Option<PathBuf>, ExportError> {
        let listed = self.must(&["worktree", "list", "--porcelain"], &[])?;
        let wanted = format!("branch refs/heads/{branch}");
        let mut folder: Option<PathBuf> = None;
        for line in listed.split(|byte| *byte == b'\n') {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                folder = Some(path_of(path));
            } else if line == wanted.as_bytes() {
                return Ok(folder);
            }
        }
        Ok(None)
    }

    pub fn entries(&self, tree: &Oid) -> Result<Vec<Entry>, ExportError> {
        // Without `--full-tree`, git would list only what is below the folder that it runs in.
        let listed = self.must(&["ls-tree", "-z", "--full-tree", tree.as_str()], &[])?;
        listed
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty())
            .map(|line| parse_entry(line).ok_or_else(|| odd_answer("ls-tree", line)))
            .collect()
    }

    /// The name that a file's bytes have as an object, whether or not they are written.
    pub fn blob_name(&self, bytes: &[u8]) -> Result<Oid, ExportError> {
        self.oid(&["hash-object", "--no-filters", "--stdin"], bytes)
    }

    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid, ExportError> {
        self.oid(&["hash-object", "-w", "--no-filters", "--stdin"], bytes)
    }

    pub fn write_tree(&self, entries: &[Entry]) -> Result<Oid, ExportError> {
        let mut input = Vec::new();
        for entry in entries {
            input.extend_from_slice(format!("{} {} {}\t", entry.mode, entry.kind, entry.oid.as_str()).as_bytes());
            input.extend_from_slice(&entry.name);
            input.push(0);
        }
        // A partial or sparse clone need not have the objects that stay as they are.
        self.oid(&["mktree", "-z", "--missing"], &input)
    }

    /// `seconds` since 1970, so that the same release on the same parent is the same commit.
    pub fn write_commit(
        &self,
        tree: &Oid,
        parent: Option<&Oid>,
        message: &str,
        seconds: i64,
    ) -> Result<Oid, ExportError> {
        let mut arguments = vec!["commit-tree", "--no-gpg-sign", tree.as_str()];
        if let Some(parent) = parent {
            arguments.extend(["-p", parent.as_str()]);
        }
        arguments.extend(["-F", "-"]);
        let answer = self.git.run(&self.folder, &arguments, message.as_bytes(), &self.people(seconds).each())?;
        let stdout = self.succeeded("commit-tree", answer)?;
        Oid::parse(&stdout).ok_or_else(|| odd_answer("commit-tree", &stdout))
    }

    pub fn write_tag(&self, name: &str, commit: &Oid, message: &str, seconds: i64) -> Result<Oid, ExportError> {
        let Person { name: tagger, mail } = &self.committer;
        let commit = commit.as_str();
        let text =
            format!("object {commit}\ntype commit\ntag {name}\ntagger {tagger} <{mail}> {seconds} +0000\n\n{message}");
        self.oid(&["mktag"], text.as_bytes())
    }

    /// Moves refs in one transaction: all or none, each only from its expected value.
    pub fn move_refs(&self, updates: &[RefUpdate<'_>], reason: &str, seconds: i64) -> Result<(), ExportError> {
        let mut input = Vec::new();
        for RefUpdate { reference, new, old } in updates {
            let old = old.map_or_else(|| new.zeros(), |old| old.as_str().to_owned());
            input.extend_from_slice(format!("update {reference}\0{}\0{old}\0", new.as_str()).as_bytes());
        }
        let arguments = ["update-ref", "--no-deref", "-m", reason, "-z", "--stdin"];
        let answer = self.git.run(&self.folder, &arguments, &input, &self.people(seconds).each())?;
        self.succeeded("update-ref", answer).map(drop)
    }

    /// The user's own name for commits, where git has been told one; git's guess from user and host name is not taken.
    fn ident(&self, variable: &str) -> Result<Option<Person>, ExportError> {
        let answer = self.call(&["-c", "user.useConfigOnly=true", "var", variable], &[])?;
        Ok(if answer.ok { Person::parse(String::from_utf8_lossy(&answer.stdout).trim()) } else { None })
    }

    fn people(&self, seconds: i64) -> People<'_> {
        People { author: &self.author, committer: &self.committer, date: format!("@{} +0000", seconds.max(0)) }
    }

    fn oid(&self, arguments: &[&str], input: &[u8]) -> Result<Oid, ExportError> {
        let stdout = self.must(arguments, input)?;
        Oid::parse(&stdout).ok_or_else(|| odd_answer(arguments[0], &stdout))
    }

    fn must(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, ExportError> {
        let answer = self.call(arguments, input)?;
        self.succeeded(arguments[0], answer)
    }

    fn call(&self, arguments: &[&str], input: &[u8]) -> Result<Answer, ExportError> {
        self.git.run(&self.folder, arguments, input, &[])
    }

    fn succeeded(&self, command: &str, answer: Answer) -> Result<Vec<u8>, ExportError> {
        if answer.ok { Ok(answer.stdout) } else { Err(understand(command, &answer.stderr, &self.folder)) }
    }
}

/// The environment of the commands that write names and dates, reflogs included.
struct People<'a> {
    author: &'a Person,
    committer: &'a Person,
    date: String,
}

impl People<'_> {
    fn each(&self) -> [(&'static str, &str); 6] {
        [
            ("GIT_AUTHOR_NAME", &self.author.name),
            ("GIT_AUTHOR_EMAIL", &self.author.mail),
            ("GIT_AUTHOR_DATE", &self.date),
            ("GIT_COMMITTER_NAME", &self.committer.name),
            ("GIT_COMMITTER_EMAIL", &self.committer.mail),
            ("GIT_COMMITTER_DATE", &self.date),
        ]
    }
}

/// `100644 blob 0123…<tab>name`.
fn parse_entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut head = line[..tab].split(|byte| *byte == b' ');
    let mut word = || head.next().and_then(|word| std::str::from_utf8(word).ok());
    let (mode, kind) = (word()?.to_owned(), word()?.to_owned());
    Some(Entry { mode, kind, oid: Oid::parse(word()?.as_bytes())?, name: line[tab + 1..].to_vec() })
}

fn odd_answer(command: &str, answer: &[u8]) -> ExportError {
    let message = format!("its answer `{}` was not understood.", String::from_utf8_lossy(answer).trim());
    ExportError::Git { command: command.to_owned(), message }
}

/// What git's complaint means, by the sentences that its C locale has.
fn understand(command: &str, complaint: &str, folder: &Path) -> ExportError {
    let says = |words: &str| complaint.contains(words);
    if says("dubious ownership") || says("unsafe repository") {
        ExportError::ForeignOwner(folder.to_owned())
    } else if says("not a git repository") {
        ExportError::NotARepository(folder.to_owned())
    } else if says("No space left on device") || says("Disk quota exceeded") {
        ExportError::NoSpace
    } else if says("Permission denied") || says("Read-only file system") || says("insufficient permission") {
        ExportError::ReadOnly(first_line(complaint))
    } else if says(".lock': File exists") || says("data is locked") {
        ExportError::Locked { lock: lock_file(complaint) }
    } else if says("but expected") || says("reference already exists") || says("unable to resolve reference") {
        ExportError::Moved { reference: quoted(complaint, "cannot lock ref '").unwrap_or_default() }
    } else if says("cannot lock ref") && (says("' exists; cannot create") || says("there are still refs under")) {
        ExportError::NameClash { reference: quoted(complaint, "cannot lock ref '").unwrap_or_default() }
    } else {
        ExportError::Git { command: command.to_owned(), message: first_line(complaint) }
    }
}

fn first_line(complaint: &str) -> String {
    let line = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    line.trim().to_owned()
}

/// The text between `start` and the next quote.
fn quoted(complaint: &str, start: &str) -> Option<String> {
    let (_, rest) = complaint.split_once(start)?;
    rest.split_once('\'').map(|(text, _)| text.to_owned())
}

fn lock_file(complaint: &str) -> Option<PathBuf> {
    quoted(complaint, "Unable to create '").map(PathBuf::from)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes.strip_suffix(b"\n").unwrap_or(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_become_typed_errors() {
        let check =
            |complaint: &str, expect: ExportError| assert_eq!(understand("x", complaint, Path::new("/r")), expect);
        check(
            "fatal: detected dubious ownership in repository at '/r'\nTo add an exception…",
            ExportError::ForeignOwner("/r".into()),
        );
        check("fatal: not a git repository (or any of the parent…", ExportError::NotARepository("/r".into()));
        check("fatal: write error: No space left on device", ExportError::NoSpace);
        check(
            "fatal: cannot lock ref 'refs/heads/a': Unable to create '/r/.git/refs/heads/a.lock': File exists.\n\nAnother…",
            ExportError::Locked { lock: Some("/r/.git/refs/heads/a.lock".into()) },
        );
        check(
            "fatal: cannot lock ref 'refs/heads/a': is at 12 but expected 34",
            ExportError::Moved { reference: "refs/heads/a".to_owned() },
        );
        check(
            "fatal: cannot lock ref 'refs/heads/strata/a': 'refs/heads/strata' exists; cannot create 'refs/heads/strata/a'",
            ExportError::NameClash { reference: "refs/heads/strata/a".to_owned() },
        );
        check(
            "error: insufficient permission for adding an object to repository database .git/objects",
            ExportError::ReadOnly(
                "error: insufficient permission for adding an object to repository database .git/objects".to_owned(),
            ),
        );
        check("", ExportError::Git { command: "x".to_owned(), message: "it gave no reason".to_owned() });
    }

    #[test]
    fn people_are_read_as_git_writes_them() {
        let person = Person::parse("Ada L. <ada@example.org> 1700000000 +0100").unwrap();
        assert_eq!((person.name.as_str(), person.mail.as_str()), ("Ada L.", "ada@example.org"));
        assert_eq!(Person::parse("<ada@example.org> 1 +0000"), None);
    }

    #[test]
    fn tree_lines_keep_names_as_bytes() {
        let line = b"100644 blob 0123456789012345678901234567890123456789\tcaf\xe9 \tx";
        let entry = parse_entry(line).unwrap();
        assert_eq!(entry.name, b"caf\xe9 \tx");
        assert!(entry.is_file());
    }
}
