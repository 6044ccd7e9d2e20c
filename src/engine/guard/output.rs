//! The output guard: what an answer must not hold, and what is done where it does.

use std::sync::Arc;

use crate::compose::asked_without;
use crate::domain::{ChatRequest, Completion, Finding, OutputAction, Role, Side, Step, Treatment};
use crate::scoring::guardrails::{Context, Inspector};

use super::bill::Bill;
use super::call::{CallJob, NoAnswer, ask};

/// What was sent, as the inspector wants it.
struct Sent {
    system: String,
    input: String,
}

impl Sent {
    fn of(request: &ChatRequest) -> Self {
        let text = |system: bool| {
            let messages = request.messages.iter().filter(|message| (message.role == Role::System) == system);
            messages.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
        };
        Self { system: text(true), input: text(false) }
    }

    fn context(&self) -> Context<'_> {
        Context { system: &self.system, input: &self.input }
    }
}

/// Lets an answer through as the policy says: as it is, without what is redacted, asked for once more, or not at all.
pub async fn guarded(
    job: &CallJob<'_>,
    mut answer: Arc<Completion>,
    bill: &mut Bill,
) -> Result<Arc<Completion>, NoAnswer> {
    let Some(inspector) = job.inspector else { return Ok(answer) };
    let sent = Sent::of(job.request);
    let findings = inspector.inspect(&answer.text, sent.context());
    let again: Vec<&Finding> = with_action(inspector, &findings, OutputAction::Retry).collect();
    if !again.is_empty() {
        note(bill, &again, Treatment::AskedAgain);
        let reason = format!("It held {}.", names(&again));
        bill.note(Step::AskedWithout { reason: reason.clone() });
        match ask(&job.again(), &asked_without(job.request, &reason), bill).await {
            Ok(better) => answer = better,
            Err(NoAnswer::Left) => return Err(NoAnswer::Left),
            Err(NoAnswer::Failed(_)) => {}
        }
    }
    let findings = if again.is_empty() { findings } else { inspector.inspect(&answer.text, sent.context()) };
    Ok(treated(inspector, answer, &findings, &sent, bill))
}

/// What is left of the findings is flagged or redacted; one that must not pass fails the trial, and so does one that is
/// still there after it was asked to be left out.
fn treated(
    inspector: &Inspector,
    answer: Arc<Completion>,
    findings: &[Finding],
    sent: &Sent,
    bill: &mut Bill,
) -> Arc<Completion> {
    for (action, treatment) in [
        (OutputAction::Flag, Treatment::Flagged),
        (OutputAction::Redact, Treatment::Redacted),
        (OutputAction::Retry, Treatment::Withheld),
        (OutputAction::Fail, Treatment::Withheld),
    ] {
        let found: Vec<&Finding> = with_action(inspector, findings, action).collect();
        note(bill, &found, treatment);
        if treatment == Treatment::Withheld && !found.is_empty() {
            bill.withhold();
        }
    }
    if with_action(inspector, findings, OutputAction::Redact).next().is_none() {
        return answer;
    }
    let text = inspector.redacted(&answer.text, sent.context());
    Arc::new(Completion { text, ..(*answer).clone() })
}

fn with_action<'f>(
    inspector: &'f Inspector,
    findings: &'f [Finding],
    action: OutputAction,
) -> impl Iterator<Item = &'f Finding> {
    findings.iter().filter(move |finding| inspector.action(std::slice::from_ref(finding)) == Some(action))
}

fn note(bill: &mut Bill, findings: &[&Finding], treatment: Treatment) {
    for finding in findings {
        bill.note(Step::Found { side: Side::Output, finding: (*finding).clone(), treatment });
    }
}

fn names(findings: &[&Finding]) -> String {
    let mut names: Vec<String> =
        findings.iter().map(|finding| format!("{} ({})", finding.kind.word(), finding.name)).collect();
    names.dedup();
    names.join(", ")
}
