//! Methods of lists.

use std::cmp::Ordering;

use super::super::convert::{clamped, from_end};
use super::super::error::TemplateError;
use super::super::filters;
use super::super::run::Run;
use super::super::text::Text;
use super::super::value::{MOST_DEPTH, Result, Val};
use super::{Args, position};

pub(super) const NAMES: [&str; 32] = [
    "at",
    "concat",
    "every",
    "fill",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "flat",
    "flatMap",
    "forEach",
    "includes",
    "indexOf",
    "join",
    "lastIndexOf",
    "map",
    "pop",
    "push",
    "reduce",
    "reverse",
    "shift",
    "slice",
    "some",
    "sort",
    "splice",
    "toReversed",
    "toSorted",
    "toString",
    "unshift",
    "toLocaleString",
    "keys",
    "values",
];

pub(super) fn call(run: &mut Run<'_>, id: usize, name: &str, args: &Args) -> Result<Val> {
    run.heap.spend(run.heap.items(id).len() / 16 + 1)?;
    match name {
        "push" | "unshift" | "pop" | "shift" | "reverse" | "fill" | "splice" | "sort" => changed(run, id, name, args),
        "every" | "filter" | "find" | "findIndex" | "findLast" | "flatMap" | "forEach" | "map" | "reduce" | "some" => {
            asked(run, id, name, args)
        }
        "join" | "toString" | "toLocaleString" => {
            let gap = match args.get(0) {
                Val::Undefined => Text::from(","),
                _ if name != "join" => Text::from(","),
                gap => run.heap.text_of(&gap)?,
            };
            run.heap.joined(&Val::List(id), &gap).map(Val::Str)
        }
        _ => looked_at(run, id, name, args),
    }
}

/// Methods that leave the list as it is.
fn looked_at(run: &mut Run<'_>, id: usize, name: &str, args: &Args) -> Result<Val> {
    let items = run.heap.items(id).to_vec();
    let length = items.len();
    let place = |found: Option<usize>| found.map_or(Val::Num(-1.0), Val::from);
    Ok(match name {
        "at" => {
            let index = args.number_or(run, 0, 0.0)?.trunc();
            let back = clamped(-index);
            let index = if index < 0.0 { length.checked_sub(back) } else { Some(clamped(index)) };
            index.and_then(|index| items.get(index)).cloned().unwrap_or(Val::Undefined)
        }
        "includes" => {
            let from = from_end(args.number_or(run, 1, 0.0)?, length);
            Val::Bool(position(&items, &args.get(0), from, true).is_some())
        }
        "indexOf" => place(position(&items, &args.get(0), from_end(args.number_or(run, 1, 0.0)?, length), false)),
        "lastIndexOf" => {
            let wanted = args.get(0);
            place(items.iter().rposition(|item| super::super::convert::strictly_equal(item, &wanted)))
        }
        "slice" => {
            let start = from_end(args.number_or(run, 0, 0.0)?, length);
            let end = from_end(args.number_or(run, 1, f64::INFINITY)?, length);
            run.heap.list(items.get(start..end).unwrap_or_default().to_vec())?
        }
        "toReversed" => run.heap.list(items.into_iter().rev().collect())?,
        "toSorted" => {
            let items = in_order(run, items, &args.get(0))?;
            run.heap.list(items)?
        }
        "concat" => {
            let mut all = items;
            for value in &args.0 {
                match value {
                    Val::List(other) => all.extend_from_slice(run.heap.items(*other)),
                    _ => all.push(value.clone()),
                }
            }
            run.heap.list(all)?
        }
        "keys" => run.heap.list((0..length).map(Val::from).collect())?,
        "values" => run.heap.list(items)?,
        _ => {
            let depth = args.number_or(run, 0, 1.0)?;
            let mut flat = Vec::new();
            flatten(run, &items, clamped(depth).min(MOST_DEPTH), &mut flat)?;
            run.heap.list(flat)?
        }
    })
}

fn flatten(run: &Run<'_>, items: &[Val], depth: usize, out: &mut Vec<Val>) -> Result<()> {
    for item in items {
        run.heap.spend(1)?;
        match item {
            Val::List(inner) if depth > 0 => flatten(run, run.heap.items(*inner), depth - 1, out)?,
            _ => out.push(item.clone()),
        }
    }
    Ok(())
}

