//! `codriver wait`: follows another driver's pod, and ends with its driver's exit code.
//!
//! The rooms: [`machine`] decides, by what [`fate`] makes of one look at the pod; [`words`] says a state in one line; [`follow`]
//! looks and goes on looking; [`output`] shows the driver's log, and [`seen`] knows which of its lines were shown.

pub mod fate;
pub mod follow;
pub mod machine;
pub mod output;
pub mod seen;
pub mod words;

use std::{env, fs, sync::Arc};

use codriver_kube::{Client, Config};
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use crate::{
    args::WaitArgs,
    failure::Failure,
    signals::{Arrived, Caught},
    timers::Timers,
    verdict::SIGNALLED,
    wait::{
        fate::Ending,
        follow::Wanted,
        machine::{Effect, Event, Settings, Timer, Waiter},
        output::Output,
    },
};

/// Waits, and returns the driver's code.
///
/// # Errors
/// When the pod, or the sight of it, is lost; when it takes too long; when settings are wrong.
pub async fn run(args: WaitArgs) -> Result<u8, Failure> {
    let mut signals = Caught::register()?;
    let (client, namespace) = settings(&args)?;
    let wanted = Wanted { namespace: namespace.clone(), pod: args.pod, selector: args.selector };

    let (tell, mut told) = mpsc::channel(16);
    let mut output = args.follow_log.then(|| Output::new(Arc::clone(&client), namespace));
    tokio::spawn(follow::follow(client, wanted, tell));

    let mut timers = Timers::default();
    if let Some(timeout) = args.timeout {
        timers.arm(Timer::All, timeout);
    }
    let mut waiter =
        Waiter::new(Settings { container: args.container, for_pod: args.for_pod, patience: args.patience });
    loop {
        let event = tokio::select! {
            // In this order: an end that is known tells more than the alarm or the signal that came with it.
            biased;
            Some(event) = told.recv() => event,
            timer = timers.ring() => Event::Overdue(timer),
            signal = signals.next() => match asked_to_end(signal) {
                Some(signal) => Event::Asked(signal),
                None => continue,
            },
        };
        for effect in waiter.step(event) {
            match effect {
                Effect::Say(text) => tracing::info!("{text}"),
                Effect::Warn(text) => tracing::warn!("{text}"),
                Effect::Arm(timer, length) => timers.arm(timer, length),
                Effect::Log { pod, container } => output.iter_mut().for_each(|output| output.start(&pod, &container)),
                Effect::End(ending) => {
                    if let (Ending::Driver { .. } | Ending::Lost(_), Some(output)) = (&ending, output) {
                        output.finish().await;
                    }
                    return result(ending);
                }
            }
        }
    }
}

/// The API server and the pod's namespace.
fn settings(args: &WaitArgs) -> Result<(Arc<Client>, String), Failure> {
    let mut problems = Vec::new();
    let config = Config::in_cluster(|name| env::var(name).ok(), &args.service_account)
        .map_err(|error| problems.push(error.to_string()));
    let own = args.service_account.join("namespace");
    let namespace = args.namespace.clone().map_or_else(|| fs::read_to_string(&own), Ok);
    let namespace = namespace.map_err(|error| {
        problems
            .push(format!("cannot read {}: {error}; hint: name the pod's namespace with --namespace", own.display()));
    });
    match (config, namespace) {
        (Ok(config), Ok(namespace)) => Ok((Arc::new(Client::new(config)), namespace.trim().to_owned())),
        _ => Err(Failure::Configuration(problems)),
    }
}

/// The signal's number, when it asks to end.
fn asked_to_end(signal: Arrived) -> Option<u8> {
    match signal {
        Arrived::Named(signal @ (Signal::SIGTERM | Signal::SIGINT)) => u8::try_from(signal as i32).ok(),
        _ => None,
    }
}

fn result(ending: Ending) -> Result<u8, Failure> {
    match ending {
        Ending::Driver { code, why } => {
            tracing::info!(code, whose = "driver", "the driver {why}");
            Ok(code)
        }
        Ending::Stopped(signal) => {
            let code = SIGNALLED.saturating_add(signal);
            tracing::info!(code, whose = "codriver", "asked to end by signal {signal}; the driver goes on");
            Ok(code)
        }
        Ending::Lost(why) => Err(Failure::Lost(why)),
        Ending::Mistaken(why) => Err(Failure::Configuration(vec![why])),
        Ending::Unreachable(why) => Err(Failure::Unreachable(why)),
        Ending::Refused(why) => Err(Failure::Refused(why)),
        Ending::Late(why) => Err(Failure::Late(why)),
    }
}
