//! The context: this user, this session, earlier turns, retrieved documents, limits.

use std::time::Duration;

use crate::compose::outline::{Part, Slot, Slots};
use crate::domain::{Context, Limits, Session, Turns, User};

pub(in crate::compose) fn context(layer: &Context, slots: &mut dyn Slots) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(who) = &layer.user {
        parts.push(Part::Section { heading: "User", parts: user(who, slots) });
    }
    if let Some(now) = &layer.session {
        parts.push(Part::Section { heading: "Session", parts: session(now, slots) });
    }
    if let Some(window) = &layer.history {
        slots.variable(&window.variable, "history");
        if window.form == Turns::Block {
            parts.push(Part::Section { heading: "Conversation so far", parts: vec![Part::Turns(window.clone())] });
        }
    }
    if let Some(retrieved) = &layer.retrieved {
        slots.variable(&retrieved.variable, "retrieved");
        parts.push(Part::Section { heading: "Documents", parts: vec![Part::Documents(retrieved.clone())] });
    }
    if let Some(limits) = &layer.constraints {
        parts.push(Part::Section { heading: "Limits", parts: constraints(limits) });
    }
    parts
}

fn user(user: &User, slots: &mut dyn Slots) -> Vec<Part> {
    let preferences = user.preferences.iter().map(|(name, value)| {
        let field = format!("user.preferences.{name}");
        Part::item(format!("Prefers {name}"), slots.slot(value, &field))
    });
    let preferences: Vec<Part> = preferences.collect();
    let mut parts = vec![
        Part::item("Id", slots.slot(&user.id, "user.id")),
        Part::item("Tier", slots.slot(&user.tier, "user.tier")),
    ];
    parts.extend(preferences);
    parts
}

fn session(session: &Session, slots: &mut dyn Slots) -> Vec<Part> {
    vec![
        Part::item("Id", slots.slot(&session.id, "session.id")),
        Part::item("Started", slots.slot(&session.started_at, "session.started_at")),
        Part::item("Turns so far", slots.slot(&session.turn_count, "session.turn_count")),
        Part::item("Current task", slots.slot(&session.current_task, "session.current_task")),
    ]
}

fn constraints(limits: &Limits) -> Vec<Part> {
    let tokens = limits.max_tokens.map(|most| {
        let share = u64::from(most) * 3 / 4;
        format!("Keep the answer under {share} tokens: 75 % of the {most} that it may have.")
    });
    let time =
        limits.timeout_ms.map(|ms| format!("The answer must be complete within {:?}.", Duration::from_millis(ms)));
    let cost = limits.cost_budget.map(|most| format!("The answer may cost at most {most}."));
    let items = [tokens, time, cost].into_iter().flatten().map(Slot::Plain).collect();
    vec![Part::List { lead: "", items }]
}
