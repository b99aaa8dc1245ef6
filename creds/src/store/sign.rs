//! Signature Version 4 of a request without a body, by the code of AWS's SDK.

use std::time::SystemTime;

use aws_credential_types::Credentials as SigningKeys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sign_request,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_types::body::SdkBody;
use hyper::Request;

use crate::credentials::Credentials;

/// A signed `GET` of an absolute URL, for S3 in a region.
///
/// # Errors
/// When the URL cannot be signed; a sentence.
pub fn signed_get(
    url: &str,
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<Request<SdkBody>, String> {
    let parts =
        [Some(&credentials.access_key_id), Some(&credentials.secret_access_key), credentials.session_token.as_ref()];
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !parts.into_iter().flatten().all(|part| is_word(part.expose())) {
        return Err(
            "a part of the credentials is empty, or holds a blank, a line end or a character that is not ASCII"
                .to_owned(),
        );
    }
    if !is_word(region) {
        return Err(format!("the region `{}` is no word", region.escape_debug()));
    }
    let keys = SigningKeys::new(
        credentials.access_key_id.expose(),
        credentials.secret_access_key.expose(),
        credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        None,
        "codriver",
    );
    // S3's own way: the path is signed as it is sent, and the body's digest goes into a header.
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = keys.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let cannot = |error: &dyn std::error::Error| format!("the request to {url} cannot be signed: {error}");
    let mut request = Request::get(url).body(SdkBody::empty()).map_err(|error| cannot(&error))?;
    let signable = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::empty());
    let (instructions, _) =
        signable.and_then(|request| sign_request(request, &parameters)).map_err(|error| cannot(&error))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::credentials::Secret;

    fn credentials(secret: &str, token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: Secret::new("AKIAIOSFODNN7EXAMPLE".into()),
            secret_access_key: Secret::new(secret.into()),
            session_token: token.map(|token| Secret::new(token.into())),
            expires: None,
        }
    }

    /// Midnight of 24 May 2013.
    fn then() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600)
    }

    /// "GET Bucket (List Objects)" of S3's API reference, "Authenticating Requests: Using the Authorization Header".
    #[test]
    fn the_signature_is_that_of_the_example_in_the_api_reference() {
        let credentials = credentials("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None);
        let url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
        let request = signed_get(url, "us-east-1", &credentials, then()).unwrap();
        let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("x-amz-date"), "20130524T000000Z");
        assert_eq!(
            header("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn a_session_token_is_sent_signed_and_out_of_sight() {
        let request =
            signed_get("http://minio:9000/data?x", "us-east-1", &credentials("key", Some("token")), then()).unwrap();
        let header = |name: &str| request.headers().get(name).unwrap();
        assert_eq!(header("x-amz-security-token"), "token");
        assert!(header("authorization").to_str().unwrap().contains(";x-amz-security-token,"));
        assert!(header("x-amz-security-token").is_sensitive());
    }

    #[test]
    fn what_cannot_be_signed_is_an_error_without_a_secret() {
        for (url, region, secret, token, why) in [
            ("http://minio/", "us-east-1", "hunter2\n", None, "line end"),
            ("http://minio/", "us-east-1", "hunter2", Some(""), "empty"),
            ("http://minio/", "us-east-1", "hunter2", Some("hunter2 ä"), "ASCII"),
            ("http://minio/", "us east", "hunter2", None, "the region `us east`"),
            ("http://mi nio/", "us-east-1", "hunter2", None, "cannot be signed"),
        ] {
            let error = signed_get(url, region, &credentials(secret, token), then()).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }
}
