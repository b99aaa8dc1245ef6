//! The body of an answer, which may break off.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Sleep, sleep};

/// How it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    End,
    /// The connection breaks off.
    Cut,
}

pub struct Answer {
    text: Option<Bytes>,
    tail: Tail,
    /// A moment in which the text is sent, before the connection breaks off.
    moment: Pin<Box<Sleep>>,
}

impl Answer {
    pub fn new(text: String, tail: Tail) -> Self {
        Self { text: Some(text.into()), tail, moment: Box::pin(sleep(Duration::from_millis(1))) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.text.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(text)))),
            None if self.tail == Tail::End => Poll::Ready(None),
            None => self.moment.as_mut().poll(context).map(|()| Some(Err(std::io::Error::other("cut")))),
        }
    }
}
