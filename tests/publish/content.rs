//! What lands in the branch, version after version.

use strata::publish::{Base, Change, ExportError, ExportOptions, export, preview};

use crate::support::{Repo, isolated, release};

#[test]
fn the_branch_keeps_what_is_there() {
    let repo = Repo::with_commits();
    repo.commit_file("prompts/triage/owner.txt", "ada\n", "owner");
    repo.commit_file("prompts/other/prompt.md", "other\n", "other");
    repo.export(&release("1.0.0", "x")).unwrap();
    assert_eq!(
        repo.git(&["ls-tree", "-r", "--name-only", "strata/triage"]),
        "README.md\nprompts/other/prompt.md\nprompts/triage/evidence.json\nprompts/triage/messages.anthropic.json\n\
         prompts/triage/messages.gemini.json\nprompts/triage/messages.openai.json\nprompts/triage/owner.txt\n\
         prompts/triage/prompt.md\nprompts/triage/prompt.ron\n"
    );
}

#[test]
fn versions_follow_each_other_with_a_readable_diff() {
    let repo = Repo::with_commits();
    let first = release("1.0.0", "Sort this: {{ message }}");
    let second = release("1.1.0", "Sort this with care: {{ message }}");
    let one = repo.export(&first).unwrap();
    let two = export(&isolated(), &repo.target(), &second, Some(&first), &ExportOptions::default()).unwrap();
    assert_eq!(repo.git(&["rev-parse", "strata/triage~1"]).trim(), one.commit);
    assert_ne!(one.tree, two.tree);
    let message = repo.git(&["log", "-1", "--format=%B", "strata/triage"]);
    assert!(
        message.starts_with("Release triage 1.1.0\n\nSince 1.0.0:\n- layer ask changed (+1 −1 lines)\n"),
        "{message}"
    );
    let trailers = repo.git(&["log", "-1", "--format=%(trailers:key=Run,valueonly)", "strata/triage"]);
    assert_eq!(trailers.trim(), "20261123-140501-7f3a");
    assert_eq!(repo.git(&["cat-file", "-t", "triage-v1.1.0"]).trim(), "tag");
}

#[test]
fn preview_tells_what_differs() {
    let repo = Repo::with_commits();
    let head = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let first = release("1.0.0", "one");
    let before = repo.everything();
    let shown = repo.preview(&first).unwrap();
    assert_eq!(repo.everything(), before, "preview writes nothing, not even objects");
    assert_eq!(shown.base, Base::Head(head));
    assert!(shown.tag_is_new && shown.new);
    assert!(shown.files.iter().all(|file| file.change == Change::Added));
    assert_eq!(shown.files[4].path, "prompts/triage/prompt.md");

    let done = repo.export(&first).unwrap();
    let shown = repo.preview(&first).unwrap();
    assert!(!shown.tag_is_new && !shown.new);
    assert!(shown.files.iter().all(|file| file.change == Change::Same));

    let second = release("1.1.0", "one");
    let shown = preview(&isolated(), &repo.target(), &second, Some(&first), &ExportOptions::default()).unwrap();
    assert_eq!(shown.base, Base::Branch(done.commit));
    let changed: Vec<_> =
        shown.files.iter().filter(|file| file.change == Change::Changed).map(|file| file.path.as_str()).collect();
    assert_eq!(changed, ["prompts/triage/evidence.json", "prompts/triage/prompt.md", "prompts/triage/prompt.ron"]);
    assert!(shown.message.starts_with("Release triage 1.1.0\n"));
}

#[test]
fn the_same_release_is_the_same_commit_everywhere() {
    let make = || {
        let repo = Repo::with_commits();
        repo.export(&release("1.0.0", "one")).unwrap()
    };
    let (a, b) = (make(), make());
    assert_eq!((a.tree, a.commit), (b.tree, b.commit));
}

#[test]
fn a_tag_is_never_moved() {
    let repo = Repo::with_commits();
    let one = repo.export(&release("1.0.0", "one")).unwrap();
    let refs = repo.refs();
    let error = repo.export(&release("1.0.0", "other words")).unwrap_err();
    assert_eq!(error, ExportError::TagTaken { tag: "triage-v1.0.0".to_owned() });
    assert_eq!(repo.refs(), refs);

    repo.export(&release("1.1.0", "two")).unwrap();
    let refs = repo.refs();
    let again = repo.export(&release("1.0.0", "one")).unwrap();
    assert_eq!((again.commit, again.new), (one.commit, false), "an older release again is still that release");
    assert_eq!(repo.refs(), refs, "and the branch does not go back");
}

#[test]
fn a_tag_of_somebody_elses_is_not_taken() {
    let repo = Repo::with_commits();
    repo.git(&["tag", "triage-v1.0.0"]);
    let refs = repo.refs();
    assert!(matches!(repo.export(&release("1.0.0", "one")), Err(ExportError::TagTaken { .. })));
    assert_eq!(repo.refs(), refs);
}

#[test]
fn a_lost_tag_comes_back_without_a_commit() {
    let repo = Repo::with_commits();
    let one = repo.export(&release("1.0.0", "one")).unwrap();
    repo.git(&["tag", "-d", "triage-v1.0.0"]);
    let again = repo.export(&release("1.0.0", "one")).unwrap();
    assert_eq!((again.new, &again.commit), (false, &one.commit));
    assert_eq!(repo.git(&["rev-parse", "triage-v1.0.0^{commit}"]).trim(), one.commit);
}

#[test]
fn hostile_names_stay_inside_the_folder_of_prompts() {
    let long = "x".repeat(300);
    let names = [
        "../../escape",
        "..",
        ".git/hooks/pre-commit",
        ".GIT",
        "git~1",
        "a\0b",
        "CON",
        "nul",
        &long,
        "Triage",
        "TRIAGE",
        "caf\u{e9}",
        "cafe\u{301}",
        "-rf",
        "a.lock",
        "refs/heads/main",
        "a b",
        "x@{0}",
        "",
        "HEAD",
    ];
    let repo = Repo::with_commits();
    let user = repo.of_the_user();
    for name in names {
        let options = ExportOptions { name: Some(name.to_owned()) };
        let done = export(&isolated(), &repo.target(), &release("1.0.0", "x"), None, &options);
        let done = done.unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert!(done.new, "{name:?} clashes with another name");
        let paths = repo.git(&["ls-tree", "-r", "--name-only", &done.branch]);
        let ours = paths.lines().filter(|path| *path != "README.md");
        assert!(ours.clone().all(|path| path.starts_with(&format!("{}/", done.folder))), "{paths}");
        assert_eq!(ours.count(), 6, "{paths}");
    }
    assert_eq!(repo.of_the_user(), user);
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn a_folder_that_differs_only_by_case_is_kept_apart() {
    let repo = Repo::with_commits();
    repo.commit_file("Prompts/Triage/mine.txt", "mine\n", "mine");
    let done = repo.export(&release("1.0.0", "x")).unwrap();
    assert!(done.folder.starts_with("Prompts/triage-"), "{}", done.folder);
    assert_eq!(repo.export(&release("1.1.0", "y")).unwrap().folder, done.folder);
}
