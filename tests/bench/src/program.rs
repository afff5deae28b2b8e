//! A program of callers, while it runs.

use std::path::PathBuf;
use std::process::Stdio;

use ::tests::Result;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::system::Language;
use crate::task::{READY, Task};

/// Where the programs of the peers are, and what runs them.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    /// The folder with the programs.
    pub(crate) programs: PathBuf,
    /// The folder `node_modules` with what the program in JavaScript needs.
    pub(crate) node_modules: PathBuf,
    /// The Python that has what the program in Python needs.
    pub(crate) python: PathBuf,
}

/// A program of callers. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts the program of a task's system, and waits until it is ready to call.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or cannot do the task. What it complains about stands on the standard error.
    pub(crate) async fn start(task: &Task, peers: &Peers) -> Result<Self> {
        let mut command = command(task.system.language(), peers)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let mut program = Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        };
        program.tell(&serde_json::to_string(task)?).await?;
        let said = program.hear().await?;
        if said != READY {
            return Err(format!("expected {READY}, but it said {said}").into());
        }
        Ok(program)
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub(crate) async fn tell(&mut self, line: &str) -> Result<()> {
        self.input.write_all(line.as_bytes()).await?;
        self.input.write_all(b"\n").await?;
        self.input.flush().await?;
        Ok(())
    }

    /// The next line of its standard output.
    ///
    /// # Errors
    ///
    /// When it ends without one.
    pub(crate) async fn hear(&mut self) -> Result<String> {
        match self.output.next_line().await? {
            Some(line) => Ok(line),
            None => Err(format!("the callers ended early: {}", self.child.wait().await?).into()),
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// When it ends with an error.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.input);
        let status = self.child.wait().await?;
        if !status.success() {
            return Err(format!("the callers ended with {status}").into());
        }
        Ok(())
    }
}

fn command(language: Language, peers: &Peers) -> Result<Command> {
    let command = match language {
        Language::Rust => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("callers");
            command
        }
        Language::JavaScript => {
            let mut command = Command::new("node");
            command
                .arg(peers.programs.join("rate_limiter_flexible.cjs"))
                .env("NODE_PATH", &peers.node_modules)
                // Which versions of Node.js the SDK will stop to support is not for who reads the table.
                .env("NODE_NO_WARNINGS", "1");
            command
        }
        Language::Python => {
            let mut command = Command::new(&peers.python);
            command
                .arg(peers.programs.join("zae.py"))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("AWS_ACCESS_KEY_ID", "local")
                .env("AWS_SECRET_ACCESS_KEY", "local")
                .env("AWS_EC2_METADATA_DISABLED", "true");
            command
        }
    };
    Ok(command)
}
