//! What goes wrong: in handlers, in modules, with interpreters and with wrappers.

use serde_json::{Value, json};
use tests::{Gateway, Output};

use super::*;

/// A copy of a function's only resources, in a folder of its own, so that each test has the template that it needs.
struct Written(tempfile::TempDir);

impl Written {
    /// A template with one function, whose code stands in `folder()`.
    fn function(runtime: &str, handler: &str, rest: &str) -> Self {
        let directory = if runtime.starts_with("python") {
            "python"
        } else {
            "nodejs"
        };
        let code = folder().join(directory);
        let layer = folder().join("layer");
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  L:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {{ ContentUri: {} }}\n  \
             F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: {}\n      Runtime: {runtime}\n      \
             Handler: {handler}\n      Timeout: 1\n{rest}",
            layer.display(),
            code.display()
        );
        let written = Self(tempfile::tempdir().unwrap());
        std::fs::write(written.template(), text).unwrap();
        written
    }

    fn template(&self) -> PathBuf {
        self.0.path().join("template.yaml")
    }

    async fn invoke(&self, event: &Value) -> Output {
        self.invoke_with(event, Gateway::builder()).await
    }

    async fn invoke_with(&self, event: &Value, builder: tests::GatewayBuilder) -> Output {
        let path = self.0.path().join("event.json");
        std::fs::write(&path, event.to_string()).unwrap();
        let template = self.template();
        let arguments = ["invoke", "F", "--json", "--no-build", "--template"];
        let paths = [template.to_str().unwrap(), "-e", path.to_str().unwrap()];
        builder
            .run(&[&arguments[..], &paths[..]].concat())
            .await
            .unwrap()
    }
}

#[track_caller]
fn error_object(output: &Output) -> (String, String) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let object: Value = serde_json::from_str(&output.stdout).unwrap();
    let text = |name: &str| object[name].as_str().unwrap().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn one_event_is_answered_by_invoke() {
    let written = Written::function("python3.12", "app.handler", "");
    let output = written
        .invoke(&json!({"act": "echo", "wörd": "grüß"}))
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(answer["event"]["wörd"], "grüß");
    assert_eq!(answer["price"], 12);
    // As AWS's runtime writes it.
    assert!(output.stdout.contains("grüß"), "{output:?}");
    let older = Written::function("python3.11", "app.handler", "");
    let output = older.invoke(&json!({"act": "echo"})).await;
    assert!(output.stdout.contains(r"gr\u00fc\u00df"), "{output:?}");
}

#[tokio::test]
async fn errors_of_handlers_have_the_names_that_aws_gives_them() {
    let mut cases = vec![
        ("python3.12", "fail", "OutOfStock", "no more of №7"),
        (
            "python3.12",
            "unserializable",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type object is not JSON serializable",
        ),
        ("python3.12", "exit", "Runtime.ExitError", "exit status: 7"),
        (
            "python3.12",
            "hang",
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
        ),
    ];
    if has_node() {
        cases.extend([
            ("nodejs22.x", "fail", "OutOfStock", "no more of №7"),
            ("nodejs22.x", "text", "string", "just a text"),
            (
                "nodejs22.x",
                "unserializable",
                "Error",
                "Unable to stringify response body",
            ),
            (
                "nodejs22.x",
                "reject",
                "Runtime.UnhandledPromiseRejection",
                "Error: nobody caught it",
            ),
        ]);
    }
    for (runtime, act, error_type, message) in cases {
        let written = Written::function(runtime, "app.handler", "");
        let (found, said) = error_object(&written.invoke(&json!({ "act": act })).await);
        assert_eq!(found, error_type, "{runtime} {act}: {said}");
        assert!(said.contains(message), "{runtime} {act}: {said}");
    }
}

