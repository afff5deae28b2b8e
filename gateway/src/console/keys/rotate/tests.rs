use std::collections::BTreeMap;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_964_400);
const DAY_S: u64 = 86_400;

fn key() -> ApiKey {
    ApiKey {
        id: "k1".into(),
        name: "joe-black".to_owned(),
        description: None,
        customer_id: Some("c-17".to_owned()),
        stage_keys: Vec::new(),
        enabled: true,
        expires_at: None,
        plan_ids: Vec::new(),
        tags: BTreeMap::from([
            ("team".to_owned(), "a".to_owned()),
            ("tollgate:template".to_owned(), "b".to_owned()),
        ]),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn in_days(days: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + days * DAY_S)
}

#[test]
fn every_choice_is_read_as_it_is_written() {
    for old in OldKey::ALL {
        assert_eq!(OldKey::parse(&old.value()), Ok(old));
    }
    assert!(OldKey::parse("").is_err() && OldKey::parse("days-8").is_err());
}

#[test]
fn the_old_key_never_lives_longer_than_it_would_have() {
    let week = OldKey::ExpiresIn { days: 7 };
    assert_eq!(week.expiry(None, NOW), Expiry::At(in_days(7)));
    assert_eq!(week.expiry(Some(in_days(8)), NOW), Expiry::At(in_days(7)));
    assert_eq!(week.expiry(Some(in_days(6)), NOW), Expiry::Kept);
    assert_eq!(OldKey::Kept.expiry(Some(in_days(6)), NOW), Expiry::Kept);
}

#[test]
fn what_becomes_of_the_old_key_is_said() {
    let mut key = key();
    let week = OldKey::ExpiresIn { days: 7 };
    assert_eq!(
        week.told(&key, NOW),
        "The old key works until Sunday 6 December 2026, 15:00 UTC."
    );
    assert!(
        OldKey::Kept
            .told(&key, NOW)
            .starts_with("The old key works on")
    );
    assert!(
        OldKey::Disabled
            .told(&key, NOW)
            .starts_with("The old key is disabled:")
    );
    key.expires_at = Some(in_days(1));
    assert_eq!(
        week.told(&key, NOW),
        "The old key works until Monday 30 November 2026, 15:00 UTC."
    );
    key.enabled = false;
    assert_eq!(week.told(&key, NOW), "The old key is disabled, as it was.");
    assert_eq!(week.text(), "works on for 7 days, and expires then");
}

#[test]
fn the_new_key_takes_over_all_but_what_belongs_to_the_old_one_alone() {
    let mut key = key();
    let body = successor(&key, NOW);
    assert_eq!(body["name"], json!("joe-black"));
    assert_eq!(body["customerId"], json!("c-17"));
    assert_eq!(body["tags"], json!({"team": "a"}));
    assert!(body.get("value").is_none(), "a new one is generated");
    key.expires_at = Some(in_days(1));
    let tags = successor(&key, NOW)["tags"].clone();
    assert_eq!(tags[EXPIRES_AT_TAG], json!("2026-11-30T15:00:00Z"));
    key.expires_at = Some(NOW);
    assert_eq!(successor(&key, NOW)["tags"], json!({"team": "a"}));
}
