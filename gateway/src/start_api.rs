//! The simulated gateway, started from the command line.

use crate::cli::failure::Failure;
use crate::cli::output::Printer;
use crate::cli::start_api::StartApi;

/// Runs the gateway until it is interrupted.
///
/// # Errors
///
/// Always: this build has no gateway.
#[expect(
    clippy::unused_async,
    reason = "the gateway answers requests until it is stopped"
)]
pub async fn run(_arguments: &StartApi, _printer: &Printer) -> Result<(), Failure> {
    Err(Failure::failed(
        "the simulated gateway is not linked into this build yet",
    ))
}
