//! Methods of text.

use unicode_normalization::UnicodeNormalization;

use super::super::convert::{Builder, clamped, from_end};
use super::super::error::TemplateError;
use super::super::run::Run;
use super::super::text::Text;
use super::super::value::{MOST_TEXT, Result, Val};
use super::Args;
use super::replace::{matched, matches, regex_of, replace, split};

pub(super) const NAMES: [&str; 38] = [
    "at",
    "charAt",
    "charCodeAt",
    "codePointAt",
    "concat",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "localeCompare",
    "match",
    "matchAll",
    "normalize",
    "padEnd",
    "padStart",
    "repeat",
    "replace",
    "replaceAll",
    "search",
    "slice",
    "split",
    "startsWith",
    "substr",
    "substring",
    "toLocaleLowerCase",
    "toLocaleUpperCase",
    "toLowerCase",
    "toString",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimLeft",
    "trimRight",
    "trimStart",
    "valueOf",
    "toLocaleString",
    "isWellFormed",
    "toWellFormed",
];

pub(super) fn call(run: &mut Run<'_>, text: &Text, name: &str, args: &Args) -> Result<Val> {
    run.heap.spend_text(text.len())?;
    match name {
        "at" | "charAt" | "charCodeAt" | "codePointAt" => letter(run, text, name, args),
        "concat" => concat(run, text, args),
        "includes" | "indexOf" | "lastIndexOf" | "startsWith" | "endsWith" | "search" => sought(run, text, name, args),
        "localeCompare" => Ok(Val::Num(compared(text, &args.text(run, 0)?))),
        "match" => matched(run, text, &args.get(0)),
        "matchAll" => all_matches(run, text, args),
        "normalize" => normalized(run, text, args),
        "padStart" | "padEnd" => padded(run, text, name == "padStart", args),
        "repeat" => repeated(run, text, args),
        "replace" => replace(run, text, args, false),
        "replaceAll" => replace(run, text, args, true),
        "slice" | "substr" | "substring" => part(run, text, name, args),
        "split" => split(run, text, args),
        "toLowerCase" | "toLocaleLowerCase" => Ok(Val::Str(text.lower())),
        "toUpperCase" | "toLocaleUpperCase" => Ok(Val::Str(text.upper())),
        "trim" => Ok(Val::Str(text.trimmed())),
        "trimStart" | "trimLeft" => Ok(Val::Str(text.trimmed_start())),
        "trimEnd" | "trimRight" => Ok(Val::Str(text.trimmed_end())),
        "isWellFormed" => Ok(Val::Bool(String::from_utf16(text).is_ok())),
        "toWellFormed" => Ok(Val::text(&text.lossy())),
        _ => Ok(Val::Str(text.clone())),
    }
}

fn letter(run: &Run<'_>, text: &Text, name: &str, args: &Args) -> Result<Val> {
    let place = args.number_or(run, 0, 0.0)?.trunc();
    if name == "at" {
        let place = if place < 0.0 { place + length(text) } else { place };
        return Ok(if place < 0.0 { None } else { text.unit(clamped(place)) }.map_or(Val::Undefined, Val::Str));
    }
    let unit = if place < 0.0 { None } else { text.get(clamped(place)).copied() };
    Ok(match (name, unit) {
        ("charAt", unit) => Val::Str(Text::of(unit.as_slice())),
        ("charCodeAt", unit) => Val::Num(unit.map_or(f64::NAN, f64::from)),
        (_, None) => Val::Undefined,
        (_, Some(unit)) => {
            let pair = char::decode_utf16(text[clamped(place)..].iter().take(2).copied()).next();
            let letter = pair.and_then(std::result::Result::ok).map(u32::from);
            Val::Num(f64::from(letter.unwrap_or(u32::from(unit))))
        }
    })
}

fn length(text: &Text) -> f64 {
    if let Val::Num(length) = Val::from(text.len()) { length } else { 0.0 }
}

fn concat(run: &Run<'_>, text: &Text, args: &Args) -> Result<Val> {
    let mut out = Builder::new(&run.heap);
    out.push(text)?;
    for value in &args.0 {
        out.push(&run.heap.text_of(value)?)?;
    }
    out.finish().map(Val::Str)
}

