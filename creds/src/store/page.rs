//! What a store answers to a listing: XML of a few shapes, read by the SDK's own reader, of which only some texts matter.

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

/// The longest text that is taken from an error, in characters.
const LONGEST_TEXT: usize = 2048;

/// What stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Keys of a bucket.
    List {
        /// Is there at least one?
        found: bool,
    },
    /// The list of all buckets: the store did not see that a bucket was named.
    Buckets,
    /// An error of the store's.
    Error(Fault),
    /// XML of another kind, by the name of its root, or a list that is cut off.
    Other(String),
    /// No XML at all, or HTML.
    Strange,
}

/// An error of a store's, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// Such as `AccessDenied`.
    pub code: String,
    /// For people.
    pub message: String,
    /// The region that the bucket is in, where the error is about that.
    pub region: Option<String>,
    /// The host to ask instead.
    pub endpoint: Option<String>,
    /// What time it is for the store, when the error is about that.
    pub server_time: Option<String>,
}

impl Page {
    /// Reads an answer. Never fails: what cannot be read is [`Page::Strange`].
    pub fn read(body: &[u8]) -> Self {
        let Ok(text) = str::from_utf8(body) else { return Self::Strange };
        if !text.trim_start().starts_with('<') {
            return Self::Strange;
        }
        let mut document = Document::new(text);
        let Ok(mut root) = document.root_element() else { return Self::Strange };
        let name = root.start_el().local().to_owned();
        match name.as_str() {
            "ListBucketResult" => {
                let mut found = false;
                while let Some(tag) = root.next_tag() {
                    found |= matches!(tag.start_el().local(), "Contents" | "CommonPrefixes");
                }
                let complete = text.trim_end().ends_with("ListBucketResult>");
                if complete { Self::List { found } } else { Self::Other(format!("{name}, cut off")) }
            }
            "ListAllMyBucketsResult" => Self::Buckets,
            "Error" => Self::Error(Fault::read(&mut root)),
            _ if name.eq_ignore_ascii_case("html") => Self::Strange,
            _ => Self::Other(name.chars().take(64).collect()),
        }
    }
}

impl Fault {
    fn read(root: &mut ScopedDecoder<'_, '_>) -> Self {
        let mut fault = Self::default();
        while let Some(mut tag) = root.next_tag() {
            let name = tag.start_el().local().to_owned();
            let Ok(text) = try_data(&mut tag) else { continue };
            let text = || text.chars().take(LONGEST_TEXT).collect::<String>();
            match name.as_str() {
                "Code" => fault.code = text(),
                "Message" => fault.message = text(),
                "Region" => fault.region = Some(text()),
                "Endpoint" => fault.endpoint = Some(text()),
                "ServerTime" => fault.server_time = Some(text()),
                _ => {}
            }
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_other_answers_are_told_apart() {
        let found = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/\
                     2006-03-01/\"><Name>data</Name><KeyCount>1</KeyCount><Contents><Key>a</Key></Contents>\
                     </ListBucketResult>\n";
        for (body, expected) in [
            (found, Page::List { found: true }),
            (
                "<ListBucketResult><Name>data</Name><KeyCount>0</KeyCount></ListBucketResult>",
                Page::List { found: false },
            ),
            (&found[..found.len() - 20], Page::Other("ListBucketResult, cut off".into())),
            ("<ListBucketResult><Name>", Page::Other("ListBucketResult, cut off".into())),
            ("<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>", Page::Buckets),
            ("<Feed/>", Page::Other("Feed".into())),
            ("<!DOCTYPE html><html><body>Sign in</body></html>", Page::Strange),
            ("<HTML>", Page::Strange),
            ("<", Page::Strange),
            ("", Page::Strange),
            ("{\"Code\":\"AccessDenied\"}", Page::Strange),
        ] {
            assert_eq!(Page::read(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(Page::read(&[b'<', 0xff]), Page::Strange);
    }

    #[test]
    fn an_error_is_read_with_what_belongs_to_it() {
        let body = "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>the region \
                    &apos;a&apos; is wrong; expecting &#39;b&#39;</Message><Region>b</Region><RequestId>1</RequestId>\
                    <Endpoint>data.s3.b.amazonaws.com</Endpoint><Nested><Code>x</Code></Nested></Error>";
        let expected = Fault {
            code: "AuthorizationHeaderMalformed".into(),
            message: "the region 'a' is wrong; expecting 'b'".into(),
            region: Some("b".into()),
            endpoint: Some("data.s3.b.amazonaws.com".into()),
            server_time: None,
        };
        assert_eq!(Page::read(body.as_bytes()), Page::Error(expected));
        assert_eq!(Page::read(b"<Error>"), Page::Error(Fault::default()));
        assert_eq!(Page::read(b"<Error><Code><Code>"), Page::Error(Fault::default()));
    }

    #[test]
    fn a_text_is_bounded() {
        let body = format!("<Error><Message>{}</Message></Error>", "m".repeat(LONGEST_TEXT * 2));
        let Page::Error(fault) = Page::read(body.as_bytes()) else { panic!("no error") };
        assert_eq!(fault.message.len(), LONGEST_TEXT);
    }
}
