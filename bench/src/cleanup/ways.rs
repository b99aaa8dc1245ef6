//! The ways to remove executors that are compared.

use std::{
    fmt,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use codriver::cleanup::{Target, Wishes, cleanup};

use crate::{Error, cluster::Cluster, executors::Application};

/// Far more than the slowest is given, so that all are seen to their end.
const DEADLINE: Duration = Duration::from_secs(1800);
/// For a program to start, load its libraries and wait for its stdin: what is compared are removals.
const START: Duration = Duration::from_millis(100);
/// The API server cuts a request after 60 s, and what it has deleted by then stays deleted.
const MOST_REQUESTS: u32 = 20;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// What the sidecar does after a driver was killed: pods, ConfigMaps, claims, and looks until two found nothing.
    Codriver,
    /// One deletecollection of the pods with everything in one answer, by curl.
    Raw,
    /// What a person would type.
    Kubectl,
}

/// One removal.
#[derive(Debug)]
pub struct Removal {
    /// When it began.
    pub began: Instant,
    /// Until it had its last answer.
    pub took: Duration,
    /// To the API server.
    pub requests: u32,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Codriver => "codriver",
            Self::Raw => "raw",
            Self::Kubectl => "kubectl",
        })
    }
}

impl Way {
    /// The way with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, Error> {
        let all = [Self::Codriver, Self::Raw, Self::Kubectl];
        all.into_iter().find(|way| way.to_string() == name).ok_or_else(|| format!("no way is called {name}").into())
    }

    /// Removes the executors.
    ///
    /// # Errors
    /// When some are left, with what was said.
    pub async fn remove(self, cluster: &Cluster, application: &Application) -> Result<Removal, Error> {
        match self {
            Self::Codriver => codriver(cluster, application).await,
            Self::Raw => raw(cluster, application),
            Self::Kubectl => kubectl(cluster, application),
        }
    }
}

async fn codriver(cluster: &Cluster, application: &Application) -> Result<Removal, Error> {
    // Connects with the first request, as curl does.
    let client = cluster.client()?;
    let target = Target {
        namespace: cluster.namespace.clone(),
        application_id: application.application_id.clone(),
        driver_uid: application.driver_uid.clone(),
        ended_at: SystemTime::now().into(),
        live: Vec::new(),
        grace: 0,
        wishes: Wishes::default(),
    };
    let began = Instant::now();
    let outcome = cleanup(&client, &target, DEADLINE).await;
    let took = began.elapsed();
    if !outcome.is_complete() || outcome.pods.removed != application.executors {
        return Err(format!("not clean: {outcome:?}").into());
    }
    Ok(Removal { began, took, requests: outcome.requests })
}

fn raw(cluster: &Cluster, application: &Application) -> Result<Removal, Error> {
    let options =
        r#"{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Background"}"#;
    let (mut began, mut took) = (None, Duration::ZERO);
    for requests in 1..=MOST_REQUESTS {
        let mut curl = Command::new("curl")
            .args(["--silent", "--fail", "--output", "/dev/null", "--request", "DELETE", "--data", options])
            .args(["--header", "Content-Type: application/json", "--header", "@-", "--cacert"])
            .arg(&cluster.authority)
            .arg(cluster.pods(&application.selector()))
            .stdin(Stdio::piped())
            .spawn()?;
        let mut stdin = curl.stdin.take().ok_or("curl has no stdin")?;
        // It has started by then, and waits for the header.
        thread::sleep(START);
        let start = Instant::now();
        stdin.write_all(cluster.authorization()?.as_bytes())?;
        drop(stdin);
        let status = curl.wait()?;
        took += start.elapsed();
        let began = *began.get_or_insert(start);
        if status.success() {
            return Ok(Removal { began, took, requests });
        }
    }
    Err(format!("{MOST_REQUESTS} requests were not enough").into())
}

fn kubectl(cluster: &Cluster, application: &Application) -> Result<Removal, Error> {
    let began = Instant::now();
    let kubectl = Command::new(&cluster.kubectl)
        .args(["delete", "pods", "--grace-period=0", "--force", "--v=6", "--namespace", &cluster.namespace])
        .args(["--selector", &application.selector()])
        .output()?;
    let took = began.elapsed();
    let log = String::from_utf8_lossy(&kubectl.stderr);
    if !kubectl.status.success() {
        return Err(format!("kubectl: {log}").into());
    }
    // It logs each answer.
    let requests = log.lines().filter(|line| line.contains(r#""Response" verb="#)).count();
    Ok(Removal { began, took, requests: u32::try_from(requests)? })
}
