//! Ids for what a config names freely.

use std::collections::BTreeSet;
use std::path::Path;

/// The most characters of an id.
const LONGEST: usize = 40;

/// What a project is called after its config: the folder's name where the file has the usual one.
pub(super) fn of_file(file: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|name| name.to_string_lossy().into_owned());
    let stem = name(file.file_stem()).unwrap_or_default();
    let folder = name(file.parent().and_then(Path::file_name)).filter(|folder| !folder.is_empty());
    if stem == "promptfooconfig" { folder.unwrap_or(stem) } else { stem }
}

/// Small letters, digits and hyphens; never empty.
pub(in crate::interop::promptfoo) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "item".to_owned() } else { slug.to_owned() }
}

/// The slug, with a number where it is taken.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let slug = slug(name);
    let numbered = (2_u32..).map(|number| format!("{slug}-{number}"));
    let free = std::iter::once(slug.clone()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or(slug);
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_plain_and_unique() {
        let mut taken = BTreeSet::new();
        for (name, expect) in [
            ("openai:chat:gpt-5", "openai-chat-gpt-5"),
            ("OpenAI Chat GPT 5", "openai-chat-gpt-5-2"),
            ("{{out}}", "out"),
            ("¿?", "item"),
        ] {
            assert_eq!(unique(name, &mut taken), expect);
        }
        assert!(slug(&"long ".repeat(50)).len() <= LONGEST);
    }

    #[test]
    fn a_project_is_called_after_its_config_or_its_folder() {
        assert_eq!(of_file(Path::new("/a/support/promptfooconfig.yaml")), "support");
        assert_eq!(of_file(Path::new("/a/support/refunds.yaml")), "refunds");
    }
}
