//! Real S3 clients on what codriver-init writes and codriver serves: each goes on reading and writing while its credentials end,
//! again and again. With them each way in which credentials come to codriver.
//!
//! Credentials that live for seconds are had from [`codriver_e2e::short`], in front of a real store. `e2e/clients` has a program for
//! each client, and `docs/clients.md` tells what they need.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::exit, reason = "a test fails by panicking")]

mod client;
mod expiries;
#[path = "../shared/inside.rs"]
mod inside;
mod pages;
mod pod;
#[path = "../shared/store.rs"]
mod store;
mod ways;
mod world;

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use world::{Known, World};

/// All at once: most of the time they wait for credentials to end.
const SIDE_BY_SIDE: usize = 16;

/// With a client; says what failed.
type Test = fn(&World, &Known) -> Result<(), String>;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(SIDE_BY_SIDE));
    if inside::folder().is_none() && !arguments.list {
        match inside::start_again(get) {
            Ok(code) => std::process::exit(code),
            Err(why) => eprintln!("\nSKIPPED: every test with a real S3 client, since {why}\n"),
        }
    }
    let world = inside::folder().map(|folder| Arc::new(World::start(&folder)));
    let trial = |name: String, test: Test, client: Known| {
        let here = world.clone();
        let run = move || test(&here.expect("inside only"), &client).map_err(Into::into);
        Trial::test(name, run).with_ignored_flag(world.is_none())
    };
    let clients = world.as_ref().map_or_else(Known::names, |world| world.clients.clone());
    let of_client = |client: &Known| {
        let name = format!("{}: no operation fails while credentials end", client.name);
        if client.is_s3a() {
            return trial(format!("{name}, and it goes on after a restart"), expiries::of_s3a, client.clone());
        }
        trial(name, expiries::of_client, client.clone())
    };
    let mut trials: Vec<Trial> = clients.iter().map(of_client).collect();
    // boto3 is the first.
    trials.extend(ways::ALL.map(|(name, test)| trial(name.to_owned(), test, clients[0].clone())));
    let versions = move || pages::name_each_version(&clients).map_err(Into::into);
    trials.push(Trial::test("docs/clients.md has each client's version", versions).with_ignored_flag(world.is_none()));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(world);
    conclusion.exit();
}

/// What needs the network.
fn get(folder: &Path) {
    let put =
        |name: &str, content: String| std::fs::write(folder.join(name), content.trim()).expect("a temporary folder");
    put("minio", inside::bash("cluster/common.sh", "minio_program"));
    put("clients", inside::bash("lib.sh", "clients/get.sh"));
    put("init", inside::program("codriver-init"));
    put("codriver", inside::program("codriver"));
}
