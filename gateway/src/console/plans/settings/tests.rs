use std::collections::BTreeMap;

use tollgate::bucket::Throttle;
use tollgate::quota::Day;

use super::*;

fn entered(form: &str) -> Entered {
    Entered::of_form(&Fields::read(form.as_bytes()))
}

fn read(form: &str) -> Result<Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let settings = entered(form).read(&mut mistakes);
    settings.filter(|_| mistakes.is_empty()).ok_or(mistakes)
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
            .of("offset")
            .is_some()
    );
}

#[test]
fn only_what_differs_is_changed() {
    let plan = gold();
    let mut mistakes = Mistakes::default();
    let same = Entered::of_plan(&plan).read(&mut mistakes).unwrap();
    assert!(same.patches(&plan).is_empty());
    let bare = read("name=Gold+2&description=new").unwrap();
    assert_eq!(
        bare.patches(&plan).into_body(),
        json!({"patchOperations": [
            {"op": "replace", "path": "/name", "value": "Gold 2"},
            {"op": "replace", "path": "/description", "value": "new"},
            {"op": "remove", "path": "/throttle"},
            {"op": "remove", "path": "/quota"},
        ]})
    );
    let faster =
        read("name=Gold&throttle=on&rate=7.5&burst=10&quota=on&limit=1000&period=WEEK&offset=1");
    assert_eq!(
        faster.unwrap().patches(&plan).into_body(),
        json!({"patchOperations": [
            {"op": "replace", "path": "/throttle/rateLimit", "value": "7.5"},
            {"op": "replace", "path": "/throttle/burstLimit", "value": "10"},
        ]})
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
