use proptest::prelude::*;

use super::*;

fn routes(routing: Routing, keys: &[&'static str]) -> Routes<&'static str> {
    let mut routes = Routes::new(routing);
    for key in keys {
        insert(&mut routes, key).unwrap();
    }
    routes
}

fn insert(routes: &mut Routes<&'static str>, key: &'static str) -> Result<(), RouteConflict> {
    match key.split_once(' ') {
        Some((verb, path)) => routes.insert(verb.parse().unwrap(), path.parse().unwrap(), key),
        None => routes.insert_default(key),
    }
}

/// The key found; `no method` or `no path`.
fn find<'r>(routes: &Routes<&'r str>, method: &Method, path: &str) -> &'r str {
    match routes.find(method, path) {
        RouteMatch::Found(found) => {
            assert_eq!(found.route_key(), *found.value);
            found.value
        }
        RouteMatch::NoMethod { .. } => "no method",
        RouteMatch::NoPath => "no path",
    }
}

#[test]
fn a_rest_api_prefers_a_literal_to_a_variable_to_a_greedy_variable() {
    let api = routes(
        Routing::RestApi,
        &[
            "GET /users/me",
            "GET /users/{id}",
            "GET /files/{p+}",
            "GET /files/a/b",
            "ANY /{proxy}/{id}/x",
        ],
    );
    assert_eq!(find(&api, &Method::GET, "/users/me"), "GET /users/me");
    assert_eq!(find(&api, &Method::GET, "/users/7"), "GET /users/{id}");
    assert_eq!(find(&api, &Method::GET, "/files/a/b"), "GET /files/a/b");
    assert_eq!(find(&api, &Method::GET, "/files/a/c"), "GET /files/{p+}");
    assert_eq!(
        find(&api, &Method::GET, "/users/7/x"),
        "ANY /{proxy}/{id}/x"
    );
    assert_eq!(find(&api, &Method::GET, "/"), "no path");
}

#[test]
fn a_rest_api_chooses_the_resource_before_the_method() {
    let api = routes(Routing::RestApi, &["POST /users/me", "ANY /users/{id}"]);
    assert_eq!(find(&api, &Method::GET, "/users/me"), "no method");
    let RouteMatch::NoMethod { template } = api.find(&Method::GET, "/users/me") else {
        panic!("a match")
    };
    assert_eq!(template.as_str(), "/users/me");
}

#[test]
fn the_verb_of_its_own_goes_before_any() {
    for routing in [Routing::RestApi, Routing::HttpApi] {
        let api = routes(routing, &["ANY /users", "GET /users"]);
        assert_eq!(find(&api, &Method::GET, "/users"), "GET /users");
        assert_eq!(find(&api, &Method::PUT, "/users"), "ANY /users");
    }
}

#[test]
fn a_branch_that_leads_nowhere_is_given_up() {
    for routing in [Routing::RestApi, Routing::HttpApi] {
        let api = routes(routing, &["GET /a/b", "GET /{x}/c", "GET /{x}/d/{rest+}"]);
        assert_eq!(find(&api, &Method::GET, "/a/c"), "GET /{x}/c");
        assert_eq!(find(&api, &Method::GET, "/a/d/e/f"), "GET /{x}/d/{rest+}");
        assert_eq!(find(&api, &Method::GET, "/a/d"), "no path");
    }
}

#[test]
fn an_http_api_falls_back_to_less_specific_routes() {
    let api = routes(
        Routing::HttpApi,
        &[
            "GET /pets/dog/1",
            "GET /pets/dog/{id}",
            "GET /pets/{proxy+}",
            "ANY /{proxy+}",
            "$default",
        ],
    );
    assert_eq!(find(&api, &Method::GET, "/pets/dog/1"), "GET /pets/dog/1");
    assert_eq!(
        find(&api, &Method::GET, "/pets/dog/2"),
        "GET /pets/dog/{id}"
    );
    assert_eq!(
        find(&api, &Method::GET, "/pets/cat/1"),
        "GET /pets/{proxy+}"
    );
    assert_eq!(find(&api, &Method::POST, "/test/5"), "ANY /{proxy+}");
    assert_eq!(find(&api, &Method::POST, "/pets/dog/1"), "ANY /{proxy+}");
    assert_eq!(find(&api, &Method::POST, "/"), "$default");
}

#[test]
fn an_http_api_tries_full_matches_before_greedy_ones() {
    let api = routes(Routing::HttpApi, &["GET /a/{proxy+}", "GET /{x}/{y}"]);
    assert_eq!(find(&api, &Method::GET, "/a/b"), "GET /{x}/{y}");
    assert_eq!(find(&api, &Method::GET, "/a/b/c"), "GET /a/{proxy+}");
}

#[test]
fn an_http_api_without_a_default_says_what_is_missing() {
    let api = routes(Routing::HttpApi, &["GET /a"]);
    assert_eq!(find(&api, &Method::PUT, "/a"), "no method");
    assert_eq!(find(&api, &Method::GET, "/a/"), "no path");
    assert_eq!(find(&api, &Method::OPTIONS, "*"), "no path");
}

