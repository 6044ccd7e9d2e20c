//! The tags of statements.

use std::sync::Arc;

use super::super::ast::{Expr, For, ForKind, MacroDef, Node};
use super::super::lexer::{Place, Token};
use super::super::text::Text;
use super::expressions::Signature;
use super::{Parser, Result};

impl Parser {
    /// The statement of a tag, or `None` at a tag that ends the block around it (whose name is still to be read).
    pub(super) fn statement(&mut self) -> Result<Option<Node>> {
        let Some(Token::Symbol(name)) = self.peek()?.cloned() else {
            let token = self.next()?;
            return Err(self.unexpected("the name of a tag", token.as_ref()));
        };
        if self.ends.contains(&name.as_str()) {
            return Ok(None);
        }
        self.next()?;
        let place = self.last;
        match name.as_str() {
            "raw" | "verbatim" => self.raw(&name),
            "if" | "ifAsync" => self.conditional(place),
            "for" => self.repeated(ForKind::For, place),
            "asyncEach" => self.repeated(ForKind::Each, place),
            "asyncAll" => self.repeated(ForKind::All, place),
            "set" => self.set(place),
            "macro" => self.definition(),
            "call" => self.call_block(place),
            "filter" => self.filter_block(place),
            "switch" => self.switch(place),
            "block" => self.block(place),
            "include" => self.include(place),
            "extends" => self.extends(place),
            "import" => self.import(place),
            "from" => self.import_names(place),
            _ => Err(self.wrong(format!("There is no tag `{name}`."))),
        }
        .map(Some)
    }

    fn raw(&mut self, name: &str) -> Result<Node> {
        self.block_end()?;
        Ok(Node::Text(self.lexer.raw(name)))
    }

    fn conditional(&mut self, place: Place) -> Result<Node> {
        let mut branches = Vec::new();
        loop {
            let condition = self.expression()?;
            self.block_end()?;
            let body = self.until(&["elif", "elseif", "else", "endif"])?;
            branches.push((condition, body));
            if self.takes_symbol("elif")? || self.takes_symbol("elseif")? {
                continue;
            }
            let mut otherwise = Vec::new();
            if self.takes_symbol("else")? {
                self.block_end()?;
                otherwise = self.until(&["endif"])?;
            }
            self.closing("`endif`")?;
            return Ok(Node::If { branches, otherwise, place });
        }
    }

    fn repeated(&mut self, kind: ForKind, place: Place) -> Result<Node> {
        let end = match kind {
            ForKind::For => "endfor",
            ForKind::Each => "endeach",
            ForKind::All => "endall",
        };
        let names = self.variables()?;
        if !self.takes_symbol("in")? {
            let token = self.next()?;
            return Err(self.unexpected("`in`", token.as_ref()));
        }
        let over = self.expression()?;
        self.block_end()?;
        let body = self.until(&[end, "else"])?;
        let mut otherwise = None;
        if self.takes_symbol("else")? {
            self.block_end()?;
            otherwise = Some(self.until(&[end])?);
        }
        self.closing(end)?;
        let waits = kind == ForKind::For && (has_waiting(&body) || otherwise.as_deref().is_some_and(has_waiting));
        let kind = if waits { ForKind::Each } else { kind };
        Ok(Node::For(Box::new(For { kind, names, over, body, otherwise, place })))
    }

    /// Names that are bound, with commas between.
    fn variables(&mut self) -> Result<Vec<Arc<str>>> {
        let mut names = vec![self.variable()?];
        while self.takes(&Token::Comma)? {
            names.push(self.variable()?);
        }
        Ok(names)
    }

    fn variable(&mut self) -> Result<Arc<str>> {
        match self.primary()? {
            Expr::Name(name) => Ok(name),
            _ => Err(self.wrong("The template cannot be read: the name of a variable is expected.")),
        }
    }

    fn set(&mut self, place: Place) -> Result<Node> {
        let names = self.variables()?;
        let value = if self.takes_operator("=")? {
            let value = self.expression()?;
            self.block_end()?;
            value
        } else {
            match self.next()? {
                Some(Token::BlockEnd { .. }) => {}
                other => return Err(self.unexpected("`=` or the end of the tag", other.as_ref())),
            }
            let body = self.until(&["endset"])?;
            self.closing("`endset`")?;
            Expr::Capture(body)
        };
        Ok(Node::Set { names, value, place })
    }

    fn definition(&mut self) -> Result<Node> {
        let name = self.symbol("the name of a macro")?;
        let signature = self.signature()?;
        self.block_end()?;
        let body = self.until(&["endmacro"])?;
        self.closing("`endmacro`")?;
        self.macro_of(&name, signature, body).map(|def| Node::Macro(Arc::new(def)))
    }

    fn macro_of(&self, name: &str, signature: Signature, body: Vec<Node>) -> Result<MacroDef> {
        let positional: Option<Vec<Arc<str>>> = signature
            .positional
            .into_iter()
            .map(|parameter| if let Expr::Name(name) = parameter { Some(name) } else { None })
            .collect();
        let positional = positional.ok_or_else(|| self.wrong("The parameters of a macro are names."))?;
        let keywords = signature.keywords.unwrap_or_default();
        let keywords = keywords.into_iter().map(|(name, value)| (Arc::from(name.lossy()), value)).collect();
        Ok(MacroDef { name: Arc::from(name), positional, keywords, body })
    }

