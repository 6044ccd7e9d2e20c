//! The forms of the guards that save calls, tokens or a reader's time: they change what a model is asked or what counts
//! of its answer, so each is measured against the same experiment without it.

use egui::{Ui, vec2};

use super::guards::{FIELD, choice, guard, listed, number, option, share, small_number};
use crate::domain::{CompressPolicy, ConfidencePolicy, Embedder, ModelId, SemanticMode, SemanticPolicy};
use crate::ui::widgets;

pub(super) fn semantic(ui: &mut Ui, models: &[ModelId], semantic: &mut SemanticPolicy) {
    let default = SemanticPolicy::default();
    let about = "Answers a question with what was said to a similar one. Audit asks the model all the same, and says how \
                 often the cache would have been wrong.";
    guard(ui, "Semantic cache", about, None, |ui| {
        let choices = [(SemanticMode::Off, "Off"), (SemanticMode::Audit, "Audit"), (SemanticMode::On, "On")];
        choice(ui, "Similar questions", &mut semantic.mode, &choices);
        if !semantic.is_on() {
            return;
        }
        share(ui, "From this cosine on", &mut semantic.threshold, default.threshold);
        small_number(ui, "Answers kept", &mut semantic.capacity, default.capacity, 100_000);
        number(ui, "Kept for (ms)", &mut semantic.ttl_ms, default.ttl_ms);
        embedder(ui, models, &mut semantic.embedder);
    });
    if semantic.is_on() {
        option(ui, "Count what the cache answers like the model's own answers", &mut semantic.count_hits);
    }
}

fn embedder(ui: &mut Ui, models: &[ModelId], embedder: &mut Embedder) {
    let lexical = (Embedder::Lexical, "letters and words (built in)".to_owned());
    let named = models.iter().map(|model| (Embedder::Model(model.clone()), model.to_string()));
    if let Some(picked) = listed(ui, "Vectors by", embedder, [lexical].into_iter().chain(named)) {
        *embedder = picked;
    }
}

pub(super) fn compress(ui: &mut Ui, models: &[ModelId], compress: &mut CompressPolicy) {
    let default = CompressPolicy::default();
    let about = "A model shortens long context layers before the request is made: a call of its own, cached and paid.";
    guard(ui, "Compression", about, None, |ui| {
        let nobody = (None, "nobody".to_owned());
        let named = models.iter().map(|model| (Some(model.clone()), model.to_string()));
        if let Some(picked) = listed(ui, "Shortened by", &compress.model, [nobody].into_iter().chain(named)) {
            compress.model = picked;
        }
        if compress.model.is_some() {
            small_number(ui, "Layers above (tokens)", &mut compress.threshold, default.threshold, u32::MAX);
            share(ui, "Down to (share)", &mut compress.ratio, default.ratio);
        }
    });
}

pub(super) fn confidence(ui: &mut Ui, confidence: &mut ConfidencePolicy) {
    let default = ConfidencePolicy::default();
    let about = "Takes items that the model is not sure of out of an answer that is a list, before it is scored.";
    let mut on = confidence.on;
    guard(ui, "Confidence filter", about, Some(&mut on), |ui| {
        for (label, text, hint) in [
            ("List at (JSON Pointer)", &mut confidence.at, "the whole answer"),
            ("Field of the confidence", &mut confidence.confidence, "confidence"),
            ("Field of the severity", &mut confidence.severity, "severity"),
            ("Word of critical items", &mut confidence.critical_word, "critical"),
            ("Column of the right items", &mut confidence.expected, "the first with a list"),
        ] {
            ui.allocate_ui(vec2(FIELD, 0.0), |ui| widgets::field(ui, label, text, hint));
        }
        share(ui, "Critical items above", &mut confidence.critical, default.critical);
        share(ui, "Other items above", &mut confidence.others, default.others);
    });
    if on {
        option(ui, "Keep items without a usable confidence", &mut confidence.keep_unknown);
    }
    confidence.on = on;
}
