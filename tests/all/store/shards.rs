//! Shards of a meter: what each write asks for and does, and what a limiter makes of them.

use std::time::Duration;

use tollgate::bucket::{Rate, Throttle};
use tollgate::decision::Decision;
use tollgate::meter::{
    ChargeId, MeterId, Refund, ShardAnswer, ShardId, ShardItem, ShardWrite, Share, Windows,
};
use tollgate::plan::{BucketId, SHARDS};
use tollgate::quota::Day;
use tollgate::store::{Housekeeping as _, KeyChange, KeyRegistry, Ledger, NewPlan, SCAN_PARTS};
use tollgate::time::{Clock, ManualClock, Timestamp};

use super::{NOW, after, decide, key_on_plan, new_plan, pepper, stores};
use crate::patient::patient_limiter;

fn meter() -> MeterId {
    MeterId {
        key_id: "client".into(),
        plan_id: "gold".into(),
    }
}

const SHARD: ShardId = ShardId {
    bucket: Some(BucketId::Plan),
    number: 7,
    generation: 0,
};

const ONE: ChargeId = ChargeId::new(u64::MAX);
const TWO: ChargeId = ChargeId::new(2);
const THREE: ChargeId = ChargeId::new(3);

/// Ten requests, until a second after [`NOW`].
fn share() -> Share {
    Share {
        taken: 12,
        filled_at: NOW,
        ends_at: after(1),
        left: Refund {
            requests: 10,
            window: Some(Day::of(NOW)),
            further: Windows::default(),
            day: Day::of(NOW),
            follows: Some(THREE),
        },
        tat: Some(after(2)),
        used: Some(-5),
    }
}

fn claim(id: ChargeId, follows: Option<ChargeId>) -> ShardWrite {
    ShardWrite::Claim {
        id,
        follows,
        until: after(1),
    }
}

fn fill(id: ChargeId, follows: ChargeId, share: Share) -> ShardWrite {
    ShardWrite::Fill {
        id,
        follows,
        share,
        refill_at: after(3),
    }
}

fn draw(requests: u64, now: Timestamp) -> ShardWrite {
    ShardWrite::Draw { requests, now }
}

#[tokio::test]
async fn a_shard_is_claimed_filled_and_drawn_from() {
    for (database, store) in stores().await {
        let name = database.name();
        let write = async |write: ShardWrite| store.shard(&meter(), SHARD, &write).await.unwrap();
        let nothing = ShardItem::default();
        assert_eq!(
            write(draw(1, NOW)).await,
            ShardAnswer::Failed(nothing),
            "{name}"
        );
        assert_eq!(
            write(fill(TWO, ONE, share())).await,
            ShardAnswer::Failed(nothing),
            "{name}"
        );
        assert_eq!(
            write(claim(ONE, None)).await,
            ShardAnswer::Applied(nothing),
            "{name}"
        );
        let claimed = ShardItem {
            name: Some(ONE),
            claimed_until: after(1),
            ..nothing
        };
        assert_eq!(
            write(claim(TWO, None)).await,
            ShardAnswer::Failed(claimed),
            "{name}"
        );
        assert_eq!(
            write(draw(1, NOW)).await,
            ShardAnswer::Failed(claimed),
            "{name}"
        );
        let filled = fill(TWO, ONE, share());
        assert_eq!(write(filled).await, ShardAnswer::Applied(claimed), "{name}");
        let full = ShardItem {
            name: Some(TWO),
            refill_at: after(3),
            share: Some(share()),
            ..nothing
        };
        // The same filling again, and another one under a claim that is over.
        assert_eq!(write(filled).await, ShardAnswer::Failed(full), "{name}");
        assert_eq!(
            write(fill(THREE, ONE, share())).await,
            ShardAnswer::Failed(full),
            "{name}"
        );
        assert_eq!(
            write(draw(11, NOW)).await,
            ShardAnswer::Failed(full),
            "{name}"
        );
        assert_eq!(
            write(draw(1, after(1))).await,
            ShardAnswer::Failed(full),
            "{name}"
        );
        assert_eq!(
            write(draw(10, NOW)).await,
            ShardAnswer::Applied(full),
            "{name}"
        );
        let mut empty = full;
        empty.share = Some(Share {
            left: Refund {
                requests: 0,
                ..share().left
            },
            ..share()
        });
        assert_eq!(
            write(draw(1, NOW)).await,
            ShardAnswer::Failed(empty),
            "{name}"
        );
        // What the next share does not have goes.
        let mut plain = share();
        (plain.left.window, plain.left.follows) = (None, None);
        (plain.tat, plain.used) = (None, None);
        let claimed = ShardAnswer::Applied(empty);
        assert_eq!(write(claim(ONE, Some(TWO))).await, claimed, "{name}");
        write(fill(THREE, ONE, plain)).await;
        let ShardAnswer::Failed(item) = write(draw(11, NOW)).await else {
            panic!("{name}: more was drawn than was there");
        };
        assert_eq!(item.share, Some(plain), "{name}");
    }
}

#[tokio::test]
async fn each_bucket_has_shards_of_its_own() {
    for (database, store) in stores().await {
        let buckets = [None, Some(BucketId::Plan), Some(BucketId::Method(7))];
        for bucket in buckets {
            for number in [0, 255] {
                let shard = ShardId {
                    bucket,
                    number,
                    generation: number.into(),
                };
                let answer = store
                    .shard(&meter(), shard, &claim(ONE, None))
                    .await
                    .unwrap();
                let nothing = ShardItem::default();
                assert_eq!(answer, ShardAnswer::Applied(nothing), "{}", database.name());
            }
        }
    }
}

fn hot_plan() -> NewPlan {
    let mut plan = new_plan("Gold", &["users:dev"]);
    plan.throttle = Some(Throttle {
        rate: Rate::from(1_000),
        burst: 2_000,
    });
    plan.quota = None;
    plan.tags.insert(SHARDS.to_owned(), "2".to_owned());
    plan
}

#[tokio::test]
async fn several_processes_draw_what_the_meter_gave_and_a_disabled_key_stops() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, hot_plan()).await;
        let clock = ManualClock::new(NOW);
        let limiters: Vec<_> = (0..4)
            .map(|_| patient_limiter(store.clone(), clock.clone(), pepper()))
            .collect();
        let mut admitted = 0_u64;
        for _ in 0..50 {
            for limiter in &limiters {
                clock.advance(Duration::from_micros(500));
                let decision = decide(limiter, &value).await;
                admitted += u64::from(matches!(decision, Decision::Allow(_)));
            }
        }
        assert_eq!(admitted, 200, "{name}");
        let day = Day::of(NOW);
        let usage = store.usage(&key.id, &plan.id, day, day).await.unwrap();
        assert!(usage.days[0].count >= admitted, "{name}");

        let disable = KeyChange {
            enabled: Some(false),
            ..KeyChange::default()
        };
        store
            .update_key(&key.id, &disable, clock.now())
            .await
            .unwrap();
        clock.advance(Duration::from_secs(2) / 16);
        for limiter in &limiters {
            let decision = decide(limiter, &value).await;
            assert!(matches!(decision, Decision::Deny(_)), "{name}");
        }

        // Housekeeping looks at meters, not at their shards.
        let mut examined = 0;
        for part in 0..SCAN_PARTS {
            examined += store.orphans(part, None).await.unwrap().examined;
        }
        assert_eq!(examined, 1, "{name}");
    }
}