#[tokio::test]
async fn errors_of_modules_have_the_names_that_aws_gives_them() {
    let mut cases = vec![
        (
            "python3.12",
            "none.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'none'",
        ),
        (
            "python3.12",
            "no_module.handler",
            "Runtime.ImportModuleError",
            "no_such_module",
        ),
        (
            "python3.12",
            "no_syntax.handler",
            "Runtime.UserCodeSyntaxError",
            "no_syntax",
        ),
        (
            "python3.12",
            "app.none",
            "Runtime.HandlerNotFound",
            "Handler 'none' missing on module 'app'",
        ),
        (
            "python3.12",
            "app",
            "Runtime.MalformedHandlerName",
            "Bad handler 'app'",
        ),
        (
            "python3.12",
            "fails_in_init.handler",
            "ValueError",
            "USERS_TABLE is not set",
        ),
    ];
    if has_node() {
        cases.extend([
            (
                "nodejs22.x",
                "none.handler",
                "Runtime.ImportModuleError",
                "Cannot find module",
            ),
            (
                "nodejs22.x",
                "no_module.handler",
                "Runtime.ImportModuleError",
                "no-such-module",
            ),
            (
                "nodejs22.x",
                "no_syntax.handler",
                "Runtime.UserCodeSyntaxError",
                "SyntaxError",
            ),
            (
                "nodejs22.x",
                "app.none",
                "Runtime.HandlerNotFound",
                "app.none is undefined or not exported",
            ),
            (
                "nodejs22.x",
                "not_a_function.handler",
                "Runtime.HandlerNotFound",
                "not_a_function.handler is not a function",
            ),
            (
                "nodejs22.x",
                "app",
                "Runtime.MalformedHandlerName",
                "Bad handler",
            ),
            (
                "nodejs22.x",
                "../app.handler",
                "Runtime.MalformedHandlerName",
                "not a valid",
            ),
            (
                "nodejs22.x",
                "fails_in_init.handler",
                "Error",
                "USERS_TABLE is not set",
            ),
            (
                "nodejs24.x",
                "callback.handlers.answer",
                "Runtime.CallbackHandlerDeprecated",
                "make the handler async",
            ),
        ]);
    }
    for (runtime, handler, error_type, message) in cases {
        let written = Written::function(runtime, handler, "");
        let (found, said) = error_object(&written.invoke(&json!({})).await);
        assert_eq!(found, error_type, "{runtime} {handler}: {said}");
        assert!(said.contains(message), "{runtime} {handler}: {said}");
    }
}

/// Lines of a function's properties.
fn wrapped(wrapper: &str, layers: &str) -> String {
    format!(
        "      Layers: {layers}\n      Environment: {{ Variables: {{ AWS_LAMBDA_EXEC_WRAPPER: {wrapper} }} }}\n"
    )
}

#[tokio::test]
async fn a_wrapper_that_cannot_be_run_is_told_before_anything_starts() {
    const HERE: &str = "[!Ref L]";
    const ELSEWHERE: &str = "[\"arn:aws:lambda:us-east-1:111122223333:layer:tollgate:3\"]";
    for (wrapper, layers, said) in [
        (
            "/opt/none",
            HERE,
            "`F` has the wrapper `/opt/none`, which none of its layers has",
        ),
        (
            "/opt/python/greeting.py",
            HERE,
            "of `F` is not executable; run `chmod +x`",
        ),
        ("/bin/sh", HERE, "name a file below `/opt`"),
        ("/opt/tollgate", ELSEWHERE, "which none of its layers has"),
    ] {
        let written = Written::function("python3.12", "app.handler", &wrapped(wrapper, layers));
        let output = written.invoke(&json!({})).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stderr.contains(said), "{said}: {output:?}");
    }
}

#[tokio::test]
async fn a_wrapper_that_fails_is_an_error_of_the_initialisation() {
    let properties = wrapped("/opt/extensions/watcher", "[!Ref L]");
    let written = Written::function("python3.12", "app.handler", &properties);
    let (error_type, message) = error_object(&written.invoke(&json!({})).await);
    assert_eq!(error_type, "Runtime.ExitError", "{message}");
}

#[tokio::test]
async fn a_missing_interpreter_is_told_with_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let without = || Gateway::builder().env("PATH", empty.path().to_str().unwrap());
    for (runtime, said) in [
        (
            "python3.12",
            "`F` has the runtime `python3.12`, and there is neither `python3.12` nor `python3` on the PATH; install Python",
        ),
        (
            "nodejs22.x",
            "there is no `node` on the PATH; install Node.js",
        ),
    ] {
        let written = Written::function(runtime, "app.handler", "");
        let output = written.invoke_with(&json!({}), without()).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stderr.contains(said), "{output:?}");
    }
}

#[tokio::test]
async fn a_wrapper_of_a_compiled_function_is_left_out_as_on_lambda() {
    let layer = wrapped("/opt/wrapper", "[!Ref L]");
    let written = Written::function("provided.al2023", "echo", &layer);
    let text = std::fs::read_to_string(written.template()).unwrap();
    let compiled = workspace_root().join("tests/templates/http-api/function");
    let code = format!("CodeUri: {}", folder().join("nodejs").display());
    let text = text.replace(&code, &format!("CodeUri: {}", compiled.display()));
    std::fs::write(written.template(), text).unwrap();
    let output = written.invoke(&json!({})).await;
    let said = "`F` has AWS_LAMBDA_EXEC_WRAPPER, which Lambda leaves out for `provided.al2023`";
    assert!(output.stderr.contains(said), "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
