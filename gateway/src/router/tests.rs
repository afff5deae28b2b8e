use proptest::prelude::*;

use super::*;

const LOCAL: Option<&str> = Some("127.0.0.1:3000");

fn api(api_id: &str, stages: &[&str], target: char) -> ApiAddress<char> {
    ApiAddress {
        api_id: api_id.to_owned(),
        stages: stages.iter().map(|&stage| stage.to_owned()).collect(),
        target,
    }
}

/// `a` has dev and prod, `b` has prod and beta, `h` has `$default` and v2; the function `hello` has the URL `url1`.
fn router() -> Router<char> {
    let url = FunctionUrlAddress {
        url_id: "url1".to_owned(),
        function_name: "hello".to_owned(),
        target: 'u',
    };
    let apis = vec![
        api("aaa", &["dev", "prod"], 'a'),
        api("bbb", &["prod", "beta"], 'b'),
        api("hhh", &["$default", "v2"], 'h'),
    ];
    Router::new(apis, Vec::new(), vec![url]).unwrap()
}

/// The REST APIs `users` with the stage dev and `orders` with dev and prod, and the HTTP API `h` with the stage beta.
fn rest_router() -> Router<char> {
    let rest = |api_id: &str, stages: &[&str]| RestApiAddress {
        api_id: api_id.to_owned(),
        stages: stages.iter().map(|&stage| stage.to_owned()).collect(),
    };
    let rest_apis = vec![rest("users", &["dev"]), rest("orders", &["dev", "prod"])];
    Router::new(vec![api("hhh", &["beta"], 'h')], rest_apis, Vec::new()).unwrap()
}

fn rest<'r>(
    api_id: &'r str,
    stage: &'r str,
    path: &'r str,
    request_path: &'r str,
) -> Destination<'r, char> {
    Destination::RestApi {
        api_id: api_id.into(),
        stage,
        path,
        request_path: request_path.into(),
    }
}

fn stage<'r>(
    target: &'r char,
    stage: &'r str,
    path: &'r str,
    request_path: &'r str,
) -> Destination<'r, char> {
    Destination::Stage {
        target,
        stage,
        path,
        request_path,
    }
}

#[test]
fn a_stage_of_one_api_needs_no_id() {
    let router = router();
    assert_eq!(
        router.route(LOCAL, "/dev/users/a%2Fb"),
        stage(&'a', "dev", "/users/a%2Fb", "/dev/users/a%2Fb")
    );
    assert_eq!(
        router.route(None, "/beta"),
        stage(&'b', "beta", "/", "/beta")
    );
    assert_eq!(
        router.route(Some("[::1]:3000"), "/v2/x/"),
        stage(&'h', "v2", "/x/", "/v2/x/")
    );
}

#[test]
fn a_stage_of_two_apis_is_ambiguous_without_an_id() {
    assert_eq!(
        router().route(LOCAL, "/prod/users"),
        Destination::AmbiguousStage { stage: "prod" }
    );
}

#[test]
fn an_api_is_named_by_its_host() {
    let router = router();
    for host in [
        "bbb.execute-api.localhost:3000",
        "BBB.Execute-API.eu-west-1.amazonaws.com",
    ] {
        assert_eq!(
            router.route(Some(host), "/prod/users"),
            stage(&'b', "prod", "/users", "/prod/users")
        );
    }
    assert_eq!(
        router.route(Some(".execute-api.localhost"), "/prod/users"),
        Destination::UnknownApi
    );
}

#[test]
fn an_unknown_id_is_that_of_a_rest_api_and_its_first_segment_a_stage() {
    let router = rest_router();
    for host in [
        "a1b2c3.execute-api.localhost:3000",
        "A1B2C3.execute-api.us-east-1.amazonaws.com",
    ] {
        assert_eq!(
            router.route(Some(host), "/test//users/7"),
            rest("a1b2c3", "test", "/users/7", "/test//users/7")
        );
    }
    assert_eq!(
        router.route(LOCAL, "/_aws/execute-api/a1b2c3/test"),
        rest("a1b2c3", "test", "/", "/test")
    );
    assert_eq!(
        router.route(Some("a1b2c3.execute-api.localhost"), ""),
        rest("a1b2c3", "", "/", "/")
    );
}

#[test]
fn the_form_of_local_stack_names_api_stage_and_path() {
    let router = rest_router();
    assert_eq!(
        router.route(LOCAL, "/restapis/a1b2c3/test/_user_request_/users/7"),
        rest("a1b2c3", "test", "/users/7", "/test/users/7")
    );
    assert_eq!(
        router.route(LOCAL, "/restapis/a1b2c3/test/_user_request_"),
        rest("a1b2c3", "test", "/", "/test")
    );
    for path in [
        "/restapis/a1b2c3/test/users",
        "/restapis/a1b2c3/test/_user_request_x",
        "/restapis//test/_user_request_/",
    ] {
        assert_eq!(router.route(LOCAL, path), Destination::UnknownApi, "{path}");
    }
}

#[test]
fn the_rest_apis_of_a_template_are_reached_by_a_stage_alone() {
    let router = rest_router();
    assert_eq!(
        router.route(LOCAL, "/prod/users"),
        rest("orders", "prod", "/users", "/prod/users")
    );
    assert_eq!(
        router.route(LOCAL, "/dev/users"),
        Destination::AmbiguousStage { stage: "dev" }
    );
    assert_eq!(router.route(LOCAL, "/test/users"), Destination::UnknownApi);
    assert_eq!(
        router.route(Some("USERS.execute-api.localhost"), "/test/users"),
        rest("users", "test", "/users", "/test/users")
    );
}

