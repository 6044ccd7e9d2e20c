//! The two assertions.

use serde_json::Value;

use super::super::{Asked, Graded, Grading, Output, Undone};
use super::objects::objects;
use super::read::{Read, read};
use super::schema::{Schema, Verdict};
use crate::scoring::yaml;

/// `is-json`: the whole output is JSON. With a schema, negation asks for an output that is not JSON or breaks the schema.
///
/// # Errors
/// The schema cannot be compiled. It is looked at only when the output is JSON.
pub fn is_json(asked: &Asked, output: &Output) -> Grading {
    let value = match read(&output.text) {
        Read::Nothing(why) => return Ok(Graded::binary(false, asked.not, why)),
        Read::Unheld(_) if !wants_schema(asked.value) => None,
        Read::Unheld(why) => {
            compile("is-json", asked.value)?;
            return Ok(Graded::binary(false, asked.not, why));
        }
        Read::Value(value) => Some(value),
    };
    match value {
        Some(value) if wants_schema(asked.value) => {
            let verdict = compile("is-json", asked.value)?.verdict(&value)?;
            Ok(Graded::binary(verdict.obeys(), asked.not, said(&verdict)))
        }
        _ => Ok(Graded::binary(true, asked.not, "The output is JSON.")),
    }
}

/// `contains-json`: somewhere in the output stands an object, leniently read. With a schema one of them must obey it, and
/// negation asks that none does. Arrays and scalars do not count.
///
/// # Errors
/// The schema cannot be compiled. It is looked at only when the output has an object.
pub fn contains_json(asked: &Asked, output: &Output) -> Grading {
    let found = objects(&output.text);
    if found.is_empty() {
        return Ok(Graded::binary(false, asked.not, "The output has no JSON object in it."));
    }
    if !wants_schema(asked.value) {
        return Ok(Graded::binary(true, asked.not, "The output has a JSON object in it."));
    }
    let schema = compile("contains-json", asked.value)?;
    let mut broken = None;
    for object in &found {
        match schema.verdict(object)? {
            Verdict::Obeys => return Ok(Graded::binary(true, asked.not, said(&Verdict::Obeys))),
            breaks @ Verdict::Breaks(_) => broken = Some(breaks),
        }
    }
    let reason = broken.as_ref().map_or_else(String::new, said);
    Ok(Graded::binary(false, asked.not, reason))
}

