//! The driver process: spawned in a group of its own, signalled, and collected together with every orphan that lands on us.

use std::{
    ffi::OsString,
    fmt, io,
    os::unix::process::CommandExt,
    process::{Child, Command},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, Signal, kill, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid},
    },
    unistd::Pid,
};
use rustix::process::{Signal as Numbered, kill_process};
use rustix_libc_wrappers::process::SignalExt;

use crate::{
    failure::BUG,
    run::{descendants, mask, stderr::Stderr},
    verdict::{NOT_EXECUTABLE, NOT_FOUND, Verdict},
};

/// For waitpid(2).
const ANYONE: Pid = Pid::from_raw(-1);
/// How many of what the driver left are named in the log.
const NAMED: usize = 5;

/// The driver's command and what its environment must be.
#[derive(Debug)]
pub struct Task {
    /// The program and its arguments, never empty.
    pub command: Vec<OsString>,
    /// Set on top of the wrapper's own environment, in this order.
    pub set: Vec<(OsString, OsString)>,
    /// Removed from it.
    pub remove: Vec<OsString>,
    /// The signals that it starts with blocked: those that were when we started.
    pub mask: SigSet,
    /// Its stderr goes through the wrapper, which keeps its last words.
    pub read_stderr: bool,
}

/// A running or ended driver.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    pid: Pid,
    /// Its end was collected: the standard library would tell it again and again.
    collected: bool,
    /// A request to stop was sent.
    asked: bool,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub struct NotStarted {
    /// 126, 127 or 70.
    pub code: u8,
    /// In words.
    pub why: String,
}

impl Driver {
    /// Runs the command. The standard library resets SIGPIPE in the child, exec resets the handlers that we registered, and the
    /// mask is restored, so the driver starts as if we were not there.
    ///
    /// # Errors
    /// With 127 when the program or its interpreter does not exist, 126 when it cannot be executed, 70 when no process can be made.
    pub fn spawn(task: &Task) -> Result<(Self, Option<Stderr>), NotStarted> {
        let (program, arguments) = task
            .command
            .split_first()
            .ok_or_else(|| NotStarted { code: NOT_FOUND, why: "no command was given after `--`".into() })?;
        let mut command = Command::new(program);
        command.args(arguments).envs(task.set.iter().map(|(name, value)| (name, value))).process_group(0);
        for name in &task.remove {
            command.env_remove(name);
        }
        mask::restore(&mut command, task.mask);
        let read = task.read_stderr.then(|| pipe(&mut command)).transpose();
        let read = read.map_err(|error| no_process(&program.to_string_lossy(), &error))?;
        let child = command.spawn().map_err(|error| not_started(&program.to_string_lossy(), &error))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        // The pipe's other end, which would hold it open.
        drop(command);
        let stderr = read.map(Stderr::copy).transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "the driver's stderr is lost: there can be no thread that reads it");
            None
        });
        Ok((Self { child, pid, collected: false, asked: false }, stderr))
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
    ///
    /// It looks before it reaps, so that a stranger is reaped by its own pid and the driver's status is not taken in a wait for
    /// anyone. One wait for anyone there is, and a status that it takes is the verdict too.
    pub fn reap(&mut self) -> Option<Verdict> {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let mut verdict = None;
        loop {
            verdict = verdict.or_else(|| self.ended());
            let stranger = match waitid(Id::All, look) {
                Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _))
                    if pid != self.pid || self.collected =>
                {
                    pid
                }
                // The driver died since the first line of this turn.
                Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => continue,
                // A death by a real-time signal has no name in nix. It is not the driver's if that is collected or lives.
                Err(Errno::EINVAL) => match self.ended() {
                    None => ANYONE,
                    ended => {
                        verdict = ended;
                        continue;
                    }
                },
                Ok(_) | Err(_) => return verdict,
            };
            let taken = waitpid(stranger, Some(WaitPidFlag::WNOHANG));
            verdict = verdict.or_else(|| self.taken(taken));
        }
    }

    fn ended(&mut self) -> Option<Verdict> {
        if self.collected {
            return None;
        }
        let verdict = match self.child.try_wait() {
            Ok(status) => status?.into(),
            // It died of a real-time signal in the very moment of the wait for anyone: gone, and the number lost.
            Err(_) => Verdict::Unknown,
        };
        self.collected = true;
        Some(verdict)
    }

    /// The driver may die between the last look at it and the wait for anyone.
    fn taken(&mut self, status: nix::Result<WaitStatus>) -> Option<Verdict> {
        let (pid, verdict) = match status {
            Ok(WaitStatus::Exited(pid, code)) => (pid, u8::try_from(code).map_or(Verdict::Unknown, Verdict::Exited)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                (pid, u8::try_from(signal as i32).map_or(Verdict::Unknown, Verdict::Signalled))
            }
            Ok(_) | Err(_) => return None,
        };
        if pid != self.pid || self.collected {
            return None;
        }
        self.collected = true;
        Some(verdict)
    }
}

