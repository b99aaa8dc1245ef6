//! Proxies: a tunnel for TLS, the whole URL without it, and refusals that name the proxy.

use std::sync::Arc;

use codriver_creds::{ErrorKind, Proxies, ProxyVariables, Roots, Sts, StsSettings};

use crate::server::{Reply, Server, http};
use crate::world::{credentials, granted, identity, now, settings, token};

fn through(endpoint: &str, proxy: &str, no: &str) -> StsSettings {
    let variables = ProxyVariables { all: proxy, no, ..ProxyVariables::default() };
    StsSettings { proxy: Proxies::parse(variables).unwrap(), ..settings(endpoint) }
}

fn good() -> Vec<u8> {
    http(200, "", &granted("AssumeRoleWithWebIdentity", "2026-11-23T03:00:00Z"))
}

/// TLS for this name, and the certificate that vouches for it.
fn tls(name: &str) -> (Arc<rustls::ServerConfig>, Roots) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut roots = Roots::default();
    roots.add_pem(made.cert.pem().as_bytes()).unwrap();
    (Arc::new(config), roots)
}

#[tokio::test]
async fn plain_http_goes_to_the_proxy_with_its_whole_url() {
    let proxy = Server::play(vec![Reply::Bytes(good())]);
    let settings = through("http://sts.example.org:9000", &format!("http://user:pa%3Ass@{}", proxy.address), "");
    Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap();
    let request = &proxy.requests()[0];
    assert!(request.starts_with("POST http://sts.example.org:9000/ HTTP/1.1\r\n"), "{request}");
    let request = request.to_ascii_lowercase();
    assert!(request.contains("\r\nhost: sts.example.org:9000\r\n"), "{request}");
    assert!(request.contains("\r\nproxy-authorization: basic dxnlcjpwytpzcw==\r\n"), "{request}");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_that_sees_only_the_host() {
    let (config, roots) = tls("sts.example.org");
    let proxy = Server::play(vec![Reply::Tunnel(b"HTTP/1.1 200 OK\r\nvia: me\r\n\r\n".to_vec(), config, good())]);
    let mut settings = through("https://sts.example.org", &format!("http://user:pass@{}", proxy.address), "");
    settings.roots = roots;
    Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap();
    let requests = proxy.requests();
    assert_eq!(
        requests[0],
        "CONNECT sts.example.org:443 HTTP/1.1\r\nHost: sts.example.org:443\r\n\
         Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
    );
    assert!(requests[1].starts_with("POST / HTTP/1.1\r\n"), "{}", requests[1]);
    assert!(!requests[1].to_ascii_lowercase().contains("proxy-authorization"), "{}", requests[1]);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    for (reply, cause, remedy) in [
        (
            &b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..],
            "refused CONNECT to sts.example.org:443: 407",
            "user and password",
        ),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "refused CONNECT to sts.example.org:443: 403", "allow CONNECT"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "its answer is no HTTP", "NO_PROXY"),
        (b"HTTP/1.1 200", "it closed the connection", "NO_PROXY"),
    ] {
        let proxy = Server::play(vec![Reply::Bytes(reply.to_vec())]);
        let mut settings = through("https://sts.example.org", &format!("http://user:hunter2@{}", proxy.address), "");
        settings.attempts = 2;
        let error = Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(proxy.requests().len(), if cause.contains(": 40") { 1 } else { 2 });
        let told = format!("{error} {}", error.remedy());
        assert!(told.contains(&format!("the proxy http://{}", proxy.address)), "{told}");
        assert!(told.contains(cause) && told.contains(remedy) && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn an_endless_answer_to_connect_is_not_read_to_the_end() {
    let proxy = Server::play(vec![Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n".repeat(1000))]);
    let settings = through("https://sts.example.org", &format!("http://{}", proxy.address), "");
    let error = Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert!(error.to_string().contains("no end after 8192 bytes"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_is_away_is_named() {
    let settings = through("https://sts.example.org", "http://127.0.0.1:1", "");
    let error = Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("through the proxy http://127.0.0.1:1: cannot connect to 127.0.0.1:1"), "{told}");
    assert!(error.remedy().contains("NO_PROXY"), "{}", error.remedy());
}

#[tokio::test]
async fn loopback_and_no_proxy_are_reached_directly() {
    let server = Server::play(vec![Reply::Bytes(good())]);
    let settings = through(&format!("http://{}", server.address), "http://127.0.0.1:1", "");
    Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap();
    assert!(server.requests()[0].starts_with("POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn certificates_that_do_not_fit_say_how() {
    for (name, trusted, cause, remedy) in [
        ("sts.example.org", false, "no TLS with sts.example.org", "AWS_CA_BUNDLE"),
        ("other.example.org", true, "no TLS with sts.example.org", "is not for sts.example.org"),
    ] {
        let (config, roots) = tls(name);
        let proxy = Server::play(vec![Reply::Tunnel(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), config, good())]);
        let mut settings = through("https://sts.example.org", &format!("http://{}", proxy.address), "");
        if trusted {
            settings.roots = roots;
        }
        settings.attempts = 3;
        let error = Sts::new(&settings).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
        assert!(error.to_string().contains(cause) && error.remedy().contains(remedy), "{error}: {}", error.remedy());
        // Asking again would not change it.
        assert_eq!(proxy.requests().len(), 1);
    }
}

#[tokio::test]
async fn endpoints_are_those_of_the_region() {
    for (region, fips, dual_stack, host) in [
        ("eu-west-1", false, false, "sts.eu-west-1.amazonaws.com"),
        ("us-east-1", true, false, "sts-fips.us-east-1.amazonaws.com"),
        ("us-east-1", false, true, "sts.us-east-1.api.aws"),
        ("us-east-1", true, true, "sts-fips.us-east-1.api.aws"),
        ("cn-north-1", false, false, "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", false, false, "sts.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"),
    ] {
        let proxy = Server::play(vec![Reply::Bytes(b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec())]);
        let mut settings = through("", &format!("http://{}", proxy.address), "");
        (settings.region, settings.endpoint, settings.fips, settings.dual_stack) =
            (region.into(), None, fips, dual_stack);
        let error = Sts::new(&settings).caller(&credentials(true), now()).await.unwrap_err();
        let request = &proxy.requests()[0];
        assert!(request.starts_with(&format!("CONNECT {host}:443 ")), "{region} {fips} {dual_stack}: {request}");
        assert!(error.to_string().starts_with(&format!("cannot reach STS at https://{host} through")), "{error}");
    }
}
