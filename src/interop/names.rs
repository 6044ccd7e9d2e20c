//! Ids that are safe as names of files, made of the names of other tools.

/// The longest id that is made, in bytes.
const LONGEST: usize = 48;

/// Names that some systems keep for devices, whatever their ending.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];

/// Lower-case letters, digits, `-` and `_` that stand for `name`; `fallback` where nothing is left.
#[must_use]
pub fn slug(name: &str, fallback: &str) -> String {
    let plain = plain(name);
    let short = plain.get(..LONGEST).unwrap_or(&plain).trim_end_matches('-');
    match short {
        "" => fallback.to_owned(),
        device if is_device(device) => format!("{device}-{fallback}"),
        short => short.to_owned(),
    }
}

/// As [`slug`], however long it is; empty where nothing is left.
#[must_use]
pub fn plain(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain.truncate(plain.trim_end_matches('-').len());
    plain
}

fn is_device(id: &str) -> bool {
    let numbered = |kind: &str| id.strip_prefix(kind).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    DEVICES.contains(&id) || numbered("com") || numbered("lpt")
}

/// `id`, or `id-2`, `id-3`, … where others are taken.
#[must_use]
pub fn unique(id: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&id) {
        return id;
    }
    (2..u32::MAX).map(|number| format!("{id}-{number}")).find(|id| !is_taken(id)).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_file_stems() {
        let check = |name: &str, expect: &str| assert_eq!(slug(name, "prompt"), expect);
        check("Movie critic (v2)", "movie-critic-v2");
        check("openai:chat:gpt-5_x", "openai-chat-gpt-5_x");
        check("../../etc/passwd", "etc-passwd");
        check("日本", "prompt");
        check("", "prompt");
        check("CON", "con-prompt");
        check("lpt1", "lpt1-prompt");
        check("lpt10", "lpt10");
        assert_eq!(slug(&"a".repeat(500), "x").len(), LONGEST);
        assert_eq!(slug(&format!("{} b", "a".repeat(LONGEST - 1)), "x"), "a".repeat(LONGEST - 1));
        assert_eq!(plain(&"a ".repeat(100)).len(), 199);
        assert_eq!(unique("a".to_owned(), |id| ["a", "a-2"].contains(&id)), "a-3");
    }
}
