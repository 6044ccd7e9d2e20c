//! The form of the limits of the prompt's own users: tiers as a table, and the columns that say who asks and when.

use std::collections::BTreeMap;

use egui::{Grid, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons;

use super::guards::{FIELD, guard, listed, small_number};
use super::screen::row;
use crate::domain::{Tier, Usd, UserColumns, UserLimits};
use crate::ui::format;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets::{self, Amount};

/// Points of a tier's name and time zone, and of a number.
const NAME: f32 = 112.0;
const NUMBER: f32 = 104.0;

pub(super) fn show(ui: &mut Ui, users: &mut UserLimits) {
    let about = "What each of the prompt's own users may ask for. A run is not limited by it: Results lets its requests \
                 in as these users' traffic, and says who would have been refused.";
    let mut on = users.on;
    guard(ui, "Per-user limits", about, Some(&mut on), |ui| {
        ui.vertical(|ui| {
            tiers(ui, users);
            row(ui, |ui| more(ui, users));
        });
    });
    users.on = on;
}

fn more(ui: &mut Ui, users: &mut UserLimits) {
    let names: Vec<_> = users.tiers.keys().map(|name| (name.clone(), name.clone())).collect();
    if let Some(picked) = listed(ui, "Tier of users without one", &users.default_tier, names) {
        users.default_tier = picked;
    }
    let [user, tier, session, arrival] = UserColumns::USUAL;
    let UserColumns { user: of_user, tier: of_tier, session: of_session, arrival: of_arrival } = &mut users.columns;
    for (label, column, (_, usual)) in [
        ("Column of the user", of_user, user),
        ("Column of the tier", of_tier, tier),
        ("Column of the session", of_session, session),
        ("Column of the arrival", of_arrival, arrival),
    ] {
        let mut text = column.clone().unwrap_or_default();
        ui.allocate_ui(vec2(FIELD, 0.0), |ui| widgets::field(ui, label, &mut text, usual));
        *column = Some(text).filter(|text| !text.is_empty());
    }
    let default = UserLimits::default().arrivals_per_minute;
    small_number(ui, "Arrivals a minute, else", &mut users.arrivals_per_minute, default, u32::MAX);
}

fn tiers(ui: &mut Ui, users: &mut UserLimits) {
    let mut gone = None;
    let mut renamed = None;
    let names: Vec<String> = users.tiers.keys().cloned().collect();
    let table = ScrollArea::horizontal().id_salt("table of tiers");
    table.show(ui, |ui| {
        Grid::new("tiers of users").num_columns(6).spacing(vec2(12.0, 6.0)).show(ui, |ui| {
            for head in ["Tier", "Requests a minute", "Tokens a day", "USD a day", "Time zone", ""] {
                widgets::small(ui, head);
            }
            ui.end_row();
            for (name, tier) in &mut users.tiers {
                if let Some(to) = named(ui, name, &names) {
                    renamed = Some((name.clone(), to));
                }
                numbers(ui, name, tier);
                if widgets::icon_button(ui, icons::ICON_DELETE, &format!("Delete tier {name}")).clicked() {
                    gone = Some(name.clone());
                }
                ui.end_row();
            }
        })
    });
    if let Some((from, to)) = renamed {
        rename(users, &from, to);
    }
    if let Some(name) = gone {
        users.tiers.remove(&name);
    }
    if widgets::ghost(ui, Some(icons::ICON_ADD), "Add tier").clicked() {
        users.tiers.insert(free_name(&users.tiers), Tier { requests_per_minute: 10, ..Tier::default() });
    }
}

/// A name is taken when the line is left: in between it is no tier's, or another one's. Another tier's stays in the line,
/// with that said below it, and changes nothing.
fn named(ui: &mut Ui, name: &str, names: &[String]) -> Option<String> {
    let id = ui.make_persistent_id(("tier", name));
    let mut text = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| name.to_owned());
    let is_another = |text: &str| text.trim() != name && names.iter().any(|known| known == text.trim());
    let response = ui
        .vertical(|ui| {
            ui.set_width(NAME);
            ui.spacing_mut().item_spacing.y = 2.0;
            let edit = line(&mut text, NAME, ui);
            let response = ui.add(edit.id(id.with("line")));
            widgets::focus_ring(ui, &response);
            if is_another(&text) {
                let colour = Theme::of(ui).tone(Tone::Fail).0;
                ui.label(RichText::new("Another tier has this name.").small().color(colour));
            }
            response
        })
        .inner;
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(format!("Name of tier {name}")));
    if response.has_focus() || is_another(&text) {
        ui.data_mut(|data| data.insert_temp(id, text));
        return None;
    }
    ui.data_mut(|data| data.remove_temp::<String>(id));
    let text = text.trim();
    (response.lost_focus() && !text.is_empty() && text != name).then(|| text.to_owned())
}

