//! The palette, the shortcuts, undo, and saving.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use strata::domain::{Definition, DefinitionKey, ProjectSpec};
use strata::session::{Command, Route};

use crate::support::Window;

#[test]
fn the_palette_finds_a_command_and_gives_it() {
    let mut window = Window::open();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps();
    window.harness.get_by_label("Search commands").type_text("go plots");
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    assert_eq!(window.harness.state_mut().session().route(), Route::Plots);
    assert!(!window.harness.state_mut().session().palette());
}

#[test]
fn escape_closes_the_palette() {
    let mut window = Window::new();
    window.click("Command palette");
    assert!(window.harness.state_mut().session().palette());
    window.harness.key_press(Key::Escape);
    window.steps();
    assert!(!window.harness.state_mut().session().palette());
}

#[test]
fn digits_with_ctrl_lead_to_the_screens() {
    let mut window = Window::open();
    for (key, route) in [(Key::Num2, Route::Build), (Key::Num5, Route::Results), (Key::Num1, Route::Home)] {
        window.harness.key_press_modifiers(Modifiers::COMMAND, key);
        window.steps();
        assert_eq!(window.harness.state_mut().session().route(), route);
    }
}

#[test]
fn an_edit_is_undone_redone_and_saved() {
    let mut window = Window::open();
    let key = DefinitionKey::Project("triage".into());
    let title = |window: &mut Window| spec(window, &key).title.clone();
    let before = title(&mut window);
    let renamed = ProjectSpec { title: "Renamed".to_owned(), ..(*spec(&mut window, &key)).clone() };
    window.send(Command::Edit { key: key.clone(), definition: Some(Definition::Project(Arc::new(renamed))) });
    assert_eq!(title(&mut window), "Renamed");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps();
    assert_eq!(title(&mut window), before);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.steps();
    assert_eq!(title(&mut window), "Renamed");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.until("the edit is on disk", |app| app.session().unsaved() == 0);
    let file = std::fs::read_to_string(window.root.join(key.path())).unwrap();
    assert!(file.contains("Renamed"), "{file}");
}

#[test]
fn the_primary_action_runs_the_experiment_and_says_what_it_costs() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("the estimate is there", |app| app.session().offer().is_some());
    let offer = window.harness.state_mut().session().offer().unwrap();
    window.click(&format!("Run {} trials ≈ {}", offer.trials, offer.cost.unwrap()));
    window.until("the run is over and listed", |app| {
        let runs = app.session().runs();
        runs.live().is_none() && runs.recorded().first().is_some_and(|run| run.ended() == offer.trials)
    });
    assert_eq!(window.harness.state_mut().session().runs().board().unwrap().totals().ended(), offer.trials);
    window.go(Route::Home);
    let run = window.harness.state_mut().session().runs().recorded()[0].header.id.clone();
    assert!(window.sees(&format!("Show run {run}")));
}

fn spec(window: &mut Window, key: &DefinitionKey) -> Arc<ProjectSpec> {
    match window.harness.state_mut().session().workspace().unwrap().get(key) {
        Some(Definition::Project(spec)) => spec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_run_by_a_few_scattered_letters() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("the estimate is there", |app| app.session().offer().is_some());
    for text in ["", "rexp", "nt"] {
        window.send(Command::ShowPalette(true));
        if !text.is_empty() {
            window.harness.get_by_label("Search commands").type_text(text);
            window.steps();
        }
        window.harness.key_press(Key::Enter);
        window.steps();
        assert!(window.harness.state_mut().session().runs().live().is_none(), "{text:?} ran the experiment");
        window.send(Command::ShowPalette(false));
    }
}
