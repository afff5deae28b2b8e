//! Why a function has no executable.

use std::path::PathBuf;

/// Why a function has no executable. Each message ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The directory does not exist.
    #[error("the CodeUri of `{logical_id}`, `{}`, is not a directory; correct it in the template", code_uri.display())]
    NoCodeUri {
        /// The function.
        logical_id: String,
        /// Its code.
        code_uri: PathBuf,
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
        "`{logical_id}` has the runtime `{runtime}`, which is not simulated; use `provided.al2023` with a compiled binary"
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
        "`{}` is a workspace and no package; let the CodeUri of `{logical_id}` name one of its packages",
        code_uri.display()
    )]
    NoPackage {
        /// The function.
        logical_id: String,
        /// Its code.
        code_uri: PathBuf,
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
        "the package `{package}` of `{logical_id}` has the binaries {}; give each function a package of its own",
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
        /// The functions concerned.
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
        /// Where an executable was looked for.
        searched: Vec<PathBuf>,
    },
}
