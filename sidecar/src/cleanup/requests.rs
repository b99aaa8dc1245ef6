//! The requests of one cleanup: page after page, counted, and patient when the server asks for it.

use std::time::Duration;

use codriver_kube::{Client, Collection, Error, Kind, Object, View};
use tokio::time::sleep;

use super::reaction::{Reaction, react};
use super::strays::Named;

/// What is done with a collection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    List(View),
    Delete { view: View, grace: Option<u32> },
}

/// Makes requests, and remembers how it goes.
pub(crate) struct Requests<'a> {
    client: &'a Client,
    made: u32,
    failed_in_a_row: u32,
    trouble: Option<Error>,
}

impl<'a> Requests<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client, made: 0, failed_in_a_row: 0, trouble: None }
    }

    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    pub(crate) fn failed_in_a_row(&self) -> u32 {
        self.failed_in_a_row
    }

    /// What the last request met with, if it failed and is tried again.
    pub(crate) fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// Goes through all pages. A page that the server puts off is asked for again; after any other error the caller must
    /// begin anew, since `each` has had some of the objects.
    pub(crate) async fn pages(
        &mut self,
        of: &Collection<'_>,
        how: How,
        each: &mut (dyn FnMut(Object) + Send),
    ) -> Result<(), Error> {
        let mut page = None;
        loop {
            self.made += 1;
            let answer = match how {
                How::List(view) => self.client.list(of, view, page.as_deref(), each).await,
                How::Delete { view, grace } => {
                    self.client.delete_collection(of, view, grace, page.as_deref(), each).await
                }
            };
            match self.put_off(answer).await? {
                Some(Some(next)) => page = Some(next),
                Some(None) => return Ok(()),
                None => {}
            }
        }
    }

    /// Deletes one object. If it is gone, or another bears its name by now, that is as good.
    pub(crate) async fn one(
        &mut self,
        kind: Kind,
        namespace: &str,
        object: &Named,
        grace: Option<u32>,
    ) -> Result<(), Error> {
        loop {
            self.made += 1;
            let answer = match self.client.delete(kind, namespace, &object.name, &object.uid, grace).await {
                Err(Error::NotFound { .. } | Error::Conflict { .. }) => Ok(()),
                answer => answer,
            };
            if self.put_off(answer).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// `None`, after the pause that the server asked for, when the request is to be made again.
    async fn put_off<T>(&mut self, answer: Result<T, Error>) -> Result<Option<T>, Error> {
        match answer {
            Ok(done) => {
                (self.failed_in_a_row, self.trouble) = (0, None);
                Ok(Some(done))
            }
            Err(error) => match react(&error, self.failed_in_a_row) {
                Reaction::Wait(pause) if matches!(error, Error::Throttled { .. }) => {
                    self.wait(error, pause).await;
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// Pauses after a failure.
    pub(crate) async fn wait(&mut self, error: Error, pause: Duration) {
        tracing::info!(%error, pause_ms = pause.as_millis(), "cleanup: trying again");
        self.failed_in_a_row += 1;
        self.trouble = Some(error);
        sleep(pause).await;
    }
}
