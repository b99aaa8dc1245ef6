//! `codriver wait` as a pod, as a step of a workflow is; and pods of which codriver knows nothing, to be waited for.

use std::time::Duration;

use codriver_e2e::{
    Result,
    driver::is_over,
    kubectl::{Following, get},
    stage::Stage,
};
use serde_json::{Value, json};

/// From its start to its end; what it waits for is real Spark at most.
const DEADLINE: Duration = Duration::from_secs(200);
/// Its service account, after [`account`].
pub const ACCOUNT: &str = "s20-waiter";

/// A pod with one container.
pub struct Step<'a> {
    stage: &'a Stage,
    /// Its name.
    pub name: String,
}

/// How it ended.
pub struct Ended {
    pub code: Option<i64>,
    pub log: String,
}

/// A service account with these rules, in a Role of the same name.
pub fn account(stage: &Stage, name: &str, rules: &Value) -> Result<()> {
    let group = "rbac.authorization.k8s.io";
    stage.apply(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": name}, "rules": rules}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name}]}),
    ])
}

/// `codriver wait` with these arguments.
pub fn wait<'a>(stage: &'a Stage, name: &str, arguments: &[&str], change: impl FnOnce(&mut Value)) -> Result<Step<'a>> {
    let command = [&["/bin/codriver", "wait"], arguments].concat();
    start(stage, name, &stage.codriver_image, &command, |pod| {
        pod["spec"]["serviceAccountName"] = json!(ACCOUNT);
        change(pod);
    })
}

/// A pod that the restricted Pod Security Standard lets in, with the user of Spark's image.
pub fn start<'a>(
    stage: &'a Stage,
    name: &str,
    image: &str,
    command: &[&str],
    change: impl FnOnce(&mut Value),
) -> Result<Step<'a>> {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec()});
    pod["spec"]["containers"][0]["name"] = json!("driver");
    pod["spec"]["containers"][0]["image"] = json!(image);
    pod["spec"]["containers"][0]["command"] = json!(command);
    change(&mut pod);
    stage.kubectl(&["delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force"])?;
    stage.apply(&[pod])?;
    Ok(Step { stage, name: name.to_owned() })
}

/// What the restricted Pod Security Standard asks for.
pub fn spec() -> Value {
    json!({"restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 185, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]})
}

impl Step<'_> {
    /// Waits until its log has a line with these words.
    pub fn until_it_says(&self, words: &str) -> Result<()> {
        self.until(|pod| pod["status"]["containerStatuses"][0]["containerID"].is_string() || is_over(pod))?;
        let arguments = ["-n", &self.stage.namespace, "logs", "--follow", &self.name];
        let mut log = Following::start(&arguments, DEADLINE)?;
        while let Some(line) = log.line() {
            if line.contains(words) {
                return Ok(());
            }
        }
        Err(format!("{} never said `{words}`, but:\n{}", self.name, self.log()?))
    }

    /// Waits for its end.
    pub fn end(&self) -> Result<Ended> {
        self.until(is_over)?;
        let pod = get(&["-n", &self.stage.namespace, "pod", &self.name])?;
        let code = pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"].as_i64();
        Ok(Ended { code, log: self.log()? })
    }

    fn log(&self) -> Result<String> {
        self.stage.kubectl(&["logs", &self.name])
    }

    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let words = ["-n", &self.stage.namespace, "get", "pod", &self.name, "--watch", "-o", "json"];
        let came = Following::start(&words, DEADLINE)?.find(|pod| wanted(pod).then_some(()));
        came.ok_or_else(|| format!("{} did not come so far; its log: {}", self.name, self.log().unwrap_or_default()))
    }
}

impl Ended {
    /// It ended with this code, and said these words.
    pub fn is(&self, code: i64, words: &[&str]) -> Result<()> {
        match words.iter().find(|words| !self.log.contains(**words)) {
            None if self.code == Some(code) => Ok(()),
            missing => Err(format!(
                "exit code {:?}, not {code}, or `{}` was not said; its log:\n{}",
                self.code,
                missing.unwrap_or(&""),
                self.log
            )),
        }
    }
}
