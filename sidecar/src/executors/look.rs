//! Asks the API server about an attempt's executors: at most five requests for one look, and one page of each answer.

use std::collections::BTreeSet;

use codriver_kube::{Client, Collection, Error, Kind, Object, View};
use serde_json::Value;

use super::{
    diagnose::{Happened, diagnose},
    patience::Looked,
    reason::Reason,
    trial,
};
use crate::cleanup::strays::{all_executors, selector};

/// Executors that are not ready and are looked at; a thousand would tell the same.
const KEPT: usize = 50;
/// Those whose events are read, with one request each.
const ASKED: usize = 3;
/// Events of one executor that are kept, the last ones.
const EVENTS: usize = 20;

/// Whose executors.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Where they are.
    pub namespace: &'a str,
    /// What they bear.
    pub application_id: &'a str,
    /// The uid of the driver's pod.
    pub driver_uid: &'a str,
    /// The pod to try where there are none.
    pub trial: &'a Value,
}

/// Looks once. What events and trial would have told is missing where they are refused; `complain` gets these errors.
///
/// # Errors
/// When the executors cannot be listed.
pub async fn look(
    client: &Client,
    question: &Question<'_>,
    complain: &mut (dyn FnMut(Error) + Send),
) -> Result<Looked, Error> {
    let Question { namespace, application_id, driver_uid, trial } = question;
    let mut pods = list(client, namespace, &selector(Kind::Pods, application_id)).await?;
    if pods.all == 0 {
        // The job may have chosen an application id of its own.
        pods = list(client, namespace, &all_executors(driver_uid)).await?;
    }
    // Of more than are kept nobody can say that all are gone.
    let all_are_known = pods.others.len() < KEPT;
    let waiting = pods.others.iter().filter(|_| all_are_known).map(|pod| pod.metadata.uid.clone()).collect();
    let mut looked = Looked { pods: pods.all, ready: pods.ready, waiting, reason: None };
    if looked.pods == 0 {
        looked.reason = match client.create(Kind::Pods, namespace, trial, true).await {
            Ok(()) => None,
            Err(error) => trial::refusal(&error).or_else(|| {
                complain(error);
                None::<Reason>
            }),
        };
        return Ok(looked);
    }
    let mut events = Vec::new();
    for pod in pods.others.iter().take(ASKED) {
        match events_of(client, namespace, &pod.metadata.uid).await {
            Ok(found) => events.extend(found),
            Err(error) => complain(error),
        }
    }
    looked.reason = diagnose(&pods.others, &events);
    Ok(looked)
}

#[derive(Default)]
struct Pods {
    all: usize,
    ready: BTreeSet<String>,
    others: Vec<Object>,
}

async fn list(client: &Client, namespace: &str, selector: &str) -> Result<Pods, Error> {
    let mut pods = Pods::default();
    let of = Collection { kind: Kind::Pods, namespace, selector, fields: "" };
    let mut take = |pod: Object| {
        // On its way out: what comes after it counts.
        if pod.metadata.deletion_timestamp.is_some() {
            return;
        }
        pods.all += 1;
        if pod.status.condition("Ready").is_some_and(|ready| ready.status == "True") {
            pods.ready.insert(pod.metadata.uid);
        } else if pods.others.len() < KEPT {
            pods.others.push(pod);
        }
    };
    client.list(&of, View::Full, None, &mut take).await?;
    Ok(pods)
}

async fn events_of(client: &Client, namespace: &str, uid: &str) -> Result<Vec<Happened>, Error> {
    let mut events = std::collections::VecDeque::new();
    let fields = format!("involvedObject.uid={uid}");
    let of = Collection { kind: Kind::Events, namespace, selector: "", fields: &fields };
    let mut take = |event: Happened| {
        if events.len() == EVENTS {
            events.pop_front();
        }
        events.push_back(event);
    };
    client.list(&of, View::Full, None, &mut take).await?;
    Ok(events.into())
}
