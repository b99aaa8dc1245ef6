//! The process `codriver-init`: reads its arguments, and turns how [`codriver_init::run`] ends into log, message and code.

use std::panic::PanicHookInfo;
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
    let termination_log = settings::given(&args.termination_log).unwrap_or("/dev/termination-log").to_owned();
    let log = termination_log.clone();
    // The release is built without unwinding, to be smaller: nothing comes after the hook.
    std::panic::set_hook(Box::new(move |panic| end_of_a_bug(panic, Path::new(&log))));
    match codriver_init::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log::tell(&failure, Path::new(&termination_log));
            ExitCode::from(failure.code())
        }
    }
}

/// A panic ends the program as any other bug of ours does, and not with SIGABRT. A panic in here, which only a second
/// bug could be, aborts.
#[allow(clippy::exit, reason = "there is nobody to return to")]
fn end_of_a_bug(panic: &PanicHookInfo<'_>, termination_log: &Path) -> ! {
    tracing::error!("{panic}");
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let failure = Failure::bug(format!("codriver-init panicked{place}"));
    log::tell(&failure, termination_log);
    std::process::exit(failure.code().into())
}
