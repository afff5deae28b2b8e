use serde_json::json;
use tollgate::bucket::{Rate, Throttle};
use tollgate::plan::CoveredStage;
use tollgate::store::{PlanChange, PlanRegistry};

use super::super::failure::Exit;
use super::{Shell, Way, on_both_ways};

on_both_ways! {
    creates_a_plan_with_all_its_limits,
    a_plan_has_the_tags_that_it_was_created_with,
    refuses_tags_that_a_management_api_would_refuse,
    the_period_of_a_quota_can_be_an_option_of_its_own,
    refuses_limits_that_are_incomplete_or_contradict_each_other,
    lists_plans_in_a_table,
    adds_and_removes_keys,
    says_that_plan_and_key_are_swapped,
    refuses_a_second_plan_for_a_stage,
    adds_and_removes_stages,
    adding_a_stage_again_keeps_the_throttles_of_its_methods,
    deletes_a_plan_that_covers_no_stages,
    changes_the_limits_of_a_plan,
    warns_of_a_second_plan_with_the_same_name,
}

async fn changes_the_limits_of_a_plan(way: Way) {
    let shell = Shell::start(way).await;
    shell
        .run("plans create Bronze --rate 5 --burst 10 --quota 1000/DAY --tag team=a")
        .await
        .expect(Exit::Done);
    let changed = shell
        .json("plans update Bronze --rate 8 --quota 20000/WEEK --offset 1 --quota 100/minute --alerts 80,100 --description fast")
        .await;
    assert_eq!(
        changed["throttle"],
        json!({"rateLimit": 8.0, "burstLimit": 10})
    );
    let quota = json!({"limit": 20000, "period": "WEEK", "offset": 1});
    assert_eq!(
        (&changed["quota"], &changed["description"]),
        (&quota, &json!("fast"))
    );
    let tags = json!({"team": "a", "tollgate:quotas": "100/minute", "tollgate:alerts": "80,100"});
    assert_eq!(changed["tags"], tags);
    let shown = shell.json("plans show Bronze").await;
    assert_eq!((&shown["quota"], &shown["tags"]), (&quota, &tags));
    let bare = shell
        .json("plans update Bronze --no-throttle --no-quota")
        .await;
    assert_eq!(
        (&bare["throttle"], &bare["quota"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(bare["tags"]["tollgate:quotas"], json!(null));
    shell.run("plans update Bronze --rate 8").await.fails(
        Exit::Failed,
        "error: the plan has no throttle yet: give --rate and --burst together\n",
    );
    shell.run("plans update Bronze").await.expect(Exit::Failed);
}

async fn warns_of_a_second_plan_with_the_same_name(way: Way) {
    let shell = Shell::start(way).await;
    let first = shell.json("plans create Bronze").await;
    let second = shell.run("plans create Bronze").await.expect(Exit::Done);
    let id = first["id"].as_str().unwrap();
    let warning = format!("warning: there is a plan with this name already, {id}: ");
    assert!(second.err.contains(&warning), "{second:?}");
}

async fn creates_a_plan_with_all_its_limits(way: Way) {
    let shell = Shell::start(way).await;
    let done = shell
        .run("plans create Bronze --rate 0.5 --burst 10 --quota 1000/week --offset 1 --stage users:dev --stage users:dev --stage users:prod --description cheap")
        .await
        .expect(Exit::Done);
    assert_eq!(done.err, "");
    let lines: Vec<&str> = done.out.lines().skip(1).collect();
    let mut expected = vec![
        "name         Bronze",
        "description  cheap",
        "throttle     0.5/s, burst 10",
        "quota        1000/WEEK + 1 d",
        "stages       users:dev, users:prod",
    ];
    // API Gateway's plans have no date.
    if way == Way::Table {
        expected.push("created      2026-11-25T12:00:00Z");
    }
    assert_eq!(lines, expected);
    let shown = shell.json("plans show Bronze").await;
    let mut expected = json!({
        "id": shown["id"],
        "name": "Bronze",
        "description": "cheap",
        "throttle": {"rateLimit": 0.5, "burstLimit": 10},
        "quota": {"limit": 1000, "period": "WEEK", "offset": 1},
        "apiStages": ["users:dev", "users:prod"],
        "keys": [],
    });
    if way == Way::Table {
        expected["createdDate"] = json!("2026-11-25T12:00:00Z");
    }
    assert_eq!(shown, expected);
}

async fn a_plan_has_the_tags_that_it_was_created_with(way: Way) {
    let shell = Shell::start(way).await;
    let line = "tags      team=billing=eu, tollgate:lease=off\n";
    let created = shell
        .run("plans create Bronze --tag tollgate:lease=off --tag team=billing=eu")
        .await
        .expect(Exit::Done);
    assert!(created.out.contains(line), "{created:?}");
    // By its name as by its id: a management API's list of plans has no tags.
    let id = shell.json("plans show Bronze").await["id"].clone();
    for reference in ["Bronze", id.as_str().unwrap()] {
        let shown = shell.run(&format!("plans show {reference}")).await;
        let shown = shown.expect(Exit::Done);
        assert!(shown.out.contains(line), "{shown:?}");
    }
    let shown = shell.json("plans show Bronze").await;
    let expected = json!({"team": "billing=eu", "tollgate:lease": "off"});
    assert_eq!(shown["tags"], expected);
    let plan_id = id.as_str().unwrap().into();
    let stored = shell.store().plan_by_id(&plan_id).await.unwrap();
    assert_eq!(stored.unwrap().tags["tollgate:lease"], "off");
}

async fn refuses_tags_that_a_management_api_would_refuse(way: Way) {
    let shell = Shell::start(way).await;
    let shards = "error: Invalid value of tag tollgate:shards specified, is not a number of shards, 2 to 256\n";
    shell
        .run("plans create A --tag tollgate:shards=1")
        .await
        .fails(Exit::Failed, shards);
    for (options, said) in [
        (
            "--tag tollgate:lease=none",
            "Invalid value of tag tollgate:lease specified, must be off",
        ),
        ("--tag aws:x=1", "must not start with aws:"),
        ("--tag =1", "must have 1 to 128 characters"),
        ("--tag team", "write it NAME=VALUE"),
        (
            "--tag team=1 --tag team=2",
            "the tag team is given more than once",
        ),
    ] {
        let done = shell.run(&format!("plans create A {options}")).await;
        let done = done.expect(Exit::Failed);
        assert!(done.err.contains(said), "{options}: {}", done.err);
        assert_eq!(done.out, "");
    }
    assert_eq!(shell.json("plans list").await, json!([]));
}

async fn the_period_of_a_quota_can_be_an_option_of_its_own(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell
        .json("plans create A --quota 20000 --period MONTH --offset 27")
        .await;
    let expected = json!({"limit": 20000, "period": "MONTH", "offset": 27});
    assert_eq!(plan["quota"], expected);
    let plan = shell
        .json("plans create B --quota 5/DAY --period day")
        .await;
    assert_eq!(plan["quota"]["period"], "DAY");
}

async fn refuses_limits_that_are_incomplete_or_contradict_each_other(way: Way) {
    let shell = Shell::start(way).await;
    let cases = [
        ("--rate 5", "--burst"),
        ("--burst 5", "--rate"),
        (
            "--rate -1 --burst 1",
            "the rate -1 is not a number of requests a second, 0 or more",
        ),
        ("--rate 1 --burst -1", "it is not a whole number, 0 or more"),
        ("--quota -5/DAY", "write it like 1000/DAY"),
        (
            "--quota 5/WEEK --offset -1",
            "it is not a whole number, 0 or more",
        ),
        ("--rate fast --burst 1", "it is not a number"),
        ("--rate NaN --burst 1", "is not a number of requests"),
        ("--quota many/DAY", "write it like 1000/DAY"),
        (
            "--quota 5/YEAR",
            "a period is minute, hour, DAY, WEEK or MONTH",
        ),
        ("--period DAY", "--quota"),
        ("--quota 5", "the quota has no period"),
        (
            "--quota 5/DAY --period WEEK",
            "--quota says DAY and --period says WEEK",
        ),
        (
            "--quota 5/DAY --offset 1",
            "the quota offset 1 is not between 0 and 0",
        ),
        ("--stage users", "write it API:STAGE"),
    ];
    for (options, said) in cases {
        let done = shell.run(&format!("plans create A {options}")).await;
        let done = done.expect(Exit::Failed);
        assert!(done.err.contains(said), "{options}: {}", done.err);
        assert_eq!(done.out, "");
    }
    assert_eq!(shell.json("plans list").await, json!([]));
}

async fn lists_plans_in_a_table(way: Way) {
    let shell = Shell::start(way).await;
    shell
        .run("plans list")
        .await
        .fails(Exit::Done, "no plans\n");
    let gold = shell.json("plans create Gold").await;
    shell.clock.advance(std::time::Duration::from_secs(1));
    let bronze = shell
        .json("plans create Bronze --rate 5 --burst 10 --quota 1000/DAY --stage users:dev")
        .await;
    let done = shell.run("plans list").await.expect(Exit::Done);
    let expected = format!(
        "\
ID      NAME    THROTTLE       QUOTA     STAGES
{}  Bronze  5/s, burst 10  1000/DAY  users:dev
{}  Gold    none           none      none
",
        bronze["id"].as_str().unwrap(),
        gold["id"].as_str().unwrap(),
    );
    assert_eq!(done.out, expected);
}

async fn adds_and_removes_keys(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell.json("plans create Bronze").await;
    let id = plan["id"].as_str().unwrap();
    shell
        .run("keys create joe --id k1")
        .await
        .expect(Exit::Done);
    shell.run("plans add-key Bronze joe").await.fails(
        Exit::Done,
        &format!("added key joe (k1) to plan Bronze ({id})\n"),
    );
    shell.run("plans add-key Bronze joe").await.fails(
        Exit::Done,
        &format!("key joe (k1) is already in plan Bronze ({id})\n"),
    );
    let shown = shell.json("plans show Bronze").await;
    assert_eq!(shown["keys"], json!([{"id": "k1", "name": "joe"}]));
    let shown = shell.run("plans show Bronze").await.expect(Exit::Done);
    assert!(shown.out.contains("keys      joe (k1)\n"), "{shown:?}");
    shell.run(&format!("plans remove-key {id} k1")).await.fails(
        Exit::Done,
        &format!("removed key joe (k1) from plan Bronze ({id})\n"),
    );
    shell.run("plans remove-key Bronze joe").await.fails(
        Exit::Refused,
        &format!("error: key `k1` is not in plan `{id}`\n"),
    );
}

async fn says_that_plan_and_key_are_swapped(way: Way) {
    let shell = Shell::start(way).await;
    shell.run("plans create Bronze").await.expect(Exit::Done);
    shell.run("keys create joe").await.expect(Exit::Done);
    for command in ["add-key", "remove-key"] {
        shell
            .run(&format!("plans {command} joe Bronze"))
            .await
            .fails(
                Exit::Failed,
                "error: the arguments are swapped: `joe` is a key and `Bronze` is a plan\n\
             hint: the plan comes first: Bronze joe\n",
            );
    }
    shell.run("plans add-key joe Silver").await.fails(
        Exit::Refused,
        "error: no plan has the id or the name `joe`\nhint: there are: Bronze\n",
    );
}

async fn refuses_a_second_plan_for_a_stage(way: Way) {
    let shell = Shell::start(way).await;
    let bronze = shell.json("plans create Bronze --stage users:dev").await;
    let id = bronze["id"].as_str().unwrap();
    shell
        .run("plans create Silver --stage users:dev")
        .await
        .expect(Exit::Done);
    shell
        .run("keys create joe --id k1 --plan Bronze")
        .await
        .expect(Exit::Done);
    shell.run("plans add-key Silver joe").await.fails(
        Exit::Refused,
        &format!(
            "error: key `k1` is in plan `{id}` already, which covers `users:dev` too; a key may be in one plan for each stage\n\
             hint: take it out first: tollgate plans remove-key {id} k1\n"
        ),
    );
}

async fn adds_and_removes_stages(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell.json("plans create Bronze").await;
    let id = plan["id"].as_str().unwrap();
    shell
        .run("plans remove-stage Bronze users:dev")
        .await
        .fails(
            Exit::Refused,
            &format!(
                "error: plan Bronze ({id}) does not cover `users:dev`\nhint: it covers no stage\n"
            ),
        );
    let added = shell.json("plans add-stage Bronze users:dev").await;
    assert_eq!(added["apiStages"], json!(["users:dev"]));
    shell.run("plans remove-stage Bronze users:prod").await.fails(
        Exit::Refused,
        &format!("error: plan Bronze ({id}) does not cover `users:prod`\nhint: it covers: users:dev\n"),
    );
    let removed = shell.json("plans remove-stage Bronze users:dev").await;
    assert_eq!(removed["apiStages"], json!([]));
}

async fn adding_a_stage_again_keeps_the_throttles_of_its_methods(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell.json("plans create Bronze --stage users:dev").await;
    let id = plan["id"].as_str().unwrap();
    let mut covered = CoveredStage::new(tollgate::id::ApiStage::new("users", "dev"));
    let throttle = Throttle {
        rate: Rate::per_second(2.0).unwrap(),
        burst: 4,
    };
    covered.set_method_throttle("/users/GET", throttle);
    let change = PlanChange::AddStage(covered);
    shell
        .store()
        .update_plan(&id.into(), &change)
        .await
        .unwrap();
    shell.run("plans add-stage Bronze users:dev").await.fails(
        Exit::Done,
        &format!("users:dev is already in plan Bronze ({id})\n"),
    );
    let shown = shell.json("plans show Bronze").await;
    let expected = json!({"users:dev": {"/users/GET": {"rateLimit": 2.0, "burstLimit": 4}}});
    assert_eq!(shown["methodThrottles"], expected);
    let shown = shell.run("plans show Bronze").await.expect(Exit::Done);
    let line = "method throttle  users:dev /users/GET: 2/s, burst 4\n";
    assert!(shown.out.contains(line), "{shown:?}");
}

async fn deletes_a_plan_that_covers_no_stages(way: Way) {
    let shell = Shell::start(way).await;
    let plan = shell
        .json("plans create Bronze --stage users:dev --stage users:prod")
        .await;
    let id = plan["id"].as_str().unwrap();
    shell
        .run("keys create joe --plan Bronze")
        .await
        .expect(Exit::Done);
    shell.run("plans delete Bronze").await.fails(
        Exit::Refused,
        &format!(
            "error: plan `{id}` still covers stages, including `users:dev`\n\
             hint: take them away with `tollgate plans remove-stage {id} users:dev`, or all at once with --force\n"
        ),
    );
    shell
        .run("plans delete Bronze --force")
        .await
        .fails(Exit::Done, &format!("deleted plan Bronze ({id})\n"));
    assert_eq!(shell.json("plans list").await, json!([]));
    assert_eq!(shell.json("keys show joe").await["plans"], json!([]));

    let plan = shell.json("plans create Silver").await;
    let expected = json!({"id": plan["id"], "name": "Silver", "deleted": true});
    assert_eq!(shell.json("plans delete Silver").await, expected);
}
