use std::fs;
use std::io::Write as _;

use tempfile::TempDir;

use super::*;

/// A gateway whose binary runs the commands of a shell script instead.
fn scripted(script: &str) -> GatewayBuilder {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/scripted.sh");
    Gateway::builder().binary(binary).env("SCRIPT", script)
}

fn spawn(builder: &GatewayBuilder) -> Gateway {
    builder.spawn(builder.binary.as_deref().unwrap()).unwrap()
}

fn wait_for_output(gateway: &Gateway, text: &str) {
    while !gateway.output().contains(text) {
        thread::yield_now();
    }
}

#[tokio::test]
async fn says_what_a_gateway_wrote_that_ended_before_it_was_ready() {
    let gateway = scripted("echo starting; echo 'no such template' >&2; exit 2");
    let started = gateway.start().await;
    let message = started.unwrap_err().to_string();
    assert!(message.contains("exit status: 2"), "{message}");
    assert!(message.contains("starting\n"), "{message}");
    assert!(message.contains("no such template\n"), "{message}");
}

#[tokio::test]
async fn tries_other_ports_when_one_has_been_taken() {
    let folder = TempDir::new().unwrap();
    let count = folder.path().join("count");
    let lines = format!(
        "echo x >> '{}'; echo 'Address already in use (os error 98)' >&2; exit 2",
        count.display()
    );
    let started = scripted(&lines).start().await;
    assert!(started.is_err());
    let starts = fs::read_to_string(count).unwrap().lines().count();
    assert_eq!(starts, START_ATTEMPTS);
}

#[tokio::test]
async fn waits_until_the_admin_port_says_that_it_is_ready() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("arguments");
    let script = format!(
        "echo \"$@\" > '{0}.partial'; mv '{0}.partial' '{0}'; echo Ready.; exec tail -f /dev/null",
        file.display()
    );
    let starting = tokio::spawn(scripted(&script).start());
    let arguments = loop {
        if let Ok(arguments) = fs::read_to_string(&file) {
            break arguments;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    let mut arguments = arguments.split_whitespace();
    arguments.find(|argument| *argument == "--admin-port");
    let admin_port: u16 = arguments.next().unwrap().parse().unwrap();

    assert!(!starting.is_finished());
    let admin = tokio::task::spawn_blocking(move || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, admin_port)).unwrap();
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /ready HTTP/1.1\r\n"));
            let fields = "connection: close\r\ncontent-length: 0\r\n\r\n";
            write!(stream, "HTTP/1.1 {status}\r\n{fields}").unwrap();
        }
    });
    admin.await.unwrap();
    let gateway = starting.await.unwrap().unwrap();
    assert_eq!(
        gateway.admin_url(),
        format!("http://127.0.0.1:{admin_port}")
    );
}

#[test]
fn stops_a_gateway_with_term_so_that_it_can_tidy_up() {
    let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let mut gateway = spawn(&scripted(script));
    wait_for_output(&gateway, "up");
    let status = gateway.stop().unwrap();
    assert_eq!(status.code(), Some(7));
    assert_eq!(gateway.stop().unwrap(), status);
}

#[test]
fn gives_the_arguments_that_the_command_line_knows() {
    let builder = scripted("echo \"$@.\"")
        .template("t.yaml")
        .data("d")
        .endpoint_url("http://127.0.0.1:1")
        .concurrency(2);
    let gateway = spawn(&builder);
    wait_for_output(&gateway, ".\n");
    let port = |url: &str| url.rsplit(':').next().unwrap().to_owned();
    let expected = format!(
        "start-api --no-build --port {} --admin-port {} --dynamodb-port ",
        port(gateway.url()),
        port(gateway.admin_url()),
    );
    let output = gateway.output();
    assert!(output.starts_with(&expected), "{output}");
    assert!(
        output.ends_with(
            " --template t.yaml --data d --endpoint-url http://127.0.0.1:1 --concurrency 2.\n"
        ),
        "{output}"
    );
    assert_eq!(gateway.dynamodb_url(), "http://127.0.0.1:1");
}

#[tokio::test]
async fn runs_commands_against_the_store_of_the_gateway() {
    let script = "[ \"$1\" = start-api ] || { echo \"$@\"; echo prose >&2; exit 1; }";
    let gateway = spawn(&scripted(script));
    let output = gateway.run(&["keys", "list"]).await.unwrap();
    let expected = format!("--endpoint-url {} keys list\n", gateway.dynamodb_url());
    assert_eq!(output.stdout, expected);
    assert_eq!(output.stderr, "prose\n");
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn runs_commands_that_need_no_gateway() {
    let output = scripted("echo \"$@\"; exit 2").run(&["start-api"]).await;
    let output = output.unwrap();
    assert_eq!(output.stdout, "start-api\n");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn kills_a_gateway_that_would_not_leave() {
    let mut gateway = spawn(&scripted("trap '' TERM; echo up; exec tail -f /dev/null"));
    wait_for_output(&gateway, "up");
    assert!(gateway.kill().unwrap().code().is_none());
}
