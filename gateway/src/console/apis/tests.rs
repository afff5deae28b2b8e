use std::collections::BTreeMap;

use tollgate::rest_api::{
    ApiRecord, Definition, Integration, IntegrationKind, Method, Resource, Snapshot, Stage,
};

use super::tree::{Branch, Tree};
use super::*;
use crate::explain::DeclaredStage;
use crate::template::{self, Settings};

fn method(verb: &str, is_key_required: bool, kind: IntegrationKind, uri: &str) -> Method {
    let mut method = Method::new(verb, "NONE");
    method.api_key_required = is_key_required;
    let mut integration = Integration::new(kind, "r");
    integration.uri = Some(uri.to_owned());
    method.method_integration = Some(integration);
    method
}

fn definition(resources: &[(&str, Vec<Method>)]) -> Definition {
    let resources = resources.iter().map(|(path, methods)| {
        let resource = Resource {
            id: (*path).to_owned(),
            parent_id: None,
            path_part: None,
            path: (*path).to_owned(),
            resource_methods: methods
                .iter()
                .map(|method| (method.http_method.clone(), method.clone()))
                .collect(),
        };
        (resource.id.clone(), resource)
    });
    Definition {
        resources: resources.collect(),
        ..Definition::default()
    }
}

fn tree(deployed: Definition, edited: Definition) -> Tree {
    let api: tollgate::rest_api::RestApi = serde_json::from_value(serde_json::json!({
        "id": "shop", "name": "shop", "createdDate": 0, "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": ["REGIONAL"], "ipAddressType": "ipv4" },
        "disableExecuteApiEndpoint": false, "rootResourceId": "/", "apiStatus": "AVAILABLE",
    }))
    .unwrap();
    let snapshot = Snapshot {
        api: api.clone(),
        definition: deployed,
    };
    let record = ApiRecord {
        api,
        definition: edited,
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    let stage = Stage::new("dev".to_owned(), "d1".to_owned(), 0);
    Tree::of_rest_api(&stage, &snapshot, &record)
}

/// A line for each resource and method, indented as they stand below one another.
fn drawn(branch: &Branch, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    lines.push(format!("{indent}{} {:?}", branch.part, branch.change));
    for method in &branch.methods {
        lines.push(format!(
            "{indent}  {} key {} {:?}",
            method.verb,
            difference::key_in_words(method.is_key_required),
            method.change
        ));
        for each in &method.differences {
            let Difference {
                what,
                deployed,
                edited,
            } = each;
            lines.push(format!("{indent}    {what}: {deployed} -> {edited}"));
        }
    }
    for below in branch.branches.values() {
        drawn(below, depth + 1, lines);
    }
}

#[test]
fn what_is_deployed_stands_beside_what_has_been_edited() {
    use IntegrationKind::{HttpProxy, Mock};
    let deployed = definition(&[
        ("/", vec![]),
        (
            "/items",
            vec![
                method("GET", true, HttpProxy, "http://a/"),
                method("PUT", true, Mock, ""),
            ],
        ),
        (
            "/items/{id}",
            vec![
                method("GET", true, Mock, ""),
                method("DELETE", true, Mock, ""),
            ],
        ),
        ("/old", vec![method("GET", false, Mock, "")]),
    ]);
    let mut with_model = method("DELETE", true, Mock, "");
    with_model.operation_name = Some("remove".to_owned());
    let edited = definition(&[
        ("/", vec![method("GET", false, Mock, "")]),
        (
            "/items",
            vec![
                method("GET", false, HttpProxy, "http://b/"),
                method("POST", true, Mock, ""),
            ],
        ),
        (
            "/items/{id}",
            vec![method("GET", true, Mock, ""), with_model],
        ),
        ("/new", vec![]),
    ]);
    let tree = tree(deployed, edited);
    let mut lines = Vec::new();
    drawn(&tree.root, 0, &mut lines);
    assert_eq!(
        lines,
        [
            "/ None",
            "  GET key not required Added",
            "  /items None",
            "    GET key required Edited",
            "      API key: required -> not required",
            "      Integration: the HTTP backend http://a/ -> the HTTP backend http://b/",
            "    POST key required Added",
            "    PUT key required Removed",
            "    /{id} None",
            "      DELETE key required Edited",
            "        Other settings: as before -> changed",
            "      GET key required None",
            "  /new Added",
            "  /old Removed",
            "    GET key not required Removed",
        ]
    );
    assert!(tree.is_edited());
    let without_key: Vec<_> = tree.without_key().iter().map(|(path, _)| *path).collect();
    assert_eq!(
        without_key,
        ["/old"],
        "what is not deployed is not open yet"
    );
}

#[test]
fn what_is_deployed_as_it_is_has_no_changes() {
    let definition = definition(&[("/", vec![method("ANY", true, IntegrationKind::Mock, "")])]);
    let tree = tree(definition.clone(), definition);
    assert!(!tree.is_edited());
    assert_eq!(tree.methods().len(), 1);
}

#[test]
fn changes_beside_the_methods_are_told() {
    let before = definition(&[("/", vec![])]);
    let mut after = before.clone();
    let response = tollgate::rest_api::GatewayResponse::default();
    let kind = tollgate::rest_api::GatewayResponseKind::Throttled;
    after.gateway_responses.insert(kind, response);
    let tree = tree(before, after);
    assert!(tree.is_edited());
    assert_eq!(
        tree.other_changes,
        ["The gateway response THROTTLED has been added."]
    );
}

#[test]
fn routes_of_a_template_are_a_tree_too() {
    let text = include_str!("../../../../template.yaml");
    let template = template::parse("template.yaml", text, &Settings::default()).unwrap();
    let stages = DeclaredStage::all(&template);
    let trees: Vec<Tree> = stages.iter().map(Tree::of_declared).collect();
    let mut lines = Vec::new();
    drawn(&trees[0].root, 0, &mut lines);
    let without_change: Vec<_> = lines.iter().map(|line| line.replace(" None", "")).collect();
    assert_eq!(
        without_change,
        [
            "/",
            "  /health",
            "    GET key not required",
            "  /reports",
            "    /users",
            "      GET key required",
            "  /users",
            "    POST key required",
            "    GET key required",
            "    /{id}",
            "      GET key required",
            "      PUT key required",
            "      DELETE key required",
        ]
    );
    let url = &trees[1].root;
    assert!(url.branches["$default"].methods[0].is_key_required);
    let open: Vec<&str> = trees[1]
        .without_key()
        .iter()
        .map(|(path, _)| *path)
        .collect();
    assert_eq!(open, ["/health", "/reports/users"]);
}

#[test]
fn the_tree_is_lists_within_lists_and_marks_what_matters() {
    use IntegrationKind::Mock;
    let deployed = definition(&[
        ("/", vec![]),
        (
            "/items",
            vec![
                method("GET", true, Mock, ""),
                method("ANY", false, Mock, ""),
            ],
        ),
    ]);
    let mut edited = deployed.clone();
    let get = edited
        .resources
        .get_mut("/items")
        .unwrap()
        .resource_methods
        .get_mut("GET")
        .unwrap();
    get.api_key_required = false;
    let api_stage = tollgate::id::ApiStage::new("<shop>", "dev");
    let html = branches::render(&tree(deployed, edited), &api_stage).into_string();
    for part in [
        "<ul class=\"tree\"><li><p class=\"resource\"><code>/items</code>",
        "API key: deployed <strong>required</strong>, edited <strong>not required</strong>",
        "⚠ no key required",
        "href=\"/console/try?stage=%3Cshop%3E%3Adev&amp;method=GET&amp;path=%2Fitems\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}
