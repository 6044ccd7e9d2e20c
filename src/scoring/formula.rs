//! Arithmetic over named numbers: the expressions of derived metrics, with the rules of the mathjs language.
//!
//! Numbers, names, `+ - * / % ^`, comparison, `and or not`, `a ? b : c`, and the functions of [`call`]. A power binds
//! tighter than a sign before it and groups to the right; `%` gives a remainder of the divisor's sign; factors may
//! stand side by side (`2 f1`, `2(a + b)`). Truth is 1 and 0. Numbers that differ by rounding alone are equal.

use std::collections::BTreeMap;

/// Parentheses, signs and branches in each other beyond this are refused.
const DEEPEST: usize = 64;
/// Longer formulas are refused: a sum nests to the left, one level for each of its terms.
const MOST_TOKENS: usize = 1_000;

/// The value of an expression.
///
/// # Errors
/// A sentence: the expression is not one, or names something that is not there.
pub fn evaluate(expression: &str, names: &BTreeMap<String, f64>) -> Result<f64, String> {
    let mut parser = Parser { tokens: tokens(expression)?, place: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => value(&node, names),
        other => Err(format!("The formula goes on where it should end, at {}.", other.shown())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => format!("\"{name}\""),
            Self::Sign(sign) => format!("\"{sign}\""),
            Self::End => "its end".to_owned(),
        }
    }
}

/// The longer ones first.
const SIGNS: [&str; 20] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", "[", "]", ",", "?", ":", "!"];

fn tokens(expression: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if is_letter(first) {
            let end = rest.find(|letter| !is_letter(letter) && !char::is_ascii_digit(&letter)).unwrap_or(rest.len());
            (Token::Name(rest[..end].to_owned()), end)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(format!("The formula has a character that means nothing in it: \"{first}\"."));
        };
        if found.len() == MOST_TOKENS {
            return Err(format!("The formula has more than {MOST_TOKENS} numbers, names and signs. Make it shorter."));
        }
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || letter == '$'
}

/// Digits, perhaps a point, perhaps an exponent.
fn number(text: &str) -> Result<(Token, usize), String> {
    let digits = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let signed = end + 1 + usize::from(text[end + 1..].starts_with(['+', '-']));
        if digits(signed) > signed {
            end = digits(signed);
        }
    }
    let number =
        text[..end].parse().map_err(|_| format!("The formula has a number that is none: \"{}\".", &text[..end]))?;
    Ok((Token::Number(number), end))
}

