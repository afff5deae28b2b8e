//! The API and stage that a request is for. The first line of an input is the host, the second the path.

use tollgate_gateway::router::{
    ApiAddress, Destination, FunctionUrlAddress, RestApiAddress, Router,
};

use super::{check, text};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "router",
    words: &[
        "aaa",
        "bbb",
        "hhh",
        "users",
        "orders",
        "dev",
        "prod",
        "beta",
        "v2",
        "$default",
        ".execute-api.",
        ".lambda-url.",
        "localhost:3000",
        "127.0.0.1:3000",
        "[::1]:3000",
        "/_aws/execute-api/",
        "/_aws/lambda-url/",
        "/restapis/",
        "/_user_request_",
        "hello",
        "url1",
        "//",
        "%2F",
        "..",
        "\n",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 14,
        bytes_per_byte: 16,
    },
    weight: 1,
    check: route,
};

fn names(stages: &[&str]) -> Vec<String> {
    stages.iter().map(|stage| (*stage).to_owned()).collect()
}

fn router() -> Result<Router<&'static str>, String> {
    let apis = [
        ("aaa", &["dev", "prod"] as &[&str]),
        ("bbb", &["prod", "beta"]),
        ("hhh", &["$default", "v2"]),
    ]
    .map(|(id, stages)| ApiAddress {
        api_id: id.to_owned(),
        stages: names(stages),
        target: id,
    });
    let rest_apis = [
        ("users", &["test"] as &[&str]),
        ("orders", &["test", "prod"]),
    ]
    .map(|(id, stages)| RestApiAddress {
        api_id: id.to_owned(),
        stages: names(stages),
    });
    let url = FunctionUrlAddress {
        url_id: "url1".to_owned(),
        function_name: "hello".to_owned(),
        target: "hello",
    };
    Router::new(apis.into(), rest_apis.into(), vec![url]).map_err(|error| error.to_string())
}

fn route(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let (host, path) = text.split_once('\n').unwrap_or(("", &text));
    let path = path.lines().next().unwrap_or_default();
    let router = router()?;
    let mut seen = Seen::refused("no path");
    // As in `OPTIONS *`: such a request has no path.
    if path.is_empty() || path.starts_with('/') {
        for host in [Some(host), None] {
            seen = told(&router.route(host, path), path)?;
        }
    }
    Ok(seen)
}

fn told(destination: &Destination<'_, &str>, asked: &str) -> Result<Seen, String> {
    Ok(match destination {
        Destination::RestApi {
            api_id,
            stage,
            path,
            request_path,
        } => {
            check(!api_id.is_empty(), || {
                "an API without an id is found".to_owned()
            })?;
            inside(stage, path, request_path, asked)?;
            Seen::taken("REST API")
        }
        Destination::Stage {
            target,
            stage,
            path,
            request_path,
        } => {
            let known = match **target {
                "aaa" => ["dev", "prod"],
                "bbb" => ["prod", "beta"],
                _ => ["$default", "v2"],
            };
            check(known.contains(stage), || {
                format!("{target} has no stage `{stage}`")
            })?;
            inside(stage, path, request_path, asked)?;
            Seen::taken(&format!("{target} {stage}"))
        }
        Destination::FunctionUrl { path, .. } => {
            check(path.starts_with('/'), || {
                format!("a function gets the path `{path}`")
            })?;
            Seen::taken("function URL")
        }
        Destination::UnknownStage { .. } => Seen::refused("stage"),
        Destination::AmbiguousStage { .. } => Seen::refused("ambiguous"),
        Destination::UnknownApi => Seen::refused("API"),
        Destination::UnknownFunctionUrl => Seen::refused("function"),
    })
}

/// What is handed on is what was asked for: a path that begins with one slash, and is the end of the request's own.
fn inside(stage: &str, path: &str, request_path: &str, asked: &str) -> Result<(), String> {
    check(!stage.contains('/'), || {
        format!("a stage is called `{stage}`")
    })?;
    check(path.starts_with('/') && !path.starts_with("//"), || {
        format!("an API gets the path `{path}`")
    })?;
    check(request_path.starts_with('/'), || {
        format!("an API gets the request path `{request_path}`")
    })?;
    check(path == "/" || asked.ends_with(path), || {
        format!("`{path}` is not the end of `{asked}`")
    })?;
    check(path == "/" || request_path.ends_with(path), || {
        format!("`{path}` is not the end of `{request_path}`")
    })
}
