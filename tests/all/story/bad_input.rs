//! Requests that no well-behaved client sends. Each is answered or cut off, and the gateway and its function live on.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Key, Story, Template, USER, Verdict, on_both_templates};

on_both_templates! {
    strange_paths_are_not_found,
    strange_methods_are_not_found,
    bytes_that_are_no_text_are_refused,
    too_many_headers_are_refused,
    too_long_a_body_is_refused,
    half_a_body_is_cut_off,
    old_and_broken_protocols_are_answered,
    hosts_that_no_url_could_have_are_refused,
    a_second_key_is_refused,
}

/// How long an answer may take before the connection counts as hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client does after what it has sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It waits for the answer.
    Wait,
    /// It sends no more, and lets the gateway know.
    Leave,
}

struct Abused {
    story: Story,
    key: Key,
}

/// The bytes of a server's answer, and what can be asked of them.
struct Raw(Vec<u8>);

impl Raw {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// None when the connection was closed without an answer.
    fn status(&self) -> Option<u16> {
        self.text().split(' ').nth(1)?.parse().ok()
    }
}

impl Abused {
    async fn begin(template: Template) -> Self {
        let story = Story::begin(template).await;
        let key = story.key_on("Gold", "Jane Roe").await;
        Self { story, key }
    }

    /// Sends bytes over a connection of their own, and reads until the gateway closes it.
    async fn send(&self, bytes: &[u8], then: Then) -> Raw {
        let address = self.story.gateway.url().trim_start_matches("http://");
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // A gateway that has seen enough may close before it has everything.
            let written = stream.write_all(bytes).await;
            if then == Then::Leave {
                let _already_closed = stream.shutdown().await;
            }
            let mut answer = Vec::new();
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut part).await {
                answer.extend(&part[..length]);
            }
            drop(written);
            answer
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await;
        Raw(answer.expect("the connection is still open"))
    }

    /// Sends a request with the key. The head's first line and further fields are given, each field with its line's end.
    async fn request(&self, first_line: &[u8], fields: &[u8], body: &[u8]) -> Raw {
        let bytes = self.bytes(first_line, fields, body);
        self.send(&bytes, Then::Wait).await
    }

    fn bytes(&self, first_line: &[u8], fields: &[u8], body: &[u8]) -> Vec<u8> {
        let key = format!("x-api-key: {}\r\n", self.key.value);
        let head: [&[u8]; 5] = [
            first_line,
            b"\r\nhost: localhost\r\nconnection: close\r\n",
            key.as_bytes(),
            fields,
            b"\r\n",
        ];
        [&head.concat(), body].concat()
    }

    /// The gateway and the function are still there.
    async fn end(self) {
        let created = self
            .story
            .call("POST", "/dev/users", &self.key.value, USER)
            .await;
        assert_eq!(created.status, 201, "{created:?}");
        let output = self.story.gateway.output();
        for word in ["panicked", "Crashed", "ended with"] {
            assert!(!output.contains(word), "`{word}` in: {output}");
        }
    }
}

/// How each kind of API answers a path or a method that it does not have.
const fn not_found(template: Template) -> u16 {
    match template {
        Template::HttpApi => 404,
        Template::RestApi => 403,
    }
}

async fn strange_paths_are_not_found(template: Template) {
    let abused = Abused::begin(template).await;
    for path in [
        "/dev/users/%20",
        "/dev/users/%C3%28",
        "/dev/users/%00",
        "/dev/users/a%2Fb",
    ] {
        let answer = abused
            .request(format!("GET {path} HTTP/1.1").as_bytes(), b"", b"")
            .await;
        assert_eq!(answer.status(), Some(404), "{path}: {}", answer.text());
    }
    for path in ["/dev/users/a/b", "/dev/../users", "/dev/nothing"] {
        let answer = abused
            .request(format!("GET {path} HTTP/1.1").as_bytes(), b"", b"")
            .await;
        let text = answer.text();
        assert_eq!(answer.status(), Some(not_found(template)), "{path}: {text}");
    }
    // A slash that is doubled after the stage does not count, and is no way around the key.
    let doubled = abused.request(b"GET /dev//users HTTP/1.1", b"", b"").await;
    assert_eq!(doubled.status(), Some(200), "{}", doubled.text());
    let keyless = abused.story.client.get("/dev//users").await.unwrap();
    assert_eq!(Verdict::of(&keyless), Verdict::Forbidden);
    let long = format!("GET /dev/users/{} HTTP/1.1", "x".repeat(200_000));
    let answer = abused.request(long.as_bytes(), b"", b"").await;
    assert!(
        (400..500).contains(&answer.status().unwrap()),
        "{}",
        answer.text()
    );
    abused.end().await;
}

async fn strange_methods_are_not_found(template: Template) {
    let abused = Abused::begin(template).await;
    for first_line in [
        &b"BREW /dev/users HTTP/1.1"[..],
        b"PATCH /dev/users HTTP/1.1",
    ] {
        let answer = abused.request(first_line, b"", b"").await;
        let text = answer.text();
        assert_eq!(answer.status(), Some(not_found(template)), "{text}");
    }
    abused.end().await;
}

