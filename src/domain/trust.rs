//! What a workspace asks for beyond its own folder, so that a person can grant or refuse exactly that.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::manifest::SecretRef;

/// One thing that a workspace may do only when its user has agreed to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Send prompts and cases to an origin (scheme, host, port), with this key if one is named.
    Send {
        origin: String,
        key: Option<SecretRef>,
        /// What is sent, where the workspace itself describes it; `None` for an API that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<OwnRequest>,
    },
    /// Send the call log (no prompt, no answer) to an origin, with this key if one is named.
    Report { origin: String, key: Option<SecretRef> },
    /// Write a release into a git repository.
    Export { repository: PathBuf },
    /// Run any JavaScript of the workspace: what older versions asked for. It is read in their decisions; nothing asks for
    /// it, and it allows nothing.
    Script,
    /// Run exactly this JavaScript of checks and transforms, in a sandbox; where templates are among it, exactly these
    /// templates, whatever the cases fill in.
    Run {
        /// Who holds it, in words: an experiment, the cases of a dataset, a model.
        of: String,
        /// How many different ones.
        scripts: u32,
        /// The text of some is a template over the case's variables, so that what is run changes with the cases.
        from_cases: bool,
        code: Fingerprint,
    },
}

/// A request that a workspace describes itself. Another description needs a new grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRequest {
    /// `PUT`.
    pub method: String,
    /// Of the address and of all that is sent.
    pub definition: Fingerprint,
}

impl Capability {
    /// Whether it asks for the same as one before it, by another code or another request.
    #[must_use]
    pub fn replaces(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Run { of, .. }, Self::Run { of: before, .. }) => of == before,
            (Self::Run { .. }, Self::Script) => true,
            (Self::Send { origin, key, .. }, Self::Send { origin: before, key: key_before, .. }) => {
                origin == before && key == key_before
            }
            _ => false,
        }
    }

    /// Whether the cases say what is run, as they did not of the one before: a person is asked, whoever typed it.
    #[must_use]
    pub const fn is_opened_to_cases(&self, before: &Self) -> bool {
        matches!((self, before), (Self::Run { from_cases: true, .. }, Self::Run { from_cases: false, .. }))
    }

    /// Whether it stands for code that runs here, which reaches nothing: another one changes nothing of what else may be done.
    #[must_use]
    pub const fn is_script(&self) -> bool {
        matches!(self, Self::Run { .. } | Self::Script)
    }

    /// In words, with `place` for where a key is found.
    pub fn told<'a>(&'a self, place: &'a dyn Fn(&SecretRef) -> String) -> impl fmt::Display + 'a {
        Told { capability: self, place }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told(&SecretRef::to_string).fmt(f)
    }
}

/// A capability in words.
struct Told<'a> {
    capability: &'a Capability,
    place: &'a dyn Fn(&SecretRef) -> String,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_key = |f: &mut fmt::Formatter<'_>, key: &Option<SecretRef>| match key {
            None => f.write_str(", without a key"),
            Some(key) => write!(f, ", with the key from {}", (self.place)(key)),
        };
        match self.capability {
            Capability::Send { origin, key, request } => {
                write!(f, "send prompts and cases to {origin}")?;
                if let Some(OwnRequest { method, definition }) = request {
                    write!(f, " by the workspace's own {method} request ({})", definition.short())?;
                }
                by_key(f, key)
            }
            Capability::Report { origin, key } => {
                write!(f, "send the call log to {origin}")?;
                by_key(f, key)
            }
            Capability::Script => f.write_str("run any JavaScript of its checks and transforms"),
            Capability::Run { of, scripts, from_cases, code } => {
                let count = if *scripts == 1 { "1 script".to_owned() } else { format!("{scripts} scripts") };
                let filled = if *from_cases { ", filled in from the cases" } else { "" };
                write!(
                    f,
                    "run the JavaScript of {of} in a sandbox without files and network ({count}{filled}: {})",
                    code.short()
                )
            }
            Capability::Export { repository } => {
                write!(f, "write releases into the git repository {}", repository.display())
            }
        }
    }
}
