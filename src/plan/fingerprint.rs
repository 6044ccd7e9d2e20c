//! What makes two calls, or two trials, the same: everything that can change the answer, hashed.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::{CaseId, ChatRequest, Fingerprint, ModelId, TrialKey, VariantId};

/// Identity of a call: origin, the whole request (model, messages, parameters, tools, sample) and the cache's epoch.
///
/// The request is hashed whole and not by a list of its fields, so that a field that is added later cannot be missed.
#[must_use]
pub fn call_fingerprint(origin: &str, request: &ChatRequest, epoch: u32) -> Fingerprint {
    hash(&("call", origin, epoch, request))
}

/// Identity of a call for the vector of a text.
#[must_use]
pub fn embedding_fingerprint(origin: &str, model: &str, text: &str) -> Fingerprint {
    hash(&("embedding", origin, model, text))
}

/// Identity of a call for the labels of a text.
#[must_use]
pub fn labels_fingerprint(origin: &str, model: &str, text: &str) -> Fingerprint {
    hash(&("labels", origin, model, text))
}

/// Identity of what is sent beside the request itself, where a workspace defines that.
#[must_use]
pub fn definition_fingerprint(definition: &impl Serialize) -> Fingerprint {
    hash(&("definition", definition))
}

/// Identity of a trial inside a run, by which a run goes on after a stop: the case by its id and not by its place.
#[must_use]
pub fn trial_key(case: &CaseId, variant: &VariantId, model: &ModelId, request: &Fingerprint) -> TrialKey {
    hash(&("trial", case, variant, model, request))
}

fn hash(value: &impl Serialize) -> Fingerprint {
    let mut sink = HashWriter(Sha256::new());
    // Writing to a hash cannot fail, and these values have no maps with keys other than strings.
    let written = serde_json::to_writer(&mut sink, value);
    debug_assert!(written.is_ok(), "a request always serialises");
    Fingerprint(sink.0.finalize().into())
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Message, Params, Role};

    fn request() -> ChatRequest {
        ChatRequest {
            model: "m".into(),
            messages: vec![Message { role: Role::User, content: "hello".into() }],
            params: Params::default(),
            tools: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn the_same_call_has_the_same_fingerprint() {
        assert_eq!(call_fingerprint("o", &request(), 0), call_fingerprint("o", &request(), 0));
    }

    #[test]
    fn whatever_can_change_the_answer_changes_the_fingerprint() {
        let base = call_fingerprint("o", &request(), 0);
        let changed = |change: fn(&mut ChatRequest)| {
            let mut other = request();
            change(&mut other);
            call_fingerprint("o", &other, 0)
        };
        let others = [
            call_fingerprint("other", &request(), 0),
            call_fingerprint("o", &request(), 1),
            changed(|request| request.model = "n".into()),
            changed(|request| request.messages[0].content.push('!')),
            changed(|request| request.messages[0].role = Role::System),
            changed(|request| request.params.temperature = Some(0.0)),
            changed(|request| request.params.extra = serde_json::Map::from_iter([("a".into(), 1.into())])),
            changed(|request| request.tools.push(serde_json::json!({"name": "t"}))),
            changed(|request| request.sample = 1),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, base, "change {index}");
        }
    }
}
