//! Functions that hang, end, answer nonsense and answer too much: each has its status, and the next invocation is served.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use ::tests::Result;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::Stand;
use super::super::findings::Findings;
use super::super::load::Connection;
use super::{beside, tell};

/// The most processes of the function.
pub(super) const PROCESSES: usize = 2;

/// How many requests of a kind come at once.
const AT_ONCE: usize = 8;

/// How many rounds of them there are.
const ROUNDS: usize = 5;

/// How soon the function has to serve again. Processes are started for that, on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// One function may take a second, the other as long as an HTTP API waits.
const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Runtime: provided.al2023, Handler: bootstrap, CodeUri: function }
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 1
      Events:
        Any: { Type: HttpApi, Properties: { Method: ANY, Path: "/{what}" } }
  Patient:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 30
      Events:
        Wait: { Type: HttpApi, Properties: { Method: ANY, Path: /wait } }
"#;

/// What is asked for, and the status of the answer. A function that fails is a bad gateway, whatever it does.
const KINDS: [(&str, u16); 5] = [
    ("hang", 502),
    ("crash", 502),
    ("garbage", 502),
    ("largest", 200),
    ("too-large", 502),
];

/// What a function waits for that was asked to `wait`, in the folder of [`write_template`].
pub(super) const GO: &str = "function/go";

/// A folder with the template and the code of its functions.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn write_template() -> Result<TempDir> {
    let folder = TempDir::new()?;
    let code = folder.path().join("function");
    fs::create_dir(&code)?;
    fs::write(folder.path().join("template.yaml"), TEMPLATE)?;
    let bootstrap = code.join("bootstrap");
    fs::write(&bootstrap, BOOTSTRAP)?;
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

/// The status of the function's answer to a request.
pub(super) async fn invoke(address: &str, what: &str, body: Bytes) -> Result<(u16, Bytes)> {
    let request = Request::post(format!("/{what}"))
        .header("host", address)
        // Text is handed on as it is.
        .header("content-type", "text/plain")
        .body(Full::new(body))?;
    Connection::to(address).send(request).await
}

pub(super) async fn attack(stand: &Stand, findings: &mut Findings) -> Result<()> {
    for (what, expected) in KINDS {
        let name = format!("a function that does `{what}`");
        let attacked = async {
            let mut seen = Vec::new();
            for _ in 0..ROUNDS {
                let mut callers = JoinSet::new();
                for _ in 0..AT_ONCE {
                    let address = stand.address.clone();
                    callers.spawn(async move { invoke(&address, what, Bytes::new()).await });
                }
                while let Some(answered) = callers.join_next().await {
                    seen.push(answered?.map_or(0, |(status, _)| status));
                }
            }
            let began = Instant::now();
            let (status, _) = invoke(&stand.address, "work", Bytes::new()).await?;
            Ok((seen, status, began.elapsed()))
        };
        let (mut seen, status, took) = beside(&name, stand, findings, attacked).await?;
        findings.faults(u64::try_from(seen.len())?);
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        tell(
            &name,
            &format!(
                "{count} requests were answered {seen:?}, and the next one {status} after {:.2} s",
                took.as_secs_f64()
            ),
        )?;
        findings.require(
            seen == [expected],
            &format!("{name}: answered {seen:?}, not {expected}"),
        )?;
        findings.require(
            status == 200 && took < SOON,
            &format!("{name}: the next request was answered {status} after {took:?}"),
        )?;
    }
    Ok(())
}
