//! Export: a release goes to a branch of its own in a git repository.

use std::path::{Path, PathBuf};

use crate::domain::Release;

use super::error::ExportError;
use super::files::{ReleaseFile, files};
use super::git::Git;
use super::message::commit_message;
use super::names::{branch_name, short_hash, slug, tag_name};
use super::repository::{Entry, Oid, RefUpdate, Repository};
use super::secrets::find_leak;
use super::version::Version;

/// How often a ref that another program moved meanwhile is tried.
const ATTEMPTS: usize = 3;

/// The folder of all prompts in the branch.
const FOLDER: &str = "prompts";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// The name in folder, branch and tag; the prompt's id where it is not given.
    pub name: Option<String>,
}

/// What an export did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The work tree's root, or the git folder of a bare repository.
    pub repository: PathBuf,
    pub branch: String,
    pub tag: String,
    /// The folder in the branch, with `/` between its parts.
    pub folder: String,
    /// Hexadecimal.
    pub commit: String,
    /// Of the whole branch, hexadecimal.
    pub tree: String,
    /// A commit was written; `false` where the same content was there already.
    pub new: bool,
}

/// What an export would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub repository: PathBuf,
    pub branch: String,
    pub base: Base,
    pub tag: String,
    /// Nothing was written of this version yet.
    pub tag_is_new: bool,
    pub folder: String,
    pub files: Vec<PlannedFile>,
    pub message: String,
    /// A commit would be written.
    pub new: bool,
}

/// What the commit would stand on, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The branch goes on.
    Branch(String),
    /// The branch starts at the commit that is checked out, so that it can be merged there.
    Head(String),
    /// The repository has no commit yet.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// In the branch.
    pub path: String,
    pub bytes: Vec<u8>,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    Added,
    Changed,
    Same,
}

/// Says what [`export`] would do, and writes nothing.
///
/// # Errors
/// Whatever would stop the export, as far as it can be told without writing.
pub fn preview(
    git: &Git,
    folder: &Path,
    release: &Release,
    previous: Option<&Release>,
    options: &ExportOptions,
) -> Result<Preview, ExportError> {
    let job = Job::new(release, previous, options)?;
    let repository = Repository::open(git, folder)?;
    let state = State::read(&repository, &job)?;
    if state.tagged.is_none() {
        job.refuse_what_is_in_the_way(&repository, &state)?;
    }
    let mut planned = Vec::new();
    for file in &job.files {
        let change = match state.place.file(&file.name)? {
            None => Change::Added,
            Some(there) if there.oid == repository.blob_name(&file.bytes)? => Change::Same,
            Some(_) => Change::Changed,
        };
        planned.push(PlannedFile {
            path: format!("{}/{}", state.place.path(), file.name),
            bytes: file.bytes.clone(),
            change,
        });
    }
    let differs = planned.iter().any(|file| file.change != Change::Same);
    Ok(Preview {
        repository: repository.root.clone(),
        base: state.base(),
        tag_is_new: state.tagged.is_none(),
        new: state.tagged.is_none() && differs,
        folder: state.place.path(),
        branch: job.branch,
        tag: job.tag,
        message: job.message,
        files: planned,
    })
}

