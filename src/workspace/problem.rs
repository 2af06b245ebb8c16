//! Why something was refused: a stable code, a sentence, and where the fault is.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)*) => {
        /// Why, as a word that clients may rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// The sentence that goes with it.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// No such thing, or not for this viewer: the two can't be told apart.
    NotFound = "not_found", "There is no such thing here.";
    /// The viewer's role doesn't allow it, whatever it is applied to.
    Forbidden = "forbidden", "Your role does not allow this.";
    /// No valid cookie or token.
    SignedOut = "signed_out", "Sign in first.";
    /// What an account is invited to, it accepts itself.
    SignInFirst = "sign_in_first", "You have an account here: sign in first, by a link that is mailed to you, and open the invitation again.";
    /// A token of a link that was used, ended, or never was.
    StaleToken = "stale_token", "This link is no longer valid.";
    /// A cookie came with a foreign or missing Origin.
    ForeignOrigin = "foreign_origin", "This request comes from another site.";
    /// What was sent can't be read.
    Malformed = "malformed", "The request could not be read.";
    /// It can be read but breaks a rule.
    Invalid = "invalid", "The request breaks a rule.";
    /// An imported file is not what it claims.
    BadFile = "bad_file", "The file is not a Postman collection or environment.";
    /// The body is over its limit.
    TooLarge = "too_large", "This is larger than allowed.";
    /// A workspace's item limit.
    TooManyItems = "too_many_items", "The workspace would hold too many items.";
    /// An id that is taken.
    IdTaken = "id_taken", "Something with this id exists.";
    /// A move under itself.
    Cycle = "cycle", "An item can't stand in itself.";
    /// A request in a request, say.
    WrongPlace = "wrong_place", "An item of this kind can't stand there.";
    /// `base` is older than the revisions that are kept.
    StaleBase = "stale_base", "The text has changed too often since; read it again.";
    /// The mode was switched before.
    AlreadyOn = "already_on", "Multi-partner mode is on; it can't be switched again.";
    /// The confirmation isn't the workspace's name.
    NotConfirmed = "not_confirmed", "Type the workspace's name to confirm.";
    /// A workspace keeps an Admin.
    LastAdmin = "last_admin", "A workspace needs an Admin.";
    /// Partners in multi-partner mode are Viewers; Admins are of the team.
    RoleNotAllowed = "role_not_allowed", "This role is not possible there.";
    /// Leads of public mail providers can't invite.
    PublicMail = "public_mail_domain", "People with an address of a public mail provider can't invite others.";
    /// Nothing answers under this path and method.
    MethodNotAllowed = "method_not_allowed", "This method is not possible here.";
    /// The set-up link was used.
    AlreadySetUp = "already_set_up", "This server is set up.";
    /// A pull where both sides changed the same.
    Conflict = "conflict", "Both sides changed the same; choose.";
    /// A pull from what was deleted.
    ParentGone = "parent_gone", "What this was forked from is deleted.";
    /// Too many messages.
    TooMany = "too_many", "Too many messages; slow down.";
    /// The store can't be reached now.
    Unavailable = "unavailable", "This can't be done right now; try again.";
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub code: Code,
    /// What exactly, when there is more to say. Made of what the caller sent and of what it may see.
    pub detail: Option<String>,
    /// Where in what was sent, as a JSON path.
    pub path: Option<String>,
}

impl Problem {
    /// A refusal that says what exactly.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()), path: None }
    }

    /// The same, with the place of the fault.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, detail: None, path: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.title())?;
        self.detail.iter().try_for_each(|detail| write!(f, " {detail}"))
    }
}

impl std::error::Error for Problem {}
