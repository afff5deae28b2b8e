use super::*;

#[tokio::test]
async fn a_table_explains_what_becomes_of_a_request() {
    let shell = Shell::start(Way::Table).await;
    shell
        .run("plans create Bronze --rate 5 --burst 10 --quota 2/DAY --stage users:dev")
        .await
        .expect(Exit::Done);
    let key = shell
        .json("keys create joe --plan Bronze --id joes --value a-value-of-twenty-characters")
        .await;
    assert_eq!(key["id"], "joes");

    let by_id = shell.json("explain get /users?limit=5 --key-id joes").await;
    assert_eq!(by_id["apiId"], "users");
    assert_eq!(by_id["method"], "GET");
    assert_eq!(by_id["path"], "/users");
    assert_eq!(by_id["verdict"], "open");
    let said = "Usage Plan check succeeded for API Key joes and API Stage users/dev";
    assert_eq!(by_id["executionLog"][0], said);

    let value = "a-value-of-twenty-characters";
    let by_value = shell
        .run_with(&["explain", "GET", "/users", "--key", value])
        .await
        .expect(Exit::Done);
    assert!(by_value.out.starts_with("GET /users on users, stage dev\n"));
    assert!(by_value.out.contains(said) && !by_value.out.contains(value));
    assert_eq!(by_value.err, "");
}

#[tokio::test]
async fn a_key_that_nobody_has_is_refused_and_not_repeated() {
    let shell = Shell::start(Way::Table).await;
    shell
        .run("plans create Bronze --rate 5 --burst 10 --stage users:dev")
        .await
        .expect(Exit::Done);
    for key in ["--key=a-value-that-no-key-has", "--key-id=nobodys"] {
        let done = shell.run_with(&["explain", "GET", "/users", key]).await;
        let done = done.expect(Exit::Done);
        assert!(done.out.contains("refuses"), "{}", done.out);
        assert!(!done.out.contains("a-value-that"), "{}", done.out);
    }
    shell.run("explain GET users --key-id nobodys").await.fails(
        Exit::Refused,
        "error: A path begins with a slash, after the stage: /users.\n",
    );
}

#[tokio::test]
async fn the_value_of_the_key_may_stand_in_the_environment() {
    let shell = Shell::start(Way::Table).await;
    shell
        .run("plans create Bronze --rate 5 --burst 10 --stage users:dev")
        .await
        .expect(Exit::Done);
    let environment = Environment {
        key: Some("a-value-that-no-key-has".to_owned()),
        endpoint_url: Some(shell.endpoint_url.clone()),
        ..Environment::default()
    };
    let line = ["explain", "GET", "/users", "--json"];
    let done = type_line(&line, Person::Nobody, &shell.clock, environment).await;
    let said = done.json()["executionLog"][0].to_string();
    assert!(said.contains("API Key is unknown"), "{said}");
}

#[tokio::test]
async fn the_management_api_of_a_stack_says_that_it_cannot() {
    let shell = Shell::start(Way::Url).await;
    let done = shell.run("explain GET /users --key-id joes").await;
    let done = done.expect(Exit::Failed);
    assert!(
        done.err.contains("name its table with --table"),
        "{}",
        done.err
    );
}
