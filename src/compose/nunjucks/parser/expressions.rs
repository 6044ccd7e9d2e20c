//! Expressions, from the loosest operator to the tightest.

use std::sync::Arc;

use super::super::ast::{Binary, Expr, Unary};
use super::super::lexer::Token;
use super::super::number::{number_of, number_text};
use super::super::regex::Regex;
use super::super::text::Text;
use super::operators::Row;
use super::{Parser, Result};

/// The arguments of a call, or the parameters of a macro.
#[derive(Debug, Default)]
pub(super) struct Signature {
    pub positional: Vec<Expr>,
    /// `None` where there is not one.
    pub keywords: Option<Vec<(Text, Expr)>>,
}

impl Signature {
    fn into_args(self) -> Vec<Expr> {
        self.positional.into_iter().chain(self.keywords.map(Expr::Keywords)).collect()
    }
}

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expr> {
        self.row().map(Row::settled)
    }

    fn row(&mut self) -> Result<Row> {
        self.deeper()?;
        let value = self.or()?;
        self.nesting -= 1;
        if !self.takes_symbol("if")? {
            return Ok(value);
        }
        let condition = self.or()?.settled();
        let otherwise = if self.takes_symbol("else")? { Some(self.or()?.settled()) } else { None };
        Ok(Row::from(Expr::If(Box::new((condition, value.settled(), otherwise)))))
    }

    fn or(&mut self) -> Result<Row> {
        let mut row = self.and()?;
        while self.takes_symbol("or")? {
            row = row.then(Binary::Or, self.and()?);
        }
        Ok(row)
    }

    fn and(&mut self) -> Result<Row> {
        let mut row = self.not()?;
        while self.takes_symbol("and")? {
            row = row.then(Binary::And, self.not()?);
        }
        Ok(row)
    }

    fn not(&mut self) -> Result<Row> {
        let mut count = 0;
        while self.takes_symbol("not")? {
            count += 1;
            if count > super::MOST_NESTING {
                return Err(self.wrong("The template cannot be read: too many `not` in a row."));
            }
        }
        let mut row = self.within()?;
        for _ in 0..count {
            row = self.signed(row, Unary::Not)?;
        }
        Ok(row)
    }

    fn signed(&self, row: Row, sign: Unary) -> Result<Row> {
        row.signed(sign).ok_or_else(|| self.wrong("The template cannot be read: two signs stand together."))
    }

    /// `in` and `not in`.
    fn within(&mut self) -> Result<Row> {
        let mut row = self.is()?;
        loop {
            let inverted = self.takes_symbol("not")?;
            if !self.takes_symbol("in")? {
                if inverted {
                    let token = self.next()?;
                    return Err(self.unexpected("`in`", token.as_ref()));
                }
                return Ok(row);
            }
            let inside = self.is()?;
            row = Row::from(Expr::In(Box::new(row.settled()), Box::new(inside.settled())));
            if inverted {
                row = self.signed(row, Unary::Not)?;
            }
        }
    }

    /// `is` and `is not`. A test gives true only for exactly true, which JavaScript compares last.
    fn is(&mut self) -> Result<Row> {
        let row = self.binary(0)?;
        if !self.takes_symbol("is")? {
            return Ok(row);
        }
        let place = self.last;
        let inverted = self.takes_symbol("not")?;
        let (name, rest) = test_of(self.binary(0)?.settled());
        if rest.len() > 1 {
            return Err(self.wrong(format!("The test `{name}` takes one argument.")));
        }
        let args = std::iter::once(row.settled()).chain(rest).collect();
        let test = Row::from(Expr::Test { name, args, place }).then(Binary::Same, Row::from(Expr::Bool(true)));
        if inverted { self.signed(test, Unary::Not) } else { Ok(test) }
    }

    /// Operators that bind at least as tightly as `least`, from left to right.
    fn binary(&mut self, least: u8) -> Result<Row> {
        let mut row = self.unary(true)?;
        while let Some((operator, rank)) = self.operator()?.filter(|(_, rank)| *rank >= least) {
            self.next()?;
            let right = self.binary(rank + 1)?;
            row = match operator {
                Operator::Plain(operator) => row.then(operator, right),
                Operator::Beside => row.beside(right),
                Operator::FloorDivide => {
                    let quotient = row.then(Binary::Divide, right).settled();
                    Row::from(Expr::FloorDivide(Box::new(quotient)))
                }
                Operator::Power => Row::from(Expr::Power(Box::new(row.settled()), Box::new(right.settled()))),
            };
        }
        Ok(row)
    }

    /// The operator that comes next, with how tightly Nunjucks binds it.
    fn operator(&mut self) -> Result<Option<(Operator, u8)>> {
        Ok(match self.peek()? {
            Some(Token::Operator(mark)) => operator_of(mark),
            Some(Token::Tilde) => Some((Operator::Beside, 1)),
            _ => None,
        })
    }

    /// A sign binds tighter than a filter, which binds tighter than all else.
    fn unary(&mut self, takes_filters: bool) -> Result<Row> {
        let sign = match self.peek()? {
            Some(Token::Operator("-")) => Some(Unary::Minus),
            Some(Token::Operator("+")) => Some(Unary::Plus),
            _ => None,
        };
        let row = match sign {
            Some(sign) => {
                self.next()?;
                self.deeper()?;
                let row = self.unary(false)?;
                self.nesting -= 1;
                self.signed(row, sign)?
            }
            None => Row::from(self.primary()?),
        };
        if takes_filters { self.filtered(row) } else { Ok(row) }
    }

    fn filtered(&mut self, mut row: Row) -> Result<Row> {
        while self.takes(&Token::Pipe)? {
            let name = self.filter_name()?;
            let place = self.last;
            let args = std::iter::once(row.settled()).chain(self.filter_arguments()?).collect();
            row = Row::from(Expr::Filter { name, args, place });
        }
        Ok(row)
    }

    pub(super) fn filter_name(&mut self) -> Result<Arc<str>> {
        let mut name = self.symbol("the name of a filter")?;
        while self.takes_operator(".")? {
            name = format!("{name}.{}", self.symbol("the name of a filter")?);
        }
        Ok(Arc::from(name))
    }

    /// The arguments in brackets behind a filter's name; of several brackets the last ones count.
    pub(super) fn filter_arguments(&mut self) -> Result<Vec<Expr>> {
        if self.peek()? != Some(&Token::Open('(')) {
            return Ok(Vec::new());
        }
        match self.postfix(Expr::Null)? {
            Expr::Call { args, .. } => Ok(args),
            _ => Err(self.wrong("The template cannot be read: a filter ends in its arguments.")),
        }
    }

    /// A value with all that is looked up in it or called on it.
    pub(super) fn primary(&mut self) -> Result<Expr> {
        let value = match self.next()? {
            Some(Token::Str(text)) => Expr::Str(text),
            Some(Token::Int(digits) | Token::Float(digits)) => Expr::Num(number_of(&digits)),
            Some(Token::Bool(value)) => Expr::Bool(value),
            Some(Token::None) => Expr::Null,
            Some(Token::Regex { body, flags }) => {
                let regex = Regex::new(&body, &flags).map_err(|error| error.placed(self.last))?;
                Expr::Regex(Arc::new(regex))
            }
            Some(Token::Symbol(name)) if name.contains('"') => {
                return Err(self.wrong(format!("The template cannot be read: `{name}` is no name.")));
            }
            Some(Token::Symbol(name)) => Expr::Name(Arc::from(name)),
            Some(Token::Open(mark)) => self.aggregate(mark)?,
            other => return Err(self.unexpected("a value", other.as_ref())),
        };
        self.postfix(value)
    }

    fn postfix(&mut self, mut value: Expr) -> Result<Expr> {
        loop {
            match self.peek()? {
                Some(Token::Open('(')) => {
                    let place = self.place()?;
                    let says = Arc::from(said(&value));
                    let args = self.signature()?.into_args();
                    value = Expr::Call { callee: Box::new(value), says, args, place };
                }
                Some(Token::Open('[')) => {
                    self.next()?;
                    value = Expr::Member(Box::new(value), Box::new(self.index()?));
                }
                Some(Token::Operator(".")) => {
                    self.next()?;
                    let name = self.symbol("the name of a member")?;
                    value = Expr::Member(Box::new(value), Box::new(Expr::Str(Text::from(name.as_str()))));
                }
                _ => return Ok(value),
            }
        }
    }

    fn index(&mut self) -> Result<Expr> {
        match self.aggregate('[')? {
            Expr::List(mut items) if items.len() == 1 => Ok(items.remove(0)),
            _ => Err(self.wrong("The template cannot be read: one index is expected in `[…]`.")),
        }
    }

    /// What stands in brackets. Any closing bracket closes any opening one.
    fn aggregate(&mut self, open: char) -> Result<Expr> {
        let mut items = Vec::new();
        let mut fields: Vec<(Text, Expr)> = Vec::new();
        while !matches!(self.peek()?, Some(Token::Close(_))) {
            if items.len() + fields.len() > 0 {
                self.comma()?;
            }
            if open == '{' {
                fields.push(self.field()?);
            } else {
                items.push(self.expression()?);
            }
        }
        self.next()?;
        match open {
            '{' => Ok(Expr::Object(fields)),
            '[' => Ok(Expr::List(items)),
            _ if items.is_empty() => Err(self.wrong("The template cannot be read: there is nothing in the brackets.")),
            _ => Ok(Expr::Group(items)),
        }
    }

    fn comma(&mut self) -> Result<()> {
        if self.takes(&Token::Comma)? {
            return Ok(());
        }
        let token = self.next()?;
        Err(self.unexpected("a comma", token.as_ref()))
    }

    /// A field of an object: a word or a text, and its value.
    fn field(&mut self) -> Result<(Text, Expr)> {
        self.deeper()?;
        let key = self.primary()?;
        self.nesting -= 1;
        let name = self.key(key)?;
        if !self.takes(&Token::Colon)? {
            let token = self.next()?;
            return Err(self.unexpected("a colon", token.as_ref()));
        }
        Ok((name, self.expression()?))
    }

    fn key(&self, key: Expr) -> Result<Text> {
        match key {
            Expr::Name(name) => Ok(Text::from(&*name)),
            Expr::Str(text) => Ok(text),
            _ => Err(self.wrong("The template cannot be read: the key of a field is a name or a text.")),
        }
    }

    /// Arguments or parameters in brackets.
    pub(super) fn signature(&mut self) -> Result<Signature> {
        if !self.takes(&Token::Open('('))? {
            let token = self.next()?;
            return Err(self.unexpected("`(`", token.as_ref()));
        }
        let mut signature = Signature::default();
        let mut is_first = true;
        while !self.takes(&Token::Close(')'))? {
            if !is_first {
                self.comma()?;
            }
            is_first = false;
            let value = self.expression()?;
            if self.takes_operator("=")? {
                let name = self.key(value)?;
                let value = self.expression()?;
                signature.keywords.get_or_insert_default().push((name, value));
            } else {
                signature.positional.push(value);
            }
        }
        Ok(signature)
    }
}

