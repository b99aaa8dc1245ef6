//! Whether a client goes on while its credentials end.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::pod::Pod;
use crate::world::{Known, LIFE, World};

/// So long each client works: credentials end twice at least.
const LONG: Duration = LIFE.saturating_mul(5).checked_div(2).unwrap();
/// So many keys it must have used by then, or some time after: some clients use one to its very end.
const KEYS: usize = 3;
/// And then it is too late.
const DEADLINE: Duration = Duration::from_secs(90);
/// Between two rounds, since all the clients share few processors.
const PAUSE: Duration = Duration::from_millis(250);

/// # Errors
/// What failed.
pub fn of_client(world: &World, client: &Known) -> Result<(), String> {
    goes_on(world, world.pod()?, client)
}

/// Has a client put and get until it has used several keys, and looks whether it has signed everything.
///
/// # Errors
/// What failed.
pub fn goes_on(world: &World, pod: &Pod, known: &Known) -> Result<(), String> {
    let mut client = Client::start(pod, known);
    client.round()?;
    let began = Instant::now();
    let prefix = format!("/{}/", known.name);
    while began.elapsed() < LONG || world.door.keys(&prefix).len() < KEYS {
        if began.elapsed() > DEADLINE {
            return Err(format!("after {DEADLINE:?} it has used {} keys", world.door.keys(&prefix).len()));
        }
        std::thread::sleep(PAUSE);
        client.round()?;
    }
    let unsigned = world.door.unsigned(&prefix);
    if unsigned == 0 { Ok(()) } else { Err(format!("{unsigned} requests were not signed")) }
}
