//! The management API of a store in memory, called in this thread.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use tollgate::control::{Control, NoGateway, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::key::EnvironmentLetter;
use tollgate::time::{ManualClock, Timestamp};

use super::{Answer, Service};
use crate::memory::MemoryStore;

/// A Monday at noon, in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// How often a future is asked which has nothing to wait for.
const POLLS_MAX: u32 = 1_000;

/// A management API with nothing in it.
pub(crate) struct MemoryService {
    control: Control<MemoryStore, ManualClock>,
}

/// As the gateway on a laptop has them.
pub(crate) fn settings() -> Settings {
    Settings {
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        environment: EnvironmentLetter::of("dev"),
        keep_values: true,
        aws_limits: true,
        account_limit: account_limit_of_aws(),
        unmanaged_stages: UnmanagedStages::Any,
    }
}

impl MemoryService {
    pub(crate) fn new() -> Result<Self, String> {
        let (store, clock) = (MemoryStore::default(), ManualClock::new(NOW));
        let control = Control::new(store, clock, settings(), Arc::new(NoGateway));
        Ok(Self {
            control: control.map_err(|error| error.to_string())?,
        })
    }
}

impl Service for MemoryService {
    fn send(&mut self, method: &str, path: &str, body: Vec<u8>) -> Result<Option<Answer>, String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .body(Bytes::from(body));
        let Ok(request) = request else {
            return Ok(None);
        };
        let response = finished(self.control.answer(request))?;
        let text = |name: &str| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Some(Answer {
            status: response.status().as_u16(),
            content_type: text("content-type"),
            error_type: text("x-amzn-errortype"),
            body: response.body().to_vec(),
        }))
    }
}

/// What a future gives that never waits for anything outside of it.
fn finished(future: impl Future<Output = Response<Bytes>>) -> Result<Response<Bytes>, String> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(response) = future.as_mut().poll(&mut context) {
            return Ok(response);
        }
    }
    Err("the management API waits for what never comes".to_owned())
}
