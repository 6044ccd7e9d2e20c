//! Filters for HTML and addresses.

use super::super::error::TemplateError;
use super::super::regex::Regex;
use super::super::run::Run;
use super::super::text::{Text, is_space, units};
use super::super::value::{Result, Val};
use super::{Args, builder, like, normal, wanted_text};

fn escaped(run: &Run<'_>, text: &Text) -> Result<Text> {
    let mut out = builder(run);
    for unit in text.iter() {
        let entity = match char::from_u32(u32::from(*unit)) {
            Some('&') => "&amp;",
            Some('"') => "&quot;",
            Some('\'') => "&#39;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => {
                out.push(&[*unit])?;
                continue;
            }
        };
        out.push(&units(entity))?;
    }
    out.finish()
}

pub(super) fn escape(run: &Run<'_>, args: &Args) -> Result<Val> {
    if let Val::Safe(_) = args.value() { Ok(args.value()) } else { force_escape(run, args) }
}

pub(super) fn force_escape(run: &Run<'_>, args: &Args) -> Result<Val> {
    escaped(run, &run.heap.printed(&args.value())?).map(Val::Safe)
}

pub(super) fn safe(run: &Run<'_>, args: &Args) -> Result<Val> {
    run.heap.printed(&args.value()).map(Val::Safe)
}

pub(super) fn line_breaks(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if value.is_nullish() {
        return Ok(Val::text(""));
    }
    let text = wanted_text("nl2br", &value)?;
    let mut out = builder(run);
    let mut lines = text.split(|unit| *unit == 0x0A).peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_none() {
            out.push(line)?;
            break;
        }
        out.push(line.strip_suffix(&[0x0D]).unwrap_or(line))?;
        out.push(&units("<br />\n"))?;
    }
    Ok(like(&value, out.finish()?))
}

pub(super) fn strip_tags(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let marked = wanted_text("striptags", &value)?;
    let tags = "</?([a-z][a-z0-9]*)\\b[^>]*>|<!--[\\s\\S]*?-->";
    let bare = without(run, &marked, tags)?.trimmed();
    let text = if args.get(1).is_truthy() { tidied_lines(run, &bare)? } else { squeezed(&bare, is_space) };
    Ok(like(&value, text))
}

/// A text without what a pattern finds in it, whatever its case.
fn without(run: &Run<'_>, text: &Text, pattern: &str) -> Result<Text> {
    let pattern = Regex::new(&Text::from(pattern), "gi")?;
    let mut out = builder(run);
    let mut from = 0;
    while let Some(found) = pattern.find(&run.heap, text, from)? {
        out.push(&text[from..found.start])?;
        from = found.end;
    }
    out.push(&text[from..])?;
    out.finish()
}

/// Every run of such units as one space.
fn squeezed(text: &Text, is_gap: impl Fn(u16) -> bool) -> Text {
    let mut out: Vec<u16> = Vec::new();
    let mut after_gap = false;
    for unit in text.iter() {
        if !is_gap(*unit) {
            out.push(*unit);
        } else if !after_gap {
            out.push(0x20);
        }
        after_gap = is_gap(*unit);
    }
    Text::from(out)
}

/// Lines without spaces at their ends, single spaces, and no more than one empty line in a row.
fn tidied_lines(run: &Run<'_>, text: &Text) -> Result<Text> {
    let text = squeezed(&edges_trimmed(text), |unit| unit == 0x20);
    let mut out = builder(run);
    let mut breaks = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(&[0x0D, 0x0A]) {
            at += 1;
        }
        breaks = if text[at] == 0x0A { breaks + 1 } else { 0 };
        if breaks <= 2 {
            out.push(&text[at..=at])?;
        }
        at += 1;
    }
    out.finish()
}

/// Without the spaces at both ends of every line.
fn edges_trimmed(text: &Text) -> Text {
    let is_end = |unit: u16| matches!(unit, 0x0A | 0x0D | 0x2028 | 0x2029);
    let mut out: Vec<u16> = Vec::new();
    let mut waiting = 0;
    let mut at_start = true;
    for unit in text.iter().copied() {
        if unit == 0x20 {
            waiting += 1;
            continue;
        }
        if !at_start && !is_end(unit) {
            out.extend(std::iter::repeat_n(0x20, waiting));
        }
        waiting = 0;
        at_start = is_end(unit);
        out.push(unit);
    }
    Text::from(out)
}

