//! Why the gateway does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tollgate::control::RoutesError;
use tollgate::key::WeakPepper;
use tollgate::random::NoEntropy;

use crate::build_functions::BuildError;
use crate::deploy::{DeployError, TableError};
use crate::embedded::EmbeddedError;
use crate::invoke::InvokeError;
use crate::layers::LayerError;
use crate::router::RouterError;
use crate::template::TemplateError;
use crate::template::samconfig::OverridesError;

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The parameters of samconfig.toml or of the command line cannot be used.
    #[error(transparent)]
    Overrides(#[from] OverridesError),
    /// samconfig.toml cannot be read.
    #[error("`{}`, which --config-env needs, cannot be read: {cause}", path.display())]
    Samconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A port cannot be used.
    #[error("{address} cannot be listened on: {cause}")]
    Bind {
        /// The address and the port.
        address: SocketAddr,
        /// The flag that names it.
        flag: &'static str,
        /// Why.
        cause: io::Error,
    },
    /// A listener has no address.
    #[error("a listener has no address: {0}")]
    Listener(io::Error),
    /// The threads that serve connections cannot be started.
    #[error("the threads that serve connections cannot be started: {0}")]
    Threads(io::Error),
    /// stderr cannot be opened for the logs.
    #[error("stderr cannot be opened for the logs: {0}")]
    Logs(io::Error),
    /// Signals cannot be waited for.
    #[error("signals cannot be waited for: {0}")]
    Signal(io::Error),
    /// The embedded store does not start.
    #[error(transparent)]
    Store(#[from] EmbeddedError),
    /// The pepper cannot be used.
    #[error("TOLLGATE_PEPPER cannot be used: {0}")]
    Pepper(#[from] WeakPepper),
    /// The template cannot be deployed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// A table cannot be created.
    #[error(transparent)]
    Table(#[from] TableError),
    /// There is no code of a function, or no content of a layer.
    #[error(transparent)]
    Executable(#[from] BuildError),
    /// A function cannot have its layers or its wrapper.
    #[error(transparent)]
    Layers(#[from] LayerError),
    /// The build was interrupted.
    #[error("the build of the functions was interrupted: {0}")]
    Build(tokio::task::JoinError),
    /// A function does not start.
    #[error("{logical_id}: {cause}")]
    Function {
        /// The function.
        logical_id: String,
        /// Why.
        cause: InvokeError,
    },
    /// A route cannot be used.
    #[error("{logical_id}: the route of line {line}: {cause}")]
    Route {
        /// The API.
        logical_id: String,
        /// Where the route stands in the template.
        line: usize,
        /// Why.
        cause: String,
    },
    /// The management API cannot be served.
    #[error(transparent)]
    Control(#[from] RoutesError),
    /// Two APIs have one address.
    #[error(transparent)]
    Router(#[from] RouterError),
    /// No random bytes.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}
