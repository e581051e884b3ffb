//! The stand-in as a program of its own: starts, says where it listens, runs until Ctrl-C.

use std::{
    future::{Future as _, poll_fn},
    io::Write as _,
    pin::pin,
    process::ExitCode,
    task::Poll,
};

use avatax_sim::{SimArgs, SimError};
use clap::Parser;

/// A stand-in for AvaTax's customers, exemption certificates and invitations
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    args: SimArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _best_effort = writeln!(std::io::stderr(), "avatax-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: SimArgs) -> Result<(), SimError> {
    let simulator = avatax_sim::start(args.into_config()).await?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // Looked at once before anything is said, so that whoever reads the address can stop the program from then on.
    let early = poll_fn(|context| Poll::Ready(interrupt.as_mut().poll(context))).await;
    // A reader that went away is no reason to stop.
    let mut out = std::io::stdout();
    let _best_effort = writeln!(out, "listening on {}", simulator.base_url()).and_then(|()| out.flush());
    let interrupted = match early {
        Poll::Ready(result) => result,
        Poll::Pending => interrupt.await,
    };
    // Without a signal handler there is no way to be asked to stop; then only the end of the process is left.
    if interrupted.is_err() {
        std::future::pending::<()>().await;
    }
    simulator.stop().await
}
