//! Notices: over the screen while they are new, in a list behind the bell afterwards.

use std::time::Instant;

use egui::{Align, Align2, Area, Frame, Id, Label, Layout, Margin, Order, RichText, Stroke, TextStyle, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;

use crate::session::{Command, Level, Notice, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// At most this many lie over the screen; the bell has the rest.
const AT_ONCE: usize = 4;
const WIDTH: f32 = 400.0;

pub(super) fn show(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let now = Instant::now();
    let fresh: Vec<&Notice> = session.notices().iter().filter(|notice| notice.on_screen(now)).take(AT_ONCE).collect();
    if fresh.is_empty() {
        return;
    }
    let theme = Theme::of(ui);
    let above = theme.size.bottom_bar + theme.size.space.l;
    Area::new(Id::unique("notices")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -above)).show(
        ui.ctx(),
        |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 56.0));
            ui.spacing_mut().item_spacing.y = 8.0;
            for notice in fresh.into_iter().rev() {
                Frame::new()
                    .fill(theme.grounds.raised)
                    .stroke(Stroke::new(1.0, theme.lines.strong))
                    .corner_radius(theme.size.radius.card)
                    .shadow(theme.shadow())
                    .inner_margin(Margin::same(12))
                    .show(ui, |ui| row(ui, notice, sender));
            }
        },
    );
}

/// All notices, newest first.
pub(super) fn list(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    ui.horizontal(|ui| {
        widgets::strong(ui, "Notices");
        if !session.notices().is_empty() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if widgets::link(ui, "Dismiss all").clicked() {
                    sender.send(Command::DismissNotices);
                }
            });
        }
    });
    if session.notices().is_empty() {
        widgets::muted(ui, "Nothing to tell.");
    }
    let most = (ui.ctx().content_rect().height() - 140.0).min(420.0);
    egui::ScrollArea::vertical().max_height(most).show(ui, |ui| {
        for notice in session.notices().iter() {
            ui.separator();
            row(ui, notice, sender);
        }
    });
}

fn row(ui: &mut Ui, notice: &Notice, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let (icon, tone) = sign(notice.level);
    ui.horizontal_top(|ui| {
        // The sign, the first line of words and the button stand on one line.
        let sign = vec2(theme.size.text.icon, theme.size.control);
        ui.allocate_ui_with_layout(sign, Layout::left_to_right(Align::Center), |ui| {
            widgets::icon(ui, icon, theme.tone(tone).0);
        });
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if widgets::icon_button(ui, icons::ICON_CLOSE, "Dismiss").clicked() {
                sender.send(Command::DismissNotice(notice.id));
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| words(ui, notice, sender));
        });
    });
}

fn words(ui: &mut Ui, notice: &Notice, sender: &CommandSender) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.add_space((theme.size.control - ui.text_style_height(&TextStyle::Body)) / 2.0);
    ui.add(Label::new(&notice.text).wrap().selectable(true));
    if !notice.hint.is_empty() {
        ui.add(Label::new(RichText::new(&notice.hint).color(theme.texts.muted)).wrap().selectable(true));
    }
    if !notice.actions.is_empty() {
        ui.horizontal(|ui| {
            for command in &notice.actions {
                if widgets::secondary(ui, None, &command.info().name).clicked() {
                    sender.send(command.clone());
                    sender.send(Command::DismissNotice(notice.id));
                }
            }
        });
    }
}

const fn sign(level: Level) -> (MaterialIcon, Tone) {
    match level {
        Level::Info => (icons::ICON_INFO, Tone::Info),
        Level::Success => (icons::ICON_CHECK_CIRCLE, Tone::Pass),
        Level::Warning => (icons::ICON_WARNING, Tone::Warning),
        Level::Error => (icons::ICON_ERROR, Tone::Fail),
    }
}
