//! Small windows and large text: nothing lies over anything else, nothing is out of reach.

use egui::{Rect, Role, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use strata::domain::{RunState, Usd};
use strata::session::launch::Wish;
use strata::session::{Command, Route};

use crate::support::{Window, cases, record};

/// Points of the smallest window at 100 %, of a usual window at 200 % text, and of the smallest one at 200 %.
const SIZES: [(f32, f32); 3] = [(800.0, 520.0), (640.0, 400.0), (400.0, 260.0)];

/// Points from the top that heads take.
const HEADS: f32 = 140.0;

struct Seen {
    name: String,
    place: Rect,
}

/// What can be pressed or typed into; of what is read, that which stands in the heads of window and screen, for further
/// down there is text behind the edge of what scrolls.
fn seen(window: &Window) -> Vec<Seen> {
    let kinds = [
        Role::Button,
        Role::CheckBox,
        Role::ComboBox,
        Role::Label,
        Role::Link,
        Role::RadioButton,
        Role::SpinButton,
        Role::Switch,
        Role::TextInput,
    ];
    let of = |node: egui_kittest::Node<'_>| {
        let inner = node.accesskit_node();
        let name = inner.label().or_else(|| inner.value()).unwrap_or_default();
        let place = kinds.contains(&inner.role()).then(|| node.rect())?;
        (inner.role() != Role::Label || place.bottom() < HEADS).then_some(Seen { name, place })
    };
    window.harness.query_all_by(|_| true).filter_map(of).filter(|seen| seen.place.is_positive()).collect()
}

/// Pairs on one line that lie over each other, though neither holds the other.
fn overlaps(all: &[Seen]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            let (a, b) = (one.place, other.place);
            let on_a_line = (a.center().y - b.center().y).abs() < 4.0;
            let over = a.intersect(b).width() > 3.0 && on_a_line;
            let holds = a.expand(1.0).contains_rect(b) || b.expand(1.0).contains_rect(a);
            if over && !holds {
                found.push(format!("{:?} {a:?} and {:?} {b:?}", one.name, other.name));
            }
        }
    }
    found
}

fn with_a_run() -> Window {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("the estimate is there", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is over", |app| {
        app.session().runs().live().is_none() && !app.session().runs().recorded().is_empty()
    });
    window
}

