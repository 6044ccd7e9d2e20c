//! How long an evaluation waits.

use std::time::Duration;

use super::{asking, eval, json, with_config};
use crate::desk::slow_server;

#[test]
fn a_test_has_the_time_that_the_config_gives_it() {
    let server = slow_server(Duration::from_secs(2));
    let desk = with_config(&asking(&server, 1, 1).replace("maxConcurrency: 1", "maxConcurrency: 1, timeoutMs: 50"));
    let ran = eval(&desk, &["-o", "out.json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert_eq!(json(&desk.path().join("out.json"))["results"][0]["error"], true);
}
