//! An STS that plays one recorded exchange: requests are compared, form field by form field, and answered in order.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A client that says nothing for so long fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server; it lives in a thread until the test ends.
pub struct Sts {
    /// Where it listens.
    pub url: String,
    /// The certificate that vouches for it, when it speaks TLS.
    pub certificate: Option<String>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Sts {
    /// Listens on a free port of loopback and answers as `exchange` has it: a list of answers, the last of which serves
    /// all requests that are left when it has `"again": true`. In bodies `{TOKEN}` stands for the token;
    /// `headers` are more lines of the head, each with its end.
    pub fn play(exchange: &Value, token: &str, tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut script = Script {
            answers: exchange.as_array().unwrap().clone(),
            next: 0,
            token: token.to_owned(),
            seen: Arc::clone(&seen),
        };
        let (url, certificate, tls) = if tls {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let certificate = made.cert.pem();
            (format!("https://localhost:{port}"), Some(certificate), Some(server_config(&made)))
        } else {
            (format!("http://127.0.0.1:{port}"), None, None)
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                match &tls {
                    None => script.serve(&stream, &stream),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        let mut stream = rustls::StreamOwned::new(connection, stream);
                        // A client that does not trust us says so here.
                        if stream.conn.complete_io(&mut stream.sock).is_ok() {
                            script.serve_one(&mut stream);
                        }
                    }
                }
            }
        });
        Self { url, certificate, seen }
    }

    /// A URL on which nobody listens: a low port, which no other test can be given in the meantime.
    pub fn nobody() -> String {
        "http://127.0.0.1:1".to_owned()
    }

    /// What each request was: its form fields, one a line, with `{TOKEN}` in place of the token.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn server_config(made: &rcgen::CertifiedKey<rcgen::KeyPair>) -> Arc<rustls::ServerConfig> {
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

struct Script {
    answers: Vec<Value>,
    next: usize,
    token: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Script {
    /// Answers all requests of one connection.
    fn serve(&mut self, read: &TcpStream, mut write: &TcpStream) {
        let mut reader = BufReader::new(read);
        while let Some(request) = read_request(&mut reader) {
            let answer = self.answer(&request);
            // A client that has had enough of a long answer closes.
            if write.write_all(&answer).is_err() {
                return;
            }
        }
    }

    fn serve_one(&mut self, stream: &mut (impl Read + Write)) {
        let request = read_request(&mut BufReader::new(&mut *stream)).unwrap();
        let answer = self.answer(&request);
        stream.write_all(&answer).unwrap();
    }

    fn answer(&mut self, request: &str) -> Vec<u8> {
        self.seen.lock().unwrap().push(request.replace(&self.token, "{TOKEN}"));
        let answer = self
            .answers
            .get(self.next)
            .cloned()
            .unwrap_or_else(|| serde_json::json!({ "status": 418, "body": "the exchange has no more answers" }));
        if answer["again"] != true {
            self.next += 1;
        }
        let mut body = answer["body"].as_str().unwrap_or_default().replace("{TOKEN}", &self.token).into_bytes();
        let times = usize::try_from(answer["times"].as_u64().unwrap_or(1)).unwrap();
        body = body.repeat(times);
        let head = format!(
            "HTTP/1.1 {} Recorded\r\ncontent-type: {}\r\ncontent-length: {}\r\n{}\r\n",
            answer["status"].as_u64().unwrap(),
            answer["type"].as_str().unwrap_or("text/xml"),
            body.len(),
            answer["headers"].as_str().unwrap_or_default(),
        );
        [head.into_bytes(), body].concat()
    }
}

/// Reads one request; none when the client has closed. The text is its form, a field a line, sorted; of a GET what is got
/// and by whom.
fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    if let Some(line) = head.lines().next().and_then(|line| line.strip_prefix("GET ")) {
        let authorization = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        let kind = match authorization {
            Some(signature) if signature.starts_with("AWS4-HMAC-SHA256 ") => "signed",
            Some(_) => "with a token",
            None => "by anybody",
        };
        return Some(format!("GET={} {kind}", line.trim_end_matches(" HTTP/1.1")));
    }
    let head = head.to_ascii_lowercase();
    // A proxy is sent the whole URL.
    let line = head.lines().next().unwrap_or_default();
    assert!(line == "post / http/1.1" || line == "post http://sts.internal:9000/ http/1.1", "{head}");
    let signed = head.contains("\r\nauthorization: aws4-hmac-sha256 ");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let fields: BTreeMap<String, String> = body
        .split('&')
        .map(|field| field.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    // Web identity is shown by the token; everything else is signed.
    assert_eq!(signed, fields["Action"] != "AssumeRoleWithWebIdentity", "{head}");
    Some(fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n"))
}

fn decode(text: &str) -> String {
    let mut plain = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(plain).unwrap()
}
