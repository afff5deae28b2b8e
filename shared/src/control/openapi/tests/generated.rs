//! APIs that documents can describe in full.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::control::openapi::import::variable;
use crate::rest_api::{
    ApiKeySource, ApiStatus, Authorizer, AuthorizerKind, ConnectionType, ContentHandling,
    Definition, EndpointConfiguration, EndpointType, GatewayResponse, GatewayResponseKind,
    Integration, IntegrationKind, IntegrationResponse, IpAddressType, Method, MethodResponse,
    Model, RequestValidator, Resource, ResponseTransferMode, RestApi, TlsConfig,
};

const PATHS: [&str; 7] = [
    "/",
    "/users",
    "/users/{id}",
    "/users/{id}/orders",
    "/files/{proxy+}",
    "/a.b-c_d:e",
    "/v1/empty",
];
const VERBS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY",
];
const AUTHORIZERS: [&str; 3] = ["api_key", "who", "sigv4"];
const MODELS: [&str; 3] = ["Empty", "Pet", "Pets"];
const VALIDATORS: [&str; 2] = ["all", "body only"];

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,12}"
}

fn texts(names: &'static str) -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(names, "[ -~\\n]{0,20}", 0..3)
}

prop_compose! {
    fn integration(id: String)(
        kind in select(IntegrationKind::ALL), verb in select(VERBS.to_vec()), uri in text(),
        vpc in any::<bool>(), credentials in option::of(text()),
        request_parameters in texts("integration\\.request\\.header\\.[a-z]{1,4}"),
        request_templates in texts("application/[a-z]{1,4}"),
        passthrough in select(vec!["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]),
        content_handling in option::of(select(ContentHandling::ALL)),
        timeout_in_millis in prop_oneof![Just(29_000), 50_u32..29_000],
        own_namespace in any::<bool>(), cache_key_parameters in vec(text(), 0..2),
        responses in subsequence(vec![("200", None), ("400", Some("4\\d{2}")), ("500", Some(".*"))], 0..=3),
        response_parameters in texts("method\\.response\\.header\\.[a-z]{1,4}"),
        response_templates in texts("text/[a-z]{1,4}"),
        tls in option::of(any::<bool>()), mode in option::of(select(ResponseTransferMode::ALL)),
    ) -> Integration {
        let default = match kind {
            IntegrationKind::Http | IntegrationKind::HttpProxy => Some(ConnectionType::Internet),
            IntegrationKind::Aws | IntegrationKind::AwsProxy | IntegrationKind::Mock => None,
        };
        Integration {
            kind, http_method: Some(verb.to_owned()), uri: Some(uri),
            connection_type: if vpc { Some(ConnectionType::VpcLink) } else { default },
            connection_id: vpc.then(|| "link".to_owned()),
            credentials, request_parameters, request_templates,
            passthrough_behavior: passthrough.to_owned(), content_handling, timeout_in_millis,
            cache_namespace: if own_namespace { "own".to_owned() } else { id.clone() },
            cache_key_parameters,
            integration_responses: responses.into_iter().map(|(status, pattern)| {
                let response = IntegrationResponse {
                    status_code: status.to_owned(), selection_pattern: pattern.map(str::to_owned),
                    response_parameters: response_parameters.clone(),
                    response_templates: response_templates.clone(), content_handling,
                };
                (status.to_owned(), response)
            }).collect(),
            tls_config: tls.map(|insecure_skip_verification| TlsConfig { insecure_skip_verification }),
            response_transfer_mode: mode, integration_target: None,
        }
    }
}

/// What guards a method: nothing, a signature, or an authorizer by its place in the list.
#[derive(Clone, Debug)]
enum Guard {
    Nothing,
    Iam,
    Authorizer(usize, Vec<String>),
}

#[derive(Clone, Debug)]
struct Drafted {
    guard: Guard,
    validator: Option<usize>,
    method: Method,
}

prop_compose! {
    fn drafted(id: String, path: &'static str)(
        guard in prop_oneof![
            Just(Guard::Nothing), Just(Guard::Iam),
            (0..AUTHORIZERS.len(), vec("[a-z]{1,5}", 0..2)).prop_map(|(index, scopes)| Guard::Authorizer(index, scopes)),
        ],
        validator in option::of(0..VALIDATORS.len()),
        api_key_required in any::<bool>(), operation_name in option::of(text()),
        parameters in btree_map("method\\.request\\.(querystring|header)\\.[a-zA-Z-]{1,6}", any::<bool>(), 0..3),
        request_models in btree_map("application/[a-z]{1,4}", select(MODELS.to_vec()), 0..2),
        responses in btree_map("[2-5]0[0-9]", (
            btree_map("method\\.response\\.header\\.[A-Za-z-]{1,6}", any::<bool>(), 0..2),
            btree_map("application/[a-z]{1,4}", select(MODELS.to_vec()), 0..2),
        ), 0..3),
        method_integration in option::of(integration(id)),
    ) -> Drafted {
        let mut request_parameters = parameters;
        for name in path.split('/').filter_map(variable) {
            request_parameters.insert(format!("method.request.path.{name}"), true);
        }
        let owned = |models: BTreeMap<String, &str>| {
            models.into_iter().map(|(media_type, model)| (media_type, model.to_owned())).collect()
        };
        let method = Method {
            http_method: String::new(), authorization_type: "NONE".to_owned(), authorizer_id: None, api_key_required,
            request_validator_id: None, operation_name, request_parameters, request_models: owned(request_models),
            method_responses: responses.into_iter().map(|(status_code, (response_parameters, models))| {
                let response = MethodResponse { status_code: status_code.clone(), response_parameters, response_models: owned(models) };
                (status_code, response)
            }).collect(),
            method_integration, authorization_scopes: Vec::new(),
        };
        Drafted { guard, validator, method }
    }
}

prop_compose! {
    fn authorizer(index: usize)(
        kind in select(AuthorizerKind::ALL), auth_type in option::of(text()), uri in option::of(text()),
        source in option::of(select(vec!["method.request.header.A", "method.request.header.A,stageVariables.b"])),
        expression in option::of(text()), ttl in option::of(0_u32..=3_600), provider_arns in vec(text(), 0..2),
    ) -> Authorizer {
        Authorizer {
            id: format!("auth{index}"), name: AUTHORIZERS[index].to_owned(), kind, provider_arns, auth_type,
            authorizer_uri: uri, authorizer_credentials: None, identity_source: source.map(str::to_owned),
            identity_validation_expression: expression, authorizer_result_ttl_in_seconds: ttl,
            jwt_configuration: matches!(kind, AuthorizerKind::Jwt).then(|| serde_json::json!({"issuers": []})),
        }
    }
}

fn gateway_responses() -> impl Strategy<Value = BTreeMap<GatewayResponseKind, GatewayResponse>> {
    let response = (
        option::of("[45]0[0-9]"),
        texts("gatewayresponse\\.header\\.[a-z]{1,4}"),
        texts("application/[a-z]{1,4}"),
    )
        .prop_map(
            |(status_code, response_parameters, response_templates)| GatewayResponse {
                status_code,
                response_parameters,
                response_templates,
            },
        );
    btree_map(select(GatewayResponseKind::ALL), response, 0..3)
}

/// Resources with their methods on the way, the paths between them included.
fn resources() -> impl Strategy<Value = Vec<(&'static str, BTreeMap<String, Drafted>)>> {
    subsequence(PATHS.to_vec(), 0..=PATHS.len()).prop_flat_map(|paths| {
        paths
            .into_iter()
            .map(|path| {
                let draft = drafted(format!("res:{path}"), path);
                let methods =
                    btree_map(select(VERBS.to_vec()).prop_map(str::to_owned), draft, 0..3);
                (Just(path), methods)
            })
            .collect::<Vec<_>>()
    })
}

fn model(name: &str) -> Model {
    let url = "https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/Pet";
    let schema = match name {
        "Pets" => serde_json::json!({"type": "array", "items": {"$ref": url}}),
        "Pet" => serde_json::json!({"type": "object", "description": "A pet"}),
        _ => serde_json::json!({"title": "Empty Schema"}),
    };
    Model {
        id: format!("model{name}"),
        name: name.to_owned(),
        description: (name == "Pet").then(|| "A pet".to_owned()),
        schema: Some(schema.to_string()),
        content_type: "application/json".to_owned(),
    }
}

fn insert_path(resources: &mut BTreeMap<String, Resource>, path: &str) {
    let (parent, part) = match path.rsplit_once('/') {
        Some((_, "")) | None => (None, None),
        Some((parent, part)) => (
            Some(if parent.is_empty() { "/" } else { parent }),
            Some(part),
        ),
    };
    if let Some(parent) = parent {
        insert_path(resources, parent);
    }
    let id = format!("res:{path}");
    resources.entry(id.clone()).or_insert(Resource {
        id,
        parent_id: parent.map(|parent| format!("res:{parent}")),
        path_part: part.map(str::to_owned),
        path: path.to_owned(),
        resource_methods: BTreeMap::new(),
    });
}

fn finished(drafted: Drafted, verb: &str, authorizers: &BTreeMap<String, Authorizer>) -> Method {
    let mut method = drafted.method;
    verb.clone_into(&mut method.http_method);
    method.request_validator_id = drafted.validator.map(|index| format!("val{index}"));
    match drafted.guard {
        Guard::Nothing => {}
        Guard::Iam => "AWS_IAM".clone_into(&mut method.authorization_type),
        Guard::Authorizer(index, scopes) => {
            let authorizer = &authorizers[&format!("auth{index}")];
            let authorization_type = match authorizer.kind {
                AuthorizerKind::Token | AuthorizerKind::Request => "CUSTOM",
                AuthorizerKind::CognitoUserPools => "COGNITO_USER_POOLS",
                AuthorizerKind::Jwt => "JWT",
            };
            authorization_type.clone_into(&mut method.authorization_type);
            method.authorizer_id = Some(authorizer.id.clone());
            method.authorization_scopes = scopes;
        }
    }
    method
}

prop_compose! {
    pub(super) fn definition()(
        drafts in resources(),
        authorizers in (authorizer(0), authorizer(1), authorizer(2)),
        flags in vec(any::<bool>(), 4), gateway_responses in gateway_responses(),
    ) -> Definition {
        let authorizers: BTreeMap<String, Authorizer> = [authorizers.0, authorizers.1, authorizers.2]
            .into_iter().map(|authorizer| (authorizer.id.clone(), authorizer)).collect();
        let mut resources = BTreeMap::new();
        insert_path(&mut resources, "/");
        for (path, methods) in drafts {
            insert_path(&mut resources, path);
            let methods = methods.into_iter()
                .map(|(verb, drafted)| (verb.clone(), finished(drafted, &verb, &authorizers))).collect();
            resources.get_mut(&format!("res:{path}")).unwrap().resource_methods = methods;
        }
        let request_validators = VALIDATORS.iter().enumerate().map(|(index, name)| {
            let id = format!("val{index}");
            let validator = RequestValidator {
                id: id.clone(), name: Some((*name).to_owned()),
                validate_request_body: flags[2 * index], validate_request_parameters: flags[2 * index + 1],
            };
            (id, validator)
        }).collect();
        Definition {
            resources, authorizers, request_validators,
            models: MODELS.iter().map(|name| ((*name).to_owned(), model(name))).collect(),
            gateway_responses,
        }
    }
}

prop_compose! {
    pub(super) fn api()(
        name in text(), description in option::of(text()), version in text(),
        binary_media_types in vec("image/[a-z]{1,4}", 0..3), minimum_compression_size in option::of(any::<u32>()),
        api_key_source in select(ApiKeySource::ALL), policy in any::<bool>(), disabled in any::<bool>(),
        vpc_endpoint_ids in vec("vpce-[a-z]{1,4}", 0..2),
    ) -> RestApi {
        RestApi {
            id: "a1b2c3d4e5".to_owned(), name, description, created_date: 7, version: Some(version), warnings: Vec::new(),
            binary_media_types, minimum_compression_size, api_key_source,
            endpoint_configuration: EndpointConfiguration {
                types: vec![EndpointType::Regional], ip_address_type: IpAddressType::Ipv4, vpc_endpoint_ids,
            },
            policy: policy.then(|| r#"{"Version":"2012-10-17"}"#.to_owned()), tags: BTreeMap::new(),
            disable_execute_api_endpoint: disabled, root_resource_id: "res:/".to_owned(), security_policy: None,
            endpoint_access_mode: None, api_status: ApiStatus::Available,
        }
    }
}
