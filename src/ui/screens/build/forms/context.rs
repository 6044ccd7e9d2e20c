//! The form of a Context: five parts, each of which can be left out.

use egui::Ui;

use crate::domain::{Context, HistoryWindow, Limits, Retrieved, Session, Turns, Usd, User};
use crate::ui::screens::build::fields::{Fields, caption, optional};
use crate::ui::screens::build::values;
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, fields: &Fields<'_>, layer: &mut Context) {
    optional(ui, "User", &mut layer.user, User::default, |ui, user| {
        fields.template(ui, "User id", "user.id", &mut user.id, 1);
        fields.template(ui, "Tier", "user.tier", &mut user.tier, 1);
        fields.map(ui, "Preferences", "user.preferences", &mut user.preferences);
    });
    optional(ui, "Session", &mut layer.session, Session::default, |ui, session| {
        fields.template(ui, "Session id", "session.id", &mut session.id, 1);
        fields.template(ui, "Started at", "session.started_at", &mut session.started_at, 1);
        fields.template(ui, "Turns so far", "session.turn_count", &mut session.turn_count, 1);
        fields.template(ui, "Current task", "session.current_task", &mut session.current_task, 2);
    });
    let window = || HistoryWindow { variable: String::new(), last: 5, max_tokens: None, form: Turns::Block };
    optional(ui, "Conversation so far", &mut layer.history, window, |ui, history| {
        fields.variable(ui, "Variable of the turns", "history", &mut history.variable);
        turns(ui, fields, "the conversation", &mut history.last, &mut history.max_tokens);
        form(ui, "Conversation", &mut history.form);
    });
    let retrieved = || Retrieved { variable: String::new(), max_tokens: None, min_relevance: None };
    optional(ui, "Documents", &mut layer.retrieved, retrieved, |ui, documents| {
        fields.variable(ui, "Variable of the documents", "retrieved", &mut documents.variable);
        ui.horizontal(|ui| {
            values::number(ui, fields.id, "Most of documents", "tokens", &mut documents.max_tokens);
            values::number(ui, fields.id, "Least relevance", "0–1", &mut documents.min_relevance);
        });
    });
    optional(ui, "Limits", &mut layer.constraints, Limits::default, |ui, limits| {
        ui.horizontal(|ui| {
            values::number(ui, fields.id, "Answer", "tokens", &mut limits.max_tokens);
            values::number(ui, fields.id, "Time", "ms", &mut limits.timeout_ms);
            let mut dollars = limits.cost_budget.map(Usd::dollars);
            values::number(ui, fields.id, "Cost", "US$", &mut dollars);
            limits.cost_budget = dollars.and_then(Usd::from_dollars);
        });
        widgets::small(ui, "The model is told these; what a run may spend is set in its experiment.");
    });
    fields.other_problems(ui, &["user", "session", "history", "retrieved"]);
}

/// How many turns go in.
pub(super) fn turns(ui: &mut Ui, fields: &Fields<'_>, what: &str, last: &mut u32, most: &mut Option<u32>) {
    ui.horizontal(|ui| {
        let mut turns = Some(*last);
        values::number(ui, fields.id.with(what), "Last turns", "", &mut turns);
        *last = turns.unwrap_or(*last);
        values::number(ui, fields.id.with(what), "At most", "tokens", most);
    });
}

/// As text in the layer, or as real messages.
pub(super) fn form(ui: &mut Ui, what: &str, form: &mut Turns) {
    caption(ui, "Go in as");
    let choices = [(Turns::Block, "Text in the layer"), (Turns::Messages, "Real messages")];
    if let Some(picked) = widgets::segmented(ui, what, *form, &choices) {
        *form = picked;
    }
}
