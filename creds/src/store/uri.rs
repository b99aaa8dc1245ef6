//! `s3://bucket/prefix`, with the rules for names of buckets, so that a typing error is told before anything is asked.

use std::fmt;
use std::net::Ipv4Addr;

/// The longest key that S3 has, in bytes.
const LONGEST_KEY: usize = 1024;

/// A place in a store: a bucket, and a prefix of keys in it, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    bucket: String,
    prefix: String,
}

impl S3Uri {
    /// Reads `s3://bucket`, `s3://bucket/prefix`, and the same with `s3a` or `s3n`.
    ///
    /// # Errors
    /// What is wrong with the text, as the end of a sentence that begins with the setting's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("`{}` is no place in S3: {what}", text.escape_debug()));
        let rest = match text.split_once("://") {
            Some(("s3" | "s3a" | "s3n", rest)) => rest,
            _ => return wrong("the pattern is s3://<bucket>/<prefix>"),
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.contains('@') {
            return Err("holds a user or a password before an `@`; keys never belong there".to_owned());
        }
        if let Some(what) = bucket_fault(bucket) {
            return wrong(&what);
        }
        // Hadoop drops a slash that is one too many.
        let prefix = prefix.trim_start_matches('/');
        if prefix.len() > LONGEST_KEY {
            return wrong(&format!("its prefix has more than {LONGEST_KEY} bytes"));
        }
        if prefix.chars().any(char::is_control) {
            return wrong("its prefix holds a control character");
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What follows the bucket, without the slash between.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The prefix as S3A lists a folder: with a slash at its end. Empty for the whole bucket.
    #[must_use]
    pub fn folder(&self) -> String {
        match self.prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// The rules of S3's user guide ("general purpose bucket naming rules"), as far as they do not depend on the region.
fn bucket_fault(bucket: &str) -> Option<String> {
    let is_edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = bucket.as_bytes();
    let fault = if bucket.is_empty() {
        "it names no bucket"
    } else if bucket.starts_with("arn:") {
        "it is an ARN; give the access point's alias, which is a bucket's name"
    } else if bucket.contains('_') {
        "its bucket holds an underscore; S3A takes the bucket for a host name, and Java finds none in that"
    } else if bucket.bytes().any(|b| b.is_ascii_uppercase()) {
        "its bucket holds capital letters; S3 has only buckets in small letters"
    } else if let Some(strange) =
        bucket.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(*c)))
    {
        return Some(format!("its bucket holds `{}`; only a-z, 0-9, `.` and `-` may be there", strange.escape_debug()));
    } else if !(3..=63).contains(&bucket.len()) {
        return Some(format!("its bucket's name has {} characters; it must have 3 to 63", bucket.len()));
    } else if !is_edge(bytes.first()) || !is_edge(bytes.last()) {
        "its bucket must begin and end with a letter or a digit"
    } else if bucket.contains("..") {
        "its bucket has two dots in a row"
    } else if bucket.parse::<Ipv4Addr>().is_ok() {
        "its bucket looks like an IP address"
    } else {
        return None;
    };
    Some(fault.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_s3() {
        for (text, bucket, prefix, folder) in [
            ("s3://data", "data", "", ""),
            ("s3://data/", "data", "", ""),
            ("s3a://data/jobs", "data", "jobs", "jobs/"),
            ("s3n://data/jobs/", "data", "jobs/", "jobs/"),
            ("s3://data//jobs//daily", "data", "jobs//daily", "jobs//daily/"),
            ("s3://my.data-1/ä b?c#d=1", "my.data-1", "ä b?c#d=1", "ä b?c#d=1/"),
            ("s3://mine-abcdefgh-s3alias/x", "mine-abcdefgh-s3alias", "x", "x/"),
        ] {
            let uri = S3Uri::parse(text).unwrap();
            assert_eq!((uri.bucket(), uri.prefix(), uri.folder().as_str()), (bucket, prefix, folder), "{text}");
        }
        assert_eq!(S3Uri::parse("s3a://data/x").unwrap().to_string(), "s3://data/x");
    }

    #[test]
    fn what_is_no_place_in_s3() {
        let long = format!("s3://{}", "b".repeat(64));
        let long_prefix = format!("s3://data/{}", "p".repeat(1025));
        for (text, why) in [
            ("", "the pattern is"),
            ("data/jobs", "the pattern is"),
            ("https://data.s3.amazonaws.com/jobs", "the pattern is"),
            ("S3://data", "the pattern is"),
            ("s3://", "names no bucket"),
            ("s3:///jobs", "names no bucket"),
            ("s3://my_data/jobs", "underscore; S3A"),
            ("s3://Data", "capital"),
            ("s3://da", "2 characters"),
            (long.as_str(), "64 characters"),
            (long_prefix.as_str(), "1024 bytes"),
            ("s3://-data", "begin and end"),
            ("s3://data.", "begin and end"),
            ("s3://da..ta", "two dots"),
            ("s3://10.0.0.1/x", "IP address"),
            ("s3://data:9000/x", "holds `:`"),
            ("s3://AKIAX:hunter2@data/x", "keys never"),
            ("s3://arn:aws:s3:eu-west-1:1:accesspoint/x", "alias"),
            ("s3://da ta", "holds ` `"),
            ("s3://data/a\nb", "control character"),
        ] {
            let error = S3Uri::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains('\n') && !error.contains("hunter2"), "{error}");
        }
    }
}
