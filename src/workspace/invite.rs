//! The rules of invitations and membership (part of `decide`).
//!
//! To a Lead, inviting somebody new, somebody invited, and a member all do the same and read the same: one
//! invitation of the Lead's own comes to be. So there is nothing to tell them apart by.

use super::Workspace;
use super::command::{Action, Answer, Command, Invitee, Outcome, Person, Row};
use super::decide::{admin, check_role, checked_name};
use super::event::Event;
use super::member::{Invitation, Member, Role, Side, Viewer, is_public_mail, normal_email, registrable_domain};
use super::problem::{Code, Problem};
use crate::id::{InvitationId, UserId};
use std::collections::HashSet;
use time::OffsetDateTime;

/// Lines of one invitation.
pub const MOST_INVITEES: usize = 1_000;

pub(super) fn invite(
    workspace: &Workspace,
    viewer: &Viewer,
    command: &Command,
) -> Result<(Vec<Event>, Answer), Problem> {
    let Action::Invite { invitees, side, role, expires_at } = &command.action else {
        return Ok((Vec::new(), Answer::Done));
    };
    let lead = may_invite(workspace, viewer, *side, *role, invitees)?;
    check_role(workspace, *side, *role)?;
    if invitees.len() > MOST_INVITEES {
        let detail = format!("At most {MOST_INVITEES} people at a time.");
        return Err(Problem::new(Code::Invalid, detail).at("invitees"));
    }
    if *expires_at <= command.at {
        return Err(Problem::new(Code::Invalid, "An invitation ends in the future.").at("expires_at"));
    }
    let mut events = Vec::new();
    let mut seen = HashSet::new();
    let rows = invitees
        .iter()
        .map(|invitee| {
            let outcome = match checked(workspace, lead, *side, invitee) {
                Err(outcome) => outcome,
                Ok(email) if !seen.insert(email.clone()) => Outcome::Repeated,
                Ok(email) => {
                    let replaces = replaced(workspace, viewer, lead, &email);
                    let invitation = Invitation {
                        id: invitee.id,
                        email,
                        name: invitee.name.clone(),
                        side: *side,
                        role: *role,
                        lead: invitee.lead,
                        by: viewer.user,
                        at: command.at,
                        expires_at: *expires_at,
                        accepted_by: None,
                    };
                    events.push(Event::InvitationSent { invitation, replaces });
                    Outcome::Sent
                }
            };
            Row { line: invitee.line, email: invitee.email.clone(), outcome }
        })
        .collect();
    Ok((events, Answer::Invited(rows)))
}

/// The Lead's domain, when it is a Lead who invites.
fn may_invite<'a>(
    workspace: &'a Workspace,
    viewer: &Viewer,
    side: Side,
    role: Role,
    invitees: &[Invitee],
) -> Result<Option<&'a str>, Problem> {
    if viewer.is_admin() {
        return Ok(None);
    }
    if viewer.side != Side::Partner || !viewer.lead {
        return Err(Code::Forbidden.into());
    }
    let own = workspace.person(viewer.user).map_or("", |member| registrable_domain(&member.email));
    if is_public_mail(own) {
        return Err(Code::PublicMail.into());
    }
    if side != Side::Partner || role != Role::Viewer || invitees.iter().any(|invitee| invitee.lead) {
        return Err(Problem::new(Code::Forbidden, "A Partner Lead invites Viewers of its own domain."));
    }
    Ok(Some(own))
}

fn checked(workspace: &Workspace, lead: Option<&str>, side: Side, invitee: &Invitee) -> Result<String, Outcome> {
    let email = normal_email(&invitee.email).ok_or(Outcome::Invalid)?;
    if invitee.name.as_deref().is_some_and(|name| checked_name(name).is_err()) {
        return Err(Outcome::Invalid);
    }
    let domain = registrable_domain(&email);
    let internal = workspace.team_domains.iter().any(|own| registrable_domain(own) == domain);
    match (side, lead) {
        (Side::Team, _) if !internal => return Err(Outcome::NotInternal),
        (Side::Partner, _) if internal => return Err(Outcome::NotExternal),
        (Side::Partner, Some(own)) if own != domain => return Err(Outcome::OtherDomain),
        _ => {}
    }
    // A Lead is never told who is a member.
    if lead.is_none() && workspace.members().any(|member| member.email == email) {
        return Err(Outcome::AlreadyMember);
    }
    Ok(email)
}

