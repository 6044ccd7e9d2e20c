//! Build: the stack is edited, a case is previewed and tried.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use strata::domain::{Content, Prompt, TierPolicy};
use strata::session::{Command, Route, TryState};

use crate::support::{Window, cases, record};

fn build() -> Window {
    let mut window = Window::open();
    window.go(Route::Build);
    window.until("the preview is made", |app| app.session().previews().shown().is_some());
    window
}

fn prompt(window: &mut Window) -> Arc<Prompt> {
    window.harness.state_mut().session().prompt().unwrap().clone()
}

fn layers(window: &mut Window) -> Vec<String> {
    prompt(window).layers.iter().map(|layer| layer.id.to_string()).collect()
}

#[test]
fn a_layer_is_added_written_and_taken_away() {
    let mut window = build();
    let before = layers(&mut window);
    window.click("Add layer");
    window.click("Add Text");
    assert_eq!(layers(&mut window).len(), before.len() + 1);
    window.harness.get_by_role_and_label(Role::MultilineTextInput, "Text").focus();
    window.steps();
    window.harness.get_by_role_and_label(Role::MultilineTextInput, "Text").type_text("Be kind.");
    window.steps();
    let written = prompt(&mut window).layers.iter().any(|layer| match &layer.content {
        Content::Text(text) => text.text == "Be kind.",
        _ => false,
    });
    assert!(written);
    window.click("Delete this layer");
    assert_eq!(layers(&mut window), before);
}

#[test]
fn a_layer_moves_by_keyboard_and_switches_off() {
    let mut window = build();
    let before = layers(&mut window);
    let second = prompt(&mut window).layers.get(1).map(|layer| layer.name().to_owned());
    let Some(second) = second else {
        window.click("Add layer");
        return;
    };
    window.click(&format!("Layer {second}"));
    window.harness.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    window.steps();
    assert_eq!(layers(&mut window)[0], before[1]);
    window.click(&format!("{second} is on"));
    assert!(!prompt(&mut window).layers[0].on);
}

#[test]
fn a_layer_at_an_end_of_the_stack_moves_no_further() {
    let mut window = build();
    let able = |window: &Window, name: &str| {
        !window.harness.get_by_role_and_label(Role::MenuItem, name).accesskit_node().is_disabled()
    };
    window.click("Add layer");
    window.click("Add Text");
    let all: Vec<String> = prompt(&mut window).layers.iter().map(|layer| layer.name().to_owned()).collect();
    for (layer, up, down) in [(&all[0], false, true), (&all[all.len() - 1], true, false)] {
        window.click(&format!("Layer {layer}"));
        window.click("More about this layer");
        assert_eq!((able(&window, "Move up"), able(&window, "Move down")), (up, down), "{layer}");
        window.harness.key_press(Key::Escape);
        window.steps();
    }
}

#[test]
fn a_misspelt_variable_is_told_and_leads_to_its_layer() {
    let mut window = build();
    window.click("Add layer");
    window.click("Add Text");
    window.harness.get_by_role_and_label(Role::MultilineTextInput, "Text").focus();
    window.steps();
    window.harness.get_by_role_and_label(Role::MultilineTextInput, "Text").type_text("{{ bodi }}");
    window.until("the problem is found", |app| {
        app.session().previews().shown().is_some_and(|preview| !preview.problems.is_empty())
    });
    window.click("Prompt settings");
    window.click("Preview: Problems 1");
    window.click("Problem: `bodi` is not declared as a variable of the prompt.");
    assert!(window.harness.query_by_role_and_label(Role::MultilineTextInput, "Text").is_some());
}

#[test]
fn the_arrows_step_through_the_cases() {
    let mut window = build();
    window.click("Next case");
    window.until("the second case is shown", |app| {
        let shown = app.session().previews().shown();
        shown.and_then(|preview| preview.case.as_ref()).is_some_and(|case| case.row == 1)
    });
    window.click("Previous case");
    assert_eq!(window.harness.state_mut().session().previews().case(), 0);
}

#[test]
fn a_case_is_tried_and_its_answer_shown() {
    let mut window = build();
    window.until("the records are open", |app| app.session().jobs().running().is_empty());
    window.harness.get_by_label_contains("Send 1 call").click();
    window.steps();
    window.until("the answer is there", |app| {
        matches!(app.session().tried().map(|tried| &tried.state), Some(TryState::Ended(_)))
    });
    assert!(window.sees("Scripted, not a model"));
    assert!(window.sees("finished"));
}

#[test]
fn tiers_of_a_variant_are_set_by_hand_and_fitted_to_a_run() {
    let mut window = Window::prepared(|root| {
        record(root, &cases("triage", 16));
    });
    window.go(Route::Build);
    window.send(Command::SelectVariant("layered".into()));
    window.until("the runs are listed", |app| !app.session().runs().recorded().is_empty());
    let tiers = |window: &mut Window| window.harness.state_mut().session().variant().unwrap().tiers.clone();
    window.click("Variant settings");
    switch(&mut window, "Tiers of models");
    let by_hand = tiers(&mut window).unwrap();
    let names = |policy: &TierPolicy| policy.tiers.iter().map(|tier| tier.model.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&by_hand), ["swift"], "the cheapest");
    press(&mut window, "Add a tier");
    assert_eq!(names(&tiers(&mut window).unwrap()), ["swift", "sage"]);
    press(&mut window, "Remove tier 2");
    // So much may be lost that any cheaper model does.
    margin(&mut window, "100");
    press(&mut window, "Fit tiers to the run");
    window.until("tiers are fitted", |app| app.session().tier_fit().is_some_and(|fit| fit.outcome.is_some()));
    let outcome = window.harness.state_mut().session().tier_fit().unwrap().outcome.clone();
    let fitted = outcome.unwrap().unwrap();
    let own = fitted.iter().find(|fitted| fitted.variant.as_str() == "layered").unwrap();
    assert!(own.cases > 8 && window.sees_part(" cases"), "{own:?}");
    let found = own.tiers().unwrap_or_else(|| panic!("{:?}", own.sentences()));
    press(&mut window, "Take these tiers");
    assert_eq!(tiers(&mut window).unwrap().tiers, found);
    assert!(window.sees("These are the variant's tiers."));
    margin(&mut window, "50");
    assert!(!window.sees("These are the variant's tiers."), "that was another margin's fit");
    margin(&mut window, "100");
    assert!(window.sees("These are the variant's tiers."));
    end_burst(&mut window);
    press(&mut window, "Remove tier 1");
    assert_eq!(tiers(&mut window).unwrap().tiers.len(), found.len() - 1);
    window.send(Command::Undo);
    assert_eq!(tiers(&mut window).unwrap().tiers, found);
}

/// The next edit is a step of its own, however soon it follows.
fn end_burst(window: &mut Window) {
    window.send(Command::Undo);
    window.send(Command::Redo);
}

fn margin(window: &mut Window, points: &str) {
    let name = "Points of success that tiers may lose";
    window.harness.get_by_label(name).scroll_to_me();
    window.harness.get_by_label(name).focus();
    window.steps();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps();
    window.harness.get_by_label(name).type_text(points);
    window.steps();
}

fn switch(window: &mut Window, name: &str) {
    window.harness.get_by_role_and_label(Role::Switch, name).scroll_to_me();
    window.steps();
    window.steps();
    window.harness.get_by_role_and_label(Role::Switch, name).click();
    window.steps();
}

/// Scrolls a control into sight and presses it.
fn press(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).scroll_to_me();
    window.steps();
    window.steps();
    window.click(name);
}
