//! Gives the driver the signal mask that its parent meant for it: the one place with `unsafe` in this project.
//!
//! The wrapper lets all signals in for itself, and the standard library empties the mask of every child; tini and a plain
//! `exec` pass on what they were started with, and so does this.
#![allow(unsafe_code, reason = "the standard library has no safe way to a child's signal mask")]

use std::{io, os::unix::process::CommandExt, process::Command};

use nix::sys::signal::SigSet;

/// Has the command start with this mask. An empty one is what it has anyhow, and stays on the faster way to a new process.
pub fn restore(command: &mut Command, mask: SigSet) {
    if mask == SigSet::empty() {
        return;
    }
    let set = move || mask.thread_set_mask().map_err(io::Error::from);
    // SAFETY: between fork and exec only async-signal-safe functions may be called (signal-safety(7)). The closure owns a set of
    // bits, allocates and locks nothing, and calls pthread_sigmask(3), which is one of them; its error is a plain number.
    unsafe { command.pre_exec(set) };
}
