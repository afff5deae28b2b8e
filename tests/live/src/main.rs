//! Tollgate's hard limits under fire, on real stores and with the real binary. `tests/chaos` runs this.

mod cli;
mod crash;
mod history;
mod management;
mod soak;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
