//! What Lambda runs in the runtime's place: it starts the proxy, and becomes the runtime.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use tollgate::http::{Variables, process_variable, variable as plan_variable};
use tollgate::plan::OnUnavailable;

use crate::config::{on_unavailable, variable};

/// The argument with which this program starts itself as the proxy. The next one is the runtime's process id.
pub const PROXY_ARGUMENT: &str = "--proxy-of";

/// This program, whatever it is called and wherever it stands.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// What is large, such as an answer of 6 MB, goes back to the system when it is freed: glibc would keep it for the next one.
const ALLOCATOR: [(&str, &str); 1] = [("MALLOC_MMAP_THRESHOLD_", "1048576")];

/// The runtime could not be started.
#[derive(Debug, thiserror::Error)]
pub enum WrapperError {
    /// This is not Lambda.
    #[error(
        "AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it, and runs this program as AWS_LAMBDA_EXEC_WRAPPER"
    )]
    NoPlatform,
    /// There is no proxy, and without it no request may pass.
    #[error(
        "cannot start the usage plan layer; give the function more memory, or set TOLLGATE_ON_UNAVAILABLE=allow to run it without usage \
         plans then, or TOLLGATE_LAYER=off to run it without the layer"
    )]
    NoProxy(#[source] io::Error),
    /// The runtime's program cannot be run.
    #[error("cannot run {}", program.display())]
    NoRuntime {
        /// The program.
        program: OsString,
        /// Why.
        source: io::Error,
    },
}

/// Becomes the runtime's program, with the proxy between it and the platform. It returns only when it cannot.
///
/// The runtime keeps this process's id, so its exit status, its signals and its time-outs look to the platform as they do without the layer.
/// It need not wait for the proxy: the listener is there before, and connections queue.
pub fn run(program: OsString, arguments: impl Iterator<Item = OsString>) -> WrapperError {
    let variables = Variables::new(process_variable);
    let mut command = Command::new(&program);
    command.args(arguments);
    let is_off = variables.value(plan_variable::LAYER).as_deref() == Some("off");
    if !is_off {
        if variables.value(variable::RUNTIME_API).is_none() {
            return WrapperError::NoPlatform;
        }
        // It is for the proxy alone.
        command.env_remove(plan_variable::PEPPER);
        match start_proxy() {
            Ok(address) => {
                command.env(variable::RUNTIME_API, address.to_string());
            }
            Err(error) => match on_unavailable(&variables).unwrap_or_default() {
                OnUnavailable::Deny => return WrapperError::NoProxy(error),
                OnUnavailable::Allow => log_without_proxy(&error),
            },
        }
    }
    let source = command.exec();
    WrapperError::NoRuntime { program, source }
}

/// Starts the proxy in this process's group. Every descriptor of it is closed when this process becomes the runtime.
fn start_proxy() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    Command::new(OWN_PROGRAM)
        .arg0("tollgate")
        .arg(PROXY_ARGUMENT)
        .arg(std::process::id().to_string())
        .envs(ALLOCATOR)
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .spawn()?;
    Ok(address)
}

fn log_without_proxy(error: &io::Error) {
    tollgate::logs::Logs::from_env(&["layer"]).start();
    tracing::error!(
        %error,
        "cannot start the usage plan layer: the function runs without usage plans, as TOLLGATE_ON_UNAVAILABLE=allow says"
    );
}
