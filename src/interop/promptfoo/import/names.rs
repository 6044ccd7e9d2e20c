//! Ids for what a config names freely.

use std::collections::BTreeSet;
use std::path::Path;

use crate::interop::names::{self, slug};

/// What a project is called after its config: the folder's name where the file has the usual one.
pub(super) fn of_file(file: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|name| name.to_string_lossy().into_owned());
    let stem = name(file.file_stem()).unwrap_or_default();
    let folder = name(file.parent().and_then(Path::file_name)).filter(|folder| !folder.is_empty());
    if stem == "promptfooconfig" { folder.unwrap_or(stem) } else { stem }
}

/// The id of what a config names so; never empty.
pub(in crate::interop::promptfoo) fn id(name: &str) -> String {
    slug(name, "item")
}

/// The id, with a number where it is taken.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let free = names::unique(id(name), |id| taken.contains(id));
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_and_unique() {
        let mut taken = BTreeSet::new();
        for (name, expect) in [
            ("openai:chat:gpt-5", "openai-chat-gpt-5"),
            ("OpenAI Chat GPT 5", "openai-chat-gpt-5-2"),
            ("{{out}}", "out"),
            ("¿?", "item"),
        ] {
            assert_eq!(unique(name, &mut taken), expect);
        }
    }

    #[test]
    fn a_project_is_called_after_its_config_or_its_folder() {
        assert_eq!(of_file(Path::new("/a/support/promptfooconfig.yaml")), "support");
        assert_eq!(of_file(Path::new("/a/support/refunds.yaml")), "refunds");
    }
}
