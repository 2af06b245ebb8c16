//! AWS Signature Version 4, in headers or in the query.

use super::{BuildError, auth::Target, body::FORM};
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign as signature,
    },
    sign::v4::SigningParams,
};
use percent_encoding::{AsciiSet, percent_decode, percent_encode, utf8_percent_encode};
use std::time::Duration;

// What a new signature takes the place of; the parameters in the order in which they are written.
const HEADERS: [&str; 4] = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"];
const PARAMETERS: [&str; 7] = [
    "X-Amz-Security-Token",
    "X-Amz-Expires",
    "X-Amz-Date",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];
/// What may change on the way.
const UNSIGNED: [&str; 7] =
    ["authorization", "connection", "x-amzn-trace-id", "user-agent", "expect", "presigned-expires", "range"];
/// What of an object's name is signed as it is.
const OBJECT: &AsciiSet = &FORM.remove(b'/');
/// How long a signature in the query is good for when it doesn't say: a day, in seconds.
const EXPIRES: u64 = 86_400;

/// Who signs, and for what.
pub(super) struct Keys<'a> {
    pub(super) access: &'a str,
    pub(super) secret: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) in_query: bool,
}

/// Signs the request as it is now: headers that come later are not covered.
pub(super) fn sign(keys: &Keys, target: &mut Target) -> Result<(), BuildError> {
    let wrong = |problem: String| BuildError::Auth { kind: "awsv4".to_owned(), problem };
    HEADERS.iter().for_each(|name| target.headers.remove(name));
    let expires = match target.url.parameter("X-Amz-Expires").filter(|_| keys.in_query) {
        Some(expires) => expires.parse().map_err(|_| wrong(format!("has no number in `X-Amz-Expires`: {expires}")))?,
        None => EXPIRES,
    };
    target.url.remove_parameters(&PARAMETERS);
    let is_s3 = keys.service == "s3";
    let body = target.body.unwrap_or_default();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = Some(UNSIGNED.map(Into::into).to_vec());
    if is_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if keys.in_query {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(expires));
    } else if is_s3 || !body.is_empty() {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let session = keys.session.map(str::to_owned);
    let identity = Credentials::new(keys.access, keys.secret, session, None, "request").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(keys.region)
        .name(keys.service)
        .time(target.now.into())
        .settings(settings)
        .build()
        .map_err(|error| wrong(format!("can't sign: {error}")))?
        .into();
    let body = if is_s3 && keys.in_query { SignableBody::UnsignedPayload } else { SignableBody::Bytes(body) };
    let url = target.url.encoded(target.raw_url)?;
    let url = if is_s3 { of_object(&url) } else { url };
    let signed = SignableRequest::new(target.method, url, target.headers.iter(), body)
        .and_then(|request| signature(request, &parameters))
        .map_err(|error| wrong(format!("can't sign: {error}")))?;
    let (headers, mut parameters) = signed.into_parts().0.into_parts();
    for header in headers {
        let name = HEADERS.iter().find(|name| name.eq_ignore_ascii_case(header.name()));
        target.headers.add(name.copied().unwrap_or(header.name()), header.value());
    }
    parameters.sort_by_key(|(key, _)| PARAMETERS.iter().position(|known| known == key));
    for (key, value) in parameters {
        target.url.add_parameter(key, &utf8_percent_encode(&value, FORM).to_string());
    }
    Ok(())
}

/// S3 signs an object's name and not the way a URL writes it: the URL with its path written in one way.
fn of_object(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let start = url[start..].find('/').map_or(url.len(), |at| start + at);
    let end = url[start..].find('?').map_or(url.len(), |at| start + at);
    let name: Vec<u8> = percent_decode(url[start..end].replace('+', " ").as_bytes()).collect();
    format!("{}{}{}", &url[..start], percent_encode(&name, OBJECT), &url[end..])
}
