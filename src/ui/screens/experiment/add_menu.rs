//! The menu of checks that can be added: the kinds of Strata's own, then the types of promptfoo by family, with a search.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Align, Key, Label, Layout, PopupCloseBehavior, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons;

use super::assertions::{self, Family};
use super::data::ExperimentData;
use super::kinds::KINDS;
use crate::domain::{AssertionSet, Check, CheckKind, ModelId};
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// The width of a line's name, and its height.
const NAME: f32 = 176.0;
const LINE: f32 = 30.0;

#[derive(Default)]
pub(super) struct State {
    find: String,
    /// The button whose menu is open.
    open: Option<String>,
}

/// Something that can be added.
struct Item {
    name: &'static str,
    help: &'static str,
    /// The accessible name.
    add: String,
    check: Check,
}

/// Items under a heading.
struct Group {
    heading: String,
    items: Vec<Item>,
}

/// A button with the menu. Returns the check that was picked.
pub(super) fn show(ui: &mut Ui, name: &str, sets: bool, data: &ExperimentData, state: &mut State) -> Option<Check> {
    let theme = Theme::of(ui);
    let words = (
        icons::ICON_ADD.rich_text().size(theme.size.text.icon).color(theme.texts.plain),
        RichText::new("Add check").color(theme.texts.plain),
    );
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, inner) = MenuButton::new(words).config(stays).ui(ui, |ui| {
        let first = state.open.as_deref() != Some(name);
        if first {
            *state = State { open: Some(name.to_owned()), ..State::default() };
        }
        let judge = data.models.iter().find(|model| model.there).map(|model| model.id.clone());
        contents(ui, &groups(judge.as_ref(), sets, &state.find), first, state)
    });
    if inner.is_none() && state.open.as_deref() == Some(name) {
        state.open = None;
    }
    widgets::named(response, Role::Button, name);
    inner.and_then(|inner| inner.inner)
}

fn contents(ui: &mut Ui, groups: &[Group], first: bool, state: &mut State) -> Option<Check> {
    let room = ui.ctx().content_rect().size();
    ui.set_width((room.x - 40.0).min(560.0));
    let edit = TextEdit::singleline(&mut state.find).hint_text("Find a check").desired_width(f32::INFINITY);
    let response = ui.add(edit.margin(vec2(10.0, 7.0)));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Find a check"));
    widgets::focus_ring(ui, &response);
    if first {
        response.request_focus();
    }
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let mut picked =
        groups.first().and_then(|group| group.items.first()).filter(|_| enter).map(|item| item.check.clone());
    if groups.is_empty() {
        widgets::muted(ui, "No check of this name.");
    }
    ScrollArea::vertical().max_height((room.y * 0.6).min(520.0)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for group in groups {
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.add_space(10.0);
                widgets::small(ui, &group.heading);
            });
            for item in &group.items {
                if line(ui, item) {
                    picked = Some(item.check.clone());
                }
            }
        }
    });
    if picked.is_some() {
        ui.close();
    }
    picked
}

/// What can be added and holds what is looked for, under headings.
fn groups(judge: Option<&ModelId>, sets: bool, find: &str) -> Vec<Group> {
    let wanted = find.to_lowercase();
    let own = KINDS.iter().map(|kind| Item {
        name: kind.name,
        help: kind.help,
        add: format!("Add {} check", kind.name),
        check: Check::new((kind.make)(judge.cloned())),
    });
    let set = Item {
        name: "Set",
        help: "Checks with one score and one threshold.",
        add: "Add Set check".to_owned(),
        check: Check::new(CheckKind::Set(AssertionSet::default())),
    };
    let holds = |item: &Item| {
        let text = format!("{} {}", item.name, item.help).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    };
    let own = Group { heading: "Checks".to_owned(), items: own.chain(sets.then_some(set)).filter(holds).collect() };
    let imported = Family::ALL.into_iter().map(|family| Group {
        heading: format!("As in promptfoo · {}", family.word()),
        items: assertions::of_family(family)
            .filter(|row| row.holds(&wanted))
            .map(|row| Item {
                name: row.title,
                help: row.help,
                add: format!("Add {} as in promptfoo", row.name),
                check: Check::new(CheckKind::Assertion(Box::new(row.make(judge.cloned())))),
            })
            .collect(),
    });
    std::iter::once(own).chain(imported).filter(|group| !group.items.is_empty()).collect()
}

fn line(ui: &mut Ui, item: &Item) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.grounds.hover);
    }
    widgets::focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &item.add));
    if ui.is_rect_visible(rect) {
        let layout = Layout::left_to_right(Align::Center);
        let inner = rect.shrink2(vec2(10.0, 0.0));
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
        child.allocate_ui_with_layout(vec2(NAME, LINE), layout, |ui| {
            ui.set_min_width(NAME);
            ui.add(Label::new(RichText::new(item.name).color(theme.texts.plain)).truncate());
        });
        child.add(Label::new(RichText::new(item.help).small().color(theme.texts.muted)).truncate());
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response.on_hover_text(item.help).clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_found_in_all_groups_and_empty_groups_are_not_shown() {
        let names = |find: &str| {
            let groups = groups(None, true, find);
            assert!(groups.iter().all(|group| !group.items.is_empty()));
            groups.into_iter().flat_map(|group| group.items).map(|item| item.add).collect::<Vec<_>>()
        };
        assert_eq!(names("latency"), ["Add Latency check", "Add latency as in promptfoo"]);
        assert_eq!(names("xyzzy"), [""; 0]);
        let mut all = names("");
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "each has a name of its own");
    }

    #[test]
    fn a_set_holds_no_set() {
        let has_set =
            |sets| groups(None, sets, "set").iter().any(|group| group.items.iter().any(|item| item.name == "Set"));
        assert!(has_set(true) && !has_set(false));
    }
}
