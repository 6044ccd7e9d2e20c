//! Statements, one after the other.

use std::sync::Arc;

use super::super::ast::{Expr, For, ForKind, MacroDef, Node};
use super::super::convert::strictly_equal;
use super::super::error::TemplateError;
use super::super::lexer::Place;
use super::super::text::Text;
use super::super::value::{Func, Result, Val};
use super::Run;

impl Run<'_> {
    pub(super) fn block(&mut self, nodes: &[Node]) -> Result<()> {
        self.deeper(|run| nodes.iter().try_for_each(|node| run.node(node)))
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        self.heap.spend(1)?;
        match node {
            Node::Text(text) => self.write(text),
            Node::Print(value, place) => self.print(value).map_err(|error| error.placed(*place)),
            Node::If { branches, otherwise, place } => self.branch(branches, otherwise, *place),
            Node::For(repeated) => self.repeated(repeated).map_err(|error| error.placed(repeated.place)),
            Node::Set { names, value, place } => self.set(names, value).map_err(|error| error.placed(*place)),
            Node::Macro(def) => {
                self.define(def);
                Ok(())
            }
            Node::Switch { value, cases, default, place } => {
                self.switch(value, cases, default).map_err(|error| error.placed(*place))
            }
            Node::Block { body, place } => {
                self.apart(None, |run| run.block(body)).map_err(|error| error.placed(*place))
            }
            Node::Foreign { name, may_miss, place } => {
                self.foreign(name, *may_miss).map_err(|error| error.placed(*place))
            }
        }
    }

    fn branch(&mut self, branches: &[(Expr, Vec<Node>)], otherwise: &[Node], place: Place) -> Result<()> {
        for (condition, body) in branches {
            if self.eval(condition).map_err(|error| error.placed(place))?.is_truthy() {
                return self.block(body);
            }
        }
        self.block(otherwise)
    }

    fn set(&mut self, names: &[Arc<str>], value: &Expr) -> Result<()> {
        let value = self.eval(value)?;
        for name in names {
            self.assign(name, value.clone());
        }
        Ok(())
    }

    fn define(&mut self, def: &Arc<MacroDef>) {
        let func = self.heap.func(Func::Macro { def: def.clone(), scope: None });
        self.bind(&def.name, func.clone());
        if self.is_outermost() {
            self.set_in_context(&def.name, func);
        } else {
            self.set_in_frame(&def.name, func);
        }
    }

    fn print(&mut self, value: &Expr) -> Result<()> {
        let value = self.eval(value)?;
        let text = self.heap.printed(&value)?;
        self.write(&text)
    }

    /// Exactly equal cases; one without a body goes on into the next.
    fn switch(&mut self, value: &Expr, cases: &[(Expr, Vec<Node>)], default: &[Node]) -> Result<()> {
        let value = self.eval(value)?;
        let mut found = false;
        for (condition, body) in cases {
            found = found || strictly_equal(&value, &self.eval(condition)?);
            if found && !body.is_empty() {
                return self.block(body);
            }
        }
        self.block(default)
    }

    /// There are no other templates.
    fn foreign(&mut self, name: &Expr, may_miss: bool) -> Result<()> {
        let name = self.eval(name)?;
        match name {
            Val::Str(_) if may_miss => Ok(()),
            Val::Str(name) => Err(TemplateError::new(format!(
                "There is no template {name:?} to take in: a prompt is rendered from its own text alone."
            ))),
            _ => Err(TemplateError::new("The name of a template is a text.")),
        }
    }

    fn repeated(&mut self, repeated: &For) -> Result<()> {
        self.inner(|run| {
            let over = run.eval(&repeated.over)?;
            let over = run.spelled(over)?;
            let length = match repeated.kind {
                ForKind::For if !over.is_truthy() => None,
                ForKind::For => run.each(repeated, &over)?,
                ForKind::Each | ForKind::All => run.each_waiting(repeated, &over)?,
            };
            match &repeated.otherwise {
                Some(otherwise) if length.is_none_or(|length| length == 0) => run.block(otherwise),
                _ => Ok(()),
            }
        })
    }

    /// Escaped text is an object that goes letter by letter.
    fn spelled(&mut self, value: Val) -> Result<Val> {
        let Val::Safe(text) = value else { return Ok(value) };
        self.heap.spend(text.len())?;
        let letters: Vec<Text> = char::decode_utf16(text.iter().copied())
            .map(|letter| match letter {
                Ok(letter) => Text::from(letter.to_string().as_str()),
                Err(half) => Text::of(&[half.unpaired_surrogate()]),
            })
            .collect();
        self.heap.texts(letters)
    }

    /// A plain loop. How many there are, or `None` for what has no length.
    fn each(&mut self, repeated: &For, over: &Val) -> Result<Option<usize>> {
        let [name] = repeated.names.as_slice() else { return self.each_part(repeated, over).map(Some) };
        let Val::Num(length) = self.member(over, &Val::text("length"))? else { return Ok(None) };
        let length = super::super::convert::clamped(length);
        let mut index = 0;
        while index < self.length_now(over, length) {
            let item = self.element(over, index)?;
            self.bind(name, item.clone());
            self.set_in_frame(name, item);
            self.turn(repeated, index, length)?;
            index += 1;
        }
        Ok(Some(length))
    }

    /// A list may grow while a loop goes over it.
    fn length_now(&self, over: &Val, otherwise: usize) -> usize {
        if let Val::List(id) = over { self.heap.items(*id).len() } else { otherwise }
    }

    fn element(&mut self, over: &Val, index: usize) -> Result<Val> {
        self.member(over, &Val::from(index))
    }

    /// A loop with several names: over the parts of a list's elements, or over names and values.
    fn each_part(&mut self, repeated: &For, over: &Val) -> Result<usize> {
        if matches!(over, Val::List(_)) {
            let length = self.length_now(over, 0);
            let mut index = 0;
            while index < self.length_now(over, length) {
                let item = self.element(over, index)?;
                self.bind_parts(&repeated.names, &item)?;
                self.turn(repeated, index, length)?;
                index += 1;
            }
            return Ok(length);
        }
        self.each_field(repeated, over)
    }

    fn bind_parts(&mut self, names: &[Arc<str>], item: &Val) -> Result<()> {
        if item.is_nullish() {
            return Err(TemplateError::new("A loop with several names meets an element that is nothing."));
        }
        for (part, name) in names.iter().enumerate() {
            let value = self.element(item, part)?;
            self.bind(name, value);
        }
        Ok(())
    }

    fn each_field(&mut self, repeated: &For, over: &Val) -> Result<usize> {
        let keys = self.keys(over)?;
        for (index, key) in keys.iter().enumerate() {
            let value = self.member(over, &Val::Str(key.clone()))?;
            for (name, value) in repeated.names.iter().zip([Val::Str(key.clone()), value]) {
                self.bind(name, value.clone());
                self.set_in_frame(name, value);
            }
            self.turn(repeated, index, keys.len())?;
        }
        Ok(keys.len())
    }

    /// `asyncEach` and `asyncAll`, whose bodies are called with what they go over.
    fn each_waiting(&mut self, repeated: &For, over: &Val) -> Result<Option<usize>> {
        if !matches!(over, Val::List(_)) {
            if repeated.names.len() != 2 && !self.keys(over)?.is_empty() {
                return Err(TemplateError::new("A loop over an object needs two names: `key, value`."));
            }
            self.each_field(repeated, over)?;
            if over.is_nullish() && repeated.otherwise.is_some() {
                return Err(TemplateError::new("A loop that waits has an `else` and goes over nothing."));
            }
            return Ok(match self.member(over, &Val::text("length"))? {
                Val::Num(length) => Some(super::super::convert::clamped(length)),
                _ => None,
            });
        }
        self.each(repeated, over)
    }

    /// One turn of a loop, with `loop` set.
    fn turn(&mut self, repeated: &For, index: usize, length: usize) -> Result<()> {
        let fields = [
            ("index", Val::from(index + 1)),
            ("index0", Val::from(index)),
            ("revindex", Val::from(length.saturating_sub(index))),
            ("revindex0", Val::from(length.saturating_sub(index + 1))),
            ("first", Val::Bool(index == 0)),
            ("last", Val::Bool(index + 1 == length)),
            ("length", Val::from(length)),
        ];
        let name = Arc::from("loop");
        if index == 0 {
            let made = self.heap.object([])?;
            self.set_in_frame(&name, made);
        }
        if let Val::Object(id) = self.lookup(&name)? {
            let made = self.heap.fields_mut(id);
            for (name, value) in fields {
                made.set(Text::from(name), value);
            }
        }
        self.block(&repeated.body)
    }
}
