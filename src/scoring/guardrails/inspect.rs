//! The validator: everything that a policy looks for in an answer.

use super::harm;
use super::hidden::hidden;
use super::leak::{self, CANARY};
use super::normalise::Normalised;
use super::phrases::Phrase;
use super::pii;
use super::redact::redact;
use crate::domain::{Finding, FindingKind, OutputAction, OutputPolicy, Place, Problem};

/// How often what was left after a redaction is looked at again.
const PASSES: usize = 8;

/// What an answer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context<'a> {
    /// The system text, whose leak is looked for.
    pub system: &'a str,
    /// Everything else that was sent: what stands in it, the answer may repeat.
    pub input: &'a str,
}

/// Looks at answers; compiled once for a policy, used by many threads.
#[derive(Debug)]
pub struct Inspector {
    policy: OutputPolicy,
    phrases: Vec<Phrase>,
}

impl Inspector {
    /// # Errors
    /// Everything in the policy that makes no sense. Places are empty, since a policy does not know its file.
    pub fn new(policy: &OutputPolicy) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut wrong = |message: String, hint: &str| problems.push(Problem::error(Place::default(), message, hint));
        if !(0.0..=1.0).contains(&policy.leak.share) {
            wrong(format!("A leak's share of {} is no share.", policy.leak.share), "Give a number from 0 to 1.");
        }
        if policy.leak.on && policy.leak.words < 5 {
            let message = format!("Runs of {} words are in every two texts.", policy.leak.words);
            wrong(message, "Give at least 5 words; 8 is usual.");
        }
        let canary = &policy.leak.canary;
        if !canary.is_empty() && canary.chars().filter(|letter| letter.is_alphanumeric()).count() < CANARY {
            let message = format!("The canary `{canary}` is too short, so that answers may have it by chance.");
            wrong(message, "Give at least 6 letters or digits that stand nowhere else.");
        }
        let mut phrases = Vec::with_capacity(policy.phrases.forbidden.len());
        for phrase in &policy.phrases.forbidden {
            match Phrase::new(phrase) {
                Some(phrase) => phrases.push(phrase),
                None => wrong("A forbidden phrase is empty.".to_owned(), "Give at least one word, or leave it out."),
            }
        }
        if problems.is_empty() { Ok(Self { policy: policy.clone(), phrases }) } else { Err(problems) }
    }

    /// Everything that the policy objects to in an answer, in the order of the text.
    #[must_use]
    pub fn inspect(&self, output: &str, context: Context<'_>) -> Vec<Finding> {
        let policy = &self.policy;
        let mut findings = Vec::new();
        if policy.leak.on || policy.harm.on || !self.phrases.is_empty() {
            let plain = Normalised::new(output);
            if policy.leak.on {
                let hidden = hidden(output);
                findings.extend(leak::find(&policy.leak, (output, &plain, &hidden), context.system, context.input));
            }
            if policy.harm.on {
                findings.extend(harm::find(output, &plain));
            }
            self.phrases.iter().for_each(|phrase| findings.extend(phrase.find(output, &plain)));
        }
        let kinds = &policy.pii.kinds;
        if !kinds.is_empty() {
            findings.extend(pii::find(kinds, output, || pii::known(kinds, context.input, context.system)));
        }
        findings.retain(|finding| finding.risk >= policy.at_least);
        findings.sort_by_key(|finding| (finding.span.start, finding.span.end, finding.kind));
        findings
    }

    /// The severest thing that the policy does about these findings; `None` where there is none.
    #[must_use]
    pub fn action(&self, findings: &[Finding]) -> Option<OutputAction> {
        findings.iter().map(|finding| self.policy.action(finding.kind)).max()
    }

    /// The answer without what the policy redacts. What is left is looked at again, since two halves may meet.
    #[must_use]
    pub fn redacted(&self, output: &str, context: Context<'_>) -> String {
        let mut text = output.to_owned();
        for _ in 0..PASSES {
            let mut findings = self.inspect(&text, context);
            findings.retain(|finding| self.redacts(finding.kind));
            if findings.is_empty() {
                break;
            }
            text = redact(&text, &findings);
        }
        text
    }

    fn redacts(&self, kind: FindingKind) -> bool {
        self.policy.action(kind) == OutputAction::Redact
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{HarmPolicy, LeakPolicy, PhrasePolicy, PiiKind, PiiPolicy, Risk};

    fn policy() -> OutputPolicy {
        OutputPolicy {
            leak: LeakPolicy { on: true, canary: "calm-heron-72".into(), ..LeakPolicy::default() },
            pii: PiiPolicy { kinds: PiiKind::ALL.into_iter().collect(), action: OutputAction::Redact },
            harm: HarmPolicy { on: true, action: OutputAction::Fail },
            phrases: PhrasePolicy { forbidden: vec!["best price".into()], action: OutputAction::Retry },
            at_least: Risk::Low,
        }
    }

    #[test]
    fn a_bare_policy_finds_nothing() {
        let bare = Inspector::new(&OutputPolicy::default()).unwrap();
        assert!(!OutputPolicy::default().is_on());
        assert_eq!(bare.inspect("a@b.example, I will kill you", Context::default()), Vec::new());
        assert_eq!(bare.action(&[]), None);
    }

    #[test]
    fn findings_come_in_the_order_of_the_text_and_the_severest_action_counts() {
        let inspector = Inspector::new(&policy()).unwrap();
        let findings = inspector.inspect("Best price: ask a@b.example, calm heron 72.", Context::default());
        let names: Vec<&str> = findings.iter().map(|finding| finding.name.as_str()).collect();
        assert_eq!(names, ["best price", "email", "canary"]);
        assert_eq!(inspector.action(&findings), Some(OutputAction::Retry));
        assert_eq!(inspector.action(&findings[1..]), Some(OutputAction::Redact));
    }

    #[test]
    fn only_what_the_policy_redacts_is_taken_out() {
        let inspector = Inspector::new(&policy()).unwrap();
        let context = Context { system: "", input: "me@x.example" };
        let text = inspector.redacted("me@x.example, best price: a@b.example and c@d.example", context);
        assert_eq!(text, "me@x.example, best price: [email] and [email]");
    }

    #[test]
    fn findings_below_the_risk_are_left_out() {
        let inspector = Inspector::new(&OutputPolicy { at_least: Risk::High, ..policy() }).unwrap();
        let findings = inspector.inspect("a@b.example 4111 1111 1111 1111", Context::default());
        assert_eq!(findings.iter().map(|finding| finding.name.as_str()).collect::<Vec<_>>(), ["card"]);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let check = |change: &dyn Fn(&mut OutputPolicy), says: &str| {
            let mut policy = policy();
            change(&mut policy);
            let problems = Inspector::new(&policy).unwrap_err();
            assert!(problems.len() == 1 && problems[0].message.contains(says), "{problems:?}");
        };
        check(&|policy| policy.leak.share = f64::NAN, "no share");
        check(&|policy| policy.leak.words = 2, "Runs of 2 words");
        check(&|policy| policy.leak.canary = "ab-1".into(), "too short");
        check(&|policy| policy.phrases.forbidden = vec![" ".into()], "phrase is empty");
    }
}
