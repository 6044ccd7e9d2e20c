//! Looking for text and putting other text in its place.

use super::super::convert::Builder;
use super::super::error::TemplateError;
use super::super::regex::{Found, Regex};
use super::super::run::Run;
use super::super::text::{Text, units};
use super::super::value::{Heap, Result, Val};
use super::Args;

/// A match that a replacement is written for.
pub(in super::super) struct Match<'m> {
    pub text: &'m Text,
    pub start: usize,
    pub end: usize,
    pub groups: &'m [Option<(usize, usize)>],
    pub names: &'m [(Text, usize)],
}

/// The replacement of a match: `$&` is the match, `` $` `` and `$'` what stands around it, `$1` and `$<name>` its groups.
pub(in super::super) fn expanded(heap: &Heap, template: &Text, found: &Match<'_>) -> Result<Text> {
    let mut out = Builder::new(heap);
    let mut at = 0;
    while at < template.len() {
        let next = template.get(at + 1).and_then(|unit| char::from_u32(u32::from(*unit)));
        let dollar = template[at] == u16::from(b'$');
        let (part, length) = match next.filter(|_| dollar) {
            Some('$') => (Some(units("$")), 2),
            Some('&') => (Some(found.text[found.start..found.end].to_vec()), 2),
            Some('`') => (Some(found.text[..found.start].to_vec()), 2),
            Some('\'') => (Some(found.text[found.end..].to_vec()), 2),
            Some('0'..='9') => numbered(template, at, found),
            Some('<') if !found.names.is_empty() => named(template, at, found),
            _ => (None, 1),
        };
        match part {
            Some(part) => out.push(&part)?,
            None => out.push(&template[at..at + length])?,
        }
        at += length;
    }
    out.finish()
}

fn group(found: &Match<'_>, number: usize) -> Option<Vec<u16>> {
    let group = found.groups.get(number.checked_sub(1)?)?;
    Some(group.map_or_else(Vec::new, |(start, end)| found.text[start..end].to_vec()))
}

/// `$12` is the twelfth group where there are so many, else the first with a 2 behind.
fn numbered(template: &Text, at: usize, found: &Match<'_>) -> (Option<Vec<u16>>, usize) {
    let digit = |place: usize| {
        let letter = template.get(place).and_then(|unit| char::from_u32(u32::from(*unit)));
        letter.and_then(|letter| letter.to_digit(10)).and_then(|digit| usize::try_from(digit).ok())
    };
    let first = digit(at + 1).unwrap_or(0);
    if let Some(second) = digit(at + 2)
        && let Some(part) = group(found, first * 10 + second)
    {
        return (Some(part), 3);
    }
    match group(found, first) {
        Some(part) => (Some(part), 2),
        None => (None, 1),
    }
}

fn named(template: &Text, at: usize, found: &Match<'_>) -> (Option<Vec<u16>>, usize) {
    let rest = &template[at + 2..];
    let Some(length) = rest.iter().position(|unit| *unit == u16::from(b'>')) else { return (None, 1) };
    let name = &rest[..length];
    let number = found.names.iter().find(|(known, _)| **known == *name).map(|(_, number)| *number);
    (Some(number.and_then(|number| group(found, number)).unwrap_or_default()), length + 3)
}

/// The text of a match and its groups, as a list.
pub(super) fn parts(run: &mut Run<'_>, text: &Text, found: &Found) -> Result<Val> {
    let part = |(start, end): (usize, usize)| Val::Str(text.part(start, end));
    let whole = part((found.start, found.end));
    let groups = found.groups.iter().map(|group| group.map_or(Val::Undefined, part));
    let items = std::iter::once(whole).chain(groups).collect();
    run.heap.list(items)
}

/// Every place where a pattern matches; only the first without the flag `g`.
pub(super) fn matches(heap: &Heap, text: &Text, regex: &Regex, all: bool) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(next) = regex.find(heap, text, from)? {
        heap.spend(1)?;
        from = if next.end == next.start { next.end + 1 } else { next.end };
        found.push(next);
        if !all || from > text.len() {
            break;
        }
    }
    Ok(found)
}

/// Every place where a text stands; only the first unless `all`.
fn occurrences(heap: &Heap, text: &Text, part: &Text, all: bool) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.find(part, from).filter(|_| from <= text.len()) {
        heap.spend(1)?;
        found.push(Found { start, end: start + part.len(), groups: Vec::new() });
        from = start + part.len().max(1);
        if !all {
            break;
        }
    }
    Ok(found)
}

