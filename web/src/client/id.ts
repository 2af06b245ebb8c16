// Ids that clients make: UUIDv7 (RFC 9562), so that later ones sort behind.

/** Fills the bytes with randomness. */
export type Random = (bytes: Uint8Array<ArrayBuffer>) => void;

let last = 0;

/** A new id. Ids made here sort in the order they were made, whatever the clock does. */
export function newId(now: number = Date.now(), random: Random = (bytes) => crypto.getRandomValues(bytes)): string {
  last = Math.max(Math.floor(now), last + 1);
  const bytes = new Uint8Array(16);
  random(bytes);
  for (let at = 5, time = last; at >= 0; at -= 1, time = Math.floor(time / 256)) bytes[at] = time % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
