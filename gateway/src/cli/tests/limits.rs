use serde_json::{Value, json};

use super::super::failure::Exit;
use super::{Shell, Way, on_both_ways};

on_both_ways! {
    a_key_has_limits_of_its_own_until_they_are_taken_away,
    a_limit_may_hold_in_one_plan,
    a_top_up_shows_in_what_remains_and_replaces_one_of_its_name,
    a_top_up_ends_with_the_window_at_the_latest,
    refuses_limits_and_top_ups_that_cannot_be,
    a_plan_is_put_into_shadow_mode_and_out_of_it,
}

async fn shell_with_key(way: Way, options: &str) -> Shell {
    let shell = Shell::start(way).await;
    shell
        .run("plans create Bronze --rate 5 --burst 10 --quota 1000/WEEK")
        .await
        .expect(Exit::Done);
    shell
        .run(&format!("keys create joe --plan Bronze {options}"))
        .await
        .expect(Exit::Done);
    shell
}

async fn remaining(shell: &Shell) -> Value {
    let usage = shell.json("usage joe --from 2026-11-25").await;
    usage["days"][0]["remaining"].clone()
}

async fn tags(shell: &Shell) -> Value {
    shell.json("keys show joe").await["tags"].clone()
}

async fn a_key_has_limits_of_its_own_until_they_are_taken_away(way: Way) {
    let shell = shell_with_key(way, "--rate 50 --burst 100 --quota 5000").await;
    let expected = json!({
        "tollgate:burst": "100",
        "tollgate:quota": "5000",
        "tollgate:rate": "50",
    });
    assert_eq!(tags(&shell).await, expected);
    assert_eq!(remaining(&shell).await, json!(5_000));
    let shown = shell.run("keys show joe").await.expect(Exit::Done);
    let line = "own limits    burst=100, quota=5000, rate=50\n";
    assert!(shown.out.contains(line), "{}", shown.out);

    let line = ["keys", "update", "joe", "--quota", "", "--rate", "20"];
    shell.run_with(&line).await.expect(Exit::Done);
    let expected = json!({ "tollgate:burst": "100", "tollgate:rate": "20" });
    assert_eq!(tags(&shell).await, expected);
    assert_eq!(remaining(&shell).await, json!(1_000));
}

async fn a_limit_may_hold_in_one_plan(way: Way) {
    let shell = shell_with_key(way, "--quota 7/DAY").await;
    let plan = shell.json("plans show Bronze").await;
    let name = format!("tollgate:quota:{}", plan["id"].as_str().unwrap());
    shell
        .run("keys update joe --quota 9 --in-plan Bronze")
        .await
        .expect(Exit::Done);
    assert_eq!(tags(&shell).await[name], json!("9"));
    assert_eq!(remaining(&shell).await, json!(9));
}

async fn a_top_up_shows_in_what_remains_and_replaces_one_of_its_name(way: Way) {
    let shell = shell_with_key(way, "").await;
    let plan = shell.json("plans show Bronze").await;
    let plan_id = plan["id"].as_str().unwrap();
    let line = "usage top-up joe Bronze +500 --until 2026-11-26 --name invoice-7";
    let document = shell.json(line).await;
    assert_eq!(document["until"], json!("2026-11-27T00:00:00Z"));
    assert_eq!(document["remaining"], json!(1_500));
    let text = format!("500 2026-11-25T12:00:00Z/2026-11-27T00:00:00Z {plan_id}");
    assert_eq!(
        tags(&shell).await,
        json!({ "tollgate:top-up:invoice-7": text })
    );
    let again = shell.run(line).await.expect(Exit::Done);
    assert!(
        again.err.starts_with("replaced the top-up invoice-7 of "),
        "{}",
        again.err
    );
    assert_eq!(remaining(&shell).await, json!(1_500));
    let more = shell.json("usage top-up joe Bronze 20").await;
    assert_eq!(more["remaining"], json!(1_520));
}

async fn a_top_up_ends_with_the_window_at_the_latest(way: Way) {
    let shell = shell_with_key(way, "").await;
    let document = shell
        .json("usage top-up joe Bronze +5 --until 2027-01-31")
        .await;
    assert_eq!(document["until"], json!("2026-11-29T00:00:00Z"));
}

async fn refuses_limits_and_top_ups_that_cannot_be(way: Way) {
    let shell = shell_with_key(way, "").await;
    for (line, told) in [
        (
            "keys update joe --quota 5/YEAR",
            "--quota 5/YEAR cannot be used",
        ),
        ("keys update joe --rate -1", "--rate -1 cannot be used"),
        ("keys create jim --burst 1.5", "--burst 1.5 cannot be used"),
        (
            "keys update joe --name jo --in-plan Bronze",
            "none of them is given",
        ),
        (
            "usage top-up joe Bronze +5 --until 2026-11-24",
            "--until has passed already",
        ),
        ("usage top-up joe Bronze -5", "such as +500"),
        ("usage top-up joe Bronze +0", "such as +500"),
    ] {
        let done = shell.run(line).await.expect(Exit::Failed);
        assert!(done.err.contains(told), "{line}: {}", done.err);
    }
    shell.run("plans create Unlimited").await.expect(Exit::Done);
    let apart = shell.run("usage top-up joe Unlimited +5").await;
    assert!(apart.expect(Exit::Refused).err.contains("is not in plan"));
    shell
        .run("plans add-key Unlimited joe")
        .await
        .expect(Exit::Done);
    let without = shell.run("usage top-up joe Unlimited +5").await;
    assert!(without.expect(Exit::Refused).err.contains("has no quota"));
    assert_eq!(tags(&shell).await, Value::Null);
}

async fn a_plan_is_put_into_shadow_mode_and_out_of_it(way: Way) {
    let shell = Shell::start(way).await;
    let created = shell
        .run("plans create Trial --quota 5/DAY --shadow")
        .await
        .expect(Exit::Done);
    assert!(
        created.out.contains("mode      shadow\n"),
        "{}",
        created.out
    );
    let plan = shell
        .json("plans update Trial --enforce --tag team=billing")
        .await;
    assert_eq!(plan["tags"], json!({ "team": "billing" }));
    let plan = shell
        .json("plans update Trial --shadow-stage users:dev --shadow-stage users:beta --tag team=")
        .await;
    let stages = json!({ "tollgate:shadow-stages": "users:dev users:beta" });
    assert_eq!(plan["tags"], stages);
    for (line, told) in [
        ("plans update Trial", "required"),
        (
            "plans update Trial --shadow --enforce",
            "cannot be used with",
        ),
        (
            "plans update Trial --tag tollgate:mode=off",
            "must be enforce or shadow",
        ),
    ] {
        let done = shell.run(line).await.expect(Exit::Failed);
        assert!(done.err.contains(told), "{line}: {}", done.err);
    }
    assert_eq!(shell.json("plans show Trial").await["tags"], stages);
}
