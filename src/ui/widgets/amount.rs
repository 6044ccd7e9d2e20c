//! A field for a number, or anything else that is typed as text and read as a value.

use egui::{Id, Response, RichText, Stroke, StrokeKind, TextEdit, Ui, vec2};

use super::{field::labelled, focus_ring};
use crate::domain::Usd;
use crate::ui::theme::{Theme, Tone};

/// How a value is shown and read. `read` answers with a sentence where the text is no such value.
pub struct Amount<'a, T> {
    pub label: &'a str,
    /// Stands where nothing is typed: the default.
    pub hint: &'a str,
    pub width: f32,
    pub show: &'a dyn Fn(&T) -> String,
    pub read: &'a dyn Fn(&str) -> Result<T, String>,
}

/// A line under a label. What cannot be read stays while it is typed, with what is wrong below it, and changes nothing.
/// Returns the value that was typed now, where it is another.
pub fn amount<T: PartialEq>(ui: &mut Ui, value: &T, how: &Amount<'_, T>) -> Option<T> {
    entered(ui, value, how, |ui, id, text| {
        ui.allocate_ui(vec2(how.width, 0.0), |ui| labelled(ui, how.label, |ui| line(ui, id, text, how))).inner
    })
}

/// The same in a table, whose head says what it is: the label is only heard.
pub fn amount_cell<T: PartialEq>(ui: &mut Ui, value: &T, how: &Amount<'_, T>) -> Option<T> {
    entered(ui, value, how, |ui, id, text| {
        ui.vertical(|ui| {
            ui.set_width(how.width);
            ui.spacing_mut().item_spacing.y = 2.0;
            let response = line(ui, id, text, how);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(how.label));
            response
        })
        .inner
    })
}

fn entered<T: PartialEq>(
    ui: &mut Ui,
    value: &T,
    how: &Amount<'_, T>,
    draw: impl FnOnce(&mut Ui, Id, &mut String) -> Response,
) -> Option<T> {
    let id = ui.make_persistent_id(("amount", how.label));
    let typed = ui.data(|data| data.get_temp::<String>(id));
    let mut text = typed.unwrap_or_else(|| (how.show)(value));
    let response = draw(ui, id, &mut text);
    if response.changed() {
        ui.data_mut(|data| data.insert_temp(id, text.clone()));
        return (how.read)(&text).ok().filter(|read| read != value);
    }
    if !response.has_focus() {
        ui.data_mut(|data| data.remove_temp::<String>(id));
    }
    None
}

fn line<T>(ui: &mut Ui, id: Id, text: &mut String, how: &Amount<'_, T>) -> Response {
    let theme = Theme::of(ui);
    let edit = TextEdit::singleline(text)
        .id(id.with("line"))
        .hint_text(how.hint)
        .desired_width(how.width)
        .margin(vec2(10.0, 7.0))
        .min_size(vec2(0.0, theme.size.control));
    let response = ui.add(edit);
    focus_ring(ui, &response);
    if let Err(wrong) = (how.read)(text) {
        let colour = theme.tone(Tone::Fail).0;
        let edge = Stroke::new(1.5, colour);
        ui.painter().rect_stroke(response.rect, theme.size.radius.control, edge, StrokeKind::Inside);
        ui.label(RichText::new(wrong).small().color(colour));
    }
    response
}

/// Reads a whole number; an empty text is `empty`.
pub fn whole(text: &str, empty: Option<u64>) -> Result<u64, String> {
    let plain: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '_').collect();
    match (plain.is_empty(), empty) {
        (true, Some(value)) => Ok(value),
        (true, None) => Err("A whole number is missing.".to_owned()),
        (false, _) => plain.parse().map_err(|_| "Not a whole number.".to_owned()),
    }
}

/// Reads a number within bounds.
pub fn within(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number: f64 = text.trim().parse().map_err(|_| "Not a number.".to_owned())?;
    if (low..=high).contains(&number) {
        Ok(number)
    } else if high.is_finite() {
        Err(format!("From {low} to {high}."))
    } else {
        Err(format!("{low} or more."))
    }
}

/// Reads a number within bounds, or nothing.
pub fn maybe<T>(text: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// An amount of dollars with all of its digits and no sign, as it is typed.
pub fn dollars(amount: Usd) -> String {
    let text = format!("{:.9}", amount.dollars());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads an amount of dollars, with or without its sign.
pub fn read_dollars(text: &str) -> Result<Usd, String> {
    let number = within(text.trim().trim_start_matches('$'), 0.0, 1e9)?;
    Usd::from_dollars(number).ok_or_else(|| "Not an amount of dollars.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_as_they_are_shown() {
        let check = |text: &str, shown: &str| assert_eq!(dollars(read_dollars(text).unwrap()), shown);
        check("5", "5");
        check("$0.50", "0.5");
        check("0.0000001", "0.0000001");
        check("100", "100");
        assert!(read_dollars("-1").is_err());
        assert!(read_dollars("x").is_err());
    }

    #[test]
    fn numbers_are_read_or_refused_with_a_sentence() {
        assert_eq!(whole(" 12 000", None), Ok(12_000));
        assert_eq!(whole("", Some(4)), Ok(4));
        assert!(whole("", None).is_err());
        assert!(whole("-1", None).is_err());
        assert_eq!(within("0.5", 0.0, 1.0), Ok(0.5));
        assert_eq!(within("2", 0.0, 1.0), Err("From 0 to 1.".to_owned()));
        assert!(within("NaN", 0.0, f64::INFINITY).is_err());
        assert_eq!(maybe(" ", |text| within(text, 0.0, 1.0)), Ok(None));
    }
}
