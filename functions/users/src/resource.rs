//! Which resource of the API a request is for, whatever front door it came through.
//!
//! A REST API names the matched resource (`/users/{id}`) and an HTTP API the matched route (`GET /users/{id}`), both with the values of
//! the path parameters. These do not depend on stages and custom domains. A function URL and the catch-all routes (`/{proxy+}`,
//! `$default`) name neither, and there the raw path is taken apart. An HTTP API puts its stage before the raw path, a REST API does not.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

/// A resource of this API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `/users`.
    Users,
    /// `/users/{id}`, with what the caller sent for the id.
    User(String),
    /// `/reports/users`.
    UserReport,
    /// `/health`.
    Health,
}

impl Resource {
    /// The resource that a request is for; none when the API has no such path.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        from_matched_template(request).or_else(|| from_path(request))
    }
}

/// The path as the caller sees it, with the stage. Links to other resources of this API begin with it.
pub(crate) fn public_path(request: &Request) -> &str {
    let path = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.path.as_deref(),
        Some(RequestContext::ApiGatewayV2(context)) => context.http.path.as_deref(),
        _ => None,
    };
    path.unwrap_or_else(|| request.uri().path())
}

/// The key that an authorizer has recognised. Only the front door can write it: a request that came another way has none.
pub(crate) fn authorized_key_id(request: &Request) -> Option<&str> {
    let authorizer = request.request_context_ref()?.authorizer()?;
    authorizer.fields.get("keyId")?.as_str()
}

fn from_matched_template(request: &Request) -> Option<Resource> {
    let template = match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.resource_path.as_deref()?,
        RequestContext::ApiGatewayV2(context) => {
            let (_method, path) = context.route_key.as_deref()?.split_once(' ')?;
            path
        }
        _ => return None,
    };
    match split(template).as_slice() {
        ["users"] => Some(Resource::Users),
        ["reports", "users"] => Some(Resource::UserReport),
        ["health"] => Some(Resource::Health),
        ["users", parameter] => {
            let name = parameter.strip_prefix('{')?.strip_suffix('}')?;
            let id = request.path_parameters_ref()?.first(name)?;
            Some(Resource::User(id.to_owned()))
        }
        _ => None,
    }
}

fn from_path(request: &Request) -> Option<Resource> {
    let path = match request.raw_http_path() {
        "" => request.uri().path(),
        path => path,
    };
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.stage.as_deref(),
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    let after_stage = stage
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.starts_with('/'));
    after_stage
        .and_then(resource_at)
        .or_else(|| resource_at(path))
}

fn resource_at(path: &str) -> Option<Resource> {
    match split(path).as_slice() {
        ["users"] => Some(Resource::Users),
        ["reports", "users"] => Some(Resource::UserReport),
        ["health"] => Some(Resource::Health),
        ["users", id] if !id.is_empty() => Some(Resource::User((*id).to_owned())),
        _ => None,
    }
}

fn split(path: &str) -> Vec<&str> {
    path.strip_prefix('/')
        .map(|path| path.split('/').collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn http_api(stage: &str, route_key: &str, raw_path: &str, parameters: &Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": route_key, "rawPath": raw_path, "rawQueryString": "",
            "headers": {}, "pathParameters": parameters, "isBase64Encoded": false,
            "requestContext": {
                "stage": stage, "routeKey": route_key, "timeEpoch": 0,
                "http": { "method": "GET", "path": raw_path },
            },
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn rest_api(stage: &str, resource: &str, path: &str, parameters: &Value) -> Request {
        let event = json!({
            "resource": resource, "path": path, "httpMethod": "GET", "headers": {},
            "multiValueHeaders": {}, "pathParameters": parameters, "isBase64Encoded": false,
            "requestContext": {
                "stage": stage, "resourcePath": resource, "path": format!("/{stage}{path}"),
                "httpMethod": "GET", "requestTimeEpoch": 0, "identity": {},
            },
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn user(id: &str) -> Resource {
        Resource::User(id.to_owned())
    }

    #[test]
    fn the_matched_route_of_an_http_api_decides() {
        let none = json!({});
        let request = http_api("dev", "POST /users", "/dev/users", &none);
        assert_eq!(Resource::of(&request), Some(Resource::Users));
        let parameters = json!({ "userId": "joe" });
        let request = http_api(
            "dev",
            "ANY /users/{userId}",
            "/mapped/users/joe",
            &parameters,
        );
        assert_eq!(Resource::of(&request), Some(user("joe")));
    }

    #[test]
    fn the_matched_resource_of_a_rest_api_decides() {
        let parameters = json!({ "id": "joe" });
        let request = rest_api("dev", "/users/{id}", "/base/users/joe", &parameters);
        assert_eq!(Resource::of(&request), Some(user("joe")));
    }

    #[test]
    fn a_catch_all_route_leaves_the_raw_path_to_decide() {
        let none = json!({});
        let request = http_api("$default", "$default", "/users/joe", &none);
        assert_eq!(Resource::of(&request), Some(user("joe")));
        let parameters = json!({ "proxy": "users" });
        let request = http_api("dev", "ANY /{proxy+}", "/dev/users", &parameters);
        assert_eq!(Resource::of(&request), Some(Resource::Users));
        let request = rest_api("dev", "/{proxy+}", "/users", &parameters);
        assert_eq!(Resource::of(&request), Some(Resource::Users));
    }

    #[test]
    fn a_stage_may_have_the_name_of_the_resource() {
        let none = json!({});
        let request = http_api("users", "$default", "/users/users", &none);
        assert_eq!(Resource::of(&request), Some(Resource::Users));
        let request = http_api("users", "$default", "/users/users/joe", &none);
        assert_eq!(Resource::of(&request), Some(user("joe")));
        let request = rest_api("users", "/{proxy+}", "/users/joe", &none);
        assert_eq!(Resource::of(&request), Some(user("joe")));
    }

    #[test]
    fn knows_no_other_paths() {
        let none = json!({});
        for path in [
            "/",
            "",
            "/user",
            "/users/",
            "/users/joe/",
            "/users/joe/keys",
            "/dev",
            "/development/users",
        ] {
            let request = http_api("dev", "$default", path, &none);
            assert_eq!(Resource::of(&request), None, "{path}");
        }
    }

    #[test]
    fn the_public_path_has_the_stage() {
        let none = json!({});
        let request = http_api("dev", "POST /users", "/dev/users", &none);
        assert_eq!(public_path(&request), "/dev/users");
        let request = rest_api("dev", "/users", "/users", &none);
        assert_eq!(public_path(&request), "/dev/users");
    }
}
