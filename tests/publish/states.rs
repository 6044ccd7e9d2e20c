//! Whatever the user is in the middle of, export succeeds and leaves HEAD, index and work tree as they are.

use std::fs;
use std::path::PathBuf;

use crate::support::{Repo, release, run_git};

/// Exports into a repository, then looks at what the user has and at what the branch got.
fn check(state: &str, repo: &Repo) {
    let before = repo.of_the_user();
    let (_, head) = repo.try_git(&["rev-parse", "--symbolic-full-name", "HEAD"]);
    let (_, commit) = repo.try_git(&["rev-parse", "--verify", "-q", "HEAD"]);
    let release = release("1.0.0", "Sort this: {{ message }}");

    let shown = repo.preview(&release).unwrap_or_else(|error| panic!("{state}: preview: {error}"));
    assert_eq!(repo.of_the_user(), before, "{state}: preview changed something");
    let done = repo.export(&release).unwrap_or_else(|error| panic!("{state}: {error}"));
    assert_eq!(repo.of_the_user(), before, "{state}: the user's files changed");
    assert_eq!(repo.try_git(&["rev-parse", "--symbolic-full-name", "HEAD"]).1, head, "{state}");
    assert_eq!(repo.try_git(&["rev-parse", "--verify", "-q", "HEAD"]).1, commit, "{state}");

    assert!(done.new && shown.new, "{state}");
    assert_eq!((&done.branch, &done.tag, &done.folder), (&shown.branch, &shown.tag, &shown.folder), "{state}");
    assert_eq!(repo.git(&["rev-parse", "strata/triage"]).trim(), done.commit, "{state}");
    assert_eq!(repo.git(&["rev-parse", "triage-v1.0.0^{commit}"]).trim(), done.commit, "{state}");
    assert_eq!(repo.git(&["rev-parse", "strata/triage^{tree}"]).trim(), done.tree, "{state}");
    for file in shown.files {
        let there = repo.git(&["cat-file", "blob", &format!("strata/triage:{}", file.path)]);
        assert_eq!(there.as_bytes(), file.bytes, "{state}: {}", file.path);
    }
    let (_, base) = repo.try_git(&["rev-parse", "--verify", "-q", "strata/triage~1"]);
    if !base.is_empty() {
        assert_eq!(base, commit, "{state}: the branch starts at HEAD");
        let changed = repo.git(&["diff-tree", "-r", "--name-only", "--no-relative", base.trim(), &done.commit]);
        assert!(changed.lines().all(|path| path.starts_with("prompts/triage/")), "{state}: {changed}");
    }
    let (clean, said) = repo.try_git(&["fsck", "--strict", "--connectivity-only"]);
    assert!(clean, "{state}: {said}");

    let again = repo.export(&release).unwrap_or_else(|error| panic!("{state}: again: {error}"));
    assert!(!again.new, "{state}: the same content twice");
    assert_eq!((again.commit, again.tree), (done.commit, done.tree), "{state}");
    assert_eq!(repo.of_the_user(), before, "{state}: the second export changed something");
}

/// Two branches that change the same line.
fn in_conflict() -> Repo {
    let repo = Repo::with_commits();
    repo.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    repo.commit_file("README.md", "side\n", "side");
    repo.git(&["checkout", "-q", "main"]);
    repo
}

fn must_conflict(repo: &Repo, arguments: &[&str]) {
    let (ok, said) = repo.try_git(arguments);
    assert!(!ok, "{arguments:?} should conflict: {said}");
}

#[test]
fn every_state_of_a_work_tree() {
    type State = (&'static str, fn() -> Repo);
    let states: [State; 12] = [
        ("clean", Repo::with_commits),
        ("dirty", || {
            let repo = Repo::with_commits();
            repo.write("README.md", "changed\n");
            repo
        }),
        ("staged", || {
            let repo = Repo::with_commits();
            repo.write("README.md", "staged\n");
            repo.git(&["add", "-A"]);
            repo.write("README.md", "and changed again\n");
            repo
        }),
        ("untracked in the folder of prompts", || {
            let repo = Repo::with_commits();
            repo.write("prompts/triage/prompt.md", "mine\n");
            repo
        }),
        ("conflicted merge", || {
            let repo = in_conflict();
            must_conflict(&repo, &["merge", "-q", "side"]);
            repo
        }),
        ("rebase", || {
            let repo = in_conflict();
            must_conflict(&repo, &["rebase", "-q", "side"]);
            repo
        }),
        ("cherry-pick", || {
            let repo = in_conflict();
            must_conflict(&repo, &["cherry-pick", "side"]);
            repo
        }),
        ("revert", || {
            let repo = in_conflict();
            must_conflict(&repo, &["revert", "--no-edit", "HEAD~1"]);
            repo
        }),
        ("bisect", || {
            let repo = Repo::with_commits();
            repo.commit_file("README.md", "three\n", "third");
            repo.git(&["bisect", "start", "HEAD", "HEAD~2"]);
            repo
        }),
        ("detached HEAD", || {
            let repo = Repo::with_commits();
            repo.git(&["checkout", "-q", "HEAD~1"]);
            repo
        }),
        ("stash", || {
            let repo = Repo::with_commits();
            repo.write("README.md", "stashed\n");
            repo.git(&["stash"]);
            repo
        }),
        ("index.lock of another program", || {
            let repo = Repo::with_commits();
            repo.write(".git/index.lock", "");
            repo
        }),
    ];
    for (state, make) in states {
        check(state, &make());
    }
}

#[test]
fn every_kind_of_repository() {
    type Kind = (&'static str, fn() -> Repo);
    let kinds: [Kind; 11] = [
        ("no commit yet", || Repo::unborn(&[])),
        ("no commit yet, no user.name", || {
            let repo = Repo::unborn(&[]);
            repo.git(&["config", "user.useConfigOnly", "true"]);
            repo
        }),
        ("bare", || Repo::unborn(&["--bare"])),
        ("SHA-256", || {
            let repo = Repo::unborn(&["--object-format=sha256"]);
            repo.name_user();
            repo.commit_file("README.md", "one\n", "first");
            repo
        }),
        ("sparse", || {
            let repo = Repo::with_commits();
            repo.commit_file("deep/er/file", "x\n", "deep");
            repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "nothing"]);
            repo
        }),
        ("shallow", || clone_of(&["--depth", "1"])),
        ("partial clone without blobs", || clone_of(&["--filter=blob:none", "--no-checkout"])),
        ("linked work tree", || {
            let mut repo = Repo::with_commits();
            repo.git(&["worktree", "add", "-q", "../linked", "-b", "other"]);
            repo.target = PathBuf::from("linked");
            repo
        }),
        ("a folder inside the work tree", || {
            let mut repo = Repo::with_commits();
            repo.write("deep/er/file", "x\n");
            repo.target = PathBuf::from("repo/deep/er");
            repo
        }),
        ("packed refs, one of them locked", || {
            let repo = Repo::with_commits();
            repo.git(&["pack-refs", "--all"]);
            repo.write(".git/packed-refs.lock", "");
            repo
        }),
        ("reached through a symbolic link", || {
            let mut repo = Repo::with_commits();
            link(&repo, "repo", "link");
            repo.target = PathBuf::from("link");
            repo
        }),
    ];
    for (kind, make) in kinds {
        check(kind, &make());
    }
}

