// The live socket: makes it, keeps it, notices when it is dead, and makes it anew.

import { backoff } from "./backoff";
import type { Clock } from "./clock";
import { Problem } from "./problem";
import { Pulse } from "./pulse";
import type { Connection as State, Reason, ServerMessage } from "./types";

/** A connection that held this long was no failure: the next attempt is a first one. */
const STABLE_MS = 10_000;
/** For the handshake and the first message. */
const HANDSHAKE_MS = 15_000;
/** People do not come back all at the same moment when a network does. */
const SPREAD_MS = 1_000;
/** Between two attempts that the page's events cause. */
const AT_ONCE_EVERY_MS = 1_000;

const REASONS: Record<number, Reason> = {
  1012: "restart",
  4008: "slow",
  4009: "not_understood",
  4010: "epoch",
  4029: "too_many",
};

/** A handler that may want more of its event than is known here: so a browser's socket is one, and other packages' too. */
type Handler<E> = { handle(event: E): void }["handle"] | null;

/** What of a browser's WebSocket is used. */
export interface Socket {
  onmessage: Handler<{ data: unknown }>;
  onclose: Handler<{ code: number }>;
  onerror: Handler<object>;
  send(text: string): void;
  close(code?: number): void;
}

export type SocketMaker = new (url: string, protocols: string[]) => Socket;

export interface ConnectionHost {
  /** Reads the snapshot when there is none, it is doubtful, or the last handshake failed and `check` is set. */
  prepare(check: boolean): Promise<void>;
  address(): string;
  protocols(): string[];
  /** What the server said. The first one is a welcome. */
  heard(message: ServerMessage): void;
  /** The socket is gone. */
  lost(reason: Reason): void;
  /** A probe: something that the server answers, whoever asks. */
  probe(): string;
  /** When something that has no answer was sent. */
  waitingSince(): number | undefined;
  /** Why the server sent this session away. */
  whyGone(): Promise<Reason>;
  ended(reason: Reason): void;
  changed(): void;
}

export class Connection {
  state: State = { state: "connecting", attempt: 0 };
  readonly #host: ConnectionHost;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #Socket: SocketMaker;
  readonly #pulse: Pulse;
  #socket: Socket | undefined;
  #timer: unknown;
  #attempt = 0;
  #isLive = false;
  #liveSince = 0;
  #triedAt = 0;
  /** The last handshake failed, and a socket does not say why. */
  #doubtful = false;
  /** What the server asked for in its goodbye. */
  #comeBackIn: number | undefined;
  /** Of several attempts only the last one counts. */
  #turn = 0;

