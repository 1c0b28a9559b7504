/**
 * Requests that are answered once the leader knows that it still leads, and its state holds all that was committed when
 * they came: questions to the state, and requests about members and leadership. All that come in one turn share one asking.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { LogEvent, ReplicatedLog } from '../log/replicated-log.ts';
import type { Replica } from '../replica.ts';
import type { Desk, Waiting } from '../requests/desk.ts';
import type { Body, RefusedReason } from '../requests/wire.ts';
import type { CatchingUp } from './catching-up.ts';
import type { LeadershipBody } from './hand-overs.ts';
import type { ServerLimits } from './limits.ts';
import type { MemberBody } from './member-changes.ts';

/** A question to the state, or a request about members or leadership. */
export type Read = Waiting<Extract<Body, { type: 'query' }> | MemberBody | LeadershipBody>;

export interface ReadsParts {
  readonly log: ReplicatedLog;
  readonly replica: Replica;
  readonly catchingUp: CatchingUp;
  readonly desk: Desk;
  /** Takes what may be answered by a node that does not lead. */
  readonly followerReads: { take(read: Read): void };
  /** Numbers requests of the log. */
  nextId(): number;
  readonly limits: ServerLimits;
  /** Answers a read that may be answered now. */
  answer(read: Read): void;
}

interface ReadsAtIndex {
  readonly index: number;
  readonly reads: readonly Read[];
}

/** The reads that wait at one server. */
export class Reads {
  readonly #parts: ReadsParts;
  /** Taken in this turn. */
  #queued: Read[] = [];
  /** Of which the log has not said yet from which index on they may be answered. */
  readonly #asked = new Map<number, readonly Read[]>();
  /** That wait until the state has come to their index. */
  #readable: ReadsAtIndex[] = [];

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  get areQueued(): boolean {
    return this.#queued.length > 0;
  }

  /** Queues a read, answers it from the state as it is where that is asked for, or refuses it. */
  take(read: Read): void {
    const { log, desk, limits, catchingUp, followerReads } = this.#parts;
    if (read.body.type === 'query' && read.body.stale) {
      if (catchingUp.isOver) this.#parts.answer(read);
      else desk.refuse(read, 'not-caught-up');
    } else if (!log.isLeader) {
      if (read.body.type === 'query' && read.body.how === 'follower') followerReads.take(read);
      else desk.refuse(read, 'not-leader', log.leader);
    } else if (desk.waiting > limits.waitingRequests) desk.refuse(read, 'overloaded');
    else this.#queued.push(read);
  }

  /** Asks the log whether this node still leads, for all that are queued. */
  ask(): void {
    if (this.#queued.length === 0) return;
    const reads = this.#queued;
    this.#queued = [];
    const byLease = reads.filter(isByLease);
    if (byLease.length > 0) this.#askFor(byLease, true);
    if (byLease.length < reads.length)
      this.#askFor(byLease.length === 0 ? reads : reads.filter((it) => !isByLease(it)), false);
  }

  #askFor(reads: readonly Read[], byLease: boolean): void {
    const id = this.#parts.nextId();
    this.#asked.set(id, reads);
    try {
      this.#parts.log.read(id, byLease);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.#asked.delete(id);
      for (const read of reads) this.#parts.desk.refuse(read, 'overloaded', undefined, error.message);
    }
  }

  /** The log says from which index on the reads of one asking may be answered. */
  readable({ id, index }: Extract<LogEvent, { type: 'readable' }>): void {
    const reads = this.#asked.get(id);
    if (reads === undefined) return;
    this.#asked.delete(id);
    this.#readable.push({ index, reads });
    this.advanced();
  }

  /** The log has not taken request `id`, which may be an asking. */
  refused(id: number, reason: RefusedReason, leader: string | undefined): void {
    for (const read of this.#asked.get(id) ?? []) this.#parts.desk.refuse(read, reason, leader);
    this.#asked.delete(id);
  }

  /** What the reads waited for is void: another node, or this one later, answers them. */
  startOver(): void {
    for (const { reads } of this.#readable) for (const read of reads) this.#parts.desk.refuse(read, 'not-ready');
    this.#readable = [];
    this.#parts.catchingUp.startOver();
  }

  /** The state may have come to where some reads wait for it. */
  advanced(): void {
    if (this.#readable.length === 0) return;
    const { replica } = this.#parts;
    let answered = 0;
    for (const { index, reads } of this.#readable) {
      if (replica.isRestoring || index > replica.appliedIndex) break;
      answered += 1;
      for (const read of reads) this.#parts.answer(read);
    }
    if (answered > 0) this.#readable = this.#readable.slice(answered);
  }
}

const isByLease = ({ body }: Read): boolean => body.type === 'query' && body.how === 'lease';
