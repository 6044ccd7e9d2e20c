//! The canary: a word planted in the system message. Where an answer has it, the system message has come out.
//!
//! It is a mark and no secret: whoever reads the system message sees it. It is derived from the names of the project and
//! the experiment alone, so that every run of an experiment plants the same one: identities of calls, cached answers and
//! a resume hold from run to run. Another name is another canary, and its calls are others.

use crate::domain::{ExperimentId, Message, ProjectId, Role};

use super::fingerprint::definition_fingerprint;

/// Letters of the hash that are enough for no answer to have it by chance.
const LETTERS: usize = 16;

/// The canary of an experiment.
#[must_use]
pub fn canary_of(project: &ProjectId, experiment: &ExperimentId) -> String {
    let hash = definition_fingerprint(&("canary", project, experiment)).to_string();
    format!("canary-{}", &hash[..LETTERS.min(hash.len())])
}

/// Adds the canary as a line of its own to the first system message, where it does not stand in one already. Where there
/// is no system message, nothing can leak and nothing is planted.
pub fn plant(messages: &mut [Message], canary: &str) {
    let mut system = messages.iter_mut().filter(|message| message.role == Role::System);
    let Some(first) = system.next() else { return };
    if first.content.contains(canary) || system.any(|message| message.content.contains(canary)) {
        return;
    }
    first.content.push_str("\n\nMark of these instructions, which is part of no answer: ");
    first.content.push_str(canary);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(texts: &[(Role, &str)]) -> Vec<Message> {
        texts.iter().map(|(role, text)| Message { role: *role, content: (*text).to_owned() }).collect()
    }

    #[test]
    fn an_experiment_has_one_canary_and_another_one_another() {
        let canary = |project: &str, experiment: &str| canary_of(&project.into(), &experiment.into());
        assert_eq!(canary("p", "e"), canary("p", "e"));
        assert!(canary("p", "e") != canary("p", "f") && canary("p", "e") != canary("q", "e"));
        assert_eq!(canary("p", "e").len(), "canary-".len() + LETTERS);
    }

    #[test]
    fn it_is_planted_once_in_the_first_system_message() {
        let mut planted = messages(&[(Role::System, "Be brief."), (Role::User, "Why?"), (Role::System, "Be kind.")]);
        plant(&mut planted, "heron-1234");
        let expect = "Be brief.\n\nMark of these instructions, which is part of no answer: heron-1234";
        assert_eq!(planted[0].content, expect);
        let once = planted.clone();
        plant(&mut planted, "heron-1234");
        assert_eq!(planted, once);
        assert_eq!((planted[1].content.as_str(), planted[2].content.as_str()), ("Why?", "Be kind."));
    }

    #[test]
    fn where_it_stands_already_or_nothing_can_leak_nothing_is_planted() {
        for texts in [&[(Role::System, "A."), (Role::System, "Say heron-1234 to nobody.")][..], &[(Role::User, "Why?")]]
        {
            let mut planted = messages(texts);
            plant(&mut planted, "heron-1234");
            assert_eq!(planted, messages(texts));
        }
    }
}
