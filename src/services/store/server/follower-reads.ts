/**
 * Questions that a node answers which does not lead: it asks the leader for an index at which a read is linearizable, and
 * answers once its own state has come to it (Ongaro 2014, §6.4: "a read-only query's work can be offloaded to followers").
 * Those that come while one asking is under way share the next.
 *
 * What an asking has shown is remembered: the state holds all that was committed when it began. So an answer that may be
 * stale by some time is given at once if the last asking began within that time, by this node's clock alone. Nothing is
 * concluded from what the leader sends by itself, which may have been under way for however long.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { isNatural } from '../codec.ts';
import type { ReplicatedLog } from '../log/replicated-log.ts';
import type { Replica } from '../replica.ts';
import type { Desk } from '../requests/desk.ts';
import type { Done } from '../requests/requester.ts';
import type { Body } from '../requests/wire.ts';
import type { ServerLimits } from './limits.ts';
import type { Read } from './reads.ts';

export interface FollowerReadsParts {
  readonly clock: Clock;
  readonly log: Pick<ReplicatedLog, 'startsOver' | 'leader'>;
  readonly replica: Pick<Replica, 'isRestoring' | 'appliedIndex'>;
  readonly desk: Desk;
  readonly limits: Pick<ServerLimits, 'waitingRequests'>;
  /** Asks the node that leads, wherever it is by then. @throws QuorateError when that cannot be asked now */
  askLeader(body: Body, deadlineAtMs: number, done: Done): void;
  answer(read: Read): void;
}

interface ReadsAtIndex {
  readonly index: number;
  readonly askedAtMs: number;
  readonly reads: readonly Read[];
}

/** The reads that wait at a node that follows. */
export class FollowerReads {
  readonly #parts: FollowerReadsParts;
  #queued: Read[] = [];
  #isAsking = false;
  #readable: ReadsAtIndex[] = [];
  /** The state holds all that was committed then. */
  #freshAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FollowerReadsParts) {
    this.#parts = parts;
  }

  get areQueued(): boolean {
    return this.#queued.length > 0;
  }

  /** Answers a read from the state where it is known to be fresh enough, queues it, or sends it to the leader. */
  take(read: Read): void {
    const { clock, log, replica, desk, limits } = this.#parts;
    // Where committed entries may be lost, an index of one history says nothing about a state of another.
    if (log.startsOver === true) desk.refuse(read, 'not-leader', log.leader);
    else if (!replica.isRestoring && clock.nowMs() - this.#freshAtMs <= stalenessOf(read)) this.#parts.answer(read);
    else if (desk.waiting > limits.waitingRequests) desk.refuse(read, 'overloaded');
    else this.#queued.push(read);
  }

  /** Asks the leader, for all that are queued. */
  ask(): void {
    if (this.#isAsking || this.#queued.length === 0) return;
    const { clock, desk } = this.#parts;
    const reads = this.#queued;
    this.#queued = [];
    const askedAtMs = clock.nowMs();
    const deadlineAtMs = Math.max(
      askedAtMs + 1,
      reads.reduce((least, read) => Math.min(least, expiryOf(read)), Number.POSITIVE_INFINITY),
    );
    try {
      this.#parts.askLeader({ type: 'leader', tells: 'index' }, deadlineAtMs, (error, index) => {
        this.#isAsking = false;
        if (error !== undefined) this.#unanswered(reads);
        else if (isNatural(index)) this.#readable.push({ index, askedAtMs, reads });
        // A leader of an earlier release tells who it is: it answers those reads itself.
        else for (const read of reads) desk.refuse(read, 'not-leader', typeof index === 'string' ? index : undefined);
        this.advanced();
        this.ask();
        desk.flush();
      });
      this.#isAsking = true;
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      for (const read of reads) desk.refuse(read, 'overloaded', undefined, error.message);
    }
  }

  /** The state may have come to where some reads wait for it. */
  advanced(): void {
    const { replica } = this.#parts;
    if (this.#readable.length === 0 || replica.isRestoring) return;
    const due = this.#readable.filter(({ index }) => index <= replica.appliedIndex);
    if (due.length === 0) return;
    this.#readable = this.#readable.filter(({ index }) => index > replica.appliedIndex);
    for (const { askedAtMs, reads } of due) {
      this.#freshAtMs = Math.max(this.#freshAtMs, askedAtMs);
      for (const read of reads) this.#parts.answer(read);
    }
  }

  /** No leader has answered in time for one of `reads`; those that have time left ask again. */
  #unanswered(reads: readonly Read[]): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const read of reads) {
      if (expiryOf(read) > nowMs) this.#queued.push(read);
      else this.#parts.desk.refuse(read, 'unavailable');
    }
  }
}

/** By how much the answer may be stale, in milliseconds; less than nothing where it may not. */
const stalenessOf = ({ body }: Read): number => (body.type === 'query' ? (body.maxStalenessMs ?? -1) : -1);

/** When the asker hears no more. */
const expiryOf = ({ expiresAtMs = 0 }: Read): number => expiresAtMs;
