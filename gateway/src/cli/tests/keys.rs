use tollgate::key::KeyValue;
use tollgate::store::{KeyRegistry, Ledger};
use tollgate::time::Clock as _;

use super::super::failure::Exit;
use super::{Person, Shell, Way, on_both_ways};
use crate::local;

on_both_ways! {
    creates_a_key_and_shows_its_value_once,
    the_gateway_finds_a_created_key_by_its_value,
    creates_a_key_with_all_that_can_be_said_about_it,
    a_value_that_is_not_kept_cannot_be_revealed,
    an_unknown_plan_is_found_before_a_key_is_created,
    a_key_that_cannot_join_its_plans_is_deleted_again,
    refuses_values_ids_and_instants_that_cannot_be,
    warns_of_a_key_that_has_expired_already,
    refuses_an_id_or_a_value_that_is_taken,
    lists_keys_newest_first_by_prefix_and_limit,
    lists_all_keys_over_several_pages,
    enables_disables_and_updates_a_key,
    says_when_a_key_expires_what_it_opens_and_what_handlers_read_of_it,
    rotates_a_key_and_ends_the_values_before,
    deletes_a_key_only_when_the_operator_at_the_terminal_agrees,
    deletes_a_key_without_asking_when_told_so_or_when_nobody_can_answer,
}

async fn creates_a_key_and_shows_its_value_once(way: Way) {
    let shell = Shell::start(way).await;
    let done = shell
        .run("keys create joe --id k1")
        .await
        .expect(Exit::Done);
    let value = done
        .out
        .lines()
        .find_map(|line| line.strip_prefix("value"))
        .unwrap()
        .trim();
    assert!(value.starts_with("tg_d_"));
    let expected = format!(
        "\
id            k1
name          joe
value         {value}
enabled       yes
created       2026-11-25T12:00:00Z
last updated  2026-11-25T12:00:00Z
plans         none
"
    );
    assert_eq!(done.out, expected);
    assert_eq!(
        done.err,
        "The value is shown this once; it is kept, and `tollgate keys show k1 --reveal` shows it again.\n\
         The key is in no plan, so it opens nothing: `tollgate plans add-key PLAN k1` puts it into one.\n"
    );
    let shown = shell.run("keys show k1").await.expect(Exit::Done);
    assert!(!shown.out.contains("tg_"), "{shown:?}");
    let revealed = shell.run("keys show joe --reveal").await.expect(Exit::Done);
    assert!(revealed.out.contains(value), "{revealed:?}");
}

async fn the_gateway_finds_a_created_key_by_its_value(way: Way) {
    let shell = Shell::start(way).await;
    let created = shell.json("keys create joe --environment prod").await;
    let value = KeyValue::parse(created["value"].as_str().unwrap()).unwrap();
    assert!(value.expose().starts_with("tg_p_"));
    let hash = value.hash(&local::pepper().unwrap());
    let record = shell.store().key(&hash).await.unwrap().unwrap();
    assert_eq!(record.id.as_str(), created["id"]);
}

async fn creates_a_key_with_all_that_can_be_said_about_it(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell.json("plans create Bronze").await;
    let created = shell
        .json("keys create joe --id k1 --plan Bronze --plan Bronze --value my-own-value-0123456789 --description d --customer-id c --disabled --expires-at 2027-01-31T00:00:00Z")
        .await;
    let expected = serde_json::json!({
        "id": "k1",
        "name": "joe",
        "value": "my-own-value-0123456789",
        "description": "d",
        "customerId": "c",
        "enabled": false,
        "expiresAt": "2027-01-31T00:00:00Z",
        "createdDate": "2026-11-25T12:00:00Z",
        "lastUpdatedDate": "2026-11-25T12:00:00Z",
        "plans": [{"id": plan["id"], "name": "Bronze"}],
    });
    assert_eq!(created, expected);
}

