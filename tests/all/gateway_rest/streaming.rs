//! `HTTP_PROXY` with the response transfer mode `STREAM`.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tollgate::control::Gateway as _;

use super::{App, Deployed, test_invoke, with};

/// A backend for one request, which sends `first`, and `second` when it is told to. Its URL, and how it is told.
async fn in_two_parts(first: Vec<u8>, second: Vec<u8>) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let length = first.len() + second.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nserver: b\r\ncontent-type: image/png\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&first).await.unwrap();
        let _gone = told.await;
        stream.write_all(&second).await.unwrap();
    });
    (url, tell)
}

fn streamed(url: &str) -> Value {
    json!({
        "type": "HTTP_PROXY", "httpMethod": "GET", "uri": url, "responseTransferMode": "STREAM",
    })
}

#[tokio::test]
async fn an_answer_is_handed_on_while_it_comes_and_binary_as_it_is() {
    let app = App::start().await;
    let (url, tell) = in_two_parts(vec![0, 255, b'1'], vec![254, b'2']).await;
    app.deploy(&Deployed::integration(&streamed(&url))).await;
    let mut client = TcpStream::connect(app.address).await.unwrap();
    let request =
        b"GET /_aws/execute-api/a1b2c3/test/ HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(&[0, 255, b'1']) {
        assert!(client.read_buf(&mut answer).await.unwrap() > 0);
    }
    let head = String::from_utf8_lossy(&answer).into_owned();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("x-amzn-remapped-server: b\r\n"), "{head}");
    tell.send(()).unwrap();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(&[0, 255, b'1', 254, b'2']));
}

#[tokio::test]
async fn an_answer_over_10_mb_passes_where_it_is_streamed_and_not_where_it_is_whole() {
    let app = App::start().await;
    let large = 10 * 1024 * 1024 + 1;
    let (url, tell) = in_two_parts(vec![b'x'; large], Vec::new()).await;
    tell.send(()).unwrap();
    app.deploy(&Deployed::integration(&streamed(&url))).await;
    let answer = app.get("/").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, large));

    let (url, tell) = in_two_parts(vec![b'x'; large], Vec::new()).await;
    tell.send(()).unwrap();
    let mut whole = streamed(&url);
    whole["responseTransferMode"] = json!("BUFFERED");
    app.deploy(&Deployed::integration(&whole)).await;
    assert_eq!(app.get("/").await.status, 500);
}

#[tokio::test]
async fn a_test_of_a_method_reads_the_whole_stream() {
    let app = App::start().await;
    let (url, tell) = in_two_parts(b"one ".to_vec(), b"two".to_vec()).await;
    tell.send(()).unwrap();
    let invocation = test_invoke::invocation(with(&streamed(&url)), None);
    let result = app.rest_apis.test_invoke(invocation).await.unwrap();
    assert_eq!((result.status, result.body.as_str()), (200, "one two"));
}
