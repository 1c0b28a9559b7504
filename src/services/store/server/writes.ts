/**
 * Requests that go into the log: admitted while the node leads, put into entries together, and answered when their fate
 * is known. That is read off the log: what commits at the index where a write was placed has its token, or it never happens.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { LogEntry, LogEvent, LogToken, Mode, ReplicatedLog } from '../log/replicated-log.ts';
import type { Replica } from '../replica.ts';
import { type Desk, sizeOf, type Waiting } from '../requests/desk.ts';
import { responseFor } from '../requests/outcomes.ts';
import { type RefusedReason, type Response, runsOf, type WriteBody } from '../requests/wire.ts';
import { encodeEntry, type Operation, type SessionLimits } from '../sessions/entries.ts';
import type { Fate } from '../sessions/fate.ts';
import type { SlicedStateMachine } from '../state-machine.ts';
import type { ServerLimits } from './limits.ts';

/** A request that changes the state. */
export type Write = Waiting<WriteBody>;

/** A write that was admitted, and by how many bytes the state may grow by it. */
interface Admitted extends Write {
  readonly growthBytes: number;
}

export interface WritesParts {
  readonly clock: Clock;
  readonly log: ReplicatedLog;
  readonly replica: Pick<Replica, 'appliedIndex'>;
  readonly machine: SlicedStateMachine;
  readonly desk: Desk;
  /** Numbers requests of the log. */
  nextId(): number;
  /** The id of one more session, which no client can guess. */
  newSession(): number;
  readonly limits: ServerLimits;
  readonly sessionLimits: SessionLimits;
  /** Told of each entry of this office that was applied, how long after it had its place in the log. */
  committed(durationMs: number): void;
  /** The largest command, in bytes, that is taken. */
  readonly commandLimitBytes: number;
}

/** The writes that share an entry. */
interface EntryOfWrites {
  readonly token: LogToken;
  readonly placedAtMs: number;
  readonly writes: readonly Admitted[];
}

const totalSize = (writes: readonly Admitted[]): number => writes.reduce((sum, { body }) => sum + sizeOf(body), 0);

/** Runs of writes that are acknowledged alike, in the order in which they came. */
function byMode(
  writes: readonly Admitted[],
): readonly { readonly mode: Mode | undefined; readonly writes: Admitted[] }[] {
  const runs: { readonly mode: Mode | undefined; readonly writes: Admitted[] }[] = [];
  for (const write of writes) {
    const last = runs.at(-1);
    if (last !== undefined && last.mode === write.body.mode) last.writes.push(write);
    else runs.push({ mode: write.body.mode, writes: [write] });
  }
  return runs;
}

/** The writes that wait at one server. */
export class Writes {
  readonly #parts: WritesParts;
  /** Taken in this turn. */
  #queued: Admitted[] = [];
  /** Proposals that the log has not answered, and so has not placed. */
  readonly #proposals = new Map<number, readonly (readonly Admitted[])[]>();
  /** Placed, by index. */
  readonly #inLog = new Map<number, EntryOfWrites>();
  #lastEntryAtMs: number | undefined;
  /** By which the state may grow when all that waits is applied. */
  #growthBytes = 0;
  /** The end of the log when this office began: entries of others up to there may grow the state, too. */
  #inheritedIndex: number | undefined;

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  get areQueued(): boolean {
    return this.#queued.length > 0;
  }

  /** How long ago the last entry was made in this office; undefined where there was none. */
  get sinceLastEntryMs(): number | undefined {
    return this.#lastEntryAtMs === undefined ? undefined : this.#parts.clock.nowMs() - this.#lastEntryAtMs;
  }

  /** Queues a write, or refuses it. */
  take(write: Write): void {
    const { log, desk, limits, commandLimitBytes } = this.#parts;
    const { body } = write;
    if (!log.isLeader) desk.refuse(write, 'not-leader', log.leader);
    else if (body.mode !== undefined && log.offers?.(body.mode) !== true) desk.refuse(write, 'mode-not-offered');
    else if (desk.waiting > limits.waitingRequests) desk.refuse(write, 'overloaded');
    else if (desk.waitingBytes > limits.waitingBytes) desk.refuse(write, 'overloaded');
    else if ('command' in body && body.command.length > commandLimitBytes) {
      desk.refuse(write, 'malformed', undefined, `a command may have ${commandLimitBytes} bytes at most`);
    } else {
      this.#admit(write);
    }
  }

