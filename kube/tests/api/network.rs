//! The client against a real server on loopback: TLS, the token, connections that end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::server::{Script, Tail, on};
use codriver_kube::{Client, Config, Deadlines, Error};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const GET_POD: &str = "GET /api/v1/namespaces/etl/pods/job";

/// A service account's folder, and a server whose certificate its authority signed.
struct World {
    folder: tempfile::TempDir,
    address: SocketAddr,
    script: Script,
}

impl World {
    async fn new(listen: &str, script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.crt"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("token"), "first\n").unwrap();

        let key = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".to_owned(), "::1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();

        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, played) = (TlsAcceptor::from(Arc::new(config)), script.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), played.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        script.serve(stream).await;
                    }
                });
            }
        });
        Self { folder, address, script }
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// As a pod of this world has it.
    fn config(&self) -> Config {
        in_cluster(self.address, self.folder.path())
    }
}

fn in_cluster(address: SocketAddr, folder: &Path) -> Config {
    let lookup = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some(address.ip().to_string()),
        "KUBERNETES_SERVICE_PORT" => Some(address.port().to_string()),
        _ => None,
    };
    Config::in_cluster(lookup, folder).unwrap()
}

#[tokio::test]
async fn each_request_bears_the_token_of_that_moment_on_one_connection() {
    let pod = r#"{"metadata":{"name":"job","uid":"u-1"}}"#;
    let script = Script::new([on(GET_POD, pod).with_bearer("first"), on(GET_POD, pod).with_bearer("second")]);
    let world = World::new("127.0.0.1:0", script).await;
    let client = Client::new(world.config());
    assert_eq!(client.pod("etl", "job").await.unwrap().metadata.uid, "u-1");
    std::fs::write(world.token(), "second").unwrap();
    client.pod("etl", "job").await.unwrap();
    world.script.was_played_on(1);
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_tried_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "old").unwrap();
    let rotated = token.clone();
    let script = Script::new([
        on(GET_POD, "{}").with_bearer("old").status(401).before(move || std::fs::write(rotated, "new").unwrap()),
        on(GET_POD, "{}").with_bearer("new"),
        on(GET_POD, "{}").status(401),
        on(GET_POD, r#"{"message":"Unauthorized"}"#).status(401),
    ]);
    let world = World::new("127.0.0.1:0", script).await;
    let url = format!("https://{}", world.address);
    let config = Config::at(&url, Some(&world.folder.path().join("ca.crt")), Some(&token)).unwrap();
    let client = Client::new(config);
    client.pod("etl", "job").await.unwrap();
    let error = client.pod("etl", "job").await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { message, .. } if message == "Unauthorized"), "{error}");
    assert!(!error.is_transient());
    world.script.was_played_on(3);
}

#[tokio::test]
async fn a_missing_token_says_what_to_check() {
    let world = World::new("127.0.0.1:0", Script::default()).await;
    let client = Client::new(world.config());
    std::fs::remove_file(world.token()).unwrap();
    let error = client.pod("etl", "job").await.unwrap_err().to_string();
    assert!(error.contains("/token") && error.contains("automountServiceAccountToken"), "{error}");
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused() {
    let (world, other) =
        (World::new("127.0.0.1:0", Script::default()).await, World::new("127.0.0.1:0", Script::default()).await);
    let client = Client::new(in_cluster(other.address, world.folder.path()));
    let error = client.pod("etl", "job").await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }) && !error.is_transient(), "{error}");
    other.script.was_played_on(0);
}

#[tokio::test]
async fn a_server_on_ipv6_is_reached() {
    let world = World::new("[::1]:0", Script::new([on(GET_POD, "{}")])).await;
    Client::new(world.config()).pod("etl", "job").await.unwrap();
    world.script.was_played_on(1);
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = Config::at(&format!("http://{address}"), None, None).unwrap();
    let error = Client::new(config).pod("etl", "job").await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { server, .. } if *server == address.to_string()), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_ends_in_the_connect_deadline() {
    // The kernel accepts for the listener; nobody ever reads.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::new("127.0.0.1:0", Script::default()).await;
    let deadlines = Deadlines { connect: Duration::from_millis(50), ..Deadlines::default() };
    let config = in_cluster(listener.local_addr().unwrap(), world.folder.path()).with_deadlines(deadlines);
    let error = Client::new(config).pod("etl", "job").await.unwrap_err();
    assert_eq!(error.to_string(), "cannot get pods job in namespace etl: no connection within 0.05 s");
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_opened_again() {
    let script = Script::new([on(GET_POD, "{}").tail(Tail::EndAndHangUp), on(GET_POD, "{}"), on(GET_POD, "{}")]);
    let world = World::new("127.0.0.1:0", script).await;
    let client = Client::new(world.config());
    for _ in 0..3 {
        client.pod("etl", "job").await.unwrap();
    }
    world.script.was_played_on(2);
}

#[tokio::test]
async fn requests_side_by_side_do_not_wait_for_each_other() {
    let script = Script::new([on(GET_POD, "{}"), on(GET_POD, "{}"), on(GET_POD, "{}")]);
    let world = World::new("127.0.0.1:0", script).await;
    let client = Client::new(world.config());
    let (one, other) = tokio::join!(client.pod("etl", "job"), client.pod("etl", "job"));
    assert!(one.is_ok() && other.is_ok());
    client.pod("etl", "job").await.unwrap();
    world.script.was_played_on(2);
}
