//! The terminal, where there is one (`kubectl run -it`, a laptop). The driver's group must be its foreground: otherwise the
//! first read stops the driver for ever, and Ctrl-C reaches the wrapper, for whom it is a request to stop.

use std::fs::File;

use nix::{
    sys::signal::{SigSet, Signal, killpg},
    unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp},
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
        let tty = File::open("/dev/tty").ok()?;
        if tcgetpgrp(&tty) != Ok(getpgrp()) {
            return None;
        }
        if let Err(error) = tcsetpgrp(&tty, group) {
            tracing::warn!(%error, "the terminal stays codriver's; a driver that reads from it is stopped");
            return None;
        }
        // It may have read, and so been stopped, before.
        let _ = killpg(group, Signal::SIGCONT);
        Some(Self { tty })
    }

    /// Makes our own group the foreground again, for whoever started us.
    pub fn take_back(&self) {
        // Asking from the background is itself answered with a SIGTTOU, unless that is blocked.
        let mut background = SigSet::empty();
        background.add(Signal::SIGTTOU);
        if let Err(error) = background.thread_block().and_then(|()| tcsetpgrp(&self.tty, getpgrp())) {
            tracing::debug!(%error, "the terminal was not taken back");
        }
    }
}
