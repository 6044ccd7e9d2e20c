//! What the user has allowed each workspace: kept outside of the workspace, bound to what exactly was asked.
//!
//! A workspace asks for capabilities by what its files say. A grant holds as long as it asks for the same; when a pull
//! changes what is asked, nothing is trusted until the user has seen the difference. Scripts, which reach nothing, stand
//! each for itself: another script is not run, and takes nothing else away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{fingerprint, write_atomic};
use super::ron::{read, to_text};
use crate::domain::{Capability, Fingerprint, Place, Problem};

const FILE: &str = "trust.ron";

/// What a workspace may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It asks for nothing.
    NotNeeded,
    /// The user was never asked.
    Unknown,
    /// The user decided about exactly this; what was allowed may be less than what was asked.
    Decided { allowed: BTreeSet<Capability> },
    /// It asks for something else than the user decided about. Nothing is allowed, unless only scripts are others: then
    /// what is as it was.
    Changed { allowed: BTreeSet<Capability>, added: BTreeSet<Capability>, removed: BTreeSet<Capability> },
}

impl Trust {
    /// The capabilities that may be used.
    pub fn allowed(&self) -> BTreeSet<Capability> {
        match self {
            Self::Decided { allowed } | Self::Changed { allowed, .. } => allowed.clone(),
            Self::NotNeeded | Self::Unknown => BTreeSet::new(),
        }
    }

    /// Whether everything that is asked may be done.
    pub fn is_full(&self, asked: &BTreeSet<Capability>) -> bool {
        asked.is_subset(&self.allowed())
    }
}

/// The user's decisions, by workspace.
#[derive(Debug, Clone)]
pub struct TrustStore {
    file: PathBuf,
    decisions: BTreeMap<PathBuf, Decision>,
    /// The file could not be read: it is not overwritten, and nothing is trusted.
    broken: bool,
}

/// A decision, also the content of the trust file that a build server is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// SHA-256 of `asked`.
    pub hash: Fingerprint,
    /// What was asked when the user decided.
    pub asked: BTreeSet<Capability>,
    pub allowed: BTreeSet<Capability>,
}

impl Decision {
    pub fn new(asked: &BTreeSet<Capability>, allowed: &BTreeSet<Capability>) -> Self {
        let allowed = allowed.intersection(asked).cloned().collect();
        Self { hash: hash(asked), asked: asked.clone(), allowed }
    }

    /// What the decision says about a workspace that asks for this.
    pub fn about(&self, asked: &BTreeSet<Capability>) -> Trust {
        if asked.is_empty() {
            return Trust::NotNeeded;
        }
        let added: BTreeSet<Capability> = asked.difference(&self.asked).cloned().collect();
        let removed: BTreeSet<Capability> = self.asked.difference(asked).cloned().collect();
        let is_sound = self.hash == hash(&self.asked);
        let stands = is_sound && added.iter().chain(&removed).all(Capability::is_script);
        let allowed = self.allowed.intersection(asked).filter(|_| stands).cloned().collect();
        // A script that is gone changes nothing that a user would want to see.
        if stands && added.is_empty() {
            return Trust::Decided { allowed };
        }
        Trust::Changed { allowed, added, removed }
    }

    /// Reads the trust file of a build server.
    ///
    /// # Errors
    /// It is not there or not readable as a decision.
    pub fn load(file: &Path) -> Result<Self, Problem> {
        let bytes = fs::read(file).map_err(|error| {
            Problem::error(Place::file(file), super::files::cannot("read", &error), "Write one with `strata trust`.")
        })?;
        let loaded = read(&bytes, file);
        loaded.value.ok_or_else(|| {
            let first = loaded.problems.into_iter().find(Problem::is_error);
            first.unwrap_or_else(|| Problem::error(Place::file(file), "The trust file cannot be read.", ""))
        })
    }

    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        write_atomic(file, to_text(self).map_err(io::Error::other)?.as_bytes())
    }
}

/// SHA-256 of a set of capabilities, the same on every machine.
fn hash(asked: &BTreeSet<Capability>) -> Fingerprint {
    fingerprint(&serde_json::to_vec(asked).unwrap_or_default())
}

