//! One run of the program, in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with everything that the pod would give, but the token.
pub struct Pod {
    /// Goes away with the pod.
    pub folder: TempDir,
    /// The environment.
    pub env: BTreeMap<String, String>,
}

/// How it ended.
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// What was written to stdout.
    pub stdout: String,
    /// The log, each line a JSON object.
    pub log: String,
    /// The termination message.
    pub message: String,
}

impl Pod {
    /// A pod that says the least that is needed, with STS and S3 at this URL.
    pub fn new(sts: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wrapper = folder.path().join("codriver");
        fs::write(&wrapper, "#!/bin/sh\necho codriver\n").unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("termination-log"), "").unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let env = [
            ("AWS_ENDPOINT_URL", sts.to_owned()),
            ("AWS_ROLE_ARN", "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA".to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", path("token")),
            ("CODRIVER_DIR", path("volume")),
            ("CODRIVER_EXECUTOR_IMAGE", "spark:4.3.0".to_owned()),
            ("CODRIVER_EXECUTOR_SERVICE_ACCOUNT", "spark-executor".to_owned()),
            ("CODRIVER_HADOOP_VERSION", "3.5.0".to_owned()),
            ("CODRIVER_SPARK_VERSION", "4.3.0".to_owned()),
            ("CODRIVER_STS_BACKOFF", "1".to_owned()),
            ("CODRIVER_TERMINATION_LOG", path("termination-log")),
            ("CODRIVER_TOKEN_WAIT", "0".to_owned()),
            ("CODRIVER_WRAPPER_SOURCE", path("codriver")),
            ("POD_IP", "10.1.2.3".to_owned()),
            ("POD_NAME", "daily-0".to_owned()),
            ("POD_NAMESPACE", "etl".to_owned()),
            ("POD_UID", "5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a".to_owned()),
        ];
        Self { folder, env: env.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// Changes the environment; null removes. `{FOLDER}` stands for the pod's folder, `{STS}` for the URL of STS.
    pub fn set(&mut self, env: &Value, sts: &str) {
        for (name, value) in env.as_object().unwrap() {
            match value.as_str() {
                None => self.env.remove(name),
                Some(value) => {
                    let value = value.replace("{FOLDER}", self.folder.path().to_str().unwrap()).replace("{STS}", sts);
                    self.env.insert(name.clone(), value)
                }
            };
        }
    }

    /// The shared volume.
    pub fn volume(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// Puts the token where it belongs, at once as the kubelet does.
    pub fn bring_token(&self, token: &str) {
        let (new, file) = (self.folder.path().join("token.new"), self.folder.path().join("token"));
        fs::write(&new, format!("{token}\n")).unwrap();
        fs::rename(new, file).unwrap();
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codriver-init"));
        command.args(args);
        self.finish(command, |_, _| {})
    }

    /// Runs a command, which starts the program, to its end; `hear` gets each line of the log as it comes, and the
    /// process that wrote it.
    pub fn finish(&self, mut command: Command, mut hear: impl FnMut(&str, u32)) -> Ended {
        command.env_clear().envs(&self.env).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = String::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            hear(&line, child.id());
            log.push_str(&line);
            log.push('\n');
        }
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        let message = fs::read_to_string(self.folder.path().join("termination-log")).unwrap_or_default();
        Ended { code, stdout, log, message }
    }
}