fn sought(run: &Run<'_>, text: &Text, name: &str, args: &Args) -> Result<Val> {
    if name == "search" {
        let found = regex_of(run, &args.get(0))?.find(&run.heap, text, 0)?;
        return Ok(found.map_or(Val::Num(-1.0), |found| Val::from(found.start)));
    }
    if !matches!(name, "indexOf" | "lastIndexOf") && matches!(args.get(0), Val::Regex(_)) {
        return Err(TemplateError::new(format!("`{name}` takes no regular expression.")));
    }
    let part = args.text(run, 0)?;
    let place = |found: Option<usize>| found.map_or(Val::Num(-1.0), Val::from);
    Ok(match name {
        "includes" => Val::Bool(text.find(&part, clamped(args.number_or(run, 1, 0.0)?)).is_some()),
        "indexOf" => place(text.find(&part, clamped(args.number_or(run, 1, 0.0)?))),
        "lastIndexOf" => {
            let from = run.heap.number_of(&args.get(1))?;
            place(text.find_last(&part, if from.is_nan() { usize::MAX } else { clamped(from) }))
        }
        "startsWith" => {
            let from = clamped(args.number_or(run, 1, 0.0)?).min(text.len());
            Val::Bool(text[from..].starts_with(&part))
        }
        _ => {
            let end = clamped(args.number_or(run, 1, f64::INFINITY)?).min(text.len());
            Val::Bool(text[..end].ends_with(&part))
        }
    })
}

/// As English sorts: without regard to case first, then small before capital letters.
fn compared(a: &Text, b: &Text) -> f64 {
    let order = a.lower().cmp(&b.lower()).then_with(|| b.cmp(a));
    match order {
        std::cmp::Ordering::Less => -1.0,
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => 1.0,
    }
}

fn all_matches(run: &mut Run<'_>, text: &Text, args: &Args) -> Result<Val> {
    let regex = regex_of(run, &args.get(0))?;
    let mut rows = Vec::new();
    for found in matches(&run.heap, text, &regex, true)? {
        rows.push(super::replace::parts(run, text, &found)?);
    }
    run.heap.list(rows)
}

fn normalized(run: &Run<'_>, text: &Text, args: &Args) -> Result<Val> {
    let form = if args.get(0).is_undefined() { Text::from("NFC") } else { args.text(run, 0)? };
    let text = text.lossy();
    let normal: String = match form.lossy().as_str() {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => return Err(TemplateError::new("Text is normalized as NFC, NFD, NFKC or NFKD.")),
    };
    run.heap.string(normal.encode_utf16().collect())
}

fn padded(run: &Run<'_>, text: &Text, at_start: bool, args: &Args) -> Result<Val> {
    let width = clamped(args.number_or(run, 0, 0.0)?);
    let fill = if args.get(1).is_undefined() { Text::from(" ") } else { args.text(run, 1)? };
    if width <= text.len() || fill.is_empty() {
        return Ok(Val::Str(text.clone()));
    }
    if width > MOST_TEXT {
        return Err(TemplateError::too_much_work());
    }
    let padding: Vec<u16> = fill.iter().copied().cycle().take(width - text.len()).collect();
    let mut out = Builder::new(&run.heap);
    out.push(if at_start { &padding } else { text })?;
    out.push(if at_start { text } else { &padding })?;
    out.finish().map(Val::Str)
}

fn repeated(run: &Run<'_>, text: &Text, args: &Args) -> Result<Val> {
    let times = args.number_or(run, 0, 0.0)?;
    if times < 0.0 || times.is_infinite() {
        return Err(TemplateError::new("A text cannot be repeated so many times."));
    }
    if text.is_empty() {
        return Ok(Val::Str(text.clone()));
    }
    let mut out = Builder::new(&run.heap);
    out.repeat(text, clamped(times))?;
    out.finish().map(Val::Str)
}

fn part(run: &Run<'_>, text: &Text, name: &str, args: &Args) -> Result<Val> {
    let start = args.number_or(run, 0, 0.0)?;
    let end = args.number_or(run, 1, f64::INFINITY)?;
    let (start, end) = match name {
        "slice" => (from_end(start, text.len()), from_end(end, text.len())),
        "substr" => {
            let start = from_end(start, text.len());
            (start, start.saturating_add(clamped(end)))
        }
        _ => {
            let (start, end) = (clamped(start).min(text.len()), clamped(end).min(text.len()));
            (start.min(end), start.max(end))
        }
    };
    Ok(Val::Str(text.part(start, end)))
}
