//! `codriver sweep`: removes what dead drivers left behind, where no sidecar could: nodes that vanished, pods that were forced
//! away, jobs that override every label. A CronJob's work.
//!
//! The rooms: [`survey`] lists, the leftovers before the pods; [`decide`] says what may go, and is the place to read about
//! safety; [`report`] says it.

mod decide;
mod report;
mod survey;

use std::{
    env, fs,
    io::{Write as _, stdout},
    time::{Duration, SystemTime},
};

use codriver_kube::{Client, Collection, Config, Error, Kind, View};
use tokio::time::timeout;

use self::{
    decide::{Application, Removal, Wish, decide},
    survey::Survey,
};
use crate::{
    args::{Output, SweepArgs},
    cleanup::{
        reaction::{Reaction, react},
        requests::How,
        strays::selector,
    },
    failure::Failure,
};

/// For one sweep in all; the next one takes up where it stopped.
const DEADLINE: Duration = Duration::from_secs(300);
/// Tries of one removal in a row.
const TRIES: u32 = 4;

/// What came of a sweep.
#[derive(Debug, Default)]
struct Outcome {
    applications: Vec<Application>,
    removed: usize,
    problems: Vec<Error>,
}

/// Sweeps once, says what went, and returns 0. Takes at most [`DEADLINE`].
///
/// # Errors
/// When something was left that should have gone: the first reason, once all else is done.
pub async fn run(args: &SweepArgs) -> Result<u8, Failure> {
    let namespace = namespace(args)?;
    let config = Config::in_cluster(|name| env::var(name).ok(), &args.service_account)
        .map_err(|error| Failure::Configuration(error.0))?;
    let client = Client::new(config);
    let wish = Wish { older_than: args.older_than, orphans: args.orphans, now: SystemTime::now() };
    let mut outcome = Outcome::default();
    let in_time = timeout(DEADLINE, sweep(&client, &namespace, &wish, args.dry_run, &mut outcome)).await;
    say(args, &outcome, wish.now);
    for problem in outcome.problems.iter().skip(1) {
        tracing::warn!(%problem, "not swept");
    }
    match (in_time, outcome.problems.into_iter().next()) {
        (Err(_), _) => Err(Failure::NotInTime(format!(
            "the sweep was not done within {} s and removed {} objects; hint: the next one takes the rest",
            DEADLINE.as_secs(),
            outcome.removed
        ))),
        (Ok(()), Some(problem)) => Err(problem.into()),
        (Ok(()), None) => Ok(0),
    }
}

/// The one to sweep; empty for all.
fn namespace(args: &SweepArgs) -> Result<String, Failure> {
    if args.all_namespaces {
        return Ok(String::new());
    }
    let own = || fs::read_to_string(args.service_account.join("namespace")).ok();
    let name = args.namespace.clone().or_else(own).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.ok_or_else(|| {
        let path = args.service_account.join("namespace");
        Failure::Configuration(vec![format!(
            "which namespace to sweep is not known: {} cannot be read; hint: --namespace NAME or --all-namespaces",
            path.display()
        )])
    })
}

async fn sweep(client: &Client, namespace: &str, wish: &Wish, dry_run: bool, outcome: &mut Outcome) {
    let mut survey = Survey::new(client, namespace);
    match look(&mut survey, wish, &mut outcome.problems).await {
        Ok(applications) => outcome.applications = applications,
        Err(error) => outcome.problems.push(error),
    }
    for application in outcome.applications.iter().filter(|_| !dry_run) {
        for removal in &application.removals {
            match remove(&mut survey, application, removal).await {
                Ok(removed) => outcome.removed += removed,
                Err(error) => outcome.problems.push(error),
            }
        }
    }
}

async fn look(survey: &mut Survey<'_>, wish: &Wish, problems: &mut Vec<Error>) -> Result<Vec<Application>, Error> {
    let leftovers = survey.leftovers(problems).await?;
    if leftovers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(decide(&leftovers, &survey.pods(&leftovers).await?, wish))
}

/// The driver is dead, so executors get no time to end by themselves.
async fn remove(survey: &mut Survey<'_>, of: &Application, removal: &Removal) -> Result<usize, Error> {
    let grace = (removal.kind == Kind::Pods).then_some(0);
    let selector = selector(removal.kind, &of.application_id);
    let collection = Collection { kind: removal.kind, namespace: &of.namespace, selector: &selector, fields: "" };
    let how = How::Delete { view: View::Metadata, grace };
    let (mut removed, mut tries) = (0, 0);
    loop {
        let result = if removal.together {
            survey.requests.pages(&collection, how, &mut |_| removed += 1).await
        } else {
            let mut result = Ok(());
            for object in removal.objects.iter().skip(removed) {
                result = survey.requests.one(removal.kind, &of.namespace, object, grace).await;
                if result.is_err() {
                    break;
                }
                removed += 1;
            }
            result
        };
        match result {
            Ok(()) => return Ok(removed),
            Err(error) => match react(&error, survey.requests.failed_in_a_row()) {
                Reaction::NothingThere => return Ok(removed),
                Reaction::Wait(pause) if tries + 1 < TRIES => survey.requests.wait(error, pause).await,
                _ => return Err(error),
            },
        }
        tries += 1;
    }
}

/// A reader who has gone is no reason to fail.
fn say(args: &SweepArgs, outcome: &Outcome, now: SystemTime) {
    let text = match args.output {
        Output::Table => report::table(&outcome.applications, now),
        Output::Json => {
            let problems: Vec<_> = outcome.problems.iter().map(ToString::to_string).collect();
            format!("{}\n", report::json(&outcome.applications, args.dry_run, outcome.removed, &problems))
        }
    };
    let _ = stdout().write_all(text.as_bytes());
    if !outcome.applications.is_empty() {
        let objects: usize = outcome.applications.iter().flat_map(Application::counts).sum();
        let message = if args.dry_run { "would be removed" } else { "swept" };
        tracing::info!(applications = outcome.applications.len(), objects, removed = outcome.removed, "{message}");
    }
}
