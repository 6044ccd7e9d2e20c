//! Operators in the order in which JavaScript applies them.
//!
//! Nunjucks writes an expression out as JavaScript without brackets of its own. What it has read as one operand may so
//! fall apart: `not n == 7` is `!n == 7`, which is `(!n) == 7`, and `"a" ~ 1 + 2` is `"a" + "" + 1 + 2`. An expression is
//! therefore kept as the row of its operands and operators, and [`Row::settled`] binds them by JavaScript's ranks.

use super::super::ast::{Binary, Expr, Unary};
use super::super::text::Text;

/// Operands with operators between them, in the order of the text.
#[derive(Debug)]
pub(super) struct Row {
    first: Operand,
    rest: Vec<(Binary, Operand)>,
}

#[derive(Debug)]
struct Operand {
    /// Outermost first.
    signs: Vec<Unary>,
    value: Expr,
}

impl From<Expr> for Row {
    fn from(value: Expr) -> Self {
        Self { first: Operand { signs: Vec::new(), value }, rest: Vec::new() }
    }
}

impl Row {
    pub(super) fn then(mut self, operator: Binary, right: Self) -> Self {
        self.rest.push((operator, right.first));
        self.rest.extend(right.rest);
        self
    }

    /// `left ~ right` is an addition with empty text between.
    pub(super) fn beside(self, right: Self) -> Self {
        self.then(Binary::Add, Self::from(Expr::Str(Text::of(&[])))).then(Binary::Add, right)
    }

    /// A sign in front of the first operand. `--n` and `++n` are no expressions: `None`.
    pub(super) fn signed(mut self, sign: Unary) -> Option<Self> {
        if sign != Unary::Not && self.first.signs.first() == Some(&sign) {
            return None;
        }
        self.first.signs.insert(0, sign);
        Some(self)
    }

    /// The expression that JavaScript makes of it.
    pub(super) fn settled(self) -> Expr {
        let rest = self.rest.into_iter().map(|(operator, operand)| (operator, operand.settled())).collect();
        bound(self.first.settled(), rest, 0)
    }
}

impl Operand {
    fn settled(self) -> Expr {
        self.signs.into_iter().rev().fold(self.value, |value, sign| Expr::Unary(sign, Box::new(value)))
    }
}

/// Operators with what stands behind each.
type Links = Vec<(Binary, Expr)>;

/// Binds a row whose operators all have this rank or a tighter one.
fn bound(first: Expr, rest: Links, rank: u8) -> Expr {
    if rest.is_empty() {
        return first;
    }
    let mut head = (first, Vec::new());
    let mut tail: Vec<(Binary, Expr, Links)> = Vec::new();
    for (operator, operand) in rest {
        if operator.rank() == rank {
            tail.push((operator, operand, Vec::new()));
        } else {
            tail.last_mut().map_or(&mut head.1, |(_, _, tighter)| tighter).push((operator, operand));
        }
    }
    let first = bound(head.0, head.1, rank + 1);
    if tail.is_empty() {
        return first;
    }
    let chain = tail.into_iter().map(|(operator, first, rest)| (operator, bound(first, rest, rank + 1))).collect();
    Expr::Chain(Box::new(first), chain)
}
