//! Which disk a workspace is on: records need a local one, and a folder that is copied to a cloud is a risk.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::RecordsError;

/// File systems on which several computers write, so that `SQLite`'s journal is not safe.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ncpfs",
    "ceph",
    "glusterfs",
    "lustre",
    "davfs",
    "fuse.sshfs",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.rclone",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.s3fs",
    "fuse.gvfsd-fuse",
];

/// Folders that a sync program copies while they are being written.
const SYNCED: &[(&str, &str)] = &[
    ("dropbox", "Dropbox"),
    ("onedrive", "OneDrive"),
    ("com~apple~clouddocs", "iCloud Drive"),
    ("icloud drive", "iCloud Drive"),
    ("iclouddrive", "iCloud Drive"),
    ("google drive", "Google Drive"),
    ("googledrive", "Google Drive"),
    ("my drive", "Google Drive"),
    ("nextcloud", "Nextcloud"),
    ("syncthing", "Syncthing"),
];

/// Refuses network file systems; the answer is a warning where there is something to warn of.
pub(super) fn check(workspace: &Path) -> Result<Option<String>, RecordsError> {
    let path = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    match filesystem(&path, &mounts) {
        Some(filesystem) if NETWORK.contains(&filesystem) => {
            Err(RecordsError::Network { path, filesystem: filesystem.to_owned() })
        }
        _ if is_share(&path) => Err(RecordsError::Network { path, filesystem: "a shared folder".to_owned() }),
        _ => Ok(synced_by(&path).map(|program| {
            format!(
                "The workspace is in a folder that {program} copies. A copy made while a run is under way can damage the \
                 records: leave `.strata` out of {program}, or move the workspace."
            )
        })),
    }
}

/// The type of the file system that holds `path`, going by the text of `/proc/mounts`.
fn filesystem<'m>(path: &Path, mounts: &'m str) -> Option<&'m str> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let point = unescape(fields.nth(1)?);
            let kind = fields.next()?;
            path.starts_with(&point).then(|| (point.components().count(), kind))
        })
        // A later mount hides an earlier one on the same point.
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

/// Blanks in mount points are written as octal escapes.
fn unescape(point: &str) -> PathBuf {
    PathBuf::from(point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
}

/// A path of Windows to another computer: `\\server\share`.
fn is_share(path: &Path) -> bool {
    use std::path::{Component, Prefix};
    let first = path.components().next();
    matches!(first, Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
}

fn synced_by(path: &Path) -> Option<&'static str> {
    let names: Vec<String> = path.iter().map(|name| name.to_string_lossy().to_lowercase()).collect();
    let is_in = |folder: &str| {
        names.iter().any(|name| {
            name.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-', '(']))
        })
    };
    SYNCED.iter().find(|(folder, _)| is_in(folder)).map(|(_, program)| *program)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str =
        "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb1 /home/a/fast\\040disk xfs rw 0 0\n";

    #[test]
    fn the_innermost_mount_tells_the_file_system() {
        let check = |path: &str, expect: &str| assert_eq!(filesystem(Path::new(path), MOUNTS), Some(expect), "{path}");
        check("/srv/prompts", "ext4");
        check("/home/a/prompts", "nfs4");
        check("/home/a/fast disk/prompts", "xfs");
        check("/homestead", "ext4");
        assert_eq!(filesystem(Path::new("/work"), ""), None);
    }

    #[test]
    fn a_later_mount_hides_an_earlier_one() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/ / nfs rw 0 0\n";
        assert_eq!(filesystem(Path::new("/work"), mounts), Some("nfs"));
    }

    #[test]
    fn synced_folders_are_known_by_name() {
        let check = |path: &str, expect: Option<&str>| assert_eq!(synced_by(Path::new(path)), expect, "{path}");
        check("/home/a/Dropbox/w", Some("Dropbox"));
        check("/home/a/OneDrive - Firm/w", Some("OneDrive"));
        check("/Users/a/Library/Mobile Documents/com~apple~CloudDocs/w", Some("iCloud Drive"));
        check("/home/a/dropboxes/w", None);
        check("/home/a/work", None);
    }
}
