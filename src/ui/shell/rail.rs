//! The left rail: the work in its order, each step with icon, word and shortcut.

use egui::{Align2, FontFamily, FontId, Frame, Margin, Panel, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::session::{Command, Route, Session, Shortcut};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{icons, widgets};

/// The height of an item where there is room; with large text there is less.
const ITEM: f32 = 60.0;
/// Below this height, or width, an item is its icon alone.
const WITH_WORD: f32 = 46.0;
/// The least height of an item.
const LEAST: f32 = 26.0;
/// Below this width of the window the rail is a narrow one.
const NARROW: f32 = 700.0;
/// Below this height there is no room for the program's sign.
const LOW: f32 = 380.0;

pub(super) fn show(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let window = ui.available_size();
    let (width, side) = if window.x < NARROW { (theme.size.narrow_rail, 4) } else { (theme.size.rail, 8) };
    Panel::left("rail")
        .exact_size(width)
        .resizable(false)
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(theme.grounds.rail)
                .inner_margin(Margin::symmetric(side, if window.y < LOW { 4 } else { 12 })),
        )
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            if window.y >= LOW {
                mark(ui);
            }
            #[expect(clippy::cast_precision_loss, reason = "a few routes")]
            let height = (ui.available_height() / Route::ALL.len() as f32 - 2.0).clamp(LEAST, ITEM - 2.0);
            let (foot, steps): (Vec<_>, Vec<_>) = Route::ALL.into_iter().partition(|route| route.is_apart());
            for route in steps {
                item(ui, session, sender, route, height);
            }
            #[expect(clippy::cast_precision_loss, reason = "a few routes")]
            let below = (height + 2.0) * foot.len() as f32;
            ui.add_space((ui.available_height() - below).max(0.0));
            for route in foot {
                item(ui, session, sender, route, height);
            }
        });
}

/// The program's sign: three layers.
fn mark(ui: &mut Ui) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::hover());
    for (step, share) in [(0.0, 0.45), (1.0, 0.7), (2.0, 1.0)] {
        let centre = pos2(rect.center().x, rect.top() + 24.0 - step * 6.0);
        let corners = [vec2(0.0, -7.0), vec2(15.0, 0.0), vec2(0.0, 7.0), vec2(-15.0, 0.0)].map(|by| centre + by);
        let fill = theme.accent.plain.gamma_multiply(share);
        let edge = Stroke::new(1.5, theme.grounds.rail);
        ui.painter().add(egui::Shape::convex_polygon(corners.to_vec(), fill, edge));
    }
    ui.add_space(theme.size.space.s);
}

fn item(ui: &mut Ui, session: &Session, sender: &CommandSender, route: Route, height: f32) {
    let theme = Theme::of(ui);
    let enabled = session.workspace().is_some() || !route.needs_workspace();
    let on = session.route() == route;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), sense);
    let colour = match (on, enabled) {
        (true, _) => theme.accent.plain,
        (_, false) => theme.lines.strong,
        _ if response.hovered() => theme.texts.plain,
        _ => theme.texts.muted,
    };
    if on {
        ui.painter().rect_filled(rect, theme.size.radius.card, theme.accent.soft);
    } else if response.hovered() && enabled {
        ui.painter().rect_filled(rect, theme.size.radius.card, theme.grounds.hover);
    }
    paint(ui, rect, route, colour);
    let alerting = route == Route::Calls && session.has_open_alerts();
    if alerting {
        let dot = pos2(rect.center().x + 13.0, rect.center().y - if height < WITH_WORD { 8.0 } else { 17.0 });
        ui.painter().circle_filled(dot, 4.0, theme.tone(Tone::Warning).0);
    }
    widgets::focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, route.word()));
    if response.clicked() {
        sender.send(Command::Go(route));
    }
    let keys = Command::Go(route).info().shortcut.map(|keys: Shortcut| keys.to_string()).unwrap_or_default();
    let help = if enabled { route.help() } else { "Open a workspace first." };
    response.on_hover_ui(|ui| {
        widgets::body(ui, help);
        if alerting {
            widgets::body(ui, "There are alerts that nobody has acknowledged.");
        }
        widgets::small(ui, &keys);
    });
}

fn paint(ui: &Ui, rect: Rect, route: Route, colour: egui::Color32) {
    let icon = icons::of_route(route);
    let size = Theme::of(ui).size.text;
    let painter = ui.painter();
    let icon_font = FontId::new(22.0, icon.font_family());
    if rect.height() < WITH_WORD || rect.width() < WITH_WORD {
        painter.text(rect.center(), Align2::CENTER_CENTER, icon.codepoint, icon_font, colour);
        return;
    }
    let (top, bottom) = (rect.center() - vec2(0.0, 9.0), rect.center() + vec2(0.0, 14.0));
    painter.text(top, Align2::CENTER_CENTER, icon.codepoint, icon_font, colour);
    let font = FontId::new(size.small, FontFamily::Proportional);
    painter.text(bottom, Align2::CENTER_CENTER, route.word(), font, colour);
}
