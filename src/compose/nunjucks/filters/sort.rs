//! Filters that sort.

use std::cmp::Ordering;

use super::super::convert::strictly_equal;
use super::super::error::TemplateError;
use super::super::run::Run;
use super::super::text::Text;
use super::super::value::{Result, Val};
use super::Args;
use super::list::{attribute, mapped};

/// Lists up to this length are sorted by insertion.
const SHORT: usize = 64;

/// Sorts as JavaScript does: stable, undefined last and without asking. The order may contradict itself; then short lists
/// come out as from an insertion sort.
pub(in super::super) fn sorted(
    items: Vec<Val>,
    order: &mut dyn FnMut(&Val, &Val) -> Result<Ordering>,
) -> Result<Vec<Val>> {
    let (undefined, mut items): (Vec<Val>, Vec<Val>) = items.into_iter().partition(Val::is_undefined);
    items = merged(items, order)?;
    items.extend(undefined);
    Ok(items)
}

fn merged(mut items: Vec<Val>, order: &mut dyn FnMut(&Val, &Val) -> Result<Ordering>) -> Result<Vec<Val>> {
    if items.len() < SHORT {
        return inserted(items, order);
    }
    let right = merged(items.split_off(items.len() / 2), order)?;
    let left = merged(items, order)?;
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if order(b, a)?.is_lt() { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}

/// Binary insertion after the run that is in order already, or strictly against it.
fn inserted(mut items: Vec<Val>, order: &mut dyn FnMut(&Val, &Val) -> Result<Ordering>) -> Result<Vec<Val>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let falls = order(&items[1], &items[0])?.is_lt();
    let mut run = 2;
    while run < items.len() && order(&items[run], &items[run - 1])?.is_lt() == falls {
        run += 1;
    }
    if falls {
        items[..run].reverse();
    }
    for next in run..items.len() {
        let (mut low, mut high) = (0, next);
        while low < high {
            let middle = low + (high - low) / 2;
            if order(&items[next], &items[middle])?.is_lt() {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items[low..=next].rotate_right(1);
    }
    Ok(items)
}

pub(super) fn sort(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let (reverse, exact, path) = (args.get(1).is_truthy(), args.get(2).is_truthy(), args.get(3));
    let items = mapped(run, &args.value())?;
    let heap = &run.heap;
    let key = |item: &Val| attribute(run, item, &path);
    let sorted = sorted(items, &mut |a, b| {
        heap.spend(1)?;
        let (mut a, mut b) = (key(a)?, key(b)?);
        if let (false, Val::Str(left), Val::Str(right)) = (exact, &a, &b) {
            (a, b) = (Val::Str(left.lower()), Val::Str(right.lower()));
        }
        let order = heap.compared(&a, &b)?.unwrap_or(Ordering::Equal);
        Ok(if reverse { order.reverse() } else { order })
    })?;
    run.heap.list(sorted)
}

pub(super) fn dictsort(run: &mut Run<'_>, args: &Args) -> Result<Val> {
    let value = args.value();
    if !matches!(value, Val::Object(_) | Val::Safe(_)) {
        return Err(TemplateError::new("`dictsort` works on objects only."));
    }
    let by = match args.get(2) {
        Val::Undefined => 0,
        Val::Str(text) if text.is("key") => 0,
        Val::Str(text) if text.is("value") => 1,
        _ => return Err(TemplateError::new("`dictsort` sorts by `key` or by `value`.")),
    };
    let mut rows = Vec::new();
    for name in run.keys(&value)? {
        let field = run.member(&value, &Val::Str(name.clone()))?;
        rows.push(run.heap.list(vec![Val::Str(name), field])?);
    }
    let exact = args.get(1).is_truthy();
    let heap = &run.heap;
    let key = |row: &Val| match row {
        Val::List(id) => match &heap.items(*id)[by] {
            Val::Str(text) if !exact => Val::Str(Text::upper(text)),
            other => other.clone(),
        },
        _ => Val::Undefined,
    };
    let sorted = sorted(rows, &mut |a, b| {
        heap.spend(1)?;
        let (a, b) = (key(a), key(b));
        Ok(match heap.compared(&a, &b)? {
            Some(Ordering::Greater) => Ordering::Greater,
            _ if strictly_equal(&a, &b) => Ordering::Equal,
            _ => Ordering::Less,
        })
    })?;
    run.heap.list(sorted)
}
