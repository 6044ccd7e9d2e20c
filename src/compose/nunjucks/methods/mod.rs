//! The methods that JavaScript's values have.

mod list;
mod number;
mod replace;
mod text;

use super::convert::strictly_equal;
use super::error::TemplateError;
use super::regex::Regex;
use super::run::Run;
use super::text::Text;
use super::value::{Result, Val};

pub(super) use replace::{Match, expanded};

/// What every value has.
const COMMON: [&str; 5] = ["toString", "toLocaleString", "valueOf", "hasOwnProperty", "propertyIsEnumerable"];

/// Whether a value has a method of that name.
pub(super) fn has(this: &Val, name: &str) -> bool {
    let own: &[&str] = match this {
        Val::Str(_) | Val::Safe(_) => &text::NAMES,
        Val::List(_) => &list::NAMES,
        Val::Num(_) => &number::NAMES,
        Val::Regex(_) => &["test", "exec"],
        _ => &[],
    };
    !matches!(this, Val::Undefined | Val::Null) && (own.contains(&name) || COMMON.contains(&name))
}

/// Calls a method of a value.
///
/// # Errors
/// Where it has no such method, or JavaScript throws.
pub(super) fn call(run: &mut Run<'_>, this: &Val, name: &str, args: Vec<Val>) -> Result<Val> {
    let args = &Args(args);
    match (this, name) {
        (Val::Str(text) | Val::Safe(text), _) if text::NAMES.contains(&name) => text::call(run, text, name, args),
        (Val::List(id), _) if list::NAMES.contains(&name) => list::call(run, *id, name, args),
        (Val::Num(number), _) if number::NAMES.contains(&name) => number::call(run, *number, name, args),
        (Val::Regex(regex), "test" | "exec") => asked(run, regex, name, args),
        (Val::Undefined | Val::Null, _) => Err(missing(name)),
        (_, "toString" | "toLocaleString") => run.heap.text_of(this).map(Val::Str),
        (_, "valueOf") => Ok(this.clone()),
        (_, "hasOwnProperty" | "propertyIsEnumerable") => {
            let field = run.heap.text_of(&args.get(0))?;
            let found = run.own(this, &field).is_some();
            let is_hidden = name == "propertyIsEnumerable" && field.is("length");
            Ok(Val::Bool(found && !is_hidden))
        }
        _ => Err(missing(name)),
    }
}

fn missing(name: &str) -> TemplateError {
    TemplateError::new(format!("The value has no method `{name}`."))
}

/// What a method is given.
struct Args(Vec<Val>);

impl Args {
    /// An argument; undefined where it is not given.
    fn get(&self, place: usize) -> Val {
        self.0.get(place).cloned().unwrap_or(Val::Undefined)
    }

    fn text(&self, run: &Run<'_>, place: usize) -> Result<Text> {
        run.heap.text_of(&self.get(place))
    }

    /// A number, or another where there is no argument.
    fn number_or(&self, run: &Run<'_>, place: usize, otherwise: f64) -> Result<f64> {
        let number = match self.get(place) {
            Val::Undefined => return Ok(otherwise),
            value => run.heap.number_of(&value)?,
        };
        Ok(if number.is_nan() { 0.0 } else { number })
    }
}

/// `test` and `exec` of a regular expression.
fn asked(run: &mut Run<'_>, regex: &Regex, name: &str, args: &Args) -> Result<Val> {
    let text = args.text(run, 0)?;
    match regex.find(&run.heap, &text, 0)? {
        found if name == "test" => Ok(Val::Bool(found.is_some())),
        Some(found) => replace::parts(run, &text, &found),
        None => Ok(Val::Null),
    }
}

/// What a regular expression has beside its methods.
pub(super) fn regex_field(regex: &Regex, name: &str) -> Val {
    match name {
        "source" => Val::text(regex.body()),
        "flags" => Val::text(regex.flags()),
        "global" => Val::Bool(regex.has_flag('g')),
        "ignoreCase" => Val::Bool(regex.has_flag('i')),
        "multiline" => Val::Bool(regex.has_flag('m')),
        "sticky" => Val::Bool(regex.has_flag('y')),
        "lastIndex" => Val::Num(0.0),
        _ => Val::Undefined,
    }
}

/// Where a list has an element, not before `from`; as `includes`, not a number counts as itself.
fn position(items: &[Val], wanted: &Val, from: usize, nan_too: bool) -> Option<usize> {
    let is_nan = |value: &Val| matches!(value, Val::Num(number) if number.is_nan());
    let same = |item: &Val| strictly_equal(item, wanted) || (nan_too && is_nan(item) && is_nan(wanted));
    (from..items.len()).find(|index| same(&items[*index]))
}
