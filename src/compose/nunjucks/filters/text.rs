//! Filters of text.

use super::super::convert::{clamped, same_number};
use super::super::error::TemplateError;
use super::super::methods;
use super::super::run::Run;
use super::super::text::{Text, units};
use super::super::value::{Result, Val};
use super::{Args, builder, like, normal, wanted_text};

const SPACE: [u16; 1] = [0x20];

fn capitalized(text: &Text) -> Text {
    let lower = text.lower();
    let mut units = lower.part(0, 1).upper().to_vec();
    units.extend_from_slice(&lower.part(1, lower.len()));
    Text::from(units)
}

pub(super) fn capitalize(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let text = wanted_text("capitalize", &value)?;
    run.heap.spend_text(text.len())?;
    Ok(like(&value, capitalized(&text)))
}

pub(super) fn title(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let text = wanted_text("title", &value)?;
    run.heap.spend_text(text.len())?;
    let words: Vec<Vec<u16>> =
        text.split(|unit| *unit == SPACE[0]).map(|word| capitalized(&Text::of(word)).to_vec()).collect();
    Ok(like(&value, Text::from(words.join(&SPACE[0]))))
}

pub(super) fn upper(run: &Run<'_>, args: &Args) -> Result<Val> {
    let text = wanted_text("upper", &normal(args.value()))?;
    run.heap.spend_text(text.len())?;
    Ok(Val::Str(text.upper()))
}

pub(super) fn lower(run: &Run<'_>, args: &Args) -> Result<Val> {
    let text = wanted_text("lower", &normal(args.value()))?;
    run.heap.spend_text(text.len())?;
    Ok(Val::Str(text.lower()))
}

pub(super) fn trim(run: &Run<'_>, args: &Args) -> Result<Val> {
    let text = wanted_text("trim", &args.value())?;
    run.heap.spend_text(text.len())?;
    Ok(like(&args.value(), text.trimmed()))
}

pub(super) fn center(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let width = args.get(1);
    let width = if width.is_truthy() { run.heap.number_of(&width)? } else { 80.0 };
    let length = run.member(&value, &Val::text("length"))?;
    let length = run.heap.number_of(&length)?;
    if length >= width {
        return Ok(value);
    }
    let spaces = width - length;
    let mut out = builder(run);
    out.repeat(&SPACE, clamped((spaces / 2.0 - spaces % 2.0).ceil()))?;
    out.push(&run.heap.text_of(&value)?)?;
    out.repeat(&SPACE, clamped((spaces / 2.0).ceil()))?;
    Ok(like(&value, out.finish()?))
}

pub(super) fn indent(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let text = wanted_text("indent", &value)?;
    if text.is_empty() && matches!(value, Val::Str(_)) {
        return Ok(value);
    }
    let width = args.get(1);
    let width = if width.is_truthy() { run.heap.number_of(&width)?.ceil() } else { 4.0 };
    let mut out = builder(run);
    for (index, line) in text.split(|unit| *unit == 0x0A).enumerate() {
        if index > 0 {
            out.push(&[0x0A])?;
        }
        if index > 0 || args.get(2).is_truthy() {
            out.repeat(&SPACE, clamped(width))?;
        }
        out.push(line)?;
    }
    Ok(like(&value, out.finish()?))
}

pub(super) fn replace(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    let old = match args.get(1) {
        Val::Regex(_) => return methods::call(run, &value, "replace", vec![args.get(1), args.get(2)]),
        Val::Num(number) => run.heap.text_of(&Val::Num(number))?,
        Val::Str(text) => text,
        _ => return Ok(value),
    };
    let value = if let Val::Num(_) = value { Val::Str(run.heap.text_of(&value)?) } else { value };
    let Some(text) = value.as_text().cloned() else { return Ok(value) };
    let new = run.heap.text_of(&args.get(2))?;
    if old.is_empty() {
        return everywhere(run, &value, &text, &args.get(2));
    }
    let most = match args.get(3) {
        Val::Undefined => None,
        most => Some(run.heap.number_of(&most)?),
    };
    let most = most.filter(|most| !same_number(*most, -1.0));
    if most == Some(0.0) || text.find(&old, 0).is_none() {
        return Ok(value);
    }
    let mut out = builder(run);
    let (mut from, mut count) = (0, 0.0);
    while let Some(at) = text.find(&old, from).filter(|_| most.is_none_or(|most| count < most)) {
        out.push(&text[from..at])?;
        out.push(&new)?;
        from = at + old.len();
        count += 1.0;
    }
    out.push(&text[from..])?;
    Ok(like(&args.value(), out.finish()?))
}

/// Empty text stands between all units, and at both ends.
fn everywhere(run: &Run<'_>, value: &Val, text: &Text, new: &Val) -> Result<Val> {
    let edge = run.heap.text_of(new)?;
    let between = if new.is_undefined() { Text::from(",") } else { edge.clone() };
    let mut out = builder(run);
    out.push(&edge)?;
    for (index, unit) in text.iter().enumerate() {
        if index > 0 {
            out.push(&between)?;
        }
        out.push(&[*unit])?;
    }
    out.push(&edge)?;
    Ok(like(value, out.finish()?))
}

pub(super) fn string(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    match value {
        Val::Undefined | Val::Null => Err(super::nothing("string")),
        Val::Safe(_) => Ok(value),
        _ => run.heap.text_of(&value).map(Val::Str),
    }
}

pub(super) fn truncate(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    let most = args.get(1);
    let most = if most.is_truthy() { run.heap.number_of(&most)? } else { 255.0 };
    let length = run.member(&value, &Val::text("length"))?;
    if run.heap.number_of(&length)? <= most {
        return Ok(value);
    }
    let text = wanted_text("truncate", &value)?;
    let cut = clamped(most);
    // Where the length is no number, the last space of all counts.
    let from = if most.is_nan() { usize::MAX } else { cut };
    let end = if args.get(2).is_truthy() { cut } else { text.find_last(&SPACE, from).unwrap_or(cut) };
    let mut out = builder(run);
    out.push(&text.part(0, end))?;
    match args.get(3) {
        Val::Undefined | Val::Null => out.push(&units("..."))?,
        tail => out.push(&run.heap.text_of(&tail)?)?,
    }
    Ok(like(&args.value(), out.finish()?))
}

/// How many runs of letters, digits and `_` there are; null where there is none.
pub(super) fn word_count(run: &Run<'_>, args: &Args) -> Result<Val> {
    let value = normal(args.value());
    if !value.is_truthy() {
        return Ok(Val::Null);
    }
    let text = value.as_text().ok_or_else(|| TemplateError::new("`wordcount` works on text only."))?;
    run.heap.spend_text(text.len())?;
    let is_word = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let count = text.split(|unit| !is_word(unit)).filter(|word| !word.is_empty()).count();
    Ok(if count == 0 { Val::Null } else { Val::from(count) })
}
