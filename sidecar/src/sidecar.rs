//! `codriver sidecar`: the native sidecar.
//!
//! The rooms: [`machine`] decides; [`drive`] turns the world into events and effects into the world; [`wrappers`], [`status`],
//! [`memory`], [`own_pod`], [`credentials`], [`cleaning`], [`quitting`], [`events`], [`measured`], [`shown`], [`told`] and [`watching`]
//! each touch one thing. What removes the executors is [`crate::cleanup`], what ends the proxies [`crate::mesh`].

pub mod cleaning;
pub mod credentials;
pub mod drive;
pub mod ending;
pub mod events;
pub mod machine;
pub mod measured;
pub mod memory;
pub mod own_pod;
pub mod quitting;
pub mod shown;
pub mod status;
#[cfg(test)]
pub(crate) mod test_api;
pub mod told;
pub mod watching;
pub mod wrappers;

use std::{env, path::Path, sync::Arc};

use codriver_kube::{Client, Config};
use tokio::sync::mpsc;

use crate::{
    args::SidecarArgs,
    failure::Failure,
    health,
    protocol::{Attempt, socket_path},
    run::attempt::application_id,
    sidecar::{
        cleaning::Cleaner, drive::World, events::Events, machine::Why, memory::Notebook, own_pod::OwnPod,
        quitting::Quitter, shown::shown, told::Told, watching::Watcher,
    },
    signals::Caught,
};

/// Where the driver runs.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The driver's container in it.
    pub container: String,
}

/// Watches over the driver until SIGTERM, and returns 0: a sidecar's code must never become the pod's story.
///
/// # Errors
/// At the start only: signals, the socket or the health address cannot be had. The startup probe fails then, and the driver
/// does not start.
pub async fn run(args: SidecarArgs) -> Result<u8, Failure> {
    let signals = Caught::register()?;
    let listener = wrappers::listen(&socket_path(&args.volume))?;
    // Before the health address, at which the startup probe asks: no client of the driver's is ever refused.
    let endpoint = credentials::bind(&args.volume)?;
    let health = health::bind(args.health).await?;
    let client = client(&args.service_account);

    let (events, heard) = mpsc::channel(16);
    tokio::spawn(wrappers::accept(listener, events));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pod = args.pod_name, "watching over the driver");

    let pod = Pod { namespace: args.pod_namespace, name: args.pod_name, uid: args.pod_uid, container: args.container };
    // Nobody counted its starts, and codriver-init chose its application id.
    let unwrapped = Attempt { number: 0, application_id: application_id(&pod.uid, 0), since: 0 };
    let events = Arc::new(Events::new(client.clone(), pod.clone()));
    let metrics = Arc::new(measured::nothing_yet());
    let own_pod = OwnPod::read(client.clone(), &pod, Arc::clone(&events));
    let standing = endpoint.as_ref().map(|endpoint| Box::new(endpoint.watcher()) as _);
    let shown = shown(client.clone(), own_pod.clone(), standing, Arc::clone(&metrics));
    let serving = credentials::serve(endpoint, Arc::clone(&events));
    tokio::spawn(health::serve(health, shown));
    let told = Told::new(args.termination_log, &args.volume, &pod.uid);
    told.tell_again();
    let cleaner = Cleaner {
        client: client.clone(),
        pod: pod.clone(),
        deadline: args.cleanup,
        keep_failed: args.keep_failed,
        volume: args.volume.clone(),
        told,
        events: Arc::clone(&events),
        metrics: Arc::clone(&metrics),
    };
    let watcher = Watcher {
        client: client.clone(),
        pod: pod.clone(),
        volume: args.volume.clone(),
        after: args.executors_after,
        deadline: args.executors_deadline,
        events: Arc::clone(&events),
    };
    let quitter = Quitter {
        wish: args.quit,
        container: pod.container.clone(),
        client: client.clone(),
        own_pod,
        events,
        metrics: Arc::clone(&metrics),
    };
    let world = World {
        signals,
        heard,
        notebook: Notebook::new(&args.volume, &pod.uid),
        client,
        pod,
        cleaner: Arc::new(cleaner),
        quitter: Arc::new(quitter),
        watcher: Arc::new(watcher),
        metrics,
        settle: args.settle,
    };
    // Dropped when the last word is said: as long as this lives, somebody may read or write.
    let why = tokio::select! {
        why = world.supervise(unwrapped) => why,
        () = serving => Why::AllDone,
    };
    match why {
        Why::AllDone => tracing::info!("nothing is left to do"),
        Why::DriverLives => tracing::info!("the driver runs on; the kubelet starts this container again"),
    }
    Ok(0)
}

/// Without a service account the driver is watched over all the same, and the end of the log says what stayed.
fn client(service_account: &Path) -> Option<Arc<Client>> {
    match Config::in_cluster(|name| env::var(name).ok(), service_account) {
        Ok(config) => Some(Arc::new(Client::new(config))),
        Err(error) => {
            tracing::error!(%error, "no cleanup will be possible");
            None
        }
    }
}