async fn bytes_that_are_no_text_are_refused(template: Template) {
    let abused = Abused::begin(template).await;
    let in_path = abused
        .request(b"GET /dev/users/\xc3\x28 HTTP/1.1", b"", b"")
        .await;
    assert!(
        (400..500).contains(&in_path.status().unwrap()),
        "{}",
        in_path.text()
    );
    let in_name = abused
        .request(b"GET /dev/users/nobody HTTP/1.1", b"x-\xff: 1\r\n", b"")
        .await;
    assert_eq!(in_name.status(), Some(400), "{}", in_name.text());
    let in_key = abused
        .send(b"GET /dev/users/nobody HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: \xff\xfe\r\n\r\n", Then::Wait)
        .await;
    assert_eq!(in_key.status(), Some(403), "{}", in_key.text());
    // A value that is no text is passed on as well as JSON can.
    let in_value = abused
        .request(
            b"GET /dev/users/nobody HTTP/1.1",
            b"x-note: \xc3\x28\xff\r\n",
            b"",
        )
        .await;
    assert_eq!(in_value.status(), Some(404), "{}", in_value.text());
    let in_body = abused
        .request(
            b"POST /dev/users HTTP/1.1",
            b"content-length: 3\r\n",
            b"\xff\xfe\x00",
        )
        .await;
    assert_eq!(in_body.status(), Some(400), "{}", in_body.text());
    abused.end().await;
}

async fn too_many_headers_are_refused(template: Template) {
    let abused = Abused::begin(template).await;
    let long = format!("x-long: {}\r\n", "x".repeat(64 * 1024));
    let many = "x-many: 1\r\n".repeat(1_000);
    for fields in [long, many] {
        let answer = abused
            .request(b"GET /dev/users/nobody HTTP/1.1", fields.as_bytes(), b"")
            .await;
        assert_eq!(answer.status(), Some(431), "{}", answer.text());
    }
    abused.end().await;
}

async fn too_long_a_body_is_refused(template: Template) {
    let abused = Abused::begin(template).await;
    let length = 11 * 1024 * 1024;
    let body = vec![b'x'; length];
    let field = format!("content-length: {length}\r\n");
    let sent = abused
        .request(b"POST /dev/users HTTP/1.1", field.as_bytes(), &body)
        .await;
    assert_eq!(sent.status(), Some(413), "{}", sent.text());

    // A client that asks first need not send it at all.
    let field = format!("{field}expect: 100-continue\r\n");
    let asked = abused
        .request(b"POST /dev/users HTTP/1.1", field.as_bytes(), b"")
        .await;
    assert_eq!(asked.status(), Some(413), "{}", asked.text());

    // Nor does it help not to say how long it is.
    let mut chunked = format!("{length:x}\r\n").into_bytes();
    chunked.extend(body);
    chunked.extend(b"\r\n0\r\n\r\n");
    let unsaid = abused
        .request(
            b"POST /dev/users HTTP/1.1",
            b"transfer-encoding: chunked\r\n",
            &chunked,
        )
        .await;
    assert_eq!(unsaid.status(), Some(413), "{}", unsaid.text());
    abused.end().await;
}

async fn half_a_body_is_cut_off(template: Template) {
    let abused = Abused::begin(template).await;
    let cases: [(&[u8], &[u8]); 4] = [
        (b"content-length: 100\r\n", b"half"),
        (b"transfer-encoding: chunked\r\n", b"5\r\nhalf"),
        (b"transfer-encoding: chunked\r\n", b"4\r\nhalf\r\n"),
        (
            b"transfer-encoding: chunked\r\n",
            b"no length\r\nhalf\r\n0\r\n\r\n",
        ),
    ];
    for (fields, body) in cases {
        let bytes = abused.bytes(b"POST /dev/users HTTP/1.1", fields, body);
        let answer = abused.send(&bytes, Then::Leave).await;
        assert!(
            matches!(answer.status(), None | Some(400)),
            "{}",
            answer.text()
        );
    }
    abused.end().await;
}

async fn old_and_broken_protocols_are_answered(template: Template) {
    let abused = Abused::begin(template).await;
    let old = abused
        .request(b"GET /dev/users/nobody HTTP/1.0", b"", b"")
        .await;
    assert_eq!(old.status(), Some(404), "{}", old.text());
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"this is not HTTP\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /dev/users HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"",
    ] {
        let answer = abused.send(garbage, Then::Leave).await;
        assert!(
            matches!(answer.status(), None | Some(400 | 505)),
            "{}",
            answer.text()
        );
    }
    abused.end().await;
}

/// A handler builds URLs from the host.
async fn hosts_that_no_url_could_have_are_refused(template: Template) {
    let abused = Abused::begin(template).await;
    for host in [
        "a b",
        "[",
        "x<y",
        "a:99999",
        "%zz",
        "a/b",
        "x@y",
        "h/dev/users?",
    ] {
        let request = format!(
            "GET /dev/users HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-api-key: {}\r\n\r\n",
            abused.key.value
        );
        let answer = abused.send(request.as_bytes(), Then::Wait).await;
        assert_eq!(answer.status(), Some(400), "{host}: {}", answer.text());
    }
    let two = abused
        .request(b"GET /dev/users HTTP/1.1", b"host: other\r\n", b"")
        .await;
    assert_eq!(two.status(), Some(400), "{}", two.text());
    abused.end().await;
}

/// The handler might read another key than the one that was charged.
async fn a_second_key_is_refused(template: Template) {
    let abused = Abused::begin(template).await;
    let fields = b"x-api-key: some-other-key-of-somebody\r\n";
    let two = abused
        .request(b"GET /dev/users HTTP/1.1", fields, b"")
        .await;
    assert_eq!(two.status(), Some(403), "{}", two.text());
    abused.end().await;
}
