//! The exact cache.

use serde::{Deserialize, Serialize};

/// The exact cache: the same request, sample number included, is paid once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CachePolicy {
    pub on: bool,
    /// Part of the key: another epoch asks everything anew and keeps the old answers.
    pub epoch: u32,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self { on: true, epoch: 0 }
    }
}
