//! A stand-in for a proxy: one listener, one life after the other.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout_at},
};

/// What a life of it does with requests.
#[derive(Debug, Clone, Copy)]
pub enum Does {
    /// Agrees to the request of this path (404 for others) with this status, goes on listening for so long, and is gone.
    Quit { path: &'static str, status: u16, drain: Duration },
    /// Answers this status.
    Refuse(u16),
    /// Takes the connection and says nothing.
    Hang,
    /// Takes the connection and closes it.
    HangUp,
    /// Says this whatever it is asked.
    Say(&'static str),
    /// An answer whose headers never end.
    Flood,
}

/// Between two lives, as a restart by the kubelet is: longer than a few looks.
const RESTART: Duration = Duration::from_millis(30);

pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    life: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.life.abort();
    }
}

/// A port that is free, of those that the kernel gives to nobody by itself: a look at a closed port must not meet another
/// test's socket, nor itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Proxy {
    /// It listens; after each life but the last it is started again.
    pub fn start(lives: Vec<Does>) -> Self {
        let (port, asked) = (free_port(), Arc::new(Mutex::new(Vec::new())));
        let first = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        first.set_nonblocking(true).unwrap();
        let mut listener = Some(TcpListener::from_std(first).unwrap());
        let heard = Arc::clone(&asked);
        let life = tokio::spawn(async move {
            for does in lives {
                let listening = match listener.take() {
                    Some(listener) => listener,
                    None => {
                        sleep(RESTART).await;
                        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap()
                    }
                };
                live(listening, does, &heard).await;
            }
        });
        Self { port, asked, life }
    }

    /// The requests that came, without their headers.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Serves until it quits, which drops the listener.
async fn live(listener: TcpListener, does: Does, heard: &Mutex<Vec<String>>) {
    let (mut kept, mut end) = (Vec::new(), Instant::now() + Duration::from_secs(3600));
    while let Ok(accepted) = timeout_at(end, listener.accept()).await {
        let (mut stream, _) = accepted.unwrap();
        let Some(request) = read(&mut stream).await else { continue };
        heard.lock().unwrap().push(request.clone());
        let status = match does {
            Does::Quit { path, status, drain } if request.ends_with(path) => {
                end = end.min(Instant::now() + drain);
                status
            }
            Does::Quit { .. } => 404,
            Does::Refuse(status) => status,
            Does::Hang => {
                kept.push(stream);
                continue;
            }
            Does::HangUp => continue,
            Does::Say(words) => {
                let _ = stream.write_all(words.as_bytes()).await;
                continue;
            }
            Does::Flood => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                continue;
            }
        };
        let _ = stream.write_all(format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
    }
}

/// Method and path of the request; none of a connection on which nothing comes, as of a look.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut text).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    let text = String::from_utf8(text).unwrap();
    let line = text.lines().next()?;
    assert!(text.to_lowercase().contains("\r\nhost: 127.0.0.1:"), "{text}");
    Some(line.trim_end_matches(" HTTP/1.1").to_owned())
}
