//! The body of an answer of a stand-in API server, which may break off or stay away.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    End,
    /// The connection breaks off.
    Cut,
    /// Nothing comes any more.
    #[allow(dead_code, reason = "not all programs of tests need it")]
    Silence,
}

pub struct Answer {
    text: Option<Bytes>,
    tail: Tail,
    /// The text was sent in a turn before.
    sent: bool,
}

impl Answer {
    pub fn new(text: String, tail: Tail) -> Self {
        Self { text: Some(text.into()).filter(|text: &Bytes| !text.is_empty()), tail, sent: false }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(text) = self.text.take() {
            return Poll::Ready(Some(Ok(Frame::data(text))));
        }
        match self.tail {
            Tail::End => Poll::Ready(None),
            Tail::Silence => Poll::Pending,
            Tail::Cut if self.sent => Poll::Ready(Some(Err(std::io::Error::other("cut")))),
            // In the next turn, so that the text is sent.
            Tail::Cut => {
                self.sent = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
