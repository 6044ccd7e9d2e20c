//! Names of variables that templates can say.

/// Words that templates keep for themselves, and `expected`, which is for what is right.
const KEPT: [&str; 15] =
    ["and", "elif", "else", "expected", "false", "for", "if", "in", "is", "loop", "none", "not", "or", "set", "true"];

/// The variable that stands for `name`: itself, where a template can say it.
pub(super) fn variable(name: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() || letter == '_' { letter } else { '_' };
    let mut variable: String = name.trim().chars().map(letter).collect();
    if variable.is_empty() || variable.starts_with(|first: char| !first.is_alphabetic() && first != '_') {
        variable.insert(0, '_');
    }
    if KEPT.contains(&variable.to_lowercase().as_str()) {
        variable.push('_');
    }
    variable
}

/// The variable that stands for the value of code, which nobody runs.
pub(super) fn of_code(code: &str) -> String {
    let words: Vec<&str> =
        code.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    variable(&words.join("_").chars().take(40).collect::<String>())
}

/// A template's expression for `customer.name`, `items.0` or `items[0]['id']`; `None` for anything else.
pub(super) fn path(words: &str) -> Option<String> {
    let words = words.trim();
    let end = words.find(['.', '[']).unwrap_or(words.len());
    let (first, mut rest) = words.split_at(end);
    if !is_name(first) {
        return None;
    }
    let mut path = variable(first);
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        path.push_str(&step);
        rest = after;
    }
    Some(path)
}

/// Names of other tools may have `-` in them.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
}

fn step(rest: &str) -> Option<(String, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        return Some((inner(name)?, after));
    }
    let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
    Some((inner(name.trim_matches(['\'', '"']))?, after))
}

fn inner(name: &str) -> Option<String> {
    if !name.is_empty() && name.len() <= 9 && name.chars().all(|digit| digit.is_ascii_digit()) {
        return Some(format!("[{name}]"));
    }
    if !is_name(name) {
        return None;
    }
    Some(if name.contains('-') { format!("['{name}']") } else { format!(".{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_names_that_templates_can_say() {
        let check = |name: &str, expect: &str| assert_eq!(variable(name), expect);
        check("question", "question");
        check("first-name", "first_name");
        check("if", "if_");
        check("expected", "expected_");
        check("2nd", "_2nd");
        check(" ", "_");
        check("größe", "größe");
        assert_eq!(of_code("items.map(i => `{${i}}`)"), "items_map_i_i");
    }

    #[test]
    fn paths_become_expressions() {
        let check = |words: &str, expect: Option<&str>| assert_eq!(path(words).as_deref(), expect, "{words}");
        check(" user.name ", Some("user.name"));
        check("items.0", Some("items[0]"));
        check("items[0]['id']", Some("items[0].id"));
        check("a.b-c", Some("a['b-c']"));
        check("x + 1", None);
        check("x|upper", None);
        check("f(x)", None);
        check("a['b\\']", None);
        check("", None);
        check("a..b", None);
        check("1", None);
    }
}
