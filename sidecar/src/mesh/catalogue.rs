//! The proxies that codriver knows: which containers they are, and how they are asked to quit.

use codriver_kube::Container;
use hyper::Method;

use crate::mesh::{PATIENCE, Target};

/// What a proxy is called that only the user knows.
pub const OTHER: &str = "other";

/// One proxy.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// In the configuration and in metrics.
    pub name: &'static str,
    /// Names that its injector gives the container.
    containers: &'static [&'static str],
    /// Ends of its image's path, without registry and tag.
    images: &'static [&'static str],
    port: u16,
    path: &'static str,
    /// What to do when it refuses.
    remedy: &'static str,
}

/// Ports and paths are the projects' defaults; all are asked by POST.
pub static CATALOGUE: [Known; 7] = [
    // pilot-agent, since 1.3. Quitting Envoy alone (:15000) would leave it running.
    Known {
        name: "istio",
        containers: &["istio-proxy"],
        images: &["proxyv2"],
        port: 15020,
        path: "/quitquitquit",
        remedy: "the annotation status.sidecar.istio.io/port must not be 0; or let Istio inject a native sidecar: \
                 sidecar.istio.io/nativeSidecar: \"true\"",
    },
    Known {
        name: "linkerd",
        containers: &["linkerd-proxy"],
        images: &["linkerd/proxy"],
        port: 4191,
        path: "/shutdown",
        remedy: "Linkerd must be installed with proxy.enableShutdownEndpoint=true; or with proxy.nativeSidecar=true, \
                 which needs no request",
    },
    Known {
        name: "consul",
        containers: &["consul-dataplane", "envoy-sidecar"],
        images: &["consul-dataplane"],
        port: 19000,
        path: "/quitquitquit",
        remedy: "Envoy's admin interface must listen on 127.0.0.1:19000; where it is elsewhere, set CODRIVER_QUIT",
    },
    Known {
        name: "cloud-sql",
        containers: &["cloud-sql-proxy", "cloudsql-proxy"],
        images: &["cloud-sql-proxy"],
        port: 9091,
        path: "/quitquitquit",
        remedy: "the proxy must be started with --quitquitquit, and with --exit-zero-on-sigterm for the pod to succeed",
    },
    Known {
        name: "alloydb",
        containers: &["alloydb-auth-proxy"],
        images: &["alloydb-auth-proxy"],
        port: 9091,
        path: "/quitquitquit",
        remedy: "the proxy must be started with --quitquitquit, and with --exit-zero-on-sigterm for the pod to succeed",
    },
    Known {
        name: "vault",
        containers: &["vault-agent"],
        images: &[],
        port: 8200,
        path: "/agent/v1/quit",
        remedy: "the pod needs the annotation vault.hashicorp.com/agent-enable-quit: \"true\"",
    },
    Known {
        name: "dapr",
        containers: &["daprd"],
        images: &["daprd"],
        port: 3500,
        path: "/v1.0/shutdown",
        remedy: "where Dapr wants a token (dapr.io/api-token-secret), only the application can ask it",
    },
];

impl Known {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|known| known.name == name)
    }

    /// Which one this container is.
    #[must_use]
    pub fn of(container: &Container) -> Option<&'static Self> {
        CATALOGUE.iter().find(|known| known.is(container))
    }

    /// Whether this container is this proxy: by the name that its injector gives, or by its image.
    #[must_use]
    pub fn is(&self, container: &Container) -> bool {
        let path = path(&container.image);
        let ends = |end: &&str| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'));
        self.containers.contains(&container.name.as_str()) || self.images.iter().any(ends)
    }

    /// How it is asked. `container` is its name in the log.
    #[must_use]
    pub fn target(&self, container: &str) -> Target {
        Target {
            proxy: self.name,
            name: container.to_owned(),
            method: Method::POST,
            port: self.port,
            path: self.path.to_owned(),
            expect: None,
            patience: PATIENCE,
            remedy: self.remedy,
        }
    }
}

/// An image's reference without its digest and its tag. A colon before the last slash is a port's.
fn path(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(before, _)| before);
    match image.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_known_by_their_container_or_their_image() {
        for (name, image, known) in [
            ("istio-proxy", "auto", Some("istio")),
            ("mesh", "docker.io/istio/proxyv2:1.26.2", Some("istio")),
            ("mesh", "registry.example.com:5000/mirror/proxyv2@sha256:0123", Some("istio")),
            ("mesh", "proxyv2", Some("istio")),
            ("linkerd-proxy", "cr.l5d.io/linkerd/proxy:edge-25.1.1", Some("linkerd")),
            ("mesh", "cr.l5d.io/linkerd/proxy:edge-25.1.1", Some("linkerd")),
            ("mesh", "example.com/my/proxy:1", None),
            ("consul-dataplane", "hashicorp/consul-dataplane:1.7", Some("consul")),
            ("db", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.15.0", Some("cloud-sql")),
            ("db", "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.12.0", Some("alloydb")),
            ("vault-agent", "hashicorp/vault:1.18", Some("vault")),
            // The server has the agent's image.
            ("vault", "hashicorp/vault:1.18", None),
            ("daprd", "docker.io/daprio/daprd:1.15", Some("dapr")),
            ("driver", "my/spark:4.3.0", None),
            ("mesh", "my/notproxyv2:1", None),
            ("", "", None),
        ] {
            let container = Container { name: name.into(), image: image.into(), ..Container::default() };
            assert_eq!(Known::of(&container).map(|known| known.name), known, "{name} {image}");
        }
    }

    #[test]
    fn every_one_is_found_by_its_name_and_says_what_to_do() {
        for known in &CATALOGUE {
            assert_eq!(Known::named(known.name), Some(known));
            assert!(!known.remedy.is_empty() && known.path.starts_with('/'), "{}", known.name);
        }
        assert_eq!(Known::named(OTHER), None);
    }
}
