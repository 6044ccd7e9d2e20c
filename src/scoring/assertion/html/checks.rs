//! The two assertions.

use super::super::{Asked, Graded, Grading, Output, space};
use super::hints;
use super::tree::{Page, parse};

/// Larger outputs are not looked at.
const LARGEST: usize = 10 << 20;

/// `is-html`: read as a browser does, the output has a known element that stands in the text, and no text outside of
/// elements unless it writes the `<body>` itself.
///
/// # Errors
/// None.
pub fn is_html(asked: &Asked, output: &Output) -> Grading {
    Ok(match complaint(space::trim(&output.text)) {
        Some(why) => Graded::binary(false, asked.not, why),
        None => Graded::binary(true, asked.not, "The output is HTML."),
    })
}

fn complaint(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("The output is empty, not HTML.");
    }
    if text.len() > LARGEST {
        return Some("The output is larger than 10 MB and was not read as HTML.");
    }
    let lower = text.to_lowercase();
    if lower.starts_with("<?xml") {
        return Some("The output is an XML document, not HTML.");
    }
    let page = parse(text);
    if page.has_body_text && !lower.contains("<body") {
        return Some("The output has text outside of HTML elements.");
    }
    if !has_known_element(&page, &lower) {
        return Some("The output has no known HTML element.");
    }
    None
}

/// The parser adds `html`, `head` and `body` where they are missing, so these count only where they are written.
fn has_known_element(page: &Page, lower: &str) -> bool {
    page.names.iter().any(|name| {
        let name = name.to_lowercase();
        let written = !matches!(&*name, "html" | "head" | "body") || lower.contains(&format!("<{name}"));
        written && (KNOWN.contains(&&*name) || name.contains('-'))
    })
}

/// Elements of HTML 5 that are not obsolete. Custom elements have a hyphen and are known as well.
const KNOWN: &[&str] = &[
    "a",
    "abbr",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "math",
    "menu",
    "meta",
    "meter",
    "nav",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// `contains-html`: the hints of HTML in the output weigh at least two.
///
/// # Errors
/// None.
pub fn contains_html(asked: &Asked, output: &Output) -> Grading {
    let weight = if output.text.len() > LARGEST { 0 } else { hints::weight(&output.text) };
    let reason = format!("The hints of HTML in the output weigh {weight}; two are enough.");
    Ok(Graded::binary(weight >= 2, asked.not, reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn grade(text: &str, assertion: fn(&Asked, &Output) -> Grading, not: bool) -> bool {
        let config = Map::new();
        let asked = Asked { not, value: &Value::Null, threshold: None, config: &config, tools: &[] };
        let graded = assertion(&asked, &Output::new(&Value::from(text))).unwrap();
        assert_eq!(graded.score > 0.5, graded.pass);
        graded.pass
    }

    fn check(assertion: fn(&Asked, &Output) -> Grading, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(grade(text, assertion, false) && !grade(text, assertion, true), "{text}");
        }
        for text in bad {
            assert!(!grade(text, assertion, false) && grade(text, assertion, true), "{text}");
        }
    }

    #[test]
    fn html_is_elements_from_the_first_to_the_last_character() {
        check(
            is_html,
            &[
                "<section><h2>Hi</h2></section>",
                "  <ul><li>one<li>two</ul>\n<hr>",
                "<!DOCTYPE html><html><head><title>T</title></head><body>free text</body></html>",
                "<x-card>in</x-card>",
                "<article>never closed",
                "<noscript>x</noscript>",
                "<select><option>a</select>",
                "<svg><circle r='1'/></svg>",
                "<html lang=de>",
                "<br>",
                "<!-- note --><p>x",
                "<blink>x</blink><em>y</em>",
                "<em>a</em>\u{A0}<em>b</em>",
            ],
            &[
                "",
                " \n",
                "plain",
                "<p>x</p> and more",
                "before <p>x</p>",
                "<html>free text</html>",
                "<blink>x</blink>",
                "<!DOCTYPE html>",
                "<td>x</td>",
                "</div>",
                "&amp;",
                "&nbsp;",
                "<?xml version='1.0'?><p>x</p>",
                "< div>x</ div>",
                "# Title\n<p>x</p>",
                "1 < 2",
            ],
        );
    }

    #[test]
    fn html_is_contained_where_hints_weigh_enough() {
        check(
            contains_html,
            &[
                "see <b>this</b>",
                "text<br>text",
                "<input type=\"text\"",
                "<!doctype HTML>",
                "<x y=\"z\">",
                "<x/> &amp;",
                "<!-- c --> &lt;",
                "<unknown></unknown>",
                "<H3>",
            ],
            &[
                "",
                "3 < 4 && 5 > 4",
                "Vec<u8>",
                "<!-- only -->",
                "&copy;",
                "name=\"x\"",
                "mail <ann@x.org>",
                "<bravo",
                "<!-- a -- b --> &",
            ],
        );
    }

    #[test]
    fn hostile_text_ends_soon() {
        let floods = [
            "<div>".repeat(20_000),
            "<b>".repeat(20_000),
            "<table>a<tr>".repeat(10_000),
            (0..3_000).map(|at| format!("<div><b id={at}>x</div>")).collect::<Vec<_>>().concat(),
            "<a <a <a ".repeat(20_000),
            "<!--".repeat(20_000),
            "</p>".repeat(20_000),
        ];
        for flood in floods {
            grade(&flood, is_html, false);
            grade(&flood, contains_html, false);
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(<[a-z!/?-]{0,6}[ >/=\"']{0,3}|[a-z&;\\s]|table|select|<td>|<svg>|<template>|é){0,30}") {
            grade(&text, is_html, false);
            grade(&text, contains_html, false);
        }
    }
}
