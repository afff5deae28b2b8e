//! Further quotas: clauses of their own in the same write, and an item that stays small.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use tests::{DynamoDb, item_bytes};
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::meter::{
    Answer, Charge, ChargeId, Knowledge, Limits, MeterId, Proposal, Refund, RefundWrite, Refusal,
    Windows,
};
use tollgate::plan::BucketId;
use tollgate::quota::{Day, Every, Minute, Period, Quota, QuotaName};
use tollgate::store::dynamodb::{DynamoStore, create_table};
use tollgate::store::{KeyRegistry as _, Ledger as _};
use tollgate::time::Timestamp;

use super::{NOW, after, open, stores};

fn meter() -> MeterId {
    MeterId {
        key_id: "key".into(),
        plan_id: "plan".into(),
    }
}

fn limits(quotas: &str) -> Limits {
    Limits {
        further: quotas.parse().unwrap(),
        ..Limits::default()
    }
}

fn propose(known: &Knowledge, charge: &Charge, limits: &Limits, now: Timestamp) -> Proposal {
    known.propose(charge, limits, now)
}

/// Charges with one write that fits, and learns from the answer.
async fn charge(
    store: &DynamoStore,
    known: &mut Knowledge,
    charge: &Charge,
    limits: &Limits,
    now: Timestamp,
) {
    let Proposal::Write(write) = propose(known, charge, limits, now) else {
        panic!("{charge:?} is refused");
    };
    let answer = store.charge(&meter(), &write).await.unwrap();
    assert!(
        matches!(answer, Answer::Applied(_)),
        "{write:?}: {answer:?}"
    );
    known.learn(&answer, now);
}

fn refusal(
    known: &Knowledge,
    id: u64,
    limits: &Limits,
    now: Timestamp,
) -> Option<(QuotaName, Timestamp)> {
    match propose(known, &Charge::new(ChargeId::new(id), 1), limits, now) {
        Proposal::Refuse(Refusal::QuotaExceeded { resets_at, quota }) => Some((quota, resets_at)),
        Proposal::Refuse(Refusal::Throttled { .. }) | Proposal::Archive(_) | Proposal::Write(_) => {
            None
        }
    }
}

#[tokio::test]
async fn each_quota_refuses_by_itself_and_starts_again_by_itself() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits("2/minute, 3/hour");
        let mut known = Knowledge::default();
        for id in 1..=2 {
            charge(
                &store,
                &mut known,
                &Charge::new(ChargeId::new(id), 1),
                &limits,
                NOW,
            )
            .await;
        }
        let by_minute = (QuotaName::Further(Every::Minute), after(60));
        assert_eq!(refusal(&known, 3, &limits, NOW), Some(by_minute), "{name}");
        charge(
            &store,
            &mut known,
            &Charge::new(ChargeId::new(4), 1),
            &limits,
            after(60),
        )
        .await;
        // The hour is used up, and lasts longer than the minute.
        let by_hour = (QuotaName::Further(Every::Hour), after(3_600));
        assert_eq!(
            refusal(&known, 5, &limits, after(60)),
            Some(by_hour),
            "{name}"
        );
        // A process that knows nothing is refused by the store, and learns why.
        let mut other = Knowledge::default();
        let blind = propose(
            &other,
            &Charge::new(ChargeId::new(6), 1),
            &limits,
            after(60),
        );
        let Proposal::Write(blind) = blind else {
            panic!("{name}: {blind:?}");
        };
        let answer = store.charge(&meter(), &blind).await.unwrap();
        assert!(matches!(answer, Answer::Failed(_)), "{name}");
        other.learn(&answer, after(60));
        assert_eq!(
            refusal(&other, 7, &limits, after(60)),
            Some(by_hour),
            "{name}"
        );
        charge(
            &store,
            &mut known,
            &Charge::new(ChargeId::new(8), 1),
            &limits,
            after(3_600),
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_beyond_a_soft_quota_passes_and_is_counted() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits("2/hour soft");
        let mut known = Knowledge::default();
        for id in 1..=5 {
            charge(
                &store,
                &mut known,
                &Charge::new(ChargeId::new(id), 1),
                &limits,
                NOW,
            )
            .await;
        }
        let overage = known.levels(&limits, NOW).overage().unwrap();
        assert_eq!(overage.quota, QuotaName::Further(Every::Hour), "{name}");
        assert_eq!(overage.requests, 3, "{name}");
        let today = Day::of(NOW);
        let usage = store
            .usage(&meter().key_id, &meter().plan_id, today, today)
            .await
            .unwrap();
        let [used] = usage.further(&limits.further, NOW).try_into().unwrap();
        assert_eq!(
            (used.used, used.remaining(), used.overage),
            (5, 0, Some(3)),
            "{name}"
        );
    }
}

/// `requests` that were charged at [`NOW`] under `limits`.
fn unused(requests: u64, known: &Knowledge, limits: &Limits) -> Refund {
    let Proposal::Write(write) = propose(known, &Charge::new(ChargeId::new(99), 1), limits, NOW)
    else {
        panic!("it fits");
    };
    Refund {
        requests,
        window: None,
        further: Windows::of(&write.further),
        day: Day::of(NOW),
        follows: None,
    }
}

