//! `TestInvokeMethod`: one request to a method as it is being edited.

use super::lookup;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::control::{Inner, TestInvocation};
use crate::rest_api::Snapshot;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) async fn method<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("testInvokeMethodInput")?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let record = control.api_or(call, lookup::no_resource).await?.record;
    let methods = &lookup::resource(&record.definition, resource_id)?.resource_methods;
    if !methods.contains_key(verb) && !methods.contains_key("ANY") {
        return Err(lookup::no_method());
    }
    let single = members.text_map("headers")?.unwrap_or_default();
    let multiple = members.text_lists("multiValueHeaders")?.unwrap_or_default();
    let mut headers: Vec<(String, String)> = single
        .into_iter()
        .filter(|(name, _)| !multiple.contains_key(name))
        .collect();
    for (name, values) in multiple {
        headers.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    let invocation = TestInvocation {
        snapshot: Snapshot {
            api: record.api,
            definition: record.definition,
        },
        resource_id: resource_id.to_owned(),
        http_method: verb.to_owned(),
        path_with_query_string: members.filled_text("pathWithQueryString")?,
        body: members.text("body")?.unwrap_or_default(),
        headers,
        stage_variables: members.text_map("stageVariables")?.unwrap_or_default(),
    };
    match control.gateway.test_invoke(invocation).await {
        Some(result) => Reply::ok(&result),
        None => Err(ControlError::bad_request(
            "No gateway runs integrations here, so a method cannot be tested",
        )),
    }
}
