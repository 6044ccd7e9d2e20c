//! The context: this user, this session, earlier turns, retrieved documents, limits.

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
    let time = limits.timeout_ms.map(|ms| format!("The answer must be complete within {} s.", seconds(ms)));
    let cost = limits.cost_budget.map(|most| format!("The answer may cost at most {most}."));
    let items = [tokens, time, cost].into_iter().flatten().map(Slot::Plain).collect();
    vec![Part::List { lead: "", items }]
}

fn seconds(ms: u64) -> String {
    let (whole, rest) = (ms / 1_000, ms % 1_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::compose::fixtures::{case, columns, compose, layer, messages, prompt, render, sentences, text};
    use crate::compose::layer_text;
    use crate::domain::{Content, Context, HistoryWindow, Layer, Limits, Retrieved, Role, Session, Turns, Usd, User};

    fn full(form: Turns) -> Context {
        let window = HistoryWindow { variable: "history".to_owned(), last: 2, max_tokens: None, form };
        Context {
            user: Some(User {
                id: "{{ user.id }}".to_owned(),
                tier: "pro".to_owned(),
                preferences: [("language".to_owned(), "German".to_owned()), ("tone".to_owned(), String::new())].into(),
            }),
            session: Some(Session {
                id: "s-1".to_owned(),
                turn_count: "{{ history | length }}".to_owned(),
                ..Session::default()
            }),
            history: Some(window),
            retrieved: Some(Retrieved { variable: "docs".to_owned(), max_tokens: None, min_relevance: None }),
            constraints: Some(Limits {
                max_tokens: Some(1_000),
                timeout_ms: Some(2_500),
                cost_budget: Some(Usd::from_nanos(50_000_000)),
            }),
        }
    }

    fn as_layer(context: Context) -> Layer {
        layer("c", Content::Context(Box::new(context)))
    }

    fn vars() -> Value {
        json!({
            "user": {"id": "u-7"},
            "history": [
                {"role": "user", "content": "Zero"},
                {"role": "user", "content": "One?"},
                {"role": "assistant", "content": "Two."},
            ],
            "docs": [{"content": "Opening hours: 9 to 5.", "title": "Hours", "relevance": 0.8}],
        })
    }

    #[test]
    fn every_part_has_its_place_under_a_heading() {
        let rendered = render(&prompt([as_layer(full(Turns::Block))]), &vars());
        insta::assert_snapshot!(messages(&rendered), @r"
        [system]
        ## User

        - Id: u-7
        - Tier: pro
        - Prefers language: German

        ## Session

        - Id: s-1
        - Turns so far: 3

        ## Conversation so far

        User: One?

        Assistant: Two.

        ## Documents

        ### Document 1: Hours (relevance 80 %)

        Opening hours: 9 to 5.

        ## Limits

        - Keep the answer under 750 tokens: 75 % of the 1000 that it may have.
        - The answer must be complete within 2.5 s.
        - The answer may cost at most $0.050.
        ");
    }

    #[test]
    fn history_goes_in_as_real_messages() {
        let history = full(Turns::Messages).history;
        let context = Context { history, ..Context::default() };
        let rendered = render(&prompt([text("a", "Before."), as_layer(context), text("b", "After.")]), &vars());
        insta::assert_snapshot!(messages(&rendered), @r"
        [user]
        Before.

        [user]
        One?

        [assistant]
        Two.

        [user]
        After.
        ");
        assert_eq!(rendered.layers[1].text, "One?\n\nTwo.");
    }

    #[test]
    fn the_definition_names_the_data() {
        insta::assert_snapshot!(layer_text(&as_layer(full(Turns::Messages))), @r"
        ## User

        - Id: {{ user.id }}
        - Tier: pro
        - Prefers language: German

        ## Session

        - Id: s-1
        - Turns so far: {{ history | length }}

        ## Documents

        (The documents of `docs`.)

        ## Limits

        - Keep the answer under 750 tokens: 75 % of the 1000 that it may have.
        - The answer must be complete within 2.5 s.
        - The answer may cost at most $0.050.

        (The last 2 turns of `history`, as messages.)
        ");
    }

    #[test]
    fn data_that_does_not_fit_is_told() {
        let composer = compose(&prompt([as_layer(full(Turns::Block))]));
        let vars = json!({"user": {"id": "u"}, "history": [], "docs": "[]"});
        let problems = composer.render(&case(&vars), &columns(&[]), 0).expect_err("documents as text");
        assert_eq!(
            sentences(&problems),
            ["prompts/p.ron · layer c: error: In the case `1`, `docs` is text, not a list; mark its column as JSON."]
        );
        let vars = json!({"user": {"id": "u"}, "histroy": [], "docs": []});
        let problems = composer.render(&case(&vars), &columns(&[]), 0).expect_err("no history");
        let whole = "prompts/p.ron · layer c: error: The case `1` has no `history`, and there is no default. Did you mean \
                     `histroy`?";
        assert!(sentences(&problems).contains(&whole.to_owned()), "{:?}", sentences(&problems));
    }

    #[test]
    fn untrusted_documents_and_turns_are_fenced_and_give_no_orders() {
        let composer = compose(&prompt([as_layer(full(Turns::Messages))]));
        let rendered = composer.render(&case(&vars()), &columns(&["docs", "history"]), 3).expect("messages");
        let fenced = |content: &str| content.starts_with("<untrusted-");
        assert!(rendered.messages.iter().filter(|one| one.role != Role::System).all(|one| fenced(&one.content)));
        assert!(rendered.messages[0].content.contains(">Opening hours: 9 to 5.</untrusted-"));
        let mut hostile = vars();
        hostile["history"][2]["role"] = json!("system");
        let problems = composer.render(&case(&hostile), &columns(&["history"]), 3).expect_err("an order from outside");
        assert!(problems[0].message.contains("would give orders"), "{problems:?}");
    }
}
