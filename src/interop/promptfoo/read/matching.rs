//! How a test or a provider names the prompts and providers that it is for.

use super::super::suite::{PromptEntry, ProviderEntry};

/// A label or an id: exactly, by `start*`, or as the group `start` of `start:…`.
fn names(reference: &str, label: Option<&str>, id: Option<&str>) -> bool {
    [label, id].into_iter().flatten().any(|name| {
        let starred = reference.strip_suffix('*').is_some_and(|start| name.starts_with(start));
        let grouped = name.strip_prefix(reference).is_some_and(|rest| rest.starts_with(':'));
        name == reference || starred || grouped
    })
}

pub(super) fn names_provider(reference: &str, provider: &ProviderEntry) -> bool {
    names(reference, provider.label.as_deref(), Some(&provider.id))
}

pub(super) fn names_prompt(reference: &str, prompt: &PromptEntry) -> bool {
    names(reference, Some(&prompt.label), prompt.id.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_exact_starred_or_a_group() {
        let check = |reference: &str, expect: bool| {
            assert_eq!(names(reference, Some("fast:1"), Some("echo")), expect, "{reference}");
        };
        for reference in ["fast:1", "echo", "fast*", "*", "ec*", "fast"] {
            check(reference, true);
        }
        for reference in ["fas", "Fast:1", "ech", "fast:", "", "x*"] {
            check(reference, false);
        }
    }
}
