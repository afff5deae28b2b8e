//! Which API, stage, resource and method a request of `lambda_http` is for.

use std::borrow::Cow;

use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use percent_encoding::percent_decode_str;

use crate::id::ApiStage;

/// The stage of function URLs and load balancers, which have no stages, and of HTTP APIs whose paths show none.
const DEFAULT_STAGE: &str = "$default";

/// What a front door said about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) api_stage: ApiStage,
    /// The path template of the resource, or the path itself where the front door has no resources.
    pub(super) resource: &'a str,
    /// The path as it was sent, without the stage.
    pub(super) path: &'a str,
}

impl<'a> Target<'a> {
    /// Whether the handler's URL has the same path, with or without the stage in front. Building the URL drops dot segments and some
    /// characters, and ends the path at a question mark that was escaped: then a handler would answer for another path than this one.
    pub(super) fn is_path_of<B>(&self, request: &http::Request<B>) -> bool {
        let decoded = |text| Cow::<[u8]>::from(percent_decode_str(text));
        let seen = decoded(request.uri().path());
        let path = decoded(self.path);
        let stage = self.api_stage.stage.as_str().as_bytes();
        let without_stage = seen
            .strip_prefix(b"/")
            .and_then(|rest| rest.strip_prefix(stage));
        seen == path || without_stage == Some(&*path)
    }

    /// `None` when the request did not come through API Gateway, a function URL or a load balancer: then no plan can cover it. What stands
    /// for an API's id is the first label of a function URL's host, and the name of a load balancer's target group.
    pub(super) fn of<B>(request: &'a http::Request<B>) -> Option<Self> {
        let raw_path = request.raw_http_path();
        match request.request_context_ref()? {
            RequestContext::ApiGatewayV1(context) => {
                let stage = context.stage.as_deref()?;
                let api_id = context.apiid.as_deref()?;
                // An HTTP API puts its stage before both paths, a REST API before none or the other one. A custom domain may leave it out.
                let has_stage = context.path.as_deref() == Some(raw_path)
                    && context
                        .domain_name
                        .as_deref()
                        .is_some_and(|domain| is_own_domain(domain, api_id));
                let path = if has_stage {
                    without_stage(raw_path, stage)
                } else {
                    raw_path
                };
                Some(Self {
                    api_stage: ApiStage::new(api_id, stage),
                    resource: context.resource_path.as_deref().unwrap_or(path),
                    path,
                })
            }
            RequestContext::ApiGatewayV2(context) => {
                let stage = context.stage.as_deref()?;
                // `cargo lambda watch` names the function in the host's first label alone.
                let label = context.domain_prefix.as_deref();
                let api_id = context.apiid.as_deref().or(label)?;
                // At a domain of the owner's the stage does not stand in the path, and what looks like it is a part of the path.
                let has_stage = context
                    .domain_name
                    .as_deref()
                    .is_none_or(|domain| is_own_domain(domain, api_id));
                let path = if has_stage {
                    without_stage(raw_path, stage)
                } else {
                    raw_path
                };
                let template = context
                    .route_key
                    .as_deref()
                    .and_then(|key| key.split_once(' '))
                    .map(|(_verb, template)| template);
                Some(Self {
                    api_stage: ApiStage::new(api_id, stage),
                    resource: template.unwrap_or(path),
                    path,
                })
            }
            #[cfg(feature = "alb")]
            RequestContext::Alb(context) => {
                let target_group = target_group(context.elb.target_group_arn.as_deref()?)?;
                Some(Self {
                    api_stage: ApiStage::new(target_group, DEFAULT_STAGE),
                    resource: raw_path,
                    path: raw_path,
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

/// Whether a domain is the one that API Gateway gives the API, and not one of its owner's.
fn is_own_domain(domain: &str, api_id: &str) -> bool {
    domain
        .strip_prefix(api_id)
        .is_some_and(|rest| rest.starts_with(".execute-api."))
}

/// The name in `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`.
#[cfg(feature = "alb")]
fn target_group(arn: &str) -> Option<&str> {
    let (_, name_and_id) = arn.split_once(":targetgroup/")?;
    let (name, _id) = name_and_id.split_once('/')?;
    (!name.is_empty()).then_some(name)
}

/// An HTTP API has the stage in front of the path, unless it is `$default`.
pub(crate) fn without_stage<'a>(path: &'a str, stage: &str) -> &'a str {
    if stage == DEFAULT_STAGE {
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

    /// A request of an HTTP API whose `rawPath` is `/dev` and `path`, as `lambda_http` hands it to a service.
    fn request(path: &str) -> lambda_http::Request {
        let event = include_str!("../../../events/users-list.json");
        let raw_path = path.escape_default().to_string();
        lambda_http::request::from_str(&event.replace("/dev/users", &format!("/dev{raw_path}")))
            .unwrap()
    }

    #[test]
    fn the_handler_answers_for_the_path_that_was_checked() {
        for path in ["/users", "/", "/docs/a b", "/docs/%C3%A9", "/docs/100%25"] {
            let request = request(path);
            let target = Target::of(&request).unwrap();
            assert_eq!(target.path, path);
            assert!(target.is_path_of(&request), "{path}: {}", request.uri());
        }
        let others = [
            "/docs/.\t./users",
            "/docs/../users",
            "/docs/..\n/users",
            "/users/a?/avatar",
            "/users/a#/avatar",
        ];
        for path in others {
            let request = request(path);
            let target = Target::of(&request).unwrap();
            assert!(!target.is_path_of(&request), "{path}: {}", request.uri());
        }
    }

    #[test]
    fn a_function_url_that_names_no_api_is_known_by_the_first_label_of_its_host() {
        let event = include_str!("../../../events/function-url-create.json");
        let without_id = event.replace("\"apiId\"", "\"other\"");
        let api_stage = |event: &str| {
            let request = lambda_http::request::from_str(event).unwrap();
            Target::of(&request).map(|target| target.api_stage)
        };
        assert_eq!(api_stage(&without_id), api_stage(event));
        let other_label = event.replace("\"domainPrefix\": \"abc", "\"domainPrefix\": \"other");
        assert_eq!(api_stage(&other_label), api_stage(event));
    }

    #[test]
    fn a_request_without_a_front_door_has_no_target() {
        assert_eq!(Target::of(&http::Request::new(())), None);
    }
}
