//! Names of things. An id is the stem of the file that defines it, so that people can read, rename and link it.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it stands in files.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A project: one prompt problem (a folder in `projects/`).
    ProjectId,
    /// A prompt (`prompts/<id>.ron`).
    PromptId,
    /// A layer, unique inside its prompt.
    LayerId,
    /// A variant (`variants/<id>.ron`).
    VariantId,
    /// A dataset (`datasets/<id>.{ron,csv,jsonl}`).
    DatasetId,
    /// A case, unique inside its dataset: the id column, else a hash of the row and its occurrence number.
    CaseId,
    /// An experiment (`experiments/<id>.ron`).
    ExperimentId,
    /// A release (`releases/<id>.ron`).
    ReleaseId,
    /// A provider in `workspace.ron`.
    ProviderId,
    /// A model in `workspace.ron`; the name that variants and plots use, not the provider's own.
    ModelId,
    /// A run: `20261123-140501-7f3a`, so that names sort by start.
    RunId,
}
