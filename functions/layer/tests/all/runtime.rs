//! What a runtime does: it asks for events, and answers them.

use std::net::SocketAddr;

use bytes::Bytes;
use tests::{Answer, HttpClient};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// An event, as the runtime got it.
#[derive(Debug)]
pub(crate) struct Got(pub(crate) Answer);

impl Got {
    pub(crate) fn id(&self) -> &str {
        self.0.header("lambda-runtime-aws-request-id").unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        self.0.json().unwrap()
    }
}

/// A runtime.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    pub(crate) client: HttpClient,
}

impl Runtime {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            client: HttpClient::new(format!("http://{address}")),
        }
    }

    pub(crate) async fn try_next(&self) -> Result<Got, tests::Error> {
        self.client.get(NEXT).await.map(Got)
    }

    pub(crate) async fn next(&self) -> Got {
        let got = self.try_next().await.unwrap();
        assert_eq!(got.0.status, 200, "{got:?}");
        got
    }

    pub(crate) async fn answer(&self, id: &str, body: impl Into<Bytes>) {
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        let headers = [("content-type", "application/json")];
        let told = self.client.send("POST", &path, &headers, body).await;
        assert_eq!(told.unwrap().status, 202);
    }
}