async fn a_value_that_is_not_kept_cannot_be_revealed(way: Way) {
    let shell = Shell::start(way).await;
    let done = shell.run("keys create joe --id k1 --no-keep-value").await;
    assert_eq!(
        done.err,
        "The value is shown this once and is not kept: store it now.\n\
         The key is in no plan, so it opens nothing: `tollgate plans add-key PLAN k1` puts it into one.\n"
    );
    shell.run("keys show joe --reveal").await.fails(
        Exit::Refused,
        "error: the value of key joe (k1) was not kept: only its hash is stored\n\
         hint: create a new key when the value is lost\n",
    );
}

async fn an_unknown_plan_is_found_before_a_key_is_created(way: Way) {
    let shell = Shell::start(way).await;
    shell.run("plans create Bronze").await.expect(Exit::Done);
    shell.run("keys create joe --plan bronce").await.fails(
        Exit::Refused,
        "error: no plan has the id or the name `bronce`\nhint: close to it: Bronze\n",
    );
    assert_eq!(shell.json("keys list").await, serde_json::json!([]));
}

async fn a_key_that_cannot_join_its_plans_is_deleted_again(way: Way) {
    let shell = Shell::start(way).await;
    for name in ["Bronze", "Silver"] {
        let command = format!("plans create {name} --stage users:dev");
        shell.run(&command).await.expect(Exit::Done);
    }
    let done = shell
        .run("keys create joe --id k1 --plan Bronze --plan Silver")
        .await
        .expect(Exit::Refused);
    assert!(done.err.contains("a key may be in one plan for each stage"));
    assert!(
        done.err
            .contains("was deleted again: nothing was changed\n"),
        "{done:?}"
    );
    assert_eq!(done.out, "");
    let key = shell.store().key_by_id(&"k1".into()).await.unwrap();
    assert_eq!(key, None);
}

async fn refuses_values_ids_and_instants_that_cannot_be(way: Way) {
    let shell = Shell::start(way).await;
    let secret = "tg_d_000000000000000000000000000000000000";
    shell
        .run(&format!("keys create joe --value {secret}"))
        .await
        .fails(
            Exit::Failed,
            "error: --value cannot be used\n\
             cause: API Key value starts like a Tollgate key, but its checksum does not fit\n",
        );
    for wrong in ["--value short", "--id a#b", "--expires-at tomorrow"] {
        let command = format!("keys create joe {wrong}");
        shell.run(&command).await.expect(Exit::Failed);
    }
    assert_eq!(shell.json("keys list").await, serde_json::json!([]));
}

async fn warns_of_a_key_that_has_expired_already(way: Way) {
    let shell = Shell::start(way).await;
    let done = shell
        .run("keys create joe --expires-at 2020-01-01T00:00:00Z")
        .await
        .expect(Exit::Done);
    assert!(done.err.starts_with("warning: the key has expired already"));
}

async fn refuses_an_id_or_a_value_that_is_taken(way: Way) {
    let shell = Shell::start(way).await;
    let value = "my-own-value-0123456789";
    let first = format!("keys create joe --id k1 --value {value}");
    shell.run(&first).await.expect(Exit::Done);
    shell.run("keys create ann --id k1").await.fails(
        Exit::Refused,
        "error: the id `k1` is taken\nhint: leave --id out for a new random one\n",
    );
    let same_value = format!("keys create ann --value {value}");
    shell.run(&same_value).await.fails(
        Exit::Refused,
        "error: another key has this value\nhint: leave --value out for a new random one\n",
    );
}

