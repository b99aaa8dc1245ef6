//! As much of a driver's pod as clients see: what codriver-init has written, and a codriver that serves credentials.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::world::World;

/// What codriver-init writes. All pods are on one machine here, so only one of them can have it.
const ADDRESS: &str = "127.0.0.1:8687";
/// For the start of an endpoint.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pod. Its endpoint ends when this is dropped.
pub struct Pod {
    folder: TempDir,
    serve: Command,
    health: String,
    endpoint: Child,
}

impl Pod {
    /// Starts one with these settings, in the mode `endpoint`, on the n-th of this machine's endpoints.
    ///
    /// # Errors
    /// With the log of what did not start.
    pub fn start(world: &World, number: u16, settings: &[(&str, &str)]) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut init = Command::new(&world.init);
        init.env_clear().env("CODRIVER_MODE", "endpoint").env("AWS_ENDPOINT_URL_S3", world.door.url());
        init.env("AWS_ENDPOINT_URL_STS", world.sts.url()).env("CODRIVER_DIR", path("volume"));
        init.env("CODRIVER_WRAPPER_SOURCE", &world.codriver).env("CODRIVER_TERMINATION_LOG", path("message"));
        for (name, value) in [
            ("CODRIVER_EXECUTOR_IMAGE", "spark:4.3.0"),
            ("CODRIVER_EXECUTOR_SERVICE_ACCOUNT", "spark-executor"),
            ("CODRIVER_IMAGE", "codriver:1"),
            ("POD_IP", "10.1.2.3"),
            ("POD_NAME", "daily-0"),
            ("POD_NAMESPACE", "etl"),
            ("POD_UID", "5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a"),
        ] {
            init.env(name, value);
        }
        let done = init.envs(settings.iter().copied()).output().unwrap();
        if !done.status.success() {
            return Err(format!("codriver-init: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr)));
        }
        let address = SocketAddr::from(([127, 0, 0, 1], 8687 + number));
        for name in ["volume/env", "volume/endpoint/endpoint.json"] {
            let text = fs::read_to_string(path(name)).unwrap();
            fs::write(path(name), text.replace(ADDRESS, &address.to_string())).unwrap();
        }
        let health = SocketAddr::from(([127, 0, 0, 1], 9687 + number)).to_string();
        let mut serve = Command::new(&world.codriver);
        serve.args(["credentials", "--health", &health]).env_clear().envs(settings.iter().copied());
        serve.env("CODRIVER_ENDPOINT", fs::read_to_string(path("volume/endpoint/endpoint.json")).unwrap());
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(path("log")).unwrap());
        let pod = Self { endpoint: serve.spawn().unwrap(), serve, health, folder };
        pod.await_probe(world)?;
        Ok(pod)
    }

    /// Kills the endpoint, as the kernel would.
    pub fn kill(&mut self) {
        self.endpoint.kill().unwrap();
        self.endpoint.wait().unwrap();
    }

    /// Starts it again, as the kubelet would.
    ///
    /// # Errors
    /// With its log, when it does not come.
    pub fn start_again(&mut self, world: &World) -> Result<(), String> {
        self.endpoint = self.serve.spawn().unwrap();
        self.await_probe(world)
    }

    /// As the startup probe does.
    fn await_probe(&self, world: &World) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let mut probe = Command::new(&world.codriver);
            probe.args(["--log=off", "probe", "--address", &self.health]);
            if probe.status().unwrap().success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("codriver credentials: {}", fs::read_to_string(self.folder.path().join("log")).unwrap()))
    }

    /// A path in the volume.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("volume").join(name)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.endpoint.kill();
        let _ = self.endpoint.wait();
    }
}
