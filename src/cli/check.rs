//! `strata check`: every mistake in a workspace, with its place. Nothing is sent.

use std::io::{self, Write};

use super::args::CheckArgs;
use super::exit::Exit;
use crate::domain::Problem;
use crate::interop::run_formats::{counted, harmless};
use crate::session::{Shelf, problems_of};
use crate::store::open_workspace;

pub(super) fn check(arguments: &CheckArgs) -> Exit {
    let problems: Vec<Problem> = match open_workspace(&arguments.workspace) {
        Ok(workspace) => problems_of(&workspace, &Shelf::default()),
        Err(problem) => vec![problem],
    };
    // Whoever closed the pipe does not want to read on; the exit code still tells.
    drop(list(&problems, &mut io::stdout().lock()));
    if problems.iter().any(Problem::is_error) { Exit::Usage } else { Exit::Passed }
}

/// One line for each problem, then how many there are.
fn list(problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        writeln!(out, "{}", harmless(&problem.to_string()))?;
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    match (errors, problems.len() - errors) {
        (0, 0) => writeln!(out, "No problems."),
        (errors, warnings) => {
            writeln!(out, "{}, {}.", counted(errors as u64, "error"), counted(warnings as u64, "warning"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Place;

    #[test]
    fn problems_are_listed_and_counted() {
        let check = |problems: &[Problem], expect: &str| {
            let mut out = Vec::new();
            list(problems, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        };
        check(&[], "No problems.\n");
        let problem = Problem::error(Place::at("a.ron", 3, 7), "Wrong \x1b[31m.", "Mend it.");
        check(&[problem], "a.ron:3:7: error: Wrong ␛[31m. Mend it.\n1 error, 0 warnings.\n");
    }
}
