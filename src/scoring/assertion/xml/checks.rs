//! The two assertions.

use serde_json::Value;

use super::super::{Asked, Graded, Grading, Output, Undone, space};
use super::{fragments, lenient, strict};

/// Larger outputs are not looked at.
const LARGEST: usize = 16 << 20;

/// `is-xml`: the output is one well-formed document, namespaces included, without an internal DTD subset, and has every
/// required path.
///
/// # Errors
/// The value is an object without a list of `requiredElements`.
pub fn is_xml(asked: &Asked, output: &Output) -> Grading {
    let required = required(asked.value)?;
    Ok(match whole(&output.text, &required) {
        Ok(()) => Graded::binary(true, asked.not, "The output is well-formed XML with all that is required."),
        Err(why) => Graded::binary(false, asked.not, why),
    })
}

fn whole(text: &str, required: &[String]) -> Result<(), String> {
    if text.len() > LARGEST {
        return Err("The output is larger than 16 MB and was not read as XML.".to_owned());
    }
    strict::check(text).map_err(|why| format!("The output is not well-formed XML: {why}."))?;
    let seen = lenient::read(text).ok_or("The output nests too deep for XML to be read.")?;
    let missing: Vec<&str> = required.iter().filter(|path| !seen.has(path)).map(String::as_str).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("The XML lacks {}.", missing.join(", "))) }
}

/// `contains-xml`: some element of the output, or the stretch from the first to the last of several side by side, has
/// every required path. The elements are read leniently.
///
/// # Errors
/// The value is an object without a list of `requiredElements`.
pub fn contains_xml(asked: &Asked, output: &Output) -> Grading {
    let required = required(asked.value)?;
    if output.text.len() > LARGEST {
        return Ok(Graded::binary(false, asked.not, "The output is larger than 16 MB and was not searched for XML."));
    }
    let fragments = fragments::fragments(&output.text);
    if fragments.is_empty() {
        return Ok(Graded::binary(false, asked.not, "The output has no XML element in it."));
    }
    let mut read = fragments::Covered::default();
    for fragment in fragments {
        if read.covers(fragment) {
            continue;
        }
        let Some(seen) = lenient::read(&output.text[fragment.start..fragment.end]) else { continue };
        if required.iter().all(|path| seen.has(path)) {
            return Ok(Graded::binary(true, asked.not, "The output has XML in it with all that is required."));
        }
        read.add(fragment);
    }
    Ok(Graded::binary(false, asked.not, format!("No XML of the output has all of {}.", required.join(", "))))
}

/// The required paths: text with commas, a list, or an object with a list. Numbers and booleans ask for nothing.
fn required(value: &Value) -> Result<Vec<String>, Undone> {
    match value {
        Value::String(text) => Ok(text.split(',').map(|path| space::trim(path).to_owned()).collect()),
        Value::Array(paths) => paths.iter().map(printed).collect(),
        Value::Object(fields) if fields.is_empty() => Ok(Vec::new()),
        Value::Object(fields) => match fields.get("requiredElements") {
            Some(Value::Array(paths)) => paths.iter().map(printed).collect(),
            _ => Err(Undone(
                "An assertion about XML takes required elements as text with commas, as a list, or as \
                 `requiredElements` with a list."
                    .to_owned(),
            )),
        },
        _ => Ok(Vec::new()),
    }
}

