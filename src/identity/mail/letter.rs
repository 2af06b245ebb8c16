//! What mails say: plain text, one link.

use crate::identity::Secret;
use time::OffsetDateTime;

/// Characters of a name in a subject: the rest of a longer one is left out.
const LONGEST_NAME: usize = 80;

/// A mail to be sent. Not to be logged where there is a mail server: its text has a secret in it.
pub struct Letter {
    /// The address, in the form in which it is kept.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Lines that end with `\n`.
    pub text: String,
    /// The token that is in its link.
    pub(super) secret: Secret,
}

impl Letter {
    /// The link by which somebody signs in, within so many minutes.
    #[must_use]
    pub fn sign_in(public_url: &str, to: &str, secret: Secret, minutes: i64) -> Self {
        let text = format!(
            "Somebody, hopefully you, asked to sign in as {to} at {public_url}\n\
             \n\
             This link signs you in. It works once, within {minutes} minutes:\n\
             \n\
             {link}\n\
             \n\
             If it was not you, do nothing: without the link nobody gets in. Don't pass it on.\n",
            link = sign_in_link(public_url, &secret),
        );
        Self { to: to.to_owned(), subject: "Your link to sign in".into(), text, secret }
    }

    /// An invitation. It says the same to whoever is new and to whoever has an account, and not who invites: that may be
    /// somebody whom the reader will not see.
    #[must_use]
    pub fn invitation(public_url: &str, to: &str, secret: Secret, workspace: &str, ends: OffsetDateTime) -> Self {
        let name = one_line(workspace);
        let ends = ends.date();
        let text = format!(
            "You are invited to the workspace \"{name}\" at {public_url}\n\
             \n\
             This link opens it. It is for {to} alone, works once, and ends on {day} {month} {year} (UTC):\n\
             \n\
             {link}\n\
             \n\
             If you have been at {public_url} before, sign in there first: ask for a link to sign in with this \
             address.\n\
             \n\
             If you don't want to join, do nothing.\n",
            day = ends.day(),
            month = ends.month(),
            year = ends.year(),
            link = invitation_link(public_url, &secret),
        );
        Self { to: to.to_owned(), subject: format!("Invitation to \"{name}\""), text, secret }
    }
}

/// The page's address that signs in by a token.
#[must_use]
pub fn sign_in_link(public_url: &str, secret: &Secret) -> String {
    format!("{public_url}/#sign_in={}", secret.reveal())
}

/// The page's address that accepts an invitation.
#[must_use]
pub fn invitation_link(public_url: &str, secret: &Secret) -> String {
    format!("{public_url}/#invite={}", secret.reveal())
}

/// A name as it can stand within a line: of one that has line breaks, a mail could be made that says something else.
fn one_line(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_line() {
        assert_eq!(one_line(" Payments\r\n\r\nhttps://evil.example\u{85}\tAPI "), "Payments https://evil.example API");
        assert_eq!(one_line(&"é".repeat(80)), "é".repeat(80));
        assert_eq!(one_line(&"é".repeat(81)), format!("{}…", "é".repeat(80)));
    }
}
