//! Lists: newest first, in pages without gap or overlap, filtered, and how long they are.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use tollgate::id::{KeyId, PlanId};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{
    ApiKey, Counts, KeyChange, KeyFilter, KeyRegistry, MAX_EXAMINED, Page, PageRequest, PlanChange,
    PlanRegistry, Registry, StoreErrorKind,
};

use super::{NOW, after, covered, ids, new_key, new_plan, no_plan, stores};

const MANY: u32 = 1_200;

fn request(limit: u32, after: Option<String>) -> PageRequest {
    PageRequest { limit, after }
}

fn named(prefix: &str) -> KeyFilter {
    KeyFilter {
        name_prefix: Some(prefix.to_owned()),
        customer_id: None,
    }
}

/// Every page of a list, each of which has entries when the list has any.
async fn pages<T, F: Future<Output = Page<T>>>(
    limit: u32,
    page: impl Fn(PageRequest) -> F,
) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = page(request(limit, after)).await;
        pages.push(page.entries);
        after = page.next;
        if after.is_none() {
            return pages;
        }
    }
}

async fn pages_of_keys(store: &DynamoStore, limit: u32, filter: &KeyFilter) -> Vec<Vec<ApiKey>> {
    pages(limit, async |page| store.keys(&page, filter).await.unwrap()).await
}

/// Keys whose numbers are their names, from eight tasks at once, each a second younger than the one before it.
async fn create_keys(store: &DynamoStore, count: u32) -> Vec<KeyId> {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in (task..count).step_by(8) {
                    let mut new = new_key(&format!("{number:04}"));
                    new.customer_id = Some(format!("c-{}", number % 100));
                    let key = store.create_key(&new, after(u64::from(number))).await;
                    made.push((number, key.unwrap().id));
                }
                made
            })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    made.sort();
    made.into_iter().rev().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn many_keys_are_listed_filtered_and_counted() {
    for (database, store) in stores().await {
        let name = database.name();
        let newest_first = create_keys(&store, MANY).await;
        let all = KeyFilter::default();
        for (limit, count) in [(500, 3), (400, 3), (1_200, 1), (1_199, 2), (25, 48)] {
            let pages = pages_of_keys(&store, limit, &all).await;
            assert_eq!(pages.len(), count, "{name}, pages of {limit}");
            let full = &pages[..count - 1];
            assert!(
                full.iter().all(|page| page.len() == limit as usize),
                "{name}"
            );
            assert_eq!(
                ids(&pages.concat()),
                newest_first,
                "{name}, pages of {limit}"
            );
        }
        // 100 names start with 07, three pages of which are full to the last entry.
        let pages = pages_of_keys(&store, 50, &named("07")).await;
        assert_eq!(
            pages.iter().map(Vec::len).collect::<Vec<_>>(),
            [50, 50],
            "{name}"
        );
        let found = pages.concat();
        assert!(found.iter().all(|key| key.name.starts_with("07")), "{name}");
        assert!(
            found.is_sorted_by(|one, next| one.name > next.name),
            "{name}"
        );
        let of_customer = KeyFilter {
            name_prefix: Some("00".to_owned()),
            customer_id: Some("c-7".to_owned()),
        };
        let found = pages_of_keys(&store, 5, &of_customer).await.concat();
        let names: Vec<&str> = found.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["0007"], "{name}");
        let nobody = pages_of_keys(&store, 25, &named("x")).await;
        assert_eq!(nobody, [[]], "{name}");

        let counts = |keys| Counts { keys, plans: 0 };
        assert_eq!(store.counts().await.unwrap(), counts(1_200), "{name}");
        store.delete_key(&newest_first[3], NOW).await.unwrap();
        assert_eq!(store.counts().await.unwrap(), counts(1_199), "{name}");
    }
}

#[tokio::test]
async fn a_filter_tells_capitals_apart_and_an_empty_one_filters_nothing() {
    for (database, store) in stores().await {
        let name = database.name();
        for key in ["joe", "Joe", "a-joe"] {
            store.create_key(&new_key(key), NOW).await.unwrap();
        }
        let count = async |filter: KeyFilter| {
            let page = store.keys(&request(10, None), &filter).await.unwrap();
            page.entries.len()
        };
        assert_eq!(count(named("joe")).await, 1, "{name}");
        assert_eq!(count(named("J")).await, 1, "{name}");
        let empty = KeyFilter {
            name_prefix: Some(String::new()),
            customer_id: Some(String::new()),
        };
        assert_eq!(count(empty).await, 3, "{name}");
    }
}

