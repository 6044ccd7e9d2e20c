//! The parts that screens are made of. Each has an accessible name; colours and sizes come from the theme.

mod amount;
mod button;
mod card;
mod empty;
mod ends;
mod error;
mod facts;
mod field;
mod picker;
mod pill;
mod progress;
mod segmented;
mod sheet;
mod source;
mod switch;
mod text;
mod tick;
mod tile;
mod verdict;

pub use amount::{Amount, amount, amount_cell, dollars, maybe, read_dollars, whole, within};
pub use button::{danger, ghost, icon_button, link, primary, secondary};
pub use card::{card, page, page_title, raised, section, well};
pub use empty::empty;
pub use ends::ends;
pub use error::{error_panel, problems};
pub use facts::{Facts, facts};
pub use field::{field, labelled, multiline, search, secret};
pub use picker::picker;
pub use pill::{dot, pill, tag};
pub use progress::{Share, progress, shares};
pub use segmented::{segmented, segmented_told};
pub use sheet::sheet;
pub use source::source;
pub use switch::switch;
pub use text::{body, faint, heading, icon, mono, muted, number, small, strong, title, width_of};
pub use tick::{chip, option, tick};
pub use tile::tile;
pub use verdict::{VerdictMark, verdict_mark};

use egui::{Response, Role, Stroke, StrokeKind, Ui, WidgetInfo};

use super::theme::Theme;

/// Gives a widget the name by which a screen reader, and a test, finds it.
pub fn named(response: Response, kind: Role, name: &str) -> Response {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(kind, enabled, name));
    response
}

/// A ring around what the keyboard is on; for things that paint themselves.
pub fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let theme = Theme::of(ui);
        let stroke = Stroke::new(2.0, theme.lines.focus);
        ui.painter().rect_stroke(response.rect.expand(1.0), theme.size.radius.control, stroke, StrokeKind::Outside);
    }
}
