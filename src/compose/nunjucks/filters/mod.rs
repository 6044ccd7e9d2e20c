//! The filters of Nunjucks, and `load`.

mod list;
mod number;
mod sort;
mod text;
mod web;

use super::convert::Builder;
use super::error::TemplateError;
use super::run::Run;
use super::text::Text;
use super::value::{Result, Val};

pub(super) use sort::sorted;

/// What a filter is given: the value first.
struct Args(Vec<Val>);

impl Args {
    /// An argument; undefined where it is not given.
    fn get(&self, place: usize) -> Val {
        self.0.get(place).cloned().unwrap_or(Val::Undefined)
    }

    fn value(&self) -> Val {
        self.get(0)
    }
}

/// Applies a filter to the first of the arguments.
///
/// # Errors
/// Where there is no such filter, or it does not work on such a value.
pub(super) fn apply(run: &mut Run<'_>, name: &str, args: Vec<Val>) -> Result<Val> {
    let args = match name {
        "sort" => run.by_position(args, &["value", "reverse", "case_sensitive", "attribute"]),
        "int" => run.by_position(args, &["value", "default", "base"]),
        _ => args,
    };
    let args = &Args(args);
    match name {
        "abs" => number::abs(run, args),
        "batch" => list::batch(run, args),
        "capitalize" => text::capitalize(run, args),
        "center" => text::center(run, args),
        "default" | "d" => Ok(default(args)),
        "dictsort" => sort::dictsort(run, args),
        "dump" => dump(run, args),
        "escape" | "e" => web::escape(run, args),
        // `random` gives one and the same element each time, so that a prompt renders the same each time.
        "first" | "random" => list::first(run, args),
        "float" => number::float(run, args),
        "forceescape" => web::force_escape(run, args),
        "groupby" => list::group_by(run, args),
        "indent" => text::indent(run, args),
        "int" => number::int(run, args),
        "join" => list::join(run, args),
        "last" => list::last(run, args),
        "length" => list::length(run, args),
        "list" => list::list(run, args),
        "load" => load(run, args),
        "lower" => text::lower(run, args),
        "nl2br" => web::line_breaks(run, args),
        "reject" => list::select(run, args, false),
        "rejectattr" => list::select_by(run, args, false),
        "replace" => text::replace(run, args),
        "reverse" => list::reverse(run, args),
        "round" => number::round(run, args),
        "safe" => web::safe(run, args),
        "select" => list::select(run, args, true),
        "selectattr" => list::select_by(run, args, true),
        "slice" => list::slice(run, args),
        "sort" => sort::sort(run, args),
        "string" => text::string(run, args),
        "striptags" => web::strip_tags(run, args),
        "sum" => list::sum(run, args),
        "title" => text::title(run, args),
        "trim" => text::trim(run, args),
        "truncate" => text::truncate(run, args),
        "upper" => text::upper(run, args),
        "urlencode" => web::url_encode(run, args),
        "urlize" => web::urlize(run, args),
        "wordcount" => text::word_count(run, args),
        _ => Err(TemplateError::new(format!("There is no filter `{name}`."))),
    }
}

fn default(args: &Args) -> Val {
    let value = args.value();
    let has_value = if args.get(2).is_truthy() { value.is_truthy() } else { !value.is_undefined() };
    if has_value { value } else { args.get(1) }
}

fn dump(run: &Run<'_>, args: &Args) -> Result<Val> {
    let json = super::json::stringified(&run.heap, &args.value(), &args.get(1))?;
    Ok(json.map_or(Val::Undefined, Val::Str))
}

/// `JSON.parse`.
fn load(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let text = run.heap.text_of(&args.value())?.lossy();
    run.heap.spend_text(text.len())?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| TemplateError::new(format!("`load` is given what is no JSON: {error}.")))?;
    run.heap.json(&json)
}

/// Nothing and false become a text without letters before most filters of text.
fn normal(value: Val) -> Val {
    if value.is_nullish() || matches!(value, Val::Bool(false)) { Val::text("") } else { value }
}

/// The text that a filter of text works on.
fn wanted_text(name: &str, value: &Val) -> Result<Text> {
    value.as_text().cloned().ok_or_else(|| TemplateError::new(format!("`{name}` works on text only.")))
}

/// A text that is marked as escaped if `like` is.
fn like(like: &Val, text: Text) -> Val {
    if matches!(like, Val::Safe(_)) { Val::Safe(text) } else { Val::Str(text) }
}

/// A filter is given nothing where it needs something.
fn nothing(name: &str) -> TemplateError {
    TemplateError::new(format!("`{name}` is given nothing to work on."))
}

fn builder<'r>(run: &'r Run<'_>) -> Builder<'r> {
    Builder::new(&run.heap)
}
