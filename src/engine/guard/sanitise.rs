//! The input guard: orders in text from outside, before a request is made of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::{CallError, Fault, Problem, Role, SanitisePolicy};
use crate::domain::{Finding, FindingKind, SanitiseAction, SanitiseScope, Side, Step, Treatment};
use crate::plan::{Plan, PlannedTrial};
use crate::scoring::guardrails::Sanitiser;

/// Why an input is not sent.
pub enum Unsent {
    /// The policy blocks it.
    Blocked { error: CallError, steps: Vec<Step> },
    /// The changed input cannot be rendered.
    Unrenderable(Vec<Problem>),
}

/// A trial as the policy lets it go out, and what was found in it. Its identity stays that of the input as it came, so
/// that a resume knows it.
///
/// # Errors
/// The policy blocks it, or what was changed cannot be rendered.
pub fn sanitised(
    plan: &Plan,
    mut planned: PlannedTrial,
    sanitiser: &Sanitiser,
    policy: &SanitisePolicy,
) -> Result<(PlannedTrial, Vec<Step>), Unsent> {
    let mut pass = Pass { sanitiser, action: policy.action, steps: Vec::new(), blocked: false };
    match policy.scope {
        SanitiseScope::Untrusted => {
            let mut case = planned.case.clone();
            let untrusted = plan.untrusted_names(planned.trial);
            if pass.columns(&mut case.vars, &untrusted) {
                let rendered = plan.prepare_case(planned.trial, case).map_err(Unsent::Unrenderable)?;
                planned.request = rendered.request;
                planned.context = rendered.context;
            }
        }
        SanitiseScope::UserText => {
            let user = planned.request.messages.iter_mut().filter(|message| message.role == Role::User);
            user.for_each(|message| _ = pass.text(&mut message.content));
        }
    }
    if pass.blocked {
        let names: Vec<String> = pass.steps.iter().filter_map(name).collect();
        let message = format!("The input was not sent, since it looks like an attack: {}.", names.join(", "));
        return Err(Unsent::Blocked { error: CallError::new(Fault::Refused, message), steps: pass.steps });
    }
    Ok((planned, pass.steps))
}

fn name(step: &Step) -> Option<String> {
    match step {
        Step::Found { finding, .. } => Some(format!("{} (“{}”)", finding.name, finding.excerpt)),
        _ => None,
    }
}

struct Pass<'a> {
    sanitiser: &'a Sanitiser,
    action: SanitiseAction,
    steps: Vec<Step>,
    blocked: bool,
}

impl Pass<'_> {
    /// True when a value was changed.
    fn columns(&mut self, vars: &mut serde_json::Map<String, Value>, untrusted: &BTreeSet<String>) -> bool {
        let mut changed = false;
        for (_, value) in vars.iter_mut().filter(|(name, _)| untrusted.contains(*name)) {
            changed |= self.value(value);
        }
        changed
    }

    fn value(&mut self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().fold(false, |changed, item| self.value(item) | changed),
            Value::Object(fields) => fields.iter_mut().fold(false, |changed, (_, field)| self.value(field) | changed),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn text(&mut self, text: &mut String) -> bool {
        let sanitised = self.sanitiser.sanitise(text);
        self.blocked |= sanitised.blocked;
        for finding in &sanitised.findings {
            let treatment = treatment(self.action, finding, sanitised.blocked);
            self.steps.push(Step::Found { side: Side::Input, finding: finding.clone(), treatment });
        }
        let changed = sanitised.text != text.as_str();
        if changed {
            *text = sanitised.text.into_owned();
        }
        changed
    }
}

const fn treatment(action: SanitiseAction, finding: &Finding, blocked: bool) -> Treatment {
    match (finding.kind, action) {
        // The length is cut whatever the policy does about orders.
        (FindingKind::Length, _) | (_, SanitiseAction::Neutralise) => Treatment::Neutralised,
        (_, SanitiseAction::Block) if blocked => Treatment::Blocked,
        (_, SanitiseAction::Block | SanitiseAction::Flag) => Treatment::Flagged,
    }
}
