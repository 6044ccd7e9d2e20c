//! A small table of text: a name in each row, and values at the right edges of their columns.

use egui::{Label, RichText, TextStyle, Ui};

use super::text::{number, width_of};
use crate::ui::theme::Theme;

/// Points between two columns, and between two rows.
const GAP: f32 = 24.0;
const LINE: f32 = 22.0;
/// Points that a row's name may take; a longer one is cut, and whole where the pointer is on it.
const NAME: f32 = 260.0;

/// Rows under heads; the first column is the rows' names. Where there is no room for all, it scrolls sideways. `name`
/// tells tables of one screen apart.
pub fn sheet(ui: &mut Ui, name: &str, heads: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<f32> = (0..heads.len()).map(|at| width(ui, heads[at], rows, at)).collect();
    egui::ScrollArea::horizontal().id_salt(name).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::vec2(GAP, 0.0);
        ui.spacing_mut().interact_size.y = LINE;
        let texts = Theme::of(ui).texts;
        let muted = texts.muted;
        line(ui, &widths, heads.iter().map(|head| RichText::new(*head).small().color(muted)));
        for row in rows {
            // What is not nothing stands out.
            let cell = |text: &String| {
                let nothing = matches!(text.as_str(), "0" | "$0" | "–");
                RichText::new(text).color(if nothing { texts.faint } else { texts.plain })
            };
            line(ui, &widths, row.iter().map(cell));
        }
    });
}

fn width(ui: &Ui, head: &str, rows: &[Vec<String>], at: usize) -> f32 {
    let cells = rows.iter().filter_map(|row| row.get(at)).map(|text| width_of(ui, text, &TextStyle::Body));
    let width = cells.fold(width_of(ui, head, &TextStyle::Small), f32::max).ceil();
    if at == 0 { width.min(NAME) } else { width }
}

fn line(ui: &mut Ui, widths: &[f32], cells: impl Iterator<Item = RichText>) {
    ui.horizontal(|ui| {
        for (at, (width, text)) in widths.iter().zip(cells).enumerate() {
            if at == 0 {
                let size = egui::vec2(*width, LINE);
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_min_width(*width);
                    ui.add(Label::new(text).truncate());
                });
            } else {
                number(ui, *width, text);
            }
        }
    });
}
