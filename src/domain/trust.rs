//! What a workspace asks for beyond its own folder, so that a person can grant or refuse exactly that.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::manifest::SecretRef;

/// One thing that a workspace may do only when its user has agreed to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Send prompts and cases to an origin (scheme, host, port), with this key if one is named.
    Send { origin: String, key: Option<SecretRef> },
    /// Send the call log (no prompt, no answer) to an origin, with this key if one is named.
    Report { origin: String, key: Option<SecretRef> },
    /// Write a release into a git repository.
    Export { repository: PathBuf },
    /// Run the JavaScript that stands in checks and transforms, in a sandbox.
    Script,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { origin, key: None } => write!(f, "send prompts and cases to {origin}, without a key"),
            Self::Send { origin, key: Some(key) } => {
                write!(f, "send prompts and cases to {origin}, with the key from {key}")
            }
            Self::Report { origin, key: None } => write!(f, "send the call log to {origin}, without a key"),
            Self::Report { origin, key: Some(key) } => {
                write!(f, "send the call log to {origin}, with the key from {key}")
            }
            Self::Script => {
                f.write_str("run the JavaScript of its checks and transforms, in a sandbox without files and network")
            }
            Self::Export { repository } => write!(f, "write releases into the git repository {}", repository.display()),
        }
    }
}
