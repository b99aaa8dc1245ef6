//! The requests that codriver makes.

mod follow;

use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exchange::{Answer, Call, Exchange};
use crate::items::{Items, LARGEST_OBJECT, Piece};
use crate::request::query;
use crate::rules::{Review, question};
use crate::{Config, Deadlines, Error, Kind, Object, Rules, Subject, Verb};

/// Objects that one request lists or deletes. The API server cuts a request after 60 s, and was seen to delete 500 pods
/// in 4 s when busy.
pub const PAGE: u32 = 500;

/// How much of each object the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Name, labels and owners: about a tenth of a pod.
    Metadata,
    /// The status too.
    Full,
}

/// The objects of one kind that carry some labels, in one namespace or in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collection<'a> {
    /// Their kind.
    pub kind: Kind,
    /// Where they are; empty for all namespaces.
    pub namespace: &'a str,
    /// A label selector, such as `spark-role=executor,spark-app-selector=spark-1`.
    pub selector: &'a str,
    /// A field selector, such as `involvedObject.uid=…`; empty for none.
    pub fields: &'a str,
}

/// A client of one API server. Each request goes out at once, so several may be on their way; every wait is bounded by
/// the [`Deadlines`] of the [`Config`]. Dropping a request's future gives it up, and the server may have carried it out.
#[derive(Debug)]
pub struct Client {
    exchange: Exchange,
    deadlines: Deadlines,
}