fn printed(path: &Value) -> Result<String, Undone> {
    match path {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(path.to_string()),
        _ => Err(Undone(format!("A required element is a path, not {path}."))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    type Assertion = fn(&Asked, &Output) -> Grading;

    fn grade(assertion: Assertion, value: &Value, text: &str, not: bool) -> Result<bool, Undone> {
        let config = Map::new();
        let asked = Asked { not, value, threshold: None, config: &config, tools: &[] };
        assertion(&asked, &Output::new(&Value::from(text))).map(|graded| graded.pass)
    }

    fn check(assertion: Assertion, value: &Value, text: &str, expect: bool) {
        assert_eq!(grade(assertion, value, text, false), Ok(expect), "{text} {value}");
        assert_eq!(grade(assertion, value, text, true), Ok(!expect), "not: {text} {value}");
    }

    #[test]
    fn required_paths_begin_at_the_root() {
        let text = "<shop open='yes'><item n='1'>tea</item><item n='2'/><till>3</till></shop>";
        for value in [
            json!("shop"),
            json!("shop.till, shop.@_open"),
            json!(["shop.item.0.@_n", "shop.item.0.#text", "shop.item.1"]),
            json!({ "requiredElements": ["shop.item"] }),
            json!([]),
            json!({}),
            json!(null),
            json!(7),
        ] {
            check(is_xml, &value, text, true);
        }
        for value in [
            json!("till"),
            json!("shop.item.@_n"),
            json!("shop.item.2"),
            json!("shop.item.00"),
            json!("shop.till.#text"),
            json!("shop.item.1.#text"),
            json!(""),
        ] {
            check(is_xml, &value, text, false);
        }
    }

    #[test]
    fn other_objects_cannot_be_done() {
        for value in [json!({ "elements": ["a"] }), json!({ "requiredElements": "a" }), json!([null])] {
            assert!(grade(is_xml, &value, "<a/>", false).is_err(), "{value}");
            assert!(grade(contains_xml, &value, "none", true).is_err(), "{value}");
        }
    }

    #[test]
    fn elements_are_found_in_prose() {
        let check = |value: Value, text: &str, expect| check(contains_xml, &value, text, expect);
        check(json!(null), "so: <ok>1</ok>, done", true);
        check(json!(null), "<br>", false);
        check(json!(null), "a <b/> c", true);
        check(json!(null), "1 < 2 and <p>unclosed", false);
        check(json!(null), "<a><b></a>", false);
        check(json!(null), "<A></a>", false);
        check(json!(null), "<p class=x>&unknown;</p>", true);
        check(json!("note.to"), "Here: <note><to>A</to></note>", true);
        check(json!("to"), "Here: <note><to>A</to></note>", false);
        check(json!("x,y"), "<x/> and <y/>", true);
        check(json!("x.z"), "<x><z/></x><x/>", false);
        check(json!("t.@_k"), "<t k=v>1</t>", true);
        check(json!("t.@_v"), "<t k=v>1</t>", true);
        check(json!(null), "<?xml version='1.0'?>", false);
        check(json!("a.b"), "<open> <a><b/></a>", true);
    }

    #[test]
    fn hostile_text_ends_soon() {
        let bomb = format!(
            "<!DOCTYPE b [<!ENTITY a \"x\">{}]><b>&a9;</b>",
            (1..10).map(|at| format!("<!ENTITY a{at} \"{}\">", "&a;".repeat(10))).collect::<Vec<_>>().concat()
        );
        let floods = [
            bomb,
            "<a>".repeat(20_000),
            "<a>".repeat(20_000) + &"</a>".repeat(20_000),
            "<a/>".repeat(20_000),
            "<u><a/><a/>".repeat(10_000),
            "<a \"".repeat(20_000),
            "<!--".repeat(20_000),
            "</a>".repeat(20_000),
            format!("<a {}/>", (0..5_000).map(|at| format!("b{at}='' ")).collect::<Vec<_>>().concat()),
        ];
        for flood in floods {
            let _ = grade(is_xml, &json!("x"), &flood, false);
            let _ = grade(contains_xml, &json!("x"), &flood, false);
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(<[a-z!/?-]{0,4}[ >/='\"]{0,3}|[a-z&;:#\\s]|<!\\[CDATA\\[|\\]\\]>|é|<!DOCTYPE|<\\?xml ){0,30}") {
            let _ = grade(is_xml, &json!("a.b"), &text, false);
            let _ = grade(contains_xml, &json!("a.0"), &text, false);
        }

        #[test]
        fn the_strict_reader_refuses_what_another_refuses(text in "(<a>|</a>|<b/>|<c d='1'>|</c>|x|&amp;|&#65;|<!-- n -->|<p:q xmlns:p='u'/>|&|]]>){0,8}") {
            let refused = roxmltree::Document::parse(&text).is_err();
            prop_assert_eq!(strict::check(&text).is_err(), refused, "{}", text);
        }
    }
}
