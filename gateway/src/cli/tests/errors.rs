use super::super::environment::Environment;
use super::super::failure::Exit;
use super::{NOON, Person, Shell, Way, on_both_ways, type_line};
use tollgate::time::ManualClock;

on_both_ways! {
    unknown_keys_and_plans_are_refused_with_the_names_that_exist,
    a_text_that_is_one_keys_id_and_anothers_name_is_refused,
    a_key_whose_id_is_its_name_is_not_ambiguous,
    a_text_that_is_one_plans_id_and_anothers_name_is_refused,
    a_name_that_several_keys_have_is_refused_with_their_ids,
    a_value_in_the_place_of_a_key_is_refused_and_not_repeated,
}

async fn typed(arguments: &[&str], environment: Environment) -> super::Done {
    type_line(
        arguments,
        Person::Nobody,
        &ManualClock::new(NOON),
        environment,
    )
    .await
}

/// An address of this machine where nobody listens.
async fn silent_endpoint() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn says_how_to_start_the_gateway_when_it_does_not_run() {
    let url = silent_endpoint().await;
    for command in [["keys", "list"], ["plans", "list"], ["usage", "joe"]] {
        let [group, verb] = command;
        let arguments = ["--endpoint-url", &url, group, verb];
        let done = typed(&arguments, Environment::default()).await;
        let done = done.expect(Exit::Failed);
        let mut lines = done.err.lines();
        assert_eq!(
            lines.next(),
            Some(format!("error: no connection to {url}").as_str())
        );
        assert!(lines.next().is_some_and(|line| line.starts_with("cause: ")));
        assert_eq!(
            lines.next(),
            Some(
                "hint: start the gateway with `cargo tollgate start-api`, name the address of one that is elsewhere with --url, or name a table with --table"
            )
        );
        assert_eq!(lines.next(), None);
        assert_eq!(done.out, "");
    }
}

#[tokio::test]
async fn names_the_table_that_does_not_exist() {
    let shell = Shell::without_table().await;
    for command in ["keys list", "keys create joe", "plans create Bronze"] {
        let expected = format!(
            "error: there is no table `mine` at {}\n\
             hint: the gateway creates its table: start it with `cargo tollgate start-api`, or name a table with --table\n",
            shell.endpoint_url
        );
        let done = shell.run(&format!("--table mine {command}")).await;
        done.fails(Exit::Failed, &expected);
    }
}

#[tokio::test]
async fn creating_a_key_on_aws_needs_the_pepper() {
    let arguments = [
        "keys",
        "create",
        "joe",
        "--table",
        "prod",
        "--region",
        "eu-west-1",
    ];
    let done = typed(&arguments, Environment::default()).await;
    let done = done.expect(Exit::Failed);
    assert!(done.err.starts_with("error: TOLLGATE_PEPPER is not set"));
    assert!(
        done.err
            .contains("hint: it is in the Secrets Manager secret of the stack")
    );
}

async fn unknown_keys_and_plans_are_refused_with_the_names_that_exist(way: Way) {
    let shell = Shell::start(way).await;
    shell.run("keys show joe").await.fails(
        Exit::Refused,
        "error: no key has the id or the name `joe`\n\
         hint: there are no keys yet: `tollgate keys create NAME` makes one\n",
    );
    for name in ["joe-black", "ann"] {
        shell
            .run(&format!("keys create {name}"))
            .await
            .expect(Exit::Done);
    }
    for command in [
        "keys show joe-blak",
        "keys enable joe-blak",
        "keys disable joe-blak",
        "keys update joe-blak --name joe",
        "keys delete joe-blak",
        "usage joe-blak",
    ] {
        shell.run(command).await.fails(
            Exit::Refused,
            "error: no key has the id or the name `joe-blak`\nhint: close to it: joe-black\n",
        );
    }
    for command in [
        "plans show Gold",
        "plans delete Gold",
        "plans add-stage Gold users:dev",
        "plans remove-stage Gold users:dev",
        "plans add-key Gold joe-black",
        "plans remove-key Gold joe-black",
        "usage joe-black --plan Gold",
    ] {
        shell.run(command).await.fails(
            Exit::Refused,
            "error: no plan has the id or the name `Gold`\n\
             hint: there are no plans yet: `tollgate plans create NAME` makes one\n",
        );
    }
}

