//! A repository whose configuration and hooks name programs: export runs none of them.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Repo, release};

const HOOKS: [&str; 8] = [
    "pre-commit",
    "commit-msg",
    "post-commit",
    "reference-transaction",
    "post-checkout",
    "pre-auto-gc",
    "update",
    "post-index-change",
];

/// A repository that would leave marks if any program that it names were run.
fn hostile(repo: &Repo) {
    let mark = |name: &str| {
        let script = repo.root().join(format!("run-{name}"));
        let text = format!("#!/bin/sh\ntouch '{}/MARK-{name}'\ncat\n", repo.root().display());
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        script.to_string_lossy().into_owned()
    };
    let hooks = repo.target().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in HOOKS {
        fs::copy(mark(hook), hooks.join(hook)).unwrap();
    }
    let settings = [
        ("core.fsmonitor", mark("fsmonitor")),
        ("core.hooksPath", hooks.to_string_lossy().into_owned()),
        ("core.pager", mark("pager")),
        ("core.editor", mark("editor")),
        ("core.sshCommand", mark("ssh")),
        ("core.askPass", mark("askpass")),
        ("credential.helper", format!("!{}", mark("credential"))),
        ("filter.evil.clean", mark("clean")),
        ("filter.evil.smudge", mark("smudge")),
        ("filter.evil.process", mark("process")),
        ("diff.external", mark("diff")),
        ("gpg.program", mark("gpg")),
        ("gpg.ssh.program", mark("gpg-ssh")),
        ("commit.gpgSign", "true".to_owned()),
        ("tag.gpgSign", "true".to_owned()),
        ("tag.forceSignAnnotated", "true".to_owned()),
        ("gc.auto", "1".to_owned()),
        ("alias.hash-object", format!("!{}", mark("alias"))),
        ("uploadpack.packObjectsHook", mark("pack-objects")),
        ("extensions.partialClone", "origin".to_owned()),
        ("remote.origin.url", format!("ext::{}", mark("ext"))),
        ("remote.origin.promisor", "true".to_owned()),
        ("remote.origin.uploadpack", mark("uploadpack")),
        ("protocol.ext.allow", "always".to_owned()),
        ("protocol.file.allow", "always".to_owned()),
    ];
    repo.git(&["config", "core.repositoryFormatVersion", "1"]);
    for (name, value) in &settings {
        repo.git(&["config", name, value]);
    }
    let info = repo.target().join(".git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("attributes"), "* filter=evil diff=evil\n").unwrap();
}

fn marks(repo: &Repo) -> Vec<String> {
    let names = fs::read_dir(repo.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("MARK-")).collect()
}

#[test]
fn none_of_its_programs_runs() {
    let repo = Repo::with_commits();
    repo.commit_file("prompts/triage/prompt.md", "old\n", "old");
    hostile(&repo);
    let user = repo.of_the_user();
    repo.preview(&release("1.0.0", "x")).unwrap();
    assert!(repo.export(&release("1.0.0", "x")).unwrap().new);
    assert!(repo.export(&release("1.1.0", "y")).unwrap().new);
    assert_eq!(marks(&repo), [""; 0]);
    assert_eq!(repo.of_the_user(), user);
    let commit = repo.git(&["-c", "core.fsmonitor=false", "cat-file", "-p", "strata/triage"]);
    assert!(!commit.contains("gpgsig"), "{commit}");
}

/// The marks are real: what a user does by hand does run them.
#[test]
fn the_same_repository_runs_them_for_porcelain() {
    let repo = Repo::with_commits();
    hostile(&repo);
    repo.write("README.md", "changed\n");
    repo.try_git(&["status"]);
    repo.try_git(&["add", "-A"]);
    let seen = marks(&repo);
    assert!(seen.iter().any(|mark| mark == "MARK-fsmonitor"), "{seen:?}");
    assert!(seen.len() > 1, "{seen:?}");
}

/// A missing object of a partial clone would be fetched, through whatever program the remote names.
#[test]
fn missing_objects_are_not_fetched() {
    let repo = Repo::with_commits();
    hostile(&repo);
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]).trim().to_owned();
    let object = repo.target().join(".git/objects").join(&tree[..2]).join(&tree[2..]);
    fs::remove_file(object).unwrap();
    let refs = repo.refs();
    repo.export(&release("1.0.0", "x")).unwrap_err();
    assert_eq!(marks(&repo), [""; 0]);
    assert_eq!(repo.refs(), refs);
}
