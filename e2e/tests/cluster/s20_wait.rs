//! `codriver wait` as a step of a workflow, with no right that it does not need: for drivers that it finds in other pods.

use codriver_e2e::{Result, faults::Faults, spark::Spark, stage::Stage};
use serde_json::json;

use crate::{
    Needs, Test,
    cases::{evict, side_by_side},
    submission,
    waiter::{ACCOUNT, account, start, wait},
};

pub const ALL: &[Test] = &[
    ("s20_a_cluster_mode_driver_of_spark_is_found_and_its_code_is_the_steps", Needs::AnyCluster, |stage| {
        rights(stage)?;
        side_by_side(&SUBMITTED, |case| submitted(stage, case))
    }),
    ("s20_a_driver_that_is_taken_away_is_lost_or_has_its_own_code", Needs::AnyCluster, |stage| {
        rights(stage)?;
        side_by_side(&TAKEN, |case| taken(stage, case))
    }),
    ("s20_connections_that_break_off_lose_and_double_no_line", Needs::OurCluster, severed),
    ("s20_without_the_right_to_look_the_rule_is_printed", Needs::AnyCluster, forbidden),
];

/// What `docs/wait.md` says, and nothing more.
fn rights(stage: &Stage) -> Result<()> {
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]);
    account(stage, ACCOUNT, &rules)
}

/// A job by `spark-submit --deploy-mode cluster`.
struct Submitted {
    name: &'static str,
    code: i64,
}

const SUBMITTED: [Submitted; 2] = [Submitted { name: "s20-well", code: 0 }, Submitted { name: "s20-badly", code: 7 }];

fn submitted(stage: &Stage, case: &Submitted) -> Result<()> {
    // As spark-submit labels it.
    let selector = format!("spark-role=driver,spark-app-name={}", case.name);
    stage.kubectl(&["delete", "pod", "-l", &selector])?;
    let arguments = ["--selector", &selector, "--follow-log", "--for-pod", "120"];
    let step = wait(stage, &format!("{}-step", case.name), &arguments, |_| {})?;
    step.until_it_says("no such pod yet")?;
    let submit = submission::submit(
        stage,
        Spark::OLDER,
        case.name,
        &["print('job: works', flush=True)", &format!("sys.exit({})", case.code)],
    )?;
    // Spark's own word (SPARK-26365).
    submit.end()?.is(0, &[])?;
    step.end()?.is(case.code, &["no such pod yet", "job: works", &format!("ended with code {}", case.code)])?;
    submission::remove(stage, &selector)
}

/// A driver that codriver knows nothing of, and what happens to it.
struct Taken {
    name: &'static str,
    how: fn(&Stage, &str) -> Result<()>,
    code: i64,
    words: &'static str,
}

const TAKEN: [Taken; 3] = [
    // It ends as it wants to, and that is known.
    Taken {
        name: "s20-deleted",
        how: |stage, name| stage.kubectl(&["delete", "pod", name]).map(drop),
        code: 4,
        words: "ended with code 4 while its pod was being deleted",
    },
    Taken {
        name: "s20-forced",
        how: |stage, name| stage.kubectl(&["delete", "pod", name, "--grace-period=0", "--force"]).map(drop),
        code: 75,
        words: "it was deleted, and nobody saw its driver end",
    },
    Taken { name: "s20-evicted", how: evict, code: 75, words: "EvictionByEvictionAPI" },
];

fn taken(stage: &Stage, case: &Taken) -> Result<()> {
    let image = stage.spark_images.get(Spark::NEWEST)?;
    let code = if case.code == 75 { 143 } else { case.code };
    let script = format!("trap 'exit {code}' TERM; echo works; while :; do sleep 0.1; done");
    let driver = start(stage, case.name, &image, &["sh", "-c", &script], |_| {})?;
    let step = wait(stage, &format!("{}-step", case.name), &[&driver.name, "--follow-log"], |_| {})?;
    step.until_it_says("works")?;
    (case.how)(stage, &driver.name)?;
    step.end()?.is(case.code, &[case.words])
}

/// The watch and the log that is followed break off three times.
fn severed(stage: &Stage) -> Result<()> {
    rights(stage)?;
    let mut faults = Faults::start(&["severed"])?;
    let image = stage.spark_images.get(Spark::NEWEST)?;
    let script = "seq 90 | while read i; do echo line $i; sleep 0.1; done; exit 5";
    let driver = start(stage, "s20-severed", &image, &["sh", "-c", script], |_| {})?;
    let redirect = faults.redirect();
    let step = wait(stage, "s20-severed-step", &[&driver.name, "--follow-log"], |pod| {
        pod["spec"]["containers"][0]["env"] = json!([]);
        redirect(&mut pod["spec"]["containers"][0]);
    })?;
    for line in ["line 5", "line 35", "line 65"] {
        step.until_it_says(line)?;
        faults.begin()?;
    }
    let ended = step.end()?;
    ended.is(5, &["ended with code 5", "cannot watch pods", "the driver's log: cannot get pods/log"])?;
    let shown: Vec<&str> = ended.log.lines().filter(|line| line.starts_with("line ")).collect();
    let written: Vec<String> = (1..=90).map(|line| format!("line {line}")).collect();
    if shown == written { Ok(()) } else { Err(format!("lines are lost or doubled: {shown:?}")) }
}

/// The namespace's own account may do nothing.
fn forbidden(stage: &Stage) -> Result<()> {
    let step =
        wait(stage, "s20-forbidden", &["s20-nobody"], |pod| pod["spec"]["serviceAccountName"] = json!("default"))?;
    step.end()?.is(77, &["the service account's Role lacks this rule"])
}
