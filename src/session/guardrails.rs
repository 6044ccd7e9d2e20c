//! How good the sanitiser and the output validator are on the bundled texts: measured once, in the background.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::Session;
use crate::analysis::{Detection, Guard, measure};
use crate::scoring::guardrails::labelled::{Half, bundled};

/// What each guard made of each half of the texts.
pub type Detections = BTreeMap<(Guard, Half), Detection>;

#[derive(Default)]
pub(super) struct Measuring {
    asked: bool,
    found: Option<Arc<Detections>>,
}

impl Session {
    /// How good the guards are, with their built-in patterns; `None` until that is measured: ask with
    /// [`super::Command::MeasureGuardrails`].
    #[must_use]
    pub const fn guardrails(&self) -> Option<&Arc<Detections>> {
        self.guardrails.found.as_ref()
    }

    pub(super) fn measure_guardrails(&mut self) {
        if std::mem::replace(&mut self.guardrails.asked, true) {
            return;
        }
        self.jobs.quiet(|_| {
            let found = Arc::new(measure(&bundled()));
            Box::new(move |session| session.guardrails.found = Some(found))
        });
    }
}
