/**
 * Replies that a client does not see before the primary's data of that moment are confirmed. All bytes are held alike,
 * those of reads, too: nothing that a failover could take back is ever shown, whatever was asked, in scripts and
 * transactions, in RESP2 or RESP3, subscribed or monitoring. So nothing has to be understood of them, and no error of a parser
 * can let an acknowledgement slip through.
 */

import type { Replies } from './replies.ts';
import type { Awaiting, Rounds } from './rounds.ts';

/** How many bytes of replies may be held, by each client and by all clients of a proxy. */
export class HeldBudget {
  readonly perClientBytes: number;
  readonly #limitBytes: number;
  readonly #waiting = new Set<HeldReplies>();
  #usedBytes = 0;

  constructor(limits: { readonly heldBytes: number; readonly heldBytesPerClient: number }) {
    this.perClientBytes = limits.heldBytesPerClient;
    this.#limitBytes = limits.heldBytes;
  }

  /** What all hold now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get hasRoom(): boolean {
    return this.#usedBytes < this.#limitBytes;
  }

  use(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
  }

  /** Gives bytes back, and lets those be read that waited for room. */
  free(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
    if (!this.hasRoom) return;
    for (const replies of this.#waiting) replies.readIfRoom();
  }

  /** Lets `replies` be read when there is room again. */
  await(replies: HeldReplies): void {
    this.#waiting.add(replies);
  }

  forget(replies: HeldReplies): void {
    this.#waiting.delete(replies);
  }
}

/** Shared by all: what is read is copied out of it before the next read. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** A client, as far as replies go to it. */
export interface ReplyTaker {
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  cork(): void;
  uncork(): void;
  write(bytes: Buffer): boolean;
  end(): unknown;
}

/** What the replies of one client are held with. */
export interface HeldRepliesParts {
  readonly client: ReplyTaker;
  readonly rounds: Rounds;
  readonly budget: HeldBudget;
  /** Reads the server again. */
  readonly resume: () => void;
  /** Confirmation takes too long: the client is to be cut. */
  readonly onOverdue: () => void;
}

/** One client's replies. */
export class HeldReplies implements Replies, Awaiting {
  readonly buffer = buffer;
  sinceMs: number | undefined;
  readonly #parts: HeldRepliesParts;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** How many of the first that are held came before the round under way began. */
  #inRound = 0;
  #isEnded = false;
  #isPaused = false;

  constructor(parts: HeldRepliesParts) {
    this.#parts = parts;
  }

  get heldBytes(): number {
    return this.#heldBytes + this.#parts.client.writableLength;
  }

  take(sizeBytes: number): boolean {
    const { budget, rounds } = this.#parts;
    this.#held.push(Buffer.from(buffer.subarray(0, sizeBytes)));
    this.#heldBytes += sizeBytes;
    budget.use(sizeBytes);
    rounds.enlist(this);
    if (this.#hasRoom()) return true;
    this.#isPaused = true;
    budget.await(this);
    return false;
  }

  begin(): void {
    this.#inRound = this.#held.length;
  }

  release(): void {
    const { client, budget } = this.#parts;
    const released = this.#held.slice(0, this.#inRound);
    this.#held = this.#held.slice(this.#inRound);
    this.#inRound = 0;
    let sizeBytes = 0;
    client.cork();
    for (const chunk of released) {
      sizeBytes += chunk.length;
      client.write(chunk);
    }
    client.uncork();
    if (this.#isEnded && this.#held.length === 0) client.end();
    this.#heldBytes -= sizeBytes;
    budget.free(sizeBytes);
    this.readIfRoom();
  }

  overdue(): void {
    this.#parts.onOverdue();
  }

  end(): void {
    this.#isEnded = true;
    if (this.#held.length === 0) this.#parts.client.end();
  }

  drained(): void {
    this.readIfRoom();
  }

  discard(): void {
    const { rounds, budget } = this.#parts;
    const sizeBytes = this.#heldBytes;
    rounds.dismiss(this);
    budget.forget(this);
    this.#isPaused = false;
    this.#held = [];
    this.#heldBytes = 0;
    this.#inRound = 0;
    budget.free(sizeBytes);
  }

  /** Reads the server again if it was left alone for want of room, and there is some. */
  readIfRoom(): void {
    if (!this.#isPaused || !this.#hasRoom()) return;
    this.#isPaused = false;
    this.#parts.budget.forget(this);
    this.#parts.resume();
  }

  #hasRoom(): boolean {
    const { client, budget } = this.#parts;
    return this.#heldBytes < budget.perClientBytes && budget.hasRoom && !client.writableNeedDrain;
  }
}
