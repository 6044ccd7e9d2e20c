//! Pages, cards and sections: what holds the rest.

use egui::{Align, Frame, Layout, Margin, ScrollArea, Stroke, Ui, vec2};

use super::text;
use crate::ui::theme::Theme;

/// Below this width a page has little room around it.
const NARROW: f32 = 480.0;

/// A page that scrolls, with room around it, no wider than one can read. It stays where it was scrolled to under its
/// `name`.
pub fn page<R>(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let size = Theme::of(ui).size;
    ScrollArea::vertical()
        .id_salt(name)
        .auto_shrink(false)
        .show(ui, |ui| {
            let room = ui.available_width();
            let least = if room < NARROW { size.space.m } else { size.space.xl };
            let margin = ((room - size.page) / 2.0).max(least);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space(margin);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing = vec2(size.space.s, size.space.s);
                    ui.set_width((room - margin * 2.0).max(200.0));
                    ui.add_space(size.space.xl);
                    let result = contents(ui);
                    ui.add_space(size.space.xxl);
                    result
                })
                .inner
            })
            .inner
        })
        .inner
}

/// The title of a page with what it is for, and its buttons at the right.
pub fn page_title(ui: &mut Ui, title: &str, about: &str, buttons: impl FnOnce(&mut Ui)) {
    let height = Theme::of(ui).size.control;
    let buttons = |ui: &mut Ui| {
        let row = vec2(ui.available_width(), height);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), buttons);
    };
    head(ui, buttons, |ui| {
        text::title(ui, title);
        text::muted(ui, about);
    });
    ui.add_space(Theme::of(ui).size.space.l);
}

/// A box with a thin border, as wide as there is room.
pub fn card<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.grounds.surface)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .corner_radius(theme.size.radius.card)
        .inner_margin(Margin::same(16))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        })
        .inner
}

/// A card with a heading, a line that explains, and buttons at the right of the heading.
pub fn section<R>(
    ui: &mut Ui,
    heading: &str,
    about: &str,
    buttons: impl FnOnce(&mut Ui),
    contents: impl FnOnce(&mut Ui) -> R,
) -> R {
    let result = card(ui, |ui| {
        head(ui, buttons, |ui| {
            text::heading(ui, heading);
            if !about.is_empty() {
                text::muted(ui, about);
            }
        });
        ui.add_space(Theme::of(ui).size.space.s);
        contents(ui)
    });
    ui.add_space(Theme::of(ui).size.space.s);
    result
}

/// Words, and buttons at the right of their first line; the words wrap in the room that the buttons leave.
fn head(ui: &mut Ui, buttons: impl FnOnce(&mut Ui), words: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            buttons(ui);
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                words(ui);
            });
        });
    });
}

/// The box of something that stands over the window.
pub fn raised(ui: &Ui) -> Frame {
    Frame::popup(ui.style()).inner_margin(Margin::same(20))
}

/// A sunken box inside a card: a list, a text, a value.
pub fn well<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.grounds.sunken)
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            // A field to type in is seen on it.
            ui.visuals_mut().text_edit_bg_color = Some(theme.grounds.surface);
            ui.set_width(ui.available_width());
            contents(ui)
        })
        .inner
}
