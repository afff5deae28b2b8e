//! Which API, stage, resource and method a request of `lambda_http` is for.

use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

use crate::id::ApiStage;

/// What a front door said about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) api_stage: ApiStage,
    /// The path template of the resource, or the path itself where the front door has no resources.
    pub(super) resource: String,
    /// The path as it was sent, without the stage.
    pub(super) path: String,
}

impl Target {
    /// `None` when the request did not come through API Gateway or a function URL: then no plan can cover it.
    pub(super) fn of<B>(request: &http::Request<B>) -> Option<Self> {
        let raw_path = request.raw_http_path();
        match request.request_context_ref()? {
            RequestContext::ApiGatewayV1(context) => {
                let stage = context.stage.as_deref()?;
                Some(Self {
                    api_stage: ApiStage::new(context.apiid.as_deref()?, stage),
                    resource: context
                        .resource_path
                        .clone()
                        .unwrap_or_else(|| raw_path.to_owned()),
                    path: raw_path.to_owned(),
                })
            }
            RequestContext::ApiGatewayV2(context) => {
                let stage = context.stage.as_deref()?;
                let path = without_stage(raw_path, stage).to_owned();
                let template = context
                    .route_key
                    .as_deref()
                    .and_then(|key| key.split_once(' '))
                    .map(|(_verb, template)| template.to_owned());
                Some(Self {
                    api_stage: ApiStage::new(context.apiid.as_deref()?, stage),
                    resource: template.unwrap_or_else(|| path.clone()),
                    path,
                })
            }
            // Features that other packages may switch on; no plan covers what came that way.
            #[allow(
                unreachable_patterns,
                reason = "which variants exist depends on the features of lambda_http"
            )]
            _ => None,
        }
    }
}

/// Payload 2.0 has the stage in front of the path, unless it is `$default`.
fn without_stage<'a>(path: &'a str, stage: &str) -> &'a str {
    if stage == "$default" {
        return path;
    }
    path.strip_prefix('/')
        .and_then(|rest| rest.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or(path, |rest| if rest.is_empty() { "/" } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_is_taken_off_the_path_only_where_it_stands_as_a_segment() {
        assert_eq!(without_stage("/dev/users", "dev"), "/users");
        assert_eq!(without_stage("/dev", "dev"), "/");
        assert_eq!(without_stage("/devices", "dev"), "/devices");
        assert_eq!(without_stage("/$default", "$default"), "/$default");
    }

    #[test]
    fn a_request_without_a_front_door_has_no_target() {
        assert_eq!(Target::of(&http::Request::new(())), None);
    }
}
