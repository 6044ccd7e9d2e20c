//! Filters of lists.

use super::super::convert::clamped;
use super::super::error::TemplateError;
use super::super::is;
use super::super::run::Run;
use super::super::text::Text;
use super::super::value::{Result, Val};
use super::{Args, normal, nothing};

/// How long a value says that it is; what says nothing is empty.
fn length_of(run: &mut Run<'_>, name: &str, value: &Val) -> Result<usize> {
    if value.is_nullish() {
        return Err(nothing(name));
    }
    let length = run.member(value, &Val::text("length"))?;
    let length = clamped(run.heap.number_of(&length)?);
    run.heap.spend(length)?;
    Ok(length)
}

/// The elements of what has a length: of a list, or the units of a text.
fn elements(run: &mut Run<'_>, name: &str, value: &Val) -> Result<Vec<Val>> {
    let length = length_of(run, name, value)?;
    (0..length).map(|index| run.member(value, &Val::from(index))).collect()
}

/// As elements, but nothing has none.
pub(super) fn mapped(run: &mut Run<'_>, value: &Val) -> Result<Vec<Val>> {
    if value.is_nullish() { Ok(Vec::new()) } else { elements(run, "a filter", value) }
}

/// The elements of a true list.
fn items(run: &Run<'_>, name: &str, value: &Val) -> Result<Vec<Val>> {
    match value {
        Val::List(id) => {
            let items = run.heap.items(*id).to_vec();
            run.heap.spend(items.len())?;
            Ok(items)
        }
        _ => Err(TemplateError::new(format!("`{name}` works on lists only."))),
    }
}

/// A field of every element; nothing has no fields.
fn fields_of(run: &mut Run<'_>, name: &str, items: Vec<Val>, field: &Val) -> Result<Vec<Val>> {
    items
        .into_iter()
        .map(|item| if item.is_nullish() { Err(nothing(name)) } else { run.member(&item, field) })
        .collect()
}

pub(super) fn batch(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let items = elements(run, "batch", &args.value())?;
    let size = run.heap.number_of(&args.get(1))?;
    let mut rows: Vec<Vec<Val>> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let Val::Num(place) = Val::from(index) else { continue };
        match rows.last_mut() {
            Some(row) if place % size != 0.0 => row.push(item),
            _ => rows.push(vec![item]),
        }
    }
    let fill = args.get(2);
    if let Some(last) = rows.last_mut().filter(|_| fill.is_truthy()) {
        let wanted = clamped(size.ceil());
        run.heap.spend(wanted)?;
        last.resize(wanted.max(last.len()), fill);
    }
    listed(run, rows)
}

fn listed(run: &mut Run<'_>, rows: Vec<Vec<Val>>) -> Result<Val> {
    let rows: Result<Vec<Val>> = rows.into_iter().map(|row| run.heap.list(row)).collect();
    run.heap.list(rows?)
}

pub(super) fn slice(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    let items = elements(run, "slice", &value)?;
    let slices = clamped(run.heap.number_of(&args.get(1))?.ceil());
    run.heap.spend(slices)?;
    let size = items.len().checked_div(slices).unwrap_or(0);
    let extra = items.len() - size * slices;
    let fill = args.get(2);
    let mut rows = Vec::new();
    let mut start = 0;
    for index in 0..slices {
        let end = start + size + usize::from(index < extra);
        let mut row = items[start..end].to_vec();
        if fill.is_truthy() && index >= extra {
            row.push(fill.clone());
        }
        rows.push(row);
        start = end;
    }
    if let Some(text) = value.as_text() {
        return sliced_text(run, text, &rows, &fill);
    }
    listed(run, rows)
}

