//! Lambda's Runtime API: whatever a function's process sends on its connection.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tollgate_gateway::runtime_api::{
    Environment, ExtensionEvent, ExtensionHost, ExtensionRefusal, FunctionError, Invocation,
    MAX_STREAMED_ANSWER_BYTES, Outcome, Refusal, Registered, Registration, serve_connection,
};

use super::check;
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "runtime-api",
    words: &[
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: h\r\n\r\n",
        "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nhost: h\r\n",
        "POST /2018-06-01/runtime/invocation/id-1/error HTTP/1.1\r\nhost: h\r\n",
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: h\r\n",
        "POST /2020-01-01/extension/register HTTP/1.1\r\nhost: h\r\n",
        "GET /2020-01-01/extension/event/next HTTP/1.1\r\nhost: h\r\n",
        "content-length: 2\r\n\r\n{}",
        "content-length: 99999999999\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "lambda-runtime-function-error-type: E\r\n",
        "lambda-runtime-function-response-mode: streaming\r\n",
        "content-type: application/vnd.awslambda.http-integration-response\r\n",
        "lambda-extension-name: e\r\n",
        "lambda-extension-identifier: ext-1\r\n",
        "trailer: lambda-runtime-function-error-type\r\n",
        "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}",
        "{\"errorType\":\"E\",\"errorMessage\":\"m\"}",
        "{\"statusCode\":200,\"headers\":{\"a\":[\"b\"]},\"cookies\":[\"c=1\"]}\0\0\0\0\0\0\0\0",
        "expect: 100-continue\r\n",
        "\r\n\r\n",
        "HTTP/1.0",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 19,
        bytes_per_byte: 128,
    },
    weight: 10,
    check: exchange,
};

/// However busy the machine is: what takes longer than this never ends.
const PATIENCE: Duration = Duration::from_mins(5);

/// The id of the one invocation that there is.
const REQUEST_ID: &str = "id-1";

/// Hands out one invocation again and again, and counts how often it is answered.
#[derive(Default)]
struct Host {
    answers: AtomicUsize,
    too_long: AtomicUsize,
}

impl ExtensionHost for Host {
    fn register(&self, _: Registration) -> Result<Registered, ExtensionRefusal> {
        Ok(Registered {
            identifier: "ext-1".to_owned(),
            function_name: "users".to_owned(),
            function_version: "$LATEST".to_owned(),
            handler: "bootstrap".to_owned(),
            account_id: "000000000000".to_owned(),
        })
    }

    async fn next_event(&self, identifier: &str) -> Result<ExtensionEvent, ExtensionRefusal> {
        if identifier != "ext-1" {
            return Err(ExtensionRefusal::UnknownIdentifier);
        }
        Ok(ExtensionEvent::Shutdown {
            shutdown_reason: "spindown",
            deadline_ms: 7,
        })
    }

    fn fail_extension(&self, _: &str, _: FunctionError) -> Result<(), ExtensionRefusal> {
        Ok(())
    }
}

impl Environment for Host {
    async fn next(&self) -> Result<Invocation, Refusal> {
        Ok(Invocation {
            request_id: HeaderValue::from_static(REQUEST_ID),
            deadline_ms: 7,
            function_arn: HeaderValue::from_static("arn:f"),
            trace_id: None,
            payload: Bytes::from_static(b"{}"),
        })
    }

    fn is_current(&self, request_id: &str) -> bool {
        request_id == REQUEST_ID
    }

    fn complete(&self, request_id: &str, outcome: Outcome) -> Result<(), Refusal> {
        if request_id != REQUEST_ID {
            return Err(Refusal::UnknownRequestId);
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
        if outcome.is_ok_and(|answer| answer.len() > MAX_STREAMED_ANSWER_BYTES) {
            self.too_long.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn undelivered(&self, _: &str) {}

    fn fail_init(&self, _: FunctionError) -> Result<(), Refusal> {
        Err(Refusal::InvalidState)
    }
}

static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build());

fn exchange(input: &[u8]) -> Result<Seen, String> {
    let runtime = RUNTIME.as_ref().map_err(ToString::to_string)?;
    let host = Arc::new(Host::default());
    let exchange = async {
        let exchanged = over_a_socket(input.to_vec(), Arc::clone(&host));
        tokio::time::timeout(PATIENCE, exchanged).await
    };
    let came = runtime
        .block_on(exchange)
        .map_err(|_elapsed| "the connection never ends".to_owned())?
        .map_err(|error| format!("the connection breaks: {error}"))?;
    let came = String::from_utf8_lossy(&came);
    let statuses: Vec<&str> = came
        .split("HTTP/1.")
        .skip(1)
        .filter_map(|reply| reply.get(2..5))
        .collect();
    check(came.is_empty() || came.starts_with("HTTP/1."), || {
        "what comes back is not HTTP".to_owned()
    })?;
    if let Some(status) = statuses
        .iter()
        .find(|status| !status.starts_with(['1', '2', '4']))
    {
        return Err(format!("the status is {status}"));
    }
    let answers = host.answers.load(Ordering::Relaxed);
    let asked = input
        .windows(REQUEST_ID.len())
        .filter(|window| *window == REQUEST_ID.as_bytes())
        .count();
    check(answers <= asked, || {
        format!("{asked} answers were sent, and {answers} were taken")
    })?;
    check(host.too_long.load(Ordering::Relaxed) == 0, || {
        "an answer is longer than the limit".to_owned()
    })?;
    // The mark of a text has no figures in it.
    let told: String = statuses
        .iter()
        .take(4)
        .flat_map(|status| status.bytes())
        .map(|digit| char::from(digit.saturating_add(b'a' - b'0')))
        .collect();
    Ok(if statuses.iter().any(|status| status.starts_with('2')) {
        Seen::taken(&told)
    } else {
        Seen::refused(&told)
    })
}

/// Sends all of `input`, says that nothing follows, and reads until the other side closes.
async fn over_a_socket(input: Vec<u8>, host: Arc<Host>) -> std::io::Result<Vec<u8>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut client = TcpStream::connect(address).await?;
    let (server, _) = listener.accept().await?;
    let served = tokio::spawn(serve_connection(server, host));
    let (mut reading, mut writing) = client.split();
    let mut came = Vec::new();
    let send = async {
        // The other side may have read enough before all of it is sent.
        let _ = writing.write_all(&input).await;
        let _ = writing.shutdown().await;
    };
    let receive = async {
        // What was not read when it closes becomes a reset on its way back.
        let _ = reading.read_to_end(&mut came).await;
    };
    tokio::join!(send, receive);
    served
        .await
        .map_err(|panicked| std::io::Error::other(panicked.to_string()))?;
    Ok(came)
}
