//! Templates of Strata that say no more than other tools can: text and names.

use super::{Piece, Words};

const RAW: &str = "{% raw %}";
const END_RAW: &str = "{% endraw %}";

impl Words {
    /// The pieces of a template without statements, filters and calculations; `None` for any other.
    pub fn of_template(template: &str) -> Option<Self> {
        let mut words = Self::default();
        let mut rest = template;
        while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min() {
            words.text(&rest[..at]);
            rest = &rest[at..];
            if let Some(raw) = rest.strip_prefix(RAW) {
                let (text, after) = raw.split_once(END_RAW)?;
                words.text(text);
                rest = after;
            } else {
                let (inner, after) = rest.strip_prefix("{{")?.split_once("}}")?;
                words.expression(inner.trim())?;
                rest = after;
            }
        }
        words.text(rest);
        Some(words)
    }

    fn expression(&mut self, expression: &str) -> Option<()> {
        if let Some(text) = expression.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
            let is_plain = !text.contains(['\'', '\\']);
            return is_plain.then(|| self.text(text));
        }
        let path = crate::interop::formats::names::path(expression)?;
        (path == expression).then(|| self.pieces.push(Piece::Slot(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let check = |template: &str, expect: Option<&str>| {
            let words = Words::of_template(template);
            assert_eq!(words.as_ref().map(Words::template).as_deref(), expect, "{template}");
        };
        check("Hi {{ name }}: {\"a\": 1}", Some("Hi {{ name }}: {\"a\": 1}"));
        check("{% raw %}{{ a }}{% endraw %} {{ '{' }}", Some("{% raw %}{{ a }} {{% endraw %}"));
        check("{{ a|upper }}", None);
        check("{% if a %}x{% endif %}", None);
        check("{{ a", None);
    }
}
