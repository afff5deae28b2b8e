//! What a decision costs: the bucket's arithmetic, the meter's choice of a write, and whole decisions, with a store that answers
//! at once and with the embedded one over loopback. governor's keyed check runs beside them: it limits one process, in its memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tokio::runtime::Runtime;
use tollgate::alert::Alert;
use tollgate::bucket::{Bucket, Rate, Throttle, Verdict};
use tollgate::decision::{Decision, Denial, Reason};
use tollgate::id::ApiStage;
use tollgate::key::{KeyHash, KeyValue, Pepper};
use tollgate::limiter::{Limiter, Request};
use tollgate::metadata::Metadata;
use tollgate::meter::{
    Answer, Charge, ChargeId, DayCount, Knowledge, Limits, MeterId, MeterItem, Proposal,
    QuotaClause, RefundWrite, ShardAnswer, ShardId, ShardItem, ShardWrite, WindowUse, Write,
};
use tollgate::overrides::Overrides;
use tollgate::plan::{BucketId, CoveredStage, MethodName, Plan};
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{
    KeyRecord, KeyRegistry as _, Ledger, NewKey, NewPlan, PlanRegistry as _, StoreError,
};
use tollgate::time::{Clock as _, SystemClock, Timestamp};

type Outcome<T> = Result<T, Box<dyn Error>>;

const KEY: &str = "the-key-of-the-benchmark";
const TASKS: u64 = 64;

fn throttle(per_second: f64, burst: u64) -> Outcome<Throttle> {
    let rate = Rate::per_second(per_second)?;
    Ok(Throttle { rate, burst })
}

fn monthly() -> Outcome<Quota> {
    Ok(Quota::new(1_000_000_000, Period::Month, 0)?)
}

fn pepper() -> Outcome<Pepper> {
    Ok(Pepper::new(b"a pepper for benchmarks")?)
}

fn api_stage() -> ApiStage {
    ApiStage::new("users", "dev")
}

/// A store without a network: every write is applied.
struct Yielding {
    key: KeyRecord,
    plan: Plan,
}

impl Ledger for Yielding {
    async fn key(&self, _hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        Ok(Some(self.key.clone()))
    }

    async fn plan(&self, _id: &tollgate::id::PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(Some(self.plan.clone()))
    }

    async fn charge(&self, _meter: &MeterId, write: &Write) -> Result<Answer, StoreError> {
        let window = write.quota.map(|clause| match clause {
            QuotaClause::Same { window, .. } | QuotaClause::New { window } => window,
        });
        Ok(Answer::Applied(MeterItem {
            quota: window.map(|window| WindowUse { window, used: 1 }),
            slots: vec![write.id],
            ..MeterItem::default()
        }))
    }

    async fn refund(&self, _meter: &MeterId, write: &RefundWrite) -> Result<Answer, StoreError> {
        Ok(Answer::Applied(MeterItem {
            refund_id: Some(write.id),
            ..MeterItem::default()
        }))
    }

    async fn shard(
        &self,
        _meter: &MeterId,
        _shard: ShardId,
        _write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        Ok(ShardAnswer::Failed(ShardItem::default()))
    }

    async fn record_alert(&self, _alert: &Alert) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn archive(&self, _meter: &MeterId, _ended: DayCount) -> Result<(), StoreError> {
        Ok(())
    }
}

fn arithmetic(criterion: &mut Criterion) -> Outcome<()> {
    let now = Timestamp::from_secs(1_772_366_400);
    let bucket = Bucket::new(throttle(100.0, 200)?);
    let busy = now.saturating_add(Duration::from_millis(500));
    let empty = now.saturating_add(bucket.refill());
    let mut group = criterion.benchmark_group("bucket");
    for (name, tat) in [("admits", busy), ("refuses", empty)] {
        let conforms = matches!(bucket.check(Some(tat), now, 1), Verdict::Conforms { .. });
        assert_eq!(conforms, name == "admits");
        group.bench_function(name, |bencher| {
            bencher.iter(|| bucket.check(Some(black_box(tat)), black_box(now), 1));
        });
    }
    group.finish();

    let limits = Limits {
        bucket: Some((BucketId::Plan, bucket)),
        quota: Some(monthly()?),
        ..Limits::default()
    };
    let today = Day::of(now);
    let mut group = criterion.benchmark_group("meter");
    for (name, tat) in [("proposes a write", busy), ("refuses", empty)] {
        let mut knowledge = Knowledge::default();
        let item = MeterItem {
            tats: vec![(BucketId::Plan, tat)],
            quota: Some(WindowUse {
                window: monthly()?.window(now).first,
                used: 10,
            }),
            day: Some(DayCount {
                day: today,
                count: 10,
            }),
            ..MeterItem::default()
        };
        knowledge.learn(&Answer::Applied(item), now);
        let charge = Charge::new(ChargeId::new(7), 1);
        let propose = |now| knowledge.propose(&charge, &limits, now);
        let writes = matches!(propose(now), Proposal::Write(_));
        assert_eq!(writes, name != "refuses");
        group.bench_function(name, |bencher| bencher.iter(|| propose(black_box(now))));
    }
    group.finish();
    Ok(())
}

