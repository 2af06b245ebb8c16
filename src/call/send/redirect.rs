//! Following a redirect, by Postman's rules.

use super::super::Behavior;
use super::error::{SendError, beginning};
use super::request::{Request, take_credentials};
use super::wire::Head;
use url::Url;

/// Where an answer sends on to, if it does.
pub(super) fn location<'a>(head: &'a Head, behavior: &Behavior) -> Option<&'a str> {
    let redirects = behavior.follow_redirects && matches!(head.status, 301 | 302 | 303 | 307 | 308);
    redirects.then(|| head.value("location")).flatten()
}

/// Makes a request the one that is sent on; whether its secrets go along.
pub(super) fn follow(
    request: &mut Request,
    status: u16,
    location: &str,
    behavior: &Behavior,
) -> Result<bool, SendError> {
    let mut url = request.url.join(location).map_err(|_| SendError::BadRedirect { location: beginning(location) })?;
    // A secret that a server wrote into its answer is none of the sender's.
    take_credentials(&mut url);
    url.set_fragment(None);
    let keeps_method = match status {
        307 | 308 => true,
        303 => false,
        _ => behavior.follow_original_method,
    };
    if !keeps_method && request.method != "HEAD" {
        request.method = "GET".into();
        request.body = None;
        request.headers.retain(|header| !header.name.to_ascii_lowercase().starts_with("content-"));
    }
    let same = is_same_host(&request.url, &url);
    if !same {
        request.remove("host");
        request.remove("cookie");
        if !behavior.follow_authorization {
            request.remove("authorization");
        }
    }
    request.go_to(url);
    Ok(same || behavior.follow_authorization)
}

/// Whether what is meant for one is meant for the other: the same host and port, or the same host's way from http to https.
fn is_same_host(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let upgrade = (from.scheme(), to.scheme()) == ("http", "https") && ports == (Some(80), Some(443));
    from.host() == to.host() && (from.scheme() == to.scheme() && ports.0 == ports.1 || upgrade)
}