#[tokio::test]
async fn a_pepper_that_is_no_text_is_refused_and_does_not_count_as_unset() {
    let environment = super::Environment {
        not_unicode: vec!["TOLLGATE_PEPPER"],
        ..super::Environment::default()
    };
    let clock = tollgate::time::ManualClock::new(super::NOON);
    for command in [&["keys", "list"] as &[&str], &["start-api"]] {
        let nobody = super::Person::Nobody;
        let done = super::type_line(command, nobody, &clock, environment.clone()).await;
        done.fails(
            Exit::Failed,
            "error: TOLLGATE_PEPPER is not UTF-8 text\nhint: set TOLLGATE_PEPPER to text, or unset it\n",
        );
    }
}

async fn a_text_that_is_one_keys_id_and_anothers_name_is_refused(way: Way) {
    let shell = Shell::start(way).await;
    for command in ["keys create jane --id joe", "keys create joe --id k2"] {
        shell.run(command).await.expect(Exit::Done);
    }
    for command in ["keys delete joe --yes", "keys disable joe", "usage joe"] {
        shell.run(command).await.fails(
            Exit::Refused,
            "error: `joe` is ambiguous: it is the id of one key and the name of another\n\
             hint: write `jane` for the one with this id, and its own id for the other: k2\n",
        );
    }
    for (reference, id) in [("jane", "joe"), ("k2", "k2")] {
        let key = shell.json(&format!("keys show {reference}")).await;
        assert_eq!(key["id"], id);
    }
}

async fn a_key_whose_id_is_its_name_is_not_ambiguous(way: Way) {
    let shell = Shell::start(way).await;
    let created = shell.run("keys create joe --id joe").await;
    created.expect(Exit::Done);
    assert_eq!(shell.json("keys show joe").await["id"], "joe");
}

async fn a_text_that_is_one_plans_id_and_anothers_name_is_refused(way: Way) {
    let shell = Shell::start(way).await;
    let first = shell.json("plans create Bronze").await;
    let id = first["id"].as_str().unwrap();
    let created = shell.run(&format!("plans create {id}")).await;
    created.expect(Exit::Done);
    let done = shell.run(&format!("plans delete {id}")).await;
    let done = done.expect(Exit::Refused);
    assert!(
        done.err
            .contains("is the id of one plan and the name of another"),
        "{done:?}"
    );
    assert_eq!(shell.json("plans show Bronze").await["id"], id);
}

async fn a_name_that_several_keys_have_is_refused_with_their_ids(way: Way) {
    let shell = Shell::start(way).await;
    for id in ["k1", "k2"] {
        let command = format!("keys create joe --id {id}");
        shell.run(&command).await.expect(Exit::Done);
        shell.clock.advance(std::time::Duration::from_secs(1));
    }
    shell.run("keys disable joe").await.fails(
        Exit::Refused,
        "error: 2 keys are called `joe`\nhint: give one of the ids: k2, k1\n",
    );
    shell.run("keys disable k2").await.expect(Exit::Done);
}

async fn a_value_in_the_place_of_a_key_is_refused_and_not_repeated(way: Way) {
    let shell = Shell::start(way).await;
    let created = shell.json("keys create joe").await;
    let value = created["value"].as_str().unwrap();
    let done = shell.run(&format!("keys show {value}")).await;
    done.fails(
        Exit::Failed,
        "error: this is the value of a key, not its name\n\
         hint: a key is named by its id or its name; `tollgate keys list` shows both\n",
    );
}

#[tokio::test]
async fn start_api_says_when_it_fails() {
    let done = typed(&["start-api", "--port", "99999"], Environment::default()).await;
    let done = done.expect(Exit::Failed);
    assert!(done.err.contains("--port"), "{done:?}");
}
