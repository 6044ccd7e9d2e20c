//! A template as read: statements and expressions.

use std::sync::Arc;

use super::lexer::Place;
use super::regex::Regex;
use super::text::Text;

#[derive(Debug)]
pub(super) enum Node {
    Text(Text),
    Print(Expr, Place),
    If {
        branches: Vec<(Expr, Vec<Node>)>,
        otherwise: Vec<Node>,
        place: Place,
    },
    For(Box<For>),
    Set {
        names: Vec<Arc<str>>,
        value: Expr,
        place: Place,
    },
    Macro(Arc<MacroDef>),
    Switch {
        value: Expr,
        cases: Vec<(Expr, Vec<Node>)>,
        default: Vec<Node>,
        place: Place,
    },
    Block {
        body: Vec<Node>,
        place: Place,
    },
    /// A template of another file: there is none.
    Foreign {
        name: Expr,
        may_miss: bool,
        place: Place,
    },
}

#[derive(Debug)]
pub(super) struct For {
    pub kind: ForKind,
    pub names: Vec<Arc<str>>,
    pub over: Expr,
    pub body: Vec<Node>,
    /// `None` without an `else`.
    pub otherwise: Option<Vec<Node>>,
    pub place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ForKind {
    For,
    /// One after the other: `asyncEach`.
    Each,
    /// All at once, which here is one after the other too: `asyncAll`.
    All,
}

/// A macro, or the body of a call block.
#[derive(Debug)]
pub(super) struct MacroDef {
    pub name: Arc<str>,
    pub positional: Vec<Arc<str>>,
    /// With what they are where the caller gives nothing.
    pub keywords: Vec<(Arc<str>, Expr)>,
    pub body: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Num(f64),
    Str(Text),
    Regex(Arc<Regex>),
    Name(Arc<str>),
    /// The comma operator: the last one counts.
    Group(Vec<Expr>),
    List(Vec<Expr>),
    Object(Vec<(Text, Expr)>),
    /// As an object, but marked as the keyword arguments of a call.
    Keywords(Vec<(Text, Expr)>),
    Member(Box<Expr>, Box<Expr>),
    Call {
        callee: Box<Expr>,
        says: Arc<str>,
        args: Vec<Expr>,
        place: Place,
    },
    Filter {
        name: Arc<str>,
        args: Vec<Expr>,
        place: Place,
    },
    Test {
        name: Arc<str>,
        args: Vec<Expr>,
        place: Place,
    },
    In(Box<Expr>, Box<Expr>),
    If(Box<(Expr, Expr, Option<Expr>)>),
    FloorDivide(Box<Expr>),
    Power(Box<Expr>, Box<Expr>),
    Unary(Unary, Box<Expr>),
    /// Operators of one rank, from left to right.
    Chain(Box<Expr>, Vec<(Binary, Expr)>),
    /// The body of a call block.
    Caller(Arc<MacroDef>),
    /// What a block of the template prints, as text.
    Capture(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Same,
    NotSame,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    /// How tightly JavaScript binds it, loosest first.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal | Self::NotEqual | Self::Same | Self::NotSame => 2,
            Self::Less | Self::Greater | Self::AtMost | Self::AtLeast => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
        }
    }
}
