//! The binary `codriver`: chooses the verb, and turns its result into an exit code.

use std::{panic, process::ExitCode};

use clap::Parser;
use codriver::{
    args::{Cli, Verb},
    credentials,
    failure::{BUG, Failure},
    log, probe, run, sidecar, sweep, wait,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                log::say(&error.render().to_string());
                return ExitCode::from(78);
            }
            // --help and --version come this way too.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    // A panic has been logged; its own code, 101, is one of Spark's.
    match panic::catch_unwind(|| log::start(&cli.log).and_then(|()| act(cli.verb))) {
        Err(_) => ExitCode::from(BUG),
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            tracing::error!(code = failure.code(), whose = "codriver", "{failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// One thread is enough for all that this binary does, and it is what keeps the wrapper small.
fn act(verb: Verb) -> Result<u8, Failure> {
    if let Verb::Run(args) = &verb {
        run::descriptors::close_inherited(&args.command);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Kernel { doing: "start the event loop", source })?;
    match verb {
        Verb::Run(args) => runtime.block_on(run::run(args)),
        Verb::Sidecar(args) => runtime.block_on(sidecar::run(args)),
        Verb::Credentials(args) => runtime.block_on(credentials::run(args)),
        Verb::Sweep(args) => runtime.block_on(sweep::run(&args)),
        Verb::Wait(args) => runtime.block_on(wait::run(args)),
        Verb::Probe(args) => runtime.block_on(probe::run(&args)),
    }
}
