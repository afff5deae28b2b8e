use super::*;

const USERS: &str = include_str!("users.yaml");

#[test]
fn reads_the_apis_and_functions_of_a_realistic_template() {
    let template = parse(
        "some/where/template.yaml",
        USERS,
        &settings(&[("StageName", "prod")]),
    )
    .unwrap();
    assert_eq!(template.directory, PathBuf::from("some/where"));
    let api = &template.apis[0];
    assert_eq!(
        (api.logical_id.as_str(), api.id.as_str(), api.name.as_str()),
        ("UsersApi", "users", "users")
    );
    assert_eq!(
        (api.kind, api.stage.as_str(), template.apis.len()),
        (ApiKind::Http, "prod", 1)
    );
    let routes: Vec<String> = api
        .methods
        .iter()
        .map(|method| format!("{} {}", method.verb, method.path))
        .collect();
    assert_eq!(
        routes,
        [
            "POST /users",
            "GET /users",
            "GET /users/{id}",
            "PUT /users/{id}",
            "DELETE /users/{id}"
        ]
    );
    assert!(api.methods.iter().all(|method| {
        method.payload_version == PayloadVersion::V2
            && !method.api_key_required
            && method.function_logical_id == "UsersFunction"
    }));
    let function = &template.functions[0];
    assert_eq!(
        function.code_uri,
        PathBuf::from("some/where/functions/users")
    );
    assert_eq!((function.timeout_s, function.memory_mb), (10, 256));
    assert_eq!(function.build_method.as_deref(), Some("rust-cargolambda"));
    assert_eq!(function.environment["USERS_TABLE"], "UsersTable");
    assert_eq!(function.environment["TOLLGATE_TABLE"], "tollgate");
    assert_eq!(
        function.environment["TOLLGATE_PEPPER"],
        "{{resolve:secretsmanager:Pepper}}"
    );
    assert_eq!(function.environment["TOLLGATE_PUBLIC"], "");
    let left_out: Vec<&str> = template
        .not_simulated
        .iter()
        .map(|left_out| left_out.logical_id.as_str())
        .collect();
    assert_eq!(left_out, ["Pepper"]);
}

