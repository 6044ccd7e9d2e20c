//! Which cases take part, and how often each is tried.

use egui::{Ui, vec2};

use super::data::ExperimentData;
use super::screen::row;
use crate::domain::Experiment;
use crate::session::{Command, Route};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Tone;
use crate::ui::{format, widgets};

pub(super) fn show(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment, sender: &CommandSender) {
    let about = "The dataset, which of its cases take part, and how often each is tried.";
    let badge = |ui: &mut Ui| {
        if let Some(ahead) = &data.ahead {
            let of = data.rows.map_or_else(String::new, |rows| format!(" of {}", format::count(rows as u64)));
            widgets::pill(ui, Tone::Neutral, &format!("{}{of} cases", format::count(u64::from(ahead.cases))));
        }
    };
    widgets::section(ui, "Cases", about, badge, |ui| {
        row(ui, |ui| {
            dataset(ui, data, draft, sender);
            limit(ui, draft);
            repeats(ui, draft);
        });
        tags(ui, data, draft);
    });
}

fn dataset(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment, sender: &CommandSender) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        widgets::small(ui, "Dataset");
        ui.horizontal(|ui| {
            ui.set_min_width(260.0);
            if let Some(id) =
                widgets::picker(ui, "Dataset of the experiment", Some(&draft.dataset), data.datasets.clone())
            {
                draft.dataset = id;
            }
            if widgets::link(ui, "See its cases").clicked() {
                sender.send(Command::SelectDataset(draft.dataset.clone()));
                sender.send(Command::Go(Route::Data));
            }
        });
    });
}

fn limit(ui: &mut Ui, draft: &mut Experiment) {
    let how = widgets::Amount {
        label: "At most (cases)",
        hint: "all",
        width: 120.0,
        show: &|limit: &Option<usize>| limit.map_or_else(String::new, |limit| limit.to_string()),
        read: &|text| {
            widgets::maybe(text, |text| {
                let limit = widgets::whole(text, None)?;
                usize::try_from(limit).map_err(|_| "Too many.".to_owned())
            })
        },
    };
    if let Some(limit) = widgets::amount(ui, &draft.filter.limit, &how) {
        draft.filter.limit = limit;
    }
}

fn repeats(ui: &mut Ui, draft: &mut Experiment) {
    let how = widgets::Amount {
        label: "Repeats of each",
        hint: "1",
        width: 120.0,
        show: &|repeats: &u32| repeats.to_string(),
        read: &|text| match widgets::whole(text, Some(1))? {
            repeats @ 1..=10_000 => Ok(u32::try_from(repeats).unwrap_or(1)),
            _ => Err("From 1 to 10 000.".to_owned()),
        },
    };
    if let Some(repeats) = widgets::amount(ui, &draft.repeats, &how) {
        draft.repeats = repeats;
    }
}

fn tags(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment) {
    if data.tags.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let all = draft.filter.tags.is_empty();
    widgets::small(ui, if all { "Only cases tagged (none chosen: all cases)" } else { "Only cases tagged" });
    // A line is as high as the chips, not as a button.
    ui.spacing_mut().interact_size.y = 24.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for (tag, count) in &data.tags {
            let on = draft.filter.tags.contains(tag);
            let count = count.map_or_else(|| "no case".to_owned(), format::count);
            if widgets::chip(ui, on, &format!("{tag}  {count}"), &format!("Tag {tag}")).clicked() {
                if on {
                    draft.filter.tags.retain(|known| known != tag);
                } else {
                    draft.filter.tags.push(tag.clone());
                }
            }
        }
        if !all && widgets::link(ui, "All cases").clicked() {
            draft.filter.tags.clear();
        }
    });
}
