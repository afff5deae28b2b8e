//! Functions in Python and Node.js, with layers and wrappers, in the real gateway.

mod errors;
mod guarded;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Answer, Gateway, HttpClient, workspace_root};

use super::gateway_http::until_says;

fn folder() -> PathBuf {
    workspace_root().join("tests/templates/languages")
}

/// Whether this machine has Node.js. Without it, its tests are left out.
fn has_node() -> bool {
    Command::new("node").arg("--version").output().is_ok()
}

/// The functions in Python, or those in Node.js.
async fn start(language: &str) -> Gateway {
    let template = folder().join(format!("{language}.yaml"));
    let builder = Gateway::builder().template(template);
    builder.start().await.unwrap()
}

async fn get(client: &HttpClient, path: &str) -> Answer {
    client.get(path).await.unwrap()
}

#[track_caller]
fn value(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_get_events_and_contexts_and_answer_as_on_lambda() {
    for [language, path, name, runtime] in languages() {
        let gateway = start(language).await;
        let client = gateway.client();
        let body = r#"{"wörd": "grüß"}"#;
        let echoed = client
            .send(
                "POST",
                &format!("{path}/echo?q=1"),
                &[("content-type", "application/json")],
                body,
            )
            .await;
        let echoed = value(&echoed.unwrap());
        assert_eq!(echoed["event"]["body"], body);
        assert_eq!(echoed["event"]["queryStringParameters"], json!({"q": "1"}));
        assert_eq!(echoed["text"], "grüß 🎉");
        until_says(&gateway, &["printed: grüß", "printed to stderr", "logged"]).await;

        let context = value(&get(&client, &format!("{path}/context")).await);
        let group = format!("/aws/lambda/{name}");
        assert_eq!(context["names"], json!([name, "$LATEST", group]));
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
        assert_eq!(context["arn"], arn);
        assert_eq!(context["memory"], "256");
        assert_eq!(context["requestId"].as_str().unwrap().len(), 36);
        assert!(
            context["remainingMs"].as_u64().unwrap() <= 30_000,
            "{context}"
        );
        assert!(
            context["directory"]
                .as_str()
                .unwrap()
                .starts_with(folder().to_str().unwrap())
        );
        assert!(
            context
                .to_string()
                .contains(&format!("AWS_Lambda_{runtime}")),
            "{context}"
        );

        let nothing = get(&client, &format!("{path}/nothing")).await;
        assert_eq!(
            (nothing.status.as_u16(), nothing.body.as_str()),
            (200, "null")
        );
        // One process answers them all.
        let counted = get(&client, &format!("{path}/count")).await;
        assert_eq!((counted.status.as_u16(), counted.body.as_str()), (200, "4"));
    }
}

/// The template, the route, the function and the runtime of each language that is there.
fn languages() -> Vec<[&'static str; 4]> {
    let mut all = vec![["python", "/python", "Python", "python3.12"]];
    if has_node() {
        all.push(["nodejs", "/node", "Node", "nodejs22.x"]);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_six_megabytes_passes_and_a_larger_one_is_an_error_of_the_function() {
    for [language, path, ..] in languages() {
        let gateway = start(language).await;
        let client = gateway.client();
        let large = get(&client, &format!("{path}/large")).await;
        assert_eq!((large.status.as_u16(), large.body.len()), (200, 5_900_000));
        assert_eq!(get(&client, &format!("{path}/too-large")).await.status, 502);
        until_says(&gateway, &["Function.ResponseSizeTooLarge"]).await;
        // The same process goes on.
        assert_eq!(get(&client, &format!("{path}/count")).await.body, "3");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrapper_starts_the_runtime_and_modules_of_layers_are_found() {
    for [language, path, name, _] in languages() {
        let mut gateway = start(language).await;
        let (path, name) = match language {
            "python" => ("/wrapped".to_owned(), "Wrapped"),
            _ => (format!("{path}/context"), name),
        };
        let wrapped = value(&get(&gateway.client(), &path).await);
        assert_eq!(wrapped["greeting"], "from the layer");
        assert_eq!(wrapped["plain"], "ä");
        let wrapper = PathBuf::from(wrapped["wrapped"].as_str().unwrap());
        let opt = wrapper.parent().unwrap();
        let path = wrapped["path"].as_str().unwrap();
        assert!(path.ends_with(opt.join("bin").to_str().unwrap()), "{path}");
        let said = format!(
            "the layers of `{name}` have external extensions, which are not run here: watcher"
        );
        until_says(&gateway, &[said.as_str()]).await;
        assert!(wrapper.is_file());
        // Nothing is left of what stood for /opt.
        gateway.stop().unwrap();
        assert!(!opt.parent().unwrap().exists(), "{}", opt.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_of_node_js_are_waited_for_and_an_empty_event_loop_ends_the_invocation() {
    if !has_node() {
        return;
    }
    let gateway = start("nodejs").await;
    let client = gateway.client();
    for (path, status, body) in [
        ("/callback/later", 200, "later"),
        ("/callback/at-once", 200, "at once"),
        ("/callback/never", 200, "null"),
        (
            "/callback/fail",
            502,
            r#"{"message":"Internal Server Error"}"#,
        ),
        ("/node/never", 200, "null"),
    ] {
        let answer = get(&client, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (status, body),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_node_js_has_its_status_its_headers_and_its_cookies() {
    if !has_node() {
        return;
    }
    let gateway = start("nodejs").await;
    let client = gateway.client();
    for (path, body) in [
        ("/", "short and stout"),
        ("/pipeline", "short and stout 🫖"),
        ("/empty", ""),
    ] {
        let answer = get(&client, &format!("/_aws/lambda-url/Stream{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (418, body),
            "{path}"
        );
        assert_eq!(answer.header("x-act"), Some(path));
        assert_eq!(answer.header("set-cookie"), Some("a=1"));
    }
    for (path, said) in [
        ("/early", "before the first byte"),
        ("/late", "after the first byte"),
    ] {
        let answer = get(&client, &format!("/_aws/lambda-url/Stream{path}")).await;
        assert_eq!(answer.status, 502, "{path}");
        let said = format!(r#""errorMessage":"{said}","errorType":"Error""#);
        until_says(&gateway, &[said.as_str()]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_of_node_js_takes_several_invocations_where_it_may() {
    if !has_node() {
        return;
    }
    let builder = Gateway::builder().template(folder().join("nodejs.yaml"));
    let builder = builder.concurrency(1).flag("--max-concurrency=4");
    let gateway = builder.start().await.unwrap();
    let client = gateway.client();
    // Each waits for the others: one after the other, the first would never be answered.
    let meet = || get(&client, "/node/meet");
    let (one, two, three) = tokio::join!(meet(), meet(), meet());
    for answer in [one, two, three] {
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "met"));
    }
}