fn governor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("governor");
    for (name, per_second) in [("admits", NonZeroU32::MAX), ("refuses", NonZeroU32::MIN)] {
        let limiter = governor::RateLimiter::keyed(governor::Quota::per_hour(per_second));
        let key = KEY.to_owned();
        // The first request passes in any case.
        assert!(limiter.check_key(&key).is_ok());
        group.bench_function(name, |bencher| {
            bencher.iter(|| limiter.check_key(black_box(&key)).is_ok());
        });
    }
    group.finish();
}

async fn is_allowed<L: Ledger>(limiter: &Limiter<L>, stage: &ApiStage, key: &str) -> bool {
    let request = Request {
        api_stage: stage,
        method: MethodName {
            resource: "/users",
            verb: "GET",
        },
        key: Some(key),
        cost: NonZeroU64::MIN,
        sent_path: None,
        gate: None,
    };
    match limiter.decide(&request).await {
        Ok(Decision::Allow(_)) => true,
        Ok(Decision::Deny(Denial {
            reason: Reason::Throttled { .. } | Reason::UnknownKey,
            ..
        })) => false,
        other => {
            assert!(other.is_err(), "the benchmark's key does not fit");
            assert!(other.is_ok(), "the store does not answer");
            false
        }
    }
}

/// One decision after the other. `passes`: what each of them must come to.
fn one_by_one<L: Ledger>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    (name, limiter, key, passes): (&str, &Limiter<L>, &str, bool),
) {
    let stage = api_stage();
    group.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter(|| async {
            assert_eq!(is_allowed(limiter, &stage, key).await, passes);
        });
    });
}

/// Many tasks at once, each with its share of the decisions. Prints how many were refused though the plan allows them.
fn at_once<L: Ledger>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    (name, limiter, keys): (&str, &Limiter<L>, Arc<[String]>),
) {
    let (mut asked, mut refused) = (0_u64, 0_u64);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|decisions| {
            let each = decisions.div_ceil(TASKS);
            let start = SystemClock.now();
            let sum = runtime.block_on(async {
                let tasks: Vec<_> = (0..TASKS)
                    .zip(keys.iter().cycle())
                    .map(|(_, key)| {
                        let (limiter, key) = (limiter.clone(), key.clone());
                        tokio::spawn(async move {
                            let stage = api_stage();
                            let mut refused = 0;
                            for _ in 0..each {
                                refused += u64::from(!is_allowed(&limiter, &stage, &key).await);
                            }
                            refused
                        })
                    })
                    .collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap_or(each);
                }
                sum
            });
            asked += each * TASKS;
            refused += sum;
            // `each` is rounded up; the time is that of the decisions that were asked for.
            let took = SystemClock.now().saturating_since(start).as_secs_f64();
            let share = u32::try_from(decisions).map_or(1.0, f64::from)
                / u32::try_from(each * TASKS).map_or(1.0, f64::from);
            Duration::from_secs_f64(took * share)
        });
    });
    #[expect(clippy::print_stderr, reason = "a benchmark reports to its terminal")]
    {
        eprintln!("{name}: {refused} of {asked} decisions were refusals");
    }
}

