//! JavaScript's template literals: `${x}`.

use crate::interop::formats::names::{of_code, path};

use super::{Words, near};

/// `${x}` as a slot; code in it becomes a variable, since nothing is run.
pub fn substitutions(text: &str) -> Words {
    let mut words = Words::default();
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        words.text(&rest[..open]);
        let after = &rest[open + 2..];
        let Some(end) = end_of(near(after)) else {
            words.text("${");
            rest = after;
            continue;
        };
        let inner = after[..end].trim();
        if let Some(expression) = path(inner) {
            words.push_slot(expression);
        } else {
            let name = of_code(inner);
            words.note(format!("`${{{inner}}}` is code, which is not run: give the variable `{name}` its value."));
            words.push_slot(name);
        }
        rest = &after[end + 1..];
    }
    words.text(rest);
    words
}

/// Where the brace that closes a substitution is.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutions_are_slots() {
        let check = |text: &str, expect: &str, notes: usize| {
            let words = substitutions(text);
            assert_eq!(words.template(), expect, "{text}");
            assert_eq!(words.notes.len(), notes);
        };
        check("Sort ${ticket} of ${user.name}.", "Sort {{ ticket }} of {{ user.name }}.", 0);
        check("${items.map(i => `{${i}}`)}!", "{{ items_map_i_i }}!", 1);
        check("$5 {a} ${", "$5 {a} ${", 0);
    }
}
