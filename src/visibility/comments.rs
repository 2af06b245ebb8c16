//! Comments, as the members of a classic workspace see them.

use super::person_for;
use crate::id::{CommentId, ItemId};
use crate::protocol::team::{Comments, SeenComment};
use crate::workspace::Workspace;
use crate::workspace::comment::Comment;
use crate::workspace::member::{Mode, Viewer};

/// None where there are no comments: in multi-partner mode, and on what is no item.
pub(super) fn list(workspace: &Workspace, viewer: &Viewer, item: ItemId) -> Option<Comments> {
    commented(workspace, viewer, item)?;
    let comments = workspace.comments().of(item).map(|comment| seen(workspace, viewer, comment)).collect();
    Some(Comments { comments })
}

pub(super) fn one(workspace: &Workspace, viewer: &Viewer, item: ItemId, id: CommentId) -> Option<SeenComment> {
    commented(workspace, viewer, item)?;
    workspace.comments().get(item, id).map(|comment| seen(workspace, viewer, comment))
}

fn commented(workspace: &Workspace, viewer: &Viewer, item: ItemId) -> Option<()> {
    (viewer.mode == Mode::Classic && workspace.item(item).is_some()).then_some(())
}

fn seen(workspace: &Workspace, viewer: &Viewer, comment: &Comment) -> SeenComment {
    let person = |user| workspace.person(user).and_then(|member| person_for(workspace, viewer, member));
    SeenComment {
        id: comment.id,
        reply_to: comment.reply_to,
        by: person(comment.by),
        at: comment.at,
        text: comment.text.clone(),
        mentions: comment.mentions.clone(),
        edited_at: comment.edited_at,
        resolved_by: comment.resolved_by.and_then(person),
    }
}
