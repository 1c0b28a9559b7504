/**
 * Requests that go into the log: admitted while the node leads, put into entries together, and answered when their fate
 * is known. That is read off the log: what commits at the index where a write was placed has its token, or it never happens.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { LogEntry, LogEvent, LogToken, ReplicatedLog } from '../log/replicated-log.ts';
import { type Desk, sizeOf, type Waiting } from '../requests/desk.ts';
import { responseFor } from '../requests/outcomes.ts';
import { type RefusedReason, runsOf } from '../requests/wire.ts';
import { encodeEntry, type Operation, type SessionLimits } from '../sessions/entries.ts';
import type { Fate } from '../sessions/fate.ts';
import type { SlicedStateMachine } from '../state-machine.ts';
import type { ServerLimits } from './limits.ts';

/** A request that changes the state. */
export type Write = Waiting<Operation>;

export interface WritesParts {
  readonly clock: Clock;
  readonly log: ReplicatedLog;
  readonly machine: SlicedStateMachine;
  readonly desk: Desk;
  /** Numbers requests of the log. */
  nextId(): number;
  /** The id of one more session, which no client can guess. */
  newSession(): number;
  readonly limits: ServerLimits;
  readonly sessionLimits: SessionLimits;
  /** The largest command, in bytes, that is taken. */
  readonly commandLimitBytes: number;
}

/** The writes that share an entry. */
interface EntryOfWrites {
  readonly token: LogToken;
  readonly writes: readonly Write[];
}

const totalSize = (writes: readonly Write[]): number => writes.reduce((sum, { body }) => sum + sizeOf(body), 0);

/** The writes that wait at one server. */
export class Writes {
  readonly #parts: WritesParts;
  /** Taken in this turn. */
  #queued: Write[] = [];
  /** Proposals that the log has not answered, and so has not placed. */
  readonly #proposals = new Map<number, readonly (readonly Write[])[]>();
  /** Placed, by index. */
  readonly #inLog = new Map<number, EntryOfWrites>();
  #lastEntryAtMs: number | undefined;

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  get areQueued(): boolean {
    return this.#queued.length > 0;
  }

  /** Queues a write, or refuses it. */
  take(write: Write): void {
    const { log, machine, desk, limits, commandLimitBytes } = this.#parts;
    const { body } = write;
    if (!log.isLeader) desk.refuse(write, 'not-leader', log.leader);
    else if (desk.waiting > limits.waitingRequests) desk.refuse(write, 'overloaded');
    else if (desk.waitingBytes > limits.waitingBytes) desk.refuse(write, 'overloaded');
    else if ('command' in body && body.command.length > commandLimitBytes) {
      desk.refuse(write, 'malformed', undefined, `a command may have ${commandLimitBytes} bytes at most`);
    } else if (this.#isTooFullFor(body)) {
      desk.refuse(write, 'full', undefined, `it has ${machine.sizeBytes} bytes of ${limits.stateBytes}`);
    } else {
      this.#queued.push(write);
    }
  }

  /** Puts into the log what is queued. */
  propose(): void {
    if (this.#queued.length === 0) return;
    const { entryBytes, proposalBytes } = this.#parts.limits;
    const entries = runsOf(this.#queued, entryBytes, ({ body }) => sizeOf(body));
    this.#queued = [];
    for (const proposal of runsOf(entries, proposalBytes, totalSize)) this.#propose(proposal);
  }

  /** The log has given a proposal its place. */
  placed({ id, index, token }: Extract<LogEvent, { type: 'placed' }>): void {
    const entries = this.#proposals.get(id) ?? [];
    this.#proposals.delete(id);
    entries.forEach((writes, offset) => {
      // Earlier writes stood there, and left this server's log; those of others may hold them still.
      this.#lose(index + offset);
      this.#inLog.set(index + offset, { token, writes });
    });
  }

  /** The log has not taken request `id`, which may be a proposal. */
  refused(id: number, reason: RefusedReason, leader: string | undefined): void {
    for (const write of this.#proposals.get(id)?.flat() ?? []) this.#parts.desk.refuse(write, reason, leader);
    this.#proposals.delete(id);
  }

  /** An entry was applied, with these results. */
  applied(entry: LogEntry, fates: readonly Fate[]): void {
    if (this.#inLog.size === 0) return;
    const placed = this.#inLog.get(entry.index);
    if (placed === undefined) return;
    this.#inLog.delete(entry.index);
    const { desk } = this.#parts;
    const isOurs = placed.token === entry.token;
    placed.writes.forEach((write, place) => {
      const fate = fates[place];
      // Another entry took this place: what was placed here can never be committed any more.
      if (!isOurs || fate === undefined) desk.refuse(write, 'superseded');
      else desk.answer(write, responseFor(write.id, fate));
    });
  }

  /** Entries up to `index` were applied elsewhere: what became of each of them cannot be told from the state. */
  installed(index: number): void {
    for (const placed of this.#inLog.keys()) if (placed <= index) this.#lose(placed);
  }

  /** This node leads no more. */
  stepDown(): void {
    this.#lastEntryAtMs = undefined;
    for (const index of this.#inLog.keys()) this.#lose(index);
  }

  #isTooFullFor(operation: Operation): boolean {
    const { machine, limits } = this.#parts;
    return (
      (machine.sizeBytes ?? 0) > limits.stateBytes &&
      'command' in operation &&
      machine.shrinks?.(operation.command) !== true
    );
  }

  #propose(entries: readonly (readonly Write[])[]): void {
    const { log, desk, sessionLimits } = this.#parts;
    const id = this.#parts.nextId();
    this.#proposals.set(id, entries);
    try {
      const commands = entries.map((writes) => {
        const operations = writes.map(({ body }) => this.#operationOf(body));
        return encodeEntry(operations, sessionLimits, this.#elapsedMs());
      });
      log.propose(id, commands);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.#proposals.delete(id);
      for (const write of entries.flat()) desk.refuse(write, 'overloaded', undefined, error.message);
    }
  }

  /** What goes into the log: whatever else came with a registration does not. */
  #operationOf(body: Operation): Operation {
    return body.type === 'register' ? { type: 'register', session: this.#parts.newSession() } : body;
  }

  /** How long ago the last entry was made in this office, in whole milliseconds. */
  #elapsedMs(): number {
    const nowMs = Math.floor(this.#parts.clock.nowMs());
    const elapsedMs = Math.max(0, nowMs - (this.#lastEntryAtMs ?? nowMs));
    this.#lastEntryAtMs = nowMs;
    return elapsedMs;
  }

  /** Gives up on knowing what becomes of the writes that were placed at `index`. */
  #lose(index: number): void {
    const placed = this.#inLog.get(index);
    if (placed === undefined) return;
    this.#inLog.delete(index);
    for (const write of placed.writes) {
      this.#parts.desk.answer(write, { id: write.id, status: 'unknown', reason: 'leadership-lost' });
    }
  }
}
