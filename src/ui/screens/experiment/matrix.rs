//! Variants × models: tick rows and columns; every variant that is ticked meets every model that is ticked.

use egui::{Align, Label, Layout, RichText, Sense, Stroke, Ui, vec2};
use egui_material_icons::icons;

use super::data::{ExperimentData, ModelColumn, VariantRow};
use crate::domain::{Experiment, ModelId, VariantId};
use crate::session::{Command, Route};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

const NAME: f32 = 224.0;
const CELL: f32 = 116.0;
const HEAD: f32 = 64.0;
const ROW: f32 = 44.0;

pub(super) fn show(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment, sender: &CommandSender) {
    let (rows, columns) = (draft.variants.len(), draft.models.len());
    let about = "Every ticked variant meets every ticked model, but for the pairs that you leave out.";
    let count = format!("{rows} × {columns} = {} columns of results", rows * columns);
    let badge = |ui: &mut Ui| {
        widgets::pill(ui, Tone::Neutral, &count);
    };
    widgets::section(ui, "Variants × models", about, badge, |ui| {
        if data.variants.is_empty() {
            lead(ui, "This project has no variant yet.", "Go to Build", Route::Build, sender);
        } else if data.models.is_empty() {
            lead(ui, "This workspace names no model yet.", "Go to Settings", Route::Settings, sender);
        } else {
            egui::ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| table(ui, data, draft));
        }
    });
}

fn lead(ui: &mut Ui, words: &str, link: &str, route: Route, sender: &CommandSender) {
    ui.horizontal(|ui| {
        widgets::muted(ui, words);
        if widgets::link(ui, link).clicked() {
            sender.send(Command::Go(route));
        }
    });
}

fn table(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment) {
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ui.horizontal(|ui| {
        boxed(ui, NAME, HEAD, |_| {});
        for column in &data.models {
            boxed(ui, CELL, HEAD, |ui| {
                if head(ui, column) {
                    turn(&mut draft.models, &column.id, &order(&data.models, |column| &column.id));
                }
            });
        }
    });
    for row in &data.variants {
        line(ui, data.models.len());
        ui.horizontal(|ui| {
            boxed(ui, NAME, ROW, |ui| {
                if name(ui, row) {
                    turn(&mut draft.variants, &row.id, &order(&data.variants, |row| &row.id));
                }
            });
            for column in &data.models {
                let pair = (row.id.clone(), column.id.clone());
                let left_out = draft.without.contains(&pair);
                boxed(ui, CELL, ROW, |ui| {
                    if cell(ui, row, column, left_out) {
                        turn_pair(&mut draft.without, pair);
                    }
                });
            }
        });
    }
}

fn order<'a, T, Id: Clone + 'a>(all: &'a [T], id: impl Fn(&'a T) -> &'a Id) -> Vec<Id> {
    all.iter().map(|one| id(one).clone()).collect()
}

fn line(ui: &mut Ui, columns: usize) {
    let colour = Theme::of(ui).lines.border;
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let width = NAME + CELL * columns as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(width, 1.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, colour));
}

fn boxed(ui: &mut Ui, width: f32, height: f32, contents: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, height), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(vec2(width, height));
        ui.set_max_width(width);
        ui.spacing_mut().item_spacing.x = 10.0;
        contents(ui);
    });
}

/// A model: its name and price over its tick.
fn head(ui: &mut Ui, column: &ModelColumn) -> bool {
    let theme = Theme::of(ui);
    let mut pressed = false;
    ui.vertical_centered(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.add_space(2.0);
        let colour = if column.there { theme.texts.plain } else { theme.tone(Tone::Fail).0 };
        ui.add(Label::new(RichText::new(column.id.as_str()).color(colour)).truncate());
        let below = if column.there { column.price.as_str() } else { "not there" };
        let price = ui.add(Label::new(RichText::new(below).small().color(theme.texts.faint)).truncate());
        let tip = if column.scripted {
            "Scripted, not a model. Price for a million tokens."
        } else {
            "Price for a million tokens of input and of output."
        };
        price.on_hover_text(tip);
        pressed = widgets::tick(ui, column.on, &format!("Model {}", column.id)).clicked();
    });
    pressed
}

fn name(ui: &mut Ui, row: &VariantRow) -> bool {
    let theme = Theme::of(ui);
    let pressed = widgets::tick(ui, row.on, &format!("Variant {}", row.id)).clicked();
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.add_space(4.0);
        let colour = if row.there { theme.texts.plain } else { theme.tone(Tone::Fail).0 };
        ui.add(Label::new(RichText::new(row.id.as_str()).color(colour)).truncate());
        let below = if row.there { row.about.as_str() } else { "not there" };
        ui.add(Label::new(RichText::new(below).small().color(theme.texts.faint)).truncate());
    });
    pressed
}

/// What will run: a mark where both are ticked and the pair is not left out. Returns whether it was pressed, which is
/// possible where both are ticked.
fn cell(ui: &mut Ui, row: &VariantRow, column: &ModelColumn, left_out: bool) -> bool {
    let theme = Theme::of(ui);
    let both = row.on && column.on;
    let runs = both && !left_out;
    let sense = if both { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(CELL, ROW), sense);
    let words = if runs { "runs" } else { "does not run" };
    let ground = rect.shrink2(vec2(4.0, 6.0));
    if runs {
        ui.painter().rect_filled(ground, theme.size.radius.control, theme.accent.soft);
        let icon = icons::ICON_CHECK;
        let font = egui::FontId::new(theme.size.text.icon, icon.font_family());
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon.codepoint, font, theme.accent.plain);
    } else {
        ui.painter().circle_filled(rect.center(), 2.0, theme.lines.strong);
    }
    if both && !runs {
        let edge = Stroke::new(1.0, theme.lines.border);
        ui.painter().rect_stroke(ground, theme.size.radius.control, edge, egui::StrokeKind::Inside);
    }
    widgets::focus_ring(ui, &response);
    let name = format!("{} × {} {words}", row.id, column.id);
    let role = if both { egui::Role::CheckBox } else { egui::Role::Label };
    widgets::named(response, role, &name).clicked()
}

/// Leaves a pair out, or takes it in again.
fn turn_pair(without: &mut Vec<(VariantId, ModelId)>, pair: (VariantId, ModelId)) {
    if without.contains(&pair) {
        without.retain(|known| *known != pair);
    } else {
        without.push(pair);
    }
}

/// Ticks or unticks, keeping the order of the list that is shown.
fn turn<Id: Clone + PartialEq>(named: &mut Vec<Id>, id: &Id, order: &[Id]) {
    if named.contains(id) {
        named.retain(|known| known != id);
        return;
    }
    let place = |id: &Id| order.iter().position(|known| known == id);
    let at = named.iter().position(|known| place(known) > place(id)).unwrap_or(named.len());
    named.insert(at, id.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_finds_its_place_and_leaves_the_rest_as_it_is() {
        let order = ["a", "b", "c"];
        let check = |named: &[&'static str], id, expect: &[&str]| {
            let mut named = named.to_vec();
            turn(&mut named, &id, &order);
            assert_eq!(named, expect);
        };
        check(&["a", "c"], "b", &["a", "b", "c"]);
        check(&["c"], "a", &["a", "c"]);
        check(&["c", "a"], "b", &["b", "c", "a"]);
        check(&["a", "b"], "a", &["b"]);
    }
}
