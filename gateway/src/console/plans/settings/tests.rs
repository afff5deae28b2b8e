use std::collections::BTreeMap;

use tollgate::quota::Day;

use super::*;

fn entered(form: &str) -> Entered {
    Entered::of_form(&Fields::read(form.as_bytes()))
}

fn read(form: &str) -> Result<Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let settings = entered(form).read(None, &mut mistakes);
    settings.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

fn edited(form: &str, plan: &Plan) -> Option<Settings> {
    entered(form).read(Some(plan), &mut Mistakes::default())
}

fn gold() -> Plan {
    Plan {
        id: "g".into(),
        name: "Gold".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::from(5),
            burst: 10,
        }),
        quota: Quota::new(1_000, Period::Week, 1).ok(),
        stages: Vec::new(),
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    }
}

#[test]
fn a_form_makes_the_body_that_clients_send() {
    let settings = read(
        "name=Gold&throttle=on&rate=0.5&burst=1%2C000&quota=on&limit=20000&period=MONTH&offset=27",
    );
    assert_eq!(
        settings.unwrap().body(&[ApiStage::new("users", "dev")]),
        json!({
            "name": "Gold",
            "description": "",
            "throttle": {"rateLimit": 0.5, "burstLimit": 1_000},
            "quota": {"limit": 20_000, "offset": 27, "period": "MONTH"},
            "apiStages": [{"apiId": "users", "stage": "dev"}],
        })
    );
    let unlimited = read("name=Free&rate=&burst=&limit=&period=DAY&offset=").unwrap();
    assert_eq!(
        unlimited.body(&[]),
        json!({"name": "Free", "description": "", "apiStages": []})
    );
}

#[test]
fn every_mistake_is_noted_beside_its_field() {
    let mistakes =
        read("name=+&throttle=on&rate=-1&burst=1.5&quota=on&limit=x&period=DAY&offset=1")
            .unwrap_err();
    for field in ["name", "rate", "burst", "limit", "offset"] {
        assert!(mistakes.of(field).is_some(), "{field}");
    }
    let wrong = |form: &str| read(form).unwrap_err();
    let quota = wrong("name=A&quota=on&limit=x&period=DAY&offset=1");
    assert_eq!(
        quota.of("offset"),
        Some("A quota for a day has no offset: enter 0.")
    );
    assert!(quota.of("limit").is_some());
    let week = wrong("name=A&quota=on&limit=1&period=WEEK&offset=7");
    assert_eq!(
        week.of("offset"),
        Some("The offset in a week is a whole number of days, from 0 to 6.")
    );
    assert!(
        wrong("name=A&quota=on&limit=2147483648&period=DAY")
            .of("limit")
            .is_some()
    );
    assert!(
        wrong("name=A&quota=on&limit=1&period=YEAR")
            .of("period")
            .is_some()
    );
    let unticked = wrong("name=A&rate=5&burst=10&limit=7");
    for field in ["rate", "limit"] {
        let text = unticked.of(field).unwrap();
        assert!(text.contains("Tick the box"), "{text}");
    }
    let long = wrong(&format!(
        "name={}&description={}",
        "n".repeat(1_025),
        "d".repeat(125_001)
    ));
    assert!(long.of("name").is_some() && long.of("description").is_some());
}

#[test]
fn only_what_differs_is_changed() {
    let plan = gold();
    let mut mistakes = Mistakes::default();
    let same = Entered::of_plan(&plan)
        .read(Some(&plan), &mut mistakes)
        .unwrap();
    assert!(same.patches(&plan).is_empty());
    let bare = edited("name=Gold+2&description=new", &plan).unwrap();
    assert_eq!(
        bare.patches(&plan).into_body(),
        json!({"patchOperations": [
            {"op": "replace", "path": "/name", "value": "Gold 2"},
            {"op": "replace", "path": "/description", "value": "new"},
            {"op": "remove", "path": "/throttle"},
            {"op": "remove", "path": "/quota"},
        ]})
    );
    let faster = edited(
        "name=Gold&throttle=on&rate=7.5&burst=10&quota=on&limit=1000&period=WEEK&offset=1",
        &plan,
    );
    assert_eq!(
        faster.unwrap().patches(&plan).into_body(),
        json!({"patchOperations": [
            {"op": "replace", "path": "/throttle/rateLimit", "value": "7.5"},
        ]})
    );
}

