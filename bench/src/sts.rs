//! A stand-in for STS on loopback, the same and equally quick for every client that is measured.
//!
//! It answers each `AssumeRoleWithWebIdentity` that carries a role, a session name and a token with the same credentials,
//! and everything else with an error, so that a client that asks otherwise does not pass for a quick one. A real STS would
//! add its own time, and its own noise, to all clients alike. Prints its URL, and serves until it is killed.
//!
//! With a number as argument it grants so many calls in a second, and throttles the others in AWS's form. A request without a
//! body is told how many calls there were, and how many of them were granted.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

/// A client that says nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that a request may have, in bytes: more than the longest token.
const LONGEST: u64 = 64 * 1024;
/// What the form must have.
const FIELDS: [&str; 4] =
    ["Action=AssumeRoleWithWebIdentity&", "RoleArn=arn", "RoleSessionName=", "WebIdentityToken=eyJ"];

const GRANTED: &str = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
<AssumeRoleWithWebIdentityResult><AssumedRoleUser>\
<Arn>arn:aws:sts::123456789012:assumed-role/spark/etl.daily-0</Arn><AssumedRoleId>AROAEXAMPLE:etl.daily-0</AssumedRoleId>\
</AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>example</SecretAccessKey>\
<SessionToken>example</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
const REFUSED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
<Message>this is no AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>";

const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
</Error></ErrorResponse>";

/// What is counted, and what is left to be granted now.
struct Account {
    calls: u32,
    granted: u32,
    left: f64,
    filled: Instant,
}

impl Account {
    /// Counts a call, and says whether it is within the rate, which is also the burst.
    fn admits(&mut self, rate: f64) -> bool {
        let since = self.filled.elapsed();
        self.filled += since;
        self.left = (self.left + since.as_secs_f64() * rate).min(rate);
        let admits = self.left >= 1.0;
        self.calls += 1;
        if admits {
            self.left -= 1.0;
            self.granted += 1;
        }
        admits
    }
}

fn main() -> io::Result<()> {
    let rate = match env::args().nth(1) {
        Some(rate) => rate.parse().map_err(io::Error::other)?,
        None => f64::INFINITY,
    };
    let account = Mutex::new(Account { calls: 0, granted: 0, left: rate, filled: Instant::now() });
    let account: &'static _ = Box::leak(Box::new(account));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that closes early is the client's affair.
        thread::spawn(move || serve(&stream, account, rate));
    }
    Ok(())
}

/// Answers all requests of a connection.
fn serve(stream: &TcpStream, account: &Mutex<Account>, rate: f64) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(body) = request(&mut reader)? {
        let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = format!("{} {}", account.calls, account.granted);
        let (status, answer) = if body.is_empty() {
            ("200 OK", counted.as_str())
        } else if !FIELDS.iter().all(|field| body.contains(field)) {
            ("400 Bad Request", REFUSED)
        } else if account.admits(rate) {
            ("200 OK", GRANTED)
        } else {
            ("400 Bad Request", THROTTLED)
        };
        drop(account);
        let length = answer.len();
        let mut out = stream;
        out.write_all(
            format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\r\n{answer}")
                .as_bytes(),
        )?;
    }
    Ok(())
}

/// The body of the next request; none when the client has closed.
fn request(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut length = 0;
    let mut head = reader.take(LONGEST);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = String::new();
    reader.take(LONGEST.min(length)).read_to_string(&mut body)?;
    Ok(Some(body))
}
