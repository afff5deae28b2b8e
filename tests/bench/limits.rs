//! `cargo bench --package bench --bench limits`: what `tests/bench/run` runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::main()
}