/// Of a text, the slices are texts, to which nothing can be added.
fn sliced_text(run: &mut Run<'_>, text: &Text, rows: &[Vec<Val>], fill: &Val) -> Result<Val> {
    if fill.is_truthy() {
        return Err(TemplateError::new("`slice` cannot fill up the slices of a text."));
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for row in rows {
        parts.push(text.part(start, start + row.len()));
        start += row.len();
    }
    run.heap.texts(parts)
}

pub(super) fn first(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if value.is_nullish() { Err(nothing("first")) } else { run.member(&value, &Val::Num(0.0)) }
}

pub(super) fn last(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if value.is_nullish() {
        return Err(nothing("last"));
    }
    let length = run.member(&value, &Val::text("length"))?;
    let place = run.heap.number_of(&length)? - 1.0;
    run.member(&value, &Val::Num(place))
}

pub(super) fn length(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    match normal(args.value()) {
        Val::Object(id) => Ok(Val::from(run.heap.fields(id).len())),
        value => run.member(&value, &Val::text("length")),
    }
}

pub(super) fn list(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    match &value {
        Val::Str(text) => {
            run.heap.spend(text.len())?;
            let letters: Vec<Text> = (0..text.len()).filter_map(|index| text.unit(index)).collect();
            run.heap.texts(letters)
        }
        Val::List(_) => Ok(value),
        Val::Object(_) | Val::Safe(_) => {
            let mut rows = Vec::new();
            for key in run.keys(&value)? {
                let field = run.member(&value, &Val::Str(key.clone()))?;
                rows.push(run.heap.object([(Text::from("key"), Val::Str(key)), (Text::from("value"), field)])?);
            }
            run.heap.list(rows)
        }
        _ => Err(TemplateError::new("`list` works on text, lists and objects only.")),
    }
}

pub(super) fn join(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let mut value = args.value();
    let gap = args.get(1);
    let gap = if gap.is_truthy() { run.heap.text_of(&gap)? } else { Text::of(&[]) };
    let field = args.get(2);
    if field.is_truthy() {
        let parts = mapped(run, &value)?;
        let parts = fields_of(run, "join", parts, &field)?;
        value = run.heap.list(parts)?;
    }
    items(run, "join", &value)?;
    run.heap.joined(&value, &gap).map(Val::Str)
}

pub(super) fn sum(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    let field = args.get(1);
    let parts = if field.is_truthy() {
        let parts = mapped(run, &value)?;
        fields_of(run, "sum", parts, &field)?
    } else {
        items(run, "sum", &value)?
    };
    let mut sum = Val::Num(0.0);
    for part in parts {
        sum = run.heap.added(&sum, &part)?;
    }
    let start = if args.get(2).is_undefined() { Val::Num(0.0) } else { args.get(2) };
    run.heap.added(&start, &sum)
}

pub(super) fn reverse(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if let Val::Str(text) = &value {
        return run.heap.string(text.iter().rev().copied().collect());
    }
    let mut items = mapped(run, &value)?;
    items.reverse();
    run.heap.list(items)
}

pub(super) fn select(run: &mut Run<'_>, args: &Args, wanted: bool) -> Result<Val> {
    let name = match args.get(1) {
        Val::Undefined => Text::from("truthy"),
        name => run.heap.text_of(&name)?,
    };
    let name = name.lossy();
    is::known(&name)?;
    let items = elements(run, "select", &args.value())?;
    let mut kept = Vec::new();
    for item in items {
        if is::test(run, &name, &[item.clone(), args.get(2)])? == wanted {
            kept.push(item);
        }
    }
    run.heap.list(kept)
}

pub(super) fn select_by(run: &mut Run<'_>, args: &Args, wanted: bool) -> Result<Val> {
    let items = items(run, "selectattr", &args.value())?;
    let mut kept = Vec::new();
    for item in items {
        if item.is_nullish() {
            return Err(nothing("selectattr"));
        }
        if run.member(&item, &args.get(1))?.is_truthy() == wanted {
            kept.push(item);
        }
    }
    run.heap.list(kept)
}

pub(super) fn group_by(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let items = elements(run, "groupby", &args.value())?;
    let mut groups: Vec<(Text, Vec<Val>)> = Vec::new();
    for item in items {
        let key = attribute(run, &item, &args.get(1))?;
        let key = run.heap.text_of(&key)?;
        run.heap.spend(groups.len() / 16)?;
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    let mut fields = Vec::new();
    for (key, group) in groups {
        fields.push((key, run.heap.list(group)?));
    }
    run.heap.object(fields)
}

/// A field of an element by its path with dots; undefined where there is none.
pub(super) fn attribute(run: &Run<'_>, item: &Val, path: &Val) -> Result<Val> {
    if !path.is_truthy() {
        return Ok(item.clone());
    }
    let text = run.heap.text_of(path)?;
    let parts: Vec<Text> = match path {
        Val::Str(_) => text.split(|unit| *unit == u16::from(b'.')).map(Text::of).collect(),
        _ => vec![text],
    };
    let mut value = item.clone();
    for part in parts {
        if value.is_nullish() {
            return Err(nothing("a filter by attribute"));
        }
        match run.own(&value, &part) {
            Some(found) => value = found,
            None => return Ok(Val::Undefined),
        }
    }
    Ok(value)
}