impl Client {
    /// A client; it connects with the first request.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { deadlines: config.deadlines, exchange: Exchange::new(config) }
    }

    /// How many requests failed so far. That an object is not there, or is there already, is an answer and no failure.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.exchange.failed()
    }

    /// Closes the connection that is kept between requests; the next one opens its own.
    pub fn hang_up(&self) {
        self.exchange.hang_up();
    }

    /// One pod.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn pod(&self, namespace: &str, name: &str) -> Result<Object, Error> {
        let call = self.call(Verb::Get, Kind::Pods, namespace, Some(name));
        let answer = self.exchange.send(&call).await?;
        self.read_object(call, answer).await
    }

    /// Makes an object of this JSON, or with `dry_run` goes through admission (quota, limits, policies) and keeps nothing.
    ///
    /// # Errors
    /// As [`Error`] says. The request may have been sent twice, so give the object a name of its own:
    /// [`Error::Conflict`] then means that it is there.
    pub async fn create(
        &self,
        kind: Kind,
        namespace: &str,
        object: &serde_json::Value,
        dry_run: bool,
    ) -> Result<(), Error> {
        let mut call = self.call(Verb::Create, kind, namespace, None);
        call.target.push_str(&query(&[("dryRun", if dry_run { "All" } else { "" })]));
        call.body = object.to_string();
        let answer = self.exchange.send(&call).await?;
        self.exchange.read(&call, answer, &mut |_| Ok(())).await
    }

    /// What the service account of this client may do in a namespace. Every authenticated account may ask.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn self_subject_rules(&self, namespace: &str) -> Result<Rules, Error> {
        let mut call = self.call(Verb::Create, Kind::SelfSubjectRulesReviews, namespace, None);
        call.body = question(namespace);
        let answer = self.exchange.send(&call).await?;
        Ok(self.read_object::<Review>(call, answer).await?.status)
    }

    /// A page of the metadata of these objects; `each` gets one after the other while they arrive. Answers with the token
    /// for the next page, if there is one.
    ///
    /// # Errors
    /// As [`Error`] says. `each` may have been given some objects by then; with [`Error::Gone`] the token is too old.
    pub async fn list_metadata(
        &self,
        of: &Collection<'_>,
        page: Option<&str>,
        each: &mut (dyn FnMut(Object) + Send),
    ) -> Result<Option<String>, Error> {
        self.list(of, View::Metadata, page, each).await
    }

    /// A page of these objects, read as `T`: [`Object`], or what a caller reads of another kind.
    ///
    /// # Errors
    /// As [`Client::list_metadata`].
    pub async fn list<T: DeserializeOwned>(
        &self,
        of: &Collection<'_>,
        view: View,
        page: Option<&str>,
        each: &mut (dyn FnMut(T) + Send),
    ) -> Result<Option<String>, Error> {
        let mut call = self.call(Verb::List, of.kind, of.namespace, None);
        call.accept = accept(view);
        call.target.push_str(&page_query(of, page));
        let answer = self.exchange.send(&call).await?;
        Ok(self.read_list(&call, answer, each).await?.into_next())
    }

    /// Deletes a page of these objects with one request. `each` gets those it found, as they were before; pods with a
    /// grace period above 0 may still be there for that long, and claims until no pod uses them. `grace` in seconds, or
    /// each object's own. Answers with the token for the next page, if there is one.
    ///
    /// # Errors
    /// As [`Error`] says. After one that [is transient](Error::is_transient) part of the objects may be gone; the same
    /// request again, without the token, takes the rest.
    pub async fn delete_collection(
        &self,
        of: &Collection<'_>,
        view: View,
        grace: Option<u32>,
        page: Option<&str>,
        each: &mut (dyn FnMut(Object) + Send),
    ) -> Result<Option<String>, Error> {
        let mut call = self.call(Verb::DeleteCollection, of.kind, of.namespace, None);
        call.accept = accept(view);
        call.target.push_str(&page_query(of, page));
        call.body = delete_options(grace, None);
        call.deadline = self.deadlines.deletion;
        let answer = self.exchange.send(&call).await?;
        Ok(self.read_list(&call, answer, each).await?.into_next())
    }

    /// Deletes one object if it still is the one with this uid. `grace` in seconds, or the object's own.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::Conflict`] means that another object has the name now.
    pub async fn delete(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        uid: &str,
        grace: Option<u32>,
    ) -> Result<(), Error> {
        let mut call = self.call(Verb::Delete, kind, namespace, Some(name));
        call.body = delete_options(grace, Some(uid));
        let answer = self.exchange.send(&call).await?;
        self.exchange.read(&call, answer, &mut |_| Ok(())).await
    }

    fn call(&self, verb: Verb, kind: Kind, namespace: &str, name: Option<&str>) -> Call {
        let subject = Subject { verb, kind, namespace: namespace.to_owned(), name: name.map(str::to_owned) };
        Call {
            method: match verb {
                Verb::Get | Verb::List | Verb::Watch => Method::GET,
                Verb::Create => Method::POST,
                Verb::Delete | Verb::DeleteCollection => Method::DELETE,
            },
            target: subject.path(),
            subject,
            accept: accept(View::Full),
            body: String::new(),
            deadline: self.deadlines.answer,
        }
    }

    async fn read_object<T: DeserializeOwned>(&self, call: Call, answer: Answer) -> Result<T, Error> {
        let mut body = Vec::new();
        let mut keep = |data: &[u8]| {
            body.extend_from_slice(data);
            if body.len() > LARGEST_OBJECT { Err("it is larger than any object".into()) } else { Ok(()) }
        };
        self.exchange.read(&call, answer, &mut keep).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::Malformed { subject: call.subject, cause: error.to_string() })
    }

    async fn read_list<T: DeserializeOwned>(
        &self,
        call: &Call,
        answer: Answer,
        each: &mut (dyn FnMut(T) + Send),
    ) -> Result<ListMetadata, Error> {
        let (mut list, mut found) = (Items::new(), ListMetadata::default());
        let mut take = |data: &[u8]| {
            list.feed(data, &mut |piece| {
                match piece {
                    Piece::Item(item) => each(serde_json::from_slice(item).map_err(|error| error.to_string())?),
                    Piece::Field(b"metadata", value) => found = list_metadata(value)?,
                    Piece::Field(..) => {}
                }
                Ok(())
            })
        };
        self.exchange.read(call, answer, &mut take).await?;
        if list.is_whole() {
            Ok(found)
        } else {
            Err(Error::Malformed { subject: call.subject.clone(), cause: "it ends in the middle".into() })
        }
    }
}

fn accept(view: View) -> &'static str {
    match view {
        View::Full => "application/json",
        View::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
    }
}

fn page_query(of: &Collection<'_>, page: Option<&str>) -> String {
    let limit = PAGE.to_string();
    let page = page.unwrap_or_default();
    query(&[("labelSelector", of.selector), ("fieldSelector", of.fields), ("limit", &limit), ("continue", page)])
}

/// The options of a deletion. What the deleted objects own goes after them, by the garbage collector.
fn delete_options(grace: Option<u32>, uid: Option<&str>) -> String {
    let mut options = serde_json::json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Background",
    });
    if let Some(grace) = grace {
        options["gracePeriodSeconds"] = grace.into();
    }
    if let Some(uid) = uid {
        options["preconditions"] = serde_json::json!({ "uid": uid });
    }
    options.to_string()
}

/// What is read of a list's own metadata.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
    resource_version: Option<String>,
}

impl ListMetadata {
    /// The token for the next page; an empty one means that this was the last.
    fn into_next(self) -> Option<String> {
        self.next.filter(|token| !token.is_empty())
    }
}

fn list_metadata(metadata: &[u8]) -> Result<ListMetadata, String> {
    let metadata: Option<ListMetadata> = serde_json::from_slice(metadata).map_err(|error| error.to_string())?;
    Ok(metadata.unwrap_or_default())
}
