//! Keys: found by value and by id, listed, changed, deleted.

use tollgate::store::{
    Expiry, KeyChange, KeyFilter, KeyRegistry, Ledger, PageRequest, PlanRegistry, RegistryError,
};

use super::{NOW, after, ids, key_on_plan, new_key, new_plan, no_plan, pepper, stores};

const ALL: KeyFilter = KeyFilter {
    name_prefix: None,
    customer_id: None,
};

#[tokio::test]
async fn a_key_is_found_by_its_value_and_by_its_id() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut new = new_key("joe-black");
        new.description = Some("the first".to_owned());
        new.customer_id = Some("c-1".to_owned());
        new.expires_at = Some(after(60));
        let created = store.create_key(&new, NOW).await.unwrap();
        assert_eq!(created.id.as_str().len(), 10, "{name}");

        let known = store.key_by_id(&created.id).await.unwrap().unwrap();
        assert_eq!(known, created, "{name}");
        let record = store.key(&new.value.hash(&pepper())).await.unwrap();
        let record = record.unwrap();
        assert_eq!(record.id, created.id, "{name}");
        assert_eq!(record.customer_id.as_deref(), Some("c-1"), "{name}");
        assert!(record.enabled, "{name}");
        assert_eq!(record.expires_at, Some(after(60)), "{name}");
        let value = store.key_value(&created.id).await.unwrap();
        assert_eq!(value, Some(new.value), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_no_error() {
    for (database, store) in stores().await {
        let name = database.name();
        let hash = new_key("never stored").value.hash(&pepper());
        assert_eq!(store.key(&hash).await.unwrap(), None, "{name}");
        assert_eq!(
            store.key_by_id(&"none".into()).await.unwrap(),
            None,
            "{name}"
        );
        assert_eq!(
            store.key_value(&"none".into()).await.unwrap(),
            None,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_value_that_is_not_kept_cannot_be_shown_and_still_opens() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut new = new_key("secretive");
        new.keep_value = false;
        let key = store.create_key(&new, NOW).await.unwrap();
        assert_eq!(store.key_value(&key.id).await.unwrap(), None, "{name}");
        let record = store.key(&new.value.hash(&pepper())).await.unwrap();
        assert!(record.is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_value_or_an_id_can_be_taken_once() {
    for (database, store) in stores().await {
        let name = database.name();
        let first = new_key("first");
        let key = store.create_key(&first, NOW).await.unwrap();
        let error = store.create_key(&first, NOW).await.unwrap_err();
        assert!(
            matches!(error, RegistryError::ValueTaken),
            "{name}: {error}"
        );
        let mut second = new_key("second");
        second.id = Some(key.id.clone());
        let error = store.create_key(&second, NOW).await.unwrap_err();
        assert!(
            matches!(error, RegistryError::IdTaken(_)),
            "{name}: {error}"
        );
        let hash = second.value.hash(&pepper());
        assert_eq!(store.key(&hash).await.unwrap(), None, "{name}: half made");
    }
}

#[tokio::test]
async fn single_tags_and_the_expiry_are_changed_and_the_others_stay() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut new = new_key("joe");
        new.tags = [
            ("team".to_owned(), "a".to_owned()),
            ("old".to_owned(), "1".to_owned()),
        ]
        .into();
        let key = store.create_key(&new, NOW).await.unwrap();
        let change = KeyChange {
            tag_changes: [
                ("new".to_owned(), Some("2".to_owned())),
                ("old".to_owned(), None),
            ]
            .into(),
            expiry: Some(Expiry::At(after(60))),
            ..KeyChange::default()
        };
        let changed = store.update_key(&key.id, &change, after(5)).await.unwrap();
        let tags = [
            ("team".to_owned(), "a".to_owned()),
            ("new".to_owned(), "2".to_owned()),
        ];
        assert_eq!(changed.tags, tags.into(), "{name}");
        assert_eq!(changed.expires_at, Some(after(60)), "{name}");
        let hash = new.value.hash(&pepper());
        let record = store.key(&hash).await.unwrap().unwrap();
        assert_eq!(record.expires_at, Some(after(60)), "{name}");
        let change = KeyChange {
            expiry: Some(Expiry::Never),
            ..KeyChange::default()
        };
        store.update_key(&key.id, &change, after(6)).await.unwrap();
        let record = store.key(&hash).await.unwrap().unwrap();
        assert_eq!(record.expires_at, None, "{name}");
    }
}

#[tokio::test]
async fn a_change_reaches_both_of_a_keys_items() {
    for (database, store) in stores().await {
        let name = database.name();
        let new = new_key("before");
        let key = store.create_key(&new, NOW).await.unwrap();
        let change = KeyChange {
            enabled: Some(false),
            name: Some("after".to_owned()),
            description: Some("changed".to_owned()),
            customer_id: Some("c-2".to_owned()),
            tags: Some([("team".to_owned(), "b".to_owned())].into()),
            ..KeyChange::default()
        };
        let changed = store.update_key(&key.id, &change, after(5)).await.unwrap();
        assert_eq!(changed.name, "after", "{name}");
        assert_eq!(changed.updated_at, after(5), "{name}");
        assert_eq!(changed.created_at, NOW, "{name}");
        assert_eq!(Some(&changed.tags), change.tags.as_ref(), "{name}");
        let record = store.key(&new.value.hash(&pepper())).await.unwrap();
        let record = record.unwrap();
        assert!(!record.enabled, "{name}");
        assert_eq!(record.customer_id.as_deref(), Some("c-2"), "{name}");

        let remove = KeyChange {
            description: Some(String::new()),
            ..KeyChange::default()
        };
        let changed = store.update_key(&key.id, &remove, after(6)).await.unwrap();
        assert_eq!(changed.description, None, "{name}");
        assert_eq!(changed.customer_id.as_deref(), Some("c-2"), "{name}");
        assert_eq!(Some(&changed.tags), change.tags.as_ref(), "{name}");
        let error = store.update_key(&"none".into(), &remove, NOW).await;
        assert!(matches!(error, Err(RegistryError::NoSuchKey(_))), "{name}");
    }
}

#[tokio::test]
async fn keys_are_listed_newest_first_in_pages_without_gap_or_overlap() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut created = Vec::new();
        for index in 0..7 {
            let new = new_key(&format!("key {index}"));
            created.push(store.create_key(&new, after(index)).await.unwrap());
        }
        created.reverse();
        for limit in [1, 3, 7, 100] {
            let mut listed = Vec::new();
            let mut after = None;
            loop {
                let page = store
                    .keys(&PageRequest { limit, after }, &ALL)
                    .await
                    .unwrap();
                assert!(page.entries.len() <= limit as usize, "{name}");
                listed.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(ids(&listed), ids(&created), "{name}, pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_deleted_key_is_gone_everywhere() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        store.delete_key(&key.id, after(1)).await.unwrap();
        assert_eq!(
            store.key(&value.hash(&pepper())).await.unwrap(),
            None,
            "{name}"
        );
        assert_eq!(store.key_by_id(&key.id).await.unwrap(), None, "{name}");
        assert_eq!(store.key_value(&key.id).await.unwrap(), None, "{name}");
        let everything = PageRequest {
            limit: 10,
            after: None,
        };
        let members = store.plan_keys(&plan.id, &everything).await.unwrap();
        assert!(members.entries.is_empty(), "{name}");
        assert!(
            store
                .keys(&everything, &ALL)
                .await
                .unwrap()
                .entries
                .is_empty(),
            "{name}"
        );
        let error = store.delete_key(&key.id, NOW).await;
        assert!(matches!(error, Err(RegistryError::NoSuchKey(_))), "{name}");
        store
            .delete_key(&no_plan().as_str().into(), NOW)
            .await
            .unwrap_err();
    }
}
