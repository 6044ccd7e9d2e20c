//! Which file is the config: the one that is named, or the one in the folder that is named.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::super::report::{Location, Refused};

const READABLE: [&str; 3] = ["yaml", "yml", "json"];
const CODE: [&str; 6] = ["js", "cjs", "mjs", "ts", "cts", "mts"];

/// The config's file, absolute.
pub(super) fn find(path: &Path) -> Result<PathBuf, Refused> {
    let refused = |message: String| Err(Refused::new(message, Location::whole(path)));
    let Ok(path) = std::path::absolute(path) else {
        return refused("The path cannot be made absolute.".to_owned());
    };
    let file = if path.is_dir() {
        let found = READABLE
            .iter()
            .chain(&CODE)
            .map(|extension| path.join(format!("promptfooconfig.{extension}")))
            .find(|file| file.is_file());
        let Some(file) = found else {
            return refused("The folder holds no `promptfooconfig.yaml`, `.yml` or `.json`.".to_owned());
        };
        file
    } else {
        path.clone()
    };
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if CODE.contains(&extension) {
        return refused(format!(
            "`{}` is a program, and configs are read, not run. Write it as YAML or JSON.",
            file.display()
        ));
    }
    if !READABLE.contains(&extension) {
        return refused(format!("`{}` is no YAML or JSON file.", file.display()));
    }
    if !file.is_file() {
        return refused(format!("There is no file `{}`.", file.display()));
    }
    Ok(file)
}

/// Larger files are not looked at.
const LARGEST: u64 = 64 << 20;

/// The keys of which a config has at least two.
const KEYS: [&str; 7] =
    ["prompts:", "providers:", "targets:", "tests:", "scenarios:", "defaultTest:", "evaluateOptions:"];

/// Whether a path is a promptfoo config, or a folder with one, as far as a look at it tells.
#[must_use]
pub fn is_config(path: &Path) -> bool {
    let is_named_so = |path: &Path| path.file_stem().is_some_and(|stem| stem == "promptfooconfig");
    if path.is_dir() {
        // A program is refused with the reason.
        return READABLE.iter().chain(&CODE).any(|kind| path.join(format!("promptfooconfig.{kind}")).is_file());
    }
    if is_named_so(path) {
        return path.is_file();
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let Some(text) = READABLE.contains(&extension).then(|| text_of(path)).flatten() else { return false };
    let begins = |line: &str, key: &str| {
        let plain = line.trim_start_matches(['"', ' ', '{']).replace("\":", ":");
        plain.starts_with(key) && (line.starts_with(key) || extension == "json")
    };
    KEYS.iter().filter(|key| text.lines().any(|line| begins(line, key))).count() >= 2
}

/// Whether a file is there that the config is, or names: results must not take its place.
#[must_use]
pub fn is_read(config: &Path, file: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    let Some(there) = whole(file).filter(|there| there.is_file()) else { return false };
    if whole(config).is_some_and(|config| config == there) {
        return true;
    }
    let named = READABLE.iter().map(|kind| config.join(format!("promptfooconfig.{kind}"))).find(|path| path.is_file());
    let named = named.as_deref().unwrap_or(config);
    let (Some(name), Some(text)) = (file.file_name().and_then(|name| name.to_str()), text_of(named)) else {
        return false;
    };
    // Where results are to go is named in a config as well.
    let tells_where = text.contains("outputPath");
    whole(named).is_some_and(|config| config == there)
        || text.lines().any(|line| line.contains(name) && (!tells_where || line.contains("file://")))
}

/// What a file holds; nothing of a pipe or a device, whose end may never come.
fn text_of(path: &Path) -> Option<String> {
    let about = path.metadata().ok()?;
    if !about.is_file() || about.len() > LARGEST {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_a_file_of_bounded_size_with_two_of_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let text = "prompts: [p]\nproviders: [echo]\n";
        std::fs::write(at("config.yaml"), text).unwrap();
        std::fs::write(at("other.yaml"), "prompts: [p]\n").unwrap();
        std::fs::write(at("large.yaml"), text).unwrap();
        File::options().write(true).open(at("large.yaml")).unwrap().set_len(LARGEST + 1).unwrap();
        let found: Vec<_> = ["config.yaml", "other.yaml", "large.yaml", "none.yaml"]
            .into_iter()
            .filter(|name| is_config(&at(name)))
            .collect();
        assert_eq!(found, ["config.yaml"]);
    }

    #[test]
    fn files_that_a_config_is_or_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("promptfooconfig.yaml"), "tests: file://rows.csv\nprompts: [p]\noutputPath: out.json\n")
            .unwrap();
        for name in ["rows.csv", "out.json", "other.csv"] {
            std::fs::write(at(name), "").unwrap();
        }
        let read = |config: &Path, name: &str| is_read(config, &at(name));
        for config in [&at("promptfooconfig.yaml"), folder.path()] {
            assert!(read(config, "promptfooconfig.yaml") && read(config, "rows.csv"));
            assert!(!read(config, "out.json") && !read(config, "other.csv") && !read(config, "none.csv"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn sockets_and_devices_are_no_configs_and_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.yaml")).unwrap();
        assert!(!is_config(&folder.path().join("socket.yaml")));
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
        assert!(!is_config(&folder.path().join("zero.yaml")));
    }
}
