//! The values of a running template, and the heap that owns what JavaScript would share.
//!
//! Lists, objects and functions are handles into the [`Heap`] of one render: two names for one list see each other's
//! changes, and whatever a template ties together is dropped at once, without recursion.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::ast::MacroDef;
use super::error::TemplateError;
use super::regex::Regex;
use super::text::Text;

/// Steps that one render may take; 64 units of text or one element count as a step.
pub(super) const FUEL: usize = 200_000;

/// Bytes of the finished text, and UTF-16 units of any text on the way.
pub(super) const MOST_TEXT: usize = 4 << 20;

/// Values inside values that are followed.
pub(super) const MOST_DEPTH: usize = 160;

pub(super) type Result<T> = std::result::Result<T, TemplateError>;

#[derive(Debug, Clone)]
pub(super) enum Val {
    Undefined,
    Null,
    Bool(bool),
    Num(f64),
    Str(Text),
    /// Text that is marked as escaped: an object to JavaScript, text to whoever reads it.
    Safe(Text),
    List(usize),
    Object(usize),
    Func(usize),
    Regex(Arc<Regex>),
}

impl Val {
    pub(super) fn text(text: &str) -> Self {
        Self::Str(Text::from(text))
    }

    pub(super) fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    pub(super) fn is_nullish(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Num(number) => *number != 0.0 && !number.is_nan(),
            Self::Str(text) => !text.is_empty(),
            Self::Safe(_) | Self::List(_) | Self::Object(_) | Self::Func(_) | Self::Regex(_) => true,
        }
    }

    /// The text of a string, plain or marked as safe.
    pub(super) fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Str(text) | Self::Safe(text) => Some(text),
            _ => None,
        }
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::Num(value)
    }
}

impl From<usize> for Val {
    fn from(count: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a length, far below 2^53")]
        Self::Num(count as f64)
    }
}

/// What can be called.
#[derive(Debug, Clone)]
pub(super) enum Func {
    /// A macro, or the body of a call block with the scope that it was written in.
    Macro {
        def: Arc<MacroDef>,
        scope: Option<usize>,
    },
    /// A method with the value that it belongs to.
    Method {
        this: Val,
        name: Arc<str>,
    },
    Range,
    Cycler,
    Joiner,
    /// A made cycler or joiner: its values and how often it has been asked.
    Next {
        items: Vec<Val>,
        asked: usize,
        cycler: Option<usize>,
    },
    Reset {
        next: usize,
        cycler: usize,
    },
}

/// The fields of an object in JavaScript's order: whole numbers first, then as they came.
#[derive(Debug, Default)]
pub(super) struct Fields {
    rows: Vec<(Text, Val)>,
    places: HashMap<Text, usize>,
}

/// Below this, looking through the rows is quicker than a map.
const FEW: usize = 8;

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Text, Val)> {
        self.rows.iter()
    }

    fn place(&self, name: &Text) -> Option<usize> {
        if self.rows.len() > FEW {
            self.places.get(name).copied()
        } else {
            self.rows.iter().position(|(known, _)| known == name)
        }
    }

    pub(super) fn get(&self, name: &Text) -> Option<&Val> {
        self.place(name).map(|place| &self.rows[place].1)
    }

    pub(super) fn set(&mut self, name: Text, value: Val) {
        if let Some(place) = self.place(&name) {
            self.rows[place].1 = value;
            return;
        }
        let at = match name.as_index() {
            Some(index) => self.rows.partition_point(|(known, _)| known.as_index().is_some_and(|known| known < index)),
            None => self.rows.len(),
        };
        self.rows.insert(at, (name.clone(), value));
        if at + 1 < self.rows.len() || self.rows.len() == FEW + 1 {
            self.places = self.rows.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        } else {
            self.places.insert(name, at);
        }
    }

    pub(super) fn remove(&mut self, name: &Text) -> Option<Val> {
        let place = self.place(name)?;
        let (_, value) = self.rows.remove(place);
        self.places = self.rows.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        Some(value)
    }
}

/// Everything that one render makes, and the work that it may still do.
#[derive(Debug)]
pub(super) struct Heap {
    lists: Vec<Vec<Val>>,
    objects: Vec<Fields>,
    funcs: Vec<Func>,
    fuel: Cell<usize>,
}

impl Heap {
    pub(super) fn new() -> Self {
        Self { lists: Vec::new(), objects: Vec::new(), funcs: Vec::new(), fuel: Cell::new(FUEL) }
    }