pub(super) fn url_encode(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if let Val::Str(text) = &value {
        return encoded(text).map(Val::Str);
    }
    let mut pairs = Vec::new();
    match &value {
        Val::List(id) => {
            for item in run.heap.items(*id).to_vec() {
                if !matches!(item, Val::List(_) | Val::Str(_)) {
                    return Err(TemplateError::new("`urlencode` works on text, objects and lists of pairs only."));
                }
                pairs.push((run.member(&item, &Val::Num(0.0))?, run.member(&item, &Val::Num(1.0))?));
            }
        }
        _ => {
            for key in run.keys(&value)? {
                let field = run.member(&value, &Val::Str(key.clone()))?;
                pairs.push((Val::Str(key), field));
            }
        }
    }
    let mut out = builder(run);
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            out.push(&units("&"))?;
        }
        out.push(&encoded(&run.heap.text_of(&name)?)?)?;
        out.push(&units("="))?;
        out.push(&encoded(&run.heap.text_of(&value)?)?)?;
    }
    out.finish().map(Val::Str)
}

/// `encodeURIComponent`.
pub(in super::super) fn encoded(text: &Text) -> Result<Text> {
    let text = String::from_utf16(text).map_err(|_| TemplateError::new("Half a letter cannot stand in an address."))?;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| {
                let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
                digit.to_ascii_uppercase()
            }));
        }
    }
    Ok(Text::from(out.as_str()))
}

pub(super) fn urlize(run: &Run<'_>, args: &Args) -> Result<Val> {
    let text = wanted_text("urlize", &args.value())?.lossy();
    let most = match args.get(1) {
        Val::Undefined => f64::INFINITY,
        most => {
            let most = run.heap.number_of(&most)?;
            if most.is_nan() { f64::INFINITY } else { most }
        }
    };
    let rel = if matches!(args.get(2), Val::Bool(true)) { " rel=\"nofollow\"" } else { "" };
    let mut out = builder(run);
    let is_gap = |letter: char| u16::try_from(u32::from(letter)).is_ok_and(is_space);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let starts_with_gap = rest.starts_with(is_gap);
        let end = rest.find(|letter| is_gap(letter) != starts_with_gap).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let linked = if starts_with_gap { None } else { linked(word, most, rel) };
        out.push(&units(linked.as_deref().unwrap_or(word)))?;
        rest = after;
    }
    out.finish().map(Val::Str)
}

/// The link of a word that is an address; the marks around it are dropped.
fn linked(word: &str, most: f64, rel: &str) -> Option<String> {
    let start = ["(", "<", "&lt;"].into_iter().find_map(|mark| word.strip_prefix(mark)).unwrap_or(word);
    let url = [".", ",", ")", "&gt;"].into_iter().find_map(|mark| start.strip_suffix(mark)).unwrap_or(start);
    let short = Text::from(url).part(0, super::super::convert::clamped(most)).lossy();
    if url.starts_with("http://") || url.starts_with("https://") {
        return Some(format!("<a href=\"{url}\"{rel}>{short}</a>"));
    }
    if url.starts_with("www.") {
        return Some(format!("<a href=\"http://{url}\"{rel}>{short}</a>"));
    }
    if is_mail(url) {
        return Some(format!("<a href=\"mailto:{url}\">{url}</a>"));
    }
    has_common_ending(url).then(|| format!("<a href=\"http://{url}\"{rel}>{short}</a>"))
}

fn is_mail(word: &str) -> bool {
    let Some((name, domain)) = word.split_once('@') else { return false };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_.!#$%&'*+-/=?^`{|}~".contains(letter);
    let parts: Vec<&str> = domain.split('.').collect();
    let part_fits =
        |part: &&str| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    !name.is_empty() && name.chars().all(fits) && parts.len() > 1 && parts.iter().all(part_fits)
}

/// `.org`, `.net` or `.com` at the end, or before a `:` or `/`.
fn has_common_ending(word: &str) -> bool {
    [".org", ".net", ".com"].into_iter().any(|ending| {
        word.match_indices(ending).any(|(at, _)| {
            let after = &word[at + ending.len()..];
            after.is_empty() || after.starts_with([':', '/'])
        })
    })
}
