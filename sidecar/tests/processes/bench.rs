//! The tests' way to start a wrapper and to look at it.

use std::{
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// For each single wait.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn wrapper() -> Command {
    wrapper_under_env(&[])
}

/// The wrapper, started by coreutils' env(1) with these options. Its signals are never those of whoever started the tests: under
/// `nohup`, or in the background of a script, some are ignored.
pub fn wrapper_under_env(options: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal").args(options).arg(env!("CARGO_BIN_EXE_codriver"));
    command.args(["--log", "off", "run"]).env("CODRIVER_DIR", "/nonexistent").env_remove("POD_UID");
    command
}

/// The child that echoes signals, built beside the binary as an example.
pub fn echo_child() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_codriver")).with_file_name("examples").join("echo_child")
}

/// unshare(1) with these options; none where that is not allowed.
pub fn unshare(options: &[&str]) -> Option<Command> {
    let command = || {
        let mut command = Command::new("unshare");
        command.args(options);
        command
    };
    if command().arg("true").status().is_ok_and(|status| status.success()) {
        return Some(command());
    }
    // Past libtest, which keeps what a passing test prints: test.sh counts it.
    let _ = writeln!(io::stderr(), "SKIPPED TEST: no namespaces here (neither root nor user namespaces)");
    None
}

pub fn shell(script: &str) -> [&str; 4] {
    ["--", "sh", "-c", script]
}

/// The exit code of the wrapper over a shell script.
pub fn code_of(script: &str) -> Option<i32> {
    Running::start(wrapper().args(shell(script))).end().code()
}

pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let input = child.stdin.take();
        Self { child, input, lines }
    }

    /// A wrapper over the echoing child, once that one is ready.
    pub fn echo(command: &mut Command) -> Self {
        let running = Self::start(command.arg("--").arg(echo_child()));
        assert_eq!(running.line(), "ready");
        running
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The pid of the wrapper's one child, the driver.
    pub fn driver(&self) -> String {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.trim().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// A signal by its number, since the real-time ones have no name. kill(1) sends it.
    pub fn signal_number(&self, number: i32) {
        assert!(Command::new("kill").arg(format!("-{number}")).arg(self.pid().to_string()).status().unwrap().success());
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("no line came")
    }

    /// Every line until all writers have closed the output.
    pub fn rest(&self) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            lines.push(line);
        }
        assert!(Instant::now() < end, "the output stays open");
        lines
    }

    pub fn end(&mut self) -> ExitStatus {
        let mut status = None;
        until("the wrapper ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    pub fn end_by_signal(&mut self, signal: Signal) {
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&self.end()), Some(signal as i32));
    }

    pub fn code(&mut self) -> i32 {
        self.end().code().expect("the wrapper itself was killed by a signal")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again, giving way in between.
pub fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < end, "it did not come to this: {what}");
        thread::yield_now();
    }
}

/// The letter of proc_pid_stat(5), such as T for stopped; none when there is no such process.
pub fn state(pid: &str) -> Option<char> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit_once(") ")?.1.chars().next()
}

/// Whether it exists and is more than a zombie.
pub fn lives(pid: &str) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}
