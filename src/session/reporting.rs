//! Sends the call log to the collector that the workspace names. Only a person's word starts it, and nothing leaves before
//! the person has agreed to send to exactly that origin.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::domain::{CallError, CallRow, Capability, Manifest};
use crate::interop::call_log::{BATCH, request};
use crate::provider::{Collector, KeyStore};
use crate::store::records::RecordsError;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reported {
    /// Calls that were sent.
    pub sent: u64,
    /// Those among them that the collector did not take.
    pub rejected: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("This workspace names no collector. Give `otlp: (endpoint: \"http://127.0.0.1:4318\")` in workspace.ron.")]
    NoCollector,
    /// After as many calls as were sent before.
    #[error("{error}{}", before(*sent))]
    Refused { error: CallError, sent: u64 },
    #[error("{0}")]
    Records(#[from] RecordsError),
}

fn before(sent: u64) -> String {
    if sent == 0 { String::new() } else { format!(" {sent} calls were sent before that.") }
}

/// Sends calls in batches, one after the other; `go_on` hears how many are sent and may end it. Waits for the network, so
/// not for the main thread.
///
/// # Errors
/// The workspace names no collector, its user has not agreed to it, it cannot be reached or refuses; nothing is sent twice.
pub fn report(
    manifest: &Manifest,
    granted: &BTreeSet<Capability>,
    keys: Arc<dyn KeyStore>,
    mut calls: impl Iterator<Item = Result<CallRow, RecordsError>>,
    runtime: &Handle,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Reported, ReportError> {
    let spec = manifest.otlp.as_ref().ok_or(ReportError::NoCollector)?;
    let mut reported = Reported::default();
    let refused = |error, sent| ReportError::Refused { error, sent };
    let collector = Collector::connect(spec, granted, keys).map_err(|error| refused(error, 0))?;
    loop {
        let batch: Vec<CallRow> = calls.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok(reported);
        }
        let sending = collector.send(request(&batch).to_string().into_bytes());
        reported.rejected += runtime.block_on(sending).map_err(|error| refused(error, reported.sent))?;
        reported.sent += batch.len() as u64;
        if !go_on(reported.sent) {
            return Ok(reported);
        }
    }
}
