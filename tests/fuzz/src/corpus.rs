//! The inputs that are kept: meaningful ones, and all that broke something once.

use std::path::{Path, PathBuf};

use tests::Result;

/// Where the corpus is: a folder for each target, with a file for each input.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target, each with the name of its file, in the order of the names.
///
/// # Errors
///
/// When there are none, or they cannot be read.
pub fn inputs(target: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = folder().join(target);
    let unreadable = |error| format!("{}: {error}", folder.display());
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        inputs.push((name.into_owned(), std::fs::read(&path).map_err(unreadable)?));
    }
    if inputs.is_empty() {
        return Err(format!("{} is empty", folder.display()).into());
    }
    inputs.sort();
    Ok(inputs)
}
