//! What stops an export is told by class, and leaves everything as it was.

use std::fs;
use std::time::Duration;

use strata::publish::{ExportError, ExportOptions, Git, export};

use crate::support::{Repo, behind, isolated, release};

/// Exports through a git that is hindered, expects an error, and that no ref and no file of the user's has changed.
fn check(name: &str, repo: &Repo, git: &Git, expect: impl Fn(&ExportError) -> bool) {
    let (user, refs) = (repo.of_the_user(), repo.refs());
    match export(git, &repo.target(), &release("1.0.0", "x"), None, &ExportOptions::default()) {
        Ok(_) => panic!("{name}: it should not succeed"),
        Err(error) => assert!(expect(&error), "{name}: {error:?}"),
    }
    assert_eq!(repo.of_the_user(), user, "{name}");
    assert_eq!(repo.refs(), refs, "{name}");
}

#[test]
fn git_itself() {
    let repo = Repo::with_commits();
    check("absent", &repo, &Git::new("/nowhere/git"), |error| *error == ExportError::GitAbsent);
    check(
        "too old",
        &repo,
        &behind("echo git version 2.29.2"),
        |error| matches!(error, ExportError::GitTooOld { found } if found == "2.29.2"),
    );
    let hangs = behind(r#"case "$*" in *commit-tree*) exec sleep 600;; *) exec git "$@";; esac"#);
    check(
        "hangs",
        &repo,
        &hangs.deadline(Duration::from_secs(2)),
        |error| matches!(error, ExportError::Deadline { command, .. } if command == "commit-tree"),
    );
}

#[test]
fn the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let git = isolated().env("GIT_CEILING_DIRECTORIES", folder.path());
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let try_export = |folder: &std::path::Path| {
        export(&git, folder, &release("1.0.0", "x"), None, &ExportOptions::default()).unwrap_err()
    };
    assert!(matches!(try_export(&inside), ExportError::NotARepository(_)));
    assert!(matches!(try_export(&folder.path().join("missing")), ExportError::NoFolder(_)));
}

