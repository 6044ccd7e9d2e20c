//! What a case of an imported config has of its own, a line each: it is edited in the dataset's file.

use egui::{Label, RichText, Ui};

use crate::domain::{Case, CaseOptions, Check, CheckKind, Code, ModelId, PassRule, VariantId};
use crate::ui::screens::experiment::line;
use crate::ui::theme::Theme;
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, case: &Case) {
    let (checks, options) = (lines(&case.checks), options(case));
    if checks.is_empty() && options.is_empty() {
        return;
    }
    if !checks.is_empty() {
        widgets::strong(ui, "Checks of this case");
        widgets::well(ui, |ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            for (depth, line) in &checks {
                ui.horizontal(|ui| {
                    ui.add_space(16.0 * depth);
                    let words = RichText::new(line).small().monospace().color(Theme::of(ui).texts.plain);
                    ui.add(Label::new(words).wrap().selectable(true));
                });
            }
        });
    }
    if !options.is_empty() {
        widgets::strong(ui, "Options of this case");
        widgets::facts(ui, 104.0, |facts| {
            for (name, value) in &options {
                facts.text(name, value);
            }
        });
    }
    widgets::small(ui, "They are edited in the dataset's file.");
    ui.add_space(8.0);
}

/// The checks, those of a set below it and further in.
fn lines(checks: &[Check]) -> Vec<(f32, String)> {
    let mut all = Vec::new();
    for check in checks {
        all.push((0.0, line(check)));
        if let CheckKind::Set(set) = &check.kind {
            all.extend(set.checks.iter().map(|check| (1.0, line(check))));
        }
    }
    all
}

/// What is not as in other cases.
fn options(case: &Case) -> Vec<(&'static str, String)> {
    let CaseOptions {
        prefix,
        suffix,
        given,
        transform,
        variants,
        models,
        repetition,
        store_as,
        conversation,
        scoring,
        metadata,
        kept: _,
        broken,
    } = &case.options;
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    let list = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let pass = case.pass.map(|rule| match rule {
        PassRule::All => "every check passes".to_owned(),
        PassRule::Score(least) => format!("the score is at least {least}"),
    });
    let given = given.as_ref().map(|given| given.as_str().map_or_else(|| given.to_string(), str::to_owned));
    let code = transform.as_ref().map(|code| match code {
        Code::Inline(source) => source.clone(),
        Code::File(file) => file.name.clone(),
        Code::Unrun { name, .. } => name.clone(),
    });
    let all = [
        ("Cannot run", broken.clone()),
        ("Passes when", pass),
        ("Before", text(prefix)),
        ("After", text(suffix)),
        ("Given answer", given),
        ("Transform", code),
        ("Variants", variants.as_ref().map(|ids| list(ids.iter().map(VariantId::as_str).collect()))),
        ("Models", models.as_ref().map(|ids| list(ids.iter().map(ModelId::as_str).collect()))),
        ("Repetition", (*repetition > 0).then(|| (repetition + 1).to_string())),
        ("Answer kept as", store_as.clone()),
        ("Conversation", conversation.clone()),
        ("Scored by", scoring.as_ref().map(|file| file.name.clone())),
        ("Metadata", (!metadata.is_empty()).then(|| metadata.keys().cloned().collect::<Vec<_>>().join(", "))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Assertion, AssertionKind, AssertionSet};

    #[test]
    fn checks_of_a_set_stand_below_it() {
        let contains = Assertion::new(AssertionKind::Contains, "tea".into());
        let inside = Check::new(CheckKind::Assertion(Box::new(contains)));
        let set = Check::new(CheckKind::Set(AssertionSet { checks: vec![inside] }));
        assert_eq!(lines(&[set]), [(0.0, "Set 1 check".to_owned()), (1.0, "Contains tea".to_owned())]);
    }

    #[test]
    fn only_options_that_are_set_are_told() {
        assert_eq!(options(&Case::default()), []);
        let options_set = CaseOptions { models: Some(Vec::new()), suffix: "!".to_owned(), ..CaseOptions::default() };
        let case = Case { options: options_set, pass: Some(PassRule::Score(0.5)), ..Case::default() };
        let expect = [
            ("Passes when", "the score is at least 0.5".to_owned()),
            ("After", "!".to_owned()),
            ("Models", "none".to_owned()),
        ];
        assert_eq!(options(&case), expect);
    }
}
