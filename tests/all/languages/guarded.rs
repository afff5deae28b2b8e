//! Who asks for keys: Tollgate's layer, where the function has it, and nobody elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A function in Python behind an HTTP API, with Tollgate's table, and a layer whose `tollgate` only passes the runtime on.
fn template(variables: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let wrapper = root.path().join("layer/tollgate");
    fs::create_dir(root.path().join("layer")).unwrap();
    fs::write(&wrapper, "#!/bin/sh\nexec \"$@\"\n").unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let code = folder().join("python");
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {{ Name: shop, StageName: dev }}
  TollgateLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ ContentUri: layer }}
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {}
      Runtime: python3.12
      Handler: app.handler
      Layers: [!Ref TollgateLayer]
      Environment:
        Variables:
          TOLLGATE_TABLE: tollgate
          TOLLGATE_PUBLIC: GET /health
          {variables}
      Events:
        Get: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Method: GET, Path: /items }} }}
        Health: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Method: GET, Path: /health }} }}
",
        code.display()
    );
    fs::write(root.path().join("template.yaml"), text).unwrap();
    root
}

#[track_caller]
fn key_column(output: &str, path: &str) -> String {
    let line = output.lines().find(|line| line.starts_with(path)).unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(3).collect();
    words.join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_behind_tollgates_wrapper_are_shown_to_require_a_key() {
    let root = template("AWS_LAMBDA_EXEC_WRAPPER: /opt/tollgate");
    let builder = Gateway::builder().template(root.path().join("template.yaml"));
    let gateway = builder.start().await.unwrap();
    let output = gateway.output();
    assert_eq!(key_column(&output, "/items"), "required");
    assert_eq!(key_column(&output, "/health"), "not required");
    assert!(!output.contains("not Tollgate's layer"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_with_the_table_and_without_the_wrapper_is_told_to_be_open() {
    let root = template("A: b");
    let builder = Gateway::builder().template(root.path().join("template.yaml"));
    let gateway = builder.start().await.unwrap();
    let said = "`Shop` has TOLLGATE_TABLE and not Tollgate's layer, so its methods need no key";
    until_says(&gateway, &[said]).await;
    assert_eq!(key_column(&gateway.output(), "/items"), "not required");
    assert_eq!(get(&gateway.client(), "/dev/items").await.status, 200);
}