/// Writes items as the store writes keys, but without the rest of a key.
#[tokio::test]
async fn a_call_looks_at_so_many_keys_and_says_where_to_go_on() {
    for (database, store) in stores().await {
        let name = database.name();
        let client = database.client();
        let text = |text: String| AttributeValue::S(text);
        let put = |number: u32| {
            let put = PutRequest::builder()
                .item("pk", text(format!("I#{number}")))
                .item("sk", text("KEY".to_owned()))
                .item("list_pk", text("KEY".to_owned()))
                .item("list_sk", text(format!("{number:020}#{number}")))
                .item("name", text("nobody".to_owned()));
            let request = WriteRequest::builder().put_request(put.build().unwrap());
            request.build()
        };
        for first in (0..MAX_EXAMINED + 100).step_by(25) {
            let puts = (first..first + 25).map(put).collect();
            let batch = client.batch_write_item();
            let batch = batch.request_items(store.table(), puts).send().await;
            assert!(
                batch
                    .unwrap()
                    .unprocessed_items()
                    .is_none_or(HashMap::is_empty),
                "{name}"
            );
        }
        let first = store.keys(&request(25, None), &named("x")).await.unwrap();
        assert!(first.entries.is_empty(), "{name}");
        let next = first.next.unwrap();
        assert_eq!(next, format!("{:020}#{}", 100, 100), "{name}");
        let last = store.keys(&request(25, Some(next)), &named("x")).await;
        let last = last.unwrap();
        assert_eq!((last.entries.len(), last.next), (0, None), "{name}");
    }
}

#[tokio::test]
async fn plans_are_listed_and_counted() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut newest_first: Vec<PlanId> = Vec::new();
        for number in 0..6 {
            let plan = store.create_plan(&new_plan("p", &[]), after(number)).await;
            newest_first.insert(0, plan.unwrap().id);
        }
        for (limit, count) in [(2, 3), (3, 2), (6, 1), (5, 2)] {
            let pages = pages(limit, async |page| store.plans(&page).await.unwrap()).await;
            assert_eq!(pages.len(), count, "{name}, pages of {limit}");
            let listed: Vec<PlanId> = pages.concat().into_iter().map(|plan| plan.id).collect();
            assert_eq!(listed, newest_first, "{name}, pages of {limit}");
        }
        store.delete_plan(&newest_first[0], NOW).await.unwrap();
        let mut taken = new_plan("taken", &[]);
        taken.id = Some(newest_first[1].clone());
        store.create_plan(&taken, NOW).await.unwrap_err();
        let counts = Counts { keys: 0, plans: 5 };
        assert_eq!(store.counts().await.unwrap(), counts, "{name}");
    }
}

