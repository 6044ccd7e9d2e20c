//! Runs a template that has been read.

mod calls;
mod expressions;
mod members;
mod names;
mod statements;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::ast::Node;
use super::error::TemplateError;
use super::value::{Heap, MOST_TEXT, Result, Val};
use names::{Frame, Scope};

/// Expressions in expressions, blocks in blocks and macros in macros, all together.
const MOST_DEPTH: usize = 250;

/// One render: what it sees, what it has made, and what it has written.
pub(super) struct Run<'r> {
    pub heap: Heap,
    vars: &'r Map<String, Json>,
    env: &'r BTreeMap<String, String>,
    /// Variables that have been asked for, and those that the template has set at its top.
    context: HashMap<Arc<str>, Val>,
    frames: Vec<Frame>,
    scopes: Vec<Scope>,
    frame: usize,
    scope: usize,
    out: Vec<u16>,
    depth: usize,
}

/// What a template prints.
pub(super) fn render(nodes: &[Node], vars: &Map<String, Json>, env: &BTreeMap<String, String>) -> Result<String> {
    let mut run = Run {
        heap: Heap::new(),
        vars,
        env,
        context: HashMap::new(),
        frames: vec![Frame::top()],
        scopes: vec![Scope::default()],
        frame: 0,
        scope: 0,
        out: Vec::new(),
        depth: 0,
    };
    run.block(nodes)?;
    let text = String::from_utf16_lossy(&run.out);
    if text.len() > MOST_TEXT { Err(TemplateError::too_much_work()) } else { Ok(text) }
}

impl Run<'_> {
    fn write(&mut self, units: &[u16]) -> Result<()> {
        self.heap.spend_text(units.len())?;
        if self.out.len() + units.len() > MOST_TEXT {
            return Err(TemplateError::too_much_work());
        }
        self.out.extend_from_slice(units);
        Ok(())
    }

    /// Does something one level deeper.
    fn deeper<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.heap.spend(1)?;
        if self.depth >= MOST_DEPTH {
            return Err(TemplateError::too_deep());
        }
        self.depth += 1;
        let done = act(self);
        self.depth -= 1;
        done
    }

    /// What something writes, instead of writing it.
    fn captured(&mut self, act: impl FnOnce(&mut Self) -> Result<()>) -> Result<Vec<u16>> {
        let before = std::mem::take(&mut self.out);
        let done = act(self);
        let written = std::mem::replace(&mut self.out, before);
        done.map(|()| written)
    }
}
