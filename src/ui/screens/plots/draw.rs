//! Draws a chart in the window, says its numbers under the pointer and under the keyboard, and tells where a click leads.

use egui::{
    Color32, EventFilter, FontFamily, FontId, Key, Popup, PopupKind, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo,
};
use egui_plot::{
    AxisHints, Bar, BarChart, BoxElem, BoxPlot, BoxSpread, GridMark, HLine, Line, LineStyle, Plot, PlotPoint, PlotUi,
    Points, Text, VLine,
};

use super::chart::{Axis, Chart, Item, Leads, Part};
use super::marker::Marker;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// How far from a mark the pointer may be.
const REACH: f32 = 28.0;
const MARK: f32 = 5.0;
/// The widest that a bar or a box is, in units of the axis and in points.
const BAR: f64 = 0.62;
const BAR_POINTS: f64 = 64.0;
/// Points between a guide and its words.
const OVER: f64 = 3.0;

/// Draws the chart. `at` is the item that the keyboard is on. Returns where a click leads.
pub(super) fn show(ui: &mut Ui, chart: &Chart, height: f32, at: &mut usize) -> Option<Leads> {
    let theme = Theme::of(ui);
    let letters = letters_of_a_tick(chart, ui.available_width() - 64.0);
    let plot = Plot::new(chart.kind.title())
        .height(height)
        .sense(Sense::click())
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_crosshair(false)
        .label_formatter(|_| None)
        .set_margin_fraction(egui::Vec2::ZERO)
        .show_grid([chart.x.label.contains('$'), true])
        .grid_color(theme.lines.strong)
        .x_grid_spacer(|_| grid(&chart.x))
        .y_grid_spacer(|_| grid(&chart.y))
        .custom_x_axes(vec![axis(AxisHints::new_x(), &chart.x, letters, theme)])
        .custom_y_axes(vec![axis(AxisHints::new_y(), &chart.y, usize::MAX, theme).min_thickness(44.0)]);
    let drawn = plot.show(ui, |plot| {
        plot.set_plot_bounds_x(chart.x.low..=chart.x.high);
        plot.set_plot_bounds_y(chart.y.low..=chart.y.high);
        contents(plot, chart, theme);
    });
    let response = drawn.response;
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, chart.spoken()));
    let place = |item: &Item| drawn.transform.position_from_point(&PlotPoint::new(item.x, item.height()));
    let hovered = response.hover_pos().and_then(|pointer| nearest(chart, pointer, place));
    let by_key = keyboard(ui, &response, chart, at);
    if let Some(item) = hovered.or(by_key).and_then(|index| chart.items.get(index)) {
        ring(ui, item, place(item), drawn.transform.frame());
        say(&response, item, hovered.is_none().then(|| place(item)));
    }
    widgets::focus_ring(ui, &response);
    let entered = by_key.filter(|_| ui.input(|input| input.key_pressed(Key::Enter)));
    let clicked = hovered.filter(|_| response.clicked_by(egui::PointerButton::Primary)).or(entered)?;
    chart.items.get(clicked).map(|item| item.leads.clone())
}

/// How many letters of a name fit below the axis.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few points"
)]
fn letters_of_a_tick(chart: &Chart, width: f32) -> usize {
    let each = width / chart.x.ticks.len().max(1) as f32;
    (each / 6.6).max(3.0) as usize
}

fn axis<'a>(hints: AxisHints<'a>, axis: &'a Axis, letters: usize, theme: &Theme) -> AxisHints<'a> {
    let font = FontId::new(theme.size.text.small, FontFamily::Proportional);
    hints
        .label(egui::RichText::new(&axis.label).size(theme.size.text.small).color(theme.texts.muted))
        .formatter(move |mark: GridMark, _| {
            let tick = axis.ticks.iter().find(|tick| (tick.at - mark.value).abs() < 1e-9);
            tick.map(|tick| cut(&tick.text, letters)).unwrap_or_default()
        })
        .tick_label_font(font)
        .tick_label_color(theme.texts.muted)
        .label_spacing(0.0..=1.0)
}

fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{beginning}…")
}

fn grid(axis: &Axis) -> Vec<GridMark> {
    let step_size = (axis.high - axis.low) / 5.0;
    axis.ticks.iter().map(|tick| GridMark { value: tick.at, step_size }).collect()
}

fn contents<'a>(plot: &mut PlotUi<'a>, chart: &'a Chart, theme: &'static Theme) {
    for guide in &chart.guides {
        let colour = theme.notices.warning.plain;
        let words = egui::RichText::new(&guide.text).size(theme.size.text.small).color(colour);
        if guide.upright {
            plot.vline(VLine::new("", guide.at).color(colour).width(1.0).style(LineStyle::dashed_dense()));
            let corner = PlotPoint::new(guide.at - OVER * across_of_a_point(plot), chart.y.low);
            plot.text(Text::new("", corner, words).anchor(egui::Align2::RIGHT_BOTTOM));
            continue;
        }
        plot.hline(HLine::new("", guide.at).color(colour).width(1.0).style(LineStyle::dashed_dense()));
        let corner = PlotPoint::new(chart.x.high, guide.at + OVER * units_of_a_point(plot));
        plot.text(Text::new("", corner, words).anchor(egui::Align2::RIGHT_BOTTOM));
    }
    for path in chart.paths.iter().filter(|path| path.len() > 1) {
        plot.line(Line::new("", path.clone()).color(theme.lines.strong).width(1.5));
    }
    for item in &chart.items {
        for part in &item.parts {
            draw_part(plot, item, part, theme);
        }
    }
}

fn draw_part(plot: &mut PlotUi<'_>, item: &Item, part: &Part, theme: &Theme) {
    let colour = theme.series(item.look.series);
    match *part {
        Part::Bar { from, to, pale } => {
            let fill = if pale { colour.gamma_multiply(0.4) } else { colour.gamma_multiply(0.85) };
            let bar = Bar::new(item.x, to - from)
                .base_offset(from)
                .width(bar_width(plot))
                .fill(fill)
                .stroke(egui::Stroke::NONE);
            plot.bar_chart(BarChart::new("", vec![bar]).color(fill).allow_hover(false));
        }
        Part::Interval { low, high } => interval(plot, item.x, low, high, colour),
        Part::Box(numbers) => {
            let spread =
                BoxSpread::new(numbers.whisker_low, numbers.q1, numbers.median, numbers.q3, numbers.whisker_high);
            let shape = BoxElem::new(item.x, spread)
                .box_width(bar_width(plot))
                .whisker_width(bar_width(plot) / 2.0)
                .stroke(egui::Stroke::new(1.2, colour))
                .fill(colour.gamma_multiply(0.22));
            plot.box_plot(BoxPlot::new("", vec![shape]).color(colour).allow_hover(false));
        }
        Part::Mark { y, filled } => {
            let mark = |colour: Color32, radius: f32, filled: bool| {
                let shape = Marker::of(item.look.shape).in_plot();
                Points::new("", vec![[item.x, y]])
                    .shape(shape)
                    .radius(radius)
                    .filled(filled)
                    .color(colour)
                    .allow_hover(false)
            };
            // A rim in the ground's colour lifts the mark off what is behind it.
            plot.points(mark(theme.grounds.surface, MARK + 1.5, true));
            plot.points(mark(colour, MARK, filled));
        }
    }
}

/// Of the axis upwards.
fn units_of_a_point(plot: &PlotUi<'_>) -> f64 {
    plot.plot_bounds().height() / f64::from(plot.response().rect.height().max(1.0))
}

/// Of the axis below.
fn across_of_a_point(plot: &PlotUi<'_>) -> f64 {
    plot.plot_bounds().width() / f64::from(plot.response().rect.width().max(1.0))
}

