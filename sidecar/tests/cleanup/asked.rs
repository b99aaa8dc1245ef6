//! Requests as the API server understands them.

use std::collections::HashMap;

use hyper::Method;
use serde_json::Value;

use crate::world::NAMESPACE;

/// A request, understood.
pub struct Asked {
    pub verb: &'static str,
    pub resource: String,
    pub name: Option<String>,
    pub labels: Vec<(String, String)>,
    pub limit: usize,
    pub after: String,
    pub metadata_only: bool,
    pub grace: u64,
    pub uid: Option<String>,
}

impl Asked {
    /// `None` for anything that a cleanup has no reason to send.
    pub fn read(head: &hyper::http::request::Parts, body: &[u8]) -> Option<Self> {
        let path = head.uri.path().strip_prefix("/api/v1/namespaces/")?.strip_prefix(NAMESPACE)?.strip_prefix('/')?;
        let (resource, name) = path.split_once('/').map_or((path, None), |(resource, name)| (resource, Some(name)));
        let verb = match (&head.method, name) {
            (&Method::GET, None) => "list",
            (&Method::DELETE, None) => "deletecollection",
            (&Method::DELETE, Some(_)) => "delete",
            _ => return None,
        };
        let mut query = head.uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty());
        let query: HashMap<String, String> = query.try_fold(HashMap::new(), |mut all, part| {
            let (name, value) = part.split_once('=')?;
            all.insert(name.to_owned(), decode(value)?);
            Some(all)
        })?;
        let selector = query.get("labelSelector").map(String::as_str);
        let mut labels = selector.iter().flat_map(|text| text.split(','));
        let labels = labels.try_fold(Vec::new(), |mut all, part| {
            let (name, value) = part.split_once('=')?;
            all.push((name.to_owned(), value.to_owned()));
            Some(all)
        })?;
        let options: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).ok()? };
        // A deletion without a selector would take everything in the namespace.
        let is_safe = name.is_some() || labels.iter().any(|(name, _)| name == "spark-app-selector");
        let is_right = match verb {
            "list" => !labels.is_empty() && body.is_empty(),
            _ => is_safe && options["kind"] == "DeleteOptions" && options["propagationPolicy"] == "Background",
        };
        let accept = head.headers.get("accept")?.to_str().ok()?;
        is_right.then(|| Self {
            verb,
            resource: resource.to_owned(),
            name: name.map(str::to_owned),
            labels,
            limit: query.get("limit").map_or(usize::MAX, |limit| limit.parse().unwrap()),
            after: query.get("continue").cloned().unwrap_or_default(),
            metadata_only: accept.starts_with("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            grace: options["gracePeriodSeconds"].as_u64().unwrap_or(30),
            uid: options["preconditions"]["uid"].as_str().map(str::to_owned),
        })
    }
}

fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let first = parts.next()?.as_bytes().to_vec();
    let bytes = parts.try_fold(first, |mut all, part| {
        all.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        all.extend_from_slice(part.get(2..)?.as_bytes());
        Some(all)
    })?;
    String::from_utf8(bytes).ok()
}
