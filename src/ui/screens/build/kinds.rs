//! The kinds of layer: what each is called, what it is for, and what a new one holds.

use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as all;

use crate::domain::{Content, Examples, History, Pick, Snippet, Text, Tools, Turns};

/// A kind, as the menu for a new layer offers it.
pub(super) struct Kind {
    pub name: &'static str,
    pub about: &'static str,
    pub make: fn() -> Content,
}

pub(super) const KINDS: [Kind; 8] = [
    Kind {
        name: "Foundation",
        about: "Who the model is and by which rules it works",
        make: || Content::Foundation(Box::default()),
    },
    Kind {
        name: "Context",
        about: "This user, this session, documents and limits",
        make: || Content::Context(Box::default()),
    },
    Kind { name: "Task", about: "What is to be done now, and in which form", make: || Content::Task(Box::default()) },
    Kind { name: "Text", about: "Words of your own", make: || Content::Text(Text::default()) },
    Kind {
        name: "Examples",
        about: "Worked examples out of a dataset",
        make: || {
            Content::Examples(Examples {
                dataset: "".into(),
                pick: Pick::First(3),
                input: String::new(),
                output: String::new(),
                form: Turns::Messages,
            })
        },
    },
    Kind {
        name: "Snippet",
        about: "A layer of another prompt, so that shared words have one home",
        make: || Content::Snippet(Snippet { prompt: "".into(), layer: "".into(), version: None }),
    },
    Kind { name: "Tools", about: "Functions that the model may call", make: || Content::Tools(Tools::default()) },
    Kind {
        name: "History",
        about: "A conversation, as real messages",
        make: || Content::History(History { variable: String::new(), last: 5, max_tokens: None }),
    },
];

pub(super) fn icon(kind: &str) -> MaterialIcon {
    match kind {
        "Foundation" => all::ICON_FOUNDATION,
        "Context" => all::ICON_PERSON,
        "Task" => all::ICON_TASK_ALT,
        "Examples" => all::ICON_SCHOOL,
        "Snippet" => all::ICON_LINK,
        "Tools" => all::ICON_BUILD,
        "History" => all::ICON_FORUM,
        _ => all::ICON_NOTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_makes_what_it_says() {
        for kind in KINDS {
            assert_eq!((kind.make)().kind(), kind.name);
        }
    }
}
