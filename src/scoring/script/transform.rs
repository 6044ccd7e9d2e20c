//! Code that makes another value of an answer, or other variables of a case's.

use serde_json::{Map, Value};

use super::body;
use super::cross;
use super::error::{ScriptError, Stop};
use super::file::ScriptFile;
use super::realm::Realm;
use super::sandbox::in_sandbox;

/// What makes the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code<'a> {
    /// In the config itself: a line is an expression, several lines are a function's body.
    Inline(&'a str),
    File(ScriptFile<'a>),
    /// Of another language; the sentence says so.
    Unrun(&'a str),
}

impl<'a> From<&'a crate::domain::Code> for Code<'a> {
    fn from(code: &'a crate::domain::Code) -> Self {
        match code {
            crate::domain::Code::Inline(code) => Self::Inline(code),
            crate::domain::Code::File(file) => Self::File(file.into()),
            crate::domain::Code::Unrun { why, .. } => Self::Unrun(why),
        }
    }
}

impl Code<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Inline(code) => code,
            Self::File(file) => file.source,
            Self::Unrun(_) => "",
        }
    }

    fn run<'js>(self, realm: &Realm<'js>, subject: &str, given: &[String]) -> Result<rquickjs::Value<'js>, Stop> {
        let value = match self {
            Self::Inline(code) => realm.run(&[subject, "context"], &body::of_transform(code), given)?,
            Self::File(file) => realm.call_export(file.source, file.export, given)?,
            Self::Unrun(why) => return Err(ScriptError::NotRun(why.to_owned()).into()),
        };
        match value.type_of() {
            rquickjs::Type::Undefined => Err(ScriptError::Nothing("undefined").into()),
            rquickjs::Type::Null => Err(ScriptError::Nothing("null").into()),
            _ => Ok(value),
        }
    }
}

/// What code makes of an answer. It sees `output` and `context`, which is `{vars, prompt, metadata}`.
///
/// # Errors
/// The code fails, or gives back nothing: `undefined` and `null` are no answers. Not a number is `null` in JSON, and
/// is one.
pub fn transform(code: Code<'_>, output: &Value, context: &Value) -> Result<Value, ScriptError> {
    let given = [cross::write(output)?, cross::write(context)?];
    in_sandbox(code.text(), |realm| {
        let made = code.run(realm, "output", &given)?;
        let kind = made.type_name();
        realm.json(made)?.ok_or_else(|| ScriptError::NotJson(format!("a {kind}")).into())
    })
}

/// A case's variables, with those that code makes of them laid over. It sees `vars` and `context`.
///
/// # Errors
/// The code fails, or gives back something that is no object.
pub fn transform_vars(
    code: Code<'_>,
    vars: &Map<String, Value>,
    context: &Value,
) -> Result<Map<String, Value>, ScriptError> {
    let given = [cross::write(vars)?, cross::write(context)?];
    in_sandbox(code.text(), |realm| {
        let made = code.run(realm, "vars", &given)?;
        if !made.is_object() {
            return Err(
                ScriptError::Failed(format!("it gave back a {} for an object of variables", made.type_name())).into()
            );
        }
        match realm.json(realm.merged(&given[0], made)?)? {
            Some(Value::Object(merged)) => Ok(merged),
            _ => Err(ScriptError::NotJson("the variables".to_owned()).into()),
        }
    })
}
