//! What an expression is worth.

use std::cmp::Ordering;

use super::super::ast::{Binary, Expr, Node, Unary};
use super::super::convert::{same_number, strictly_equal};
use super::super::error::TemplateError;
use super::super::text::Text;
use super::super::value::{Func, Result, Val};
use super::super::{filters, is};
use super::Run;

impl Run<'_> {
    pub(super) fn eval(&mut self, value: &Expr) -> Result<Val> {
        self.deeper(|run| run.worth(value))
    }

    fn eval_all(&mut self, values: &[Expr]) -> Result<Vec<Val>> {
        values.iter().map(|value| self.eval(value)).collect()
    }

    fn worth(&mut self, value: &Expr) -> Result<Val> {
        match value {
            Expr::Null => Ok(Val::Null),
            Expr::Bool(value) => Ok(Val::Bool(*value)),
            Expr::Num(number) => Ok(Val::Num(*number)),
            Expr::Str(text) => Ok(Val::Str(text.clone())),
            Expr::Regex(regex) => Ok(Val::Regex(regex.clone())),
            Expr::Name(name) => self.lookup(name),
            Expr::Group(values) => Ok(self.eval_all(values)?.pop().unwrap_or(Val::Undefined)),
            Expr::List(values) => self.list(values),
            Expr::Object(fields) => self.object(fields, false),
            Expr::Keywords(fields) => self.object(fields, true),
            Expr::Member(target, name) => self.looked_up(target, name),
            Expr::Call { callee, says, args, place } => {
                self.called(callee, says, args).map_err(|error| error.placed(*place))
            }
            Expr::Filter { name, args, place } => self.filtered(name, args).map_err(|error| error.placed(*place)),
            Expr::Test { name, args, place } => self.tested(name, args).map_err(|error| error.placed(*place)),
            Expr::In(item, inside) => self.found(item, inside),
            Expr::If(parts) => self.chosen(parts),
            Expr::FloorDivide(quotient) => self.floored(quotient),
            Expr::Power(base, exponent) => self.raised(base, exponent),
            Expr::Unary(sign, value) => self.signed(*sign, value),
            Expr::Chain(first, rest) => self.chain(first, rest),
            Expr::Caller(def) => Ok(self.heap.func(Func::Macro { def: def.clone(), scope: Some(self.scope) })),
            Expr::Capture(body) => self.capture(body),
        }
    }

    fn list(&mut self, values: &[Expr]) -> Result<Val> {
        let items = self.eval_all(values)?;
        self.heap.list(items)
    }

    fn looked_up(&mut self, target: &Expr, name: &Expr) -> Result<Val> {
        let target = self.eval(target)?;
        let name = self.eval(name)?;
        self.member(&target, &name)
    }

    fn called(&mut self, callee: &Expr, says: &str, args: &[Expr]) -> Result<Val> {
        let callee = self.eval(callee)?;
        let args = self.eval_all(args)?;
        self.call_named(&callee, says, args)
    }

    fn filtered(&mut self, name: &str, args: &[Expr]) -> Result<Val> {
        let args = self.eval_all(args)?;
        filters::apply(self, name, args)
    }

    fn tested(&mut self, name: &str, args: &[Expr]) -> Result<Val> {
        let args = self.eval_all(args)?;
        is::test(self, name, &args).map(Val::Bool)
    }

    fn found(&mut self, item: &Expr, inside: &Expr) -> Result<Val> {
        let item = self.eval(item)?;
        let inside = self.eval(inside)?;
        self.contains(&inside, &item).map(Val::Bool)
    }

    fn floored(&mut self, quotient: &Expr) -> Result<Val> {
        let quotient = self.eval(quotient)?;
        Ok(Val::Num(self.heap.number_of(&quotient)?.floor()))
    }

    fn raised(&mut self, base: &Expr, exponent: &Expr) -> Result<Val> {
        let base = self.eval(base)?;
        let exponent = self.eval(exponent)?;
        Ok(Val::Num(power(self.heap.number_of(&base)?, self.heap.number_of(&exponent)?)))
    }

    fn capture(&mut self, body: &[Node]) -> Result<Val> {
        let text = self.captured(|run| run.block(body))?;
        self.heap.string(text)
    }

    fn object(&mut self, fields: &[(Text, Expr)], are_keywords: bool) -> Result<Val> {
        let mut made = Vec::new();
        for (name, value) in fields {
            made.push((name.clone(), self.eval(value)?));
        }
        if are_keywords {
            made.push((Text::from(super::calls::KEYWORDS), Val::Bool(true)));
        }
        self.heap.object(made)
    }

    fn chosen(&mut self, (condition, value, otherwise): &(Expr, Expr, Option<Expr>)) -> Result<Val> {
        if self.eval(condition)?.is_truthy() {
            return self.eval(value);
        }
        otherwise.as_ref().map_or_else(|| Ok(Val::text("")), |otherwise| self.eval(otherwise))
    }

    fn signed(&mut self, sign: Unary, value: &Expr) -> Result<Val> {
        let value = self.eval(value)?;
        Ok(match sign {
            Unary::Not => Val::Bool(!value.is_truthy()),
            Unary::Minus => Val::Num(-self.heap.number_of(&value)?),
            Unary::Plus => Val::Num(self.heap.number_of(&value)?),
        })
    }

    fn chain(&mut self, first: &Expr, rest: &[(Binary, Expr)]) -> Result<Val> {
        let mut value = self.eval(first)?;
        for (operator, right) in rest {
            let is_decided = match operator {
                Binary::Or => value.is_truthy(),
                Binary::And => !value.is_truthy(),
                _ => false,
            };
            if !is_decided {
                let right = self.eval(right)?;
                value = self.combined(*operator, &value, right)?;
            }
        }
        Ok(value)
    }

    fn combined(&mut self, operator: Binary, a: &Val, b: Val) -> Result<Val> {
        let heap = &self.heap;
        let compared = |fits: fn(Ordering) -> bool| Ok(Val::Bool(heap.compared(a, &b)?.is_some_and(fits)));
        let computed = |act: fn(f64, f64) -> f64| Ok(Val::Num(act(heap.number_of(a)?, heap.number_of(&b)?)));
        match operator {
            Binary::Or | Binary::And => Ok(b),
            Binary::Equal => Ok(Val::Bool(heap.loosely_equal(a, &b)?)),
            Binary::NotEqual => Ok(Val::Bool(!heap.loosely_equal(a, &b)?)),
            Binary::Same => Ok(Val::Bool(strictly_equal(a, &b))),
            Binary::NotSame => Ok(Val::Bool(!strictly_equal(a, &b))),
            Binary::Less => compared(Ordering::is_lt),
            Binary::Greater => compared(Ordering::is_gt),
            Binary::AtMost => compared(Ordering::is_le),
            Binary::AtLeast => compared(Ordering::is_ge),
            Binary::Add => heap.added(a, &b),
            Binary::Subtract => computed(|a, b| a - b),
            Binary::Multiply => computed(|a, b| a * b),
            Binary::Divide => computed(|a, b| a / b),
            Binary::Remainder => computed(|a, b| a % b),
        }
    }

    /// `item in inside`.
    fn contains(&mut self, inside: &Val, item: &Val) -> Result<bool> {
        match inside {
            Val::List(id) => {
                let items = self.heap.items(*id);
                self.heap.spend(items.len())?;
                Ok(items.iter().any(|known| strictly_equal(known, item)))
            }
            Val::Str(text) => {
                let part = self.heap.text_of(item)?;
                self.heap.spend_text(text.len())?;
                Ok(text.find(&part, 0).is_some())
            }
            Val::Object(_) | Val::Safe(_) => {
                let name = self.heap.text_of(item)?;
                Ok(self.has_member(inside, &name))
            }
            _ => {
                let item = self.heap.text_of(item)?;
                let message = format!("`in` looks for {item:?} in what is neither text, list nor object.");
                Err(TemplateError::new(message))
            }
        }
    }
}

/// `Math.pow`: not a number to any power but 0 is none, and neither is 1 to an endless one.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (same_number(base.abs(), 1.0) && exponent.is_infinite()) {
        f64::NAN
    } else {
        base.powf(exponent)
    }
}
