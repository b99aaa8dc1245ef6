//! The terminal, where there is one (`kubectl run -it`, a laptop). The driver's group must be its foreground: otherwise the
//! first read stops the driver for ever, and Ctrl-C reaches the wrapper, for whom it is a request to stop.

use std::fs::File;

use nix::{
    sys::signal::{Signal, killpg, raise},
    unistd::{Pid, getpgrp, getsid, tcgetpgrp, tcsetpgrp},
};

/// A terminal that was handed over, to be taken back.
#[derive(Debug)]
pub struct Terminal {
    tty: File,
}

impl Terminal {
    /// Makes the group the foreground of our terminal; none when we have no terminal, or are in its background ourselves.
    #[must_use]
    pub fn hand_over(group: Pid) -> Option<Self> {
        let terminal = Self { tty: File::open("/dev/tty").ok()? };
        terminal.give_to(group).then_some(terminal)
    }

    fn give_to(&self, group: Pid) -> bool {
        if tcgetpgrp(&self.tty) != Ok(getpgrp()) {
            return false;
        }
        if let Err(error) = tcsetpgrp(&self.tty, group) {
            tracing::warn!(%error, "the terminal stays codriver's; a driver that reads from it is stopped");
            return false;
        }
        // It may have read, and so been stopped, before.
        let _ = killpg(group, Signal::SIGCONT);
        true
    }

    /// Ctrl-Z has stopped the driver: stops the wrapper too, so that the shell behind it takes over, until that continues us.
    /// A session's first process has no shell behind it (`kubectl run -it`): there the driver simply goes on.
    pub fn stop_with(&self, group: Pid) {
        if getsid(None) != Ok(Pid::this()) {
            self.take_back();
            // Comes back when somebody sends SIGCONT.
            let _ = raise(Signal::SIGSTOP);
            // In the background (`bg`) the terminal stays the shell's.
            self.give_to(group);
        }
        let _ = killpg(group, Signal::SIGCONT);
    }

    /// Makes our own group the foreground again, for whoever started us.
    pub fn take_back(&self) {
        // Asking from the background is itself answered with a SIGTTOU, unless that is blocked, as it is here.
        if let Err(error) = tcsetpgrp(&self.tty, getpgrp()) {
            tracing::debug!(%error, "the terminal was not taken back");
        }
    }
}