/// `replace` and `replaceAll`.
pub(super) fn replace(run: &mut Run<'_>, text: &Text, args: &Args, all: bool) -> Result<Val> {
    let pattern = args.get(0);
    let (found, names) = match &pattern {
        Val::Regex(regex) if all && !regex.has_flag('g') => {
            return Err(TemplateError::new("`replaceAll` needs the flag `g`."));
        }
        Val::Regex(regex) => (matches(&run.heap, text, regex, regex.has_flag('g'))?, regex.names()),
        _ => (occurrences(&run.heap, text, &args.text(run, 0)?, all)?, &[][..]),
    };
    let mut pieces = Vec::new();
    for one in &found {
        pieces.push(replacement(run, text, one, names, &args.get(1))?);
    }
    let mut out = Builder::new(&run.heap);
    let mut from = 0;
    for (one, piece) in found.iter().zip(pieces) {
        out.push(&text[from..one.start])?;
        out.push(&piece)?;
        from = one.end;
    }
    out.push(&text[from..])?;
    out.finish().map(Val::Str)
}

fn replacement(run: &mut Run<'_>, text: &Text, one: &Found, names: &[(Text, usize)], with: &Val) -> Result<Text> {
    if let Val::Func(_) = with {
        let matched = Val::Str(text.part(one.start, one.end));
        let value = run.call(with, vec![matched])?;
        return run.heap.text_of(&value);
    }
    let template = run.heap.text_of(with)?;
    let found = Match { text, start: one.start, end: one.end, groups: &one.groups, names };
    expanded(&run.heap, &template, &found)
}

/// `match`: all matches with the flag `g`, else the first with its groups; null where there is none.
pub(super) fn matched(run: &mut Run<'_>, text: &Text, pattern: &Val) -> Result<Val> {
    let regex = regex_of(run, pattern)?;
    let found = matches(&run.heap, text, &regex, regex.has_flag('g'))?;
    match found.first() {
        None => Ok(Val::Null),
        Some(first) if !regex.has_flag('g') => parts(run, text, first),
        Some(_) => run.heap.texts(found.iter().map(|one| text.part(one.start, one.end)).collect::<Vec<_>>()),
    }
}

/// A pattern as it is, or made of a text.
pub(super) fn regex_of(run: &Run<'_>, pattern: &Val) -> Result<std::sync::Arc<Regex>> {
    match pattern {
        Val::Regex(regex) => Ok(regex.clone()),
        Val::Undefined => Regex::new(&Text::from("(?:)"), "").map(std::sync::Arc::new),
        _ => Regex::new(&run.heap.text_of(pattern)?, "").map(std::sync::Arc::new),
    }
}

/// `split`.
pub(super) fn split(run: &mut Run<'_>, text: &Text, args: &Args) -> Result<Val> {
    let most = match args.get(1) {
        Val::Undefined => usize::MAX,
        most => super::super::convert::clamped(run.heap.number_of(&most)?),
    };
    let mut pieces: Vec<Val> = match args.get(0) {
        Val::Undefined => vec![Val::Str(text.clone())],
        Val::Regex(regex) => split_by(run, text, &regex)?,
        gap => {
            let gap = run.heap.text_of(&gap)?;
            split_at(&run.heap, text, &gap)?.into_iter().map(Val::Str).collect()
        }
    };
    pieces.truncate(most);
    run.heap.list(pieces)
}

fn split_at(heap: &Heap, text: &Text, gap: &Text) -> Result<Vec<Text>> {
    if gap.is_empty() {
        heap.spend(text.len())?;
        return Ok((0..text.len()).filter_map(|index| text.unit(index)).collect());
    }
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(at) = text.find(gap, from) {
        heap.spend(1)?;
        pieces.push(text.part(from, at));
        from = at + gap.len();
    }
    pieces.push(text.part(from, text.len()));
    Ok(pieces)
}

/// Pieces between matches, with what the groups captured; a match of nothing splits only between two units.
fn split_by(run: &Run<'_>, text: &Text, regex: &Regex) -> Result<Vec<Val>> {
    if text.is_empty() {
        let fits = regex.find(&run.heap, text, 0)?.is_some();
        return Ok(if fits { Vec::new() } else { vec![Val::Str(text.clone())] });
    }
    let mut pieces = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = regex.find(&run.heap, text, from)?.filter(|found| found.start < text.len()) {
        run.heap.spend(1)?;
        if found.end == start || (found.end == found.start && found.start == start) {
            from = found.start.max(from) + 1;
            continue;
        }
        pieces.push(Val::Str(text.part(start, found.start)));
        for group in &found.groups {
            pieces.push(group.map_or(Val::Undefined, |(start, end)| Val::Str(text.part(start, end))));
        }
        start = found.end;
        from = if found.end == found.start { found.end + 1 } else { found.end };
    }
    pieces.push(Val::Str(text.part(start, text.len())));
    Ok(pieces)
}
