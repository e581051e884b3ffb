//! The command `onboard` with a journal that can kill it; see [`endurance::kill`]. Only the sweep starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_harness::cli::main_with(endurance::kill::of_environment())
}
