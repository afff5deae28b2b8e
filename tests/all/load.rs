//! Many clients with one key at the same time: what is admitted never exceeds the plan.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::story::{Story, Template, USER};

const CONNECTIONS: u32 = 64;
const REQUESTS: u32 = 20_000;
const RATE: u32 = 100;
const BURST: u32 = 50;
const QUOTA: u32 = 3_000;

/// Over how long the requests are spread. The quota cannot be used up in less than (3,000 - 50) / 100 = 29.5 s.
const SPREAD: Duration = Duration::from_secs(40);

/// How long a slow machine may take to use up the rest of the quota.
const REST: Duration = Duration::from_mins(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Admitted,
    TooManyRequests,
    LimitExceeded,
}

/// An answer, and when it was there.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    verdict: Verdict,
}

/// What all connections ask for.
#[derive(Clone, Debug)]
struct Target {
    address: String,
    path: String,
    key: String,
}

struct Connection {
    target: Target,
    sender: SendRequest<Empty<Bytes>>,
}

impl Connection {
    async fn open(target: Target) -> Self {
        let stream = TcpStream::connect(&target.address).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { target, sender }
    }

    async fn ask(&mut self) -> Arrival {
        let request = Request::get(&self.target.path)
            .header("host", &self.target.address)
            .header("x-api-key", &self.target.key)
            .body(Empty::new())
            .unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let at = Instant::now();
        let verdict = match (parts.status.as_u16(), &body[..]) {
            (200, _) => Verdict::Admitted,
            (429, br#"{"message":"Too Many Requests"}"#) => Verdict::TooManyRequests,
            (429, br#"{"message":"Limit Exceeded"}"#) => Verdict::LimitExceeded,
            (status, body) => panic!("{status}: {}", String::from_utf8_lossy(body)),
        };
        Arrival { at, verdict }
    }
}

/// One connection's part of the load: the requests whose turn it is, each at its time or as soon as the one before is answered.
async fn part_of_load(mut connection: Connection, number: u32, began: Instant) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let step = usize::try_from(CONNECTIONS).unwrap();
    for request in (number..REQUESTS).step_by(step) {
        sleep_until(began + SPREAD * request / REQUESTS).await;
        arrivals.push(connection.ask().await);
    }
    arrivals
}

/// The answers to all requests, in the order in which they came.
async fn load(target: &Target, began: Instant) -> Vec<Arrival> {
    let mut parts = JoinSet::new();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(target.clone()).await;
        parts.spawn(part_of_load(connection, number, began));
    }
    let mut arrivals = parts.join_all().await.concat();
    // On a machine that was too slow to use the quota up, this goes on until it is.
    let mut connection = Connection::open(target.clone()).await;
    let rest = async {
        while !arrivals
            .last()
            .is_some_and(|last: &Arrival| last.verdict == Verdict::LimitExceeded)
        {
            arrivals.push(connection.ask().await);
        }
    };
    timeout(REST, rest).await.expect("the quota never ends");
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

async fn admits_what_the_plan_allows(template: Template) {
    let story = Story::begin(template).await;
    let limits = ["--rate", "100", "--burst", "50", "--quota", "3000/MONTH"];
    let key = story.key_on_new_plan("Load", &limits).await;
    let helper = story.key_on("Gold", "helper").await;
    let created = story.call("POST", "/dev/users", &helper.value, USER).await;
    let user = created.json().unwrap();
    let address = story.gateway.url().trim_start_matches("http://");
    let target = Target {
        address: address.to_owned(),
        path: format!("/dev/users/{}", user["id"].as_str().unwrap()),
        key: key.value.clone(),
    };

    let began = Instant::now();
    let arrivals = load(&target, began).await;

    let count = |verdict| arrivals.iter().filter(|one| one.verdict == verdict).count();
    let admitted = arrivals
        .iter()
        .filter(|arrival| arrival.verdict == Verdict::Admitted);
    let mut least_slack = f64::INFINITY;
    let mut last_admitted = Duration::ZERO;
    for (number, arrival) in (1_u32..).zip(admitted) {
        last_admitted = arrival.at.duration_since(began);
        let allowed = f64::from(BURST) + f64::from(RATE) * last_admitted.as_secs_f64();
        assert!(
            f64::from(number) <= allowed,
            "{number} admitted after {last_admitted:?}, when {allowed} are allowed"
        );
        least_slack = least_slack.min(allowed - f64::from(number));
    }
    println!(
        "{template:?}: {} answers in {:?}: {} admitted, the last after {last_admitted:?}, {} too many requests, {} limit exceeded; \
         at the closest, {least_slack:.2} below the bound",
        arrivals.len(),
        began.elapsed(),
        count(Verdict::Admitted),
        count(Verdict::TooManyRequests),
        count(Verdict::LimitExceeded),
    );
    assert!(arrivals.len() >= usize::try_from(REQUESTS).unwrap());
    assert_eq!(count(Verdict::Admitted), usize::try_from(QUOTA).unwrap());
    let usage = story
        .tollgate_json(&["usage", &key.id, "--plan", "Load"])
        .await;
    let days = usage["days"].as_array().unwrap();
    let used: u64 = days.iter().map(|day| day["used"].as_u64().unwrap()).sum();
    assert_eq!(used, u64::from(QUOTA));
    assert!(!story.gateway.output().contains("panicked"));
}

/// Both at once: each is mostly waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_from_64_connections_gets_what_the_plan_allows_and_no_more() {
    tokio::join!(
        admits_what_the_plan_allows(Template::HttpApi),
        admits_what_the_plan_allows(Template::RestApi),
    );
}