/// The pending invitations a new one takes the place of: the team's by any of the team, a Lead's by its own alone.
fn replaced(workspace: &Workspace, viewer: &Viewer, lead: Option<&str>, email: &str) -> Vec<InvitationId> {
    let by_team = |by: UserId| workspace.person(by).is_some_and(|member| member.side == Side::Team);
    workspace
        .invitations()
        .filter(|old| old.email == email)
        .filter(|old| if lead.is_some() { old.by == viewer.user } else { by_team(old.by) })
        .map(|old| old.id)
        .collect()
}

pub(super) fn accept(
    workspace: &Workspace,
    id: InvitationId,
    person: &Person,
    at: OffsetDateTime,
) -> Result<Vec<Event>, Problem> {
    let invitation = workspace.invitation(id).filter(|_| !workspace.deleted).ok_or(Code::StaleToken)?;
    if invitation.accepted_by.is_some() || invitation.expires_at <= at || invitation.email != person.email {
        return Err(Code::StaleToken.into());
    }
    // A Lead's word counts as long as it is one: a company that was shown out doesn't come back by old links.
    let inviter = workspace.person(invitation.by);
    if !inviter.is_some_and(|by| by.side == Side::Team || (by.current && by.lead)) {
        return Err(Code::StaleToken.into());
    }
    if workspace.viewer(person.user).is_some() {
        return Ok(vec![Event::InvitationUsed { id, user: person.user }]);
    }
    let member = Member {
        user: person.user,
        email: person.email.clone(),
        name: checked_name(&person.name)?.to_owned(),
        avatar: person.avatar.clone(),
        side: invitation.side,
        role: invitation.role,
        lead: invitation.lead,
        current: true,
    };
    Ok(vec![Event::MemberJoined { member, invitation: Some(id) }])
}

pub(super) fn revoke(workspace: &Workspace, viewer: &Viewer, id: InvitationId) -> Result<Vec<Event>, Problem> {
    let lead = viewer.side == Side::Partner && viewer.lead;
    if !viewer.is_admin() && !lead {
        return Err(Code::Forbidden.into());
    }
    let own = workspace.invitation(id).filter(|invitation| viewer.is_admin() || invitation.by == viewer.user);
    own.ok_or(Code::NotFound)?;
    Ok(vec![Event::InvitationRevoked { id }])
}

pub(super) fn update_member(
    workspace: &Workspace,
    viewer: &Viewer,
    user: UserId,
    role: Option<Role>,
    lead: Option<bool>,
) -> Result<Vec<Event>, Problem> {
    admin(viewer)?;
    let member = workspace.person(user).filter(|member| member.current).ok_or(Code::NotFound)?;
    let (role, lead) = (role.unwrap_or(member.role), lead.unwrap_or(member.lead));
    check_role(workspace, member.side, role)?;
    if lead && member.side == Side::Team {
        return Err(Problem::new(Code::Invalid, "Leads are partners.").at("lead"));
    }
    if role != Role::Admin {
        keeps_an_admin(workspace, user)?;
    }
    if (role, lead) == (member.role, member.lead) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::MemberUpdated { user, role, lead }])
}

pub(super) fn remove_member(workspace: &Workspace, viewer: &Viewer, user: UserId) -> Result<Vec<Event>, Problem> {
    if user != viewer.user {
        admin(viewer)?;
    }
    workspace.viewer(user).ok_or(Code::NotFound)?;
    keeps_an_admin(workspace, user)?;
    Ok(vec![Event::MemberRemoved { user }])
}

fn keeps_an_admin(workspace: &Workspace, without: UserId) -> Result<(), Problem> {
    let is_admin = |member: &Member| member.side == Side::Team && member.role == Role::Admin;
    let was = workspace.person(without).is_some_and(|member| member.current && is_admin(member));
    let others = workspace.members().any(|member| member.user != without && is_admin(member));
    (!was || others).then_some(()).ok_or(Code::LastAdmin.into())
}
