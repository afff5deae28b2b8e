//! Processes that are copied before their first request, as with `SnapStart`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use layer::plans::Plans;
use tokio::task::JoinSet;
use tollgate::time::ManualClock;

use crate::desk::{NOW, Shop, TestProxy, TestStanding, config, event, serve};
use crate::platform::Platform;
use crate::runtime::Runtime;

struct Copied {
    shop: Shop,
    platform: Platform,
    proxy: Arc<TestProxy>,
    runtime: Runtime,
    made: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

async fn start(is_snapshot: bool) -> Copied {
    let shop = Shop::open(1_000, 1_000).await;
    let layer = shop.tower(&ManualClock::new(NOW));
    let made = Arc::<AtomicUsize>::default();
    let plans = {
        let made = Arc::clone(&made);
        Plans::new(move || {
            made.fetch_add(1, Ordering::SeqCst);
            std::future::ready(TestStanding::Decides(layer.clone()))
        })
    };
    let platform = Platform::start().await;
    let mut config = config(&platform);
    config.is_snapshot = is_snapshot;
    let (proxy, address, server) = serve(&config, plans).await;
    Copied {
        shop,
        platform,
        proxy,
        runtime: Runtime::new(address),
        made,
        _server: server,
    }
}

impl Copied {
    fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn what_decides_is_ready_before_the_first_event_where_nothing_is_copied() {
    let process = start(false).await;
    process.proxy.prepared().await;
    assert_eq!(process.made(), 1);
    assert!(process.shop.store.total() > 0, "the connection is made");
}

#[tokio::test]
async fn copies_share_nothing_that_decides() {
    let process = start(true).await;
    process.proxy.prepared().await;
    assert_eq!((process.made(), process.shop.store.total()), (0, 0));
    let path = "/2018-06-01/runtime/restore/next";
    assert_eq!(process.runtime.client.get(path).await.unwrap().status, 200);
    while process.made() == 0 {
        tokio::task::yield_now().await;
    }
    process.platform.send("a", event("users-create"));
    process.runtime.next().await;
    assert_eq!(process.made(), 1);
}

#[tokio::test]
async fn the_first_event_makes_what_decides_where_the_runtime_does_not_ask_for_its_restoration() {
    let process = start(true).await;
    process.platform.send("a", "[1]");
    process.runtime.next().await;
    assert_eq!(process.made(), 0, "no request, no decision");
    process.platform.send("b", event("users-create"));
    process.runtime.next().await;
    assert_eq!(process.made(), 1);
}
