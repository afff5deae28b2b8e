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
    Router::new(apis, vec![url]).unwrap()
}

fn stage<'r, 'p>(
    target: &'r char,
    stage: &'r str,
    path: &'p str,
    request_path: &'p str,
) -> Destination<'r, 'p, char> {
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
        router.route(Some("zzz.execute-api.localhost"), "/prod/users"),
        Destination::UnknownApi
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
        router.route(LOCAL, "/_aws/execute-api/zzz/prod"),
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
    let one = Router::new(vec![api("aaa", &["dev"], 'a')], Vec::new()).unwrap();
    assert_eq!(one.route(LOCAL, "/beta/users"), unknown);
    let two = Router::new(
        vec![api("aaa", &["dev"], 'a'), api("bbb", &["dev"], 'b')],
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
    let error = Router::new(vec![api("a", &[], 'a'), api("A", &[], 'b')], Vec::new()).unwrap_err();
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
    assert!(Router::new(Vec::new(), vec![url("x", "f"), url("x", "g")]).is_err());
    assert!(Router::new(Vec::new(), vec![url("x", "f"), url("y", "f")]).is_err());
}

proptest! {
    #[test]
    fn never_panics_and_paths_begin_with_a_slash(host in "\\PC*", path in "(/[\\PC]*)?") {
        for host in [Some(host.as_str()), LOCAL, Some("hhh.execute-api.x"), Some("url1.lambda-url.x"), None] {
            match router().route(host, &path) {
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
