//! Proxies on real loopback sockets that do what the real ones do when they are asked to quit: agree and drain, have their
//! endpoint switched off, hang, speak something else, or come back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy knows only test functions as tests, not what they call"
)]

mod proxy;

use std::time::Duration;

use codriver::mesh::{
    Target,
    ask::ask,
    asking::Came::{self, Absent, Quit, Refused, Silent, Stays},
    catalogue::Known,
    wish::Wish,
};
use hyper::Method;
use proxy::{Does, Proxy, free_port};
use tokio::{sync::mpsc, time::timeout};

/// In place of a second, between two steps.
const PAUSE: Duration = Duration::from_millis(5);
/// More than any asking takes at this pace.
const PATIENCE: Duration = Duration::from_secs(60);

async fn came_of(target: Target) -> Vec<Came> {
    let (tell, mut told) = mpsc::channel(16);
    timeout(PATIENCE, ask(target, PAUSE, tell)).await.expect("it asks for ever");
    let mut came = Vec::new();
    while let Ok((_, next)) = told.try_recv() {
        came.push(next);
    }
    came
}

/// The catalogue's request, to the stand-in's port, with little patience.
fn target(known: &str, port: u16) -> Target {
    Target { port, patience: Duration::from_millis(300), ..Known::named(known).unwrap().target(known) }
}

#[tokio::test]
async fn every_proxy_of_the_catalogue_is_asked_as_it_wants_it_and_goes() {
    for (known, path, status) in [
        ("istio", "/quitquitquit", 200),
        ("linkerd", "/shutdown", 200),
        ("consul", "/quitquitquit", 200),
        ("cloud-sql", "/quitquitquit", 200),
        ("alloydb", "/quitquitquit", 200),
        ("vault", "/agent/v1/quit", 200),
        ("dapr", "/v1.0/shutdown", 204),
    ] {
        let proxy = Proxy::start(vec![Does::Quit { path, status, drain: Duration::ZERO }]);
        assert_eq!(came_of(target(known, proxy.port)).await, [Quit], "{known}");
        assert_eq!(proxy.asked(), [format!("POST {path}")], "{known}");
    }
}

#[tokio::test]
async fn one_that_drains_is_waited_for_and_not_asked_again() {
    let drain = Duration::from_millis(50);
    let proxy = Proxy::start(vec![Does::Quit { path: "/quitquitquit", status: 200, drain }]);
    assert_eq!(came_of(target("istio", proxy.port)).await, [Quit]);
    assert_eq!(proxy.asked().len(), 1);
}

#[tokio::test]
async fn a_switched_off_endpoint_is_tried_a_few_times_and_told() {
    for status in [404, 403, 405] {
        let proxy = Proxy::start(vec![Does::Refuse(status)]);
        assert_eq!(came_of(target("linkerd", proxy.port)).await, [Refused(status)]);
        assert_eq!(proxy.asked().len(), 5);
    }
}

#[tokio::test]
async fn one_that_hangs_hangs_up_or_speaks_something_else_is_given_up() {
    for does in [Does::Hang, Does::HangUp, Does::Say("SSH-2.0-OpenSSH_9.2\r\n"), Does::Flood] {
        let proxy = Proxy::start(vec![does]);
        assert_eq!(came_of(target("vault", proxy.port)).await, [Silent], "{does:?}");
    }
}

#[tokio::test]
async fn one_that_is_not_there_is_told() {
    assert_eq!(came_of(target("istio", free_port())).await, [Absent]);
}

#[tokio::test]
async fn one_that_comes_back_is_asked_again() {
    let quit = Does::Quit { path: "/quitquitquit", status: 200, drain: Duration::ZERO };
    // A liveness probe starts it again, twice.
    let proxy = Proxy::start(vec![quit; 3]);
    assert_eq!(came_of(target("consul", proxy.port)).await, [Quit, Quit, Quit]);
    assert_eq!(proxy.asked().len(), 3);
}

#[tokio::test]
async fn one_that_always_comes_back_is_given_up() {
    let quit = Does::Quit { path: "/quitquitquit", status: 200, drain: Duration::ZERO };
    let proxy = Proxy::start(vec![quit; 30]);
    let came = came_of(target("consul", proxy.port)).await;
    assert_eq!((came.last(), came.len()), (Some(&Stays), 6));
    assert_eq!(proxy.asked().len(), 5);
}

#[tokio::test]
async fn one_that_says_yes_and_stays_is_told() {
    let drain = Duration::from_secs(3600);
    let proxy = Proxy::start(vec![Does::Quit { path: "/shutdown", status: 200, drain }]);
    assert_eq!(came_of(target("linkerd", proxy.port)).await, [Stays]);
    assert_eq!(proxy.asked().len(), 5);
}

#[tokio::test]
async fn a_request_of_ones_own_has_its_method_its_query_and_its_status() {
    let proxy = Proxy::start(vec![Does::Quit { path: "/stop?now=1", status: 202, drain: Duration::ZERO }]);
    let wish = format!("PUT http://127.0.0.1:{}/stop?now=1 expect=202 timeout=1", proxy.port);
    let wish: Wish = wish.parse().unwrap();
    assert_eq!(wish.listed[0].method, Method::PUT);
    assert_eq!(came_of(wish.listed[0].clone()).await, [Quit]);
    assert_eq!(proxy.asked(), ["PUT /stop?now=1"]);
}
