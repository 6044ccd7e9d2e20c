//! Assignments outside of any statement, `x = 1`, which node-sql-parser's grammars take as procedures.

use std::sync::LazyLock;

use regex::Regex;

static ASSIGNMENTS: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*";
    let operand = format!(r#"(?:[+-]?[0-9]+(?:\.[0-9]+)?|'[^'\\]*'|"[^"\\]*"|(?:@@?|\$)?{name}(?:\(\s*\))?)"#);
    let one = format!(r"(?:@@?|\$)?{name}\s*:?=\s*{operand}(?:\s*[-+*/%]\s*{operand})*");
    Regex::new(&format!(r"^\s*(?:{one}(?:\s+{one})*)?\s*$")).expect("the pattern is a constant")
});

/// Nothing but assignments, with semicolons or without.
pub(super) fn are_assignments(text: &str) -> bool {
    text.split(';').all(|statement| ASSIGNMENTS.is_match(statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assignments_are_taken() {
        for good in ["x = 1", "@a := b * 2.5", "a = 'x'\nb = now()", "a.b = c; d = e;"] {
            assert!(are_assignments(good), "{good}");
        }
        for bad in ["x == 1", "x", "hello world", "x = ", "x = 1, y = 2", "print(x = 1)", "x = [1]"] {
            assert!(!are_assignments(bad), "{bad}");
        }
    }
}
