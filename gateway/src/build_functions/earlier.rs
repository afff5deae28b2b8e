//! Executables that an earlier build left.

use std::path::{Path, PathBuf};

use super::cargo::Package;
use super::error::BuildError;

/// The newest executable that cargo, cargo-lambda or SAM left for this package. SAM's build has it under `name`.
pub(super) fn find(
    package: &Package,
    template_dir: &Path,
    name: &Path,
) -> Result<PathBuf, BuildError> {
    let searched = vec![
        package.target_dir.join("debug").join(&package.binary),
        package
            .target_dir
            .join("lambda")
            .join(&package.binary)
            .join("bootstrap"),
        template_dir
            .join(".aws-sam/build")
            .join(package.origin.logical_id())
            .join(name),
    ];
    searched
        .iter()
        .filter(|path| is_executable(path))
        .max_by_key(|path| {
            path.metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
        })
        .cloned()
        .ok_or_else(|| BuildError::NotBuilt {
            logical_id: package.origin.logical_id().to_owned(),
            searched: searched.clone(),
        })
}

/// Whether the path is a file that may be run.
#[must_use]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
