//! The protocol on a real socket, with a client that writes raw bytes.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;

use super::*;

/// Hands out one invocation again and again, and keeps what comes back.
#[derive(Default)]
struct Recorder {
    outcomes: Mutex<Vec<Outcome>>,
    init_errors: Mutex<Vec<FunctionError>>,
    undelivered: Mutex<Vec<String>>,
    /// The process's end of its connection, where that breaks while it waits.
    breaks: Mutex<Option<DuplexStream>>,
}

impl ExtensionHost for Recorder {
    fn register(&self, registration: Registration) -> Result<Registered, ExtensionRefusal> {
        if registration.name == "taken" {
            return Err(ExtensionRefusal::AlreadyRegistered);
        }
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
        Ok(ExtensionEvent::Invoke {
            deadline_ms: 7,
            request_id: "id-1".to_owned(),
            invoked_function_arn: "arn:f".to_owned(),
            tracing: Tracing {
                header: "X-Amzn-Trace-Id",
                value: "Root=1".to_owned(),
            },
        })
    }

    fn fail_extension(&self, _: &str, error: FunctionError) -> Result<(), ExtensionRefusal> {
        self.init_errors.lock().unwrap().push(error);
        Ok(())
    }
}

impl Environment for Recorder {
    async fn next(&self) -> Result<Invocation, Refusal> {
        drop(self.breaks.lock().unwrap().take());
        Ok(Invocation {
            request_id: HeaderValue::from_static("id-1"),
            deadline_ms: 1_542_409_706_888,
            function_arn: HeaderValue::from_static("arn:f"),
            trace_id: None,
            payload: Bytes::from_static(b"{}"),
        })
    }

    fn is_current(&self, request_id: &str) -> bool {
        request_id == "id-1"
    }

    fn complete(&self, request_id: &str, outcome: Outcome) -> Result<(), Refusal> {
        if !self.is_current(request_id) {
            return Err(Refusal::UnknownRequestId);
        }
        self.outcomes.lock().unwrap().push(outcome);
        Ok(())
    }

    fn undelivered(&self, request_id: &str) {
        self.undelivered.lock().unwrap().push(request_id.to_owned());
    }

    fn fail_init(&self, error: FunctionError) -> Result<(), Refusal> {
        self.init_errors.lock().unwrap().push(error);
        Err(Refusal::InvalidState)
    }
}

