//! Finds the code of functions and the content of layers, and builds what has to be built.
//!
//! A compiled function's `CodeUri` holds either an executable named `bootstrap` or a Cargo package with exactly one binary, as
//! SAM's Rust builder requires. A layer that is such a package is built with them. All packages of one workspace are built by
//! one `cargo build`, run in the workspace's root without `-p`: features are then unified exactly as for `cargo run` there, and
//! nothing is compiled twice.
//!
//! The code of other languages is used as it stands, with the packages that it asks for.

mod build;
mod cargo;
mod earlier;
mod error;
mod interpreted;
mod layer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::language::Language;
pub use build::{Build, StoppedOnDrop};
use cargo::{Origin, Package, build_workspace, find_package};
pub use earlier::is_executable;
pub use error::BuildError;
pub use interpreted::Interpreted;
pub use layer::{LayerContent, is_below};

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

/// What the template says about the content of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSource {
    /// The logical id in the template.
    pub logical_id: String,
    /// `ContentUri` as a directory, resolved against the template's.
    pub content_uri: PathBuf,
    /// `Metadata: BuildMethod`, if there is one.
    pub build_method: Option<String>,
}

/// What there is to find and to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The functions.
    pub functions: Vec<FunctionSource>,
    /// The layers that they have.
    pub layers: Vec<LayerSource>,
    /// The template's directory, where `.aws-sam` is.
    pub template_dir: PathBuf,
}

/// Whether anything may be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildMode {
    /// Build what has to be built.
    Build,
    /// Use what an earlier build left.
    NoBuild,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionCode {
    /// An executable.
    Executable(PathBuf),
    /// Files that an interpreter runs.
    Interpreted(Interpreted),
}

/// The code of functions and the content of layers, by logical id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The functions.
    pub functions: BTreeMap<String, FunctionCode>,
    /// The layers.
    pub layers: BTreeMap<String, LayerContent>,
}

/// Finds and builds all of `sources`. Blocks while cargo and other builders run, which report their progress on stderr.
///
/// `cargo` is the command to build with: the value of the environment variable `CARGO`, or `cargo`. `build` stops it from outside.
///
/// # Errors
///
/// [`BuildError`], which names the function or the layer. Cargo builds nothing when the source of any is not usable.
pub fn build_all(
    sources: &Sources,
    mode: BuildMode,
    cargo: &Path,
    build: &Build,
) -> Result<Built, BuildError> {
    let mut built = Built::default();
    let mut workspaces: BTreeMap<PathBuf, Vec<Package>> = BTreeMap::new();
    let mut later = |package: Package| {
        workspaces
            .entry(package.workspace_root.clone())
            .or_default()
            .push(package);
    };
    let builder = Builder {
        template_dir: &sources.template_dir,
        mode,
        cargo,
        build,
    };
    let mut interpreters = interpreted::Interpreters::default();
    for function in &sources.functions {
        match builder.function(function, &mut interpreters)? {
            Found::Ready(code) => {
                built.functions.insert(function.logical_id.clone(), code);
            }
            Found::Package(package) => later(package),
        }
    }
    for source in &sources.layers {
        match layer::find(source, &builder)? {
            Found::Ready(content) => {
                built.layers.insert(source.logical_id.clone(), content);
            }
            Found::Package(package) => later(package),
        }
    }
    for (workspace_root, packages) in &workspaces {
        let mut executables = build_workspace(workspace_root, packages, cargo, build)?;
        for package in packages {
            let Some(executable) = executables.remove(&package.origin) else {
                continue;
            };
            let logical_id = package.origin.logical_id().to_owned();
            match &package.origin {
                Origin::Function(_) => {
                    let code = FunctionCode::Executable(executable);
                    built.functions.insert(logical_id, code);
                }
                Origin::Layer(_) => {
                    let content = LayerContent::of_package(package, executable)?;
                    built.layers.insert(logical_id, content);
                }
            }
        }
    }
    Ok(built)
}

/// The name of the binary of each function that is a Cargo package with one, by logical id. Blocks while cargo runs.
///
/// Others are left out, and so are all when there is no cargo: whoever asks can do without.
pub fn binary_names(functions: &[FunctionSource], cargo: &Path) -> BTreeMap<String, String> {
    let packages = functions
        .iter()
        .filter(|function| function.code_uri.join("Cargo.toml").is_file())
        .filter_map(|function| {
            let package = find_package(function.origin(), &function.code_uri, cargo).ok()?;
            Some((function.logical_id.clone(), package.binary))
        });
    packages.collect()
}

/// What is there already, or a package that has to be built.
enum Found<T> {
    Ready(T),
    Package(Package),
}

/// What finds and builds one source after the other.
struct Builder<'a> {
    template_dir: &'a Path,
    mode: BuildMode,
    cargo: &'a Path,
    build: &'a Build,
}

impl FunctionSource {
    fn origin(&self) -> Origin {
        Origin::Function(self.logical_id.clone())
    }
}

impl Builder<'_> {
    fn function(
        &self,
        function: &FunctionSource,
        interpreters: &mut interpreted::Interpreters,
    ) -> Result<Found<FunctionCode>, BuildError> {
        let logical_id = function.logical_id.clone();
        let code_uri = function.code_uri.clone();
        must_be_directory(&function.origin(), &code_uri)?;
        if let Some(language) = Language::of(&function.runtime) {
            let code = interpreted::find(function, language, self, interpreters)?;
            return Ok(Found::Ready(FunctionCode::Interpreted(code)));
        }
        // A compiled function needs no runtime from Lambda, whichever it names.
        let bootstrap = code_uri.join("bootstrap");
        if is_executable(&bootstrap) {
            return Ok(Found::Ready(FunctionCode::Executable(bootstrap)));
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
        let package = find_package(function.origin(), &code_uri, self.cargo)?;
        match self.mode {
            BuildMode::Build => Ok(Found::Package(package)),
            BuildMode::NoBuild => {
                let executable =
                    earlier::find(&package, self.template_dir, Path::new("bootstrap"))?;
                Ok(Found::Ready(FunctionCode::Executable(executable)))
            }
        }
    }

    /// What `sam build` left of a function or a layer.
    fn left_by_sam(&self, logical_id: &str) -> PathBuf {
        self.template_dir.join(".aws-sam/build").join(logical_id)
    }

    /// Where this keeps what it builds itself, beside what `sam build` leaves.
    fn own_directory(&self, logical_id: &str) -> PathBuf {
        self.template_dir.join(".aws-sam/tollgate").join(logical_id)
    }
}

fn must_be_directory(origin: &Origin, directory: &Path) -> Result<(), BuildError> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(BuildError::NoDirectory {
        origin: origin.clone(),
        directory: directory.to_owned(),
    })
}
