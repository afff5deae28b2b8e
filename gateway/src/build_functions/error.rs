//! Why there is no code of a function, or no content of a layer.

use std::path::PathBuf;

use super::cargo::Origin;
use crate::language::NoInterpreter;

/// Why there is no code of a function, or no content of a layer. Each message ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The directory does not exist.
    #[error(
        "the {} of `{}`, `{}`, is not a directory; correct it in the template",
        origin.property(), origin.logical_id(), directory.display()
    )]
    NoDirectory {
        /// The function or the layer.
        origin: Origin,
        /// What the template names.
        directory: PathBuf,
    },
    /// The directory has neither a package nor an executable.
    #[error(
        "`{}` has neither a Cargo.toml nor an executable `bootstrap` for `{logical_id}`; add a package with one binary",
        code_uri.display()
    )]
    NoSource {
        /// The function.
        logical_id: String,
        /// Its code.
        code_uri: PathBuf,
    },
    /// The function needs a language's runtime.
    #[error(
        "`{logical_id}` has the runtime `{runtime}`, which is not simulated; use `provided.al2023` with a compiled binary, or a runtime of Python or Node.js"
    )]
    RuntimeNotSimulated {
        /// The function.
        logical_id: String,
        /// Its runtime.
        runtime: String,
    },
    /// The function is built by something else than cargo.
    #[error(
        "`{logical_id}` has the build method `{build_method}`, which is not known here; use `rust-cargolambda` or put an executable `bootstrap` into its CodeUri"
    )]
    UnknownBuildMethod {
        /// The function.
        logical_id: String,
        /// Its build method.
        build_method: String,
    },
    /// No interpreter can run the function.
    #[error("`{logical_id}` has the runtime `{runtime}`, and {cause}")]
    NoInterpreter {
        /// The function.
        logical_id: String,
        /// Its runtime.
        runtime: String,
        /// Why.
        cause: NoInterpreter,
    },
    /// The function's or the layer's content is made by a builder of SAM's.
    #[error(
        "`{logical_id}` has the build method `{build_method}`, which is SAM's; run `sam build`, and start with `--no-build`"
    )]
    BuiltBySam {
        /// The function or the layer.
        logical_id: String,
        /// Its build method.
        build_method: String,
    },
    /// The packages of a function in JavaScript are not there.
    #[error(
        "the package.json of `{logical_id}` has dependencies, and no folder `node_modules` is there; run `npm install` in `{}`",
        directory.display()
    )]
    NoModules {
        /// The function.
        logical_id: String,
        /// Its code.
        directory: PathBuf,
    },
    /// The packages of a function in Python cannot be installed.
    #[error("the packages of `{logical_id}` could not be installed; correct `{}`, or what pip shows above", requirements.display())]
    NoPackages {
        /// The function.
        logical_id: String,
        /// Its list of packages.
        requirements: PathBuf,
    },
    /// A layer's makefile fails.
    #[error("`make build-{logical_id}` failed in `{}`; correct what it shows above", directory.display())]
    Make {
        /// The layer.
        logical_id: String,
        /// Where it ran.
        directory: PathBuf,
    },
    /// A builder cannot be started, or its folder cannot be used.
    #[error(
        "`{logical_id}` cannot be built: {what}: {cause}; install it, or make the folder writable"
    )]
    Builder {
        /// The function or the layer.
        logical_id: String,
        /// The command, or the folder.
        what: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The package of a layer names a place outside of it.
    #[error(
        "the package of `{logical_id}` has `path = \"{path}\"` in `[package.metadata.layer]`; name a file in the layer, such as `tollgate`"
    )]
    PathInLayer {
        /// The layer.
        logical_id: String,
        /// What it says.
        path: String,
    },
    /// Cargo could not be started.
    #[error("`{}` cannot be run: {cause}; install Rust from https://rustup.rs or set CARGO", cargo.display())]
    NoCargo {
        /// The command.
        cargo: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Cargo does not understand the package.
    #[error(
        "the Cargo package of `{logical_id}` cannot be read: {cause}; run `cargo metadata` there"
    )]
    Metadata {
        /// The function.
        logical_id: String,
        /// Cargo's words.
        cause: String,
    },
    /// `CodeUri` has a workspace without a package.
    #[error(
        "`{}` is a workspace and no package; let the {} of `{}` name one of its packages",
        directory.display(), origin.property(), origin.logical_id()
    )]
    NoPackage {
        /// The function or the layer.
        origin: Origin,
        /// What the template names.
        directory: PathBuf,
    },
    /// The package has no binary.
    #[error("the package `{package}` of `{logical_id}` has no binary; add a src/main.rs")]
    NoBinary {
        /// The function.
        logical_id: String,
        /// The package.
        package: String,
    },
    /// The package has more than one binary.
    #[error(
        "the package `{package}` of `{logical_id}` has the binaries {}; give each a package of its own",
        names.join(", ")
    )]
    SeveralBinaries {
        /// The function.
        logical_id: String,
        /// The package.
        package: String,
        /// Its binaries.
        names: Vec<String>,
    },
    /// The code does not compile.
    #[error("{} could not be built; correct the errors that cargo shows above", logical_ids.join(", "))]
    Failed {
        /// The functions and layers concerned.
        logical_ids: Vec<String>,
    },
    /// Nothing has been built yet.
    #[error(
        "`{logical_id}` has not been built: there is no {}; leave out `--no-build`",
        searched.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
    )]
    NotBuilt {
        /// The function.
        logical_id: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
}
