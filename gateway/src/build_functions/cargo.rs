//! What cargo knows about the package of a function or a layer, and the build of a workspace's packages.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Message, MetadataCommand};

use super::build::Build;
use super::error::BuildError;

/// What the template makes of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A function, by its logical id.
    Function(String),
    /// A layer, by its logical id.
    Layer(String),
}

impl Origin {
    /// The logical id in the template.
    #[must_use]
    pub fn logical_id(&self) -> &str {
        match self {
            Self::Function(logical_id) | Self::Layer(logical_id) => logical_id,
        }
    }

    /// The property that names the directory.
    #[must_use]
    pub const fn property(&self) -> &'static str {
        match self {
            Self::Function(_) => "CodeUri",
            Self::Layer(_) => "ContentUri",
        }
    }
}

/// The package of a function or a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) origin: Origin,
    /// `path` in the manifest's `[package.metadata.layer]`.
    pub(super) path_in_layer: Option<String>,
    /// The name of its only binary.
    pub(super) binary: String,
    pub(super) workspace_root: PathBuf,
    pub(super) target_dir: PathBuf,
    manifest_path: PathBuf,
}

/// Asks cargo for the package in a directory.
pub(super) fn find_package(
    origin: Origin,
    directory: &Path,
    cargo: &Path,
) -> Result<Package, BuildError> {
    let logical_id = origin.logical_id().to_owned();
    let unreadable = |cause: String| BuildError::Metadata {
        logical_id: origin.logical_id().to_owned(),
        cause,
    };
    let manifest_path = directory
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
            origin: origin.clone(),
            directory: directory.to_owned(),
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
    let path_in_layer = package.metadata.pointer("/layer/path");
    Ok(Package {
        origin,
        path_in_layer: path_in_layer.and_then(|path| path.as_str().map(str::to_owned)),
        binary,
        workspace_root: metadata.workspace_root.into_std_path_buf(),
        target_dir: metadata.target_directory.into_std_path_buf(),
        manifest_path,
    })
}

/// Builds the packages of one workspace and returns their executables.
pub(super) fn build_workspace(
    workspace_root: &Path,
    packages: &[Package],
    cargo: &Path,
    build: &Build,
) -> Result<BTreeMap<Origin, PathBuf>, BuildError> {
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
                    executables.insert(package.origin.clone(), path);
                }
            }
        }
    }
    let succeeded = build.wait().map_err(no_cargo)?;
    let missing: Vec<String> = packages
        .iter()
        .map(|package| &package.origin)
        .filter(|origin| !executables.contains_key(*origin))
        .map(|origin| format!("`{}`", origin.logical_id()))
        .collect();
    if succeeded && missing.is_empty() {
        return Ok(executables);
    }
    // When a dependency of all fails, all are missing; otherwise those that did compile are not to blame.
    Err(BuildError::Failed {
        logical_ids: missing,
    })
}
