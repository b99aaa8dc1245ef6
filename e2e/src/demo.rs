//! `make demo`: a real PySpark job on `s3://` as its service account, once well, once with an exit code, once killed; and a table
//! of what Kubernetes and the sidecar said, and of what was left behind.

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

use codriver_e2e::{
    Result, containers,
    driver::{Driver, Script, container, is_over},
    stage::{Stage, cannot_be_had, keys},
};
use serde_json::Value;

/// One line of the table.
struct Row {
    case: &'static str,
    code: Option<i64>,
    report: Value,
    gone_after: Option<Duration>,
    left: usize,
    wrong: Vec<String>,
}

fn main() -> ExitCode {
    match demo() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<bool> {
    if let Some(why) = cannot_be_had() {
        return Err(format!("this needs {why}"));
    }
    let stage = Stage::prepare("demo")?;
    let rows = [main_job(&stage)?, failing_job(&stage)?, killed_job(&stage)?];
    print(&rows);
    Ok(rows.iter().all(|row| row.wrong.is_empty()))
}

fn main_job(stage: &Stage) -> Result<Row> {
    let case = "job that ends well";
    let output = stage.uri("output/wordstats");
    let script = Script::spark(stage, "wordstats", "wordstats.py", &[stage.uri("input"), output.clone()]);
    let driver = Driver::start(stage, &script)?;
    let mut row = play(case, &driver, follow(case, &driver)?, None)?;
    row.expect(0, "farewell");
    let said = driver.log("driver")?;
    said.lines().filter(|line| line.starts_with("wordstats:")).for_each(|line| println!("  {line}"));
    if !keys(&output)?.iter().any(|key| key.contains(".parquet")) {
        row.wrong.push(format!("no parquet file under {output}"));
    }
    Ok(row)
}

fn failing_job(stage: &Stage) -> Result<Row> {
    let script = Script::spark(stage, "fail7", "fail7.py", &[stage.uri("input")]);
    let case = "job that exits 7";
    let driver = Driver::start(stage, &script)?;
    let mut row = play(case, &driver, follow(case, &driver)?, None)?;
    row.expect(7, "farewell");
    Ok(row)
}

fn killed_job(stage: &Stage) -> Result<Row> {
    let script = Script::spark(stage, "killed", "long.py", &[stage.uri("input")]);
    let driver = Driver::start(stage, &script)?;
    let case = "job killed mid-run";
    let began = follow(case, &driver)?;
    driver.until_it_says("codriver-e2e: running")?;
    eprintln!("{case}: its executors work after {} s, and now SIGKILL", began.elapsed().as_secs());
    let killed = SystemTime::now();
    // Under a cluster of yours there is no way to the container but its own shell, and that cannot kill the first process.
    let evidence = if containers::are_reached() {
        containers::kill(&driver.container_id("driver")?)?;
        "container status"
    } else {
        let _cut_off = stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "sh", "-c", "kill -9 -1"]);
        "farewell"
    };
    let mut row = play(case, &driver, began, Some(killed))?;
    row.expect(137, evidence);
    Ok(row)
}

/// Says how far a pod is until its driver runs.
fn follow(case: &str, driver: &Driver) -> Result<Instant> {
    let began = Instant::now();
    eprintln!("{case}: pod {} … about 30 s", driver.name);
    let say = |what: &str| eprintln!("{case}: {what} after {} s", began.elapsed().as_secs());
    let state = |name: &'static str, wanted: &'static str| {
        move |pod: &Value| (!container(pod, name)["state"][wanted].is_null() || is_over(pod)).then_some(())
    };
    driver.until(state("codriver-init", "terminated"))?;
    say("S3 said yes and the configuration is written");
    driver.until(state("driver", "running"))?;
    say("the driver runs");
    Ok(began)
}

/// Waits for the end and looks at what is left.
fn play(case: &'static str, driver: &Driver, began: Instant, killed: Option<SystemTime>) -> Result<Row> {
    let end = driver.end()?;
    let ended = killed.map_or_else(|| driver.ended_at(), Ok)?;
    let left = driver.leftovers()?;
    let gone_after = driver.executors_gone_after(ended);
    eprintln!("{case}: the pod is over after {} s", began.elapsed().as_secs());
    let mut wrong: Vec<String> = left.iter().map(|name| format!("left behind: {name}")).collect();
    if driver.executors.seen().len() < 2 {
        wrong.push(driver.explain("there were fewer than two executors"));
    }
    Ok(Row { case, code: end.code, report: end.report, gone_after, left: left.len(), wrong })
}

impl Row {
    fn expect(&mut self, code: i64, evidence: &str) {
        if self.code != Some(code) {
            self.wrong.push(format!("{}: Kubernetes saw exit code {:?}, not {code}", self.case, self.code));
        }
        if self.report["evidence"] != evidence {
            self.wrong.push(format!("{}: the evidence was {}, not {evidence}", self.case, self.report["evidence"]));
        }
    }
}

fn print(rows: &[Row]) {
    let head = ["case", "exit code", "the sidecar said", "on what evidence", "executors gone after", "left"]
        .map(str::to_owned);
    let lines = rows.iter().map(|row| {
        [
            row.case.to_owned(),
            row.code.map_or("none".into(), |code| code.to_string()),
            format!("the driver {}", row.report["verdict"].as_str().unwrap_or("(nothing)")),
            [row.report["evidence"].as_str(), row.report["reason"].as_str()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(": "),
            row.gone_after.map_or("never".into(), |after| format!("{:.1} s", after.as_secs_f64())),
            row.left.to_string(),
        ]
    });
    let table: Vec<_> = std::iter::once(head).chain(lines).collect();
    let width = |column: usize| {
        table.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    println!();
    for line in &table {
        let cells: Vec<_> =
            line.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column))).collect();
        println!("  {}", cells.join("  ").trim_end());
    }
    println!();
    rows.iter().flat_map(|row| &row.wrong).for_each(|wrong| println!("  wrong: {wrong}"));
}
