//! Filters of numbers.

use super::super::number::{leading_float, leading_integer, round_half_up};
use super::super::run::Run;
use super::super::value::{Result, Val};
use super::Args;

pub(super) fn abs(run: &Run<'_>, args: &Args) -> Result<Val> {
    Ok(Val::Num(run.heap.number_of(&args.value())?.abs()))
}

pub(super) fn float(run: &Run<'_>, args: &Args) -> Result<Val> {
    let number = leading_float(&run.heap.text_of(&args.value())?.lossy());
    Ok(if number.is_nan() { args.get(1) } else { Val::Num(number) })
}

pub(super) fn int(run: &Run<'_>, args: &Args) -> Result<Val> {
    let base = match args.get(2) {
        Val::Undefined => 10.0,
        base => run.heap.number_of(&base)?,
    };
    let number = leading_integer(&run.heap.text_of(&args.value())?.lossy(), base);
    Ok(if number.is_nan() { args.get(1) } else { Val::Num(number) })
}

pub(super) fn round(run: &Run<'_>, args: &Args) -> Result<Val> {
    let precision = args.get(1);
    let precision = if precision.is_truthy() { run.heap.number_of(&precision)? } else { 0.0 };
    let factor = 10.0_f64.powf(precision);
    let scaled = run.heap.number_of(&args.value())? * factor;
    let method = args.get(2);
    let is = |name: &str| matches!(&method, Val::Str(text) if text.is(name));
    let rounded = if is("ceil") {
        scaled.ceil()
    } else if is("floor") {
        scaled.floor()
    } else {
        round_half_up(scaled)
    };
    Ok(Val::Num(rounded / factor))
}
