//! Templates in checks, over the case's variables and `expected`.

use std::collections::BTreeSet;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};

use crate::domain::Case;

/// Steps after which a template is stopped.
const FUEL: u64 = 50_000;

/// Whether the text has anything to fill in.
pub(super) fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// # Errors
/// A sentence that says what could not be filled in.
pub(super) fn render(source: &str, case: &Case) -> Result<String, String> {
    if !is_template(source) {
        return Ok(source.to_owned());
    }
    let vars = Value::from(Serde(&case.vars));
    let expected = context! { expected => Value::from(Serde(&case.expected)), ..vars };
    environment().render_str(source, expected).map_err(|error| error.to_string())
}

/// The names that a template asks for, `expected.label` as it stands.
///
/// # Errors
/// A sentence that says what is wrong with the template.
pub(super) fn names(source: &str) -> Result<BTreeSet<String>, String> {
    if !is_template(source) {
        return Ok(BTreeSet::new());
    }
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| error.to_string())?;
    Ok(template.undeclared_variables(true).into_iter().collect())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
}