#[tokio::test]
async fn what_was_not_used_goes_back_to_the_quotas_that_have_not_ended() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits("10/minute, 20/hour");
        let mut known = Knowledge::default();
        charge(
            &store,
            &mut known,
            &Charge::new(ChargeId::new(1), 8),
            &limits,
            NOW,
        )
        .await;
        let refund = unused(3, &known, &limits);
        let with_refund = Charge {
            refund: Some(refund),
            ..Charge::new(ChargeId::new(2), 4)
        };
        // In the next minute: 3 go back to the hour, and none to the minute.
        charge(&store, &mut known, &with_refund, &limits, after(60)).await;
        let used = |known: &Knowledge| {
            let levels = known.levels(&limits, after(60));
            let used = levels
                .further
                .iter()
                .map(|level| level.limit - level.remaining);
            used.collect::<Vec<_>>()
        };
        assert_eq!(used(&known), [4, 9], "{name}");
        // A process that ends: its write names a minute that has ended, and is made again without it.
        let first = RefundWrite {
            id: ChargeId::new(3),
            after: None,
            refund: Refund {
                requests: 2,
                ..refund
            },
        };
        let Answer::Failed(item) = store.refund(&meter(), &first).await.unwrap() else {
            panic!("{name}: it went back to a minute that has ended");
        };
        assert!(first.may_follow(&item), "{name}");
        let second = first.following(&item);
        let answer = store.refund(&meter(), &second).await.unwrap();
        assert!(matches!(answer, Answer::Applied(_)), "{name}");
        let Answer::Failed(item) = store.refund(&meter(), &second).await.unwrap() else {
            panic!("{name}: it went back twice");
        };
        assert!(!second.may_follow(&item), "{name}");
        let hour = item.further(Every::Hour).unwrap();
        assert_eq!((hour.window, hour.used), (Minute::of(NOW), 7), "{name}");
        assert_eq!(item.further(Every::Minute).unwrap().used, 4, "{name}");
    }
}

/// DynamoDB's JSON of an item that has texts and numbers.
fn as_json(item: impl IntoIterator<Item = (String, AttributeValue)>) -> Value {
    let attributes = item.into_iter().map(|(name, value)| {
        let value = match value {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(number) => json!({ "N": number }),
            AttributeValue::Bool(is_true) => json!({ "BOOL": is_true }),
            other => panic!("{name} is {other:?}"),
        };
        (name, value)
    });
    Value::Object(attributes.collect::<Map<_, _>>())
}

/// The bar: one write of one unit with three further quotas, API Gateway's own, and two methods' buckets beside the plan's.
#[tokio::test]
async fn the_meters_item_stays_below_a_kilobyte_at_the_largest_numbers() {
    for database in DynamoDb::each().unwrap() {
        let table = database.fresh_table_name();
        create_table(&database.client(), &table).await.unwrap();
        let store = open(database.endpoint(), &table);
        // The longest ids that CloudFormation and imports give.
        let meter = MeterId {
            key_id: "0123456789abcdef0123456789abcdef0123".into(),
            plan_id: "0123456789abcdef0123456789abcdef0123".into(),
        };
        let throttle = Throttle {
            rate: Rate::per_second(10_000.0).unwrap(),
            burst: u64::from(u32::MAX),
        };
        let mut known = Knowledge::default();
        let buckets = [
            BucketId::Plan,
            BucketId::Method(1),
            BucketId::Method(u32::MAX),
        ];
        // Two more days than there is place for, so that the item has the count of the day before.
        for number in 0..48_u64 {
            let day = number / 16;
            let now = after(86_400 * day + number);
            let limits = Limits {
                bucket: Some((
                    buckets[usize::try_from(number % 3).unwrap()],
                    Bucket::new(throttle),
                )),
                quota: Some(Quota::new(u64::MAX, Period::Month, 0).unwrap()),
                further: "9007199254740992/minute, 9007199254740992/hour, 9007199254740992/day, 9007199254740992/month soft"
                    .parse()
                    .unwrap(),
            };
            // Names of 20 digits, one in each slot, and counts of 16.
            let id = ChargeId::new(u64::MAX - 15 - 16 * day + number % 16);
            let mut wanted = Charge::new(ChargeId::new(id.number()), 100_000_000);
            if let Proposal::Archive(ended) = known.propose(&wanted, &limits, now) {
                store.archive(&meter, ended).await.unwrap();
                wanted.archived = Some(ended.day);
            }
            let Proposal::Write(mut write) = known.propose(&wanted, &limits, now) else {
                panic!("the limits are large");
            };
            write.cost = 123_456_789_012_345;
            let answer = store.charge(&meter, &write).await.unwrap();
            assert!(matches!(answer, Answer::Applied(_)), "{answer:?}");
            known.learn(&answer, now);
        }
        let answer = database
            .client()
            .scan()
            .table_name(&table)
            .filter_expression("attribute_exists(#w)")
            .expression_attribute_names("#w", "w.min")
            .send()
            .await
            .unwrap();
        let [item] = answer.items.unwrap().try_into().unwrap();
        let mut item = as_json(item);
        // What an operator and a process that ended leave, and the switch.
        let name = json!({ "N": u64::MAX.to_string() });
        item["set_id"] = name.clone();
        item["refund_id"] = name;
        item["off"] = json!({ "BOOL": true });
        let names: Vec<&String> = item.as_object().unwrap().keys().collect();
        for there in [
            "tat",
            "t.00000001",
            "t.ffffffff",
            "win",
            "w.min",
            "w.hour",
            "w.day",
            "w.month",
            "i0",
            "i15",
            "prev_day",
        ] {
            assert!(item.get(there).is_some(), "{there} of {names:?}");
        }
        let bytes = item_bytes(&item);
        println!("a meter's item with all that it can have: {bytes} bytes");
        assert!(bytes < 1_024, "{bytes} bytes: {item}");
    }
}