  /** Puts into the log what is queued. */
  propose(): void {
    if (this.#queued.length === 0) return;
    const { entryBytes, proposalBytes } = this.#parts.limits;
    const queued = this.#queued;
    this.#queued = [];
    for (const { mode, writes } of byMode(queued)) {
      const entries = runsOf(writes, entryBytes, ({ body }) => sizeOf(body));
      for (const proposal of runsOf(entries, proposalBytes, totalSize)) this.#propose(proposal, mode);
    }
  }

  /** The log has given a proposal its place. */
  placed({ id, index, token }: Extract<LogEvent, { type: 'placed' }>): void {
    const entries = this.#proposals.get(id) ?? [];
    this.#proposals.delete(id);
    const placedAtMs = this.#parts.clock.nowMs();
    entries.forEach((writes, offset) => {
      // Earlier writes stood there, and left this server's log; those of others may hold them still.
      this.#lose(index + offset);
      this.#inLog.set(index + offset, { token, placedAtMs, writes });
    });
  }

  /** The log has not taken request `id`, which may be a proposal. */
  refused(id: number, reason: RefusedReason, leader: string | undefined): void {
    for (const write of this.#proposals.get(id)?.flat() ?? []) this.#refuse(write, reason, leader);
    this.#proposals.delete(id);
  }

  /** An entry was applied, with these results. */
  applied(entry: LogEntry, fates: readonly Fate[]): void {
    if (this.#inLog.size === 0) return;
    const placed = this.#inLog.get(entry.index);
    if (placed === undefined) return;
    this.#inLog.delete(entry.index);
    const isOurs = placed.token === entry.token;
    if (isOurs) this.#parts.committed(this.#parts.clock.nowMs() - placed.placedAtMs);
    placed.writes.forEach((write, place) => {
      const fate = fates[place];
      // Another entry took this place: what was placed here can never be committed any more.
      if (!isOurs || fate === undefined) this.#refuse(write, 'superseded');
      else this.#answer(write, responseFor(write.id, fate));
    });
  }

  /** Entries up to `index` were applied elsewhere: what became of each of them cannot be told from the state. */
  installed(index: number): void {
    for (const placed of this.#inLog.keys()) if (placed <= index) this.#lose(placed);
  }

  /** This node leads no more. */
  stepDown(): void {
    this.#lastEntryAtMs = undefined;
    this.#inheritedIndex = undefined;
    for (const index of this.#inLog.keys()) this.#lose(index);
  }

  /** Queues a write that this node may take, where the state has room for it. */
  #admit(write: Write): void {
    const { machine, desk, limits } = this.#parts;
    const { body } = write;
    const growthBytes = this.#growthOf(body);
    const sizeBytes = (machine.sizeBytes ?? 0) + this.#growthBytes;
    if (growthBytes > 0 && sizeBytes + growthBytes > limits.stateBytes) {
      desk.refuse(write, 'full', undefined, `it has ${machine.sizeBytes} bytes of ${limits.stateBytes}`);
    } else if (growthBytes > 0 && sizeBytes + growthBytes + this.#inheritedBytes() > limits.stateBytes) {
      desk.refuse(write, 'not-ready');
    } else {
      this.#growthBytes += growthBytes;
      this.#queued.push({ ...write, growthBytes });
    }
  }

  /** By how many bytes the state may grow by an operation: more than it will, where that makes no difference. */
  #growthOf(operation: Operation): number {
    const { machine, limits } = this.#parts;
    if (machine.sizeBytes === undefined || !('command' in operation)) return 0;
    const mostBytes = machine.mostGrowthBytes?.(operation.command) ?? sizeOf(operation);
    const isFar = machine.sizeBytes + this.#growthBytes + mostBytes <= limits.stateBytes;
    return isFar ? mostBytes : Math.max(0, machine.growthBytes?.(operation.command) ?? mostBytes);
  }

  /** By how many bytes entries of earlier leaders may grow the state that are not applied yet, at most. */
  #inheritedBytes(): number {
    const { limits, replica, log } = this.#parts;
    this.#inheritedIndex ??= log.status().lastIndex;
    return replica.appliedIndex >= this.#inheritedIndex ? 0 : limits.waitingBytes;
  }

  #answer(write: Admitted, response: Response): void {
    this.#growthBytes -= write.growthBytes;
    this.#parts.desk.answer(write, response);
  }

  #refuse(write: Admitted, reason: RefusedReason, leader?: string, detail?: string): void {
    this.#growthBytes -= write.growthBytes;
    this.#parts.desk.refuse(write, reason, leader, detail);
  }

  #propose(entries: readonly (readonly Admitted[])[], mode: Mode | undefined): void {
    const { log, sessionLimits } = this.#parts;
    const id = this.#parts.nextId();
    this.#proposals.set(id, entries);
    try {
      const commands = entries.map((writes) => {
        const operations = writes.map(({ body }) => this.#operationOf(body));
        return encodeEntry(operations, sessionLimits, this.#elapsedMs());
      });
      log.propose(id, commands, mode);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.#proposals.delete(id);
      for (const write of entries.flat()) this.#refuse(write, 'overloaded', undefined, error.message);
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
      this.#answer(write, { id: write.id, status: 'unknown', reason: 'leadership-lost' });
    }
  }
}
