//! Wrapper, sidecar, kubelet and API server together, in every order of events that their bounds allow.
//!
//! The machines are the real ones; [`world`] plays what they touch, [`explore`] visits all states. What is promised:
//! - each attempt has one verdict, which never changes, and a farewell is believed;
//! - no signal goes to a driver whose end was collected;
//! - nothing is cleaned up after a driver that lives, but by a bound that is stated in [`world::Bound`];
//! - after each driver there is a cleanup, but for such a bound;
//! - the end can be reached from everywhere.

mod explore;
mod kubelet;
mod sidecar;
mod world;
mod wrapper;

use explore::explore;
use world::{Chances, World};

fn check(attempts: u8, mishaps: u8) -> Result<(), String> {
    let found = explore(World::new(Chances { attempts, mishaps }))?;
    println!(
        "{attempts} attempt(s), up to {mishaps} mishaps: {} states, {} steps between them, the farthest {} steps away; {} ends",
        found.states, found.steps, found.depth, found.ends
    );
    assert!(found.states > 1000 && found.ends > 0, "{found:?} is no world to speak of");
    Ok(())
}

/// More than a test run has time for: `CODRIVER_MODEL_MISHAPS=1` adds one everywhere, which takes minutes.
fn more() -> u8 {
    std::env::var("CODRIVER_MODEL_MISHAPS").ok().and_then(|more| more.parse().ok()).unwrap_or(0)
}

#[test]
fn any_three_mishaps_around_one_attempt_break_no_promise() -> Result<(), String> {
    check(1, 3 + more())
}

#[test]
fn any_mishap_around_a_driver_that_is_restarted_in_place_breaks_no_promise() -> Result<(), String> {
    check(2, 1 + more())
}
