//! Whether a client goes on while its credentials end.

use std::thread;
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
/// Above those of all other pods.
const FIRST_OF_S3A: u16 = 100;
/// Between two rounds, since all the clients share few processors.
const PAUSE: Duration = Duration::from_millis(250);

/// # Errors
/// What failed.
pub fn of_client(world: &World, client: &Known) -> Result<(), String> {
    goes_on(world, world.pod()?, client)
}

/// The same with a pod of its own, whose endpoint is killed in the end, and comes back after the client has missed it.
///
/// # Errors
/// What failed.
pub fn of_s3a(world: &World, known: &Known) -> Result<(), String> {
    let number = world.clients.iter().position(|other| other.name == known.name).unwrap_or_default();
    let mut pod = world.another_pod(FIRST_OF_S3A + u16::try_from(number).unwrap())?;
    let mut client = Client::start(&pod, known);
    until_its_keys_have_ended(world, &mut client, known)?;
    pod.kill();
    thread::scope(|scope| {
        let client = scope.spawn(|| until_it_works_again(&mut client));
        // All that the client had has ended by then, so it has asked.
        thread::sleep(LIFE);
        pod.start_again(world)?;
        client.join().map_err(|_| "the client's thread has panicked".to_owned())?
    })
}

/// S3A tries for long by itself, so an operation that begins while the endpoint is away may fail, or end well once it is back.
fn until_it_works_again(client: &mut Client) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match client.round() {
            Ok(()) if began.elapsed() > LIFE => return (0..3).try_for_each(|_| client.round()),
            Err(error) if began.elapsed() > DEADLINE => {
                return Err(format!(
                    "the endpoint is back, and {DEADLINE:?} after it went nobody has noticed: {error}"
                ));
            }
            _ => thread::sleep(PAUSE),
        }
    }
}

/// Has a client put and get until it has used several keys, and looks whether it has signed everything.
///
/// # Errors
/// What failed.
pub fn goes_on(world: &World, pod: &Pod, known: &Known) -> Result<(), String> {
    until_its_keys_have_ended(world, &mut Client::start(pod, known), known)
}

fn until_its_keys_have_ended(world: &World, client: &mut Client, known: &Known) -> Result<(), String> {
    client.round()?;
    let began = Instant::now();
    let prefix = format!("/{}/", known.name);
    while began.elapsed() < LONG || world.door.keys(&prefix).len() < KEYS {
        if began.elapsed() > DEADLINE {
            return Err(format!("after {DEADLINE:?} it has used {} keys", world.door.keys(&prefix).len()));
        }
        thread::sleep(PAUSE);
        client.round()?;
    }
    let unsigned = world.door.unsigned(&prefix);
    if unsigned == 0 { Ok(()) } else { Err(format!("{unsigned} requests were not signed")) }
}
