//! A row with something at both ends.

use egui::{Align, Layout, Rect, Ui, UiBuilder, vec2};

use crate::ui::theme::Theme;

/// Below this share of the row, its beginning has too little room beside the end.
const LEAST_START: f32 = 0.4;

/// `start` at the left, `end` at the right edge, filled from the right. Where both do not fit beside each other the end
/// has lines of its own below; both wrap, so nothing lies over anything else. `name` tells rows of one parent apart.
pub fn ends(ui: &mut Ui, name: &str, start: impl FnOnce(&mut Ui), end: impl FnOnce(&mut Ui)) {
    let id = ui.make_persistent_id(("ends", name));
    // Not known yet: below each other the end has room for its true width.
    let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(f32::MAX);
    let (room, gap, height) = (ui.available_width(), Theme::of(ui).size.space.m, ui.spacing().interact_size.y);
    let left = Layout::left_to_right(Align::Center).with_main_wrap(true);
    let right = Layout::right_to_left(Align::Center).with_main_wrap(true);
    let beside = known + gap < room * (1.0 - LEAST_START);
    let measure = |ui: &mut Ui| {
        end(ui);
        let used = ui.min_rect();
        // On several lines it is as wide as it was let: what it would take on one is not known.
        if used.height() > height * 1.5 { f32::MAX } else { used.width() }
    };
    let used = if beside {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let whole = Rect::from_min_size(ui.cursor().min, vec2(room, height));
            let width = room - known - gap;
            ui.allocate_ui_with_layout(vec2(width, height), left, |ui| {
                ui.spacing_mut().item_spacing.x = Theme::of(ui).size.space.s;
                ui.set_min_width(width);
                start(ui);
            });
            // It has all the room that it may take, not only what it took before: it may have grown since.
            let place = whole.with_min_x(whole.left() + room * LEAST_START);
            let mut child = ui.new_child(UiBuilder::new().max_rect(place).layout(right));
            child.spacing_mut().item_spacing.x = Theme::of(ui).size.space.s;
            let used = measure(&mut child);
            ui.expand_to_include_rect(child.min_rect());
            used
        })
        .inner
    } else {
        ui.allocate_ui_with_layout(vec2(room, height), left, start);
        ui.allocate_ui_with_layout(vec2(room, height), right, measure).inner
    };
    if (used - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, used));
        ui.ctx().request_discard("the end of a row has another width");
    }
}
