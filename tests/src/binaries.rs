//! The workspace's binaries, built once a test process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::error::Result;

/// The paths of the workspace's binaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binaries {
    paths: BTreeMap<String, PathBuf>,
}

impl Binaries {
    /// The path of the binary `name`, as Cargo put it into its target directory.
    ///
    /// # Errors
    ///
    /// When the workspace has no such binary.
    pub fn path(&self, name: &str) -> Result<&Path> {
        let path = self.paths.get(name).map(PathBuf::as_path);
        path.ok_or_else(|| {
            let known: Vec<&str> = self.paths.keys().map(String::as_str).collect();
            format!("the workspace has no binary `{name}`, only {known:?}").into()
        })
    }

    /// The binaries that Cargo names in its messages, one JSON object a line.
    fn from_cargo_messages(messages: &str) -> Self {
        let artifacts = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let paths = artifacts.filter_map(|artifact| {
            let name = artifact.get("target")?.get("name")?.as_str()?.to_owned();
            let path = artifact.get("executable")?.as_str()?;
            Some((name, PathBuf::from(path)))
        });
        Self {
            paths: paths.collect(),
        }
    }
}

/// The folder of the workspace's `Cargo.toml`.
pub fn workspace_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Builds the workspace's binaries with `cargo build --bins`, at the first call in this process, and answers where they are.
///
/// It blocks while Cargo runs.
///
/// # Errors
///
/// When Cargo cannot be run or the build fails; the message holds what Cargo said. Later calls answer the same.
pub fn binaries() -> Result<&'static Binaries> {
    static BINARIES: OnceLock<std::result::Result<Binaries, String>> = OnceLock::new();
    let built = BINARIES.get_or_init(build);
    built.as_ref().map_err(|message| message.clone().into())
}

fn build() -> std::result::Result<Binaries, String> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--bins", "--locked", "--message-format=json"])
        .current_dir(workspace_root())
        .output()
        .map_err(|error| format!("cannot run `{}`: {error}", env!("CARGO")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo build --bins` failed:\n{said}"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(Binaries::from_cargo_messages(&messages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_executables_from_the_messages_of_cargo() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"tollgate"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"users"},"executable":"/t/debug/users"}"#,
            "\nnot a message\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let binaries = Binaries::from_cargo_messages(messages);
        assert_eq!(binaries.path("users").unwrap(), Path::new("/t/debug/users"));
        let error = binaries.path("tollgate").unwrap_err().to_string();
        assert_eq!(
            error,
            "the workspace has no binary `tollgate`, only [\"users\"]"
        );
    }

    #[test]
    fn finds_the_workspace() {
        assert!(workspace_root().join("Cargo.lock").is_file());
    }
}
