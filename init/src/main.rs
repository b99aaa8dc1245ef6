//! The process `codriver-init`: reads its arguments, and turns how [`codriver_init::run`] ends into log, message and code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codriver_init::args::Args;
use codriver_init::failure::{Exit, Failure};
use codriver_init::{log, settings};

/// SIGTERM's number, and the code of a process that ended by it.
const SIGTERM: (i32, i32) = (15, 128 + 15);

fn main() -> ExitCode {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(usage) => {
            let code = if usage.use_stderr() { Exit::Configuration as u8 } else { 0 };
            let _ = usage.print();
            return ExitCode::from(code);
        }
    };
    log::init(args.verb);
    // The first process of a container ignores SIGTERM unless it says otherwise; nothing here needs time to end.
    let _ = signal_hook::flag::register_conditional_shutdown(SIGTERM.0, SIGTERM.1, Arc::new(AtomicBool::new(true)));
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    let outcome = catch_unwind(AssertUnwindSafe(|| codriver_init::run(&args)));
    match outcome.unwrap_or_else(|_| Err(Failure::bug("codriver-init panicked"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let termination_log = settings::given(&args.termination_log).unwrap_or("/dev/termination-log");
            log::tell(&failure, Path::new(termination_log));
            ExitCode::from(failure.code())
        }
    }
}
