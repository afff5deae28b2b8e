//! Tollgate's hard limits under fire, on real stores and with the real binary. `tests/chaos` runs this.

mod cli;
mod history;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args().skip(1))
}
