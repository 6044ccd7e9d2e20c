//! How values turn into text, numbers and each other's equals.
//!
//! Source: ECMA-262, the abstract operations `ToString`, `ToNumber`, `IsLooselyEqual`, `IsLessThan`.

use super::error::TemplateError;
use super::number::{number_of, number_text};
use super::text::Text;
use super::value::{Heap, MOST_DEPTH, Result, Val};

/// Text that grows, and is paid for.
pub(super) struct Builder<'h> {
    heap: &'h Heap,
    units: Vec<u16>,
}

impl<'h> Builder<'h> {
    pub(super) fn new(heap: &'h Heap) -> Self {
        Self { heap, units: Vec::new() }
    }

    pub(super) fn push(&mut self, units: &[u16]) -> Result<()> {
        if self.units.len() + units.len() > super::value::MOST_TEXT {
            return Err(TemplateError::too_much_work());
        }
        self.units.extend_from_slice(units);
        Ok(())
    }

    pub(super) fn repeat(&mut self, units: &[u16], times: usize) -> Result<()> {
        if units.len().saturating_mul(times) > super::value::MOST_TEXT {
            return Err(TemplateError::too_much_work());
        }
        (0..times).try_for_each(|_| self.push(units))
    }

    pub(super) fn finish(self) -> Result<Text> {
        self.heap.spend_text(self.units.len())?;
        Ok(Text::from(self.units))
    }
}

impl Heap {
    /// `String(value)`.
    pub(super) fn text_of(&self, value: &Val) -> Result<Text> {
        match value {
            Val::Str(text) | Val::Safe(text) => Ok(text.clone()),
            Val::Undefined => Ok(Text::from("undefined")),
            Val::Null => Ok(Text::from("null")),
            Val::Bool(value) => Ok(Text::from(if *value { "true" } else { "false" })),
            Val::Num(number) => Ok(Text::from(number_text(*number).as_str())),
            Val::List(_) => self.joined(value, &Text::from(",")),
            Val::Object(_) => Ok(Text::from("[object Object]")),
            Val::Func(_) => Ok(Text::from("function () { [native code] }")),
            Val::Regex(regex) => Ok(Text::from(regex.source().as_str())),
        }
    }

    /// What a tag prints: nothing for undefined and null.
    pub(super) fn printed(&self, value: &Val) -> Result<Text> {
        if value.is_nullish() { Ok(Text::of(&[])) } else { self.text_of(value) }
    }

    /// `list.join(gap)`; undefined and null are nothing, and so is a list inside itself.
    pub(super) fn joined(&self, list: &Val, gap: &Text) -> Result<Text> {
        let mut out = Builder::new(self);
        self.join_into(list, gap, &mut Vec::new(), &mut out)?;
        out.finish()
    }

    fn join_into(&self, list: &Val, gap: &Text, above: &mut Vec<usize>, out: &mut Builder<'_>) -> Result<()> {
        let Val::List(id) = list else { return Ok(()) };
        if above.contains(id) {
            return Ok(());
        }
        if above.len() > MOST_DEPTH {
            return Err(TemplateError::too_deep());
        }
        above.push(*id);
        let comma = Text::from(",");
        for (index, item) in self.items(*id).iter().enumerate() {
            self.spend(1)?;
            if index > 0 {
                out.push(gap)?;
            }
            match item {
                Val::List(_) => self.join_into(item, &comma, above, out)?,
                _ => out.push(&self.printed(item)?)?,
            }
        }
        above.pop();
        Ok(())
    }

    /// `Number(value)`.
    pub(super) fn number_of(&self, value: &Val) -> Result<f64> {
        Ok(match value {
            Val::Undefined => f64::NAN,
            Val::Null => 0.0,
            Val::Bool(value) => f64::from(u8::from(*value)),
            Val::Num(number) => *number,
            Val::Str(text) | Val::Safe(text) => number_of(&text.lossy()),
            _ => number_of(&self.text_of(value)?.lossy()),
        })
    }

    /// `a + b`: text as soon as one side is no plain number, truth value or nothing.
    pub(super) fn added(&self, a: &Val, b: &Val) -> Result<Val> {
        let is_number = |value: &Val| matches!(value, Val::Undefined | Val::Null | Val::Bool(_) | Val::Num(_));
        if is_number(a) && is_number(b) {
            return Ok(Val::Num(self.number_of(a)? + self.number_of(b)?));
        }
        let mut out = Builder::new(self);
        out.push(&self.text_of(a)?)?;
        out.push(&self.text_of(b)?)?;
        out.finish().map(Val::Str)
    }

    /// `a == b`.
    pub(super) fn loosely_equal(&self, a: &Val, b: &Val) -> Result<bool> {
        if a.is_nullish() || b.is_nullish() {
            return Ok(a.is_nullish() && b.is_nullish());
        }
        Ok(match (is_primitive(a), is_primitive(b)) {
            (false, false) => strictly_equal(a, b),
            (false, true) => self.loosely_equal(&Val::Str(self.text_of(a)?), b)?,
            (true, false) => self.loosely_equal(a, &Val::Str(self.text_of(b)?))?,
            (true, true) => match (a, b) {
                (Val::Str(a), Val::Str(b)) => a == b,
                _ => same_number(self.number_of(a)?, self.number_of(b)?),
            },
        })
    }

    /// How `a` stands to `b` for `<` and its kin; `None` where one is not a number.
    pub(super) fn compared(&self, a: &Val, b: &Val) -> Result<Option<std::cmp::Ordering>> {
        let text = |value: &Val| match value {
            Val::Str(text) => Ok(Some(text.clone())),
            _ if is_primitive(value) => Ok(None),
            _ => self.text_of(value).map(Some),
        };
        if let (Some(a), Some(b)) = (text(a)?, text(b)?) {
            self.spend_text(a.len().min(b.len()))?;
            return Ok(Some(a.cmp(&b)));
        }
        Ok(self.number_of(a)?.partial_cmp(&self.number_of(b)?))
    }
}

fn is_primitive(value: &Val) -> bool {
    matches!(value, Val::Undefined | Val::Null | Val::Bool(_) | Val::Num(_) | Val::Str(_))
}

/// `a === b`.
pub(super) fn strictly_equal(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::Undefined, Val::Undefined) | (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Num(a), Val::Num(b)) => same_number(*a, *b),
        (Val::Str(a), Val::Str(b)) => a == b,
        (Val::List(a), Val::List(b)) | (Val::Object(a), Val::Object(b)) | (Val::Func(a), Val::Func(b)) => a == b,
        _ => false,
    }
}

/// `a === b` for numbers; not a number is not even itself.
#[expect(clippy::float_cmp, reason = "JavaScript compares to the bit")]
pub(super) fn same_number(a: f64, b: f64) -> bool {
    a == b
}

/// A number as a place in a text or list: cut to a whole number, negative ones counted from the end.
pub(super) fn from_end(number: f64, length: usize) -> usize {
    let number = number.trunc();
    if number < 0.0 { length.saturating_sub(clamped(-number)) } else { clamped(number).min(length) }
}

/// A number as a length or place; what is no number or below zero is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is what is wanted")]
pub(super) fn clamped(number: f64) -> usize {
    number as usize
}
