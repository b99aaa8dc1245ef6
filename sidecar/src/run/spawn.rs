//! The start of the driver process, as if we were not there: posix_spawn(3), which can do all of it without `unsafe`.

use std::{
    collections::BTreeMap,
    env,
    ffi::{CString, OsStr, OsString},
    io::{self, PipeWriter},
    os::{fd::AsRawFd, unix::ffi::OsStrExt},
};

use nix::{
    errno::Errno,
    libc::{STDERR_FILENO, STDOUT_FILENO},
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp},
    sys::signal::{SigSet, Signal},
    unistd::Pid,
};

use crate::{
    failure::BUG,
    run::output::Pipes,
    verdict::{NOT_EXECUTABLE, NOT_FOUND},
};

/// The driver's command and what its environment must be.
#[derive(Debug)]
pub struct Task {
    /// The program and its arguments, never empty. A name without a slash is looked for in the wrapper's own `PATH`.
    pub command: Vec<OsString>,
    /// Set on top of the wrapper's own environment, in this order.
    pub set: Vec<(OsString, OsString)>,
    /// Removed from it.
    pub remove: Vec<OsString>,
    /// The signals that it starts with blocked: those that were when we started.
    pub mask: SigSet,
    /// Its standard output goes through the wrapper, which keeps its last words.
    pub read_stdout: bool,
    /// The same of its stderr.
    pub read_stderr: bool,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub struct NotStarted {
    /// 126, 127 or 70.
    pub code: u8,
    /// In words.
    pub why: String,
}

impl Task {
    /// Starts the process, leader of a group of its own, with the mask that was meant for it and SIGPIPE's default, which Rust
    /// programs ignore. Blocks until it is executed. What is to be read of its output
    /// comes back.
    ///
    /// # Errors
    /// With 127 when the program or its interpreter does not exist, 126 when it cannot be executed, 70 when no process can be made.
    pub fn spawn(&self) -> Result<(Pid, Pipes), NotStarted> {
        let program = self.command.first().map_or(OsStr::new(""), OsString::as_os_str).to_string_lossy();
        let pipe = |wished: bool| wished.then(io::pipe).transpose().map_err(|error| no_process(&program, &error));
        let (stdout, to_stdout) = pipe(self.read_stdout)?.unzip();
        let (stderr, to_stderr) = pipe(self.read_stderr)?.unzip();
        let streams = [(to_stdout, STDOUT_FILENO), (to_stderr, STDERR_FILENO)];
        let pid = self.execute(&streams).map_err(|error| not_started(&program, &error))?;
        Ok((pid, Pipes { stdout, stderr }))
    }

    fn execute(&self, streams: &[(Option<PipeWriter>, i32)]) -> io::Result<Pid> {
        let command = self.command.iter().map(|word| c_string(word.as_bytes())).collect::<io::Result<Vec<_>>>()?;
        let program = command.first().ok_or(Errno::ENOENT)?;
        let mut actions = PosixSpawnFileActions::init()?;
        for (pipe, number) in streams {
            if let Some(pipe) = pipe {
                actions.add_dup2(pipe.as_raw_fd(), *number)?;
            }
        }
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
        )?;
        attributes.set_pgroup(Pid::from_raw(0))?;
        attributes.set_sigmask(&self.mask)?;
        attributes.set_sigdefault(&SigSet::from_iter([Signal::SIGPIPE]))?;
        Ok(posix_spawnp(program, &actions, &attributes, &command, &self.environment()?)?)
    }

    fn environment(&self) -> io::Result<Vec<CString>> {
        let mut environment: BTreeMap<_, _> = env::vars_os().chain(self.set.iter().cloned()).collect();
        environment.retain(|name, _| !self.remove.contains(name));
        let variable =
            |(name, value): (&OsString, &OsString)| c_string(&[name.as_bytes(), b"=", value.as_bytes()].concat());
        environment.iter().map(variable).collect()
    }
}

fn c_string(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
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
