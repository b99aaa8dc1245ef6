//! Which signals are caught. Registered before anything is started, since PID 1 ignores what it has no handler for.

use futures_core::Stream;
use nix::sys::signal::{SigSet, Signal};
use signal_hook_tokio::Signals;
use std::{fs, future::poll_fn, io, pin::Pin};

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
    /// Registers the handlers, and then lets in what an odd parent has blocked: a blocked SIGCHLD would hide the driver's end.
    ///
    /// What was ignored when we started stays ignored, for us and so for the driver, as a POSIX shell does it: `nohup` asks for
    /// that with SIGHUP, `&` in a script with SIGINT. Not so SIGTERM and SIGCHLD, without which nothing can be supervised.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn register() -> Result<Self, Failure> {
        let ignored = ignored();
        let caught = CAUGHT
            .into_iter()
            .filter(|signal| matches!(signal, Signal::SIGTERM | Signal::SIGCHLD) || !ignored.contains(*signal));
        let register = || -> io::Result<Self> {
            let signals = Signals::new(caught.map(|signal| signal as i32))?;
            SigSet::empty().thread_set_mask()?;
            Ok(Self(signals))
        };
        register().map_err(|source| Failure::Kernel { doing: "catch signals", source })
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

/// The signals that this process ignores; none where there is no /proc. Only the kernel's text says it: sigaction(2) cannot be
/// asked without `unsafe`.
fn ignored() -> SigSet {
    fs::read_to_string("/proc/self/status").map_or(SigSet::empty(), |status| parse_ignored(&status))
}

/// A mask in hexadecimal, signal n in bit n - 1: proc_pid_status(5).
fn parse_ignored(status: &str) -> SigSet {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    Signal::iterator().filter(|signal| mask >> (*signal as i32 - 1) & 1 == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        for (status, expected) in [
            ("Name:\tsh\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000000001\n", vec![Signal::SIGHUP]),
            ("SigIgn:\t0000008000400006\n", vec![Signal::SIGINT, Signal::SIGQUIT, Signal::SIGURG]),
            ("SigIgn:\t0000000000000000\n", vec![]),
            ("SigIgn:\tnonsense\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(parse_ignored(status), expected.into_iter().collect(), "{status}");
        }
    }
}