/// What saving changes of `now`, when the form has shown `before`.
fn saved(before: &Plan, now: &Plan, form: &str) -> Result<serde_json::Value, Mistakes> {
    let hidden = Entered::of_plan(before).carried().into_string();
    let values = hidden.split("name=\"").skip(1).map(|input| {
        let (name, rest) = input.split_once('"').unwrap();
        let value = rest.split_once("value=\"").unwrap().1;
        let value = value.split_once('"').unwrap().0;
        // As browsers send them.
        (name, value.replace('\n', "\r\n"))
    });
    let mut body = form_urlencoded::Serializer::new(form.to_owned());
    body.extend_pairs(values);
    let fields = Fields::read(body.finish().as_bytes());
    let mut mistakes = Mistakes::default();
    let entered = Entered::of_edit(&fields, now, &mut mistakes);
    let settings = entered.read(Some(now), &mut mistakes);
    let settings = settings.filter(|_| mistakes.is_empty()).ok_or(mistakes)?;
    Ok(settings.patches(now).into_body()["patchOperations"].take())
}

const GOLD: &str = "throttle=on&rate=5&burst=10&quota=on&limit=1000&period=WEEK&offset=1";

#[test]
fn what_somebody_else_has_changed_meanwhile_stays() {
    let before = gold();
    let now = Plan {
        throttle: Some(Throttle {
            rate: Rate::from(50),
            burst: 10,
        }),
        ..gold()
    };
    let patches = saved(&before, &now, &format!("name=Gold&description=mine&{GOLD}")).unwrap();
    assert_eq!(
        patches,
        json!([{"op": "replace", "path": "/description", "value": "mine"}])
    );
    let form = format!("name=Gold&{}", GOLD.replace("rate=5", "rate=7"));
    let mistakes = saved(&before, &now, &form).unwrap_err();
    let text = mistakes.of("rate").unwrap();
    assert!(text.contains("to a rate of 50 and a burst of 10"), "{text}");
    assert!(text.contains("entered a rate of 7"), "{text}");
    // Who saves again has seen the new value.
    assert!(saved(&now, &now, &form).is_ok());
    let same = format!("name=Gold&{}", GOLD.replace("rate=5", "rate=50"));
    assert_eq!(saved(&before, &now, &same).unwrap(), json!([]));
}

#[test]
fn what_browsers_do_to_a_text_is_no_change_of_it() {
    let plan = Plan {
        name: " Gold ".to_owned(),
        description: Some("a\nb\n".to_owned()),
        throttle: Some(Throttle {
            rate: Rate::from(5),
            burst: 3_000_000_000,
        }),
        ..gold()
    };
    let limits = GOLD.replace("burst=10", "burst=3000000000");
    let form = format!("name=Gold&description=a%0D%0Ab%0D%0A&{limits}");
    assert_eq!(saved(&plan, &plan, &form).unwrap(), json!([]));
    let renamed = form.replace("name=Gold", "name=Tin");
    assert_eq!(
        saved(&plan, &plan, &renamed).unwrap(),
        json!([{"op": "replace", "path": "/name", "value": "Tin"}])
    );
}

#[test]
fn the_words_beside_the_offset_say_when_the_quota_starts_again() {
    let now = Day::parse("2026-11-29").unwrap().start();
    let words = |form| entered(form).quota_words(now).into_string();
    let monday = words("period=WEEK&offset=1");
    assert!(
        monday.contains("starts again each Monday at 00:00 UTC"),
        "{monday}"
    );
    assert!(
        monday.contains("Monday 30 November 2026, 00:00 UTC, in 24 hours"),
        "{monday}"
    );
    assert!(words("period=DAY&offset=3").contains("enter 0"));
}

#[test]
fn shadow_mode_is_a_tag_of_a_new_plan() {
    let body = |form| read(form).unwrap().body(&[]);
    assert_eq!(
        body("name=Gold&shadow=on").get("tags"),
        Some(&json!({"tollgate:mode": "shadow"}))
    );
    assert_eq!(body("name=Gold").get("tags"), None);
    let mut plan = gold();
    plan.tags = BTreeMap::from([("tollgate:mode".to_owned(), "shadow".to_owned())]);
    assert!(Entered::of_plan(&plan).is_shadow);
    assert!(!Entered::of_plan(&gold()).is_shadow);
}
