//! Checks as in promptfoo: found in the menu, filled in, wrong JSON, sets.

use egui_kittest::kittest::Queryable;
use serde_json::{Value, json};
use strata::domain::{Assertion, AssertionKind, Check, CheckKind};
use strata::session::{Command, Route};

use crate::support::Window;

fn open() -> Window {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Experiment);
    window
}

/// Scrolls a control into sight and presses it.
fn press(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).scroll_to_me();
    window.steps();
    window.steps();
    window.click(name);
}

fn write(window: &mut Window, name: &str, text: &str) {
    window.harness.get_by_label(name).scroll_to_me();
    window.harness.get_by_label(name).focus();
    window.steps();
    window.harness.get_by_label(name).type_text(text);
    window.steps();
}

fn checks(window: &mut Window) -> Vec<Check> {
    window.harness.state_mut().session().experiment().unwrap().checks.clone()
}

fn last(window: &mut Window) -> Assertion {
    match checks(window).pop().unwrap().kind {
        CheckKind::Assertion(assertion) => *assertion,
        other => panic!("{other:?}"),
    }
}

/// Adds a check as in promptfoo, by its type.
fn add(window: &mut Window, menu: &str, kind: &str) {
    press(window, menu);
    window.harness.get_by_label("Find a check").type_text(kind);
    window.steps();
    window.click(&format!("Add {kind} as in promptfoo"));
}

#[test]
fn a_type_is_found_in_the_menu_and_filled_in_and_undo_takes_it_back() {
    let mut window = open();
    let before = checks(&mut window);
    add(&mut window, "Add check", "contains-any");
    write(&mut window, "Text", "tea");
    press(&mut window, "Add a text");
    write(&mut window, "Text 2", "coffee");
    assert_eq!(last(&mut window), Assertion::new(AssertionKind::ContainsAny, json!(["tea", "coffee"])));
    while checks(&mut window) != before {
        let depth = checks(&mut window);
        window.send(Command::Undo);
        assert_ne!(checks(&mut window), depth, "undo goes on");
    }
}

#[test]
fn what_is_not_json_yet_stays_in_its_field_and_changes_nothing() {
    let mut window = open();
    add(&mut window, "Add check", "is-json");
    write(&mut window, "JSON Schema, or none", "{\"type\"");
    assert_eq!(last(&mut window).value, Value::Null);
    assert!(window.sees_part("Not JSON yet"));
    write(&mut window, "JSON Schema, or none", ": \"array\"}");
    assert_eq!(last(&mut window).value, json!({"type": "array"}));
    assert!(!window.sees_part("Not JSON yet"));
}

#[test]
fn the_form_has_the_fields_that_the_type_has() {
    let mut window = open();
    add(&mut window, "Add check", "word-count");
    assert!(window.sees("At least") && window.sees("At most") && !window.sees("Grader model"));
    press(&mut window, "How many words: Exactly");
    assert_eq!(last(&mut window).value, json!(100));
    add(&mut window, "Add check", "g-eval");
    assert!(window.sees("Grader model") && window.sees("Passes from score"));
    press(&mut window, "Tell the grader in your own words");
    write(&mut window, "What the grader is told", "Be kind.");
    assert_eq!(last(&mut window).prompt, json!("Be kind."));
}

#[test]
fn each_type_chooses_the_models_that_it_asks() {
    let mut window = open();
    let model = window.harness.state_mut().session().experiment().unwrap().models[0].clone();
    let mut pick = |kind: &str, picker: &str, others: &[&str]| {
        add(&mut window, "Add check", kind);
        assert!(!others.iter().any(|other| window.sees(other)), "{kind} has one of {others:?}");
        press(&mut window, picker);
        window.harness.query_all_by_label_contains(&format!("{model} (")).last().unwrap().click();
        window.steps();
        let made = last(&mut window);
        window.send(Command::Undo);
        window.send(Command::Undo);
        (made.model, made.embedder)
    };
    let chosen = Some(model.clone());
    assert_eq!(
        pick("similar:cosine", "Model for vectors", &["Grader model", "Model for labels"]),
        (None, chosen.clone())
    );
    let others = &["Grader model", "Model for vectors", "Tell the grader in your own words"];
    assert_eq!(pick("moderation", "Model for labels", others), (chosen.clone(), None));
    assert_eq!(pick("answer-relevance", "Model for vectors", &["Model for labels"]).1, chosen);
}

#[test]
fn checks_of_a_set_are_added_moved_and_deleted_inside_it() {
    let mut window = open();
    let number = checks(&mut window).len() + 1;
    press(&mut window, "Add check");
    window.harness.get_by_label("Find a check").type_text("set threshold");
    window.steps();
    window.click("Add Set check");
    let menu = format!("Add check to set {number}");
    for kind in ["icontains", "latency"] {
        add(&mut window, &menu, kind);
    }
    let inside = |window: &mut Window| match checks(window).pop().unwrap().kind {
        CheckKind::Set(set) => set.checks.iter().map(|check| check.kind.name().to_owned()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(inside(&mut window), ["icontains", "latency"]);
    press(&mut window, &format!("Move check {number}.2 up"));
    assert_eq!(inside(&mut window), ["latency", "icontains"]);
    press(&mut window, &format!("Delete check {number}.1"));
    assert_eq!(inside(&mut window), ["icontains"]);
    press(&mut window, &menu);
    window.harness.get_by_label("Find a check").type_text("set");
    window.steps();
    assert!(!window.sees("Add Set check"), "a set holds no set");
}
