//! `strata init`: a new workspace that runs offline at once.

use super::args::InitArgs;
use super::chosen::{refuse, say, word};
use super::exit::Exit;
use crate::store::init_workspace;

pub(super) fn init(arguments: &InitArgs) -> Exit {
    if let Err(problem) = init_workspace(&arguments.folder) {
        return refuse(problem);
    }
    let folder = arguments.folder.display();
    say(format!("A new workspace is in {folder}. Try it with: strata run {}", word(&folder)));
    Exit::Passed
}
