//! Methods of numbers.

use super::super::convert::clamped;
use super::super::error::TemplateError;
use super::super::number::{fixed, grouped, in_base, number_text, precise};
use super::super::run::Run;
use super::super::value::{Result, Val};
use super::Args;

pub(super) const NAMES: [&str; 5] = ["toFixed", "toString", "toPrecision", "toLocaleString", "toExponential"];

pub(super) fn call(run: &mut Run<'_>, number: f64, name: &str, args: &Args) -> Result<Val> {
    let text = match name {
        "toFixed" => fixed(number, digits(run, args, 0.0, 0.0)?),
        "toPrecision" if args.get(0).is_undefined() => number_text(number),
        "toPrecision" => precise(number, digits(run, args, 1.0, 1.0)?),
        "toLocaleString" => grouped(number),
        "toExponential" => exponential(number, &args.get(0), digits(run, args, 0.0, 0.0)?),
        _ => in_base(number, radix(args.number_or(run, 0, 10.0)?)?),
    };
    Ok(Val::text(&text))
}

/// How many digits are asked for, from `least` to 100.
fn digits(run: &Run<'_>, args: &Args, otherwise: f64, least: f64) -> Result<usize> {
    let digits = args.number_or(run, 0, otherwise)?.trunc();
    if (least..=100.0).contains(&digits) {
        return Ok(clamped(digits));
    }
    Err(TemplateError::new("A number cannot be written with so many digits."))
}

fn radix(radix: f64) -> Result<u32> {
    let radix = u32::try_from(clamped(radix)).ok().filter(|radix| (2..=36).contains(radix));
    radix.ok_or_else(|| TemplateError::new("The base of a number is from 2 to 36."))
}

fn exponential(number: f64, asked: &Val, digits: usize) -> String {
    if !number.is_finite() {
        return number_text(number);
    }
    let text = if asked.is_undefined() { format!("{number:e}") } else { format!("{number:.digits$e}") };
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => text,
    }
}
