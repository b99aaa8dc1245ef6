//! Requests as the API server understands them.

use std::collections::HashMap;

use hyper::Method;
use serde_json::Value;

/// A request, understood.
pub struct Asked {
    pub verb: &'static str,
    /// All of them, if none.
    pub namespace: Option<String>,
    pub resource: String,
    pub name: Option<String>,
    /// With these values; without one, the label must be there.
    pub labels: Vec<(String, Option<String>)>,
    /// Not with this value.
    pub without: Vec<(String, String)>,
    /// The phases that are asked for, and whether those or all others are.
    pub phases: Vec<(bool, String)>,
    pub limit: usize,
    pub after: String,
    pub metadata_only: bool,
    pub grace: u64,
    pub uid: Option<String>,
}

impl Asked {
    /// `None` for anything that a cleanup has no reason to send.
    pub fn read(head: &hyper::http::request::Parts, body: &[u8]) -> Option<Self> {
        let (group, path) = ["/api/v1/", "/apis/apps/v1/"]
            .into_iter()
            .find_map(|group| Some((group, head.uri.path().strip_prefix(group)?)))?;
        let (namespace, path) = match path.strip_prefix("namespaces/") {
            Some(path) => path.split_once('/').map(|(namespace, path)| (Some(namespace.to_owned()), path))?,
            None => (None, path),
        };
        let (resource, name) = path.split_once('/').map_or((path, None), |(resource, name)| (resource, Some(name)));
        let is_controller = matches!(resource, "statefulsets" | "deployments");
        if is_controller != (group == "/apis/apps/v1/") {
            return None;
        }
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
            let (name, value) =
                part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value.to_owned())));
            all.push((name.to_owned(), value));
            Some(all)
        })?;
        let (without, labels): (Vec<_>, Vec<_>) = labels.into_iter().partition(|(name, _)| name.ends_with('!'));
        let without = without
            .into_iter()
            .map(|(name, value)| Some((name.trim_end_matches('!').to_owned(), value?)))
            .collect::<Option<_>>()?;
        let mut phases = query.get("fieldSelector").into_iter().flat_map(|text| text.split(','));
        let phases = phases.try_fold(Vec::new(), |mut all, part| {
            let rest = part.strip_prefix("status.phase")?;
            let (is, phase) = match rest.strip_prefix("!=") {
                Some(phase) => (false, phase),
                None => (true, rest.strip_prefix('=')?),
            };
            all.push((is, phase.to_owned()));
            Some(all)
        })?;
        let options: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).ok()? };
        // A deletion without a selector would take everything in the namespace.
        let is_safe =
            name.is_some() || labels.iter().any(|(name, value)| name == "spark-app-selector" && value.is_some());
        let is_right = match verb {
            "list" => (!labels.is_empty() || is_controller || !phases.is_empty()) && body.is_empty(),
            _ => is_safe && options["kind"] == "DeleteOptions" && options["propagationPolicy"] == "Background",
        };
        let accept = head.headers.get("accept")?.to_str().ok()?;
        is_right.then(|| Self {
            verb,
            namespace,
            without,
            phases,
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
