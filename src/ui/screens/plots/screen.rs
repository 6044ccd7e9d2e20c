//! Draws Plots: a legend, and a card for each chart.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use egui::text::LayoutJob;
use egui::{
    Align, DragValue, FontId, Frame, Label, Layout, Margin, Rect, ScrollArea, Stroke, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};
use egui_material_icons::icons;

use super::chart::{Chart, Kind, Leads};
use super::data::{self, Plots, Targets};
use super::draw;
use super::files::Sheet;
use super::save::{self, Asking, Picture};
use super::sweep;
use crate::analysis::Board;
use crate::domain::{RunId, RunState, TrialRef};
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

/// How often the charts of a run under way are made anew.
const PACE: Duration = Duration::from_millis(250);
const GAP: f32 = 12.0;

#[derive(Default)]
pub(in crate::ui) struct State {
    targets: Targets,
    made: Option<Made>,
    /// The item that the keyboard is on, by chart.
    at: HashMap<Kind, usize>,
    asking: Option<Asking>,
    picture: Option<Picture>,
    /// The column whose lists are swept; the first one that has any where none is chosen.
    swept: Option<usize>,
}

/// The charts, and what they were made of.
struct Made {
    of: Source,
    /// Seconds since the start.
    when: f64,
    plots: Plots,
}

#[derive(PartialEq)]
struct Source {
    run: RunId,
    revision: u64,
    recorded: usize,
    targets: Targets,
    /// Lists were read, and which column's are shown.
    swept: (bool, Option<usize>),
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let Some(board) = session.runs().board() else {
        return nothing(session, sender, ui);
    };
    if wants_sweep(session, board) {
        sender.send(Command::SweepConfidence);
    }
    make(session, state, board, ui);
    let theme = Theme::of(ui);
    let run = run_words(board);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let margin = theme.size.space.l;
        let (room, height) = (ui.available_width() - margin * 2.0, ui.available_height());
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing = vec2(theme.size.space.s, theme.size.space.xs);
                ui.set_width(room);
                ui.add_space(margin);
                head(ui, session, state, board, sender);
                let page = Page { session, sender, run: &run };
                page.cards(ui, state, height);
                ui.add_space(margin);
            });
        });
    });
    let Some(made) = &state.made else { return };
    let sheet = Sheet { legend: &made.plots.legend, run: &run, scripted: made.plots.scripted, theme: Theme::of(ui) };
    if let Some(asking) = &mut state.asking {
        let chart = made.plots.charts.iter().find(|chart| asking.is_for(chart.kind));
        let (open, picture) = save::ask(ui.ctx(), asking, chart, &sheet, sender);
        if !open {
            state.asking = None;
        }
        if picture.is_some() {
            state.picture = picture;
        }
    }
}

/// Whether the run's lists are to be read: it is over, and its filter is on or somebody named the column to sweep by.
fn wants_sweep(session: &Session, board: &Board) -> bool {
    let runs = session.runs();
    let under_way = board.state() == RunState::Running && runs.live().is_some();
    let policy = board.header().definition.policy.as_ref();
    let of_use = policy.is_some_and(|policy| policy.confidence.on || !policy.confidence.expected.is_empty());
    of_use && !under_way && runs.rows().is_some() && runs.sweep().is_none()
}

fn nothing(session: &Session, sender: &CommandSender, ui: &mut Ui) {
    if session.runs().is_reading() {
        widgets::empty(ui, icons::ICON_BAR_CHART, "Reading the run…", "Its charts stand here in a moment.", None);
        return;
    }
    let project = session.selection().project.as_ref();
    if let Some(run) = session.runs().recorded().iter().find(|run| Some(&run.header.project) == project) {
        let about = "The chosen experiment has not been run yet. Another one of this project has.";
        if widgets::empty(ui, icons::ICON_BAR_CHART, "No run of this experiment", about, Some("Show the last run")) {
            sender.send(Command::OpenRun(run.header.id.clone()));
        }
        return;
    }
    let about =
        "When an experiment has been run, its success, cost and latency are drawn here, for each variant and model.";
    if widgets::empty(ui, icons::ICON_BAR_CHART, "No run to plot", about, Some("Go to Experiment")) {
        sender.send(Command::Go(Route::Experiment));
    }
}

