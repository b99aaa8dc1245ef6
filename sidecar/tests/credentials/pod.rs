//! An executor's pod without the pod: the real program, its folder, and what a client says to it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};

use crate::sts::{IDENTITY, Sts};

/// For whatever must happen, and does so at once when all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// As whom the program runs where the tests may choose: as in a pod, not as root.
const SOMEBODY: u32 = 65532;

/// The folder and the addresses.
pub struct Pod {
    pub folder: tempfile::TempDir,
    pub endpoint: SocketAddr,
    pub health: SocketAddr,
    description: String,
}

impl Pod {
    pub fn new(sts: &Sts) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(folder.path().join("identity"), IDENTITY).unwrap();
        fs::write(folder.path().join("log"), "").unwrap();
        let [endpoint, health] = free();
        let description = format!(
            r#"{{"address":"{endpoint}","path":"/v1/credentials","token_file":{:?},"source":{{"way":"web-identity",
            "role":"arn:aws:iam::123456789012:role/etl","token_file":{:?},"audience":"sts.amazonaws.com"}},"session":"etl",
            "duration_seconds":3600,"region":"eu-west-1","sts_endpoint":"{}","assume_role":null,"session_policy":null}}"#,
            folder.path().join("token"),
            folder.path().join("identity"),
            sts.url(),
        );
        Self { folder, endpoint, health, description }
    }

    /// The same, and its credentials are keys that it is given.
    pub fn of_keys(mut self) -> Self {
        let (before, rest) = self.description.split_once("\"source\":{").unwrap();
        let (_, after) = rest.split_once('}').unwrap();
        self.description = format!("{before}\"source\":{{\"way\":\"keys\"}}{after}");
        self
    }

    /// The same with something else in its description.
    pub fn but(mut self, part: &str, other: &str) -> Self {
        assert!(self.description.contains(part), "{part}");
        self.description = self.description.replace(part, other);
        self
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .arg("credentials")
            .env_clear()
            .env("CODRIVER_ENDPOINT", &self.description)
            .env("CODRIVER_HEALTH_ADDRESS", self.health.to_string())
            .stdin(Stdio::null())
            .stderr(fs::OpenOptions::new().append(true).open(self.folder.path().join("log")).unwrap());
        if Uid::effective().is_root() {
            command.uid(SOMEBODY).gid(SOMEBODY);
        }
        command
    }

    /// Started, and its probe passes.
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// The same with these variables.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Running {
        let running = Running(self.command().envs(variables.iter().copied()).spawn().unwrap());
        until("the probe passes", || self.probe().success());
        running
    }

    pub fn probe(&self) -> ExitStatus {
        let mut command = Command::new(program());
        command.args(["--log", "off", "probe", "--address"]).arg(self.health.to_string()).status().unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn token(&self) -> String {
        fs::read_to_string(self.folder.path().join("token")).unwrap()
    }

    /// A client's request, by who has the token.
    pub fn request(&self) -> String {
        let (host, token) = (self.endpoint, self.token());
        format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n")
    }

    /// The answer to it; without a status when there is none.
    pub fn get(&self) -> (Option<u16>, String) {
        answer(self.endpoint, &self.request())
    }

    /// What the health address tells.
    pub fn told(&self, path: &str) -> (Option<u16>, String) {
        answer(self.health, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }
}

/// Ends with the test.
pub struct Running(Child);

impl Running {
    pub fn file(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.0.id()).into()
    }

    pub fn end(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
        self.0.wait().unwrap()
    }

    /// Its resident memory in KiB.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(self.file("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program that ends by itself says, and its code.
pub fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Where anybody may run it: the folder that cargo builds in may be closed to others.
fn program() -> PathBuf {
    static COPY: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_codriver"), folder.path().join("codriver")).unwrap();
        folder
    });
    COPY.path().join("codriver")
}

/// Ports that were free a moment ago.
fn free() -> [SocketAddr; 2] {
    let held = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap())
}

fn answer(address: SocketAddr, request: &str) -> (Option<u16>, String) {
    let mut text = String::new();
    let heard = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        stream.read_to_string(&mut text)
    });
    match (heard, text.split_once("\r\n\r\n")) {
        (Ok(_), Some((head, body))) => (head.get(9..12).and_then(|code| code.parse().ok()), body.to_owned()),
        _ => (None, String::new()),
    }
}

pub fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happens() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}
