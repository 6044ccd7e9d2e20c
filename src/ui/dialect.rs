//! How a project renders its templates, as a word with an explanation.

use egui::Ui;

use super::theme::Tone;
use super::widgets;
use crate::domain::Dialect;

/// The dialect's name; hovering says what it means.
pub(super) fn pill(ui: &mut Ui, dialect: Dialect) {
    let (name, about) = match dialect {
        Dialect::Jinja => (
            "Strict Jinja",
            "Templates are Jinja, and a variable that is missing is a mistake. A check that cannot be done leaves its \
             trial unscored.",
        ),
        Dialect::Nunjucks => (
            "Nunjucks",
            "Templates are Nunjucks, as promptfoo renders them: what is missing prints nothing, numbers and lists print \
             as in JavaScript. Trials are graded by promptfoo's rules: an assertion that cannot be done makes its trial \
             an error.",
        ),
    };
    widgets::pill(ui, Tone::Neutral, name).on_hover_text(about);
}
