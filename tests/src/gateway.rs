//! The real binary `tollgate`, started as a user starts it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::binaries::{binaries, workspace_root};
use crate::error::Result;
use crate::http_client::HttpClient;

/// How long a gateway may take until it answers. Generous: it is a bound for a hung process on a loaded machine, not an expectation.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a command may take. Generous, as above.
const RUN_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a gateway may take to leave after TERM before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The last of what a gateway says when it starts.
const READY: &str = "Ready.";

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How often a start is tried with other ports, when another process has taken one of ours in between.
const START_ATTEMPTS: usize = 3;

/// How a gateway is to be started.
#[derive(Clone, Debug)]
pub struct GatewayBuilder {
    binary: Option<PathBuf>,
    template: Option<PathBuf>,
    data: Option<PathBuf>,
    endpoint_url: Option<String>,
    concurrency: Option<usize>,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
}

impl GatewayBuilder {
    /// Another template than the workspace's own `template.yaml`.
    #[must_use]
    pub fn template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Some(path.into());
        self
    }

    /// No template at all.
    #[must_use]
    pub fn no_template(mut self) -> Self {
        self.template = None;
        self.flag("--no-template")
    }

    /// One more argument of `start-api`.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Keeps the embedded store in this folder instead of in memory.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Uses the DynamoDB at this URL instead of the embedded store.
    #[must_use]
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// The most processes of each function.
    #[must_use]
    pub fn concurrency(mut self, processes: usize) -> Self {
        self.concurrency = Some(processes);
        self
    }

    /// Sets an environment variable of the gateway.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another binary than the workspace's own `tollgate`.
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Builds the workspace's binaries where needed, starts the gateway, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When the build fails, the binary cannot be run, it ends before it is ready, or it is not ready after a minute. The message
    /// holds what the process wrote.
    pub async fn start(self) -> Result<Gateway> {
        let binary = self.binary_path().await?;
        let mut failure = String::new();
        for _ in 0..START_ATTEMPTS {
            let mut gateway = self.spawn(&binary)?;
            match tokio::time::timeout(START_TIMEOUT, gateway.until_ready()).await {
                Ok(Ok(())) => return Ok(gateway),
                Ok(Err(error)) => failure = format!("{error}\n{}", gateway.output()),
                Err(_) => {
                    let limit = START_TIMEOUT.as_secs();
                    failure = format!("not ready after {limit} s\n{}", gateway.output());
                }
            }
            if !failure.to_lowercase().contains("address already in use") {
                break;
            }
        }
        Err(format!("`{} start-api` failed: {failure}", binary.display()).into())
    }

    /// Starts the gateway and ends it with KILL `after` so long, wherever it is then.
    ///
    /// # Errors
    ///
    /// When the build fails, the binary cannot be run, or the process cannot be signalled.
    pub async fn kill_after(&self, after: Duration) -> Result<()> {
        let binary = self.binary_path().await?;
        let mut gateway = self.spawn(&binary)?;
        tokio::time::sleep(after).await;
        gateway.kill()?;
        Ok(())
    }

    /// Runs the command line by itself, until it ends: `run(&["start-api", "--port", "x"])` is `tollgate start-api --port x`.
    ///
    /// Only the binary and the environment are used.
    ///
    /// # Errors
    ///
    /// When the build fails, the command cannot be run, or it has not ended after a minute. A command that fails is an [`Output`].
    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(&self.binary_path().await?);
        command.args(arguments);
        finish(command).await
    }

    async fn binary_path(&self) -> Result<PathBuf> {
        match &self.binary {
            Some(path) => Ok(path.clone()),
            None => Ok(tokio::task::spawn_blocking(binaries)
                .await??
                .path("tollgate")?
                .to_owned()),
        }
    }

    fn spawn(&self, binary: &Path) -> Result<Gateway> {
        let [port, admin_port, dynamodb_port] = free_ports()?;
        let mut command = self.command(binary);
        command
            .args(["start-api", "--no-build"])
            .args(&self.flags)
            .args(["--port", &port.to_string()])
            .args(["--admin-port", &admin_port.to_string()])
            .args(["--dynamodb-port", &dynamodb_port.to_string()]);
        if let Some(template) = &self.template {
            command.arg("--template").arg(template);
        }
        if let Some(folder) = &self.data {
            command.arg("--data").arg(folder);
        }
        if let Some(url) = &self.endpoint_url {
            command.args(["--endpoint-url", url]);
        }
        if let Some(processes) = self.concurrency {
            command.args(["--concurrency", &processes.to_string()]);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run `{}`: {error}", binary.display()))?;
        let written = Arc::new(Mutex::new(String::new()));
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(collect(stdout, Arc::clone(&written)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(collect(stderr, Arc::clone(&written)));
        }
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        Ok(Gateway {
            builder: self.clone(),
            binary: binary.to_owned(),
            child,
            readers,
            written,
            url: local(port),
            admin_url: local(admin_port),
            dynamodb_url: self
                .endpoint_url
                .clone()
                .unwrap_or_else(|| local(dynamodb_port)),
        })
    }

    /// The binary in the workspace, with credentials and a region that open nothing.
    fn command(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command
            .current_dir(workspace_root())
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_REGION", "us-east-1")
            .env("NO_COLOR", "1")
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// What a finished command left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its data.
    pub stdout: String,
    /// Its prose.
    pub stderr: String,
}

/// A running gateway. When it is dropped it is sent TERM, and killed when that does not end it within 10 s.
#[derive(Debug)]
pub struct Gateway {
    builder: GatewayBuilder,
    binary: PathBuf,
    child: Child,
    readers: Vec<thread::JoinHandle<()>>,
    written: Arc<Mutex<String>>,
    url: String,
    admin_url: String,
    dynamodb_url: String,
}

impl Gateway {
    /// A gateway for the workspace's own template, with a store in memory.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder {
            binary: None,
            template: Some(workspace_root().join("template.yaml")),
            data: None,
            endpoint_url: None,
            concurrency: None,
            flags: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Where the APIs are served, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the management API and the console are served, without a slash at the end.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The DynamoDB that the gateway uses.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// A client for the APIs.
    pub fn client(&self) -> HttpClient {
        HttpClient::new(&self.url)
    }

    /// What the gateway has written so far, on stdout and stderr.
    pub fn output(&self) -> String {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.clone()
    }

    /// Runs the command line against the gateway's store: `run(&["keys", "list"])` is `tollgate --endpoint-url URL keys list`.
    ///
    /// # Errors
    ///
    /// When the command cannot be run, or has not ended after a minute. A command that fails is an [`Output`].
    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.builder.command(&self.binary);
        command
            .args(["--endpoint-url", &self.dynamodb_url])
            .args(arguments);
        finish(command).await
    }

    /// The id of the gateway's process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the gateway with KILL, as a crash would: it can tidy nothing up. It blocks until the process is gone.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled or waited for.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    /// Stops the gateway with TERM, or kills it after 10 s, and answers how it ended. It blocks until then.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled or waited for.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        // The standard library can only kill; its own id for the process is valid until it has been waited for.
        Command::new("kill")
            .args([OsString::from("-TERM"), self.child.id().to_string().into()])
            .status()?;
        let polls = STOP_TIMEOUT.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    async fn until_ready(&mut self) -> Result<()> {
        let admin = HttpClient::new(&self.admin_url);
        loop {
            if let Some(status) = self.child.try_wait()? {
                // What it wrote last is still on its way through the pipes.
                for reader in self.readers.drain(..) {
                    let _finished = tokio::task::spawn_blocking(move || reader.join()).await;
                }
                return Err(format!("it ended with {status} before it was ready").into());
            }
            // What it says when it starts is read by another thread, and may be behind.
            let ready = admin.get("/ready").await;
            if ready.is_ok_and(|answer| answer.status == 200) && self.output().contains(READY) {
                return Ok(());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.stop().is_err() {
            let _already_gone = self.child.kill();
        }
    }
}

/// Runs a command to its end, which has to come within a minute.
async fn finish(command: Command) -> Result<Output> {
    let mut command = tokio::process::Command::from(command);
    let ended = command.kill_on_drop(true).output();
    let output = tokio::time::timeout(RUN_TIMEOUT, ended)
        .await
        .map_err(|_elapsed| format!("{command:?} has not ended after a minute"))??;
    Ok(Output {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Three ports that are free now. They are taken together, so that they differ.
fn free_ports() -> Result<[u16; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let [first, second, third] = [bind()?, bind()?, bind()?];
    Ok([
        first.local_addr()?.port(),
        second.local_addr()?.port(),
        third.local_addr()?.port(),
    ])
}

/// Appends the lines of a pipe to `written` until it is closed, so that the process never waits for a reader.
fn collect(
    pipe: impl Read + Send + 'static,
    written: Arc<Mutex<String>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests;
