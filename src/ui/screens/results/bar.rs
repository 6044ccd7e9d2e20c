//! Which rows are wanted.

use std::sync::Arc;

use egui::Ui;
use egui_material_icons::icons;

use super::filter::{Filters, Which};
use super::screen::State;
use crate::analysis::Board;
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::{format, widgets};

pub(super) fn show(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    take_search(session, state);
    let before = state.filters.clone();
    let (shown, all) = (state.rows.len() as u64, u64::from(board.header().cases));
    let count = if shown == all {
        format!("{} cases", format::count(all))
    } else {
        format!("{} of {} cases", format::count(shown), format::count(all))
    };
    let filters = |ui: &mut Ui| {
        if let Some(which) = widgets::segmented(ui, "Show", state.filters.which, &Which::choices(board)) {
            state.filters.which = which;
        }
        checks(board, &mut state.filters, ui);
        tags(session, &mut state.filters, ui);
        search(session, state, sender, ui);
        if !state.filters.is_all() && widgets::icon_button(ui, icons::ICON_FILTER_ALT_OFF, "Clear filters").clicked() {
            clear(state, sender);
        }
    };
    widgets::ends(ui, "filters", filters, |ui| drop(widgets::small(ui, &count)));
    if state.filters != before {
        state.page = 0;
        state.follow = true;
    }
}

/// Shows every row again.
pub(super) fn clear(state: &mut State, sender: &CommandSender) {
    state.filters = Filters::default();
    if !state.text.is_empty() {
        state.text.clear();
        sender.send(Command::SearchOutputs(String::new()));
    }
}

fn checks(board: &Board, filters: &mut Filters, ui: &mut Ui) {
    let checks = &board.header().definition.checks;
    if checks.is_empty() {
        return;
    }
    let any = std::iter::once((None, "Any check".to_owned()));
    let each = checks.iter().enumerate().take(32).map(|(at, check)| (Some(at), format!("{} failed", check.metric())));
    if let Some(check) = widgets::picker(ui, "Failed check", Some(&filters.check), any.chain(each)) {
        filters.check = check;
    }
}

fn tags(session: &Session, filters: &mut Filters, ui: &mut Ui) {
    let Some(rows) = session.runs().rows().filter(|rows| !rows.tags().is_empty()) else { return };
    let any = std::iter::once((None, "Any tag".to_owned()));
    let each = rows.tags().iter().enumerate().map(|(at, tag)| (Some(at), tag.clone()));
    if let Some(tag) = widgets::picker(ui, "Tag", Some(&filters.tag), any.chain(each)) {
        filters.tag = tag;
    }
}

fn search(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let entered = widgets::search(ui, "Find in answers", "Find in answers", &mut state.text);
    let sought = session.runs().search().map_or("", |search| search.text.as_str());
    let emptied = state.text.trim().is_empty() && !sought.is_empty();
    if (entered && state.text.trim() != sought) || emptied {
        sender.send(Command::SearchOutputs(state.text.trim().to_owned()));
    }
    if session.runs().search().is_some_and(|search| search.trials.is_none()) {
        widgets::small(ui, "Searching…");
    }
}

/// The cases of the answers that were found become a filter.
fn take_search(session: &Session, state: &mut State) {
    let Some(trials) = session.runs().search().and_then(|search| search.trials.as_ref()) else {
        if session.runs().search().is_none() {
            state.filters.found = None;
        }
        return;
    };
    let mut last = None;
    let mut cases: Vec<u32> =
        trials.iter().map(|trial| trial.case).filter(|case| last.replace(*case) != Some(*case)).collect();
    if state.filters.found.as_deref() != Some(&cases) {
        cases.sort_unstable();
        cases.dedup();
        state.filters.found = Some(Arc::new(cases));
    }
}
