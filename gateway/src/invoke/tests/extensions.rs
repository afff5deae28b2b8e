//! Extensions in the process of a function.

use super::*;

#[tokio::test]
async fn a_function_with_an_extension_without_events_runs_and_ends_in_order() {
    let mut config = config("function.py");
    let events = ("EXTENSION".to_owned(), "[]".to_owned());
    config.environment.extend([events]);
    let mut lines = tap(&mut config);
    let function = function(config);
    function.warm_up().await.unwrap();
    let registered = line_starting(&mut lines, "registered ").await;
    assert_eq!(registered, "registered 200 users 000000000000");
    assert_eq!(answer(&function, &json!({})).await["count"], 1);
    function.shutdown().await;
    line_starting(&mut lines, "ending in order").await;
}

#[tokio::test]
async fn an_extension_is_told_of_invocations_and_of_the_end() {
    let mut config = config("function.py");
    let events = (
        "EXTENSION".to_owned(),
        r#"["INVOKE","SHUTDOWN"]"#.to_owned(),
    );
    config.environment.extend([events]);
    let mut lines = tap(&mut config);
    let function = function(config);
    let context = InvocationContext::new("told-1").unwrap();
    let payload = Bytes::from_static(b"{}");
    function.invoke(payload, context).await.unwrap();
    let invoked = line_starting(&mut lines, "event ").await;
    assert_eq!(invoked, "event INVOKE told-1");
    function.shutdown().await;
    line_starting(&mut lines, "event SHUTDOWN").await;
    line_starting(&mut lines, "ending in order").await;
}

#[tokio::test]
async fn an_extension_that_cannot_initialise_keeps_the_function_from_it() {
    let mut config = config("function.py");
    config.environment.extend([
        ("EXTENSION".to_owned(), "[]".to_owned()),
        ("INIT".to_owned(), "extension-error".to_owned()),
    ]);
    let function = function(config);
    let error = function.warm_up().await.unwrap_err().to_string();
    assert!(error.contains("Extension.NoDisk"), "{error}");
    function.shutdown().await;
}