  constructor(host: ConnectionHost, Socket: SocketMaker, clock: Clock, random: () => number) {
    this.#host = host;
    this.#Socket = Socket;
    this.#clock = clock;
    this.#random = random;
    this.#pulse = new Pulse(clock, {
      probe: () => this.say(host.probe()),
      waitingSince: () => host.waitingSince(),
      dead: () => this.#drop("silent"),
    });
    globalThis.addEventListener?.("online", this.#online);
    globalThis.addEventListener?.("offline", this.#offline);
    globalThis.document?.addEventListener("visibilitychange", this.#visible);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  start(): void {
    void this.#try();
  }

  say(text: string): void {
    this.#socket?.send(text);
  }

  /** Tries at once, or looks whether the socket is alive. */
  retryNow(): void {
    if (this.#isLive) this.#pulse.doubt();
    else if (this.#isWaiting) void this.#try();
  }

  get #isWaiting(): boolean {
    return this.state.state === "waiting" || this.state.state === "offline";
  }

  end(reason: Reason): void {
    if (this.state.state === "ended") return;
    this.#turn += 1;
    this.#letGo();
    this.#clearTimer();
    globalThis.removeEventListener?.("online", this.#online);
    globalThis.removeEventListener?.("offline", this.#offline);
    globalThis.document?.removeEventListener("visibilitychange", this.#visible);
    this.#set({ state: "ended", attempt: this.#attempt, reason });
    this.#host.ended(reason);
  }

  readonly #online = (): void => {
    if (this.#isLive) this.#pulse.doubt();
    else this.#sooner(this.#random() * SPREAD_MS);
  };

  readonly #offline = (): void => {
    // Browsers have been wrong about this: attempts go on.
    if (this.#isLive) this.#pulse.doubt();
    else if (this.state.state === "waiting") this.#set({ ...this.state, state: "offline" });
  };

  readonly #visible = (): void => {
    if (globalThis.document?.visibilityState !== "visible") return;
    if (this.#isLive) this.#pulse.doubt();
    else this.#sooner(0);
  };

  /** Brings a planned attempt forward; soon after another one, not by much. */
  #sooner(delay: number): void {
    if (!this.#isWaiting) return;
    const now = this.#clock.now();
    // A clock that was set back is no reason to wait for it.
    const since = Math.max(0, now - this.#triedAt);
    const retryAt = now + Math.max(delay, AT_ONCE_EVERY_MS - since);
    if (retryAt >= (this.state.retryAt ?? Number.POSITIVE_INFINITY)) return;
    this.#plan(retryAt - now);
    this.#set({ ...this.state, retryAt });
  }

  async #try(): Promise<void> {
    this.#clearTimer();
    const turn = ++this.#turn;
    this.#triedAt = this.#clock.now();
    this.#set({ state: "connecting", attempt: this.#attempt, ...(this.state.reason && { reason: this.state.reason }) });
    try {
      await this.#host.prepare(this.#doubtful);
    } catch (error) {
      if (turn !== this.#turn) return;
      const reason = reasonOf(error);
      if (reason === "signed_out" || reason === "gone") this.end(reason);
      else this.#retry(reason);
      return;
    }
    if (turn !== this.#turn) return;
    this.#doubtful = true;
    const socket = new this.#Socket(this.#host.address(), this.#host.protocols());
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#closed(code);
    // A close follows, which says as much.
    socket.onerror = () => {};
    this.#timer = this.#clock.setTimeout(() => this.#drop("unreachable"), HANDSHAKE_MS);
  }

  #heard(data: unknown): void {
    if (typeof data !== "string") return;
    this.#pulse.heard();
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "goodbye") this.#comeBackIn = message.reconnect_in_ms;
    const isFirst = !this.#isLive;
    if (isFirst) {
      this.#clearTimer();
      this.#isLive = true;
      this.#doubtful = false;
      this.#liveSince = this.#clock.now();
      this.#pulse.begin();
    }
    this.#host.heard(message);
    // Told after the welcome has been read, which may also have been the end.
    if (isFirst && this.#isLive) this.#set({ state: "live", attempt: this.#attempt });
  }

  #closed(code: number): void {
    if (code !== 4001) return this.#drop(REASONS[code] ?? (this.#isLive ? "lost" : "unreachable"));
    this.#letGo();
    const turn = ++this.#turn;
    this.#host.lost("gone");
    void this.#host.whyGone().then((reason) => {
      if (turn === this.#turn) this.end(reason);
    });
  }

  /** Gives up the socket, whether or not it says that it is closed, and plans the next attempt. */
  #drop(reason: Reason): void {
    const wasLive = this.#isLive;
    if (wasLive && this.#clock.now() - this.#liveSince >= STABLE_MS) this.#attempt = 0;
    this.#turn += 1;
    this.#letGo();
    this.#clearTimer();
    this.#host.lost(reason);
    this.#retry(reason);
  }

  #retry(reason: Reason): void {
    const asked = this.#comeBackIn;
    this.#comeBackIn = undefined;
    const delay = asked ?? backoff(this.#attempt, this.#random);
    this.#attempt += 1;
    this.#plan(delay);
    const state = globalThis.navigator?.onLine === false ? "offline" : "waiting";
    this.#set({ state, retryAt: this.#clock.now() + delay, attempt: this.#attempt, reason });
  }

  #plan(delay: number): void {
    this.#clearTimer();
    this.#timer = this.#clock.setTimeout(() => void this.#try(), delay);
  }

  #letGo(): void {
    this.#isLive = false;
    this.#pulse.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onmessage = socket.onclose = () => {};
    // A dead one says nothing for minutes: nobody waits for it.
    socket.close();
  }

  #clearTimer(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(state: State): void {
    this.state = state;
    this.#host.changed();
  }
}

/** What a refusal of the snapshot means for the connection. */
export function reasonOf(error: unknown): Reason {
  const code = error instanceof Problem ? error.code : undefined;
  if (code === "signed_out") return "signed_out";
  return code === "not_found" || code === "forbidden" ? "gone" : "unreachable";
}
