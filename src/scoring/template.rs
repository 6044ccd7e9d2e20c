//! Templates in checks, over the case's variables and `expected`.

use std::collections::BTreeSet;

use minijinja::Environment;

use crate::compose::{TemplateSet, nearest};

/// Whether the text has anything to fill in.
pub(super) fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// # Errors
/// A sentence that says what is wrong with the template, and where.
pub(super) fn parse(source: &str) -> Result<(), String> {
    match TemplateSet::new([source]) {
        Ok(_) => Ok(()),
        Err(wrong) => Err(wrong.into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")),
    }
}

/// The names that a template asks the case for, `expected.label` as it stands.
pub(super) fn names(source: &str) -> BTreeSet<String> {
    if !is_template(source) {
        return BTreeSet::new();
    }
    let environment = Environment::new();
    let Ok(template) = environment.template_from_str(source) else { return BTreeSet::new() };
    let built_in: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    let is_asked = |name: &String| !built_in.contains(name.as_str());
    template.undeclared_variables(true).into_iter().filter(is_asked).collect()
}

/// The template says what to do where something is missing, so that a missing name may be meant.
pub(super) fn provides_for_missing(source: &str) -> bool {
    source.contains("default") || source.contains("defined")
}

/// The known name that is likeliest meant, where one is likely. What is expected is often asked for by its bare name.
pub(super) fn likeliest<'a>(asked: &str, known: &'a [String]) -> Option<&'a str> {
    let meant = format!("expected.{asked}");
    let known = || known.iter().map(String::as_str);
    known().find(|name| *name == meant).or_else(|| nearest(asked, known()))
}
