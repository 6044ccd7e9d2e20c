//! What a run may spend.

use serde::{Deserialize, Serialize};

use crate::domain::money::Usd;

/// What a run may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Nothing is sent that could take the run past this; `None` is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard: Option<Usd>,
    /// Past this a notice is raised once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Usd>,
}
