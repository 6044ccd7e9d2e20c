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
        Part::List {
            lead: "When you are not sure:",
            items: vec![slots.slot(&safety.uncertainty_handling, "safety.uncertainty_handling")],
        },
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::compose::fixtures::{compose, layer, messages, prompt, render};
    use crate::compose::{Composer, layer_text};
    use crate::domain::{Capabilities, Content, Foundation, Identity, Layer, OutputFormat, OutputRules, Safety};

    fn full() -> Foundation {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        Foundation {
            version: "2.1.0".to_owned(),
            identity: Identity {
                role: "Support agent of {{ company }}".to_owned(),
                personality: "calm and brief".to_owned(),
                expertise: list(&["billing", "refunds"]),
            },
            capabilities: Capabilities {
                allowed: list(&["look up orders"]),
                forbidden: list(&["promise refunds", "{{ nothing }}"]),
                requires_approval: list(&["cancel a contract"]),
            },
            output_rules: OutputRules {
                format: Some(OutputFormat::Json),
                max_length: Some(800),
                required_sections: list(&["Summary", "Next step"]),
            },
            safety: Safety {
                content_filters: list(&["card numbers"]),
                escalation_triggers: list(&["the customer mentions a lawyer"]),
                uncertainty_handling: "say so and ask".to_owned(),
            },
        }
    }

    fn as_layer(foundation: Foundation) -> Layer {
        layer("f", Content::Foundation(Box::new(foundation)))
    }

    #[test]
    fn every_part_has_its_place_under_a_heading() {
        let rendered = render(&prompt([as_layer(full())]), &json!({"company": "Acme", "nothing": ""}));
        insta::assert_snapshot!(messages(&rendered), @r"
        [system]
        ## Version

        2.1.0

        ## Identity

        - Role: Support agent of Acme
        - Personality: calm and brief

        Expertise:
        - billing
        - refunds

        ## Capabilities

        You may:
        - look up orders

        You must not:
        - promise refunds

        Ask for approval before you:
        - cancel a contract

        ## Output rules

        - Format: JSON, with no text before or after it
        - Length: at most 800 characters

        Sections that the answer must have, in this order:
        - Summary
        - Next step

        ## Safety

        Keep out of the answer:
        - card numbers

        Hand over to a person when:
        - the customer mentions a lawyer

        When you are not sure:
        - say so and ask
        ");
    }

    #[test]
    fn a_definition_is_shown_with_its_templates() {
        let text = layer_text(&as_layer(full()));
        assert!(text.contains("- Role: Support agent of {{ company }}\n"), "{text}");
        assert!(text.contains("- {{ nothing }}"), "{text}");
    }

    #[test]
    fn empty_parts_leave_nothing() {
        let identity = Identity { role: "Guide".to_owned(), ..Identity::default() };
        let rendered = render(&prompt([as_layer(Foundation { identity, ..Foundation::default() })]), &json!({}));
        insta::assert_snapshot!(messages(&rendered), @r"
        [system]
        ## Identity

        - Role: Guide
        ");
        assert_eq!(layer_text(&as_layer(Foundation::default())), "");
    }

    fn words() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            Just(" \n".to_owned()),
            Just("{{ nothing }}".to_owned()),
            "[a-z]{1,5}( [a-z]{1,5}\n?){0,2}"
        ]
    }

    fn lists() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(words(), 0..3)
    }

    prop_compose! {
        fn foundations()(
            version in words(), role in words(), personality in words(), expertise in lists(), allowed in lists(),
            forbidden in lists(), requires_approval in lists(), max_length in any::<Option<u32>>(), required_sections in lists(),
            (content_filters, escalation_triggers, uncertainty_handling) in (lists(), lists(), words()),
        ) -> Foundation {
            Foundation {
                version,
                identity: Identity { role, personality, expertise },
                capabilities: Capabilities { allowed, forbidden, requires_approval },
                output_rules: OutputRules { format: None, max_length, required_sections },
                safety: Safety { content_filters, escalation_triggers, uncertainty_handling },
            }
        }
    }

    fn text_of(composer: &Composer) -> String {
        let case = crate::compose::fixtures::case(&json!({"nothing": ""}));
        let rendered = composer.render(&case, &std::collections::BTreeSet::new(), 0);
        rendered.map(|rendered| rendered.layers[0].text.clone()).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn no_heading_and_no_lead_stands_over_nothing(foundation in foundations()) {
            let text = text_of(&compose(&prompt([as_layer(foundation)])));
            let blocks: Vec<&str> = text.split("\n\n").collect();
            for (index, block) in blocks.iter().enumerate() {
                if block.starts_with('#') {
                    let next = blocks.get(index + 1).copied().unwrap_or("#");
                    prop_assert!(!next.starts_with('#') && !next.trim().is_empty(), "{}", text);
                }
                prop_assert!(!block.trim_end().ends_with(':'), "{}", text);
            }
            prop_assert!(!text.contains("\n\n\n") && text.trim_end() == text, "{:?}", text);
        }
    }
}
