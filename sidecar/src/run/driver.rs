//! The driver process: signalled, and collected together with every orphan that lands on us.

use std::{fmt, mem, os::unix::process::ExitStatusExt, process::ExitStatus};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use rustix::process::{Signal as Numbered, WaitOptions, kill_process, wait};
use rustix_libc_wrappers::process::SignalExt;

use crate::{
    run::{
        descendants,
        output::Output,
        spawn::{NotStarted, Task},
    },
    verdict::Verdict,
};

/// How many of what the driver left are named in the log.
const NAMED: usize = 5;

/// A running or ended driver.
#[derive(Debug)]
pub struct Driver {
    pid: Pid,
    /// Its end was collected, and its pid may be another's.
    collected: bool,
    /// A request to stop was sent.
    asked: bool,
}

impl Driver {
    /// Starts it, and the reading of its output where that is wished.
    ///
    /// # Errors
    /// When there is no process: [`Task::spawn`].
    pub fn spawn(task: &Task) -> Result<(Self, Output), NotStarted> {
        let (pid, pipes) = task.spawn()?;
        let output = Output::copy(pipes).unwrap_or_else(|error| {
            tracing::warn!(%error, "the driver's output is lost: there can be no thread that reads it");
            Output::default()
        });
        Ok((Self { pid, collected: false, asked: false }, output))
    }

    /// The process id, which is the group's too.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// The process group that it leads.
    #[must_use]
    pub fn group(&self) -> Pid {
        self.pid
    }

    /// Sends the signal to the driver process alone: PySpark's python must not see it before the JVM has shut down.
    /// Until its status is collected the pid cannot be another's, and the machine sends nothing afterwards.
    ///
    /// A stopped process acts on nothing but SIGKILL. So a request to stop continues it, and its group, as a shell does.
    pub fn signal(&mut self, signal: Signal) {
        report(signal, "driver", kill(self.pid, signal));
        self.asked |= matches!(signal, Signal::SIGTERM | Signal::SIGINT);
        self.wake();
    }

    /// Continues a stopped driver that was asked to stop; true if it had to. A process of many threads is stopped only when the
    /// last of them is, which may be after the request: the kernel tells that by a SIGCHLD.
    pub fn wake(&self) -> bool {
        let asleep = self.asked && self.stopped_by().is_some();
        if asleep {
            self.signal_group(Signal::SIGCONT);
        }
        asleep
    }

    /// The same with a real-time signal.
    pub fn signal_real_time(&self, number: i32) {
        let pid = rustix::process::Pid::from_raw(self.pid.as_raw());
        if let (Some(pid), Some(signal)) = (pid, Numbered::from_raw(number)) {
            let sent = kill_process(pid, signal).map_err(|error| Errno::from_raw(error.raw_os_error()));
            report(number, "driver", sent);
        }
    }

    /// The signal that has stopped the driver, while it is stopped.
    #[must_use]
    pub fn stopped_by(&self) -> Option<Signal> {
        let look = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(self.pid), look) {
            Ok(WaitStatus::Stopped(_, signal)) => Some(signal),
            Ok(_) | Err(_) => None,
        }
    }

    /// Sends the signal to the whole group.
    pub fn signal_group(&self, signal: Signal) {
        report(signal, "driver's group", killpg(self.pid, signal));
    }

    /// Sends the signal to all that an ended driver left: its group, and each descendant that is not in it. Who is stopped is
    /// continued, or would not hear it.
    pub fn signal_leftovers(&self, signal: Signal) {
        let left = descendants::all();
        let names: Vec<_> = left.iter().take(NAMED).map(|left| format!("{} ({})", left.name, left.pid)).collect();
        tracing::info!(%signal, count = left.len(), "ending what the driver left: {}", names.join(", "));
        self.signal_group(signal);
        for process in left.iter().filter(|process| process.group != self.pid) {
            report(signal, "descendant", kill(process.pid, signal));
        }
        for process in left.iter().filter(|process| process.is_stopped) {
            report(Signal::SIGCONT, "descendant", kill(process.pid, Signal::SIGCONT));
        }
    }

    /// Whether anyone lives still who descends from the driver or is of its group. An orphan is our child, so without children
    /// there are no descendants; where we are neither subreaper nor PID 1, only the group is known. Zombies count, so
    /// [`Driver::reap`] comes first.
    #[must_use]
    pub fn has_leftovers(&self) -> bool {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        waitid(Id::All, look) != Err(Errno::ECHILD) || killpg(self.pid, None) != Err(Errno::ESRCH)
    }

    /// Collects everyone who has died and returns the driver's own end, once. Never blocks.
    pub fn reap(&mut self) -> Option<Verdict> {
        let mut verdict = None;
        loop {
            let ended = match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid.as_raw_nonzero().get() == self.pid() => {
                    ExitStatus::from_raw(status.as_raw()).into()
                }
                Ok(Some(_)) => continue,
                // No children: the driver too is gone, and somebody else has its status.
                Err(rustix::io::Errno::CHILD) => Verdict::Unknown,
                Ok(None) | Err(_) => return verdict,
            };
            // The number of a driver that is collected may be another's, one day.
            if mem::replace(&mut self.collected, true) {
                return verdict;
            }
            verdict = Some(ended);
        }
    }
}

/// A driver that is just gone is no trouble; anything else is worth a line.
fn report(signal: impl fmt::Display, whom: &str, result: nix::Result<()>) {
    match result {
        Ok(()) => tracing::debug!(%signal, "sent to the {whom}"),
        Err(Errno::ESRCH) => tracing::debug!(%signal, "the {whom} is gone already"),
        Err(error) => tracing::warn!(%signal, %error, "cannot signal the {whom}"),
    }
}
