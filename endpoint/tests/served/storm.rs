//! Many pods that start together, before an STS that throttles: each gets its credentials, and nobody is told to go elsewhere.

use std::thread;

use crate::sts::Sts;
use crate::{Running, ask, good, until};

const PODS: usize = 50;
/// Answers of STS in a second; what comes above that is throttled.
const RATE: u32 = 25;

#[test]
fn each_of_many_pods_gets_credentials_from_an_sts_that_throttles() {
    let sts = Sts::throttling(RATE);
    let pods: Vec<_> = (0..PODS)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let running = Running::start(folder.path(), &sts, 0);
            (folder, running)
        })
        .collect();
    let clients: Vec<_> = pods
        .iter()
        .map(|(_, running)| {
            let address = running.address;
            thread::spawn(move || {
                // As SDKs do: 503 is asked again. Anything else would be the end, or the node's role.
                let mut status = 0;
                until("credentials", || {
                    status = ask(address, &good(address)).0;
                    status != 503
                });
                status
            })
        })
        .collect();
    let statuses: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    assert_eq!(statuses, [200; PODS]);
    assert!(sts.calls() > PODS, "it was no storm");
    assert!(sts.calls() < PODS * 10, "{} calls for {PODS} pods", sts.calls());
    let refreshes: u64 = pods.iter().map(|(_, running)| (running.standing)().refreshes).sum();
    assert_eq!(refreshes, PODS as u64);
    assert!(pods.iter().all(|(_, running)| (running.standing)().expires.is_some()));
}
