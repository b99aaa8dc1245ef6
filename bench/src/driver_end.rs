//! From a driver's end to the end of its last executor: with codriver, and with owner references alone.
//!
//! Usage: bench-driver-end RESULTS NAMESPACE EXECUTORS RUNS
//!
//! RESULTS is a file to which each end adds a line of JSON. The executors are containers that run and end at once when they
//! are told to; an executor's JVM takes a second or two more, with owner references alone. Those do nothing when a driver
//! ends, only when its pod is deleted: that is when their clock starts here.

use std::{
    env,
    fs::OpenOptions,
    io::Write as _,
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};

use codriver_e2e::{
    Result,
    driver::{Driver, Script},
    executors::Executors,
    kubectl::{HERE, output, within},
    scripts::load,
    spark::{Images, Spark},
    stage::Stage,
};
use serde_json::{Value, json};

/// For all executors to run. On two cores some start in a second.
const DEADLINE: Duration = Duration::from_secs(280);
/// For all executors to go.
const PATIENCE: Duration = Duration::from_secs(120);
/// What an executor runs.
const EXECUTOR: &str = "trap 'exit 0' TERM; sleep 3600 & wait";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [results, namespace, executors, runs] = arguments.as_slice() else {
        return Err("usage: bench-driver-end RESULTS NAMESPACE EXECUTORS RUNS".into());
    };
    let number = |text: &String| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let (executors, runs) = (number(executors)?, number(runs)?);
    let stage = Stage {
        namespace: namespace.clone(),
        bucket: "demo".into(),
        codriver_image: load(&["../images/build.sh"])?,
        spark_images: Images::default(),
    };
    for run in 1..=runs {
        for (way, gone) in [
            ("codriver", with_codriver(&stage, &format!("driver-end-{run}"), executors)?),
            ("owner references", with_owner_references(&stage, &format!("owner-end-{run}"), executors)?),
        ] {
            let line = json!({ "way": way, "executors": executors, "gone": gone.as_secs_f64() });
            println!("{line}");
            let mut file = OpenOptions::new().create(true).append(true).open(results).map_err(|e| e.to_string())?;
            writeln!(file, "{line}").map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// A driver under the wrapper, with the sidecar beside it, that ends by a signal.
fn with_codriver(stage: &Stage, name: &str, executors: usize) -> Result<Duration> {
    let driver = Driver::start(stage, &Script::shell(name, "echo ready; exec sleep infinity"))?;
    driver.until_it_says("ready")?;
    run_executors(stage, name, &format!("{}-1", driver.application), executors)?;
    stage.kubectl(&["exec", name, "--container=driver", "--", "kill", "1"])?;
    driver.end()?;
    let gone = driver.executors_gone_after(driver.ended_at()?);
    gone.ok_or_else(|| driver.explain("the executors stayed"))
}

/// A pod that is deleted.
fn with_owner_references(stage: &Stage, name: &str, executors: usize) -> Result<Duration> {
    stage.apply(&[json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec(stage)?})])?;
    let watched = Executors::watch(&stage.namespace, name, DEADLINE + PATIENCE)?;
    run_executors(stage, name, name, executors)?;
    let (began, start) = (SystemTime::now(), Instant::now());
    stage.kubectl(&["delete", "pod", name, "--grace-period=0", "--force"])?;
    while start.elapsed() < PATIENCE {
        let gone: Option<Vec<_>> = watched.seen().into_values().map(|executor| executor.gone).collect();
        if let Some(last) = gone.and_then(|gone| gone.into_iter().max()) {
            return Ok(last.duration_since(began).unwrap_or_default());
        }
        sleep(Duration::from_millis(50));
    }
    Err(format!("of {executors} executors some were there after {PATIENCE:?}"))
}

/// Makes executors that this pod owns, and waits until they run.
fn run_executors(stage: &Stage, owner: &str, application_id: &str, executors: usize) -> Result<()> {
    let spec = spec(stage)?;
    let uid = stage.kubectl(&["get", "pod", owner, "--output=jsonpath={.metadata.uid}"])?;
    let executor = |number: usize| -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": format!("{owner}-exec-{number}"),
                "labels": { "spark-app-selector": application_id, "spark-role": "executor", "codriver/driver-uid": uid },
                "ownerReferences": [{ "apiVersion": "v1", "kind": "Pod", "name": owner, "uid": uid, "controller": true }],
            },
            "spec": spec,
        })
    };
    stage.apply(&(1..=executors).map(executor).collect::<Vec<_>>())?;
    let mut wait = within(DEADLINE, &format!("{HERE}/cluster/kubectl"));
    wait.args(["wait", "pods", "--namespace", &stage.namespace, "--for=condition=Ready"]);
    wait.args([
        &format!("--selector=spark-app-selector={application_id}"),
        &format!("--timeout={}s", DEADLINE.as_secs()),
    ]);
    output(&mut wait, "").map(drop)
}

fn spec(stage: &Stage) -> Result<Value> {
    let container = json!({
        "name": "spark-kubernetes-executor",
        "image": stage.spark_images.get(Spark::NEWEST)?,
        "command": ["sh", "-c", EXECUTOR],
    });
    Ok(json!({ "restartPolicy": "Never", "automountServiceAccountToken": false, "containers": [container] }))
}