/// Makes the charts anew where what they stand on has changed; while a run is under way, a few times a second.
fn make(session: &Session, state: &mut State, board: &Board, ui: &Ui) {
    let of = Source {
        run: board.header().id.clone(),
        revision: board.revision(),
        recorded: session.runs().recorded().len(),
        targets: state.targets,
        swept: (session.runs().sweep().flatten().is_some(), state.swept),
    };
    let now = ui.input(|input| input.time);
    if let Some(made) = &state.made {
        if made.of == of {
            return;
        }
        let only_grown = made.of.run == of.run && made.of.targets == of.targets && session.runs().live().is_some();
        let age = now - made.when;
        if only_grown && age < PACE.as_secs_f64() {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(PACE.as_secs_f64() - age));
            return;
        }
    }
    let mut plots = data::plots(board, session.runs().recorded(), state.targets);
    if let Some(swept) = session.runs().sweep().flatten() {
        let chosen = state.swept.filter(|column| swept.columns.contains_key(column));
        let first = || swept.columns.keys().next().copied().unwrap_or_default();
        plots.charts.extend(sweep::charts(board, swept, chosen.unwrap_or_else(first)));
    }
    state.made = Some(Made { of, when: now, plots });
}

/// The run in a line.
fn run_words(board: &Board) -> String {
    let header = board.header();
    format!("{} · {} · {}", header.experiment, format::when(header.started_at), header.id)
}

fn head(ui: &mut Ui, session: &Session, state: &mut State, board: &Board, sender: &CommandSender) {
    let header = board.header();
    let totals = board.totals();
    let start = |ui: &mut Ui| {
        widgets::title(ui, "Plots");
        ui.add_space(8.0);
        run_picker(ui, session, board, sender);
        if header.scripted() {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        }
        let without = totals.unscored + totals.errored;
        if without > 0 {
            let words = format!("{} without a verdict", format::count(without));
            widgets::pill(ui, Tone::Warning, &words)
                .on_hover_text("Unscored or errored: in no rate, and in no failure.");
        }
        let (ended, all) = (board.ended(), board.trials());
        if ended < all {
            widgets::pill(ui, Tone::Neutral, &format!("{} of {} trials", format::count(ended), format::count(all)));
        } else {
            widgets::faint(ui, &format!("{} trials", format::count(all)));
        }
    };
    widgets::ends(ui, "plots", start, |ui| targets(ui, &mut state.targets));
    ui.add_space(2.0);
    if let Some(made) = &state.made {
        draw::legend(ui, &made.plots.legend);
    }
    ui.add_space(4.0);
}

fn run_picker(ui: &mut Ui, session: &Session, board: &Board, sender: &CommandSender) {
    let header = board.header();
    let mut runs: Vec<(RunId, String)> = session
        .runs()
        .recorded()
        .iter()
        .filter(|run| run.header.project == header.project)
        .map(|run| {
            (run.header.id.clone(), format!("{} · {}", run.header.experiment, format::when(run.header.started_at)))
        })
        .collect();
    if !runs.iter().any(|(id, _)| *id == header.id) {
        runs.insert(0, (header.id.clone(), format!("{} · now", header.experiment)));
    }
    ui.scope(|ui| {
        ui.set_max_width(280.0);
        if let Some(run) = widgets::picker(ui, "Run", Some(&header.id), format::told_apart(runs)) {
            sender.send(Command::OpenRun(run));
        }
    });
}

/// Fields for the latencies that one wants to stay below. Drawn from the right.
fn targets(ui: &mut Ui, targets: &mut Targets) {
    for (name, ms) in [("p95 target", &mut targets.p95), ("p50 target", &mut targets.p50)] {
        let mut seconds = *ms / 1e3;
        let field = DragValue::new(&mut seconds).range(0.01..=600.0).speed(0.05).max_decimals(2).suffix(" s");
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::drag_value(true, *ms / 1e3));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        if response.on_hover_text(format!("{name} of latency, in seconds")).changed() {
            *ms = seconds * 1e3;
        }
        widgets::small(ui, name);
        ui.add_space(4.0);
    }
}

/// What all cards need.
struct Page<'a> {
    session: &'a Session,
    sender: &'a CommandSender,
    run: &'a str,
}

