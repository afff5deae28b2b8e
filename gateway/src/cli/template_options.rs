//! The options that say which template to run, and how.

use std::path::PathBuf;

use crate::build_functions::BuildMode;

/// Which template to run, with which parameters, and where its tables are kept.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TemplateOptions {
    /// The SAM template.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub(super) template: PathBuf,
    /// The environment of samconfig.toml to take parameters from, as `sam` does; `default` when it is not given.
    #[arg(long, value_name = "ENV")]
    pub(super) config_env: Option<String>,
    /// Parameters of the template, in either of SAM's forms; they win over samconfig.toml.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub(super) parameter_overrides: Vec<String>,
    /// Runs what was built before.
    #[arg(long)]
    no_build: bool,
    /// Keeps tables in this directory, so that they survive a restart. Without it, they are in memory.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

impl TemplateOptions {
    /// Whether functions may be built.
    pub(super) const fn build_mode(&self) -> BuildMode {
        if self.no_build {
            BuildMode::NoBuild
        } else {
            BuildMode::Build
        }
    }
}
