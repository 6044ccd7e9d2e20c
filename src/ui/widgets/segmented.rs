//! One of a few, all in sight.

use egui::{Button, Frame, Margin, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

use crate::ui::theme::Theme;

/// A row of choices named `label`. Returns the one that was picked now, where it is another than `chosen`.
pub fn segmented<T: Copy + PartialEq>(ui: &mut Ui, label: &str, chosen: T, choices: &[(T, &str)]) -> Option<T> {
    let theme = Theme::of(ui);
    let mut picked = None;
    Frame::new()
        .fill(theme.grounds.sunken)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .corner_radius(theme.size.radius.control + 2)
        .inner_margin(Margin::same(2))
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = theme.size.control - 6.0;
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                ui.spacing_mut().button_padding = vec2(10.0, 2.0);
                // In a row that is filled from the right, the first choice still stands first.
                let backwards = ui.layout().prefer_right_to_left();
                let order = |at: usize| if backwards { choices.len() - 1 - at } else { at };
                for (value, name) in (0..choices.len()).map(|at| &choices[order(at)]) {
                    let on = *value == chosen;
                    let colour = if on { theme.accent.plain } else { theme.texts.muted };
                    let fill = if on { theme.accent.soft } else { theme.grounds.sunken };
                    let button = Button::new(RichText::new(*name).color(colour))
                        .selected(on)
                        .fill(fill)
                        .stroke(Stroke::NONE)
                        .min_size(vec2(0.0, theme.size.control - 6.0));
                    let response = ui.add(button);
                    super::focus_ring(ui, &response);
                    let name = format!("{label}: {name}");
                    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, &name));
                    if response.clicked() && !on {
                        picked = Some(*value);
                    }
                }
            });
        });
    picked
}
