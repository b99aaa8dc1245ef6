//! `codriver run`: the wrapper, parent of the driver process.
//!
//! The rooms: [`machine`] decides; [`drive`] turns the world into events and effects into the world; [`driver`], [`companion`],
//! [`alone`], [`descendants`], [`descriptors`], [`memory`], [`output`], [`spawn`], [`stuck`], [`message`] and [`terminal`] each touch one
//! thing; [`attempt`] and [`environment`] prepare the start; [`map`] is the last word on the exit code.

pub mod alone;
pub mod attempt;
pub mod companion;
pub mod descendants;
pub mod descriptors;
pub mod drive;
pub mod driver;
pub mod environment;
pub mod last_words;
pub mod machine;
pub mod map;
pub mod memory;
pub mod message;
pub mod output;
pub mod secrets;
pub mod spawn;
pub mod stuck;
pub mod terminal;

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    args::RunArgs,
    failure::Failure,
    protocol::{Attempt, socket_path},
    run::{
        alone::Alone, companion::Companion, drive::World, environment::Environment, machine::Timer, map::ExitMap,
        memory::Watched, message::Circumstances, spawn::Task, stuck::Lookout,
    },
    signals::Caught,
    spark_conf::SparkConf,
    verdict::Verdict,
};

/// Between SIGTERM and SIGKILL for what a killed driver left (PySpark's python: SIGTERM ends it at once).
const LEFTOVERS: Duration = Duration::from_secs(2);
/// Between that SIGKILL and leaving regardless.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// For the rest of the driver's output, before the wrapper leaves: a reader may be slow.
const REST: Duration = Duration::from_secs(3);
/// With the default grace period of 24 s, a second before Kubernetes' own 30 s are over: who is still there then is killed, and its
/// exit code is lost.
const AFTER_GRACE: Duration = Duration::from_secs(5);

/// How long each timer of the machine is.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    grace: Duration,
}

impl Deadlines {
    /// The length of one timer.
    #[must_use]
    pub fn of(&self, timer: Timer) -> Duration {
        match timer {
            Timer::Grace => self.grace,
            Timer::Leftovers => LEFTOVERS,
            Timer::LastLook => LAST_LOOK,
        }
    }

    /// How long the rest of the driver's output may take: what is left, once the grace period has begun so long ago.
    #[must_use]
    pub fn rest(&self, begun: Option<Duration>) -> Duration {
        begun.map_or(REST, |begun| REST.min((self.grace + AFTER_GRACE).saturating_sub(begun)))
    }
}

/// Supervises the command and returns the exit code to end with. Blocks for as long as the driver lives, and after its end
/// for at most the grace period (or [`LEFTOVERS`]) and [`LAST_LOOK`] and the farewell's deadline together; alone, for the
/// cleanup's if that is longer; and where its output is read along, for [`REST`] more, or what is left of [`AFTER_GRACE`].
///
/// # Errors
/// When signals cannot be caught, or the files in the volume cannot be read or written. Nothing has been started then.
pub async fn run(args: RunArgs) -> Result<u8, Failure> {
    let termination_log = args.termination_log.clone();
    supervise(args).await.inspect_err(|failure| {
        let verdict = Verdict::NeverStarted { code: failure.code(), why: failure.to_string() };
        message::write_final(&termination_log, None, &verdict, &Circumstances::default());
    })
}

