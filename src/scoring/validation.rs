//! Whether an answer has the form that its prompt asks for. This is the production validator, not a check: what it finds
//! makes the guarded call ask again, and only the answer that stands in the end is scored.

use jsonschema::Validator;
use serde_json::Value;

use super::found::{Found, quote};
use super::json;
use super::schema;
use crate::domain::OutputSpec;

/// A prompt's form, ready to hold answers to it.
pub struct Validation {
    spec: OutputSpec,
    schema: Option<Validator>,
    accept_fenced: bool,
}

impl Validation {
    /// `accept_fenced`: JSON inside a code fence is as good as JSON.
    ///
    /// # Errors
    /// A clause that says what is wrong with the schema.
    pub fn new(spec: OutputSpec, accept_fenced: bool) -> Result<Self, String> {
        let schema = spec.schema.as_ref().map(schema::compile).transpose()?;
        Ok(Self { spec, schema, accept_fenced })
    }

    #[must_use]
    pub const fn spec(&self) -> &OutputSpec {
        &self.spec
    }

    /// # Errors
    /// What is wrong with the answer's form, as a sentence: the first of JSON, schema, sections and length.
    pub fn check(&self, text: &str) -> Result<(), String> {
        if self.spec.is_json() {
            self.check_json(text)?;
        }
        let missing: Vec<&str> = self.missing_sections(text);
        if !missing.is_empty() {
            return Err(format!("The answer lacks the section {}.", missing.join(", ")));
        }
        match self.spec.max_length {
            Some(most) if text.chars().count() > most as usize => {
                Err(format!("The answer has {} characters, more than the {most} asked for.", text.chars().count()))
            }
            _ => Ok(()),
        }
    }

    fn check_json(&self, text: &str) -> Result<(), String> {
        let value = self.value(text)?;
        let Some(validator) = &self.schema else { return Ok(()) };
        match schema::found(validator, &value) {
            Found::Scored { score, .. } if score >= 1.0 => Ok(()),
            // A pattern that gave up says nothing against the answer.
            Found::Graded { pass: true, .. } | Found::Untold { .. } => Ok(()),
            Found::Scored { reason, .. } | Found::Graded { reason, .. } | Found::Absent { reason } => Err(reason),
        }
    }

    fn value(&self, text: &str) -> Result<Value, String> {
        let inner = json::fenced(text).filter(|_| self.accept_fenced);
        match inner.and_then(|inner| serde_json::from_str(inner).ok()) {
            Some(value) => Ok(value),
            None => json::parse(text),
        }
    }

    /// Headings are compared without their marks and capitals.
    fn missing_sections(&self, text: &str) -> Vec<&str> {
        let headings: Vec<String> = text.lines().map(bare).collect();
        let has = |section: &&String| !headings.contains(&bare(section));
        self.spec.required_sections.iter().filter(has).map(String::as_str).collect()
    }
}

/// `## Next steps:` and `**Next steps**` as `next steps`.
fn bare(line: &str) -> String {
    let marks = |letter: char| letter.is_whitespace() || matches!(letter, '#' | '*' | '_' | ':');
    line.trim_matches(marks).to_lowercase()
}

/// The field's own part of a schema, with the definitions that it may refer to; `None` where the schema has no such
/// property.
#[must_use]
pub fn schema_of_field(schema: &Value, field: &str) -> Option<Value> {
    let mut own = schema["properties"][field].clone();
    let inner = own.as_object_mut()?;
    for definitions in ["$defs", "definitions"] {
        if let Some(shared) = schema.get(definitions) {
            inner.insert(definitions.to_owned(), shared.clone());
        }
    }
    Some(own)
}

/// What a reply says of one field: JSON where it is JSON, else the text itself where the schema asks for text.
///
/// # Errors
/// The reply is no value for the field, as a sentence.
pub fn field_value(schema: &Value, text: &str) -> Result<Value, String> {
    let inner = json::fenced(text).unwrap_or(text).trim();
    let wants_text = schema["type"] == "string";
    let value = match serde_json::from_str(inner) {
        Ok(value @ Value::String(_)) => value,
        Ok(value) if !wants_text => value,
        _ if wants_text => Value::String(inner.to_owned()),
        _ => return Err(format!("{} is not JSON.", quote(text))),
    };
    let validator = schema::compile(schema)?;
    match schema::found(&validator, &value) {
        Found::Scored { score, reason } if score < 1.0 => Err(reason),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::OutputFormat;

    fn check(spec: &OutputSpec, fenced: bool, text: &str, expect: Result<(), &str>) {
        let found = Validation::new(spec.clone(), fenced).unwrap().check(text);
        match expect {
            Ok(()) => assert_eq!(found, Ok(()), "{text}"),
            Err(part) => assert!(found.as_ref().is_err_and(|reason| reason.contains(part)), "{text}: {found:?}"),
        }
    }

    #[test]
    fn json_is_held_to_the_schema() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
        let spec = OutputSpec { schema: Some(schema), ..OutputSpec::default() };
        check(&spec, false, "{\"a\": 1}", Ok(()));
        check(&spec, false, "{\"a\": \"1\"}", Err("breaks the schema"));
        check(&spec, false, "{}", Err("breaks the schema"));
        check(&spec, false, "a is 1", Err("not JSON"));
        check(&spec, false, "```json\n{\"a\": 1}\n```", Err("code fence"));
        check(&spec, true, "```json\n{\"a\": 1}\n```", Ok(()));
        check(&spec, true, "```json\n{\"a\": null}\n```", Err("breaks the schema"));
    }

    #[test]
    fn sections_and_length_are_held_to() {
        let spec = OutputSpec {
            format: Some(OutputFormat::Markdown),
            required_sections: vec!["Summary".to_owned(), "Next steps".to_owned()],
            max_length: Some(40),
            ..OutputSpec::default()
        };
        check(&spec, false, "# Summary\nx\n## next steps:\ny", Ok(()));
        check(&spec, false, "**Summary**\nx", Err("the section Next steps"));
        check(&spec, false, "A Summary in passing, and next steps too", Err("the section Summary, Next steps"));
        check(&spec, false, &format!("# Summary\n# Next steps\n{}", "é".repeat(30)), Err("more than the 40"));
    }

    #[test]
    fn a_field_is_read_as_what_its_schema_asks_for() {
        let schema = json!({"properties": {"n": {"$ref": "#/$defs/n"}, "t": {"type": "string"}}, "$defs": {"n": {"type": "integer"}}});
        let n = schema_of_field(&schema, "n").unwrap();
        assert_eq!(field_value(&n, "```json\n3\n```"), Ok(json!(3)));
        assert!(field_value(&n, "three").is_err());
        assert!(field_value(&n, "3.5").unwrap_err().contains("breaks the schema"));
        let t = schema_of_field(&schema, "t").unwrap();
        assert_eq!(field_value(&t, "\"quoted\""), Ok(json!("quoted")));
        assert_eq!(field_value(&t, "12 apples"), Ok(json!("12 apples")));
        assert_eq!(field_value(&t, "12"), Ok(json!("12")));
        assert_eq!(schema_of_field(&schema, "x"), None);
    }
}
