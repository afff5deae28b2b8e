//! `tests/chaos` runs this.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaos::cli::main(std::env::args().skip(1))
}