    fn call_block(&mut self, place: Place) -> Result<Node> {
        let has_parameters = self.peek()? == Some(&Token::Open('('));
        let signature = if has_parameters { self.signature()? } else { Signature::default() };
        let call = self.primary()?;
        self.block_end()?;
        let body = self.until(&["endcall"])?;
        self.closing("`endcall`")?;
        let Expr::Call { callee, says, mut args, place: at } = call else {
            return Err(self.wrong("A call block names no call. Write it as `{% call name() %}`."));
        };
        let caller = Expr::Caller(Arc::new(self.macro_of("caller", signature, body)?));
        match args.last_mut() {
            Some(Expr::Keywords(fields)) => fields.push((Text::from("caller"), caller)),
            _ => args.push(Expr::Keywords(vec![(Text::from("caller"), caller)])),
        }
        Ok(Node::Print(Expr::Call { callee, says, args, place: at }, place))
    }

    fn filter_block(&mut self, place: Place) -> Result<Node> {
        let name = self.filter_name()?;
        let rest = self.filter_arguments()?;
        self.block_end()?;
        let body = self.until(&["endfilter"])?;
        self.closing("`endfilter`")?;
        let args = std::iter::once(Expr::Capture(body)).chain(rest).collect();
        Ok(Node::Print(Expr::Filter { name, args, place }, place))
    }

    /// What stands before the first case is dropped. A switch without a case reads its end as one, and so is an error.
    fn switch(&mut self, place: Place) -> Result<Node> {
        let ends = ["case", "default", "endswitch"];
        let value = self.expression()?;
        self.block_end()?;
        self.until(&ends)?;
        let mut cases = Vec::new();
        loop {
            self.takes_symbol("case")?;
            let condition = self.expression()?;
            self.block_end()?;
            cases.push((condition, self.until(&ends)?));
            if !matches!(self.peek()?, Some(Token::Symbol(name)) if name == "case") {
                break;
            }
        }
        let mut default = Vec::new();
        if self.takes_symbol("default")? {
            self.block_end()?;
            default = self.until(&["endswitch"])?;
        }
        self.closing("`endswitch`")?;
        Ok(Node::Switch { value, cases, default, place })
    }

    fn block(&mut self, place: Place) -> Result<Node> {
        let name = self.variable()?;
        self.block_end()?;
        let body = self.until(&["endblock"])?;
        self.takes_symbol("endblock")?;
        self.takes_symbol(&name)?;
        self.block_end()?;
        if self.blocks.iter().any(|known| **known == *name) {
            return Err(self.wrong(format!("There are two blocks `{name}`.")));
        }
        self.blocks.push(name.to_string());
        Ok(Node::Block { body, place })
    }

    fn extends(&mut self, place: Place) -> Result<Node> {
        let name = self.expression()?;
        self.block_end()?;
        Ok(Node::Foreign { name, may_miss: false, place })
    }

    fn include(&mut self, place: Place) -> Result<Node> {
        let name = self.expression()?;
        let may_miss = self.takes_symbol("ignore")? && self.takes_symbol("missing")?;
        self.block_end()?;
        Ok(Node::Foreign { name, may_miss, place })
    }

    fn import(&mut self, place: Place) -> Result<Node> {
        let name = self.expression()?;
        if !self.takes_symbol("as")? {
            let token = self.next()?;
            return Err(self.unexpected("`as`", token.as_ref()));
        }
        self.expression()?;
        self.with_context()?;
        self.block_end()?;
        Ok(Node::Foreign { name, may_miss: false, place })
    }

    fn with_context(&mut self) -> Result<()> {
        if (self.takes_symbol("with")? || self.takes_symbol("without")?) && !self.takes_symbol("context")? {
            let token = self.next()?;
            return Err(self.unexpected("`context`", token.as_ref()));
        }
        Ok(())
    }

    fn import_names(&mut self, place: Place) -> Result<Node> {
        let name = self.expression()?;
        if !self.takes_symbol("import")? {
            let token = self.next()?;
            return Err(self.unexpected("`import`", token.as_ref()));
        }
        loop {
            self.variable()?;
            if self.takes_symbol("as")? {
                self.variable()?;
            }
            self.with_context()?;
            if !self.takes(&Token::Comma)? {
                break;
            }
        }
        self.block_end()?;
        Ok(Node::Foreign { name, may_miss: false, place })
    }
}

/// Whether a loop around these statements is one that waits for others, and so goes over values as those do.
fn has_waiting(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::For(inner) => {
            inner.kind != ForKind::For
                || has_waiting(&inner.body)
                || inner.otherwise.as_deref().is_some_and(has_waiting)
        }
        Node::If { branches, otherwise, .. } => {
            branches.iter().any(|(_, body)| has_waiting(body)) || has_waiting(otherwise)
        }
        Node::Switch { cases, default, .. } => cases.iter().any(|(_, body)| has_waiting(body)) || has_waiting(default),
        _ => false,
    })
}
