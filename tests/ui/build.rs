//! Build: the stack is edited, a case is previewed and tried.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use strata::domain::{Content, Prompt};
use strata::session::{Route, TryState};

use crate::support::Window;

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
