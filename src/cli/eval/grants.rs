//! What an evaluation may do: what its config asks for, and what its user grants for this run.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::args::EvalArgs;
use super::super::chosen::{complain, note};
use crate::domain::{Capability, SecretRef};
use crate::interop::promptfoo::{Ask, AskKind, Refused};
use crate::provider::{GivenKeys, KeyStore, is_local_origin, vendor_bound};

pub(super) fn told(why: &Refused) -> String {
    match why {
        Refused::NeedsTrust(asks) => untrusted(&asks.iter().map(line).collect::<Vec<_>>()),
        Refused::Invalid { .. } => why.to_string(),
    }
}

/// What the run may do: all that it asks for where the user trusts it, else only what needs no trust.
pub(super) fn granted(
    arguments: &EvalArgs,
    asked: &BTreeSet<Capability>,
    asks: &[Ask],
    keys: &GivenKeys,
) -> Result<BTreeSet<Capability>, String> {
    arguments.idle_hosts(asked).for_each(|host| complain(format!("--trust-host {host} is not used by this config.")));
    let is_given = |key: &SecretRef| keys.holds(key);
    let needs_none = |capability: &&Capability| match capability {
        Capability::Send { origin, key, .. } => is_local_origin(origin) && key.as_ref().is_none_or(is_given),
        _ => false,
    };
    let place = |key: &SecretRef| keys.place(key);
    let shown = |capability: &Capability| capability.told(&place).to_string();
    let needed = asked.iter().filter(|capability| !needs_none(capability)).map(shown);
    // An address is told by what is sent to it.
    let asks: Vec<&Ask> = asks.iter().filter(|ask| ask.kind != AskKind::Origin).collect();
    let wanted: Vec<String> = asks.iter().map(|ask| line(ask)).chain(needed).collect();
    if let Some(stranger) = asked.iter().find(|one| is_stranger(one, &is_given) && !arguments.trusts_host(one)) {
        return Err(format!(
            "It asks to {stranger}. That host is not the key's vendor: name it with --trust-host {}.",
            host_of(stranger)
        ));
    }
    if arguments.trust {
        for one in wanted {
            note(format!("Granted for this run: {one}."));
        }
        return Ok(asked.clone());
    }
    // A variable that may not be read is an empty one.
    let is_refused = wanted.len() > asks.len() || asks.iter().any(|ask| ask.kind != AskKind::Environment);
    if is_refused {
        return Err(untrusted(&wanted));
    }
    for ask in asks {
        note(format!(
            "Not granted, and so read as empty: the variable {} of the environment ({}). A provider whose id or address \
             needs it is an error. Grant it with --trust.",
            ask.subject, ask.at
        ));
    }
    Ok(asked.clone())
}

/// A vendor's key on its way to a host that is not the vendor's.
fn is_stranger(capability: &Capability, is_given: &impl Fn(&SecretRef) -> bool) -> bool {
    matches!(capability, Capability::Send { origin, key: Some(key), .. }
        if !is_given(key) && vendor_bound(key, origin) == Some(false))
}

/// What a host is named by: with its port, where that is not the usual one.
fn host_of(capability: &Capability) -> &str {
    let Capability::Send { origin, .. } = capability else { return "HOST" };
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// What is asked for, with its place; code goes by its place already.
fn line(ask: &Ask) -> String {
    let (asked, at) = (ask.to_string(), ask.at.to_string());
    if asked.contains(&at) { asked } else { format!("{asked} ({at})") }
}

fn untrusted(wanted: &[String]) -> String {
    let mut message =
        "The config asks for what needs trust. Look at it, then grant it for one run with --trust:".to_owned();
    for one in wanted {
        let _ = write!(message, "\n  {one}");
    }
    message
}
