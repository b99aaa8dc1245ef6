//! Which signals are caught. Registered before anything is started, since PID 1 ignores what it has no handler for.

use futures_core::Stream;
use nix::sys::signal::{SigSet, Signal};
use rustix::process::Signal as Numbered;
use rustix_libc_wrappers::process::SignalExt;
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

/// One signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// One of those with a name.
    Named(Signal),
    /// A real-time signal, which has only a number.
    RealTime(i32),
}

/// The signals that came, one after another; equal ones may be merged, as the kernel merges them.
pub struct Caught {
    signals: Signals,
    mask: SigSet,
}

impl Caught {
    /// Registers the handlers, and then lets in what an odd parent has blocked: a blocked SIGCHLD would hide the driver's end.
    ///
    /// Real-time signals too, but for the two or three that the C library keeps for its threads.
    ///
    /// What was ignored when we started stays ignored, for us and so for the driver, as a POSIX shell does it: `nohup` asks for
    /// that with SIGHUP, `&` in a script with SIGINT. Not so SIGTERM and SIGCHLD, without which nothing can be supervised.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn register() -> Result<Self, Failure> {
        let ignored = ignored();
        let named = CAUGHT
            .into_iter()
            .filter(|signal| matches!(signal, Signal::SIGTERM | Signal::SIGCHLD) || !ignores(ignored, *signal as i32));
        let real_time =
            (Numbered::rt_min().as_raw()..=Numbered::rt_max().as_raw()).filter(|number| !ignores(ignored, *number));
        let caught = named.map(|signal| signal as i32).chain(real_time);
        let register = || -> io::Result<Self> {
            let signals = Signals::new(caught)?;
            let mask = SigSet::thread_get_mask()?;
            SigSet::empty().thread_set_mask()?;
            Ok(Self { signals, mask })
        };
        register().map_err(|source| Failure::Kernel { doing: "catch signals", source })
    }

    /// What was blocked when we started: for the driver, as it was meant.
    #[must_use]
    pub fn mask(&self) -> SigSet {
        self.mask
    }

    /// Waits for the next one, without a bound.
    pub async fn next(&mut self) -> Arrived {
        match poll_fn(|context| Pin::new(&mut self.signals).poll_next(context)).await {
            Some(number) => Signal::try_from(number).map_or(Arrived::RealTime(number), Arrived::Named),
            // The stream ends only when its handle is closed, and nobody does.
            None => std::future::pending().await,
        }
    }
}

/// The mask of signals that this process ignores; empty where there is no /proc. Only the kernel's text says it: sigaction(2)
/// cannot be asked without `unsafe`.
fn ignored() -> u64 {
    fs::read_to_string("/proc/self/status").map_or(0, |status| parse_ignored(&status))
}

/// A mask in hexadecimal: proc_pid_status(5).
fn parse_ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Signal n is in bit n - 1.
fn ignores(mask: u64, number: i32) -> bool {
    mask >> (number - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        for (status, expected) in [
            ("Name:\tsh\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000000001\n", vec![1]),
            ("SigIgn:\t0000008000400006\n", vec![2, 3, 23, 40]),
            ("SigIgn:\t8000000000000000\n", vec![64]),
            ("SigIgn:\t0000000000000000\n", vec![]),
            ("SigIgn:\tnonsense\n", vec![]),
            ("", vec![]),
        ] {
            let mask = parse_ignored(status);
            assert_eq!((1..=64).filter(|number| ignores(mask, *number)).collect::<Vec<_>>(), expected, "{status}");
        }
    }
}
