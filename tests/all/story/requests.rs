//! Requests with a key and without one.

use serde_json::{Value, json};

use super::{Story, Template, USER, Verdict, on_both_templates};

on_both_templates! {
    a_key_opens_the_api,
    what_is_no_key_opens_nothing,
    tells_clients_what_is_left,
}

async fn a_key_opens_the_api(template: Template) {
    let story = Story::begin(template).await;
    let keyless = story.client.send("POST", "/dev/users", &[], USER).await;
    assert_eq!(Verdict::of(&keyless.unwrap()), Verdict::Forbidden);

    let joe = story.joe();
    let created = story.call("POST", "/dev/users", &joe, USER).await;
    assert_eq!(created.status, 201, "{created:?}");
    let user = created.json().unwrap();
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["email"], "ada@example.org");
    let path = format!("/dev/users/{}", user["id"].as_str().unwrap());
    assert_eq!(created.header("location"), Some(path.as_str()));

    let read = story.call("GET", &path, &joe, "").await;
    assert_eq!((read.status.as_u16(), read.json().unwrap()), (200, user));
    let grace = r#"{"name":"Grace Hopper","email":"grace@example.org"}"#;
    let replaced = story.call("PUT", &path, &joe, grace).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    assert_eq!(replaced.json().unwrap()["name"], "Grace Hopper");

    // A second user, and the list in pages of one.
    let second = story.call("POST", "/dev/users", &joe, USER).await;
    let mut names = vec![];
    let mut path_of_page = "/dev/users?limit=1".to_owned();
    loop {
        let page = story.call("GET", &path_of_page, &joe, "").await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json().unwrap();
        let users = page["users"].as_array().unwrap();
        assert!(users.len() <= 1, "{page}");
        names.extend(users.iter().map(|user| user["name"].clone()));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path_of_page = format!("/dev/users?limit=1&next={next}");
    }
    names.sort_by_key(Value::to_string);
    assert_eq!(names, [json!("Ada Lovelace"), json!("Grace Hopper")]);
    assert_eq!(second.status, 201, "{second:?}");

    let deleted = story.call("DELETE", &path, &joe, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    let gone = story.call("GET", &path, &joe, "").await;
    assert_eq!(gone.status, 404, "{gone:?}");
}

async fn what_is_no_key_opens_nothing(template: Template) {
    let story = Story::begin(template).await;
    let joe = story.joe();
    let mut misspelt = joe.clone();
    let last = misspelt.pop().unwrap();
    misspelt.push(if last == 'a' { 'b' } else { 'a' });
    let unknown = "a-value-that-nobody-has-been-given";
    let too_long = "x".repeat(129);
    for key in ["", "short", misspelt.as_str(), unknown, too_long.as_str()] {
        assert_eq!(story.probe(key).await, Verdict::Forbidden, "{key}");
    }
    // A key without a plan for this stage is no better.
    story.tollgate(&["keys", "create", "planless"]).await;
    let planless = story
        .tollgate_json(&["keys", "show", "planless", "--reveal"])
        .await;
    let value = planless["value"].as_str().unwrap();
    assert_eq!(story.probe(value).await, Verdict::Forbidden);
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
    assert_eq!(story.used("joe-black", "Bronze").await, 1);
}

async fn tells_clients_what_is_left(template: Template) {
    let story = Story::begin(template).await;
    let limits = ["--rate", "0.01", "--burst", "4", "--quota", "9/MONTH"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    for used in 1..=3 {
        let answer = story.call("GET", "/dev/users/nobody", &key.value, "").await;
        let left = answer.header("ratelimit").unwrap();
        let quota = format!(r#""quota";r={};t="#, 9 - used);
        let burst = format!(r#""burst";r={};t="#, 4 - used);
        assert!(left.starts_with(&quota) && left.contains(&burst), "{left}");
        let policy = answer.header("ratelimit-policy").unwrap();
        assert!(
            policy.starts_with(r#""burst";q=4;w=400,"quota";q=9;w="#),
            "{policy}"
        );
    }
}
