//! What cargo knows about a function's package, and the build of a workspace's functions.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Message, MetadataCommand};

use super::FunctionSource;
use super::build::Build;
use super::error::BuildError;

/// A function's package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) logical_id: String,
    /// The name of its only binary.
    pub(super) binary: String,
    pub(super) workspace_root: PathBuf,
    pub(super) target_dir: PathBuf,
    manifest_path: PathBuf,
}

/// Asks cargo for the package in the function's `CodeUri`.
pub(super) fn find_package(function: &FunctionSource, cargo: &Path) -> Result<Package, BuildError> {
    let logical_id = function.logical_id.clone();
    let unreadable = |cause: String| BuildError::Metadata {
        logical_id: function.logical_id.clone(),
        cause,
    };
    let manifest_path = function
        .code_uri
        .join("Cargo.toml")
        .canonicalize()
        .map_err(|error| unreadable(error.to_string()))?;
    let metadata = MetadataCommand::new()
        .cargo_path(cargo)
        .manifest_path(&manifest_path)
        .no_deps()
        .exec()
        .map_err(|error| match error {
            cargo_metadata::Error::Io(cause) => BuildError::NoCargo {
                cargo: cargo.to_owned(),
                cause,
            },
            cargo_metadata::Error::CargoMetadata { stderr } => unreadable(stderr.trim().to_owned()),
            other => unreadable(other.to_string()),
        })?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.manifest_path == manifest_path)
        .ok_or_else(|| BuildError::NoPackage {
            logical_id: logical_id.clone(),
            code_uri: function.code_uri.clone(),
        })?;
    let mut names: Vec<String> = package
        .targets
        .iter()
        .filter(|target| target.is_bin())
        .map(|target| target.name.clone())
        .collect();
    let package_name = package.name.to_string();
    let Some(binary) = names.pop() else {
        return Err(BuildError::NoBinary {
            logical_id,
            package: package_name,
        });
    };
    if !names.is_empty() {
        names.push(binary);
        return Err(BuildError::SeveralBinaries {
            logical_id,
            package: package_name,
            names,
        });
    }
    Ok(Package {
        logical_id,
        binary,
        workspace_root: metadata.workspace_root.into_std_path_buf(),
        target_dir: metadata.target_directory.into_std_path_buf(),
        manifest_path,
    })
}

/// Builds the packages of one workspace and returns their executables by logical id.
pub(super) fn build_workspace(
    workspace_root: &Path,
    packages: &[Package],
    cargo: &Path,
    build: &Build,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let no_cargo = |cause| BuildError::NoCargo {
        cargo: cargo.to_owned(),
        cause,
    };
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace_root)
        .args(["build", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for package in packages {
        command.args(["--bin", package.binary.as_str()]);
    }
    let stdout = build.start(&mut command).map_err(no_cargo)?;
    let mut executables = BTreeMap::new();
    if let Some(stdout) = stdout {
        for message in Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok) {
            let Message::CompilerArtifact(artifact) = message else {
                continue;
            };
            let Some(executable) = artifact.executable else {
                continue;
            };
            for package in packages {
                let is_ours = artifact.manifest_path == package.manifest_path
                    && artifact.target.is_bin()
                    && artifact.target.name == package.binary;
                if is_ours {
                    let path = executable.clone().into_std_path_buf();
                    executables.insert(package.logical_id.clone(), path);
                }
            }
        }
    }
    let succeeded = build.wait().map_err(no_cargo)?;
    let missing: Vec<String> = packages
        .iter()
        .map(|package| &package.logical_id)
        .filter(|logical_id| !executables.contains_key(*logical_id))
        .map(|logical_id| format!("`{logical_id}`"))
        .collect();
    if succeeded && missing.is_empty() {
        return Ok(executables);
    }
    // When a dependency of all fails, all are missing; otherwise those that did compile are not to blame.
    Err(BuildError::Failed {
        logical_ids: missing,
    })
}
