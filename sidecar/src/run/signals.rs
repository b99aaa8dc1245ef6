//! Which signals the wrapper catches. Registered before the driver is spawned, since PID 1 ignores what it has no handler for.

use futures_core::Stream;
use nix::sys::signal::Signal;
use signal_hook_tokio::Signals;
use std::{future::poll_fn, pin::Pin};

use crate::failure::Failure;

/// All that can be forwarded, and SIGCHLD, which is ours.
///
/// Left out: SIGKILL and SIGSTOP (cannot be caught), the faults (a handler would return into the faulting instruction),
/// SIGURG (runtimes use it for themselves; a wrapper that forwards it interrupts Go programs) and SIGPIPE (about our own writes).
const CAUGHT: [Signal; 20] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGTERM,
    Signal::SIGSTKFLT,
    Signal::SIGCHLD,
    Signal::SIGCONT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGWINCH,
    Signal::SIGIO,
    Signal::SIGPWR,
];

/// The signals that came, one after another; equal ones may be merged, as the kernel merges them.
pub struct Caught(Signals);

impl Caught {
    /// Registers the handlers.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn register() -> Result<Self, Failure> {
        Signals::new(CAUGHT.map(|signal| signal as i32))
            .map(Self)
            .map_err(|source| Failure::Kernel { doing: "catch signals", source })
    }

    /// Waits for the next one, without a bound.
    pub async fn next(&mut self) -> Signal {
        loop {
            match poll_fn(|context| Pin::new(&mut self.0).poll_next(context)).await.map(Signal::try_from) {
                Some(Ok(signal)) => return signal,
                // A number without a name was not registered; the stream ends only when its handle is closed, and nobody does.
                Some(Err(_)) => {}
                None => std::future::pending::<()>().await,
            }
        }
    }
}