/// Methods that change the list.
fn changed(run: &mut Run<'_>, id: usize, name: &str, args: &Args) -> Result<Val> {
    run.heap.spend(args.0.len())?;
    match name {
        "push" => {
            run.heap.items_mut(id).extend(args.0.iter().cloned());
            Ok(Val::from(run.heap.items(id).len()))
        }
        "unshift" => {
            run.heap.items_mut(id).splice(0..0, args.0.iter().cloned());
            Ok(Val::from(run.heap.items(id).len()))
        }
        "pop" => Ok(run.heap.items_mut(id).pop().unwrap_or(Val::Undefined)),
        "shift" => {
            let items = run.heap.items_mut(id);
            Ok(if items.is_empty() { Val::Undefined } else { items.remove(0) })
        }
        "splice" => spliced(run, id, args),
        "sort" => {
            let items = run.heap.items(id).to_vec();
            *run.heap.items_mut(id) = in_order(run, items, &args.get(0))?;
            Ok(Val::List(id))
        }
        "fill" => {
            let length = run.heap.items(id).len();
            let start = from_end(args.number_or(run, 1, 0.0)?, length);
            let end = from_end(args.number_or(run, 2, f64::INFINITY)?, length);
            if let Some(part) = run.heap.items_mut(id).get_mut(start..end) {
                part.fill(args.get(0));
            }
            Ok(Val::List(id))
        }
        _ => {
            run.heap.items_mut(id).reverse();
            Ok(Val::List(id))
        }
    }
}

fn spliced(run: &mut Run<'_>, id: usize, args: &Args) -> Result<Val> {
    let length = run.heap.items(id).len();
    let start = from_end(args.number_or(run, 0, 0.0)?, length);
    let count = match args.0.len() {
        0 => 0,
        1 => length - start,
        _ => clamped(args.number_or(run, 1, 0.0)?).min(length - start),
    };
    let new = args.0.iter().skip(2).cloned();
    let removed = run.heap.items_mut(id).splice(start..start + count, new).collect();
    run.heap.list(removed)
}

/// In the order of a function, or of their texts.
fn in_order(run: &mut Run<'_>, items: Vec<Val>, by: &Val) -> Result<Vec<Val>> {
    filters::sorted(items, &mut |a, b| {
        run.heap.spend(1)?;
        if by.is_undefined() {
            return Ok(run.heap.text_of(a)?.cmp(&run.heap.text_of(b)?));
        }
        let order = run.call(by, vec![a.clone(), b.clone()])?;
        Ok(run.heap.number_of(&order)?.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
    })
}

/// Methods that ask a function about each element.
fn asked(run: &mut Run<'_>, id: usize, name: &str, args: &Args) -> Result<Val> {
    let act = args.get(0);
    if !matches!(act, Val::Func(_)) {
        return Err(TemplateError::new(format!("`{name}` needs a function, such as a macro.")));
    }
    let items = run.heap.items(id).to_vec();
    if name == "reduce" {
        return reduced(run, id, &items, &act, args);
    }
    let mut kept = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let answer = run.call(&act, vec![item.clone(), Val::from(index), Val::List(id)])?;
        let is_yes = answer.is_truthy();
        match name {
            "some" | "every" if is_yes == (name == "some") => return Ok(Val::Bool(is_yes)),
            "find" if is_yes => return Ok(item.clone()),
            "findIndex" if is_yes => return Ok(Val::from(index)),
            "filter" | "findLast" if is_yes => kept.push(item.clone()),
            "map" => kept.push(answer),
            "flatMap" => flatten(run, &[answer], 1, &mut kept)?,
            _ => {}
        }
    }
    Ok(match name {
        "some" | "every" => Val::Bool(name == "every"),
        "findIndex" => Val::Num(-1.0),
        "find" | "forEach" => Val::Undefined,
        "findLast" => kept.pop().unwrap_or(Val::Undefined),
        _ => run.heap.list(kept)?,
    })
}

fn reduced(run: &mut Run<'_>, id: usize, items: &[Val], act: &Val, args: &Args) -> Result<Val> {
    let has_start = args.0.len() > 1;
    let mut value = if has_start { args.get(1) } else { items.first().cloned().unwrap_or(Val::Undefined) };
    if !has_start && items.is_empty() {
        return Err(TemplateError::new("`reduce` has nothing to begin with."));
    }
    for (index, item) in items.iter().enumerate().skip(usize::from(!has_start)) {
        value = run.call(act, vec![value, item.clone(), Val::from(index), Val::List(id)])?;
    }
    Ok(value)
}
