//! The form of a Foundation.

use egui::Ui;

use crate::domain::{Foundation, OutputFormat};
use crate::ui::screens::build::fields::{Fields, caption, part};
use crate::ui::screens::build::values;
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, fields: &Fields<'_>, layer: &mut Foundation) {
    part(ui, "Identity", |ui| {
        fields.template(ui, "Role", "identity.role", &mut layer.identity.role, 2);
        fields.template(ui, "Personality", "identity.personality", &mut layer.identity.personality, 2);
        fields.list(ui, "Expertise", "identity.expertise", &mut layer.identity.expertise);
    });
    part(ui, "Capabilities", |ui| {
        let can = &mut layer.capabilities;
        fields.list(ui, "Allowed", "capabilities.allowed", &mut can.allowed);
        fields.list(ui, "Forbidden", "capabilities.forbidden", &mut can.forbidden);
        fields.list(ui, "Requires approval", "capabilities.requires_approval", &mut can.requires_approval);
    });
    part(ui, "Output rules", |ui| {
        let rules = &mut layer.output_rules;
        caption(ui, "Format");
        let choices = [
            (None, "Not said"),
            (Some(OutputFormat::Markdown), "Markdown"),
            (Some(OutputFormat::Json), "JSON"),
            (Some(OutputFormat::Plain), "Plain text"),
        ];
        if let Some(picked) = widgets::segmented(ui, "Format", rules.format, &choices) {
            rules.format = picked;
        }
        values::number(ui, fields.id, "Longest answer", "characters", &mut rules.max_length);
        fields.list(ui, "Required sections", "output_rules.required_sections", &mut rules.required_sections);
    });
    part(ui, "Safety", |ui| {
        let safety = &mut layer.safety;
        fields.list(ui, "Keep out of the answer", "safety.content_filters", &mut safety.content_filters);
        fields.list(ui, "Hand over to a person when", "safety.escalation_triggers", &mut safety.escalation_triggers);
        fields.template(ui, "When not sure", "safety.uncertainty_handling", &mut safety.uncertainty_handling, 2);
    });
    part(ui, "Version of these rules", |ui| {
        fields.template(ui, "Version", "version", &mut layer.version, 1);
    });
    fields.other_problems(ui, &["identity", "capabilities", "output_rules", "safety", "version"]);
}
