//! The live view of the console: watched while requests run, and still open when the gateway stops.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::HttpClient;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Key, PATIENCE, Story, Template, Verdict, on_both_templates};

on_both_templates! {
    each_request_is_counted_once_while_somebody_watches,
    a_watcher_does_not_hold_up_the_stop,
}

/// How many requests are under way at once.
const AT_ONCE: usize = 4;

/// One who watches, as a browser does.
struct Watcher {
    lines: Lines<BufReader<TcpStream>>,
}

impl Watcher {
    async fn begin(story: &Story) -> Self {
        let address = story.gateway.admin_url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /console/usage/live/events HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next_line().await.unwrap().unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK");
        Self { lines }
    }

    /// The totals that the next event tells; `None` when the stream has ended.
    async fn next(&mut self) -> Option<BTreeMap<Verdict, u64>> {
        let mut event = String::new();
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.expect("an event comes each second").unwrap_or(None)?;
            match line.strip_prefix("data: ") {
                Some(data) => event.push_str(data),
                None if line.is_empty() && event.contains("total-admitted") => {
                    return Some(totals(&event));
                }
                None => {}
            }
        }
    }
}

fn totals(event: &str) -> BTreeMap<Verdict, u64> {
    let total = |name: &str| -> u64 {
        let start = format!("id=\"total-{name}\">");
        let (_, rest) = event.split_once(&start).unwrap();
        let (number, _) = rest.split_once('<').unwrap();
        number.replace(',', "").parse().unwrap()
    };
    let all = [
        (Verdict::Admitted, total("admitted")),
        (Verdict::TooManyRequests, total("throttled")),
        (Verdict::LimitExceeded, total("quota-exceeded")),
        (Verdict::Forbidden, total("forbidden")),
    ];
    assert_eq!(total("store-failed") + total("admitted-uncharged"), 0);
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Sends requests with each of the keys in turn until `stops`, and counts the answers.
async fn send_until(
    story: &Arc<Story>,
    keys: &Arc<Vec<String>>,
    stops: &Arc<AtomicBool>,
) -> BTreeMap<Verdict, u64> {
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (story, keys, stops) = (Arc::clone(story), Arc::clone(keys), Arc::clone(stops));
        senders.spawn(async move {
            let mut verdicts = Vec::new();
            while !stops.load(Ordering::Relaxed) {
                for key in keys.iter() {
                    verdicts.push(story.probe(key).await);
                }
            }
            verdicts
        });
    }
    let mut sent = BTreeMap::new();
    for verdict in senders.join_all().await.into_iter().flatten() {
        *sent.entry(verdict).or_default() += 1;
    }
    sent
}

async fn each_request_is_counted_once_while_somebody_watches(template: Template) {
    let story = Story::begin(template).await;
    let throttled = story
        .key_on_new_plan("Watched", &["--rate", "5", "--burst", "5"])
        .await;
    let limited = story
        .key_on_new_plan("Limited", &["--quota", "7/MONTH"])
        .await;
    let keys = Arc::new(vec![
        throttled.value.clone(),
        limited.value.clone(),
        "no-such-key-anywhere".to_owned(),
    ]);
    let story = Arc::new(story);
    let mut watcher = Watcher::begin(&story).await;
    let stops = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let (story, stops) = (Arc::clone(&story), Arc::clone(&stops));
        async move { send_until(&story, &keys, &stops).await }
    });
    // It is seen while it goes on: each event has more than the one before.
    let mut seen = 0;
    for _ in 0..3 {
        let sum = loop {
            let sum = watcher.next().await.unwrap().values().sum::<u64>();
            if sum > seen {
                break sum;
            }
        };
        seen = sum;
    }
    stops.store(true, Ordering::Relaxed);
    let sent = sending.await.unwrap();
    assert_eq!(sent.len(), 4, "{sent:?}");
    // A function's lines are read a little after its answers.
    tokio::time::timeout(PATIENCE, async {
        while watcher.next().await.unwrap() != sent {}
    })
    .await
    .unwrap();
    // And it stays so.
    for _ in 0..2 {
        assert_eq!(watcher.next().await.unwrap(), sent);
    }
    pages_tell_the_same(&story, &throttled, &limited, &sent).await;
}

async fn pages_tell_the_same(
    story: &Story,
    throttled: &Key,
    limited: &Key,
    sent: &BTreeMap<Verdict, u64>,
) {
    let admin = HttpClient::new(story.gateway.admin_url());
    let rows = |key: &Key| {
        let path = format!("/console/usage/keys/{}/usage.csv", key.id);
        let admin = &admin;
        async move {
            let answer = admin.get(&path).await.unwrap();
            assert_eq!(
                answer.header("content-type"),
                Some("text/csv; charset=utf-8")
            );
            let disposition = answer.header("content-disposition").unwrap();
            assert!(disposition.starts_with("attachment;"), "{disposition}");
            answer.body
        }
    };
    let of_throttled = rows(throttled).await;
    let refused = sent[&Verdict::TooManyRequests];
    assert!(
        of_throttled.trim_end().ends_with(&format!(",{refused},0")),
        "{of_throttled}"
    );
    let of_limited = rows(limited).await;
    let refused = sent[&Verdict::LimitExceeded];
    assert!(
        of_limited
            .trim_end()
            .ends_with(&format!(",7,0,0,{refused}")),
        "{of_limited}"
    );
    for path in ["/console/usage", "/console/usage/live"] {
        let answer = admin.get(path).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("style="), "{path}");
    }
    let path = format!("/console/usage/keys/{}", limited.id);
    let page = admin.get(&path).await.unwrap().body;
    assert!(page.contains("The quota is used up."), "{page}");
    assert!(page.contains("<svg class=\"chart\""), "{page}");
}

async fn a_watcher_does_not_hold_up_the_stop(template: Template) {
    let mut story = Story::begin(template).await;
    let mut watcher = Watcher::begin(&story).await;
    assert!(watcher.next().await.is_some());
    let ending = tokio::spawn(async move { while watcher.next().await.is_some() {} });
    let status = tokio::task::spawn_blocking(move || {
        let status = story.gateway.stop();
        (status, story.gateway.output())
    });
    let (status, output) = status.await.unwrap();
    assert!(status.unwrap().success());
    tokio::time::timeout(Duration::from_secs(5), ending)
        .await
        .unwrap()
        .unwrap();
    assert!(!output.contains("are given up"), "{output}");
}
