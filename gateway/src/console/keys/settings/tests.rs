use std::collections::BTreeMap;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_964_400);

fn key() -> ApiKey {
    ApiKey {
        id: "k1".into(),
        name: "Joe".to_owned(),
        description: None,
        customer_id: Some("c-17".to_owned()),
        stage_keys: Vec::new(),
        enabled: true,
        expires_at: Some(Timestamp::from_secs(NOW.as_secs() + 61)),
        plan_ids: Vec::new(),
        value_number: 1,
        former_values: Vec::new(),
        tags: BTreeMap::new(),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn read(fields: &[u8], before: &Entered) -> Result<Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let settings = Entered::of_form(&Fields::read(fields)).read(before, NOW, &mut mistakes);
    settings.ok_or(mistakes)
}

#[test]
fn only_what_was_changed_is_patched() {
    let key = key();
    let before = Entered::of_key(&key);
    assert_eq!(before.expires, "2026-11-29T15:01");
    let same = read(b"name=Joe&customer=c-17&expires=2026-11-29T15:01", &before).unwrap();
    assert!(same.patches(&key).is_empty());
    assert_eq!(same.expiry, Expiry::Kept, "its second is not lost");
    let changed = read(b"name=Joe&description=Laptop&customer=&expires=", &before).unwrap();
    let mut patches = Patches::default();
    patches.replace("/description", "Laptop");
    patches.replace("/customerId", "");
    assert_eq!(changed.patches(&key), patches);
    assert_eq!(changed.expiry, Expiry::Never);
}

#[test]
fn an_expiry_is_in_utc_and_to_come() {
    let at = |secs| Ok(Expiry::At(Timestamp::from_secs(NOW.as_secs() + secs)));
    assert_eq!(expiry("2026-11-29T15:01", NOW), at(60));
    assert_eq!(expiry("2026-11-29T15:00:01", NOW), at(1));
    assert_eq!(
        expiry("2026-11-29T16:00:00+01:00", NOW),
        expiry("2026-11-29T15:00", NOW)
    );
    assert!(expiry("2026-11-29T15:00", NOW).is_err(), "it is over");
    assert!(expiry("tomorrow", NOW).is_err());
    assert_eq!(expiry("", NOW), Ok(Expiry::Never));
}

#[test]
fn a_new_key_is_what_clients_of_the_management_api_would_ask_for() {
    let settings = read(b"name=Joe&expires=2027-01-31T00:00", &Entered::default()).unwrap();
    let value = KeyValue::parse("value-of-twenty-chars-1").unwrap();
    assert_eq!(
        settings.body(Some(&value), true),
        json!({
            "name": "Joe",
            "description": "",
            "customerId": "",
            "enabled": true,
            "value": "value-of-twenty-chars-1",
            "tags": {"tollgate:expires-at": "2027-01-31T00:00:00Z"},
        })
    );
    let body = settings.body(None, false);
    assert!(body.get("value").is_none() && body["enabled"] == json!(false));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mistakes = read(b"name=&expires=2000-01-01T00:00", &Entered::default()).unwrap_err();
    assert!(mistakes.of("name").is_some() && mistakes.of("expires").is_some());
}

#[test]
fn scopes_and_notes_are_tags_of_the_key() {
    let mut key = key();
    key.tags = [
        ("tollgate:scopes", "GET /users"),
        ("tollgate:meta:tenant", "acme"),
        ("tollgate:meta:tier", "gold"),
        ("team", "blue"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let before = Entered::of_key(&key);
    assert_eq!(before.scopes, "GET /users");
    assert_eq!(before.notes, "tenant=acme\ntier=gold");
    let form = b"name=Joe&customer=c-17&expires=2026-11-29T15:01&scopes=&notes=tenant%3dacme%0d%0aplan%3db%3dc";
    let changed = read(form, &before).unwrap();
    let expected = [
        ("tollgate:meta:plan", Some("b=c")),
        ("tollgate:meta:tier", None),
        ("tollgate:scopes", None),
    ]
    .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)));
    assert_eq!(changed.tag_changes(&key.tags), expected.into());
    let mistakes = read(b"name=Joe&scopes=users&notes=a-b%3dc", &before).unwrap_err();
    assert!(mistakes.of("scopes").is_some() && mistakes.of("notes").is_some());
}

#[test]
fn limits_of_its_own_are_changed_with_the_other_tags() {
    let mut key = key();
    key.tags = [
        ("tollgate:rate", "5"),
        ("tollgate:burst", "10"),
        ("tollgate:quota:p1", "7"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let before = Entered::of_key(&key);
    let form =
        b"name=Joe&customer=c-17&expires=2026-11-29T15:01&rate=5&burst=&quota=100&notes=a%3db";
    let expected = [
        ("tollgate:burst", None),
        ("tollgate:meta:a", Some("b")),
        ("tollgate:quota", Some("100")),
    ]
    .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)));
    let changed = read(form, &before).unwrap();
    assert_eq!(changed.tag_changes(&key.tags), expected.into());
}
