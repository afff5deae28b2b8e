//! The APIs themselves.

use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    Reply::ok(&control.api(call).await?.record.api)
}