impl TrustStore {
    /// The decisions in a folder. Where they cannot be read, nothing is trusted, and the problem says why.
    pub fn load(folder: &Path) -> (Self, Option<Problem>) {
        let file = folder.join(FILE);
        let empty = |broken| Self { file: folder.join(FILE), decisions: BTreeMap::new(), broken };
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (empty(false), None),
            Err(error) => {
                let message = super::files::cannot("read", &error);
                return (
                    empty(true),
                    Some(Problem::error(Place::file(&file), message, "Nothing is trusted until then.")),
                );
            }
        };
        let loaded = read(&bytes, &file);
        match loaded.value {
            Some(decisions) => (Self { decisions, ..empty(false) }, None),
            None => (empty(true), loaded.problems.into_iter().find(Problem::is_error)),
        }
    }

    /// What a workspace may do that asks for this.
    pub fn about(&self, workspace: &Path, asked: &BTreeSet<Capability>) -> Trust {
        if asked.is_empty() {
            return Trust::NotNeeded;
        }
        self.decisions.get(&key(workspace)).map_or(Trust::Unknown, |decision| decision.about(asked))
    }

    /// Remembers what the user decided, at once.
    ///
    /// # Errors
    /// The file cannot be written, or could not be read; the decision does not hold then.
    pub fn decide(
        &mut self,
        workspace: &Path,
        asked: &BTreeSet<Capability>,
        allowed: &BTreeSet<Capability>,
    ) -> io::Result<()> {
        let mut decisions = self.decisions.clone();
        decisions.insert(key(workspace), Decision::new(asked, allowed));
        self.replace(decisions)
    }

    /// Forgets a workspace.
    ///
    /// # Errors
    /// The file cannot be written, or could not be read; the decision still holds then.
    pub fn revoke(&mut self, workspace: &Path) -> io::Result<()> {
        let mut decisions = self.decisions.clone();
        decisions.remove(&key(workspace));
        self.replace(decisions)
    }

    fn replace(&mut self, decisions: BTreeMap<PathBuf, Decision>) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the trust file has an error and is not overwritten; mend or remove it"));
        }
        write_atomic(&self.file, to_text(&decisions).map_err(io::Error::other)?.as_bytes())?;
        self.decisions = decisions;
        Ok(())
    }
}

