//! API keys, usage plans, what was used of them, the account, and tags.

mod account;

use super::Inner;
use super::call::Call;
use super::error::ControlError;
use super::reply::Reply;
use crate::api::Verb;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// An operation of this part, by its name in the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    GetAccount,
}

/// Where each operation is.
pub(super) const OPERATIONS: &[(Verb, &str, Operation)] =
    &[(Verb::Get, "/account", Operation::GetAccount)];

pub(super) async fn answer<S: Registry + ApiRegistry, C: Clock>(
    _control: &Inner<S, C>,
    operation: Operation,
    _call: &Call<'_>,
) -> Result<Reply, ControlError> {
    match operation {
        Operation::GetAccount => account::get(),
    }
}
