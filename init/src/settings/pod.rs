//! The pod's own facts, by the downward API.

use std::net::IpAddr;

use super::reader::Reader;
use super::{Pod, given, is_name};
use crate::args::Args;

impl Reader {
    /// All of them, or none.
    pub fn pod(&mut self, args: &Args) -> Option<Pod> {
        let mut field = |setting: &str, value: &Option<String>, path: &str, valid: fn(&str) -> bool| match given(value)
        {
            Some(text) if valid(text) => Some(text.to_owned()),
            found => {
                let problem = if found.is_some() { "is not what Kubernetes gives" } else { "is not set" };
                self.mistake(
                    format!("{setting} {problem}"),
                    format!("set it by the downward API: valueFrom.fieldRef.fieldPath: {path}"),
                );
                None
            }
        };
        let name = field("POD_NAME", &args.pod_name, "metadata.name", is_name);
        let namespace = field("POD_NAMESPACE", &args.pod_namespace, "metadata.namespace", is_name);
        let uid = field("POD_UID", &args.pod_uid, "metadata.uid", is_name);
        let ip = field("POD_IP", &args.pod_ip, "status.podIP", |text| text.parse::<IpAddr>().is_ok());
        let node = self.word("NODE_NAME", &args.node_name);
        Some(Pod { name: name?, namespace: namespace?, uid: uid?, ip: ip?.parse().ok()?, node })
    }
}
