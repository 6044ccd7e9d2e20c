//! What a name stands for.
//!
//! Nunjucks looks in three places. Names of loops, parameters and macros are variables of the JavaScript that it writes,
//! and are found by where they stand in the template: the [`Scope`]s. What `set` makes is kept in [`Frame`]s, which follow
//! the calls instead: a macro begins an empty one, and the body of a call block sees that of the macro which calls it.
//! All else is the context: the variables given, and what has been set at the top.

use std::sync::Arc;

use super::super::text::Text;
use super::super::value::{Func, Result, Val};
use super::Run;

/// Names that are found by where they stand.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: Vec<(Arc<str>, Val)>,
    parent: Option<usize>,
}

/// Names that are found by who has called.
#[derive(Debug, Default)]
pub(super) struct Frame {
    names: Vec<(Arc<str>, Val)>,
    parent: Option<usize>,
    /// Whether `set` inside leaves the frames around it alone.
    keeps_writes: bool,
    is_top: bool,
}

impl Frame {
    pub(super) fn top() -> Self {
        Self { is_top: true, ..Self::default() }
    }

    fn get(&self, name: &str) -> Option<&Val> {
        self.names.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    fn set(&mut self, name: &Arc<str>, value: Val) {
        match self.names.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.names.push((name.clone(), value)),
        }
    }
}

impl Run<'_> {
    /// The value of a name; undefined where it has none.
    pub(super) fn lookup(&mut self, name: &Arc<str>) -> Result<Val> {
        if let Some(place) = self.scoped(name) {
            return Ok(self.scopes[place.0].names[place.1].1.clone());
        }
        if let Some(value) = self.framed(name).and_then(|frame| self.frames[frame].get(name)) {
            return Ok(value.clone());
        }
        self.contextual(name)
    }

    fn scoped(&self, name: &str) -> Option<(usize, usize)> {
        let mut next = Some(self.scope);
        while let Some(scope) = next {
            let found = self.scopes[scope].names.iter().position(|(known, _)| **known == *name);
            if let Some(index) = found {
                return Some((scope, index));
            }
            next = self.scopes[scope].parent;
        }
        None
    }

    /// The nearest frame in which a name has a value.
    fn framed(&self, name: &str) -> Option<usize> {
        let mut next = Some(self.frame);
        while let Some(frame) = next {
            if self.frames[frame].get(name).is_some_and(|value| !value.is_undefined()) {
                return Some(frame);
            }
            next = self.frames[frame].parent;
        }
        None
    }

    fn contextual(&mut self, name: &Arc<str>) -> Result<Val> {
        if let Some(value) = self.context.get(name) {
            return Ok(value.clone());
        }
        let vars = self.vars;
        let value = match vars.get(&**name) {
            Some(json) => self.heap.json(json)?,
            None => match &**name {
                "range" => self.heap.func(Func::Range),
                "cycler" => self.heap.func(Func::Cycler),
                "joiner" => self.heap.func(Func::Joiner),
                "env" => {
                    let fields: Vec<(Text, Val)> =
                        self.env.iter().map(|(name, value)| (Text::from(name.as_str()), Val::text(value))).collect();
                    self.heap.object(fields)?
                }
                _ => return Ok(Val::Undefined),
            },
        };
        self.context.insert(name.clone(), value.clone());
        Ok(value)
    }

    /// Binds a name where it stands.
    pub(super) fn bind(&mut self, name: &Arc<str>, value: Val) {
        let names = &mut self.scopes[self.scope].names;
        match names.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => names.push((name.clone(), value)),
        }
    }

    /// Whether what is defined here belongs to the whole template.
    pub(super) fn is_outermost(&self) -> bool {
        self.scopes[self.scope].parent.is_none()
    }

    pub(super) fn set_in_context(&mut self, name: &Arc<str>, value: Val) {
        self.context.insert(name.clone(), value);
    }

    pub(super) fn set_in_frame(&mut self, name: &Arc<str>, value: Val) {
        self.frames[self.frame].set(name, value);
    }

    /// `set`: changes a variable that is there already, up to the edge of what may be written, or makes one here.
    pub(super) fn assign(&mut self, name: &Arc<str>, value: Val) {
        if let Some((scope, index)) = self.scoped(name) {
            self.scopes[scope].names[index].1 = value.clone();
        }
        let here = &self.frames[self.frame];
        let has_it = here.get(name).is_some_and(|known| !known.is_undefined());
        let target = if has_it || here.keeps_writes { self.frame } else { self.framed(name).unwrap_or(self.frame) };
        self.frames[target].set(name, value.clone());
        if self.frames[self.frame].is_top {
            self.set_in_context(name, value);
        }
    }

    /// A frame and a scope inside the present ones, for a loop.
    pub(super) fn inner<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let frame = Frame { parent: Some(self.frame), ..Frame::default() };
        let scope = Scope { parent: Some(self.scope), ..Scope::default() };
        self.within(frame, scope, act)
    }

    /// A frame inside the present one that keeps what is set in it; names are found from `scope`, or from nowhere.
    pub(super) fn apart<T>(&mut self, scope: Option<usize>, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let frame = Frame { parent: Some(self.frame), keeps_writes: true, ..Frame::default() };
        self.within(frame, Scope { parent: scope, ..Scope::default() }, act)
    }

    /// An empty frame and scope, for a macro.
    pub(super) fn alone<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.within(Frame::default(), Scope::default(), act)
    }

    fn within<T>(&mut self, frame: Frame, scope: Scope, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = (self.frame, self.scope);
        self.frames.push(frame);
        self.scopes.push(scope);
        (self.frame, self.scope) = (self.frames.len() - 1, self.scopes.len() - 1);
        let done = act(self);
        (self.frame, self.scope) = before;
        done
    }
}
