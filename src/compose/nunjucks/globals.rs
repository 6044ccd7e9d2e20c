//! The functions that every template has: `range`, `cycler` and `joiner`.

use super::error::TemplateError;
use super::run::Run;
use super::text::Text;
use super::value::{Func, Result, Val};

/// `range(stop)`, `range(start, stop, step)`.
pub(super) fn range(run: &mut Run<'_>, given: &[Val]) -> Result<Val> {
    let arg = |place: usize| given.get(place).cloned().unwrap_or(Val::Undefined);
    let (first, last) = if arg(1).is_undefined() { (Val::Num(0.0), arg(0)) } else { (arg(0), arg(1)) };
    let has_step = !arg(1).is_undefined() && arg(2).is_truthy();
    let step = if has_step { run.heap.number_of(&arg(2))? } else { 1.0 };
    let (mut next, end) = (run.heap.number_of(&first)?, run.heap.number_of(&last)?);
    let mut items = Vec::new();
    while if step > 0.0 { next < end } else { next > end } {
        run.heap.spend(1)?;
        items.push(Val::Num(next));
        next += step;
    }
    run.heap.list(items)
}

/// `cycler(a, b, …)`: an object whose `next()` gives one after the other, from the first again after the last.
pub(super) fn cycler(run: &mut Run<'_>, items: Vec<Val>) -> Result<Val> {
    let made = run.heap.object([(Text::from("current"), Val::Null)])?;
    let Val::Object(id) = made else { return Ok(made) };
    let next = run.heap.func(Func::Next { items, asked: 0, cycler: Some(id) });
    if let Val::Func(func) = next {
        let reset = run.heap.func(Func::Reset { next: func, cycler: id });
        run.heap.fields_mut(id).set(Text::from("reset"), reset);
    }
    run.heap.fields_mut(id).set(Text::from("next"), next);
    Ok(made)
}

/// `joiner(gap)`: a function that gives nothing the first time and the gap from then on.
pub(super) fn joiner(run: &mut Run<'_>, args: Vec<Val>) -> Val {
    let gap = args.into_iter().next().filter(Val::is_truthy).unwrap_or_else(|| Val::text(","));
    run.heap.func(Func::Next { items: vec![gap], asked: 0, cycler: None })
}

/// Asks a made cycler or joiner, or sets a cycler back.
pub(super) fn turn(run: &mut Run<'_>, callee: &Val) -> Result<Val> {
    let Val::Func(id) = callee else { return Err(TemplateError::new("What is called is not a function.")) };
    let current = Text::from("current");
    match run.heap.function_mut(*id) {
        Func::Next { asked, cycler: None, .. } if *asked == 0 => {
            *asked = 1;
            Ok(Val::text(""))
        }
        Func::Next { items, asked, cycler } => {
            let value = if items.is_empty() { Val::Undefined } else { items[*asked % items.len()].clone() };
            *asked += 1;
            if let Some(object) = *cycler {
                run.heap.fields_mut(object).set(current, value.clone());
            }
            Ok(value)
        }
        Func::Reset { next, cycler } => {
            let (next, object) = (*next, *cycler);
            if let Func::Next { asked, .. } = run.heap.function_mut(next) {
                *asked = 0;
            }
            run.heap.fields_mut(object).set(current, Val::Null);
            Ok(Val::Undefined)
        }
        _ => Err(TemplateError::new("What is called is not a function.")),
    }
}