async fn supervise(args: RunArgs) -> Result<u8, Failure> {
    // Before everything else: a request to stop that comes from now on is not lost.
    let signals = Caught::register()?;
    if let Err(source) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::warn!(error = %source, "orphans of the driver go to PID 1, not to codriver");
    }
    let map = ExitMap::parse(&args.map).map_err(Failure::Configuration)?;
    let mut environment = Environment::load(&args.volume.join("env"))?;
    let (attempt, pod_uid) = prepare(&args, &mut environment)?.unzip();
    message::write_provisional(&args.termination_log, attempt.as_ref());
    let alone = attempt.as_ref().zip(pod_uid).filter(|_| args.alone).map(|(attempt, pod_uid)| Alone {
        application_id: attempt.application_id.clone(),
        pod_uid,
        spark_defaults: attempt::spark_defaults(&args.volume, attempt.number),
        service_account: args.service_account,
        deadline: args.cleanup,
        keep_failed: !args.keep_failed.is_zero(),
    });
    match &alone {
        Some(alone) => alone.warn(),
        None if args.alone => tracing::warn!("no cleanup without codriver-init's volume: no application id is known"),
        None => {}
    }
    let companion = match &attempt {
        Some(attempt) if !args.alone => Some(Companion::new(socket_path(&args.volume), attempt.clone()).await),
        _ => None,
    };
    let (set, remove) = (environment.set, environment.remove);
    let mask = signals.mask();
    let task = Task {
        command: args.command,
        set,
        remove,
        mask,
        // What a terminal shows is not for a pipe: programs ask what they write to.
        read_stdout: args.last_words && !io::stdout().is_terminal(),
        read_stderr: args.last_words || args.stuck_after.is_some(),
    };
    let deadlines = Deadlines { grace: args.grace };
    let lookout = args.stuck_after.and_then(|after| Lookout::new(&conf(&args.volume, attempt.as_ref()), after));
    let memory = Watched::begin(Path::new(memory::ROOT));
    let termination_log = args.termination_log;
    let world = World { signals, companion, alone, attempt, termination_log, deadlines, map, memory, lookout };
    Ok(world.supervise(&task).await)
}

/// Makes this start's attempt and its configuration folder, and knows the pod's uid. Without codriver-init's folders (a laptop)
/// there is none.
fn prepare(args: &RunArgs, environment: &mut Environment) -> Result<Option<(Attempt, String)>, Failure> {
    if !args.volume.join("attempts").is_dir() {
        return Ok(None);
    }
    let handed_over = variable(environment, "POD_UID");
    let told = args.pod_uid.as_deref().filter(|uid| !uid.is_empty());
    let Some(pod_uid) = told.or(handed_over.as_deref().and_then(Path::to_str)) else {
        return Err(Failure::Configuration(vec![
            "POD_UID is not set; hint: codriver-init writes it into the volume's file `env` when it has it by the downward API"
                .into(),
        ]));
    };
    let (attempt, folder) = attempt::next(&args.volume, pod_uid)?;
    let image_conf = attempt::image_conf(|name| variable(environment, name));
    let conf = attempt::merge_conf(&args.volume, image_conf.as_deref(), &folder, &attempt, &args.command)?;
    environment.set.push(("SPARK_CONF_DIR".into(), conf.into()));
    tracing::info!(attempt = attempt.number, application_id = %attempt.application_id, "supervising the driver");
    Ok(Some((attempt, pod_uid.to_owned())))
}

/// What Spark was told, where that is known.
fn conf(volume: &Path, attempt: Option<&Attempt>) -> SparkConf {
    attempt.map(|attempt| SparkConf::load(&attempt::spark_defaults(volume, attempt.number))).unwrap_or_default()
}

/// A variable as the driver will see it.
fn variable(environment: &Environment, name: &str) -> Option<PathBuf> {
    let set = environment.set.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.clone());
    set.or_else(|| env::var_os(name))
        .filter(|value: &OsString| !value.is_empty())
        .map(|value| Path::new(&value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_output_has_what_the_end_of_the_pod_leaves() {
        let deadlines = Deadlines { grace: Duration::from_secs(24) };
        for (begun, rest) in
            [(None, 3000), (Some(0), 3000), (Some(26_000), 3000), (Some(27_800), 1200), (Some(40_000), 0)]
        {
            let rest = Duration::from_millis(rest);
            assert_eq!(deadlines.rest(begun.map(Duration::from_millis)), rest, "{begun:?}");
        }
    }
}