/// The read end of a pipe whose other end is the command's stderr.
fn pipe(command: &mut Command) -> io::Result<io::PipeReader> {
    let (reader, writer) = io::pipe()?;
    command.stderr(writer);
    Ok(reader)
}

fn no_process(program: &str, error: &io::Error) -> NotStarted {
    let why = format!("no process could be made for `{program}`: {error}; hint: the pod's pids or memory limit");
    NotStarted { code: BUG, why }
}

fn not_started(program: &str, error: &io::Error) -> NotStarted {
    let (code, why) = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR) => (
            NOT_FOUND,
            format!("`{program}` was not found (or the interpreter in its first line); hint: check the image and PATH"),
        ),
        Some(Errno::EACCES) => (
            NOT_EXECUTABLE,
            format!("`{program}` cannot be executed: permission denied; hint: chmod +x, or a volume mounted noexec"),
        ),
        Some(Errno::ENOEXEC) => (
            NOT_EXECUTABLE,
            format!(
                "`{program}` cannot be executed: not a program of this machine's kind; hint: a script needs a first line such as #!/bin/sh"
            ),
        ),
        Some(Errno::EAGAIN | Errno::ENOMEM) => return no_process(program, error),
        _ => (NOT_EXECUTABLE, format!("`{program}` cannot be executed: {error}")),
    };
    NotStarted { code, why }
}

/// A driver that is just gone is no trouble; anything else is worth a line.
fn report(signal: impl fmt::Display, whom: &str, result: nix::Result<()>) {
    match result {
        Ok(()) => tracing::debug!(%signal, "sent to the {whom}"),
        Err(Errno::ESRCH) => tracing::debug!(%signal, "the {whom} is gone already"),
        Err(error) => tracing::warn!(%signal, %error, "cannot signal the {whom}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ended driver whose status somebody else's wait has taken.
    fn robbed(script: &str) -> (Driver, nix::Result<WaitStatus>) {
        let command = ["sh", "-c", script].map(OsString::from).to_vec();
        let (driver, _) = Driver::spawn(&Task {
            command,
            set: Vec::new(),
            remove: Vec::new(),
            mask: SigSet::empty(),
            read_stderr: false,
        })
        .unwrap();
        let status = waitpid(driver.pid, None);
        (driver, status)
    }

    #[test]
    fn a_status_that_the_wait_for_anyone_took_is_the_verdict_once() {
        for (script, verdict) in [("exit 9", Verdict::Exited(9)), ("kill -9 $$", Verdict::Signalled(9))] {
            let (mut driver, status) = robbed(script);
            assert_eq!(driver.taken(status), Some(verdict), "{script}");
            assert_eq!((driver.taken(status), driver.ended()), (None, None), "{script}");
        }
    }

    #[test]
    fn a_strangers_status_is_nobodys_verdict() {
        let (mut driver, status) = robbed("exit 9");
        let stranger = WaitStatus::Exited(Pid::from_raw(driver.pid() + 1), 0);
        assert_eq!(driver.taken(Ok(stranger)), None);
        assert_eq!(driver.taken(status), Some(Verdict::Exited(9)));
    }

    #[test]
    fn a_driver_that_is_gone_without_a_status_has_ended_all_the_same() {
        let (mut driver, status) = robbed("kill -40 $$");
        assert_eq!(driver.taken(status), None, "nix has no name for it");
        assert_eq!((driver.ended(), driver.ended()), (Some(Verdict::Unknown), None));
    }
}
