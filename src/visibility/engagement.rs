//! How far each partner has come, by company and person. For the team.

use super::person;
use crate::id::UserId;
use crate::protocol::team::{EngagedCompany, EngagedPerson, EngagementReport};
use crate::workspace::Workspace;
use crate::workspace::member::{Side, registrable_domain};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A person's first times, and the last: first visit, first call, first success, last seen.
pub type Times = (Option<OffsetDateTime>, Option<OffsetDateTime>, Option<OffsetDateTime>, OffsetDateTime);

/// Of the partners who are members, and of those who were invited and have not come yet.
pub(super) fn report(workspace: &Workspace, times: &impl Fn(UserId) -> Option<Times>) -> EngagementReport {
    let mut people: BTreeMap<&str, EngagedPerson> = BTreeMap::new();
    for member in workspace.members().filter(|member| member.side == Side::Partner) {
        let arrival = workspace.arrival(member.user);
        let joined_at = arrival.map(|arrival| arrival.joined_at);
        let times = times(member.user);
        let first_call = times.and_then(|times| times.1);
        let waited = first_call.zip(joined_at).map(|(call, joined)| (call - joined).whole_seconds());
        let engaged = EngagedPerson {
            email: member.email.clone(),
            person: Some(person(workspace, member, true)),
            invited_at: arrival.and_then(|arrival| arrival.invited_at),
            joined_at,
            first_visit: times.and_then(|times| times.0),
            first_call,
            first_success: times.and_then(|times| times.2),
            last_seen: times.map(|times| times.3),
            seconds_to_first_call: waited,
        };
        people.insert(&member.email, engaged);
    }
    let waiting = workspace.invitations().filter(|one| one.side == Side::Partner && one.accepted_by.is_none());
    for invitation in waiting {
        people.entry(&invitation.email).or_insert_with(|| EngagedPerson {
            email: invitation.email.clone(),
            person: None,
            invited_at: Some(invitation.at),
            joined_at: None,
            first_visit: None,
            first_call: None,
            first_success: None,
            last_seen: None,
            seconds_to_first_call: None,
        });
    }
    let mut domains: BTreeMap<String, EngagedCompany> = BTreeMap::new();
    for engaged in people.into_values() {
        let domain = registrable_domain(&engaged.email).to_owned();
        let company = domains.entry(domain.clone()).or_default();
        company.domain = domain;
        company.invited += usize::from(engaged.invited_at.is_some());
        company.joined += usize::from(engaged.person.is_some());
        company.visited += usize::from(engaged.first_visit.is_some());
        company.called += usize::from(engaged.first_call.is_some());
        company.succeeded += usize::from(engaged.first_success.is_some());
        company.people.push(engaged);
    }
    EngagementReport { domains: domains.into_values().collect() }
}