fn without_a_network(criterion: &mut Criterion, runtime: &Runtime) -> Outcome<()> {
    let limiter = |throttle| -> Outcome<Limiter<Yielding>> {
        let plan = Plan {
            id: "gold".into(),
            name: "Gold".to_owned(),
            description: None,
            product_code: None,
            throttle: Some(throttle),
            quota: Some(monthly()?),
            stages: vec![CoveredStage::new(api_stage())],
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        };
        let key = KeyRecord {
            id: "client".into(),
            customer_id: None,
            enabled: true,
            expires_at: None,
            generation: 0,
            scopes: None,
            metadata: Metadata::default(),
            plan_ids: vec![plan.id.clone()],
            overrides: Overrides::default(),
        };
        Ok(Limiter::new(
            Yielding { key, plan },
            SystemClock,
            pepper()?,
        )?)
    };
    let open = limiter(throttle(100.0, 200)?)?;
    let shut = limiter(throttle(0.0, 0)?)?;
    let mut group = criterion.benchmark_group("limiter");
    group.throughput(Throughput::Elements(1));
    one_by_one(
        &mut group,
        runtime,
        ("store answers at once", &open, KEY, true),
    );
    one_by_one(
        &mut group,
        runtime,
        ("refuses without the store", &shut, KEY, false),
    );
    one_by_one(
        &mut group,
        runtime,
        ("malformed key", &open, "short", false),
    );
    group.finish();
    Ok(())
}

/// The embedded store behind HTTP on loopback, on threads of its own.
async fn embedded_store() -> Outcome<DynamoStore> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = dynoxide::Database::memory()?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let credentials = Credentials::new("local", "local", None, None, "benchmark");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .build();
    create_table(&Client::new(&config), "tollgate").await?;
    Ok(DynamoStore::new(
        &config,
        Patience::OPERATOR,
        "tollgate",
        pepper()?,
    ))
}

/// `count` keys in a plan of their own each, in the store that is there.
async fn add_keys(store: &DynamoStore, throttle: Throttle, count: usize) -> Outcome<Arc<[String]>> {
    let now = SystemClock.now();
    let plan = NewPlan {
        id: None,
        name: "Gold".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(throttle),
        quota: Some(monthly()?),
        stages: vec![CoveredStage::new(api_stage())],
        tags: BTreeMap::new(),
    };
    let plan = store.create_plan(&plan, now).await?;
    let mut values = Vec::new();
    for number in 0..count {
        let value = format!("{KEY}-{}-{number}", plan.id);
        let key = NewKey::new("Client", KeyValue::parse(&value)?);
        let key = store.create_key(&key, now).await?;
        store.add_key_to_plan(&key.id, &plan.id, now).await?;
        values.push(value);
    }
    Ok(values.into())
}

fn with_the_embedded_store(criterion: &mut Criterion, runtime: &Runtime) -> Outcome<()> {
    let store = runtime.block_on(embedded_store())?;
    let add = |per_second, burst, count| -> Outcome<Arc<[String]>> {
        let throttle = throttle(per_second, burst)?;
        runtime.block_on(add_keys(&store, throttle, count))
    };
    let busy = add(1.0, 1_000_000_000, 1)?;
    let idle = add(10_000.0, 10_000, 1)?;
    let many = add(10_000.0, 10_000, 64)?;
    let shut = add(0.000_1, 1, 1)?;
    let limiter = Limiter::new(store.clone(), SystemClock, pepper()?)?;
    let mut group = criterion.benchmark_group("embedded store");
    group.throughput(Throughput::Elements(1));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    if let [key] = &*busy {
        one_by_one(&mut group, runtime, ("one by one", &limiter, key, true));
    }
    at_once(&mut group, runtime, ("64 tasks, 64 keys", &limiter, many));
    at_once(
        &mut group,
        runtime,
        ("64 tasks, one key, bucket in use", &limiter, busy),
    );
    at_once(
        &mut group,
        runtime,
        ("64 tasks, one key, bucket mostly full", &limiter, idle),
    );
    if let [key] = &*shut {
        runtime.block_on(is_allowed(&limiter, &api_stage(), key));
        one_by_one(
            &mut group,
            runtime,
            ("refusal that is known", &limiter, key, false),
        );
    }
    group.finish();
    Ok(())
}

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    arithmetic(&mut criterion)?;
    governor(&mut criterion);
    without_a_network(&mut criterion, &runtime)?;
    with_the_embedded_store(&mut criterion, &runtime)?;
    criterion.final_summary();
    Ok(())
}