/// A git that knows reftable (2.45 and later) has it exported to as well.
#[test]
fn a_reftable_repository() {
    let folder = tempfile::tempdir().unwrap();
    let (known, _) = run_git(folder.path(), &["init", "-q", "--ref-format=reftable", "probe"]);
    if known {
        let repo = Repo::unborn(&["--ref-format=reftable"]);
        repo.name_user();
        repo.commit_file("README.md", "one\n", "first");
        check("reftable", &repo);
    }
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let repo = Repo::with_commits();
    let other = Repo::with_commits();
    repo.git(&["submodule", "add", "-q", &other.target().to_string_lossy(), "sub"]);
    repo.git(&["commit", "-q", "-m", "sub"]);
    check("beside a submodule", &repo);
    assert!(repo.git(&["ls-tree", "strata/triage", "sub"]).starts_with("160000 commit"));

    let mut inside = repo;
    let outer = inside.git(&["for-each-ref"]);
    inside.target = PathBuf::from("repo/sub");
    let done = inside.export(&release("1.0.0", "x")).unwrap();
    assert!(done.repository.ends_with("sub"), "the target is shown: {}", done.repository.display());
    inside.target = PathBuf::from("repo");
    assert_eq!(inside.refs(), outer, "the outer repository is not touched");
}

#[test]
fn the_author_is_the_users_own_or_strata() {
    let named = Repo::with_commits();
    named.export(&release("1.0.0", "x")).unwrap();
    assert_eq!(
        named.git(&["log", "-1", "--format=%an <%ae> %cn <%ce> %at %ct", "strata/triage"]).trim(),
        "Ada Example <ada@example.org> Ada Example <ada@example.org> 1795444200 1795444200"
    );
    let unnamed = Repo::unborn(&[]);
    unnamed.export(&release("1.0.0", "x")).unwrap();
    assert_eq!(
        unnamed.git(&["log", "-1", "--format=%an <%ae> %cn <%ce>", "strata/triage"]).trim(),
        "Strata <strata@strata.invalid> Strata <strata@strata.invalid>"
    );
}

/// A clone of a repository with two commits.
fn clone_of(arguments: &[&str]) -> Repo {
    let mut repo = Repo::with_commits();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", repo.target().display());
    let clone = [&["clone", "-q"], arguments, &[&from, "../clone"]].concat();
    repo.git(&clone);
    repo.target = PathBuf::from("clone");
    repo
}

#[cfg(unix)]
fn link(repo: &Repo, from: &str, to: &str) {
    std::os::unix::fs::symlink(repo.root().join(from), repo.root().join(to)).unwrap();
}

#[cfg(not(unix))]
fn link(repo: &Repo, _: &str, to: &str) {
    fs::create_dir(repo.root().join(to)).unwrap();
    run_git(&repo.root().join(to), &["init", "-q", "-b", "main"]);
}

#[test]
fn the_workspace_of_a_user_who_merges_goes_on() {
    let repo = Repo::with_commits();
    repo.export(&release("1.0.0", "one")).unwrap();
    repo.git(&["merge", "-q", "--ff-only", "strata/triage"]);
    assert!(fs::exists(repo.target().join("prompts/triage/prompt.ron")).unwrap());
    repo.git(&["branch", "-q", "-D", "strata/triage"]);
    let done = repo.export(&release("1.1.0", "two")).unwrap();
    assert!(done.new);
    assert_eq!(repo.git(&["rev-parse", "strata/triage~1"]), repo.git(&["rev-parse", "main"]));
}
