//! Where the API server is, and who we are to it: a driver's service account, as in a pod.

use std::{env, path::PathBuf};

use codriver_kube::{Client, Config};

use crate::Error;

/// One namespace of one cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// As `https://host:port`.
    pub url: String,
    /// The file with its authority.
    pub authority: PathBuf,
    /// The file with the driver's token.
    pub token: PathBuf,
    /// Where everything is made.
    pub namespace: String,
    /// The program that calls kubectl for this cluster.
    pub kubectl: PathBuf,
}

impl Cluster {
    /// As `BENCH_…` say.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn from_environment() -> Result<Self, Error> {
        let variable = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
        Ok(Self {
            url: variable("BENCH_API")?,
            authority: variable("BENCH_CA")?.into(),
            token: variable("BENCH_TOKEN")?.into(),
            namespace: variable("BENCH_NAMESPACE")?,
            kubectl: variable("BENCH_KUBECTL")?.into(),
        })
    }

    /// A client with a connection of its own.
    ///
    /// # Errors
    /// When the authority cannot be used.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::new(Config::at(&self.url, Some(&self.authority), Some(&self.token))?))
    }

    /// The pods that these labels select, as curl takes them.
    #[must_use]
    pub fn pods(&self, selector: &str) -> String {
        let selector = selector.replace('=', "%3D").replace(',', "%2C");
        format!("{}/api/v1/namespaces/{}/pods?labelSelector={selector}", self.url, self.namespace)
    }

    /// The header that proves who we are. It is for curl's stdin: a command line is seen by all.
    ///
    /// # Errors
    /// When the token cannot be read.
    pub fn authorization(&self) -> Result<String, Error> {
        Ok(format!("Authorization: Bearer {}\n", std::fs::read_to_string(&self.token)?.trim()))
    }
}
