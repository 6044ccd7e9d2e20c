//! What was spent, by day, model and project.

use egui::{Align, Layout, Ui, vec2};

use super::data::{self, Bar};
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, Share};

/// Days that are shown.
const DAYS: usize = 31;

pub(super) fn show(session: &Session, sender: &CommandSender, ui: &mut Ui) {
    let Some(spend) = session.calls().spend() else {
        // Asked for at every frame, read once.
        sender.send(Command::ReadSpend);
        widgets::page(ui, "spend", |ui| widgets::muted(ui, "Adding up what was spent…"));
        return;
    };
    let days = data::bars(spend.by_day.iter().rev().take(DAYS));
    let (models, projects) = (data::bars(spend.by_model.iter()), data::bars(spend.by_project.iter()));
    widgets::page(ui, "spend", |ui| {
        table(ui, "By day", "Days of UTC, the last first; retries, judges and unanswered calls included.", &days);
        table(ui, "By model", "", &models);
        table(ui, "By project", "", &projects);
    });
}

fn table(ui: &mut Ui, heading: &str, about: &str, bars: &[Bar]) {
    widgets::section(
        ui,
        heading,
        about,
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.spacing_mut().interact_size.y = 24.0;
            for bar in bars {
                line(ui, bar);
            }
        },
    );
}

fn line(ui: &mut Ui, bar: &Bar) {
    ui.horizontal(|ui| {
        let height = ui.text_style_height(&egui::TextStyle::Body);
        ui.allocate_ui_with_layout(vec2(180.0, height), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(180.0);
            ui.add(egui::Label::new(&bar.name).truncate());
        });
        let width = (ui.available_width() - 310.0).clamp(80.0, 420.0);
        let part = Share { amount: bar.share, colour: Theme::of(ui).accent.plain };
        widgets::shares(ui, &format!("{}: {}", bar.name, bar.spent), 1.0, &[part], vec2(width, 10.0));
        widgets::number(ui, 90.0, &bar.spent);
        widgets::small(ui, &bar.about);
    });
}
