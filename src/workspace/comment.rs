//! Comments on items, in threads of one level: state, rules, and what becomes of them (part of `decide` and `apply`).
//!
//! They are there in classic mode alone. The switch to multi-partner forgets them: to every caller it is then as if
//! nobody had ever heard of comments.

use super::command::CommentAction;
use super::decide::admin;
use super::event::Event;
use super::member::{Mode, Viewer};
use super::problem::{Code, Problem};
use super::{Stamp, Workspace};
use crate::id::{CommentId, ItemId, UserId};
use imbl::{HashMap, OrdMap};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::OffsetDateTime;

/// Characters of a comment.
pub const LONGEST_COMMENT: usize = 10_000;
/// Comments on one item.
pub const MOST_COMMENTS: usize = 1_000;
/// People that one comment mentions.
pub const MOST_MENTIONS: usize = 50;

/// A comment. Its place in a thread is by its id, which tells when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The comment that its thread begins with; None for that one itself.
    pub reply_to: Option<CommentId>,
    /// Who wrote it.
    pub by: UserId,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Markdown; None once it was deleted while it has replies.
    pub text: Option<String>,
    /// The members it calls by name.
    pub mentions: Vec<UserId>,
    /// When its text was last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub edited_at: Option<OffsetDateTime>,
    /// Who resolved the thread that begins with it.
    pub resolved_by: Option<UserId>,
}

/// The comments of all items.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Comments(HashMap<ItemId, OrdMap<CommentId, Arc<Comment>>>);

impl Comments {
    /// Those of an item, oldest first.
    pub fn of(&self, item: ItemId) -> impl Iterator<Item = &Arc<Comment>> {
        self.0.get(&item).into_iter().flat_map(OrdMap::values)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, item: ItemId, id: CommentId) -> Option<&Arc<Comment>> {
        self.0.get(&item)?.get(&id)
    }

    pub(super) fn apply(&mut self, event: &Event, stamp: Stamp) {
        match event {
            Event::CommentPosted { item, id, reply_to, text, mentions } => {
                let comment = Comment {
                    id: *id,
                    reply_to: *reply_to,
                    by: stamp.by,
                    at: stamp.at,
                    text: Some(text.clone()),
                    mentions: mentions.clone(),
                    edited_at: None,
                    resolved_by: None,
                };
                self.0.entry(*item).or_default().insert(*id, Arc::new(comment));
            }
            Event::CommentEdited { item, id, text, mentions } => self.change(*item, *id, |comment| {
                comment.text = Some(text.clone());
                comment.mentions.clone_from(mentions);
                comment.edited_at = Some(stamp.at);
            }),
            Event::CommentResolved { item, id, resolved } => {
                self.change(*item, *id, |comment| comment.resolved_by = resolved.then_some(stamp.by));
            }
            Event::CommentDeleted { item, id } => self.delete(*item, *id),
            _ => {}
        }
    }

    /// Forgets what was said of an item.
    pub(super) fn forget(&mut self, item: ItemId) {
        self.0.remove(&item);
    }

    fn change(&mut self, item: ItemId, id: CommentId, change: impl FnOnce(&mut Comment)) {
        if let Some(comment) = self.0.get_mut(&item).and_then(|thread| thread.get_mut(&id)) {
            change(Arc::make_mut(comment));
        }
    }

    /// A comment that has replies stays as their place, empty, until the last of them is gone.
    fn delete(&mut self, item: ItemId, id: CommentId) {
        let has_replies = |all: &Self, id| all.of(item).any(|comment| comment.reply_to == Some(id));
        if has_replies(self, id) {
            self.change(item, id, |comment| (comment.text, comment.mentions) = (None, Vec::new()));
            return;
        }
        let Some(comments) = self.0.get_mut(&item) else { return };
        let gone = comments.remove(&id);
        let root = gone.and_then(|gone| gone.reply_to).filter(|root| !has_replies(self, *root));
        let emptied = root.filter(|root| self.get(item, *root).is_some_and(|root| root.text.is_none()));
        if let (Some(comments), Some(root)) = (self.0.get_mut(&item), emptied) {
            comments.remove(&root);
        }
        if self.0.get(&item).is_some_and(OrdMap::is_empty) {
            self.0.remove(&item);
        }
    }
}

