// Two changes of one text, merged word by word: what a writer has not saved, and what others saved meanwhile.

import { diffArrays } from "diff";

/** More differences than this are too many to look for while somebody types. */
const MOST_EDITS = 2_000;
/** A longer text (an answer's body, say) is one change: nobody writes in it. */
const LONGEST = 200_000;

/** A part of the base, in words, and what stands in its place: nothing of the base, when words are added. */
interface Hunk {
  from: number;
  to: number;
  words: readonly string[];
}

export interface Merged {
  text: string;
  /** Both changed the same words: there, what `mine` has stands. */
  clashes: boolean;
}

export interface Replacement {
  from: number;
  to: number;
  insert: string;
}

/** What both added at one place stays, theirs first. */
export function mergedText(base: string, theirs: string, mine: string): Merged {
  const words = wordsOf(base);
  const [their, own] = [hunksOf(words, wordsOf(theirs)), hunksOf(words, wordsOf(mine))];
  if (!their || !own) return { text: mine, clashes: true };
  const made: string[] = [];
  let [clashes, at] = [false, 0];
  for (;;) {
    const first = [their[0], own[0]].filter((hunk) => hunk !== undefined).sort((a, b) => a.from - b.from || a.to - b.to)[0];
    if (!first) break;
    const region = { from: first.from, to: first.to };
    const [left, right] = connected(region, their, own);
    made.push(...words.slice(at, region.from));
    at = region.to;
    const [other, ours] = [applied(words, region, left), applied(words, region, right)];
    const both = left.length > 0 && right.length > 0 && other.join("") !== ours.join("");
    if (both && isAddition(region)) made.push(...other, ...ours);
    else made.push(...(right.length > 0 ? ours : other));
    clashes ||= both && !isAddition(region);
  }
  made.push(...words.slice(at));
  return { text: made.join(""), clashes };
}

function isAddition({ from, to }: { from: number; to: number }): boolean {
  return from === to;
}

/** Takes from both what touches the region, which grows by it. */
function connected(region: { from: number; to: number }, their: Hunk[], own: Hunk[]): [Hunk[], Hunk[]] {
  const taken: [Hunk[], Hunk[]] = [[], []];
  const touches = (hunk: Hunk) => hunk.from < region.to || (hunk.from === region.from && hunk.to === region.to);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [side, list] of [their, own].entries()) {
      for (let hunk = list[0]; hunk && touches(hunk); hunk = list[0]) {
        list.shift();
        taken[side]?.push(hunk);
        region.to = Math.max(region.to, hunk.to);
        grown = true;
      }
    }
  }
  return taken;
}

/** The words of a region as one side has them. */
function applied(words: readonly string[], { from, to }: { from: number; to: number }, hunks: readonly Hunk[]): string[] {
  const made: string[] = [];
  let at = from;
  for (const hunk of hunks) {
    made.push(...words.slice(at, hunk.from), ...hunk.words);
    at = hunk.to;
  }
  return [...made, ...words.slice(at, to)];
}

/** What makes one text of another, by places in the former: many small changes rather than a large one. */
export function changesBetween(now: string, next: string): Replacement[] {
  if (now === next) return [];
  let start = 0;
  while (start < now.length && start < next.length && now[start] === next[start]) start += 1;
  let end = 0;
  while (end < now.length - start && end < next.length - start && now.at(-1 - end) === next.at(-1 - end)) end += 1;
  const [before, after] = [now.slice(start, now.length - end), next.slice(start, next.length - end)];
  const words = before.length + after.length > LONGEST ? [] : wordsOf(before);
  const hunks = words.length > 0 ? hunksOf(words, wordsOf(after)) : undefined;
  if (!hunks) return [{ from: start, to: now.length - end, insert: after }];
  const places = [start];
  for (const word of words) places.push((places.at(-1) ?? start) + word.length);
  return hunks.map(({ from, to, words }) => ({ from: places[from] ?? start, to: places[to] ?? start, insert: words.join("") }));
}

function hunksOf(from: readonly string[], to: readonly string[]): Hunk[] | undefined {
  const parts = diffArrays([...from], [...to], { maxEditLength: MOST_EDITS });
  if (!parts) return undefined;
  const hunks: Hunk[] = [];
  let at = 0;
  for (const { added, removed, count, value } of parts) {
    const last = hunks.at(-1);
    if (!added && !removed) at += count;
    else if (removed) {
      if (last?.to === at) last.to += count;
      else hunks.push({ from: at, to: at + count, words: [] });
      at += count;
    } else if (last?.to === at) last.words = [...last.words, ...value];
    else hunks.push({ from: at, to: at, words: value });
  }
  return hunks;
}

/** Words, and what stands between them each on its own, as the server has them. */
function wordsOf(text: string): string[] {
  return text.match(/[\s!-/:-@[-`{-~]|[^\s!-/:-@[-`{-~]+/g) ?? [];
}