fn line<'t>(text: &'t mut String, width: f32, ui: &Ui) -> TextEdit<'t> {
    let height = Theme::of(ui).size.control;
    TextEdit::singleline(text).desired_width(width - 20.0).margin(vec2(10.0, 7.0)).min_size(vec2(width, height))
}

fn numbers(ui: &mut Ui, name: &str, tier: &mut Tier) {
    let label = format!("{name}: requests a minute");
    let read = |text: &str| widgets::whole(text, None).map(|most| u32::try_from(most).unwrap_or(u32::MAX));
    let how = Amount {
        label: &label,
        hint: "0",
        width: NUMBER,
        show: &|most: &u32| format::count((*most).into()),
        read: &read,
    };
    if let Some(typed) = widgets::amount_cell(ui, &tier.requests_per_minute, &how) {
        tier.requests_per_minute = typed;
    }
    let label = format!("{name}: tokens a day");
    let read = |text: &str| widgets::whole(text, None);
    let how = Amount { label: &label, hint: "0", width: NUMBER, show: &|most: &u64| format::count(*most), read: &read };
    if let Some(typed) = widgets::amount_cell(ui, &tier.tokens_per_day, &how) {
        tier.tokens_per_day = typed;
    }
    let label = format!("{name}: USD a day");
    let show = |amount: &Usd| widgets::dollars(*amount);
    let how = Amount { label: &label, hint: "0", width: NUMBER, show: &show, read: &widgets::read_dollars };
    if let Some(typed) = widgets::amount_cell(ui, &tier.cost_per_day, &how) {
        tier.cost_per_day = typed;
    }
    let label = format!("{name}: time zone");
    let response = ui.add(line(&mut tier.time_zone, NAME, ui));
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(label.as_str()));
}

/// Gives a tier another name, where no other has it; the default stays the same tier.
fn rename(users: &mut UserLimits, from: &str, to: String) {
    if users.tiers.contains_key(&to) {
        return;
    }
    if let Some(tier) = users.tiers.remove(from) {
        if users.default_tier == from {
            users.default_tier.clone_from(&to);
        }
        users.tiers.insert(to, tier);
    }
}

fn free_name(tiers: &BTreeMap<String, Tier>) -> String {
    let mut names = (1..).map(|number| if number == 1 { "tier".to_owned() } else { format!("tier-{number}") });
    names.find(|name| !tiers.contains_key(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_keeps_its_limits_under_another_name() {
        let mut users = UserLimits::default();
        let free = users.tiers["free"].clone();
        rename(&mut users, "free", "trial".to_owned());
        assert_eq!((users.tiers.get("trial"), users.default_tier.as_str()), (Some(&free), "trial"));
        let before = users.clone();
        rename(&mut users, "trial", "pro".to_owned());
        assert_eq!(users, before, "another tier has that name");
    }

    #[test]
    fn a_new_tier_takes_no_name_that_is_there() {
        let tiers = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Tier::default())).collect();
        assert_eq!(free_name(&tiers(&[])), "tier");
        assert_eq!(free_name(&tiers(&["tier", "tier-2"])), "tier-3");
    }
}
