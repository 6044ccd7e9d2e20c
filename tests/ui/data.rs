//! Data: rows, typing into cells, pasting, roles, finding, importing.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, pos2, vec2};
use egui_kittest::kittest::Queryable;
use strata::domain::{Case, ColumnRole, Dataset, Source};
use strata::session::{Command, Route};

use crate::support::Window;

fn open(dataset: &str) -> Window {
    let mut window = Window::open();
    window.send(Command::SelectDataset(dataset.into()));
    window.go(Route::Data);
    window.until("the rows are there", |app| matches!(app.session().cases(), strata::session::CasesView::Ready(_)));
    window
}

fn chosen(window: &mut Window) -> Dataset {
    (**window.harness.state_mut().session().dataset().unwrap()).clone()
}

fn cases(window: &mut Window) -> Vec<Case> {
    match chosen(window).source {
        Source::Cases(cases) => cases,
        Source::File(file) => panic!("{file}"),
    }
}

#[test]
fn rows_are_added_duplicated_and_deleted_and_undo_brings_them_back() {
    let mut window = open("worked-examples");
    let before = cases(&mut window);
    window.click("Add row");
    assert_eq!(cases(&mut window).len(), before.len() + 1);
    window.click("Delete row (Del)");
    assert_eq!(cases(&mut window), before);
    window.harness.key_press(Key::Home);
    window.steps();
    window.click("Duplicate row (Ctrl+D)");
    let copied = cases(&mut window);
    assert_eq!(copied[1].vars, copied[0].vars);
    assert_eq!(copied[1].id.as_str(), "");
    window.send(Command::Undo);
    assert_eq!(cases(&mut window).len(), before.len());
}

#[test]
fn a_cell_is_typed_into_by_keyboard_and_escape_takes_it_back() {
    let mut window = open("worked-examples");
    let before = cases(&mut window);
    window.harness.key_press(Key::Home);
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    window.harness.get_by_label("Type into row 1 id").type_text("x");
    window.steps();
    assert_ne!(cases(&mut window)[0].id, before[0].id);
    window.harness.key_press(Key::Escape);
    window.steps();
    assert_eq!(cases(&mut window), before);
}

#[test]
fn cells_of_a_spreadsheet_are_pasted_as_rows() {
    let mut window = open("worked-examples");
    let before = cases(&mut window).len();
    window.harness.event(Event::Paste("subject\tbody\texpected.category\nHello\tWorld\tother".to_owned()));
    window.steps();
    let after = cases(&mut window);
    assert_eq!(after.len(), before + 1);
    let last = after.last().unwrap();
    assert_eq!(last.vars["subject"], "Hello");
    assert_eq!(last.expected["category"], "other");
    assert!(window.sees("1 row was pasted at the end."));
}

#[test]
fn a_file_can_be_made_editable_and_keeps_its_rows() {
    let mut window = open("tickets");
    assert!(window.sees("74 rows in tickets.csv"));
    window.click("Make editable");
    window.until("the rows are taken in", |app| matches!(app.session().dataset().unwrap().source, Source::Cases(_)));
    let dataset = chosen(&mut window);
    assert!(dataset.columns["body"].untrusted);
    let cases = cases(&mut window);
    assert_eq!(cases.len(), 74);
    assert!(cases[0].expected.contains_key("category"));
}

#[test]
fn a_text_is_found_in_the_rows() {
    let mut window = open("tickets");
    window.harness.get_by_label("Find in rows").focus();
    window.steps();
    window.harness.get_by_label("Find in rows").type_text("basil");
    window.steps();
    window.until("the search is over", |app| app.session().case_search().is_some_and(|search| search.rows.is_some()));
    let found = window.harness.state_mut().session().case_search().unwrap().rows.clone().unwrap();
    assert!(!found.is_empty() && found.len() < 74);
    assert!(window.sees(&format!("{} found", found.len())));
}

#[test]
fn a_file_is_imported_with_the_roles_that_were_chosen() {
    let mut window = open("tickets");
    let file = window.root.join("More cases.csv");
    std::fs::write(&file, "question,expected.tone\nWhy?,kind\n").unwrap();
    window.click("Import…");
    window.send(Command::PeekDataset(Some(file)));
    window.until("the file was looked into", |app| app.session().peek().is_some_and(|peek| peek.seen.is_some()));
    window.click("Untrusted");
    window.click("Import");
    window.until("it is there", |app| app.session().selection().dataset.as_ref().unwrap().as_str() == "more-cases");
    let dataset = chosen(&mut window);
    assert_eq!(dataset.source, Source::File("more-cases.csv".to_owned()));
    assert!(dataset.columns["question"].untrusted);
    assert_eq!(dataset.columns["question"].role, ColumnRole::Input);
}

/// Where the first row's cell of a column stands.
fn cell(window: &Window, column: &str) -> Rect {
    let name = format!("Row 1 {column}: ");
    window.harness.query_all_by_label_contains(&name).next().unwrap().rect()
}

fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for event in [
        Event::PointerMoved(from),
        button(from, true),
        Event::PointerMoved(from.lerp(to, 0.5)),
        Event::PointerMoved(to),
        button(to, false),
    ] {
        window.harness.event(event);
        window.harness.step();
    }
    window.steps();
}

#[test]
fn columns_share_the_width_and_long_texts_get_more_of_it() {
    let mut window = open("tickets");
    window.harness.set_size(vec2(1920.0, 1080.0));
    window.steps();
    let (tier, subject, body) = (cell(&window, "tier"), cell(&window, "subject"), cell(&window, "body"));
    assert!(tier.width() < subject.width() && subject.width() < body.width(), "{tier:?} {subject:?} {body:?}");
    let table = window.harness.get_by_label("Cases").rect();
    let last = window.harness.query_all_by_label_contains("Row 1 ").map(|cell| cell.rect().right());
    let last = last.fold(0.0, f32::max);
    assert!((last - table.right()).abs() < 2.0, "{last} of {table:?}");
}

#[test]
fn a_column_that_was_dragged_keeps_its_width() {
    let mut window = open("tickets");
    window.harness.set_size(vec2(1600.0, 900.0));
    window.steps();
    let before = cell(&window, "subject");
    let edge = pos2(before.right(), before.center().y);
    drag(&mut window, edge, edge + vec2(60.0, 0.0));
    let after = cell(&window, "subject");
    assert!((after.left() - before.left()).abs() < 1.0 && (after.width() - before.width() - 60.0).abs() < 2.0);
    // Neither another dataset between nor a wider window changes it.
    window.send(Command::SelectDataset("worked-examples".into()));
    window.steps();
    window.send(Command::SelectDataset("tickets".into()));
    window.harness.set_size(vec2(1900.0, 900.0));
    window.until("the rows are there", |app| matches!(app.session().cases(), strata::session::CasesView::Ready(_)));
    assert!((cell(&window, "subject").width() - after.width()).abs() < 1.0);
}
