//! The foundation: who the model is and by which rules it works.

use crate::compose::outline::{Part, Slots};
use crate::domain::{Foundation, OutputFormat};

pub(in crate::compose) fn foundation(layer: &Foundation, slots: &mut dyn Slots) -> Vec<Part> {
    vec![
        Part::Section { heading: "Version", parts: vec![Part::Paragraph(slots.slot(&layer.version, "version"))] },
        Part::Section { heading: "Identity", parts: identity(layer, slots) },
        Part::Section { heading: "Capabilities", parts: capabilities(layer, slots) },
        Part::Section { heading: "Output rules", parts: output_rules(layer, slots) },
        Part::Section { heading: "Safety", parts: safety(layer, slots) },
    ]
}

fn identity(layer: &Foundation, slots: &mut dyn Slots) -> Vec<Part> {
    let identity = &layer.identity;
    vec![
        Part::item("Role", slots.slot(&identity.role, "identity.role")),
        Part::item("Personality", slots.slot(&identity.personality, "identity.personality")),
        Part::List { lead: "Expertise:", items: slots.slots(&identity.expertise, "identity.expertise") },
    ]
}

fn capabilities(layer: &Foundation, slots: &mut dyn Slots) -> Vec<Part> {
    let can = &layer.capabilities;
    vec![
        Part::List { lead: "You may:", items: slots.slots(&can.allowed, "capabilities.allowed") },
        Part::List { lead: "You must not:", items: slots.slots(&can.forbidden, "capabilities.forbidden") },
        Part::List {
            lead: "Ask for approval before you:",
            items: slots.slots(&can.requires_approval, "capabilities.requires_approval"),
        },
    ]
}

fn output_rules(layer: &Foundation, slots: &mut dyn Slots) -> Vec<Part> {
    let rules = &layer.output_rules;
    let format = rules.format.map_or("", |format| match format {
        OutputFormat::Markdown => "Markdown",
        OutputFormat::Json => "JSON, with no text before or after it",
        OutputFormat::Plain => "plain text, without Markdown",
    });
    let length = rules.max_length.map(|most| format!("at most {most} characters")).unwrap_or_default();
    vec![
        Part::item("Format", slots.slot(format, "output_rules.format")),
        Part::item("Length", slots.slot(&length, "output_rules.max_length")),
        Part::List {
            lead: "Sections that the answer must have, in this order:",
            items: slots.slots(&rules.required_sections, "output_rules.required_sections"),
        },
    ]
}

fn safety(layer: &Foundation, slots: &mut dyn Slots) -> Vec<Part> {
    let safety = &layer.safety;
    vec![
        Part::List {
            lead: "Keep out of the answer:",
            items: slots.slots(&safety.content_filters, "safety.content_filters"),
        },
        Part::List {
            lead: "Hand over to a person when:",
            items: slots.slots(&safety.escalation_triggers, "safety.escalation_triggers"),
        },
        Part::item("When you are not sure", slots.slot(&safety.uncertainty_handling, "safety.uncertainty_handling")),
    ]
}