#[test]
fn the_only_rest_api_of_a_template_decides_which_stages_it_has() {
    let only = RestApiAddress {
        api_id: "users".to_owned(),
        stages: vec!["dev".to_owned()],
    };
    let router: Router<char> = Router::new(Vec::new(), vec![only], Vec::new()).unwrap();
    assert_eq!(
        router.route(LOCAL, "/new/users"),
        rest("users", "new", "/users", "/new/users")
    );
}

#[test]
fn an_api_is_named_by_its_path() {
    let router = router();
    assert_eq!(
        router.route(LOCAL, "/_aws/execute-api/bbb/prod/users"),
        stage(&'b', "prod", "/users", "/prod/users")
    );
    assert_eq!(
        router.route(LOCAL, "/_aws/execute-api/hhh"),
        stage(&'h', "$default", "/", "/")
    );
    assert_eq!(
        router.route(LOCAL, "/_aws/execute-api//prod"),
        Destination::UnknownApi
    );
}

#[test]
fn the_default_stage_has_no_segment() {
    let router = router();
    assert_eq!(
        router.route(LOCAL, "/users"),
        stage(&'h', "$default", "/users", "/users")
    );
    let host = Some("hhh.execute-api.localhost");
    assert_eq!(
        router.route(host, "/v2/users"),
        stage(&'h', "v2", "/users", "/v2/users")
    );
    assert_eq!(
        router.route(host, "/$default/users"),
        stage(&'h', "$default", "/$default/users", "/$default/users")
    );
}

#[test]
fn an_unknown_stage_is_an_outcome_of_its_own() {
    let router = router();
    let unknown = Destination::UnknownStage { target: &'a' };
    assert_eq!(
        router.route(Some("aaa.execute-api.localhost"), "/beta/users"),
        unknown
    );
    assert_eq!(
        router.route(Some("aaa.execute-api.localhost"), "//dev/users"),
        unknown
    );
    let one = Router::new(vec![api("aaa", &["dev"], 'a')], Vec::new(), Vec::new()).unwrap();
    assert_eq!(one.route(LOCAL, "/beta/users"), unknown);
    let two = Router::new(
        vec![api("aaa", &["dev"], 'a'), api("bbb", &["dev"], 'b')],
        Vec::new(),
        Vec::new(),
    )
    .unwrap();
    assert_eq!(two.route(LOCAL, "/beta/users"), Destination::UnknownApi);
}

#[test]
fn slashes_doubled_after_the_stage_stay_in_the_request_path_only() {
    let router = router();
    assert_eq!(
        router.route(LOCAL, "/dev//users//7"),
        stage(&'a', "dev", "/users//7", "/dev//users//7")
    );
    assert_eq!(
        router.route(LOCAL, "/dev//"),
        stage(&'a', "dev", "/", "/dev//")
    );
    assert_eq!(
        router.route(LOCAL, "///users"),
        stage(&'h', "$default", "/users", "///users")
    );
}

#[test]
fn a_function_url_is_named_by_host_or_by_function() {
    let router = router();
    let expected = Destination::FunctionUrl {
        target: &'u',
        path: "/a//b%20",
    };
    assert_eq!(
        router.route(Some("url1.lambda-url.localhost:3000"), "/a//b%20"),
        expected
    );
    assert_eq!(
        router.route(LOCAL, "/_aws/lambda-url/hello/a//b%20"),
        expected
    );
    assert_eq!(
        router.route(LOCAL, "/_aws/lambda-url/hello"),
        Destination::FunctionUrl {
            target: &'u',
            path: "/"
        }
    );
    assert_eq!(
        router.route(LOCAL, "/_aws/lambda-url/bye/"),
        Destination::UnknownFunctionUrl
    );
    assert_eq!(
        router.route(Some("url2.lambda-url.localhost"), "/"),
        Destination::UnknownFunctionUrl
    );
}

#[test]
fn refuses_two_targets_with_one_address() {
    let error = Router::new(
        vec![api("a", &[], 'a'), api("A", &[], 'b')],
        Vec::new(),
        Vec::new(),
    )
    .unwrap_err();
    assert_eq!(
        error,
        RouterError::DuplicateApi {
            api_id: "a".to_owned()
        }
    );
    let url = |url_id: &str, name: &str| FunctionUrlAddress {
        url_id: url_id.to_owned(),
        function_name: name.to_owned(),
        target: 'u',
    };
    assert!(Router::new(Vec::new(), Vec::new(), vec![url("x", "f"), url("x", "g")]).is_err());
    assert!(Router::new(Vec::new(), Vec::new(), vec![url("x", "f"), url("y", "f")]).is_err());
}

proptest! {
    #[test]
    fn never_panics_and_paths_begin_with_a_slash(host in "\\PC*", path in "(/[\\PC]*)?") {
        for host in [Some(host.as_str()), LOCAL, Some("hhh.execute-api.x"), Some("url1.lambda-url.x"), None] {
            match router().route(host, &path) {
                Destination::RestApi { path, request_path, .. } => {
                    prop_assert!(path.starts_with('/') && !path.starts_with("//") && request_path.starts_with('/'));
                }
                Destination::Stage { path, request_path, .. } => {
                    prop_assert!(path.starts_with('/') && !path.starts_with("//") && request_path.starts_with('/'));
                }
                Destination::FunctionUrl { path, .. } => prop_assert!(path.starts_with('/')),
                Destination::UnknownStage { .. }
                | Destination::AmbiguousStage { .. }
                | Destination::UnknownApi
                | Destination::UnknownFunctionUrl => {}
            }
        }
    }
}
