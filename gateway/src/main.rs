//! The command `tollgate`.

use std::process::ExitCode;

use tollgate_gateway::cli::{self, Surroundings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let surroundings = Surroundings::of_process();
    cli::run(std::env::args_os(), &surroundings).await.into()
}
