//! What `/metrics` tells, in Prometheus' text format: few metrics, few fixed labels, nothing secret.
//!
//! A page of code and no library: it is a map from names and labels to numbers, and its text.

mod list;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use list::*;

/// How the text is called in `Content-Type` (Prometheus, "Exposition formats").
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Counts up from the start of the sidecar.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// One metric: what it is called and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// With the unit at its end.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// In one line.
    pub help: &'static str,
    /// Names of its labels; their values come in this order.
    pub labels: &'static [&'static str],
}

/// The values: of each metric in the list one for each combination of labels that has occurred.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(&'static str, Vec<String>), f64>>);

impl Metrics {
    fn values(&self) -> MutexGuard<'_, BTreeMap<(&'static str, Vec<String>), f64>> {
        // Each value is whole at any time, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a value.
    pub fn set(&self, metric: &Metric, labels: &[&str], value: f64) {
        self.values().insert(key(metric, labels), value);
    }

    /// Adds to a value; the first time to 0.
    pub fn add(&self, metric: &Metric, labels: &[&str], value: f64) {
        *self.values().entry(key(metric, labels)).or_default() += value;
    }

    /// All that has a value, as Prometheus reads it.
    #[must_use]
    pub fn page(&self) -> String {
        let (values, mut page) = (self.values(), String::new());
        for metric in ALL {
            let mut samples = values.iter().filter(|((name, _), _)| *name == metric.name).peekable();
            if samples.peek().is_none() {
                continue;
            }
            let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
            let _ = writeln!(page, "# HELP {0} {1}\n# TYPE {0} {kind}", metric.name, metric.help);
            for ((name, labels), value) in samples {
                let labels =
                    metric.labels.iter().zip(labels).map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
                let labels = labels.collect::<Vec<_>>().join(",");
                let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
                let _ = writeln!(page, "{name}{labels} {value}");
            }
        }
        page
    }
}

/// A count as a value. Exact up to 2⁵³, and nothing here counts as far.
#[must_use]
pub fn number(count: u64) -> f64 {
    count as f64
}

fn key(metric: &Metric, labels: &[&str]) -> (&'static str, Vec<String>) {
    debug_assert_eq!(metric.labels.len(), labels.len(), "labels of {}", metric.name);
    (metric.name, labels.iter().map(|&label| label.to_owned()).collect())
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