#[test]
fn nothing_lies_over_anything_else_on_any_screen() {
    let mut window = with_a_run();
    let mut found = Vec::new();
    for (width, height) in SIZES {
        window.harness.set_size(vec2(width, height));
        for route in Route::ALL {
            window.go(route);
            window.harness.run_steps(6);
            window.send(Command::DismissNotices);
            let pairs = overlaps(&seen(&window));
            found.extend(pairs.into_iter().map(|pair| format!("{route:?} at {width} × {height}: {pair}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// How the shown run stands lies over nothing at any size, and `button`, which does something about it, can be reached.
fn standing_fits(window: &mut Window, button: &str) {
    window.go(Route::Results);
    for (width, height) in SIZES {
        window.harness.set_size(vec2(width, height));
        window.harness.run_steps(6);
        window.send(Command::DismissNotices);
        let found = overlaps(&seen(window));
        // In the smallest window the head scrolls: what is behind its edge is no overlap.
        assert!(found.is_empty() || height < 300.0, "at {width} × {height}: {}", found.join("\n"));
        window.harness.get_by_role_and_label(Role::Button, button).scroll_to_me();
        window.harness.run_steps(6);
        let place = window.harness.get_by_role_and_label(Role::Button, button).rect();
        let between_the_bars = Rect::from_min_max(egui::pos2(0.0, 56.0), egui::pos2(width, height - 30.0));
        assert!(between_the_bars.contains_rect(place), "at {width} × {height}: {button} {place:?}");
    }
}

#[test]
fn a_run_that_is_paused_can_be_continued_at_any_size() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("triage".into()));
    window.until("the estimate is there", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is under way", |app| app.session().runs().live().is_some());
    window.send(Command::PauseRun);
    window.until("the run is paused", |app| app.session().runs().board().is_some_and(|board| board.paused().is_some()));
    standing_fits(&mut window, "Continue");
    window.harness.set_size(vec2(1280.0, 800.0));
    window.send(Command::CancelRun);
    window.until("the run is over", |app| app.session().runs().live().is_none());
    window.steps();
    let resume =
        |node: &egui_kittest::Node<'_>| node.accesskit_node().label().is_some_and(|name| name.ends_with(" trials"));
    let resume = window.harness.query_all_by_label_contains("Resume ").find(resume).unwrap().rect();
    assert!(resume.height() < 40.0, "the button has the room of the one before: {resume:?}");
}

#[test]
fn a_run_that_reached_its_budget_can_be_given_more_at_any_size() {
    let mut window = Window::prepared(|root| {
        let wish = Wish { budget: Usd::from_dollars(0.01), no_cache: true, ..cases("quick", 12) };
        assert_eq!(record(root, &wish), RunState::BudgetReached);
    });
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Results);
    window.until("what is left is estimated", |app| app.session().runs().rest().is_some());
    let budget = window.harness.state_mut().session().runs().rest().unwrap().budget;
    let button = format!("Raise the budget to ${} and go on", strata::ui::widgets::dollars(budget));
    standing_fits(&mut window, &button);
}

#[test]
fn a_version_is_whole_and_its_form_has_the_width_of_a_small_window() {
    let mut window = Window::open();
    window.go(Route::Release);
    window.until("the draft is made", |app| matches!(app.session().releases().draft(), Some(Ok(_))));
    for width in [800.0, 640.0, 400.0] {
        window.harness.set_size(vec2(width, 520.0));
        window.harness.run_steps(6);
        let version = window.harness.get_by_label("1.0.0").rect();
        assert!(version.width() > 24.0 && version.right() < width, "at {width}: {version:?}");
        let note = window.harness.get_by_role_and_label(Role::MultilineTextInput, "Note").rect();
        assert!(note.width() > (width - 260.0).min(400.0), "at {width}: {note:?}");
    }
}

#[test]
fn what_the_bars_hold_is_in_the_window_at_any_size() {
    let mut window = with_a_run();
    for (width, height) in SIZES {
        window.harness.set_size(vec2(width, height));
        for route in Route::ALL {
            window.go(route);
            window.harness.run_steps(6);
            let whole = Rect::from_min_size(egui::Pos2::ZERO, vec2(width, height)).expand(1.0);
            for seen in seen(&window).iter().filter(|seen| seen.place.bottom() <= 56.0) {
                let place = seen.place;
                assert!(whole.contains_rect(place), "{route:?} at {width} × {height}: {:?} {place:?}", seen.name);
            }
            for name in ["Command palette", "Notices"].into_iter().chain(Route::ALL.map(Route::word)) {
                let place = window.harness.get_by_role_and_label(Role::Button, name).rect();
                assert!(whole.contains_rect(place), "{route:?} at {width} × {height}: {name} {place:?}");
            }
        }
    }
}

#[test]
fn what_has_no_room_in_the_top_bar_is_chosen_in_a_menu() {
    let mut window = Window::open();
    window.send(Command::SelectPrompt("baseline".into()));
    window.go(Route::Build);
    window.harness.set_size(vec2(400.0, 520.0));
    window.steps();
    window.click("What is chosen");
    window.click("Prompt: layered");
    let chosen = window.harness.state_mut().session().selection().prompt.clone();
    assert_eq!(chosen.unwrap().as_str(), "layered");
}

#[test]
fn build_shows_one_column_at_a_time_and_a_layer_leads_to_its_words() {
    let mut window = Window::open();
    window.send(Command::SelectPrompt("baseline".into()));
    window.go(Route::Build);
    window.harness.set_size(vec2(640.0, 400.0));
    window.steps();
    assert!(window.sees("Layer ask") && !window.sees("Layer's title") && !window.sees("Try it"));
    window.click("Variant settings");
    window.click("Shown: Layers");
    window.click("Layer ask");
    assert!(window.sees("Layer's title") && !window.sees("Layer ask"));
    window.click("Shown: Preview");
    assert!(window.sees("Try it") && !window.sees("Layer's title"));
}
