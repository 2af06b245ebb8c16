// How far partners have come, in figures.

import type { Schemas } from "../../../client";

export type Company = Schemas["EngagedCompany"];
export type Person = Schemas["EngagedPerson"];

export const STEPS = [
  { id: "invited", label: "Invited" },
  { id: "joined", label: "Joined" },
  { id: "visited", label: "Visited" },
  { id: "called", label: "First call" },
  { id: "succeeded", label: "First success" },
] as const;
export type StepId = (typeof STEPS)[number]["id"];
export type Funnel = Record<StepId, number>;

export function totals(companies: readonly Company[]): Funnel {
  const sum = (id: StepId) => companies.reduce((sum, company) => sum + company[id], 0);
  return { invited: sum("invited"), joined: sum("joined"), visited: sum("visited"), called: sum("called"), succeeded: sum("succeeded") };
}

/** As a whole percentage; of nobody there is none. */
export function share(part: number, whole: number): string {
  return whole === 0 ? "–" : `${Math.round((part / whole) * 100)} %`;
}

export interface FirstCalls {
  domain: string;
  /** How many of its people have called. */
  people: number;
  /** Seconds from joining to the first call. */
  median: number;
  fastest: number;
  slowest: number;
}

/** By company, the fastest first; a company of which nobody has called is none. */
export function firstCalls(companies: readonly Company[]): FirstCalls[] {
  return companies
    .flatMap(({ domain, people }) => {
      const times = people.flatMap(({ seconds_to_first_call: seconds }) => (seconds == null ? [] : [seconds])).sort((a, b) => a - b);
      const [fastest, slowest] = [times[0], times.at(-1)];
      if (fastest === undefined || slowest === undefined) return [];
      return [{ domain, people: times.length, median: median(times), fastest, slowest }];
    })
    .sort((a, b) => a.median - b.median || (a.domain < b.domain ? -1 : 1));
}

/** Of numbers in order, at least one. */
function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** In one or two units: "45 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

export type SortKey = "email" | "invited_at" | "joined_at" | "first_visit" | "first_call" | "first_success" | "last_seen" | "seconds_to_first_call";

/** What has not happened stands last, either way. */
export function sorted(people: readonly Person[], key: SortKey, descending: boolean): Person[] {
  const sign = descending ? -1 : 1;
  return people.toSorted((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x == null || y == null) return Number(x == null) - Number(y == null);
    return x < y ? -sign : x > y ? sign : a.email < b.email ? -1 : 1;
  });
}
