//! A server on loopback that plays a list of replies, one for each connection, and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with one connection.
#[derive(Clone)]
pub enum Reply {
    /// Reads the request, answers so, closes.
    Bytes(Vec<u8>),
    /// Reads the request, answers so, and then the same bytes for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Reads the request, answers so, and stays silent until the client has had enough.
    Silent(Vec<u8>),
    /// Closes at once.
    Close,
    /// A proxy's reply to `CONNECT`, and when it is 200, TLS and this answer behind it.
    Tunnel(Vec<u8>, Arc<rustls::ServerConfig>, Vec<u8>),
}

/// The server; its thread ends with the test.
pub struct Server {
    /// Where it listens: host and port.
    pub address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Plays these replies, the last of them for all connections that are left.
    pub fn play(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&seen);
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let reply = replies.get(at).or(replies.last()).cloned().unwrap();
                // A client that has had enough closes; that is for the test to judge, not for the server.
                let _ = serve(stream.unwrap(), reply, &heard);
            }
        });
        Self { address, seen }
    }

    /// The requests so far, heads and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, reply: Reply, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    if matches!(reply, Reply::Close) {
        return Ok(());
    }
    let hear = |stream: &mut dyn Read| -> std::io::Result<()> {
        let request = read_request(stream)?;
        seen.lock().unwrap().push(request);
        Ok(())
    };
    hear(&mut stream)?;
    match reply {
        Reply::Close => {}
        Reply::Bytes(bytes) => stream.write_all(&bytes)?,
        Reply::Endless(head, more) => {
            stream.write_all(&head)?;
            loop {
                stream.write_all(&more)?;
            }
        }
        Reply::Silent(bytes) => {
            stream.write_all(&bytes)?;
            stream.read_to_end(&mut Vec::new())?;
        }
        Reply::Tunnel(first, tls, answer) => {
            stream.write_all(&first)?;
            let connection = rustls::ServerConnection::new(tls).unwrap();
            let mut inner = rustls::StreamOwned::new(connection, stream);
            hear(&mut inner)?;
            inner.write_all(&answer)?;
        }
    }
    Ok(())
}

/// Head and body, as far as the head tells its length.
fn read_request(stream: &mut dyn Read) -> std::io::Result<String> {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(head + &String::from_utf8(body).unwrap())
}

/// An answer of HTTP.
pub fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Played\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