impl Page<'_> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few cards"
    )]
    fn cards(&self, ui: &mut Ui, state: &mut State, window: f32) {
        let Some(made) = state.made.take() else { return };
        let room = ui.available_width();
        let across = ((room / 540.0).floor() as usize).clamp(1, 3);
        let width = (room - GAP * (across - 1) as f32) / across as f32;
        let height = ((window - 118.0) / 2.0 - GAP).clamp(270.0, 420.0);
        for row in made.plots.charts.chunks(across) {
            let start = ui.cursor().min;
            for (index, chart) in row.iter().enumerate() {
                let corner = pos2(start.x + (width + GAP) * index as f32, start.y);
                let area = Rect::from_min_size(corner, vec2(width, height));
                let mut inner = ui.new_child(UiBuilder::new().max_rect(area).id_salt(chart.kind));
                self.card(&mut inner, state, &made.plots, chart, area);
            }
            ui.allocate_space(vec2(room, height + GAP));
        }
        state.made = Some(made);
    }

    fn card(&self, ui: &mut Ui, state: &mut State, plots: &Plots, chart: &Chart, area: Rect) {
        let theme = Theme::of(ui);
        // A picture stands alone: it says of which run it is, and whose colours and shapes these are.
        let pictured = state.picture.as_ref().is_some_and(|picture| picture.kind == chart.kind);
        Frame::new()
            .fill(theme.grounds.surface)
            .stroke(Stroke::new(1.0, theme.lines.border))
            .corner_radius(theme.size.radius.card)
            .inner_margin(Margin::symmetric(14, 10))
            .show(ui, |ui| {
                ui.set_width(area.width() - 30.0);
                ui.set_height(area.height() - 22.0);
                ui.spacing_mut().item_spacing.y = 0.0;
                self.card_head(ui, state, plots, chart, pictured);
                if chart.items.is_empty() {
                    drop(widgets::muted(ui, &chart.about));
                    return;
                }
                about(ui, chart);
                if pictured {
                    draw::legend(ui, &plots.legend);
                }
                ui.add_space(4.0);
                let height = ui.available_height();
                let at = state.at.entry(chart.kind).or_default();
                match draw::show(ui, chart, height, at) {
                    Some(Leads::Column(column)) => {
                        self.sender.send(Command::SelectTrial(first_trial(self.session, column)));
                        self.sender.send(Command::Go(Route::Results));
                    }
                    Some(Leads::Run(run)) => self.sender.send(Command::OpenRun(run)),
                    None => {}
                }
            });
        if let Some(picture) = state.picture.as_mut().filter(|_| pictured)
            && save::take(ui, picture, area, self.sender)
        {
            state.picture = None;
        }
    }

    fn card_head(&self, ui: &mut Ui, state: &mut State, plots: &Plots, chart: &Chart, pictured: bool) {
        ui.horizontal(|ui| {
            ui.set_min_height(Theme::of(ui).size.control);
            widgets::heading(ui, chart.kind.title());
            if plots.scripted && pictured {
                widgets::pill(ui, Tone::Info, "Scripted, not a model");
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if pictured {
                    widgets::faint(ui, self.run);
                    return;
                }
                let name = format!("Save {}", chart.kind.title());
                if matches!(chart.kind, Kind::Confidence | Kind::CriticalConfidence) {
                    self.swept_column(ui, state, chart.kind);
                }
                if !chart.items.is_empty() && widgets::icon_button(ui, icons::ICON_DOWNLOAD, &name).clicked() {
                    let root = self.session.workspace().map_or(Path::new(""), |workspace| &workspace.root);
                    let run = self.session.runs().shown().map(ToString::to_string).unwrap_or_default();
                    state.asking = Some(Asking::new(chart.kind, root, &run));
                }
            });
        });
    }
}

impl Page<'_> {
    /// Which column's lists are swept, where several have any.
    fn swept_column(&self, ui: &mut Ui, state: &mut State, kind: Kind) {
        let runs = self.session.runs();
        let (Some(board), sweep) = (runs.board(), runs.sweep().flatten()) else { return };
        let columns = sweep::columns(board, sweep);
        if columns.len() < 2 {
            return;
        }
        let chosen = state.swept.or_else(|| Some(columns.first()?.0));
        let name = format!("Column of {}", kind.title().to_lowercase());
        if let Some(column) = widgets::picker(ui, &name, chosen.as_ref(), columns) {
            state.swept = Some(column);
        }
    }
}

/// What a chart shows, on one line; a sweep's has figures of its own, and two.
fn about(ui: &mut Ui, chart: &Chart) {
    if !matches!(chart.kind, Kind::Confidence | Kind::CriticalConfidence) {
        widgets::faint(ui, &chart.about).on_hover_text(&chart.about);
        return;
    }
    let theme = Theme::of(ui);
    let font = FontId::proportional(theme.size.text.small);
    let mut job = LayoutJob::simple(chart.about.clone(), font, theme.texts.faint, ui.available_width());
    job.wrap.max_rows = 2;
    ui.add(Label::new(job)).on_hover_text(&chart.about);
}

/// The first trial of a column, so that Results shows that column.
fn first_trial(session: &Session, column: usize) -> Option<TrialRef> {
    let models = session.runs().board()?.header().models.len().max(1);
    let (variant, model) = (u16::try_from(column / models).ok()?, u16::try_from(column % models).ok()?);
    Some(TrialRef { case: 0, variant, model, repeat: 0 })
}
