//! What a value has by name or number.

use std::sync::Arc;

use super::super::methods;
use super::super::text::Text;
use super::super::value::{Func, Result, Val};
use super::Run;

impl Run<'_> {
    /// `target[name]`: undefined where there is nothing, also in what is itself nothing.
    pub(in super::super) fn member(&mut self, target: &Val, name: &Val) -> Result<Val> {
        if target.is_nullish() {
            return Ok(Val::Undefined);
        }
        if let (Val::List(id), Val::Num(index)) = (target, name)
            && index.fract() == 0.0
            && *index >= 0.0
        {
            let found = self.heap.items(*id).get(super::super::convert::clamped(*index));
            return Ok(found.cloned().unwrap_or(Val::Undefined));
        }
        let name = self.heap.text_of(name)?;
        if let Some(value) = self.own(target, &name) {
            return Ok(value);
        }
        let method = name.lossy();
        if methods::has(target, &method) {
            return Ok(self.heap.func(Func::Method { this: target.clone(), name: Arc::from(method) }));
        }
        Ok(match target {
            Val::Regex(regex) => methods::regex_field(regex, &method),
            _ => Val::Undefined,
        })
    }

    /// What a value has itself, not by its kind.
    pub(in super::super) fn own(&self, target: &Val, name: &Text) -> Option<Val> {
        let index = || name.as_index().and_then(|index| usize::try_from(index).ok());
        match target {
            Val::Object(id) => self.heap.fields(*id).get(name).cloned(),
            Val::List(id) if name.is("length") => Some(Val::from(self.heap.items(*id).len())),
            Val::List(id) => self.heap.items(*id).get(index()?).cloned(),
            Val::Str(text) | Val::Safe(text) if name.is("length") => Some(Val::from(text.len())),
            Val::Str(text) => text.unit(index()?).map(Val::Str),
            Val::Safe(text) if name.is("val") => Some(Val::Str(text.clone())),
            _ => None,
        }
    }

    /// `name in target`.
    pub(super) fn has_member(&self, target: &Val, name: &Text) -> bool {
        self.own(target, name).is_some() || methods::has(target, &name.lossy())
    }

    /// The names over which a loop goes.
    pub(in super::super) fn keys(&self, value: &Val) -> Result<Vec<Text>> {
        let numbered = |length: usize| {
            self.heap.spend(length)?;
            Ok((0..length).map(|index| Text::from(index.to_string().as_str())).collect())
        };
        match value {
            Val::Object(id) => Ok(self.heap.fields(*id).iter().map(|(name, _)| name.clone()).collect()),
            Val::List(id) => numbered(self.heap.items(*id).len()),
            Val::Str(text) => numbered(text.len()),
            Val::Safe(_) => Ok(["val", "length"].map(Text::from).to_vec()),
            _ => Ok(Vec::new()),
        }
    }
}
