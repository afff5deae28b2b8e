use super::*;

fn options(table: Option<&str>, endpoint_url: Option<&str>) -> ConnectionOptions {
    ConnectionOptions {
        table: table.map(str::to_owned),
        endpoint_url: endpoint_url.map(str::to_owned),
        ..ConnectionOptions::default()
    }
}

fn secret(pepper: &str) -> Environment {
    Environment {
        pepper: Some(pepper.to_owned()),
        ..Environment::default()
    }
}

fn target(table: Option<&str>, endpoint_url: Option<&str>) -> Target {
    options(table, endpoint_url)
        .target(&Environment::default())
        .unwrap()
}

#[test]
fn without_options_it_is_the_local_gateway() {
    let expected = Target {
        table: "tollgate".to_owned(),
        endpoint_url: Some("http://127.0.0.1:8000".to_owned()),
        credentials: CredentialSource::Local,
        pepper: PepperSource::VariableOrLocal,
    };
    assert_eq!(target(None, None), expected);
}

#[test]
fn an_endpoint_on_this_machine_needs_no_other_setting() {
    for url in [
        "http://127.0.0.1:9999",
        "http://127.8.0.1",
        "http://localhost:1",
        "https://[::1]:8000/",
    ] {
        let expected = Target {
            table: "tollgate".to_owned(),
            endpoint_url: Some(url.to_owned()),
            credentials: CredentialSource::Local,
            pepper: PepperSource::VariableOrLocal,
        };
        assert_eq!(target(None, Some(url)), expected, "{url}");
        assert_eq!(target(Some("mine"), Some(url)).table, "mine");
    }
}

#[test]
fn a_profile_wins_over_the_local_credentials() {
    let options = ConnectionOptions {
        profile: Some("dev".to_owned()),
        ..options(None, Some("http://localhost:8000"))
    };
    let target = options.target(&Environment::default()).unwrap();
    assert_eq!(target.credentials, CredentialSource::Aws);
}

#[test]
fn a_table_without_an_endpoint_is_on_aws() {
    let expected = Target {
        table: "prod".to_owned(),
        endpoint_url: None,
        credentials: CredentialSource::Aws,
        pepper: PepperSource::Variable,
    };
    assert_eq!(target(Some("prod"), None), expected);
    let environment = Environment {
        table: Some("prod".to_owned()),
        ..Environment::default()
    };
    let from_variable = options(None, None).target(&environment).unwrap();
    assert_eq!(from_variable, expected);
}

#[test]
fn an_option_wins_over_its_variable() {
    let environment = Environment {
        table: Some("variable".to_owned()),
        endpoint_url: Some("http://127.0.0.1:1".to_owned()),
        ..Environment::default()
    };
    let target = options(Some("option"), Some("http://127.0.0.1:2"))
        .target(&environment)
        .unwrap();
    assert_eq!(target.table, "option");
    assert_eq!(target.endpoint_url.as_deref(), Some("http://127.0.0.1:2"));
    let target = options(None, None).target(&environment).unwrap();
    assert_eq!(target.endpoint_url.as_deref(), Some("http://127.0.0.1:1"));
}

#[test]
fn a_distant_endpoint_needs_a_table() {
    let failure = options(None, Some("http://dynamodb.example.com"))
        .target(&Environment::default())
        .unwrap_err();
    assert_eq!(
        failure.message(),
        "no table is named for http://dynamodb.example.com"
    );
    let target = target(Some("t"), Some("http://127.0.0.1.example.com"));
    assert_eq!(target.credentials, CredentialSource::Aws);
}

#[test]
fn refuses_an_endpoint_that_is_no_url() {
    for url in [
        "8000",
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "a b",
    ] {
        let failure = options(None, Some(url))
            .target(&Environment::default())
            .unwrap_err();
        let expected = format!("`{url}` is not the URL of an endpoint");
        assert_eq!(failure.message(), expected);
    }
}

