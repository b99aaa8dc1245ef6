//! Which signals are caught. Blocked before anything is started, since PID 1 ignores what it neither handles nor blocks; read
//! from one descriptor (signalfd(2)), which takes all of them, real-time ones too, at the price of one.

use std::{
    fs, io,
    os::fd::AsFd,
    sync::{Arc, atomic::AtomicBool},
};

use nix::sys::{
    signal::{SigSet, SigmaskHow, Signal},
    signalfd::{SfdFlags, SignalFd, siginfo},
};
use tokio::net::unix::pipe::Receiver;

use crate::failure::Failure;

/// Not caught: the faults (who blocks them loses the cause of a crash), SIGURG (runtimes use it for themselves; a wrapper that
/// forwards it interrupts Go programs) and SIGPIPE (about our own writes). SIGKILL and SIGSTOP cannot be.
const LEFT_OUT: [Signal; 9] = [
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGABRT,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSEGV,
    Signal::SIGSYS,
    Signal::SIGURG,
    Signal::SIGPIPE,
];

/// Caught even if they were ignored when we started: without them nothing can be supervised.
const NEEDED: [Signal; 2] = [Signal::SIGTERM, Signal::SIGCHLD];

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
    signals: Receiver,
    ignored: u64,
    mask: SigSet,
}

impl Caught {
    /// Blocks what is caught, and lets in all else, also what an odd parent has blocked. Threads that start later inherit it.
    ///
    /// Real-time signals too, but for the two or three that the C library keeps for its threads.
    ///
    /// What was ignored when we started stays ignored, for us and so for the driver, as a POSIX shell does it: `nohup` asks for
    /// that with SIGHUP, `&` in a script with SIGINT. Not so SIGTERM and SIGCHLD.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn register() -> Result<Self, Failure> {
        let register = || -> io::Result<Self> {
            let ignored = heed_the_needed(ignored())?;
            let mut caught = SigSet::all();
            LEFT_OUT.into_iter().for_each(|signal| caught.remove(signal));
            let mask = caught.thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
            let signals = SignalFd::with_flags(&caught, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
            // Not a pipe, but waited for and read like one.
            let signals = Receiver::from_owned_fd_unchecked(signals.as_fd().try_clone_to_owned()?)?;
            Ok(Self { signals, ignored, mask })
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
        // A read gives one `struct signalfd_siginfo` or nothing; its first field is the signal's number (signalfd(2)).
        let mut info = [0; size_of::<siginfo>()];
        loop {
            if self.signals.readable().await.is_ok()
                && self.signals.try_read(&mut info).is_ok()
                && let Some(number) = info.first_chunk().map(|number| i32::from_ne_bytes(*number))
                && !ignores(self.ignored, number)
            {
                return Signal::try_from(number).map_or(Arrived::RealTime(number), Arrived::Named);
            }
        }
    }
}

/// An ignored SIGCHLD would have the kernel throw the driver's status away, and the driver would inherit an ignored SIGTERM; a
/// handler, which exec(2) resets to the default, ends both. It never runs: the signal is blocked.
fn heed_the_needed(ignored: u64) -> io::Result<u64> {
    let mut left = ignored;
    for signal in NEEDED.map(|signal| signal as i32) {
        if ignores(ignored, signal) {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
            left &= !(1 << (signal - 1));
        }
    }
    Ok(left)
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