/// Commits a release to its branch and tags it.
///
/// Objects are written first; branch and tag then move in one transaction, each only from the value that was read. The
/// same release twice writes nothing the second time.
///
/// # Errors
/// Nothing but unused objects is left behind by any of them.
pub fn export(
    git: &Git,
    folder: &Path,
    release: &Release,
    previous: Option<&Release>,
    options: &ExportOptions,
) -> Result<Exported, ExportError> {
    let job = Job::new(release, previous, options)?;
    let repository = Repository::open(git, folder)?;
    let mut attempt = 1;
    loop {
        match job.attempt(&repository) {
            Err(error) if error.is_contention() && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// All that is known of an export before the repository is looked at.
struct Job {
    slug: String,
    branch: String,
    tag: String,
    files: Vec<ReleaseFile>,
    message: String,
    /// Since 1970.
    seconds: i64,
}

impl Job {
    fn new(release: &Release, previous: Option<&Release>, options: &ExportOptions) -> Result<Self, ExportError> {
        let version: Version = release.version.parse().map_err(ExportError::Version)?;
        let name = options.name.as_deref().unwrap_or(release.source.as_str());
        let files = files(release).map_err(ExportError::Files)?;
        let message = commit_message(release, previous);
        let texts = files.iter().map(|file| (file.name.as_str(), String::from_utf8_lossy(&file.bytes)));
        for (file, text) in texts.chain([("The commit message", message.as_str().into())]) {
            if let Some(leak) = find_leak(&text) {
                return Err(ExportError::Secret {
                    file: file.to_owned(),
                    kind: leak.kind,
                    start: leak.start,
                    line: leak.line,
                });
            }
        }
        Ok(Self {
            slug: slug(name),
            branch: branch_name(name),
            tag: tag_name(name, &version),
            files,
            message,
            seconds: release.frozen_at.as_second(),
        })
    }

    fn attempt(&self, repository: &Repository<'_>) -> Result<Exported, ExportError> {
        let state = State::read(repository, self)?;
        if let Some(commit) = &state.tagged {
            return self.released_before(repository, commit, &state.place);
        }
        self.refuse_what_is_in_the_way(repository, &state)?;
        let tree = self.write_tree(repository, &state)?;
        let standing = state.standing.as_ref();
        let (commit, new) = match standing {
            Some(commit) if state.tree.as_ref() == Some(&tree) => (commit.clone(), false),
            parent => (repository.write_commit(&tree, parent, &self.message, self.seconds)?, true),
        };
        let tag = repository.write_tag(&self.tag, &commit, &self.message, self.seconds)?;
        let branch_ref = self.branch_ref();
        let tag_ref = self.tag_ref();
        let updates = [
            RefUpdate { reference: &branch_ref, new: &commit, old: state.tip.as_ref() },
            RefUpdate { reference: &tag_ref, new: &tag, old: None },
        ];
        repository.move_refs(&updates, &format!("strata: export {}", self.tag), self.seconds)?;
        Ok(self.exported(repository, &commit, &tree, state.place.path(), new))
    }

    /// The tag stands: either it is this release, or its version is taken.
    fn released_before(
        &self,
        repository: &Repository<'_>,
        commit: &Oid,
        place: &Place,
    ) -> Result<Exported, ExportError> {
        let taken = || ExportError::TagTaken { tag: self.tag.clone() };
        for file in &self.files {
            match place.file(&file.name) {
                Ok(Some(there)) if there.oid == repository.blob_name(&file.bytes)? => {}
                _ => return Err(taken()),
            }
        }
        let tree = repository.tree_of(commit)?;
        Ok(self.exported(repository, commit, &tree, place.path(), false))
    }

    fn refuse_what_is_in_the_way(&self, repository: &Repository<'_>, state: &State) -> Result<(), ExportError> {
        state.place.refuse(&self.files)?;
        if let Some(folder) = repository.work_tree_on(&self.branch)? {
            return Err(ExportError::CheckedOut { branch: self.branch.clone(), folder });
        }
        if repository.has("refs/heads/strata")? {
            return Err(ExportError::NameClash { reference: self.branch_ref() });
        }
        Ok(())
    }

    fn write_tree(&self, repository: &Repository<'_>, state: &State) -> Result<Oid, ExportError> {
        let place = &state.place;
        let mut leaf = place.leaf.clone();
        for file in &self.files {
            put(&mut leaf, Entry::file(&file.name, repository.write_blob(&file.bytes)?));
        }
        let mut prompts = place.prompts.clone();
        put(&mut prompts, Entry::folder(&place.slug, repository.write_tree(&leaf)?));
        let mut root = place.root.clone();
        put(&mut root, Entry::folder(&place.folder, repository.write_tree(&prompts)?));
        repository.write_tree(&root)
    }

    fn branch_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn tag_ref(&self) -> String {
        format!("refs/tags/{}", self.tag)
    }

    fn exported(&self, repository: &Repository<'_>, commit: &Oid, tree: &Oid, folder: String, new: bool) -> Exported {
        Exported {
            repository: repository.root.clone(),
            branch: self.branch.clone(),
            tag: self.tag.clone(),
            folder,
            commit: commit.as_str().to_owned(),
            tree: tree.as_str().to_owned(),
            new,
        }
    }
}

/// The repository as an attempt finds it.
struct State {
    /// The branch's commit.
    tip: Option<Oid>,
    /// The commit that a new one goes on: the tip, else HEAD's.
    standing: Option<Oid>,
    /// The tree of `standing`.
    tree: Option<Oid>,
    /// The commit that has the tag.
    tagged: Option<Oid>,
    /// The folder in the tagged commit where there is one, else in `standing`.
    place: Place,
}

impl State {
    fn read(repository: &Repository<'_>, job: &Job) -> Result<Self, ExportError> {
        let tip = repository.find(&job.branch_ref())?;
        let standing = if tip.is_some() { tip.clone() } else { repository.head()? };
        let tree = standing.as_ref().map(|commit| repository.tree_of(commit)).transpose()?;
        let tagged = match repository.find(&job.tag_ref())? {
            None => None,
            Some(tag) => match repository.find(&format!("{}^{{commit}}", tag.as_str()))? {
                None => return Err(ExportError::TagTaken { tag: job.tag.clone() }),
                commit => commit,
            },
        };
        let shown = match &tagged {
            Some(commit) => Some(repository.tree_of(commit)?),
            None => tree.clone(),
        };
        let place = match Place::find(repository, shown.as_ref(), &job.slug) {
            Err(ExportError::InTheWay { .. }) if tagged.is_some() => {
                return Err(ExportError::TagTaken { tag: job.tag.clone() });
            }
            found => found?,
        };
        Ok(Self { tip, standing, tree, tagged, place })
    }

    fn base(&self) -> Base {
        match (&self.tip, &self.standing) {
            (Some(tip), _) => Base::Branch(tip.as_str().to_owned()),
            (None, Some(head)) => Base::Head(head.as_str().to_owned()),
            (None, None) => Base::Nothing,
        }
    }
}

/// The release's folder in a tree, and what stands beside it on the way.
struct Place {
    folder: String,
    slug: String,
    root: Vec<Entry>,
    prompts: Vec<Entry>,
    leaf: Vec<Entry>,
}

impl Place {
    /// Names that differ from the tree's only by case would be one file on many disks: the folder of all prompts keeps the
    /// spelling that the tree has, and a prompt's own gets its hash.
    fn find(repository: &Repository<'_>, tree: Option<&Oid>, slug: &str) -> Result<Self, ExportError> {
        let inside = |entry: Option<&Entry>, path: &str| match entry {
            None => Ok(Vec::new()),
            Some(entry) if entry.is_folder() => repository.entries(&entry.oid),
            Some(entry) => Err(ExportError::InTheWay { path: path.to_owned(), kind: entry.what() }),
        };
        let root = tree.map_or_else(|| Ok(Vec::new()), |tree| repository.entries(tree))?;
        let folder =
            named(&root, FOLDER).map_or_else(|| clash(&root, FOLDER), |_| None).unwrap_or_else(|| FOLDER.to_owned());
        let prompts = inside(named(&root, &folder), &folder)?;
        let slug = match (named(&prompts, slug), clash(&prompts, slug)) {
            (None, Some(_)) => format!("{slug}-{}", short_hash(slug)),
            _ => slug.to_owned(),
        };
        let leaf = inside(named(&prompts, &slug), &format!("{folder}/{slug}"))?;
        Ok(Self { folder, slug, root, prompts, leaf })
    }

    fn path(&self) -> String {
        format!("{}/{}", self.folder, self.slug)
    }

    /// The file of that name, if there is one.
    fn file(&self, name: &str) -> Result<Option<&Entry>, ExportError> {
        match named(&self.leaf, name) {
            Some(entry) if !entry.is_file() => Err(self.in_the_way(name, entry.what())),
            found => Ok(found),
        }
    }

    fn refuse(&self, files: &[ReleaseFile]) -> Result<(), ExportError> {
        files.iter().try_for_each(|file| match (self.file(&file.name)?, clash(&self.leaf, &file.name)) {
            (None, Some(other)) => Err(self.in_the_way(&other, "a file whose name differs only by case")),
            _ => Ok(()),
        })
    }

    fn in_the_way(&self, name: &str, kind: &'static str) -> ExportError {
        ExportError::InTheWay { path: format!("{}/{name}", self.path()), kind }
    }
}

fn named<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.name == name.as_bytes())
}

/// An entry whose name differs only by case.
fn clash(entries: &[Entry], name: &str) -> Option<String> {
    let same = |entry: &&Entry| entry.name != name.as_bytes() && entry.name.eq_ignore_ascii_case(name.as_bytes());
    entries.iter().find(same).map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
}

/// Puts an entry in the place of the one that has its name.
fn put(entries: &mut Vec<Entry>, entry: Entry) {
    entries.retain(|there| there.name != entry.name);
    entries.push(entry);
}