#[test]
fn only_creating_keys_on_aws_needs_the_pepper() {
    let none = Environment::default();
    let failure = PepperSource::Variable
        .pepper(&none, PepperUse::Hashes)
        .unwrap_err();
    assert!(failure.message().starts_with("TOLLGATE_PEPPER is not set"));
    assert!(failure.hints()[0].contains("`Pepper`"), "{failure:?}");
    assert!(
        PepperSource::Variable
            .pepper(&none, PepperUse::None)
            .is_ok()
    );
    let local = PepperSource::VariableOrLocal.pepper(&none, PepperUse::Hashes);
    assert!(local.is_ok());
}

#[test]
fn the_pepper_is_the_local_one_or_the_variable() {
    let value = tollgate::key::KeyValue::parse("a-value-of-20-letters").unwrap();
    let environment = secret("another-pepper-of-this-table");
    let hash = |source: PepperSource, environment: &Environment| {
        let pepper = source.pepper(environment, PepperUse::Hashes).unwrap();
        value.hash(&pepper)
    };
    let local = value.hash(&local::pepper().unwrap());
    let other = value.hash(&Pepper::new(b"another-pepper-of-this-table").unwrap());
    let none = Environment::default();
    assert_eq!(hash(PepperSource::VariableOrLocal, &none), local);
    assert_eq!(hash(PepperSource::VariableOrLocal, &environment), other);
    assert_eq!(hash(PepperSource::Variable, &environment), other);
}

#[test]
fn refuses_a_short_pepper_and_shows_none_of_it() {
    let failure = PepperSource::Variable
        .pepper(&secret("short"), PepperUse::None)
        .unwrap_err();
    assert_eq!(failure.message(), "TOLLGATE_PEPPER is too short");
    assert!(!format!("{failure:?} {:?}", secret("short-pepper")).contains("short-pepper"));
}

fn aws() -> Place {
    Place {
        table: "prod".to_owned(),
        location: "DynamoDB in eu-west-1".to_owned(),
        is_local: false,
    }
}

#[test]
fn each_kind_of_store_error_has_its_own_words() {
    let error = |kind, message: &str| StoreError::new(kind, message, "the cause");
    let throttled = aws().tell(&error(
        StoreErrorKind::Throttled,
        "DynamoDB Query: Throttling",
    ));
    assert_eq!(
        throttled.message(),
        "DynamoDB in eu-west-1 asks to be called less often"
    );
    let unavailable = error(
        StoreErrorKind::Unavailable,
        "DynamoDB Query: no answer in time",
    );
    let unavailable = aws().tell(&unavailable);
    assert_eq!(
        unavailable.message(),
        "no usable answer from DynamoDB in eu-west-1"
    );
    let text = "DynamoDB GetItem: AccessDeniedException: not you";
    let broken = aws().tell(&error(StoreErrorKind::Broken, text));
    assert_eq!(
        broken.message(),
        "table `prod` at DynamoDB in eu-west-1 refused the request"
    );
    assert_eq!(broken.causes(), [text, "the cause"]);
    let text = "DynamoDB GetItem: ResourceNotFoundException: no";
    let missing = aws().tell(&error(StoreErrorKind::Broken, text));
    assert_eq!(
        missing.message(),
        "there is no table `prod` at DynamoDB in eu-west-1"
    );
    assert_eq!(missing.hints(), ["check --table, --region and --profile"]);
}

#[test]
fn missing_credentials_are_told_from_a_missing_connection() {
    let error = StoreError::new(
        StoreErrorKind::Unavailable,
        "DynamoDB GetItem: no connection to the store",
        "no credentials found:\n  Environment\n  Profile",
    );
    let failure = aws().tell(&error);
    assert_eq!(
        failure.message(),
        "no usable AWS credentials for DynamoDB in eu-west-1"
    );
    let causes = ["no credentials found: Environment Profile"];
    assert_eq!(failure.causes(), causes);
}
