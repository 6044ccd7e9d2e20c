//! What the guards did to a trial: what its answer is worth, and every step with its time.

use egui::{Align, Label, Layout, RichText, Ui};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;

use super::detail::marked;
use crate::domain::{Guarded, ModelId, StandIn, Step};
use crate::ui::format;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// A step as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GuardLine {
    /// Since the trial began.
    pub at: String,
    pub kind: Kind,
    /// What models and cases wrote stands in it as text, with what hides in it named.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Repair,
    Invalid,
    Fallback,
    Degraded,
    Shared,
    Finding,
    Tier,
    Confidence,
    Compression,
    Semantic,
}

impl Kind {
    pub const fn of(step: &Step) -> Self {
        match step {
            Step::Repaired { .. } | Step::AskedWithout { .. } => Self::Repair,
            Step::Invalid { .. } => Self::Invalid,
            Step::FellBack { .. } | Step::PassedOver { .. } => Self::Fallback,
            Step::Degraded { .. } => Self::Degraded,
            Step::Shared => Self::Shared,
            Step::Found { .. } => Self::Finding,
            Step::Tiered { .. } => Self::Tier,
            Step::Filtered { .. } | Step::NotFiltered { .. } => Self::Confidence,
            Step::Compressed { .. } | Step::NotCompressed { .. } => Self::Compression,
            Step::SemanticHit { .. }
            | Step::SemanticAudit { .. }
            | Step::SemanticRefused { .. }
            | Step::NoVector { .. } => Self::Semantic,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Repair => "Repair",
            Self::Invalid => "Not valid",
            Self::Fallback => "Fallback",
            Self::Degraded => "Degraded",
            Self::Shared => "Shared",
            Self::Finding => "Finding",
            Self::Tier => "Tier",
            Self::Confidence => "Confidence",
            Self::Compression => "Compression",
            Self::Semantic => "Semantic cache",
        }
    }

    const fn sign(self) -> (MaterialIcon, Tone) {
        match self {
            Self::Repair => (icons::ICON_BUILD, Tone::Accent),
            Self::Invalid => (icons::ICON_ERROR, Tone::Fail),
            Self::Fallback => (icons::ICON_ALT_ROUTE, Tone::Info),
            Self::Degraded => (icons::ICON_WARNING, Tone::Warning),
            Self::Shared => (icons::ICON_CALL_MERGE, Tone::Neutral),
            Self::Finding => (icons::ICON_FLAG, Tone::Warning),
            Self::Tier => (icons::ICON_LAYERS, Tone::Info),
            Self::Confidence => (icons::ICON_FILTER_LIST, Tone::Neutral),
            Self::Compression => (icons::ICON_COMPRESS, Tone::Neutral),
            Self::Semantic => (icons::ICON_JOIN_INNER, Tone::Info),
        }
    }
}

pub(super) fn lines(guarded: &Guarded) -> Vec<GuardLine> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let at = |ms: u64| if ms == 0 { "at once".to_owned() } else { format!("after {}", format::seconds(ms as f64)) };
    let line = |timed: &crate::domain::TimedStep| GuardLine {
        at: at(timed.at_ms),
        kind: Kind::of(&timed.step),
        sentence: marked(&timed.step.sentence()),
    };
    guarded.steps.iter().map(line).collect()
}

/// What must be known before the answer is read. `asked` is the trial's own model.
pub(super) fn notes(guarded: &Guarded, asked: &ModelId) -> Vec<String> {
    let counted = if guarded.left_out { "not counted" } else { "and counted" };
    let stand_in = guarded.stand_in.as_ref().map(|who| match who {
        StandIn::Model(model) => format!("Answered by {model} in the place of {asked}, {counted}."),
        StandIn::Canned => format!("The canned text stands in the place of an answer of {asked}, {counted}."),
    });
    let withheld = guarded.withheld.then(|| "Not let through by the output guard.".to_owned());
    stand_in.into_iter().chain(withheld).collect()
}

/// The notes, where there are any.
pub(super) fn show_notes(guarded: &Guarded, asked: &ModelId, ui: &mut Ui) {
    for note in notes(guarded, asked) {
        ui.horizontal_top(|ui| {
            let (colour, _) = Theme::of(ui).tone(Tone::Warning);
            widgets::icon(ui, icons::ICON_WARNING, colour);
            widgets::body(ui, &note);
        });
    }
}

/// Every step.
pub(super) fn show(guarded: &Guarded, ui: &mut Ui) {
    for line in lines(guarded) {
        let theme = Theme::of(ui);
        let (sign, tone) = line.kind.sign();
        let (colour, _) = theme.tone(tone);
        ui.horizontal_top(|ui| {
            widgets::icon(ui, sign, colour);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.spacing_mut().interact_size.y = 18.0;
                ui.horizontal(|ui| {
                    widgets::strong(ui, line.kind.word());
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::small(ui, &line.at));
                });
                let text = RichText::new(&line.sentence).color(theme.texts.muted);
                ui.add(Label::new(text).wrap().selectable(true));
            });
        });
        ui.add_space(2.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Finding, FindingKind, Risk, Side, Strategy, TimedStep, Treatment};

    #[test]
    fn steps_have_their_kind_and_time_and_what_hides_is_named() {
        let finding = Finding {
            kind: FindingKind::Injection,
            name: "override".to_owned(),
            span: 0..4,
            risk: Risk::High,
            excerpt: "ignore\u{202e} all".to_owned(),
        };
        let found = Step::Found { side: Side::Input, finding, treatment: Treatment::Neutralised };
        let repaired = Step::Repaired { strategy: Strategy::AddExample, reason: "no JSON".to_owned() };
        let steps = vec![TimedStep { at_ms: 0, step: found }, TimedStep { at_ms: 840, step: repaired }];
        let lines = lines(&Guarded { steps, ..Guarded::default() });
        assert_eq!((lines[0].kind, lines[0].at.as_str()), (Kind::Finding, "at once"));
        assert!(!lines[0].sentence.contains('\u{202e}') && lines[0].sentence.contains('‹'), "{}", lines[0].sentence);
        assert_eq!((lines[1].kind, lines[1].at.as_str()), (Kind::Repair, "after 840 ms"));
        assert_eq!(lines[1].sentence, "Asked again, with an example: no JSON");
    }

    #[test]
    fn an_answer_that_is_not_the_models_own_says_so() {
        let check = |guarded: Guarded, expect: &[&str]| assert_eq!(notes(&guarded, &"swift".into()), expect);
        let sage = Guarded { stand_in: Some(StandIn::Model("sage".into())), ..Guarded::default() };
        check(Guarded::default(), &[]);
        check(sage.clone(), &["Answered by sage in the place of swift, and counted."]);
        check(Guarded { left_out: true, ..sage }, &["Answered by sage in the place of swift, not counted."]);
        check(Guarded { withheld: true, ..Guarded::default() }, &["Not let through by the output guard."]);
    }
}
