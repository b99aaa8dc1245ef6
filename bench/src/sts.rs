//! A stand-in for STS on loopback, the same and equally quick for every client that is measured.
//!
//! It answers each `AssumeRoleWithWebIdentity` that carries a role, a session name and a token with the same credentials,
//! and everything else with an error, so that a client that asks otherwise does not pass for a quick one. A real STS would
//! add its own time, and its own noise, to all clients alike. Prints its URL, and serves until it is killed.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

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

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that closes early is the client's affair.
        thread::spawn(move || serve(&stream));
    }
    Ok(())
}

/// Answers all requests of a connection.
fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(body) = request(&mut reader)? {
        let granted = FIELDS.iter().all(|field| body.contains(field));
        let (status, answer) = if granted { ("200 OK", GRANTED) } else { ("400 Bad Request", REFUSED) };
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