/// Sends `request` over one connection, closes the sending side, and returns all that comes back.
async fn exchange(request: impl AsRef<[u8]>) -> (String, Arc<Recorder>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (served, _) = listener.accept().await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let server = tokio::spawn(serve_connection(served, Arc::clone(&recorder)));
    client.write_all(request.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    server.await.unwrap();
    (String::from_utf8(answer).unwrap(), recorder)
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn pipelined_calls_are_answered_in_order_on_one_connection() {
    let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: h\r\n\r\n";
    let response = post("invocation/id-1/response", "", "42");
    let (answer, recorder) = exchange(format!("{next}{response}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    for header in [
        "lambda-runtime-aws-request-id: id-1\r\n",
        "lambda-runtime-deadline-ms: 1542409706888\r\n",
        "lambda-runtime-invoked-function-arn: arn:f\r\n",
    ] {
        assert!(answer.contains(header), "{answer}");
    }
    assert!(!answer.contains("trace-id"), "{answer}");
    assert!(answer.contains("{}HTTP/1.1 202 Accepted\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"status":"OK"}"#), "{answer}");
    let outcomes = recorder.outcomes.lock().unwrap();
    assert_eq!(*outcomes, [Ok(Bytes::from_static(b"42"))]);
}

#[tokio::test]
async fn an_invocation_whose_connection_breaks_before_anything_is_sent_is_given_back() {
    for (breaks, given_back) in [(true, 1), (false, 0)] {
        let (mut process, gateway) = duplex(4096);
        let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: h\r\n\r\n";
        process.write_all(next.as_bytes()).await.unwrap();
        let recorder = Arc::new(Recorder::default());
        let serving = serve_stream(gateway, Arc::clone(&recorder));
        if breaks {
            *recorder.breaks.lock().unwrap() = Some(process);
            serving.await;
        } else {
            let taken = async {
                process.read_u8().await.unwrap();
                drop(process);
            };
            tokio::join!(serving, taken);
        }
        let undelivered = recorder.undelivered.lock().unwrap().clone();
        assert_eq!(undelivered, vec!["id-1"; given_back]);
    }
}

#[tokio::test]
async fn a_chunked_answer_is_joined() {
    let request = "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nhost: h\r\n\
        connection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let (answer, recorder) = exchange(request).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let outcomes = recorder.outcomes.lock().unwrap();
    assert_eq!(*outcomes, [Ok(Bytes::from_static(b"abc"))]);
}

#[tokio::test]
async fn a_wrong_request_id_gets_400() {
    let (answer, recorder) = exchange(post("invocation/id-2/response", "", "42")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains(r#""errorType":"InvalidRequestID""#),
        "{answer}"
    );
    assert!(answer.contains(r#""errorMessage":"#), "{answer}");
    assert!(recorder.outcomes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_over_the_limit_gets_413_and_counts_as_an_error_of_the_function() {
    let body = "x".repeat(MAX_ANSWER_BYTES + 1);
    let (answer, recorder) = exchange(post("invocation/id-1/response", "", &body)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let outcomes = recorder.outcomes.lock().unwrap();
    let [Err(error)] = outcomes.as_slice() else {
        panic!("{} outcomes", outcomes.len());
    };
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn an_error_without_json_is_named_by_its_header() {
    let header = "lambda-runtime-function-error-type: Runtime.NoSuchHandler\r\n";
    let (answer, recorder) = exchange(post("invocation/id-1/error", header, "broken")).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let expected = FunctionError {
        error_type: "Runtime.NoSuchHandler".to_owned(),
        message: "broken".to_owned(),
    };
    assert_eq!(*recorder.outcomes.lock().unwrap(), [Err(expected)]);
}

#[tokio::test]
async fn a_call_that_does_not_fit_the_state_gets_403() {
    let body = r#"{"errorType":"A","errorMessage":"b"}"#;
    let (answer, recorder) = exchange(post("init/error", "", body)).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(recorder.init_errors.lock().unwrap().len(), 1);
}

fn extension_call(line: &str, headers: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn an_extension_registers_and_is_told_who_the_function_is() {
    let register = |headers: &str, body: &str| {
        exchange(extension_call(
            "POST /2020-01-01/extension/register",
            headers,
            body,
        ))
    };
    let name = "lambda-extension-name: a\r\n";
    let (answer, _) = register(name, r#"{"events":["INVOKE","SHUTDOWN"]}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("lambda-extension-identifier: ext-1\r\n"));
    assert!(answer.ends_with(
        r#"{"functionName":"users","functionVersion":"$LATEST","handler":"bootstrap","accountId":"000000000000"}"#
    ));
    let (answer, _) = register(name, r#"{"events":[]}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for (headers, body, status, error_type) in [
        ("", "{}", 403, "Extension.InvalidExtensionName"),
        (
            name,
            r#"{"events":["TICK"]}"#,
            403,
            "Extension.InvalidEventType",
        ),
        (name, "no JSON", 400, "InvalidRequestFormat"),
        (
            "lambda-extension-name: taken\r\n",
            "{}",
            403,
            "Extension.AlreadyRegistered",
        ),
    ] {
        let (answer, _) = register(headers, body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(error_type), "{answer}");
    }
}

#[tokio::test]
async fn an_extension_that_names_itself_gets_its_events_and_may_say_why_it_ends() {
    let identifier = "lambda-extension-identifier: ext-1\r\n";
    let next = "GET /2020-01-01/extension/event/next";
    let (answer, _) = exchange(extension_call(next, identifier, "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("lambda-extension-event-identifier: "));
    assert!(answer.ends_with(
        r#"{"eventType":"INVOKE","deadlineMs":7,"requestId":"id-1","invokedFunctionArn":"arn:f","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}"#
    ));
    for (headers, error_type) in [
        ("", "Extension.MissingExtensionIdentifier"),
        (
            "lambda-extension-identifier: ext-2\r\n",
            "Extension.UnknownExtensionIdentifier",
        ),
    ] {
        let (answer, _) = exchange(extension_call(next, headers, "")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains(error_type), "{answer}");
    }
    let headers = format!("{identifier}lambda-extension-function-error-type: Ext.Broken\r\n");
    let line = "POST /2020-01-01/extension/exit/error";
    let (answer, recorder) = exchange(extension_call(line, &headers, "")).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let errors = recorder.init_errors.lock().unwrap();
    assert_eq!(errors[0].error_type, "Ext.Broken");
}

#[tokio::test]
async fn garbage_gets_a_4xx() {
    let other_path = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let other_method =
        "PUT /2018-06-01/runtime/invocation/next HTTP/1.1\r\nconnection: close\r\n\r\n";
    let no_length = "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\n\
        content-length: many\r\n\r\n";
    for (request, status) in [
        ("\0\x01\x02\r\n\r\n", "400"),
        ("hello\r\n\r\n", "400"),
        (no_length, "400"),
        (other_path, "404"),
        (other_method, "405"),
    ] {
        let (answer, _) = exchange(request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_web_page_gets_no_invocation() {
    for field in [
        "origin: https://evil.example",
        "sec-fetch-site: cross-site",
        "host: evil.example:9001",
    ] {
        let host = if field.starts_with("host") {
            ""
        } else {
            "host: 127.0.0.1:9001\r\n"
        };
        let next = format!(
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n{host}{field}\r\nconnection: close\r\n\r\n"
        );
        let (answer, _) = exchange(next).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{field}: {answer}");
    }
}
