//! The client and a server on a real socket, which counts its connections.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Starts a server that answers every request with `head`, and the body `ok`. Its address, and how many connections it has had.
async fn serve(head: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while stream
                    .read_buf(&mut seen)
                    .await
                    .is_ok_and(|bytes| bytes > 0)
                {
                    if seen.ends_with(b"\r\n\r\n") {
                        seen.clear();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\nok");
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    (format!("http://{address}/"), connections)
}

async fn get(client: &HttpClient, url: &str) -> Result<BackendAnswer, SendError> {
    let request = Request::builder().uri(url).body(Bytes::new());
    client.send(request.unwrap()).await
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let (url, connections) = serve("").await;
    let client = HttpClient::default();
    for _ in 0..5 {
        let answer = get(&client, &url).await.unwrap();
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"ok"[..]));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn requests_at_once_have_a_connection_each_and_leave_them_to_the_next() {
    let (url, connections) = serve("").await;
    let client = HttpClient::default();
    for _ in 0..2 {
        let (first, second) = tokio::join!(get(&client, &url), get(&client, &url));
        assert!(first.is_ok() && second.is_ok());
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_not_used_again() {
    let (url, connections) = serve("connection: close\r\n").await;
    let client = HttpClient::default();
    for _ in 0..3 {
        get(&client, &url).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_address_without_a_server_is_unreachable() {
    let client = HttpClient::default();
    let refused = get(&client, "http://127.0.0.1:1/").await;
    assert!(matches!(refused, Err(SendError::Unreachable(_))));
    let nowhere = get(&client, "/path").await;
    assert!(matches!(nowhere, Err(SendError::Unreachable(_))));
}

#[test]
fn a_server_is_asked_by_path_and_told_its_name() {
    for (url, host, path) in [
        ("http://example.com/a?b=c", "example.com", "/a?b=c"),
        ("http://example.com:80", "example.com", "/"),
        ("https://example.com:443/a", "example.com", "/a"),
        ("https://example.com:80/a", "example.com:80", "/a"),
        ("http://[::1]:8080/", "[::1]:8080", "/"),
    ] {
        let request = Request::builder().uri(url).body(Full::default());
        let (_, request) = addressed(request.unwrap()).unwrap();
        assert_eq!(request.headers()[header::HOST], host);
        assert_eq!(request.uri(), path);
    }
}

#[test]
fn a_length_that_a_caller_has_made_up_is_not_sent() {
    let request = Request::get("http://h/")
        .header("content-length", "60")
        .header("transfer-encoding", "chunked")
        .body(Full::default());
    let (_, request) = addressed(request.unwrap()).unwrap();
    let names: Vec<_> = request.headers().keys().collect();
    assert_eq!(names, ["host"]);
}

#[tokio::test]
async fn a_connection_over_which_a_request_was_not_sent_to_its_end_is_not_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    // It answers as soon as it has seen the head, and reads nothing more.
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 64];
            stream.read_exact(&mut head).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno";
            stream.write_all(answer).await.unwrap();
            kept.push(stream);
        }
    });
    let client = HttpClient::default();
    // More than the two sockets hold.
    let body = Bytes::from(vec![b'x'; 64 * 1024 * 1024]);
    for _ in 0..2 {
        let request = Request::post(&url).body(body.clone()).unwrap();
        let answer = client.send(request).await.unwrap();
        assert_eq!(answer.body, "no");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
