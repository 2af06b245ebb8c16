//! Refusals as answers: `application/problem+json` (RFC 9457), in one place.

use crate::visibility;
use crate::workspace::problem::{Code, Problem};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The status of a code.
#[must_use]
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Forbidden | Code::ForeignOrigin | Code::PublicMail => StatusCode::FORBIDDEN,
        Code::SignedOut | Code::SignInFirst => StatusCode::UNAUTHORIZED,
        Code::StaleToken => StatusCode::GONE,
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::Invalid | Code::BadFile | Code::NotConfirmed | Code::WrongPlace | Code::TooManyItems => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::IdTaken
        | Code::Cycle
        | Code::StaleBase
        | Code::AlreadyOn
        | Code::LastAdmin
        | Code::Conflict
        | Code::ParentGone
        | Code::RoleNotAllowed
        | Code::AlreadySetUp => StatusCode::CONFLICT,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = status(self.code);
        let mut body = visibility::problem_body(&self);
        body.status = Some(status.as_u16());
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == Code::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
