//! Before the driver starts: may its service account do what Spark does, and what codriver does after it?
//!
//! Spark with a permission too few fails late and unclearly, or works and leaves its executors behind. So the API server
//! is asked once which rules hold, and what is missing is told with the Role to paste. Whoever cannot ask is not held up:
//! the driver may run without an API server of its own, on a laptop or in local mode.

mod needs;
mod role;

use std::path::Path;
use std::time::Duration;

use codriver_kube::{Client, Config};

pub use self::needs::{Allocator, Item, Missing, Severity, missing};
use crate::checks::Checks;
use crate::failure::{Exit, Failure, Fault};

/// The check's name.
pub const CHECK: &str = "API rights";
/// For the question and its answer. Init containers hold up the driver, so not longer.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preflight {
    /// Everything that is needed is allowed.
    Allowed,
    /// Something is not.
    Missing(Missing),
    /// Nobody knows, for this reason; worth a warning.
    NotChecked(String),
}

/// Asks the API server of the cluster that this pod runs in what the service account may do in the namespace. `lookup`
/// reads the environment; `service_account` is the folder that the kubelet fills. Blocks for at most [`PATIENCE`].
pub async fn check(
    lookup: impl Fn(&str) -> Option<String>,
    service_account: &Path,
    namespace: &str,
    allocator: Allocator,
) -> Preflight {
    match Config::in_cluster(lookup, service_account) {
        Ok(config) => ask(config, namespace, allocator).await,
        Err(error) => Preflight::NotChecked(error.to_string()),
    }
}

async fn ask(config: Config, namespace: &str, allocator: Allocator) -> Preflight {
    let client = Client::new(config);
    match tokio::time::timeout(PATIENCE, client.self_subject_rules(namespace)).await {
        Ok(Ok(rules)) => missing(&rules, allocator).map_or(Preflight::Allowed, Preflight::Missing),
        Ok(Err(error)) => Preflight::NotChecked(error.to_string()),
        Err(_) => Preflight::NotChecked(format!("the API server said nothing within {} s", PATIENCE.as_secs())),
    }
}

/// Notes what came of it. `service_account`: whose rules they are.
pub fn note(outcome: Preflight, namespace: &str, service_account: &str, checks: &mut Checks) {
    match outcome {
        Preflight::Allowed => checks.fine(CHECK, format!("service account {service_account} may do what Spark does")),
        Preflight::NotChecked(reason) => {
            let remedy = "mount the service account's token (automountServiceAccountToken), which the driver needs too; \
                          CODRIVER_PREFLIGHT=false leaves the question out";
            checks.warn(CHECK, vec![Fault::new(format!("the API server was not asked: {reason}"), remedy)]);
        }
        Preflight::Missing(missing) => {
            let remedy = format!("apply this:\n{}", missing.yaml(namespace, service_account));
            let fault = Fault::new(missing.cause(namespace, service_account), remedy.trim_end());
            match missing.severity() {
                Severity::Fatal => checks.fail(CHECK, Failure { exit: Exit::Refused, faults: vec![fault] }),
                Severity::Leaks | Severity::Degraded => checks.warn(CHECK, vec![fault]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that answers the one request it gets with this, or not at all.
    fn server(answer: Option<&'static str>) -> Config {
        Config::over(move || {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.ends_with(br#""spec":{"namespace":"etl"}}"#) {
                    theirs.read_buf(&mut seen).await.unwrap();
                }
                match answer {
                    Some(answer) => theirs.write_all(answer.as_bytes()).await.unwrap(),
                    None => std::future::pending().await,
                }
            });
            Ok(ours)
        })
    }

    fn answer(rules: &str) -> &'static str {
        let body = format!(r#"{{"status":{{"resourceRules":[{rules}],"incomplete":false}}}}"#);
        format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{body}", body.len()).leak()
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_says_is_compared_with_what_is_needed() {
        let all = r#"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#;
        assert_eq!(ask(server(Some(answer(all))), "etl", Allocator::Direct).await, Preflight::Allowed);
        let some = r#"{"verbs":["get","list","watch"],"apiGroups":[""],"resources":["pods"]}"#;
        let Preflight::Missing(missing) = ask(server(Some(answer(some))), "etl", Allocator::Direct).await else {
            panic!()
        };
        assert_eq!(missing.severity(), Severity::Fatal);
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_ask_is_not_held_up() {
        let begin = tokio::time::Instant::now();
        let silent = ask(server(None), "etl", Allocator::Direct).await;
        assert_eq!(silent, Preflight::NotChecked("the API server said nothing within 3 s".into()));
        assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
        let Preflight::NotChecked(reason) = ask(server(Some(refusal)), "etl", Allocator::Direct).await else {
            panic!()
        };
        assert!(reason.starts_with("cannot create selfsubjectrulesreviews in namespace etl: forbidden"), "{reason}");
        let outside = check(|_| None, Path::new("/nowhere"), "etl", Allocator::Direct).await;
        let Preflight::NotChecked(reason) = outside else { panic!() };
        assert!(reason.contains("is this a pod?") && reason.contains("automountServiceAccountToken"), "{reason}");
    }
}
