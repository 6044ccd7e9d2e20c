//! Copies a file of cases into a project.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::files::cannot;
use crate::domain::{DatasetId, Place, Problem, ProjectId};

/// Copies a CSV or JSONL file into the project's datasets, under the dataset's id. Gives the name of the copy.
///
/// # Errors
/// The file cannot be read or is no such file, a file of that name is there already, or the copy cannot be written.
pub fn import_cases(root: &Path, project: &ProjectId, id: &DatasetId, from: &Path) -> Result<String, Problem> {
    let ending = from.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).unwrap_or_default();
    if !matches!(ending.as_str(), "csv" | "tsv" | "jsonl" | "ndjson") {
        let message = "This is not a `.csv` or `.jsonl` file.";
        return Err(Problem::error(Place::file(from), message, "Save it as one of these first."));
    }
    let name = format!("{id}.{ending}");
    let folder = root.join("projects").join(project.as_str()).join("datasets");
    let target = folder.join(&name);
    let shown = target.strip_prefix(root).unwrap_or(&target).to_owned();
    copy(from, &folder, &target).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Problem::error(Place::file(&shown), "A file of this name is there already.", "Choose another name.")
        }
        _ => Problem::error(Place::file(&shown), cannot("writte", &error), "The file to import is as it was."),
    })?;
    Ok(name)
}

/// Never over a file that is there; what could not be written whole is taken away again.
fn copy(from: &Path, folder: &Path, target: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    fs::create_dir_all(folder)?;
    let mut copy = OpenOptions::new().write(true).create_new(true).open(target)?;
    let done = io::copy(&mut source, &mut copy).and_then(|_| copy.flush()).and_then(|()| copy.sync_all());
    if done.is_err() {
        let _ = fs::remove_file(target);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_copied_once_under_its_new_name() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("Some cases.CSV");
        fs::write(&from, "question\nWhy?\n").unwrap();
        let import = || import_cases(dir.path(), &"p".into(), &"few".into(), &from);
        assert_eq!(import(), Ok("few.csv".to_owned()));
        assert_eq!(fs::read_to_string(dir.path().join("projects/p/datasets/few.csv")).unwrap(), "question\nWhy?\n");
        assert!(import().unwrap_err().message.contains("already"));
    }

    #[test]
    fn what_is_no_file_of_cases_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let import = |name: &str| import_cases(dir.path(), &"p".into(), &"few".into(), &dir.path().join(name));
        assert!(import("cases.xlsx").unwrap_err().message.contains("not a"));
        assert!(import("missing.csv").is_err());
        assert!(!dir.path().join("projects").exists());
    }
}
