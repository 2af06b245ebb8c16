//! People of a workspace: sides, roles, members, invitations, and the rules of domains.

use crate::id::{InvitationId, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Which side of the wall somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The host's.
    Team,
    /// An outside company's.
    Partner,
}

/// What somebody may do. Each may do all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, sends requests, exports.
    Viewer,
    /// Edits.
    Editor,
    /// Invites, removes, changes roles, renames, deletes, switches the mode. Team side only.
    Admin,
}

/// Whether partners see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All members see all members.
    Classic,
    /// A partner sees the team and itself. There is no way back.
    MultiPartner,
}

/// A member, or somebody who was one: authors keep their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub user: UserId,
    /// Its address, in lower case.
    pub email: String,
    /// The name others see.
    pub name: String,
    /// The hash of the picture, when there is one.
    pub avatar: Option<String>,
    /// The side.
    pub side: Side,
    /// The role.
    pub role: Role,
    /// Whether a partner may invite others of its own domain.
    pub lead: bool,
    /// False for somebody who left or was removed.
    pub current: bool,
}

/// How a person sees one workspace: all that decides rights and sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user: UserId,
    /// On which side.
    pub side: Side,
    /// With which role.
    pub role: Role,
    /// Whether it is a Partner Lead.
    pub lead: bool,
    /// The workspace's mode.
    pub mode: Mode,
}

impl Viewer {
    /// Whether it sees what only the team sees.
    #[must_use]
    pub fn is_team(&self) -> bool {
        self.side == Side::Team
    }

    /// Whether all it may know of other people is the team.
    #[must_use]
    pub fn is_walled(&self) -> bool {
        self.side == Side::Partner && self.mode == Mode::MultiPartner
    }

    /// Whether it may edit.
    #[must_use]
    pub fn may_edit(&self) -> bool {
        self.role >= Role::Editor && !self.is_walled()
    }

    /// Whether it is an Admin.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin && self.is_team()
    }
}

/// An invitation for one address, good for one acceptance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// For whom, in lower case.
    pub email: String,
    /// The name the inviter gave.
    pub name: Option<String>,
    /// The side it leads to.
    pub side: Side,
    /// The role it gives.
    pub role: Role,
    /// Whether it makes a Partner Lead.
    pub lead: bool,
    /// Who sent it.
    pub by: UserId,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Who accepted it.
    pub accepted_by: Option<UserId>,
}

/// How somebody came in, the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// When the invitation that was accepted was sent.
    #[serde(with = "time::serde::rfc3339::option")]
    pub invited_at: Option<OffsetDateTime>,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    pub joined_at: OffsetDateTime,
}

/// The longest address: RFC 5321, section 4.5.3.1.3, less the angle brackets.
const LONGEST_EMAIL: usize = 254;

/// An address in the form in which it is kept and compared, or None when it isn't one.
///
/// Deliberately narrow: one `@`, no quoting, no spaces, a domain with a dot; what mail providers hand out.
#[must_use]
pub fn normal_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let domain_ok = domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    (email.len() <= LONGEST_EMAIL && domain_ok && local_ok).then_some(email)
}

/// The registrable domain of an address or a domain, by the public suffix list: `a@mail.acme.co.uk` → `acme.co.uk`.
#[must_use]
pub fn registrable_domain(email_or_domain: &str) -> &str {
    let domain = email_or_domain.rsplit('@').next().unwrap_or(email_or_domain);
    psl::domain_str(domain).unwrap_or(domain)
}

/// Providers that give anybody an address. Their domain says nothing of whom somebody works for, so a Lead of
/// one can't invite. Source: the providers' own sign-up pages, those with more than some ten million users.
const PUBLIC_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "bk.ru",
    "daum.net",
    "duck.com",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "inbox.ru",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "sina.com",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Whether a registrable domain is a public mail provider's.
#[must_use]
pub fn is_public_mail(domain: &str) -> bool {
    PUBLIC_MAIL.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case_and_nonsense_is_none() {
        assert_eq!(normal_email(" Ada@Acme.COM "), Some("ada@acme.com".into()));
        for bad in ["", "ada", "@acme.com", "ada@", "ada@acme", "a b@acme.com", "a@b@c.com", "a@-b.com", "a@b..com"] {
            assert_eq!(normal_email(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_registrable_domain_goes_by_the_public_suffix_list() {
        assert_eq!(registrable_domain("a@mail.acme.co.uk"), "acme.co.uk");
        assert_eq!(registrable_domain("eu.acme.com"), "acme.com");
        assert_eq!(registrable_domain("a@one.github.io"), "one.github.io");
    }

    #[test]
    fn the_list_of_providers_is_sorted_for_its_search() {
        assert!(PUBLIC_MAIL.is_sorted());
        assert!(is_public_mail("gmail.com") && !is_public_mail("acme.com"));
    }
}