/// What is to happen to a comment.
pub(super) fn decide(
    workspace: &Workspace,
    viewer: &Viewer,
    item: ItemId,
    action: &CommentAction,
) -> Result<Vec<Event>, Problem> {
    if viewer.mode != Mode::Classic {
        return Err(Code::NotFound.into());
    }
    workspace.item(item).ok_or(Code::NotFound)?;
    let all = workspace.comments();
    let found = |id| all.get(item, id).filter(|comment| comment.text.is_some()).ok_or(Problem::from(Code::NotFound));
    let event = match action {
        CommentAction::Post { id, reply_to, text, mentions } => {
            if all.get(item, *id).is_some() {
                return Err(Problem::from(Code::IdTaken).at("id"));
            }
            if all.of(item).count() >= MOST_COMMENTS {
                return Err(Problem::new(Code::Invalid, format!("An item has at most {MOST_COMMENTS} comments.")));
            }
            // An answer to an answer stands in the same thread. One whose first comment was deleted goes on.
            let above = reply_to.map(|id| all.get(item, id).ok_or(Problem::from(Code::NotFound).at("reply_to")));
            let reply_to = above.transpose()?.map(|above| above.reply_to.unwrap_or(above.id));
            let (text, mentions) = (checked_text(text)?.to_owned(), checked_mentions(workspace, mentions)?);
            Event::CommentPosted { item, id: *id, reply_to, text, mentions }
        }
        CommentAction::Edit { id, text, mentions } => {
            let comment = found(*id)?;
            if comment.by != viewer.user {
                return Err(Problem::new(Code::Forbidden, "Only its author changes a comment."));
            }
            let text = text.as_deref().or(comment.text.as_deref()).unwrap_or_default();
            let mentions = match mentions {
                Some(mentions) => checked_mentions(workspace, mentions)?,
                None => comment.mentions.clone(),
            };
            Event::CommentEdited { item, id: *id, text: checked_text(text)?.to_owned(), mentions }
        }
        CommentAction::Resolve { id, resolved } => {
            let comment = all.get(item, *id).ok_or(Code::NotFound)?;
            if comment.reply_to.is_some() {
                return Err(Problem::new(Code::Invalid, "A thread is resolved by its first comment."));
            }
            if comment.by != viewer.user && !viewer.may_edit() {
                return Err(Problem::new(Code::Forbidden, "Its author and Editors resolve a thread."));
            }
            if comment.resolved_by.is_some() == *resolved {
                return Ok(Vec::new());
            }
            Event::CommentResolved { item, id: *id, resolved: *resolved }
        }
        CommentAction::Delete { id } => {
            if found(*id)?.by != viewer.user {
                admin(viewer)?;
            }
            Event::CommentDeleted { item, id: *id }
        }
    };
    Ok(vec![event])
}

fn checked_text(text: &str) -> Result<&str, Problem> {
    let fault = if text.trim().is_empty() {
        "A comment can't be blank.".to_owned()
    } else if text.chars().count() > LONGEST_COMMENT {
        format!("A comment has at most {LONGEST_COMMENT} characters.")
    } else {
        return Ok(text);
    };
    Err(Problem::new(Code::Invalid, fault).at("text"))
}

/// Each of them once, in their order. In classic mode every member may know of every other.
fn checked_mentions(workspace: &Workspace, mentions: &[UserId]) -> Result<Vec<UserId>, Problem> {
    if mentions.len() > MOST_MENTIONS {
        let detail = format!("A comment mentions at most {MOST_MENTIONS} people.");
        return Err(Problem::new(Code::Invalid, detail).at("mentions"));
    }
    let mut checked = Vec::with_capacity(mentions.len());
    for (index, user) in mentions.iter().enumerate() {
        if workspace.viewer(*user).is_none() {
            return Err(Problem::from(Code::NotFound).at(format!("mentions[{index}]")));
        }
        if !checked.contains(user) {
            checked.push(*user);
        }
    }
    Ok(checked)
}