#[tokio::test]
async fn a_plans_keys_are_listed_by_when_they_joined() {
    for (database, store) in stores().await {
        let name = database.name();
        let plan = store
            .create_plan(&new_plan("Bronze", &[]), NOW)
            .await
            .unwrap();
        let mut keys = create_keys(&store, 230).await;
        // The oldest keys join last.
        for (second, key_id) in (0..).zip(&keys) {
            let joined = store.add_key_to_plan(key_id, &plan.id, after(second));
            joined.await.unwrap();
        }
        keys.reverse();
        for (limit, count) in [(230, 1), (115, 2), (100, 3)] {
            let members = async |page| store.plan_members(&plan.id, &page, None).await.unwrap();
            let pages_of_members = pages(limit, members).await;
            assert_eq!(pages_of_members.len(), count, "{name}, pages of {limit}");
            assert_eq!(ids(&pages_of_members.concat()), keys, "{name}");
            let member_ids = async |page| store.plan_keys(&plan.id, &page).await.unwrap();
            assert_eq!(pages(limit, member_ids).await.concat(), keys, "{name}");
        }
        let prefixed = async |page| store.plan_members(&plan.id, &page, Some("022")).await;
        let found = pages(5, async |page| prefixed(page).await.unwrap()).await;
        assert_eq!(
            found.iter().map(Vec::len).collect::<Vec<_>>(),
            [5, 5],
            "{name}"
        );
        assert_eq!(found[0][0].name, "0220", "{name}");
        assert_eq!(
            found[0][0].plan_ids,
            std::slice::from_ref(&plan.id),
            "{name}"
        );

        // A key's name as it is now counts, and one that left is not there.
        let rename = KeyChange {
            name: Some("new".to_owned()),
            ..KeyChange::default()
        };
        store.update_key(&keys[0], &rename, NOW).await.unwrap();
        let left = store.remove_key_from_plan(&keys[1], &plan.id, NOW);
        left.await.unwrap();
        let found = store
            .plan_members(&plan.id, &request(9, None), Some("n"))
            .await;
        assert_eq!(ids(&found.unwrap().entries), [keys[0].clone()], "{name}");
        assert!(
            store.key_in_plan(&keys[0], &plan.id).await.unwrap(),
            "{name}"
        );
        assert!(
            !store.key_in_plan(&keys[1], &plan.id).await.unwrap(),
            "{name}"
        );
        assert!(
            !store.key_in_plan(&keys[0], &no_plan()).await.unwrap(),
            "{name}"
        );
        let none = store
            .plan_members(&no_plan(), &request(9, None), None)
            .await;
        assert!(none.unwrap().entries.is_empty(), "{name}");
        store.delete_plan(&plan.id, NOW).await.unwrap();
        let none = store.plan_keys(&plan.id, &request(9, None)).await.unwrap();
        assert!(none.entries.is_empty(), "{name}");
        let key = store.key_by_id(&keys[0]).await.unwrap().unwrap();
        assert!(key.plan_ids.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn values_are_read_in_the_order_in_which_they_were_asked_for() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut asked = vec![KeyId::from("none")];
        let mut expected = vec![None];
        for number in 0..130 {
            let mut new = new_key("k");
            new.keep_value = number % 10 != 0;
            let key = store.create_key(&new, NOW).await.unwrap();
            assert_eq!(
                store.key_by_value(&new.value).await.unwrap(),
                Some(key.id.clone()),
                "{name}"
            );
            asked.push(key.id);
            expected.push(new.keep_value.then_some(new.value));
        }
        asked.push(asked[2].clone());
        expected.push(expected[2].clone());
        assert_eq!(store.key_values(&asked).await.unwrap(), expected, "{name}");
        assert!(store.key_values(&[]).await.unwrap().is_empty(), "{name}");
        let unknown = new_key("never stored").value;
        assert_eq!(store.key_by_value(&unknown).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn a_position_that_no_page_ended_with_is_the_callers_mistake() {
    for (database, store) in stores().await {
        let name = database.name();
        let stage = covered("users:dev").api_stage;
        let plan = store.create_plan(&new_plan("p", &[]), NOW).await.unwrap();
        for bad in [
            "",
            "x",
            "\u{1F600}",
            "00000000000000000001",
            "00000000000000000001#",
        ] {
            let page = request(5, Some(bad.to_owned()));
            let kinds = [
                store.keys(&page, &KeyFilter::default()).await.map(|_| ()),
                store.plans(&page).await.map(|_| ()),
                store.plan_keys(&plan.id, &page).await.map(|_| ()),
                store.plan_members(&plan.id, &page, None).await.map(|_| ()),
            ]
            .map(|result| result.unwrap_err().kind());
            assert_eq!(
                kinds,
                [StoreErrorKind::InvalidPosition; 4],
                "{name}: {bad:?}"
            );
        }
        let page = request(5, Some(String::new()));
        let error = store.plans_of_stage(&stage, &page).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::InvalidPosition, "{name}");
        // A position of an entry that is gone, or of another list, is one from which to go on.
        let gone = request(5, Some("00000000000000000001#gone".to_owned()));
        let keys = store.keys(&gone, &KeyFilter::default()).await.unwrap();
        assert!(keys.entries.is_empty(), "{name}");
        let members = store.plan_members(&plan.id, &gone, None).await.unwrap();
        assert!(members.entries.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_key_that_restarts_is_the_newest() {
    for (database, store) in stores().await {
        let name = database.name();
        let old = store.create_key(&new_key("old"), NOW).await.unwrap();
        let young = store.create_key(&new_key("young"), after(5)).await.unwrap();
        let change = KeyChange {
            restart_dates: true,
            ..KeyChange::default()
        };
        let restarted = store.update_key(&old.id, &change, after(9)).await.unwrap();
        assert_eq!(
            (restarted.created_at, restarted.updated_at),
            (after(9), after(9)),
            "{name}"
        );
        let listed = store.keys(&request(9, None), &KeyFilter::default()).await;
        assert_eq!(ids(&listed.unwrap().entries), [old.id, young.id], "{name}");
    }
}

#[tokio::test]
async fn edits_that_meet_are_all_made() {
    for (database, store) in stores().await {
        let name = database.name();
        let plan = store.create_plan(&new_plan("p", &[]), NOW).await.unwrap();
        let edits: Vec<_> = (0..8)
            .map(|number| {
                let (store, id) = (store.clone(), plan.id.clone());
                tokio::spawn(async move {
                    let edit = |plan: &mut tollgate::store::NewPlan| {
                        plan.tags.insert(format!("tag {number}"), String::new());
                        plan.product_code = Some("code".to_owned());
                        Ok::<_, tollgate::store::RegistryError>(())
                    };
                    store.edit_plan(&id, edit).await.unwrap();
                })
            })
            .collect();
        for edit in edits {
            edit.await.unwrap();
        }
        let known = store.plan_by_id(&plan.id).await.unwrap().unwrap();
        assert_eq!(known.tags.len(), 8, "{name}: {:?}", known.tags);
        assert_eq!(known.product_code.as_deref(), Some("code"), "{name}");
        // What the edit itself refuses changes nothing.
        let refused = store
            .edit_plan(&plan.id, |plan| {
                plan.tags.clear();
                Err(tollgate::store::RegistryError::Contended)
            })
            .await;
        assert!(refused.is_err(), "{name}");
        let change = PlanChange::AddStage(covered("users:dev"));
        let after = store.update_plan(&plan.id, &change).await.unwrap();
        assert_eq!(after.tags, known.tags, "{name}");
    }
}
