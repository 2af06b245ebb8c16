//! What happens, at random: the hidden partners' steps, Ann's, the team's.

use super::world::HIDDEN;
use proptest::prelude::*;

/// Ann's sockets: the first stays open all the time and sees what she does in the others.
pub const TABS: usize = 3;

#[derive(Clone, Debug)]
pub struct Schedule {
    /// Whether Ann is invited as a Lead.
    pub lead: bool,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// By a hidden partner, who joins first if need be. Left out in the quiet run.
    Hidden(usize, Hidden),
    Ann(Ann),
    Team(Team),
}

#[derive(Clone, Debug)]
pub enum Hidden {
    Join {
        lead: bool,
    },
    Removed,
    MadeLead(bool),
    Open,
    Close,
    Look {
        item: bool,
        idle: bool,
    },
    Read,
    BadRequests,
    BadMessage,
    /// As a Lead or not; 0: somebody of its own domain, 1: Ann, 2: somebody of Ann's domain, 3: the other hidden one.
    Invite(usize),
    Revoke,
    Rename,
    Avatar,
    Edits,
    /// A run, and all of its own deleted before it, when it is anew.
    Run {
        anew: bool,
    },
    Send(Send),
    PrivateValues,
    SignOut,
    Flood {
        edits: bool,
    },
}

/// What somebody sends.
#[derive(Clone, Copy, Debug)]
pub enum Send {
    /// The request that everybody has, as it is.
    Answered,
    /// To where the guard lets nobody.
    Refused,
    /// Given up when it has reached an API that doesn't answer.
    Canceled,
    /// More than anybody may, at once.
    Flood,
}

#[derive(Clone, Debug)]
pub enum Ann {
    Open(usize),
    Close(usize),
    /// Closes a tab, misses some edits, comes back from where it was.
    Resume(usize, usize),
    ResumeUnknown {
        epoch: bool,
    },
    Look {
        tab: usize,
        item: bool,
        idle: bool,
    },
    Edit(usize),
    Ask(Ask),
    Invite(usize),
    Rename,
}

#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Snapshot,
    KnownSnapshot,
    Members,
    Invitations,
    Me,
    Tokens,
    Workspaces,
    Item,
    Export,
    AvatarOfTeam,
    AvatarOfHidden(usize),
    PatchWorkspace,
    PatchHidden(usize),
    RemoveHidden(usize),
    Switch,
    Delete,
    Changes,
    Import,
    RevokeNothing,
    History,
    Runs,
    Cookies,
    RunOfHidden(usize),
    EndHidden(usize),
    DeleteHidden(usize),
    Send,
    SendRefused,
    SendUndefined,
    EntryOfHidden(usize),
    DeleteEntryOfHidden(usize),
    Values,
    SetValues,
    Activity,
    Comments,
    Comment,
    Engagement,
    Archive,
    Fork,
    ForkOf,
    NoRoute,
}

/// All of them: each schedule ends with these, whatever came before.
pub const ASKS: [Ask; 50] = [
    Ask::Snapshot,
    Ask::KnownSnapshot,
    Ask::Members,
    Ask::Invitations,
    Ask::Me,
    Ask::Tokens,
    Ask::Workspaces,
    Ask::Item,
    Ask::Export,
    Ask::AvatarOfTeam,
    Ask::AvatarOfHidden(0),
    Ask::AvatarOfHidden(1),
    Ask::PatchWorkspace,
    Ask::PatchHidden(0),
    Ask::PatchHidden(1),
    Ask::RemoveHidden(0),
    Ask::RemoveHidden(1),
    Ask::Switch,
    Ask::Delete,
    Ask::Changes,
    Ask::Import,
    Ask::RevokeNothing,
    Ask::History,
    Ask::Runs,
    Ask::Cookies,
    Ask::RunOfHidden(0),
    Ask::RunOfHidden(1),
    Ask::EndHidden(0),
    Ask::EndHidden(1),
    Ask::DeleteHidden(0),
    Ask::DeleteHidden(1),
    Ask::Send,
    Ask::SendRefused,
    Ask::SendUndefined,
    Ask::EntryOfHidden(0),
    Ask::EntryOfHidden(1),
    Ask::DeleteEntryOfHidden(0),
    Ask::DeleteEntryOfHidden(1),
    Ask::SetValues,
    Ask::Values,
    Ask::Send,
    Ask::History,
    Ask::Activity,
    Ask::Comments,
    Ask::Comment,
    Ask::Engagement,
    Ask::Archive,
    Ask::Fork,
    Ask::ForkOf,
    Ask::NoRoute,
];

