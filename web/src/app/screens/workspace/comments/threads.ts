// Comments as threads, and mentions in what is being written.

import type { Schemas } from "../../../../client";

export type Comment = Schemas["SeenComment"];

export interface Thread {
  first: Comment;
  replies: Comment[];
}

export function threadsOf(comments: readonly Comment[]): Thread[] {
  const threads = new Map<string, Thread>();
  for (const comment of comments) if (!comment.reply_to) threads.set(comment.id, { first: comment, replies: [] });
  for (const comment of comments) if (comment.reply_to) threads.get(comment.reply_to)?.replies.push(comment);
  return [...threads.values()];
}

/** What is written behind the `@` before the cursor; undefined: no name is being written. */
export function mentionAt(text: string, cursor: number): { from: number; name: string } | undefined {
  const found = /(?:^|\s)@([^\s@][^@\n]{0,30}|)$/u.exec(text.slice(0, cursor));
  return found ? { from: cursor - (found[1] ?? "").length - 1, name: found[1] ?? "" } : undefined;
}

/** Who of the members is named in a text. */
export function mentioned<Member extends { id: string; name: string }>(text: string, members: readonly Member[]): Member[] {
  return members.filter(({ name }) => name !== "" && text.includes(`@${name}`));
}