async fn lists_keys_newest_first_by_prefix_and_limit(way: Way) {
    let shell = Shell::start(way).await;
    shell.run("keys list").await.fails(Exit::Done, "no keys\n");
    shell.run("plans create Bronze").await.expect(Exit::Done);
    for (id, name) in [("k1", "joe-1"), ("k2", "ann"), ("k3", "joe-2")] {
        let command = format!("keys create {name} --id {id} --plan Bronze");
        shell.run(&command).await.expect(Exit::Done);
        shell.clock.advance(std::time::Duration::from_secs(1));
    }
    let done = shell.run("keys list").await.expect(Exit::Done);
    let expected = "\
ID  NAME   ENABLED  PLANS   LAST USED  CREATED
k3  joe-2  yes      Bronze  never      2026-11-25T12:00:02Z
k2  ann    yes      Bronze  never      2026-11-25T12:00:01Z
k1  joe-1  yes      Bronze  never      2026-11-25T12:00:00Z
";
    assert_eq!((done.out.as_str(), done.err.as_str()), (expected, ""));

    let limited = shell.run("keys list --limit 2 --json").await;
    assert_eq!(
        limited.err,
        "there are more keys: give --all, or a higher --limit\n"
    );
    let limited = limited.json();
    assert_eq!(limited.as_array().unwrap().len(), 2);

    let named = shell.json("keys list --name joe --all").await;
    let ids: Vec<_> = named
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["id"])
        .collect();
    assert_eq!(ids, ["k3", "k1"]);
}

async fn lists_all_keys_over_several_pages(way: Way) {
    let shell = Shell::start(way).await;
    let count = usize::try_from(crate::management::PAGE_LIMIT).unwrap() + 3;
    for number in 0..count {
        let command = format!("keys create many --id k{number} --no-keep-value");
        shell.run(&command).await.expect(Exit::Done);
        shell.clock.advance(std::time::Duration::from_millis(1));
    }
    let all = shell.json("keys list --all").await;
    assert_eq!(all.as_array().unwrap().len(), count);
    let done = shell.run("keys list --limit 201 --json").await;
    assert!(done.err.starts_with("there are more keys"));
}

async fn enables_disables_and_updates_a_key(way: Way) {
    let shell = Shell::start(way).await;
    shell
        .run("keys create joe --id k1")
        .await
        .expect(Exit::Done);
    let done = shell.run("keys disable joe").await.expect(Exit::Done);
    assert_eq!(
        (done.out.as_str(), done.err.as_str()),
        ("", "disabled key joe (k1)\n")
    );
    assert_eq!(shell.json("keys show k1").await["enabled"], false);
    assert_eq!(shell.json("keys enable joe").await["enabled"], true);
    let updated = shell
        .json("keys update joe --name joseph --customer-id 4711")
        .await;
    assert_eq!(updated["name"], "joseph");
    assert_eq!(updated["customerId"], "4711");
    let removed = shell
        .run_with(&["keys", "update", "joseph", "--customer-id", "", "--json"])
        .await
        .json();
    assert_eq!(removed.get("customerId"), None);
    let nothing = shell.run("keys update joseph").await.expect(Exit::Failed);
    assert!(nothing.err.contains("--customer-id"), "{nothing:?}");
}

async fn says_when_a_key_expires_what_it_opens_and_what_handlers_read_of_it(way: Way) {
    let shell = Shell::start(way).await;
    let create = ["keys", "create", "joe", "--scopes", "GET /users", "--json"];
    let created = shell.run_with(&create).await.json();
    let scopes = serde_json::json!({"tollgate:scopes": "GET /users"});
    assert_eq!(created["tags"], scopes);
    let updated = shell
        .json("keys update joe --expires-at 2027-01-31T00:00:00Z --meta tenant=acme --meta tier=1")
        .await;
    assert_eq!(updated["expiresAt"], "2027-01-31T00:00:00Z");
    let expected = serde_json::json!({
        "tollgate:scopes": "GET /users",
        "tollgate:meta:tenant": "acme",
        "tollgate:meta:tier": "1",
    });
    assert_eq!(updated["tags"], expected);
    let update = [
        "keys",
        "update",
        "joe",
        "--expires-at",
        "never",
        "--scopes",
        "",
        "--meta",
        "tier=",
    ];
    let updated = shell
        .run_with(&[&update[..], &["--json"]].concat())
        .await
        .json();
    assert_eq!(updated.get("expiresAt"), None);
    let expected = serde_json::json!({"tollgate:meta:tenant": "acme"});
    assert_eq!(updated["tags"], expected);
    for wrong in [
        "--scopes /users",
        "--meta a-b=c",
        "--meta tenant",
        "--expires-at soon",
    ] {
        let command = format!("keys update joe {wrong}");
        shell.run(&command).await.expect(Exit::Failed);
    }
}