#[derive(Clone, Debug)]
pub enum Team {
    Create,
    Update,
    Move,
    Delete,
    Environment,
    Rename,
    Me,
    Avatar,
    Open,
    Close,
    Look { item: bool, idle: bool },
    LiveEdit,
    ColleagueJoins,
    ColleagueGoes,
    AnnLead(bool),
}

pub fn schedule() -> impl Strategy<Value = Schedule> {
    (any::<bool>(), prop::collection::vec(step(), 1..=25)).prop_map(|(lead, steps)| Schedule { lead, steps })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..HIDDEN.len(), hidden()).prop_map(|(who, what)| Step::Hidden(who, what)),
        3 => ann().prop_map(Step::Ann),
        2 => team().prop_map(Step::Team),
    ]
}

fn hidden() -> impl Strategy<Value = Hidden> {
    prop_oneof![
        2 => any::<bool>().prop_map(|lead| Hidden::Join { lead }),
        1 => Just(Hidden::Removed),
        1 => any::<bool>().prop_map(Hidden::MadeLead),
        2 => Just(Hidden::Open),
        1 => Just(Hidden::Close),
        2 => any::<(bool, bool)>().prop_map(|(item, idle)| Hidden::Look { item, idle }),
        1 => Just(Hidden::Read),
        1 => Just(Hidden::BadRequests),
        1 => Just(Hidden::BadMessage),
        2 => (0usize..4).prop_map(Hidden::Invite),
        1 => Just(Hidden::Revoke),
        1 => Just(Hidden::Rename),
        1 => Just(Hidden::Avatar),
        1 => Just(Hidden::Edits),
        2 => any::<bool>().prop_map(|anew| Hidden::Run { anew }),
        4 => send().prop_map(Hidden::Send),
        1 => Just(Hidden::PrivateValues),
        1 => Just(Hidden::SignOut),
        1 => any::<bool>().prop_map(|edits| Hidden::Flood { edits }),
    ]
}

fn send() -> impl Strategy<Value = Send> {
    prop::sample::select(&[Send::Answered, Send::Answered, Send::Refused, Send::Canceled, Send::Flood][..])
}

fn ann() -> impl Strategy<Value = Ann> {
    prop_oneof![
        2 => (1..TABS).prop_map(Ann::Open),
        1 => (1..TABS).prop_map(Ann::Close),
        2 => (1..TABS, 0usize..3).prop_map(|(tab, missed)| Ann::Resume(tab, missed)),
        1 => any::<bool>().prop_map(|epoch| Ann::ResumeUnknown { epoch }),
        2 => (0..TABS, any::<(bool, bool)>()).prop_map(|(tab, (item, idle))| Ann::Look { tab, item, idle }),
        1 => (0..TABS).prop_map(Ann::Edit),
        10 => ask().prop_map(Ann::Ask),
        2 => (0usize..4).prop_map(Ann::Invite),
        1 => Just(Ann::Rename),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop::sample::select(&ASKS[..])
}

fn team() -> impl Strategy<Value = Team> {
    prop_oneof![
        2 => Just(Team::Create),
        2 => Just(Team::Update),
        1 => Just(Team::Move),
        1 => Just(Team::Delete),
        1 => Just(Team::Environment),
        1 => Just(Team::Rename),
        1 => Just(Team::Me),
        1 => Just(Team::Avatar),
        1 => Just(Team::Open),
        1 => Just(Team::Close),
        1 => any::<(bool, bool)>().prop_map(|(item, idle)| Team::Look { item, idle }),
        1 => Just(Team::LiveEdit),
        1 => Just(Team::ColleagueJoins),
        1 => Just(Team::ColleagueGoes),
        1 => any::<bool>().prop_map(Team::AnnLead),
    ]
}