/// What JavaScript holds for false asks for no schema.
fn wants_schema(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

fn compile(kind: &str, value: &Value) -> Result<Schema, Undone> {
    match value {
        Value::String(text) => {
            let schema =
                yaml::read(text).map_err(|error| Undone(format!("The schema of {kind} is not YAML: {error}")))?;
            Schema::compile(&schema)
        }
        Value::Object(_) | Value::Array(_) => Schema::compile(value),
        _ => Err(Undone(format!("{kind} takes a schema, as an object or as YAML text, not {value}."))),
    }
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Obeys => "The JSON obeys the schema.".to_owned(),
        Verdict::Breaks(how) => format!("The JSON breaks the schema: {how}."),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    type Assertion = fn(&Asked, &Output) -> Grading;

    fn grade(assertion: Assertion, value: &Value, output: &Value, not: bool) -> Result<bool, Undone> {
        let config = Map::new();
        let asked = Asked { not, value, threshold: None, config: &config, tools: &[] };
        assertion(&asked, &Output::new(output)).map(|graded| {
            assert_eq!(graded.score > 0.5, graded.pass);
            graded.pass
        })
    }

    fn check(assertion: Assertion, value: &Value, output: impl Into<Value>, expect: bool) {
        let output = output.into();
        assert_eq!(grade(assertion, value, &output, false), Ok(expect), "{output} {value}");
        assert_eq!(grade(assertion, value, &output, true), Ok(!expect), "not: {output} {value}");
    }

    #[test]
    fn without_a_schema_all_json_is_json() {
        for nothing in [json!(null), json!(""), json!(false), json!(0)] {
            check(is_json, &nothing, "[1, 2]", true);
            check(is_json, &nothing, "\"text\"", true);
            check(is_json, &nothing, "{\"a\": 1,}", false);
            check(is_json, &nothing, "1e999", true);
            check(contains_json, &nothing, "see {a: 1}", true);
            check(contains_json, &nothing, "see [1]", false);
        }
        check(is_json, &json!(null), json!({ "already": ["a", "value"] }), true);
    }

    #[test]
    fn a_schema_holds_the_whole_output_or_one_of_the_objects() {
        let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
        let yaml = json!("type: object\nrequired: [id]\nproperties:\n  id: {type: integer}\n");
        for schema in [schema, yaml] {
            check(is_json, &schema, "{\"id\": 7.0}", true);
            check(is_json, &schema, "{\"id\": \"7\"}", false);
            check(is_json, &schema, "no json", false);
            check(is_json, &schema, "1e999", false);
            check(contains_json, &schema, "{\"x\": 1} or {\"id\": 1} or {}", true);
            check(contains_json, &schema, "{\"x\": 1} or {\"y\": 1}", false);
            check(contains_json, &schema, "nothing", false);
        }
        check(is_json, &json!({}), "3", true);
        check(is_json, &json!("false"), "3", false);
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_looked_at_only_where_there_is_json() {
        for wrong in [
            json!(true),
            json!(5),
            json!([]),
            json!("just text"),
            json!("{unclosed"),
            json!({ "type": "text" }),
            json!({ "kind": "object" }),
            json!({ "properties": { "a": { "tpye": "string" } } }),
            json!({ "items": { "format": "colour" } }),
            json!({ "format": "idn-email" }),
            json!({ "if": {} }),
            json!({ "then": {} }),
            json!({ "additionalItems": false }),
            json!({ "nullable": true }),
            json!({ "enum": [] }),
            json!({ "id": "x" }),
            json!({ "pattern": "(" }),
            json!({ "prefixItems": [] }),
            json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }),
            json!({ "$ref": "#/definitions/none" }),
            json!({ "$ref": "#/definitions/a", "definitions": { "a": { "odd": 1 } } }),
            json!({ "$ref": "https://example.org/schema.json" }),
            json!({ "properties": { "ab": {} }, "patternProperties": { "^a": {} } }),
        ] {
            for assertion in [is_json as Assertion, contains_json] {
                assert!(grade(assertion, &wrong, &json!("{\"a\": \"x\"}"), false).is_err(), "{wrong}");
                assert!(grade(assertion, &wrong, &json!("{\"a\": \"x\"}"), true).is_err(), "{wrong}");
                assert_eq!(grade(assertion, &wrong, &json!("none"), true), Ok(true), "{wrong}");
            }
        }
    }

    #[test]
    fn schemas_are_read_as_strictly_as_draft_7_can_be() {
        let check = |schema: Value, output: &str, expect| check(is_json, &schema, output, expect);
        check(
            json!({ "$schema": "http://json-schema.org/draft-07/schema#", "title": "t", "type": "null" }),
            "null",
            true,
        );
        check(json!({ "definitions": { "unused": { "odd": 1 } }, "type": "number" }), "1", true);
        check(json!({ "type": "string", "nullable": true }), "null", true);
        check(json!({ "type": "string", "nullable": false }), "null", false);
        check(json!({ "multipleOf": 0.1 }), "0.3", false);
        check(json!({ "multipleOf": 0.5 }), "1.5", true);
        check(json!({ "format": "int32" }), "3000000000", false);
        check(json!({ "format": "int32" }), "\"text\"", true);
        check(json!({ "format": "email" }), "\"a@b.org\"", true);
        check(json!({ "format": "email" }), "5", true);
        check(json!({ "items": [{ "type": "number" }], "additionalItems": false }), "[1, 2]", false);
        check(json!({ "dependencies": { "a": ["b"] } }), "{\"a\": 1}", false);
        check(json!({ "minLength": 2 }), "\"\u{1F600}\"", false);
        check(json!({ "const": 1 }), "1.0", true);
        let beside = json!({
            "$ref": "#/definitions/n", "maximum": 3, "definitions": { "n": { "type": "number" } },
        });
        check(beside.clone(), "2", true);
        check(beside, "4", false);
        let tree = json!({ "type": "object", "additionalProperties": { "$ref": "#" } });
        check(tree.clone(), "{\"a\": {\"b\": {}}}", true);
        check(tree, "{\"a\": {\"b\": 1}}", false);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[{}\\[\\]\",:0-9a-z ]{0,40}", schema in "[a-z:{} \n\"-]{0,30}") {
            for assertion in [is_json as Assertion, contains_json] {
                let _ = grade(assertion, &json!(schema), &json!(text), false);
            }
        }
    }
}