    /// Pays for steps.
    pub(super) fn spend(&self, steps: usize) -> Result<()> {
        match self.fuel.get().checked_sub(steps) {
            Some(left) => {
                self.fuel.set(left);
                Ok(())
            }
            None => Err(TemplateError::too_much_work()),
        }
    }

    /// Pays for so many units of text that are read or written.
    pub(super) fn spend_text(&self, units: usize) -> Result<()> {
        if units > MOST_TEXT { Err(TemplateError::too_much_work()) } else { self.spend(units / 64) }
    }

    pub(super) fn string(&self, units: Vec<u16>) -> Result<Val> {
        self.spend_text(units.len())?;
        Ok(Val::Str(Text::from(units)))
    }

    pub(super) fn list(&mut self, items: Vec<Val>) -> Result<Val> {
        self.spend(items.len() + 1)?;
        self.lists.push(items);
        Ok(Val::List(self.lists.len() - 1))
    }

    pub(super) fn texts(&mut self, items: impl IntoIterator<Item = Text>) -> Result<Val> {
        self.list(items.into_iter().map(Val::Str).collect())
    }

    pub(super) fn object(&mut self, fields: impl IntoIterator<Item = (Text, Val)>) -> Result<Val> {
        let mut made = Fields::default();
        for (name, value) in fields {
            self.spend(1)?;
            made.set(name, value);
        }
        self.spend(1)?;
        self.objects.push(made);
        Ok(Val::Object(self.objects.len() - 1))
    }

    pub(super) fn func(&mut self, func: Func) -> Val {
        self.funcs.push(func);
        Val::Func(self.funcs.len() - 1)
    }

    pub(super) fn items(&self, list: usize) -> &[Val] {
        &self.lists[list]
    }

    pub(super) fn items_mut(&mut self, list: usize) -> &mut Vec<Val> {
        &mut self.lists[list]
    }

    pub(super) fn fields(&self, object: usize) -> &Fields {
        &self.objects[object]
    }

    pub(super) fn fields_mut(&mut self, object: usize) -> &mut Fields {
        &mut self.objects[object]
    }

    pub(super) fn function(&self, func: usize) -> &Func {
        &self.funcs[func]
    }

    pub(super) fn function_mut(&mut self, func: usize) -> &mut Func {
        &mut self.funcs[func]
    }

    /// A JSON value as the template sees it.
    pub(super) fn json(&mut self, json: &Json) -> Result<Val> {
        self.json_at(json, 0)
    }

    fn json_at(&mut self, json: &Json, depth: usize) -> Result<Val> {
        if depth > MOST_DEPTH {
            return Err(TemplateError::too_deep());
        }
        Ok(match json {
            Json::Null => Val::Null,
            Json::Bool(value) => Val::Bool(*value),
            Json::Number(number) => Val::Num(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => {
                self.spend_text(text.len())?;
                Val::text(text)
            }
            Json::Array(items) => {
                let items: Result<Vec<Val>> = items.iter().map(|item| self.json_at(item, depth + 1)).collect();
                self.list(items?)?
            }
            Json::Object(fields) => {
                let fields: Result<Vec<(Text, Val)>> = fields
                    .iter()
                    .map(|(name, item)| Ok((Text::from(name.as_str()), self.json_at(item, depth + 1)?)))
                    .collect();
                self.object(fields?)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stand_first_among_the_fields() {
        let mut fields = Fields::default();
        for name in ["b", "10", "a", "2", "x1", "x2", "x3", "x4", "x5", "0"] {
            fields.set(Text::from(name), Val::text(name));
        }
        let names: Vec<String> = fields.iter().map(|(name, _)| name.lossy()).collect();
        assert_eq!(names, ["0", "2", "10", "b", "a", "x1", "x2", "x3", "x4", "x5"]);
        fields.remove(&Text::from("2"));
        for name in ["0", "10", "b", "x5"] {
            assert!(fields.get(&Text::from(name)).and_then(Val::as_text).is_some_and(|text| text.is(name)), "{name}");
        }
        assert!(fields.get(&Text::from("2")).is_none());
    }

    #[test]
    fn work_is_counted() {
        let heap = Heap::new();
        assert!(heap.spend(FUEL).is_ok());
        assert!(heap.spend(1).is_err());
        assert!(heap.spend_text(MOST_TEXT + 1).is_err());
    }
}
