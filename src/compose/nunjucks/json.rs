//! `JSON.stringify` over the values of a template.

use super::error::TemplateError;
use super::js::write_quoted;
use super::number::number_text;
use super::text::Text;
use super::value::{Heap, MOST_DEPTH, MOST_TEXT, Result, Val};

/// The JSON text of a value, or `None` where JSON has no word for it (undefined, functions).
pub(super) fn stringified(heap: &Heap, value: &Val, indent: &Val) -> Result<Option<Text>> {
    let mut writer = Writer { heap, gap: gap(indent), above: Vec::new(), out: String::new() };
    let written = writer.write(value)?;
    heap.spend_text(writer.out.len())?;
    Ok(written.then(|| Text::from(writer.out.as_str())))
}

/// What indents one level: up to ten spaces, or the first ten units of a text.
fn gap(indent: &Val) -> String {
    match indent {
        Val::Num(count) => " ".repeat(super::convert::clamped(*count).min(10)),
        Val::Str(text) => text.part(0, 10).lossy(),
        _ => String::new(),
    }
}

struct Writer<'h> {
    heap: &'h Heap,
    gap: String,
    above: Vec<Val>,
    out: String,
}

impl Writer<'_> {
    /// Writes a value; false where it has no JSON.
    fn write(&mut self, value: &Val) -> Result<bool> {
        self.heap.spend(1)?;
        if self.out.len() > MOST_TEXT {
            return Err(TemplateError::too_much_work());
        }
        match value {
            Val::Undefined | Val::Func(_) => return Ok(false),
            Val::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Val::Num(number) if number.is_finite() => self.out.push_str(&number_text(*number)),
            Val::Null | Val::Num(_) => self.out.push_str("null"),
            Val::Str(text) => write_quoted(text.iter().copied(), &mut self.out),
            Val::Safe(text) => {
                let fields = [("val", Val::Str(text.clone())), ("length", Val::from(text.len()))];
                self.write_object(fields.map(|(name, value)| (Text::from(name), value)).to_vec())?;
            }
            Val::Regex(_) => self.out.push_str("{}"),
            Val::List(id) => {
                let items = self.heap.items(*id).to_vec();
                self.enter(value)?;
                self.write_list(&items)?;
                self.above.pop();
            }
            Val::Object(id) => {
                let fields = self.heap.fields(*id).iter().cloned().collect();
                self.enter(value)?;
                self.write_object(fields)?;
                self.above.pop();
            }
        }
        Ok(true)
    }

    fn enter(&mut self, value: &Val) -> Result<()> {
        if self.above.iter().any(|above| super::convert::strictly_equal(above, value)) {
            return Err(TemplateError::new("A value that contains itself cannot be written as JSON."));
        }
        if self.above.len() > MOST_DEPTH {
            return Err(TemplateError::too_deep());
        }
        self.above.push(value.clone());
        Ok(())
    }

    fn write_list(&mut self, items: &[Val]) -> Result<()> {
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.break_line(0);
            if !self.write(item)? {
                self.out.push_str("null");
            }
        }
        if !items.is_empty() {
            self.break_line(1);
        }
        self.out.push(']');
        Ok(())
    }

    fn write_object(&mut self, fields: Vec<(Text, Val)>) -> Result<()> {
        self.out.push('{');
        let mut any = false;
        for (name, value) in fields {
            if matches!(value, Val::Undefined | Val::Func(_)) {
                continue;
            }
            if any {
                self.out.push(',');
            }
            any = true;
            self.break_line(0);
            write_quoted(name.iter().copied(), &mut self.out);
            self.out.push_str(if self.gap.is_empty() { ":" } else { ": " });
            self.write(&value)?;
        }
        if any {
            self.break_line(1);
        }
        self.out.push('}');
        Ok(())
    }

    /// A new line, so many levels less deep than the values that are being written.
    fn break_line(&mut self, less: usize) {
        if !self.gap.is_empty() {
            self.out.push('\n');
            let depth = self.above.len().saturating_sub(less);
            self.out.extend(std::iter::repeat_n(self.gap.as_str(), depth));
        }
    }
}
