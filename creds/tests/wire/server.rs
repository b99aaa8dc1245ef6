//! A server that answers one request after the other as a script says, in raw bytes, and remembers what was asked.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use codriver_creds::Patience;

/// What comes back for one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing while the connection stays.
    Stalls(Vec<u8>),
    /// A head, and a body without end.
    Endless,
}

impl Reply {
    /// A whole answer. A `Date` belongs to the headers that a test gives.
    pub fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Self::Bytes(format!("{text}\r\n{body}").into_bytes())
    }

    /// A whole answer without headers of its own.
    pub fn plain(status: u16, body: &str) -> Self {
        Self::new(status, &[], body)
    }

    /// Takes the request, and never answers.
    pub fn silence() -> Self {
        Self::Stalls(Vec::new())
    }
}

/// The server; it runs until the test program ends.
pub struct Server {
    address: SocketAddr,
    /// How long to wait for it.
    pub patience: Patience,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the first request with the first reply, and so on; the last is for all that follow.
    pub fn start(replies: Vec<Reply>) -> Self {
        let patience = crate::patience(&replies);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            let mut stalled = Vec::new();
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let reply = replies[number.min(replies.len() - 1)].clone();
                stalled.extend(answer(stream, reply, &heard));
            }
        });
        Self { address, patience, asked }
    }

    /// Where it is, `http://` included.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests, in small letters where HTTP does not care.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The first lines of all requests.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }
}

/// Gives the connection back when it has to stay open.
fn answer(mut stream: TcpStream, reply: Reply, heard: &Mutex<Vec<String>>) -> Option<TcpStream> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        head.extend(byte);
    }
    heard.lock().unwrap().push(String::from_utf8(head).unwrap());
    match reply {
        // The client may have had enough of it before its end.
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Reply::Stalls(bytes) => {
            drop(stream.write_all(&bytes));
            return Some(stream);
        }
        Reply::Endless => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{"));
            while stream.write_all(&[b' '; 4096]).is_ok() {}
        }
    }
    None
}