fn bar_width(plot: &PlotUi<'_>) -> f64 {
    BAR.min(BAR_POINTS * across_of_a_point(plot))
}

fn interval(plot: &mut PlotUi<'_>, x: f64, low: f64, high: f64, colour: Color32) {
    let stroke = |points: Vec<[f64; 2]>| Line::new("", points).color(colour).width(1.6).allow_hover(false);
    plot.line(stroke(vec![[x, low], [x, high]]));
    let bounds = plot.plot_bounds();
    let width = plot.response().rect.width().max(1.0);
    let cap = bounds.width() / f64::from(width) * 4.0;
    for y in [low, high] {
        plot.line(stroke(vec![[x - cap, y], [x + cap, y]]));
    }
}

/// The item that the pointer means.
fn nearest(chart: &Chart, pointer: Pos2, place: impl Fn(&Item) -> Pos2) -> Option<usize> {
    let distance = |item: &Item| {
        let at = place(item);
        if chart.kind.side_by_side() { (at.x - pointer.x).abs() } else { at.distance(pointer) }
    };
    let distances = chart.items.iter().map(distance).enumerate();
    let (index, distance) = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (distance <= REACH || chart.kind.side_by_side() && chart.items.len() < 12 && distance <= REACH * 2.0)
        .then_some(index)
}

/// The item that the keyboard is on, while the chart has the focus; arrows go to the next.
fn keyboard(ui: &Ui, response: &Response, chart: &Chart, at: &mut usize) -> Option<usize> {
    if !response.has_focus() || chart.items.is_empty() {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (left, right) = ui.input(|input| (input.key_pressed(Key::ArrowLeft), input.key_pressed(Key::ArrowRight)));
    let last = chart.items.len() - 1;
    *at = match (left, right) {
        (true, false) => at.saturating_sub(1),
        (false, true) => (*at + 1).min(last),
        _ => (*at).min(last),
    };
    Some(*at)
}

fn ring(ui: &Ui, item: &Item, at: Pos2, frame: &Rect) {
    let colour = Theme::of(ui).series(item.look.series);
    let painter = ui.painter().with_clip_rect(*frame);
    painter.circle_stroke(at, MARK + 4.5, egui::Stroke::new(1.5, colour));
}

/// The numbers of an item, at the pointer or where the keyboard is.
fn say(response: &Response, item: &Item, place: Option<Pos2>) {
    let numbers = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.spacing_mut().interact_size.y = 18.0;
        widgets::strong(ui, &item.name);
        egui::Grid::new("numbers").num_columns(2).spacing([16.0, 2.0]).show(ui, |ui| {
            for fact in item.facts.iter().filter(|fact| !fact.name.is_empty()) {
                widgets::small(ui, fact.name);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(&fact.shown));
                ui.end_row();
            }
        });
    };
    match place {
        None => {
            response.clone().on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_ui_at_pointer(numbers);
        }
        Some(at) => {
            Popup::from_response(response).kind(PopupKind::Tooltip).at_position(at).gap(10.0).show(numbers);
        }
    }
}

/// Which colour and which shape are whose.
pub(super) fn legend(ui: &mut Ui, legend: &super::chart::Legend) {
    let theme = Theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (series, name) in legend.variants.iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 16.0), Sense::hover());
            let swatch = Rect::from_center_size(rect.center(), egui::vec2(12.0, 12.0));
            ui.painter().rect_filled(swatch, 3.0, theme.series(series));
            widgets::small(ui, name);
            ui.add_space(8.0);
        }
        ui.add_space(8.0);
        for (shape, name) in legend.models.iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 16.0), Sense::hover());
            Marker::of(shape).paint(ui.painter(), rect.center(), 6.0, theme.texts.muted);
            widgets::small(ui, name);
            ui.add_space(8.0);
        }
    });
}
