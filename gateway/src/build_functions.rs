//! Finds the executables of functions, and builds those that have to be built.
//!
//! A function's `CodeUri` holds either an executable named `bootstrap` or a Cargo package with exactly one binary, as
//! SAM's Rust builder requires. All functions of one workspace are built by one `cargo build`, run in the workspace's
//! root without `-p`: features are then unified exactly as for `cargo run` there, and nothing is compiled twice.

mod build;
mod cargo;
mod earlier;
mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use build::{Build, StoppedOnDrop};
use cargo::{Package, build_workspace, find_package};
pub use error::BuildError;

/// What the template says about the code of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSource {
    /// The logical id in the template.
    pub logical_id: String,
    /// `CodeUri` as a directory, resolved against the template's.
    pub code_uri: PathBuf,
    /// `Metadata: BuildMethod`, if there is one.
    pub build_method: Option<String>,
    /// `Runtime`.
    pub runtime: String,
    /// `Handler`.
    pub handler: String,
}

/// Whether executables may be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildMode {
    /// Build what has to be built.
    Build,
    /// Use what an earlier build left.
    NoBuild,
}

/// The executable of each function, by logical id. Blocks while cargo runs, which reports its progress on stderr.
///
/// `template_dir` is where `.aws-sam` is looked for when nothing may be built. `cargo` is the command to build with:
/// the value of the environment variable `CARGO`, or `cargo`. `build` stops it from outside.
///
/// # Errors
///
/// [`BuildError`], which names the function. Nothing is built when the source of any function is not usable.
pub fn find_executables(
    functions: &[FunctionSource],
    template_dir: &Path,
    mode: BuildMode,
    cargo: &Path,
    build: &Build,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut executables = BTreeMap::new();
    let mut workspaces: BTreeMap<PathBuf, Vec<Package>> = BTreeMap::new();
    for function in functions {
        match source_of(function, template_dir, mode, cargo)? {
            Source::Executable(path) => {
                executables.insert(function.logical_id.clone(), path);
            }
            Source::Package(package) => workspaces
                .entry(package.workspace_root.clone())
                .or_default()
                .push(package),
        }
    }
    for (workspace_root, packages) in &workspaces {
        executables.extend(build_workspace(workspace_root, packages, cargo, build)?);
    }
    Ok(executables)
}

/// The name of the binary of each function that is a Cargo package with one, by logical id. Blocks while cargo runs.
///
/// Others are left out, and so are all when there is no cargo: whoever asks can do without.
pub fn binary_names(functions: &[FunctionSource], cargo: &Path) -> BTreeMap<String, String> {
    let packages = functions
        .iter()
        .filter(|function| function.code_uri.join("Cargo.toml").is_file())
        .filter_map(|function| find_package(function, cargo).ok());
    packages
        .map(|package| (package.logical_id, package.binary))
        .collect()
}

enum Source {
    Executable(PathBuf),
    Package(Package),
}

fn source_of(
    function: &FunctionSource,
    template_dir: &Path,
    mode: BuildMode,
    cargo: &Path,
) -> Result<Source, BuildError> {
    let logical_id = function.logical_id.clone();
    let code_uri = function.code_uri.clone();
    if !code_uri.is_dir() {
        return Err(BuildError::NoCodeUri {
            logical_id,
            code_uri,
        });
    }
    // A compiled function needs no runtime from Lambda, whichever it names.
    let bootstrap = code_uri.join("bootstrap");
    if earlier::is_executable(&bootstrap) {
        return Ok(Source::Executable(bootstrap));
    }
    if !function.runtime.starts_with("provided") {
        return Err(BuildError::RuntimeNotSimulated {
            logical_id,
            runtime: function.runtime.clone(),
        });
    }
    if let Some(method) = &function.build_method
        && method != "rust-cargolambda"
    {
        return Err(BuildError::UnknownBuildMethod {
            logical_id,
            build_method: method.clone(),
        });
    }
    if !code_uri.join("Cargo.toml").is_file() {
        return Err(BuildError::NoSource {
            logical_id,
            code_uri,
        });
    }
    let package = find_package(function, cargo)?;
    match mode {
        BuildMode::Build => Ok(Source::Package(package)),
        BuildMode::NoBuild => earlier::find(&package, template_dir).map(Source::Executable),
    }
}
