//! Reads a template into statements and expressions.

mod expressions;
mod operators;
mod statements;

use super::ast::Node;
use super::error::TemplateError;
use super::lexer::{Lexer, Place, Token};
use super::text::Text;

/// Blocks inside blocks, and brackets inside brackets.
const MOST_NESTING: usize = 40;

/// Words between two delimiters.
const MOST_WORDS: usize = 4_000;

type Result<T> = std::result::Result<T, TemplateError>;

/// Reads a whole template.
pub(super) fn parse(source: &str) -> Result<Vec<Node>> {
    let mut parser = Parser {
        lexer: Lexer::new(source),
        peeked: None,
        last: Place::default(),
        drops_space: false,
        blocks: Vec::new(),
        nesting: 0,
        words: 0,
        ends: Vec::new(),
    };
    parser.nodes()
}

struct Parser {
    lexer: Lexer,
    peeked: Option<(Token, Place)>,
    last: Place,
    /// Whether the next text loses the white space in front: a tag before it ended in `-`.
    drops_space: bool,
    /// The names of blocks so far.
    blocks: Vec<String>,
    nesting: usize,
    words: usize,
    /// Tags at which the block that is being read ends.
    ends: Vec<&'static str>,
}

impl Parser {
    fn next(&mut self) -> Result<Option<Token>> {
        let found = match self.peeked.take() {
            Some(found) => Some(found),
            None => self.lexer.next()?,
        };
        self.last = match &found {
            Some((_, place)) => *place,
            None => self.lexer.place(),
        };
        self.words += 1;
        if self.words > MOST_WORDS {
            return Err(self.wrong("A tag has more than 4,000 words. Give such data as a variable."));
        }
        Ok(found.map(|(token, _)| token))
    }

    fn peek(&mut self) -> Result<Option<&Token>> {
        if self.peeked.is_none() {
            self.peeked = self.lexer.next()?;
        }
        Ok(self.peeked.as_ref().map(|(token, _)| token))
    }

    /// Where the next token stands.
    fn place(&mut self) -> Result<Place> {
        self.peek()?;
        Ok(self.peeked.as_ref().map_or_else(|| self.lexer.place(), |(_, place)| *place))
    }

    fn wrong(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::at(message, self.last)
    }

    fn unexpected(&self, expected: &str, found: Option<&Token>) -> TemplateError {
        let found = found.map_or_else(|| "the end of the template".to_owned(), Token::words);
        self.wrong(format!("The template cannot be read: {expected} is expected, not {found}."))
    }

    /// Passes over a token if it comes next.
    fn takes(&mut self, token: &Token) -> Result<bool> {
        let found = self.peek()? == Some(token);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn takes_symbol(&mut self, name: &str) -> Result<bool> {
        let found = matches!(self.peek()?, Some(Token::Symbol(symbol)) if symbol == name);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn takes_operator(&mut self, mark: &str) -> Result<bool> {
        let found = matches!(self.peek()?, Some(Token::Operator(operator)) if *operator == mark);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn symbol(&mut self, expected: &str) -> Result<String> {
        match self.next()? {
            Some(Token::Symbol(name)) => Ok(name),
            other => Err(self.unexpected(expected, other.as_ref())),
        }
    }

    /// The end of a block tag.
    fn block_end(&mut self) -> Result<()> {
        match self.next()? {
            Some(Token::BlockEnd { trims }) => {
                self.drops_space |= trims;
                self.words = 0;
                Ok(())
            }
            other => Err(self.unexpected("the end of the tag, `%}`,", other.as_ref())),
        }
    }

    /// The name of a tag that closes something, and its end.
    fn closing(&mut self, expected: &str) -> Result<()> {
        self.symbol(expected)?;
        self.block_end()
    }

    fn deeper(&mut self) -> Result<()> {
        self.nesting += 1;
        if self.nesting > MOST_NESTING {
            return Err(TemplateError::too_deep().placed(self.last));
        }
        Ok(())
    }

    /// Statements up to one of the tags, whose name comes next then, or up to the end of the template.
    fn until(&mut self, ends: &[&'static str]) -> Result<Vec<Node>> {
        let before = std::mem::replace(&mut self.ends, ends.to_vec());
        self.deeper()?;
        let nodes = self.nodes()?;
        self.nesting -= 1;
        self.ends = before;
        Ok(nodes)
    }

    fn nodes(&mut self) -> Result<Vec<Node>> {
        let mut nodes = Vec::new();
        self.words = 0;
        while let Some(token) = self.next()? {
            match token {
                Token::Data(text) => {
                    let text = self.trimmed(text)?;
                    nodes.push(Node::Text(text));
                }
                Token::BlockStart { .. } => {
                    self.drops_space = false;
                    match self.statement()? {
                        Some(node) => nodes.push(node),
                        None => break,
                    }
                }
                Token::PrintStart { .. } => {
                    let place = self.last;
                    let value = self.expression()?;
                    match self.next()? {
                        Some(Token::PrintEnd { trims }) => self.drops_space = trims,
                        other => return Err(self.unexpected("the end of the tag, `}}`,", other.as_ref())),
                    }
                    nodes.push(Node::Print(value, place));
                }
                Token::Comment { trims_after, .. } => self.drops_space = trims_after,
                other => return Err(self.unexpected("text or a tag", Some(&other))),
            }
            self.words = 0;
        }
        Ok(nodes)
    }

    /// Text without the white space that the tags around it take away.
    fn trimmed(&mut self, mut text: Text) -> Result<Text> {
        if std::mem::take(&mut self.drops_space) {
            text = text.trimmed_start();
        }
        let trims = matches!(
            self.peek()?,
            Some(
                Token::BlockStart { trims: true }
                    | Token::PrintStart { trims: true }
                    | Token::Comment { trims_before: true, .. }
            )
        );
        Ok(if trims { text.trimmed_end() } else { text })
    }
}