#[test]
fn refuses_a_route_that_matches_the_same_requests() {
    let mut api = routes(
        Routing::HttpApi,
        &["GET /users/{id}", "GET /f/{a+}", "$default"],
    );
    let conflict = insert(&mut api, "GET /users/{name}").unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "`GET /users/{name}` conflicts with `GET /users/{id}`: both match the same requests"
    );
    assert!(insert(&mut api, "GET /f/{b+}").is_err());
    assert!(insert(&mut api, "POST /users/{name}").is_ok());
    assert_eq!(
        insert(&mut api, "$default"),
        Err(RouteConflict::DefaultTaken)
    );
    assert_eq!(api.iter().map(ToString::to_string).count(), 4);
}

#[test]
fn siblings_of_a_rest_api_agree_on_their_variable() {
    let mut api = routes(Routing::RestApi, &["GET /users/{id}"]);
    for other in [
        "GET /users/{name}/x",
        "POST /users/{name}",
        "ANY /users/{proxy+}",
    ] {
        let conflict = insert(&mut api, other).unwrap_err();
        assert!(
            matches!(conflict, RouteConflict::SiblingVariable { .. }),
            "{conflict}"
        );
    }
    assert!(insert(&mut api, "GET /users/{id}/x").is_ok());
    assert_eq!(
        insert(&mut api, "$default"),
        Err(RouteConflict::DefaultInRestApi)
    );
    assert_eq!(
        find(&api, &Method::POST, "/users/7"),
        "no method",
        "a refused route leaves no trace"
    );
}

#[test]
fn parameters_have_the_names_of_the_route_that_was_found() {
    let api = routes(
        Routing::HttpApi,
        &["GET /u/{id}/{rest+}", "POST /u/{name}/{rest+}"],
    );
    let RouteMatch::Found(found) = api.find(&Method::POST, "/u/%20/a/b") else {
        panic!("no match")
    };
    assert_eq!(found.parameters, [("name", "%20"), ("rest", "a/b")]);
}

/// How specific a template is; greater is more specific.
fn rank(template: &PathTemplate) -> Vec<u8> {
    let weigh = |segment: &Segment| match segment {
        Segment::Literal(_) => 3,
        Segment::Variable(_) => 2,
        Segment::Greedy(_) => 1,
    };
    template.segments().iter().map(weigh).collect()
}

/// Tries every route.
fn naive<'r>(
    all: &'r [(Verb, PathTemplate)],
    routing: Routing,
    method: &Method,
    path: &str,
) -> Option<&'r (Verb, PathTemplate)> {
    let is_full =
        |template: &PathTemplate| !matches!(template.segments().last(), Some(Segment::Greedy(_)));
    let fitting = || {
        all.iter()
            .filter(|(_, template)| template.matches(path, routing))
    };
    let covering = |(verb, _): &&(Verb, PathTemplate)| verb.covers(method);
    match routing {
        Routing::RestApi => {
            let best = fitting().map(|(_, template)| rank(template)).max()?;
            fitting()
                .filter(|(_, template)| rank(template) == best)
                .filter(covering)
                .max_by_key(|(verb, _)| *verb != Verb::Any)
        }
        Routing::HttpApi => fitting()
            .filter(covering)
            .max_by_key(|(verb, template)| (is_full(template), rank(template), *verb != Verb::Any)),
    }
}

proptest! {
    #[test]
    fn agrees_with_a_matcher_that_tries_every_route(
        rest in any::<bool>(),
        keys in proptest::collection::vec((0..3_usize, "(/a|/b|/\\{v\\}){0,3}(/\\{v\\+\\})?"), 1..12),
        paths in proptest::collection::vec("(/a|/b|/c|/){0,5}", 8),
    ) {
        let routing = if rest { Routing::RestApi } else { Routing::HttpApi };
        let mut api = Routes::new(routing);
        let mut all = Vec::new();
        for (verb, path) in keys {
            let mut name = 0;
            let unique = path.split('v').fold(String::new(), |text, part| {
                name += 1;
                if text.is_empty() { part.to_owned() } else { format!("{text}v{name}{part}") }
            });
            let template: PathTemplate = if unique.is_empty() { "/".parse().unwrap() } else { unique.parse().unwrap() };
            let verb = [Verb::Any, Verb::Get, Verb::Put][verb];
            if api.insert(verb, template.clone(), (verb, template.clone())).is_ok() {
                all.push((verb, template));
            }
        }
        for path in paths {
            for method in [Method::GET, Method::PUT, Method::HEAD] {
                let expected = naive(&all, routing, &method, &path);
                match api.find(&method, &path) {
                    RouteMatch::Found(found) => prop_assert_eq!(Some(found.value), expected),
                    RouteMatch::NoMethod { template } => {
                        prop_assert!(expected.is_none() && template.matches(&path, routing));
                    }
                    RouteMatch::NoPath => {
                        prop_assert!(!all.iter().any(|(_, template)| template.matches(&path, routing)));
                    }
                }
            }
        }
    }

    #[test]
    fn never_panics(path in "\\PC*") {
        let api = routes(Routing::RestApi, &["GET /{a}", "GET /{a}/b", "GET /c/{d+}"]);
        find(&api, &Method::GET, &path);
    }
}