fn key(workspace: &Path) -> PathBuf {
    workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OwnRequest, SecretRef};

    fn send(origin: &str) -> Capability {
        Capability::Send { origin: origin.to_owned(), key: Some(SecretRef::Env("KEY".to_owned())), request: None }
    }

    fn set(capabilities: &[Capability]) -> BTreeSet<Capability> {
        capabilities.iter().cloned().collect()
    }

    #[test]
    fn a_decision_holds_for_exactly_what_was_asked() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = dir.path().join("w");
        let (mut store, problem) = TrustStore::load(dir.path());
        assert_eq!(problem, None);
        let asked = set(&[send("https://a"), send("https://b")]);
        assert_eq!(store.about(&workspace, &set(&[])), Trust::NotNeeded);
        assert_eq!(store.about(&workspace, &asked), Trust::Unknown);
        store.decide(&workspace, &asked, &set(&[send("https://a"), send("https://never-asked")])).unwrap();
        let (store, _) = TrustStore::load(dir.path());
        let trust = store.about(&workspace, &asked);
        assert_eq!(trust, Trust::Decided { allowed: set(&[send("https://a")]) });
        assert!(!trust.is_full(&asked));
        assert_eq!(store.about(&dir.path().join("other"), &asked), Trust::Unknown);
    }

    #[test]
    fn another_ask_is_not_trusted_and_shows_the_difference() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = TrustStore::load(dir.path());
        let asked = set(&[send("https://a"), send("https://b")]);
        store.decide(dir.path(), &asked, &asked).unwrap();
        let trust = store.about(dir.path(), &set(&[send("https://a"), send("https://evil")]));
        let (added, removed) = (set(&[send("https://evil")]), set(&[send("https://b")]));
        let expect = Trust::Changed { allowed: set(&[]), added, removed };
        assert_eq!((trust.allowed(), trust), (set(&[]), expect));
        let same_origin_other_key =
            set(&[send("https://a"), Capability::Send { origin: "https://b".to_owned(), key: None, request: None }]);
        assert!(matches!(store.about(dir.path(), &same_origin_other_key), Trust::Changed { .. }));
        assert!(matches!(store.about(dir.path(), &set(&[send("https://a")])), Trust::Changed { .. }));
        store.revoke(dir.path()).unwrap();
        assert_eq!(store.about(dir.path(), &asked), Trust::Unknown);
    }

    fn script(of: &str, code: u8) -> Capability {
        Capability::Run { of: of.to_owned(), scripts: 1, from_cases: false, code: Fingerprint([code; 32]) }
    }

    #[test]
    fn another_script_is_asked_for_and_takes_nothing_else_away() {
        let asked = set(&[send("https://a"), script("x", 1), script("y", 1)]);
        let decision = Decision::new(&asked, &asked);
        let pulled = set(&[send("https://a"), script("x", 2), script("y", 1)]);
        let trust = decision.about(&pulled);
        assert_eq!(trust.allowed(), set(&[send("https://a"), script("y", 1)]));
        let Trust::Changed { added, removed, .. } = &trust else { panic!("{trust:?}") };
        assert_eq!((added, removed), (&set(&[script("x", 2)]), &set(&[script("x", 1)])));
        assert!(added.first().unwrap().replaces(removed.first().unwrap()));
        let fewer = set(&[send("https://a"), script("y", 1)]);
        assert_eq!(decision.about(&fewer), Trust::Decided { allowed: fewer.clone() });
        // With another host, nothing is left.
        let elsewhere = set(&[send("https://b"), script("x", 1), script("y", 1)]);
        assert_eq!(decision.about(&elsewhere).allowed(), set(&[]));
    }

    #[test]
    fn another_request_of_ones_own_takes_everything_away() {
        let own = |definition: u8| Capability::Send {
            origin: "https://a".to_owned(),
            key: None,
            request: Some(OwnRequest { method: "POST".to_owned(), definition: Fingerprint([definition; 32]) }),
        };
        let asked = set(&[own(1), send("https://b")]);
        let decision = Decision::new(&asked, &asked);
        assert!(decision.about(&asked).is_full(&asked));
        assert_eq!(decision.about(&set(&[own(2), send("https://b")])).allowed(), set(&[]));
        assert!(own(2).replaces(&own(1)) && !send("https://b").replaces(&own(1)));
    }

    #[test]
    fn decisions_of_older_versions_are_read_and_their_scripts_asked_for_again() {
        let dir = tempfile::tempdir().unwrap();
        let send = Capability::Send { origin: "https://a".to_owned(), key: None, request: None };
        let asked = set(&[send.clone(), Capability::Script]);
        let hash = hash(&asked);
        assert_eq!(serde_json::to_string(&asked).unwrap(), r#"[{"Send":{"origin":"https://a","key":null}},"Script"]"#);
        let list = r#"[Send(origin: "https://a", key: None), Script]"#;
        let text = format!("{{\"/w\": (hash: \"{hash}\", asked: {list}, allowed: {list})}}");
        fs::write(dir.path().join(FILE), text).unwrap();
        let (store, problem) = TrustStore::load(dir.path());
        assert_eq!(problem, None);
        let now = set(&[send.clone(), script("x", 1)]);
        let trust = store.about(Path::new("/w"), &now);
        assert_eq!(trust.allowed(), set(&[send]));
        assert!(matches!(trust, Trust::Changed { .. }));
    }

    #[test]
    fn a_broken_file_trusts_nothing_and_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{\"/w\": (").unwrap();
        let (mut store, problem) = TrustStore::load(dir.path());
        assert!(problem.is_some());
        let asked = set(&[send("https://a")]);
        assert!(store.decide(dir.path(), &asked, &asked).is_err());
        assert_eq!(store.about(dir.path(), &asked), Trust::Unknown);
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "{\"/w\": (");
    }

    #[test]
    fn a_trust_file_with_another_hash_trusts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ci.ron");
        let asked = set(&[send("https://a"), Capability::Export { repository: "/r".into() }]);
        Decision::new(&asked, &asked).save(&file).unwrap();
        let decision = Decision::load(&file).unwrap();
        assert!(decision.about(&asked).is_full(&asked));
        let forged = Decision { hash: Fingerprint::default(), ..decision };
        assert_eq!(forged.about(&asked).allowed(), set(&[]));
        assert!(Decision::load(&dir.path().join("none.ron")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = TrustStore::load(dir.path());
        store.decide(dir.path(), &set(&[send("https://a")]), &set(&[])).unwrap();
        assert_eq!(fs::metadata(dir.path().join(FILE)).unwrap().mode() & 0o777, 0o600);
    }
}