#[derive(Debug)]
enum Node {
    Number(f64),
    Name(String),
    Negative(Box<Node>),
    Not(Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `a < b <= c`: each pair holds.
    Chain(Box<Node>, Vec<(&'static str, Node)>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

struct Parser {
    tokens: Vec<Token>,
    place: usize,
    depth: usize,
}

type Parsed = Result<Node, String>;

impl Parser {
    fn peek(&self) -> Token {
        self.tokens.get(self.place).cloned().unwrap_or(Token::End)
    }

    /// Takes one of these signs, or a word that stands for one, if it is next.
    fn take(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let taken = match self.peek() {
            Token::Sign(sign) => signs.iter().find(|asked| **asked == sign),
            Token::Name(name) => signs.iter().find(|asked| **asked == name),
            Token::Number(_) | Token::End => None,
        }
        .copied()?;
        self.place += 1;
        Some(taken)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.take(&[sign]) {
            Some(_) => Ok(()),
            None => Err(format!("The formula needs \"{sign}\" before {}.", self.peek().shown())),
        }
    }

    fn deeper(&mut self, parse: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth == DEEPEST {
            return Err(format!("The formula is nested deeper than {DEEPEST} levels."));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expression(&mut self) -> Parsed {
        let condition = self.left_to_right(&["or"], |parser| parser.left_to_right(&["and"], Self::comparison))?;
        if self.take(&["?"]).is_none() {
            return Ok(condition);
        }
        let yes = self.deeper(Self::expression)?;
        self.expect(":")?;
        Ok(Node::Choice(Box::new(condition), Box::new(yes), Box::new(self.deeper(Self::expression)?)))
    }

    fn left_to_right(&mut self, signs: &[&'static str], operand: impl Fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = operand(self)?;
        while let Some(sign) = self.take(signs) {
            left = Node::Binary(sign, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Parsed {
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some(sign) = self.take(&["==", "!=", "<=", ">=", "<", ">"]) {
            rest.push((sign, self.sum()?));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn sum(&mut self) -> Parsed {
        self.left_to_right(&["+", "-"], |parser| parser.left_to_right(&["*", "/", "%", "mod"], Self::side_by_side))
    }

    /// `2 f1`: multiplied before what stands around it.
    fn side_by_side(&mut self) -> Parsed {
        let mut left = self.signed()?;
        loop {
            match self.peek() {
                Token::Name(name) if !WORDS.contains(&name.as_str()) => {}
                Token::Sign("(") => {}
                _ => return Ok(left),
            }
            left = Node::Binary("*", Box::new(left), Box::new(self.power()?));
        }
    }

    fn signed(&mut self) -> Parsed {
        match self.take(&["-", "+", "not"]) {
            Some("-") => Ok(Node::Negative(Box::new(self.deeper(Self::signed)?))),
            Some("not") => Ok(Node::Not(Box::new(self.deeper(Self::signed)?))),
            Some(_) => self.deeper(Self::signed),
            None => self.power(),
        }
    }

    fn power(&mut self) -> Parsed {
        let base = self.atom()?;
        match self.take(&["^"]) {
            Some(sign) => Ok(Node::Binary(sign, Box::new(base), Box::new(self.deeper(Self::signed)?))),
            None => Ok(base),
        }
    }

    fn atom(&mut self) -> Parsed {
        let token = self.peek();
        self.place += 1;
        match token {
            Token::Number(number) => Ok(Node::Number(number)),
            Token::Name(name) if self.take(&["("]).is_some() => Ok(Node::Call(name, self.arguments(")")?)),
            Token::Name(name) => Ok(Node::Name(name)),
            Token::Sign("(") => {
                let inner = self.deeper(Self::expression)?;
                self.expect(")")?;
                Ok(inner)
            }
            other => Err(format!("The formula needs a number or a name at {}.", other.shown())),
        }
    }

    /// Up to the closing sign; a list in brackets counts as its elements.
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Node>, String> {
        let mut found = Vec::new();
        if self.take(&[close]).is_some() {
            return Ok(found);
        }
        loop {
            if close == ")" && self.take(&["["]).is_some() {
                found.extend(self.arguments("]")?);
            } else {
                found.push(self.deeper(Self::expression)?);
            }
            if self.take(&[","]).is_none() {
                self.expect(close)?;
                return Ok(found);
            }
        }
    }
}

/// Names that are operators.
const WORDS: [&str; 4] = ["and", "mod", "not", "or"];

fn value(node: &Node, names: &BTreeMap<String, f64>) -> Result<f64, String> {
    match node {
        Node::Number(number) => Ok(*number),
        Node::Name(name) => named(name, names),
        Node::Negative(inner) => Ok(-value(inner, names)?),
        Node::Not(inner) => Ok(truth(!holds(value(inner, names)?))),
        Node::Binary("and", left, right) => Ok(truth(holds(value(left, names)?) && holds(value(right, names)?))),
        Node::Binary("or", left, right) => Ok(truth(holds(value(left, names)?) || holds(value(right, names)?))),
        Node::Binary(sign, left, right) => binary(sign, value(left, names)?, value(right, names)?),
        Node::Chain(first, rest) => chain(first, rest, names),
        Node::Choice(condition, yes, no) => value(if holds(value(condition, names)?) { yes } else { no }, names),
        Node::Call(name, arguments) => {
            let arguments = arguments.iter().map(|node| value(node, names)).collect::<Result<Vec<_>, _>>()?;
            call(name, &arguments)
        }
    }
}

fn named(name: &str, names: &BTreeMap<String, f64>) -> Result<f64, String> {
    if let Some(number) = names.get(name) {
        return Ok(*number);
    }
    match name {
        "pi" | "PI" => Ok(std::f64::consts::PI),
        "e" | "E" => Ok(std::f64::consts::E),
        "tau" => Ok(std::f64::consts::TAU),
        "true" => Ok(1.0),
        "false" => Ok(0.0),
        "Infinity" => Ok(f64::INFINITY),
        "NaN" => Ok(f64::NAN),
        _ => Err(format!("The formula names \"{name}\", and no metric has that name.")),
    }
}

fn binary(sign: &str, left: f64, right: f64) -> Result<f64, String> {
    match sign {
        "+" => Ok(left + right),
        "-" => Ok(left - right),
        "*" => Ok(left * right),
        "/" => Ok(left / right),
        "^" => real(left.powf(right), &[left, right], "a power"),
        _ => Ok(remainder(left, right)),
    }
}

/// With the sign of the divisor; by zero it is the number itself.
fn remainder(left: f64, right: f64) -> f64 {
    if right == 0.0 { left } else { left - right * floor(left / right) }
}

fn chain(first: &Node, rest: &[(&str, Node)], names: &BTreeMap<String, f64>) -> Result<f64, String> {
    let mut left = value(first, names)?;
    for (sign, node) in rest {
        let right = value(node, names)?;
        if !compares(sign, left, right) {
            return Ok(0.0);
        }
        left = right;
    }
    Ok(1.0)
}

fn compares(sign: &str, left: f64, right: f64) -> bool {
    let same = nearly_equal(left, right);
    match sign {
        "==" => same,
        "!=" => !same,
        "<" => left < right && !same,
        ">" => left > right && !same,
        "<=" => left <= right || same,
        _ => left >= right || same,
    }
}

/// Equal to twelve digits, or both almost nothing.
fn nearly_equal(left: f64, right: f64) -> bool {
    let apart = (left - right).abs();
    left.to_bits() == right.to_bits()
        || (apart.is_finite() && apart <= (1e-12 * left.abs().max(right.abs())).max(1e-15))
}

fn holds(number: f64) -> bool {
    number != 0.0 && !number.is_nan()
}

fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// Where numbers that are real have a result that is not.
fn real(result: f64, arguments: &[f64], what: &str) -> Result<f64, String> {
    if result.is_nan() && !arguments.iter().any(|number| number.is_nan()) {
        return Err(format!("The formula has {what} whose result is no real number."));
    }
    Ok(result)
}

/// The functions: one number, two, or as many as there are.
fn call(name: &str, given: &[f64]) -> Result<f64, String> {
    match (name, given) {
        ("abs", [x]) => Ok(x.abs()),
        ("ceil", [x]) => Ok(-floor(-x)),
        ("floor", [x]) => Ok(floor(*x)),
        ("round", [x]) => Ok(x.round()),
        ("round", [x, digits]) => rounded(*x, *digits),
        ("fix", [x]) => Ok(x.trunc()),
        ("sign", [x]) => Ok(if *x == 0.0 { 0.0 } else { x.signum() }),
        ("exp", [x]) => Ok(x.exp()),
        ("sqrt", [x]) => real(x.sqrt(), given, "a root"),
        ("cbrt", [x]) => Ok(x.cbrt()),
        ("square", [x]) => Ok(x * x),
        ("cube", [x]) => Ok(x * x * x),
        ("log", [x]) => real(x.ln(), given, "a logarithm"),
        ("log", [x, base]) => real(x.ln() / base.ln(), given, "a logarithm"),
        ("log10", [x]) => real(x.log10(), given, "a logarithm"),
        ("log2", [x]) => real(x.log2(), given, "a logarithm"),
        ("log1p", [x]) => real(x.ln_1p(), given, "a logarithm"),
        ("pow", [x, y]) => binary("^", *x, *y),
        ("mod", [x, y]) => Ok(remainder(*x, *y)),
        ("add", [_, _, ..]) | ("sum", [_, ..]) => Ok(given.iter().sum()),
        ("subtract", [x, y]) => Ok(x - y),
        ("multiply", [_, _, ..]) | ("prod", [_, ..]) => Ok(given.iter().product()),
        ("divide", [x, y]) => Ok(x / y),
        ("hypot", [_, ..]) => Ok(given.iter().map(|x| x * x).sum::<f64>().sqrt()),
        ("min", [first, rest @ ..]) => {
            Ok(rest.iter().fold(*first, |least, x| if *x < least || x.is_nan() { *x } else { least }))
        }
        ("max", [first, rest @ ..]) => {
            Ok(rest.iter().fold(*first, |most, x| if *x > most || x.is_nan() { *x } else { most }))
        }
        ("mean", [_, ..]) => Ok(mean(given)),
        ("median", [_, ..]) => Ok(median(given)),
        ("variance", [_, ..]) => Ok(variance(given)),
        ("std", [_, ..]) => Ok(variance(given).sqrt()),
        _ if FUNCTIONS.contains(&name) => {
            Err(format!("The formula gives {name} {} numbers, which do not fit it.", given.len()))
        }
        _ => Err(format!("The formula calls \"{name}\", which is not a function that is known here.")),
    }
}

const FUNCTIONS: [&str; 30] = [
    "abs", "add", "cbrt", "ceil", "cube", "divide", "exp", "fix", "floor", "hypot", "log", "log10", "log1p", "log2",
    "max", "mean", "median", "min", "mod", "multiply", "pow", "prod", "round", "sign", "sqrt", "square", "std",
    "subtract", "sum", "variance",
];

/// A number that is whole but for rounding is that whole number.
fn floor(number: f64) -> f64 {
    if nearly_equal(number, number.round()) { number.round() } else { number.floor() }
}

/// To decimal places, of the number as it is written: 1.005 to two places is 1.01.
fn rounded(number: f64, digits: f64) -> Result<f64, String> {
    const MOST: f64 = 15.0;
    if digits.fract() != 0.0 || !(0.0..=MOST).contains(&digits) {
        return Err(format!("The formula rounds to {digits} places, which must be a whole number from 0 to {MOST}."));
    }
    let shifted = format!("{number}e{digits}").parse::<f64>().unwrap_or(number).round();
    Ok(format!("{shifted}e-{digits}").parse().unwrap_or(number))
}

#[expect(clippy::cast_precision_loss, reason = "a formula has few numbers")]
fn mean(given: &[f64]) -> f64 {
    given.iter().sum::<f64>() / given.len() as f64
}

fn median(given: &[f64]) -> f64 {
    let mut sorted = given.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { mean(&sorted[middle - 1..=middle]) }
}

/// Of a sample: over one less than there are; of a single number 0.
#[expect(clippy::cast_precision_loss, reason = "a formula has few numbers")]
fn variance(given: &[f64]) -> f64 {
    let (middle, others) = (mean(given), given.len() - 1);
    if others == 0 { 0.0 } else { given.iter().map(|x| (x - middle).powi(2)).sum::<f64>() / others as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> BTreeMap<String, f64> {
        [("accuracy", 3.0), ("f1_score", 0.5), ("__count", 4.0), ("größe", 2.0)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    #[test]
    fn formulas_have_these_values() {
        let cases = [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("8 / 4 / 2", 1.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("-2 ^ 2", -4.0),
            ("2 ^ -1", 0.5),
            ("- - 2", 2.0),
            ("+3", 3.0),
            ("7 % 3", 1.0),
            ("-7 % 3", 2.0),
            ("7 % -3", -2.0),
            ("7 mod 0", 7.0),
            (".5 + 1e1 + 1.5E-1", 10.65),
            ("accuracy / __count", 0.75),
            ("größe * 2", 4.0),
            ("2 f1_score", 1.0),
            ("2(accuracy + 1)", 8.0),
            ("(1 + 1)(2 + 2)", 8.0),
            ("6 / 2 accuracy", 1.0),
            ("accuracy > 2", 1.0),
            ("1 < 2 < 3", 1.0),
            ("3 > 2 > 2", 0.0),
            ("0.1 + 0.2 == 0.3", 1.0),
            ("0.1 + 0.2 > 0.3", 0.0),
            ("1 != 1", 0.0),
            ("accuracy >= 3 ? 10 : nothing", 10.0),
            ("0 ? 1 : 0 ? 2 : 3", 3.0),
            ("not 0 and 1", 1.0),
            ("0 and nothing or 1", 1.0),
            ("1 / 0", f64::INFINITY),
            ("min(3, 1, 2)", 1.0),
            ("max(accuracy, f1_score)", 3.0),
            ("abs(-2) + sqrt(9) + pow(2, 3)", 13.0),
            ("round(2.5) + round(-2.5)", 0.0),
            ("round(1.005, 2)", 1.01),
            ("floor(-1.5) + ceil(1.2)", 0.0),
            ("floor(0.29 * 100)", 29.0),
            ("mean(1, 2, 6) + mean([1, 3])", 5.0),
            ("sum(1, [2, 3], 4)", 10.0),
            ("median(3, 1, 2, 10)", 2.5),
            ("std(1, 3)", 2_f64.sqrt()),
            ("log(8, 2)", 3.0),
            ("log(e)", 1.0),
            ("2 * accuracy * f1_score / (accuracy + f1_score)", 3.0 / 3.5),
        ];
        for (expression, expected) in cases {
            let got = evaluate(expression, &names());
            assert!(got.as_ref().is_ok_and(|got| nearly_equal(*got, expected)), "{expression}: {got:?}");
        }
        assert!(evaluate("0 / 0", &names()).is_ok_and(f64::is_nan));
        assert_eq!(evaluate(&format!("{}1", "1+".repeat(499)), &names()), Ok(500.0));
    }

    #[test]
    fn what_is_no_formula_says_why() {
        let deep = format!("{}1{}", "(".repeat(300), ")".repeat(300));
        let [sum, product, chain] = ["1+", "a ", "1<"].map(|part| format!("{}1", part.repeat(100_000)));
        let cases = [
            (sum.as_str(), "more than 1000"),
            (product.as_str(), "more than 1000"),
            (chain.as_str(), "more than 1000"),
            ("", "needs a number or a name"),
            ("1 +", "needs a number or a name"),
            ("(1", "needs \")\""),
            ("1)", "should end"),
            ("nothing + 1", "no metric"),
            ("a-b", "no metric"),
            ("1 ? 2", "needs \":\""),
            ("accuracy 1", "should end"),
            ("unknown(1)", "not a function"),
            ("sqrt(1, 2)", "do not fit"),
            ("sqrt(-1)", "no real number"),
            ("(-8) ^ 0.5", "no real number"),
            ("log(-1)", "no real number"),
            ("1 = 1", "means nothing"),
            ("1.2.3", "should end"),
            (".", "a number that is none"),
            ("x = 1; x", "means nothing"),
            ("min()", "do not fit"),
            (deep.as_str(), "nested"),
        ];
        for (expression, part) in cases {
            let got = evaluate(expression, &names());
            assert!(got.as_ref().is_err_and(|reason| reason.contains(part)), "{expression}: {got:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(expression in "[-0-9a-z+*/%^()\\[\\],.?: <>=!_é]{0,60}") {
            let _ = evaluate(&expression, &names());
        }

        #[test]
        fn sums_are_those_of_the_numbers(left in -1e6_f64..1e6, right in -1e6_f64..1e6) {
            let expected = left - right;
            let got = evaluate(&format!("{left:?} - {right:?}"), &names());
            proptest::prop_assert!(got.is_ok_and(|got| nearly_equal(got, expected)));
        }
    }
}
