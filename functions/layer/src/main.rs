//! The layer's program, as Lambda runs it: [`layer`] says what it does.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use layer::wrapper::{PROXY_ARGUMENT, WrapperError};
use layer::{process, wrapper};

const HELP: &str = "\
Enforces usage plans in front of a Lambda function in any language, without a change of its code.

Lambda runs this program: publish it as the file `tollgate` of a layer, add the layer to the function,
and set in the function's environment:

  AWS_LAMBDA_EXEC_WRAPPER  /opt/tollgate
  TOLLGATE_TABLE           the name of Tollgate's table
  TOLLGATE_PEPPER          the secret under which keys' values are hashed
  TOLLGATE_PUBLIC          methods that require no key, such as `GET /health` (none without it)
  TOLLGATE_INVOKE_MODE     `response_stream` where answers are streamed (default: buffered)
  TOLLGATE_ON_UNAVAILABLE  `allow` lets requests pass where the layer cannot work (default: deny)
  TOLLGATE_LAYER           `off` runs the function without the layer

The OS-only runtimes (provided.al2023) and container images know no AWS_LAMBDA_EXEC_WRAPPER. There
`bootstrap`, or the entry point, has to be a script: exec /opt/tollgate PROGRAM

Usage: tollgate RUNTIME [ARGUMENT]...
       tollgate --help | --version
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(first) = arguments.next() else {
        return say(HELP);
    };
    match first.to_str() {
        Some("--help" | "-h") => say(HELP),
        Some("--version" | "-V") => {
            say(concat!("tollgate layer ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Some(PROXY_ARGUMENT) => match process::run(arguments.next().as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, 1),
        },
        Some(_) | None => {
            let error = wrapper::run(first, arguments);
            let status = match &error {
                WrapperError::NoPlatform | WrapperError::NoProxy(_) => 1,
                // As shells say it.
                WrapperError::NoRuntime { source, .. } => match source.kind() {
                    io::ErrorKind::NotFound => 127,
                    _ => 126,
                },
            };
            fail(&error, status)
        }
    }
}

fn say(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(error: &dyn Error, status: u8) -> ExitCode {
    let mut text = format!("tollgate: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    let _nobody_reads = writeln!(io::stderr(), "{text}");
    ExitCode::from(status)
}