#[test]
fn reads_the_tables_plans_and_keys_of_a_realistic_template() {
    let template = parse("template.yaml", USERS, &Settings::default()).unwrap();
    let own = &template.tables[1];
    assert_eq!(
        (own.name.as_str(), own.ttl_attribute.as_deref(), own.billing),
        ("tollgate", Some("ttl"), Billing::OnDemand)
    );
    assert_eq!(
        (
            own.global_indexes[0].name.as_str(),
            &own.global_indexes[0].projection
        ),
        ("list", &Projection::All)
    );
    assert_eq!(template.tables[0].name, "UsersTable");
    let names: Vec<&str> = template
        .plans
        .iter()
        .map(|plan| plan.name.as_str())
        .collect();
    assert_eq!(names, ["Bronze", "Silver", "Gold"]);
    let bronze = &template.plans[0];
    assert_eq!(
        bronze.throttle,
        Some(Throttle {
            rate_limit: 5.0,
            burst_limit: 10
        })
    );
    assert_eq!(
        bronze.quota,
        Some(Quota {
            limit: 1000,
            period: Period::Day,
            offset: 0
        })
    );
    assert_eq!(
        (
            bronze.api_stages[0].api_id.as_str(),
            bronze.api_stages[0].stage.as_str()
        ),
        ("users", "dev")
    );
    assert!(
        bronze.id.len() == 10
            && bronze
                .id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
    let key = &template.keys[0];
    assert_eq!(
        (key.name.as_str(), key.enabled, &key.value),
        ("joe-black", true, &None)
    );
    assert_eq!(
        (
            &template.plan_keys[0].plan_id,
            &template.plan_keys[0].key_id
        ),
        (&bronze.id, &key.id)
    );
}

#[test]
fn the_digest_of_a_plan_changes_with_its_properties_and_with_nothing_else() {
    let digest = |text: &str| {
        parse("t", text, &Settings::default()).unwrap().plans[0]
            .digest
            .clone()
    };
    let plan = "Resources:\n  P:\n    Type: Custom::UsagePlan\n    Properties: ";
    let first = digest(&format!(
        "{plan}{{ ServiceToken: a, Throttle: {{ RateLimit: 5, BurstLimit: 10 }} }}"
    ));
    let same = digest(&format!(
        "{plan}{{ Throttle: {{ BurstLimit: '10', RateLimit: '5' }}, ServiceToken: b }}"
    ));
    let other = digest(&format!(
        "{plan}{{ Throttle: {{ BurstLimit: 10, RateLimit: 6 }} }}"
    ));
    assert_eq!((first.len(), &first), (64, &same));
    assert_ne!(first, other);
}

#[test]
fn merges_globals_and_makes_the_implicit_apis() {
    let template = read(
        "
Globals:
  Function: { Runtime: r, Handler: h, CodeUri: ., Environment: { Variables: { A: 1, B: 2 } } }
  Api: { Auth: { ApiKeyRequired: true }, BinaryMediaTypes: [image~1png] }
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Environment: { Variables: { B: 3, S: !Ref ServerlessRestApi.Stage } }
      FunctionUrlConfig: { AuthType: NONE, InvokeMode: RESPONSE_STREAM }
      Events:
        Get: { Type: Api, Properties: { Path: /a, Method: get } }
        Open: { Type: Api, Properties: { Path: /b, Method: ANY, Auth: { ApiKeyRequired: 'false' } } }
        Rest: { Type: HttpApi }
        Old: { Type: HttpApi, Properties: { Path: /a, Method: post, PayloadFormatVersion: '1.0', TimeoutInMillis: 500 } }
        Nightly: { Type: Schedule, Properties: { Schedule: rate(1 day) } }
",
    );
    let function = &template.functions[0];
    let environment: Vec<(&str, &str)> = function
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(environment, [("A", "1"), ("B", "3"), ("S", "Prod")]);
    assert_eq!((function.timeout_s, function.memory_mb), (3, 128));
    let url = FunctionUrlSpec {
        id: crate::local::short_id("F", 32),
        auth: FunctionUrlAuth::None,
        invoke_mode: InvokeMode::ResponseStream,
    };
    assert_eq!(function.url, Some(url));
    let (rest, http) = (&template.apis[0], &template.apis[1]);
    assert_eq!(
        (rest.id.as_str(), rest.kind, rest.stage.as_str()),
        ("serverlessrestapi", ApiKind::Rest, "Prod")
    );
    assert_eq!(
        (http.id.as_str(), http.kind, http.stage.as_str()),
        ("serverlesshttpapi", ApiKind::Http, "$default")
    );
    assert_eq!(rest.binary_media_types, ["image/png"]);
    assert_eq!(
        (
            rest.methods[0].verb.as_str(),
            rest.methods[0].api_key_required
        ),
        ("GET", true)
    );
    assert_eq!(
        (
            rest.methods[1].verb.as_str(),
            rest.methods[1].api_key_required
        ),
        ("ANY", false)
    );
    assert_eq!(
        (http.methods[0].verb.as_str(), http.methods[0].path.as_str()),
        ("ANY", DEFAULT_ROUTE)
    );
    assert_eq!(
        (http.methods[1].payload_version, http.methods[1].timeout_ms),
        (PayloadVersion::V1, Some(500))
    );
    let nightly = NotSimulated {
        logical_id: "F.Nightly".into(),
        resource_type: "event Schedule".into(),
        line: 16,
    };
    assert_eq!(template.not_simulated, [nightly]);
}

#[test]
fn expands_the_usage_plan_of_sam_apis() {
    let api = |name: &str, create: &str, rate: u32| {
        format!(
            "  {name}:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: dev\n      Auth: {{ UsagePlan: {{ \
             CreateUsagePlan: {create}, Throttle: {{ RateLimit: {rate}, BurstLimit: 1 }} }} }}\n"
        )
    };
    let apis = [
        api("A", "PER_API", 1),
        api("B", "SHARED", 2),
        api("C", "NONE", 3),
        api("D", "SHARED", 4),
    ]
    .concat();
    let template = read(&format!(
        "Resources:\n{apis}  Mine:\n    Type: AWS::ApiGateway::UsagePlanKey\n    Properties: {{ KeyId: !Ref AApiKey, KeyType: API_KEY, UsagePlanId: !Ref ServerlessUsagePlan }}\n"
    ));
    let plans: Vec<&str> = template
        .plans
        .iter()
        .map(|plan| plan.logical_id.as_str())
        .collect();
    assert_eq!(plans, ["AUsagePlan", "ServerlessUsagePlan"]);
    let shared = &template.plans[1];
    let stages: Vec<&str> = shared
        .api_stages
        .iter()
        .map(|stage| stage.api_id.as_str())
        .collect();
    assert_eq!(
        (stages, shared.throttle),
        (
            vec!["b", "d"],
            Some(Throttle {
                rate_limit: 4.0,
                burst_limit: 1
            })
        )
    );
    assert!(template.keys.iter().all(|key| key.enabled));
    let plan_keys: Vec<&str> = template
        .plan_keys
        .iter()
        .map(|plan_key| plan_key.logical_id.as_str())
        .collect();
    assert_eq!(
        plan_keys,
        ["Mine", "AUsagePlanKey", "ServerlessUsagePlanKey"]
    );
}

#[test]
fn reads_method_throttles_tags_and_key_values_and_keeps_the_values_secret() {
    let template = read(
        "
Resources:
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      ApiStages: [{ ApiId: x, Stage: dev, Throttle: { '/users/{id}/GET': { RateLimit: '0.5', BurstLimit: '2' } } }]
      Throttle: { RateLimit: 0, BurstLimit: 0 }
      Quota: { Limit: 5, Period: MONTH, Offset: 27 }
      Tags: [{ Key: team, Value: a }]
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties: { Value: this-is-a-secret-value, CustomerId: c }
",
    );
    let plan = &template.plans[0];
    assert_eq!(
        plan.api_stages[0].method_throttles["/users/{id}/GET"],
        Throttle {
            rate_limit: 0.5,
            burst_limit: 2
        }
    );
    assert_eq!(
        (plan.quota.unwrap().offset, plan.tags["team"].as_str()),
        (27, "a")
    );
    let key = &template.keys[0];
    assert_eq!(
        key.value.as_ref().unwrap().expose(),
        "this-is-a-secret-value"
    );
    assert!(!key.enabled && !format!("{template:?}").contains("secret-value"));
}

#[test]
fn reads_simple_tables_and_provisioned_tables_with_local_indexes() {
    let template = read(
        "
Resources:
  Simple: { Type: AWS::Serverless::SimpleTable, Properties: { PrimaryKey: { Name: no, Type: Number } } }
  Full:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: full
      AttributeDefinitions: [{ AttributeName: a, AttributeType: S }, { AttributeName: b, AttributeType: B }]
      KeySchema: [{ AttributeName: a, KeyType: HASH }]
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 }
      LocalSecondaryIndexes:
        - IndexName: l
          KeySchema: [{ AttributeName: a, KeyType: HASH }, { AttributeName: b, KeyType: RANGE }]
          Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [c] }
",
    );
    let (simple, full) = (&template.tables[0], &template.tables[1]);
    assert_eq!(
        (simple.name.as_str(), simple.attributes[0].kind),
        ("Simple", AttributeKind::Number)
    );
    assert_eq!(
        (full.name.as_str(), full.billing),
        (
            "full",
            Billing::Provisioned {
                read_units: 1,
                write_units: 2
            }
        )
    );
    assert_eq!(full.local_indexes[0].key_schema[1].role, KeyRole::Sort);
    assert_eq!(
        full.local_indexes[0].projection,
        Projection::Include(vec!["c".to_owned()])
    );
}

