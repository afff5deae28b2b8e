//! Calls of the functions behind authorizers.

use bytes::Bytes;

use super::InvocationFailure;
use crate::incoming::RequestIds;
use crate::lambda::{Lambdas, Target};

/// Calls the function of an authorizer for [`Authorizers::authorize`](super::Authorizers::authorize). `target` says why not, when there
/// is none.
///
/// # Errors
///
/// When the function failed, or could not be called.
pub async fn call(
    lambdas: &Lambdas,
    target: Result<&Target, &String>,
    event: Bytes,
    ids: &RequestIds,
) -> Result<Bytes, InvocationFailure> {
    let unavailable = |reason: String| InvocationFailure::Unavailable { reason };
    let target = target.map_err(|why| unavailable(why.clone()))?;
    match lambdas.invoke(target, event, ids).await {
        Ok(answer) if !answer.is_error => Ok(answer.payload),
        Ok(answer) => Err(InvocationFailure::Function {
            message: answer.error_message().unwrap_or_default(),
        }),
        Err(failure) => Err(unavailable(failure.to_string())),
    }
}
