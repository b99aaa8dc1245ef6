//! A stand-in for STS: gives the same credentials to everybody, until it is told to be away, and again when it is back.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A service account's token, as far as anybody looks; the claims are of the audience `sts.amazonaws.com`, until 2096.
pub const IDENTITY: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3VlciIsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpldGw6ZHJpdmVyIiwiYXVkIjpbInN0cy5hbWF6b25hd3MuY29tIl0sImV4cCI6NDAwMDAwMDAwMH0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";
/// What must be seen nowhere but in answers.
pub const SECRETS: [&str; 3] =
    ["ASIAEXAMPLEKEYID0001", "wJalrXUtnFEMI-EXAMPLESECRETKEY-0001", "FwoGZXIvYXdzEXAMPLESESSION0001"];

const GRANTED: &str = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
<AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn></Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser><Credentials>\
<AccessKeyId>ASIAEXAMPLEKEYID0001</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI-EXAMPLESECRETKEY-0001</SecretAccessKey>\
<SessionToken>FwoGZXIvYXdzEXAMPLESESSION0001</SessionToken><Expiration>2096-01-01T00:00:00Z</Expiration></Credentials>\
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
const AWAY: &str =
    "<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>away</Message></Error></ErrorResponse>";

/// It serves until the tests end.
pub struct Sts {
    address: SocketAddr,
    away: Arc<AtomicBool>,
}

impl Sts {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, away) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let is_away = Arc::clone(&away);
        thread::spawn(move || {
            for stream in listener.incoming() {
                respond(stream.unwrap(), is_away.load(Ordering::SeqCst));
            }
        });
        Self { address, away }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it has nothing for anybody.
    pub fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    pub fn come_back(&self) {
        self.away.store(false, Ordering::SeqCst);
    }
}

fn respond(mut stream: TcpStream, away: bool) {
    let (mut request, mut chunk) = (Vec::new(), [0; 8192]);
    // The body ends with the token, or with what stands behind it in the form.
    while !String::from_utf8_lossy(&request).contains(IDENTITY) {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend(&chunk[..length]),
        }
    }
    let (status, body) = if away { ("503 X", AWAY) } else { ("200 OK", GRANTED) };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all((head + body).as_bytes());
}