async fn rotates_a_key_and_ends_the_values_before(way: Way) {
    let shell = Shell::start(way).await;
    let created = shell.json("keys create joe --id k1").await;
    let rotated = shell.json("keys rotate joe --overlap 12h").await;
    assert_eq!(rotated["id"], "k1");
    assert_eq!(rotated["formerValuesUntil"], "2026-11-26T00:00:00Z");
    assert_ne!(rotated["value"], created["value"]);
    let shown = shell.json("keys show joe --reveal").await;
    assert_eq!(shown["value"], rotated["value"]);
    let values = serde_json::json!([
        {"number": 2},
        {"number": 1, "expiresAt": "2026-11-26T00:00:00Z"},
    ]);
    assert_eq!(shown["values"], values);
    let done = shell.run("keys rotate joe --finish").await;
    assert_eq!(
        done.expect(Exit::Done).err,
        "ended all values but the last of key joe (k1)\n"
    );
    let chosen = "my-own-value-0123456789";
    let done = shell
        .run(&format!("keys rotate joe --now --value {chosen}"))
        .await
        .expect(Exit::Done);
    assert!(done.out.contains(chosen), "{done:?}");
    assert!(done.err.contains("end at their next request"), "{done:?}");
    let shown = shell.run("keys show joe").await.expect(Exit::Done);
    assert!(
        shown.out.contains(
            "values        3 (current), 2 until 2026-11-25T12:00:00Z, 1 until 2026-11-25T12:00:00Z"
        ),
        "{shown:?}"
    );
    let hash = |value: &str| {
        let value = KeyValue::parse(value).unwrap();
        value.hash(&local::pepper().unwrap())
    };
    let now = shell.clock.now();
    for (value, is_open) in [
        (created["value"].as_str().unwrap(), false),
        (rotated["value"].as_str().unwrap(), false),
        (chosen, true),
    ] {
        let record = shell.store().key(&hash(value)).await.unwrap().unwrap();
        assert_eq!(record.id.as_str(), "k1");
        assert_eq!(record.expires_at.is_none_or(|at| at > now), is_open);
    }
    for wrong in ["--overlap soon", "--now --overlap 1d", "--finish --now"] {
        let command = format!("keys rotate joe {wrong}");
        shell.run(&command).await.expect(Exit::Failed);
    }
}

async fn deletes_a_key_only_when_the_operator_at_the_terminal_agrees(way: Way) {
    let mut shell = Shell::start(way).await;
    shell
        .run("keys create joe --id k1")
        .await
        .expect(Exit::Done);
    for person in [Person::Says("n\n"), Person::Says("\n"), Person::HangsUp] {
        shell.person = person;
        shell.run("keys delete joe").await.fails(
            Exit::Refused,
            "Delete key joe (k1) for good? [y/N] error: not confirmed, so nothing was changed\n\
             hint: answer `y`, or give --yes\n",
        );
    }
    shell.person = Person::Says("Yes\n");
    shell.run("keys delete joe").await.fails(
        Exit::Done,
        "Delete key joe (k1) for good? [y/N] deleted key joe (k1)\n",
    );
    shell.run("keys show k1").await.expect(Exit::Refused);
}

async fn deletes_a_key_without_asking_when_told_so_or_when_nobody_can_answer(way: Way) {
    let mut shell = Shell::start(way).await;
    shell.run("keys create a --id k1").await.expect(Exit::Done);
    shell.run("keys create b --id k2").await.expect(Exit::Done);
    let deleted = shell.json("keys delete a").await;
    assert_eq!(
        deleted,
        serde_json::json!({"id": "k1", "name": "a", "deleted": true})
    );
    shell.person = Person::Says("no\n");
    shell
        .run("keys delete b --yes")
        .await
        .fails(Exit::Done, "deleted key b (k2)\n");
}
