//! The program behind `tests/chaos fuzz`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fuzz::cli::main()
}