/// What an operator does.
enum Operator {
    Plain(Binary),
    /// `~`
    Beside,
    FloorDivide,
    Power,
}

fn operator_of(mark: &str) -> Option<(Operator, u8)> {
    let (operator, rank) = match mark {
        "==" => (Binary::Equal, 0),
        "===" => (Binary::Same, 0),
        "!=" => (Binary::NotEqual, 0),
        "!==" => (Binary::NotSame, 0),
        "<" => (Binary::Less, 0),
        ">" => (Binary::Greater, 0),
        "<=" => (Binary::AtMost, 0),
        ">=" => (Binary::AtLeast, 0),
        "+" => (Binary::Add, 2),
        "-" => (Binary::Subtract, 3),
        "*" => (Binary::Multiply, 4),
        "/" => (Binary::Divide, 5),
        "//" => return Some((Operator::FloorDivide, 6)),
        "%" => (Binary::Remainder, 7),
        "**" => return Some((Operator::Power, 8)),
        _ => return None,
    };
    Some((Operator::Plain(operator), rank))
}

/// The name of the test that stands behind `is`, and its arguments. What is no name asks whether it is undefined.
fn test_of(right: Expr) -> (Arc<str>, Vec<Expr>) {
    match right {
        Expr::Name(name) => (name, Vec::new()),
        Expr::Call { callee, args, .. } => match *callee {
            Expr::Name(name) => (name, args),
            _ => (Arc::from("undefined"), args),
        },
        Expr::Filter { name, args, .. } => (name, args),
        Expr::Null => (Arc::from("null"), Vec::new()),
        Expr::Bool(value) => (Arc::from(value.to_string()), Vec::new()),
        Expr::Num(number) => (Arc::from(number_text(number)), Vec::new()),
        Expr::Str(text) => (Arc::from(text.lossy()), Vec::new()),
        _ => (Arc::from("undefined"), Vec::new()),
    }
}

/// How a message names what is called.
fn said(value: &Expr) -> String {
    match value {
        Expr::Name(name) => name.to_string(),
        Expr::Str(text) => text.lossy(),
        Expr::Num(number) => number_text(*number),
        Expr::Call { says, .. } => format!("the return value of ({says})"),
        Expr::Member(target, name) => format!("{}[\"{}\"]", said(target), said(name)),
        _ => "--expression--".to_owned(),
    }
}
