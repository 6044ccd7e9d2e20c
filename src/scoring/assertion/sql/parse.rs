//! Text to statements, within bounds, and what these touch.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::assignment::are_assignments;
use super::conform::conform;
use super::database::{Database, Family};
use super::references::References;

/// Larger texts are not parsed.
const LARGEST: usize = 1 << 20;

/// So many tokens may stand between two commas: a chain of operators becomes a tree that is as deep as it is long, and
/// trees are walked, and dropped, level by level.
const LONGEST: usize = 1_000;

/// The parser goes down nests of SQL with a lot of stack for each, more than every thread has.
const STACK: usize = 16 << 20;

/// # Errors
/// A clause that says why it is no SQL of the database.
pub(super) fn references(text: &str, database: &Database) -> Result<References, String> {
    let Some(family) = database.family else { return Err("the database is unknown".to_owned()) };
    if text.len() > LARGEST {
        return Err("it is larger than 1 MB".to_owned());
    }
    if are_assignments(text) {
        return Ok(References::default());
    }
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parsed(text, family));
        let parsed = parser.map_err(|error| format!("its parser could not start ({error})"))?;
        parsed.join().unwrap_or_else(|_| Err("its parser broke down".to_owned()))
    })
}

fn parsed(text: &str, family: Family) -> Result<References, String> {
    let text = spelled(text, family);
    let dialect = family.dialect();
    let tokens = Tokenizer::new(&*dialect, &text).tokenize().map_err(|error| told(&error))?;
    if longest_stretch(&tokens) > LONGEST {
        return Err(format!("an expression of it has more than {LONGEST} parts"));
    }
    let statements = Parser::new(&*dialect).with_tokens(tokens).parse_statements().map_err(|error| told(&error))?;
    let mut references = References::new(family);
    for statement in &statements {
        references.statement(statement);
    }
    conform(&statements, &references, family)?;
    Ok(references)
}

fn told(error: &dyn std::fmt::Display) -> String {
    error.to_string().chars().take(160).collect()
}

/// Spelled as the dialect here reads it: for `MySQL` two hyphens begin a comment without a blank after them too, and names
/// in backquotes are written in double quotes where the dialect has no backquotes.
fn spelled(text: &str, family: Family) -> String {
    if !family.is_mysql() && !family.lacks_backquotes() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let shown = match (quote, character) {
            (Some(open), _) => {
                quote = quote.filter(|_| open != character);
                character
            }
            (None, '`') if family.lacks_backquotes() => '"',
            (None, '\'' | '"' | '`') => {
                quote = Some(character);
                character
            }
            (None, '-') if characters.next_if_eq(&'-').is_some() => {
                out.push_str("--");
                quote = Some('\n');
                ' '
            }
            _ => character,
        };
        out.push(shown);
    }
    out
}

/// The most tokens between two commas or semicolons of the same nest. The longest stretch inside parentheses counts to
/// the one around them, since the trees are inside one another too.
fn longest_stretch(tokens: &[Token]) -> usize {
    let mut longest = 0;
    // Of each nest: the stretch that goes on, and the longest so far.
    let mut nests = vec![(0, 0)];
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => nests.push((0, 0)),
            Token::RParen | Token::RBracket | Token::RBrace if nests.len() > 1 => {
                let inner = nests.pop().map_or(0, |(_, inner)| inner);
                if let Some((stretch, _)) = nests.last_mut() {
                    *stretch += inner;
                }
            }
            _ => {}
        }
        if let Some((stretch, most)) = nests.last_mut() {
            *stretch = if matches!(token, Token::Comma | Token::SemiColon) { 0 } else { *stretch + 1 };
            *most = (*stretch).max(*most);
            longest = longest.max(*most);
        }
    }
    longest
}