#[test]
fn the_disk() {
    let repo = Repo::with_commits();
    let failing = |step: &str, words: &str| {
        behind(&format!(r#"case "$*" in *{step}*) echo "{words}" >&2; exit 128;; *) exec git "$@";; esac"#))
    };
    let denied = "error: insufficient permission for adding an object to repository database .git/objects";
    let read_only = "fatal: cannot lock ref: Unable to create '/r/x.lock': Read-only file system";
    let full = "fatal: unable to write loose object file: No space left on device";
    for step in ["hash-object", "mktree", "commit-tree", "mktag", "update-ref"] {
        check(step, &repo, &failing(step, denied), |error| matches!(error, ExportError::ReadOnly(_)));
        check(step, &repo, &failing(step, read_only), |error| matches!(error, ExportError::ReadOnly(_)));
        check(step, &repo, &failing(step, full), |error| *error == ExportError::NoSpace);
    }
}

/// Whoever may write anywhere (root) is not stopped by permissions, and has nothing to test here.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = Repo::with_commits();
    let objects = repo.target().join(".git/objects");
    fs::set_permissions(&objects, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(objects.join("probe"), "").is_err() {
        check("read-only", &repo, &isolated(), |error| matches!(error, ExportError::ReadOnly(_)));
    }
    fs::set_permissions(&objects, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Only root can give a folder away, so only root can make the case.
#[cfg(unix)]
#[test]
fn a_repository_of_another_user() {
    let repo = Repo::with_commits();
    let paths = [repo.target(), repo.target().join(".git")];
    if paths.iter().all(|path| std::os::unix::fs::chown(path, Some(65_534), None).is_ok()) {
        let error = repo.export(&release("1.0.0", "x")).unwrap_err();
        assert!(matches!(error, ExportError::ForeignOwner(_)), "{error:?}");
        assert!(error.hint().contains("safe.directory"));
    }
}

#[test]
fn locks_are_told_and_never_taken_away() {
    for reference in ["refs/heads/strata/triage", "refs/tags/triage-v1.0.0"] {
        let repo = Repo::with_commits();
        let lock = format!(".git/{reference}.lock");
        repo.write(&lock, "held");
        check(
            reference,
            &repo,
            &isolated(),
            |error| matches!(error, ExportError::Locked { lock: Some(file) } if file.ends_with(&lock)),
        );
        assert_eq!(fs::read_to_string(repo.target().join(&lock)).unwrap(), "held");
        fs::remove_file(repo.target().join(&lock)).unwrap();
        assert!(repo.export(&release("1.0.0", "x")).unwrap().new, "it goes on once the lock is gone");
    }
}

/// A git before whose first `moves` calls of `update-ref` somebody else moves the branch.
fn contended(repo: &Repo, moves: u32) -> Git {
    let count = repo.root().join("count");
    fs::write(&count, "0").unwrap();
    let script = format!(
        r#"case "$*" in *update-ref*)
             n=$(cat '{count}'); n=$((n + 1)); echo $n > '{count}'
             if [ $n -le {moves} ]; then
               c=$(git -c user.name=x -c user.email=x@example.org commit-tree -m "other $n" 'HEAD^{{tree}}')
               git update-ref refs/heads/strata/triage $c
             fi;;
           esac
           exec git "$@""#,
        count = count.display()
    );
    behind(&script)
}

#[test]
fn a_branch_that_moves_meanwhile_is_read_again() {
    let repo = Repo::with_commits();
    let git = contended(&repo, 2);
    let done = export(&git, &repo.target(), &release("1.0.0", "x"), None, &ExportOptions::default()).unwrap();
    assert_eq!(repo.git(&["log", "--format=%s", "strata/triage"]), "Release triage 1.0.0\nother 2\n");
    assert_eq!(repo.git(&["rev-parse", "strata/triage"]).trim(), done.commit);
    assert_eq!(fs::read_to_string(repo.root().join("count")).unwrap().trim(), "3");
}

#[test]
fn a_branch_that_keeps_moving_is_given_up_after_three_tries() {
    let repo = Repo::with_commits();
    let git = contended(&repo, 9);
    let error = export(&git, &repo.target(), &release("1.0.0", "x"), None, &ExportOptions::default()).unwrap_err();
    assert_eq!(error, ExportError::Moved { reference: "refs/heads/strata/triage".to_owned() });
    assert_eq!(fs::read_to_string(repo.root().join("count")).unwrap().trim(), "3");
    assert_eq!(repo.git(&["log", "--format=%s", "strata/triage"]), "other 3\n", "the other's work stands");
    assert_eq!(repo.git(&["tag"]), "", "branch and tag move together or not at all");
}

#[test]
fn what_is_in_the_way() {
    let repo = Repo::with_commits();
    repo.git(&["branch", "strata"]);
    check("a branch `strata`", &repo, &isolated(), |error| matches!(error, ExportError::NameClash { .. }));

    let repo = Repo::with_commits();
    repo.git(&["branch", "strata/triage/deeper"]);
    check("a branch below", &repo, &isolated(), |error| matches!(error, ExportError::NameClash { .. }));

    let repo = Repo::with_commits();
    repo.git(&["checkout", "-q", "-b", "strata/triage"]);
    check(
        "checked out",
        &repo,
        &isolated(),
        |error| matches!(error, ExportError::CheckedOut { branch, .. } if branch == "strata/triage"),
    );

    let repo = Repo::with_commits();
    repo.commit_file("prompts", "a file\n", "file");
    check("a file", &repo, &isolated(), |error| matches!(error, ExportError::InTheWay { kind: "a file", .. }));

    let repo = Repo::with_commits();
    repo.commit_file("prompts/triage/prompt.md/x", "x\n", "folder");
    check("a folder", &repo, &isolated(), |error| {
        *error == ExportError::InTheWay { path: "prompts/triage/prompt.md".to_owned(), kind: "a folder" }
    });
}

#[cfg(unix)]
#[test]
fn links_out_of_the_repository_are_not_followed() {
    for path in ["prompts", "prompts/triage", "prompts/triage/prompt.ron"] {
        let repo = Repo::with_commits();
        let outside = repo.root().join("outside");
        fs::create_dir(&outside).unwrap();
        let link = repo.target().join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-q", "-m", "link"]);
        check(path, &repo, &isolated(), |error| matches!(error, ExportError::InTheWay { kind: "a symbolic link", .. }));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[test]
fn secrets_do_not_leave() {
    let repo = Repo::with_commits();
    let everything = repo.everything();
    let key = format!("sk-ant-api03-{}", "0a1b2c3d".repeat(6));
    let error = repo.export(&release("1.0.0", &format!("Use {key}"))).unwrap_err();
    assert!(matches!(&error, ExportError::Secret { kind: "an Anthropic key", .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(&key), "nor does the message show it");
    assert_eq!(repo.everything(), everything, "no object was written");
}