#[test]
fn a_table_with_a_short_logical_id_has_a_longer_name() {
    let table = "{ Type: AWS::Serverless::SimpleTable }";
    let template = read(&format!(
        "Resources:\n  A: {table}\n  AB: {table}\n  ABC: {table}\n"
    ));
    let names: Vec<&str> = template
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(names, ["A-table", "AB-table", "ABC"]);
    let named = read(
        "Resources:\n  A: { Type: AWS::Serverless::SimpleTable }\n  F:\n    Type: AWS::Serverless::Function\n    \
         Properties: { Runtime: r, Handler: h, CodeUri: ., Environment: { Variables: { T: !Ref A } } }\n",
    );
    assert_eq!(named.functions[0].environment["T"], "A-table");
}

#[test]
fn loads_a_file_and_names_one_that_it_cannot_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("template.yaml");
    let missing = load(&path, &Settings::default()).unwrap_err();
    assert!(
        missing.line.is_none() && missing.file == path.display().to_string(),
        "{missing}"
    );
    std::fs::write(&path, USERS).unwrap();
    assert_eq!(
        load(&path, &Settings::default()).unwrap().directory,
        directory.path()
    );
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(
        load(&path, &Settings::default())
            .unwrap_err()
            .message
            .starts_with("is not UTF-8")
    );
}

#[test]
fn a_function_says_how_many_invocations_one_process_takes() {
    let per_process = |properties: &str| {
        let template = read(&format!(
            "
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{ Runtime: r, Handler: h, CodeUri: ., {properties} }}
"
        ));
        template.functions[0].per_process
    };
    let variable = "Environment: { Variables: { AWS_LAMBDA_MAX_CONCURRENCY: '32' } }";
    let provider = "CapacityProviderConfig: { Arn: a, PerExecutionEnvironmentMaxConcurrency: 64 }";
    assert_eq!(per_process("Timeout: 3"), None);
    assert_eq!(per_process(variable), Some(32));
    assert_eq!(per_process(provider), Some(64));
    assert_eq!(per_process(&format!("{provider}, {variable}")), Some(64));
    assert_eq!(per_process("CapacityProviderConfig: { Arn: a }"), Some(16));
}
