//! A stand-in for STS: counts the calls, and answers each as it is told. MinIO cannot issue credentials of seconds.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use aws_smithy_types::{DateTime, date_time::Format};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// How a call is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With credentials of this life, numbered by the call.
    For(Duration),
    /// With credentials of this life, by a clock that is so many seconds ahead of ours.
    Ahead(i64, Duration),
    /// With credentials until then, or with no end at all.
    Until(Option<&'static str>),
    /// With status, code and message.
    Refused(u16, &'static str, &'static str),
}

/// The stand-in; it serves until the test's process ends.
pub struct Sts {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl Sts {
    /// Answers every call so.
    pub fn always(answer: Answer) -> Self {
        Self::new(move |_| answer.clone())
    }

    /// Answers the first call and the others differently.
    pub fn first(first: Answer, then: Answer) -> Self {
        Self::new(move |call| if call == 1 { first.clone() } else { then.clone() })
    }

    /// Answers so many calls in a second, and throttles the others as AWS does.
    pub fn throttling(rate: u32) -> Self {
        let (mut left, mut filled) = (f64::from(rate), Instant::now());
        Self::new(move |_| {
            let since = filled.elapsed();
            filled += since;
            left = (left + since.as_secs_f64() * f64::from(rate)).min(f64::from(rate));
            if left < 1.0 {
                return Answer::Refused(400, "Throttling", "Rate exceeded");
            }
            left -= 1.0;
            Answer::For(Duration::from_secs(3600))
        })
    }

    /// Answers when it is told to, and how.
    pub fn held() -> (Self, mpsc::Sender<Answer>) {
        let (release, released) = mpsc::channel();
        (Self::new(move |_| released.recv().unwrap()), release)
    }

    fn new(mut answer: impl FnMut(usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, calls) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                read_request(&stream);
                let call = counted.fetch_add(1, Ordering::SeqCst) + 1;
                respond(stream, call, &answer(call));
            }
        });
        Self { address, calls }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    assert!(body.starts_with(b"Action=AssumeRoleWithWebIdentity"), "{}", String::from_utf8_lossy(&body));
}

fn respond(mut stream: TcpStream, call: usize, answer: &Answer) {
    let text = |time: SystemTime, format| DateTime::from(time).fmt(format).unwrap();
    let now = SystemTime::now();
    let (status, date, body) = match answer {
        Answer::For(life) => (200, now, granted(call, &text(now + *life, Format::DateTime))),
        Answer::Ahead(seconds, life) => {
            let by = Duration::from_secs(seconds.unsigned_abs());
            let theirs = if *seconds < 0 { now - by } else { now + by };
            (200, theirs, granted(call, &text(theirs + *life, Format::DateTime)))
        }
        Answer::Until(Some(ends)) => (200, now, granted(call, ends)),
        Answer::Until(None) => (200, now, granted(call, "").replace("<Expiration></Expiration>", "")),
        Answer::Refused(status, code, message) => (
            *status,
            now,
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"),
        ),
    };
    let (length, date) = (body.len(), text(date, Format::HttpDate));
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

fn granted(call: usize, ends: &str) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn></Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIA{call}</AccessKeyId><SecretAccessKey>secret{call}</SecretAccessKey>\
         <Expiration>{ends}</Expiration><SessionToken>session{call}</SessionToken></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
}

/// As the kubelet writes it.
pub fn identity_token() -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = r#"{"iss":"https://issuer","sub":"system:serviceaccount:etl:driver","aud":["sts.amazonaws.com"],"exp":4000000000}"#;
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
}
