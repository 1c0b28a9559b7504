/**
 * The side of a store that stands behind the log: it puts requests into it while its node leads, applies what commits,
 * and answers. A proposal's fate is read off the log: what commits at its index has its token, or it never happens.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Random } from '../../environment/random.ts';
import { MalformedRequestError } from './errors.ts';
import { createHandOvers, type LeadershipBody } from './hand-overs.ts';
import type { LogEntry, LogEvent, LogToken, ReplicatedLog } from './log/replicated-log.ts';
import { createMemberChanges, type MemberBody } from './member-changes.ts';
import { Replica } from './replica.ts';
import { createDesk, isOperation, type Sink, sizeOf, type Waiting } from './requests/desk.ts';
import { responseFor } from './requests/outcomes.ts';
import { type Body, type Request, runsOf } from './requests/wire.ts';
import { encodeEntry, type Operation, type SessionLimits } from './sessions/entries.ts';
import type { Fate, SessionedMachine } from './sessions/machine.ts';
import type { SlicedStateMachine } from './state-machine.ts';

/** Bounds of what waits at a server. */
export interface ServerLimits {
  /** Requests that wait, for the log or for a read. Default 100,000. */
  readonly waitingRequests: number;
  /** Bytes of commands that wait for the log. Default 64 MiB. */
  readonly waitingBytes: number;
  /** Bytes of commands that share one entry; a larger one has an entry of its own. Default 64 KiB. */
  readonly entryBytes: number;
  /** Bytes of entries that are proposed, and so written down, at once. Default 1 MiB. */
  readonly proposalBytes: number;
  /**
   * Bytes of the state, beyond which the leader takes only what shrinks it. Default 256 MiB, and the same on all nodes. All
   * of it is in memory: of a key-value machine outside of the heap of V8, with some 20 bytes more for each key, and at most
   * half of all that again for what was replaced and not cleaned up yet.
   */
  readonly stateBytes: number;
}

export const defaultServerLimits: ServerLimits = {
  waitingRequests: 100_000,
  waitingBytes: 64 * 1_024 * 1_024,
  entryBytes: 64 * 1_024,
  proposalBytes: 1_024 * 1_024,
  stateBytes: 256 * 1_024 * 1_024,
};

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReplicatedLog;
  readonly machine: SlicedStateMachine;
  readonly sessioned: SessionedMachine;
  readonly sessionLimits: SessionLimits;
  /** The id of one more session, which nobody can guess. */
  newSession(): number;
  readonly limits: ServerLimits;
  /** The largest command, in bytes, that is taken. */
  readonly commandLimitBytes: number;
  /** The store cannot go on: its state machine threw, or the log makes no sense. */
  fail(error: unknown): void;
}

export interface Server {
  /** Takes requests for a leader. Everything is answered through `sink`, unless the node ends first. */
  take(requests: readonly Request[], sink: Sink): void;
  /** What the log tells, in order. */
  event(event: LogEvent): void;
  /** How the log stands has changed. */
  changed(): void;
  /** This node leads no more: what waits in the log is answered as unknown. */
  stepDown(): void;
  /** Lets another node lead, if this one does; `done` is called in a later turn, unless the node ends before. */
  resign(done: () => void): void;
  /** Requests that wait. */
  readonly waiting: number;
  /** The last entry applied. */
  readonly appliedIndex: number;
  /** Follows the log no more. Idempotent. */
  close(): void;
}

type WaitingWrite = Waiting<Operation>;
/** What is answered once the leader knows that it still leads. */
type WaitingRead = Waiting<Extract<Body, { type: 'query' }> | MemberBody | LeadershipBody>;

/** The writes that share an entry. */
interface EntryOfWrites {
  readonly token: LogToken;
  readonly writes: readonly WaitingWrite[];
}

interface ReadsAtIndex {
  readonly index: number;
  readonly reads: readonly WaitingRead[];
}

/** Makes the serving side of a store. */
export function createServer(parts: ServerParts): Server {
  const { clock, random, log, machine, sessioned, sessionLimits, limits, commandLimitBytes } = parts;
  let queuedWrites: WaitingWrite[] = [];
  let queuedReads: WaitingRead[] = [];
  let isScheduled = false;
  let lastId = 0;
  let lastEntryAtMs: number | undefined;
  /** Proposals that the log has not answered, and so has not placed. */
  const proposals = new Map<number, readonly (readonly WaitingWrite[])[]>();
  const inLog = new Map<number, EntryOfWrites>();
  const askedReads = new Map<number, readonly WaitingRead[]>();
  let readable: ReadsAtIndex[] = [];
  const desk = createDesk();
  const { answer, refuse } = desk;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const changes = createMemberChanges(clock, log, desk, nextId);
  const handOvers = createHandOvers(clock, log, desk, nextId);

  /** A question changes nothing, so one that makes the state machine throw harms nobody but its asker. */
  const answerRead = (item: WaitingRead): void => {
    const { body, ...asked } = item;
    if (body.type !== 'query') {
      if (body.type === 'handOver' || body.type === 'leader') handOvers.take({ ...asked, body });
      else changes.take({ ...asked, body });
      return;
    }
    if (!item.sink.hasRoom) {
      item.sink.whenRoom(() => {
        answerRead(item);
        desk.flush();
      });
      return;
    }
    if (replica.isRestoring) {
      refuse(item, 'not-ready');
      return;
    }
    let value: unknown;
    try {
      if (machine.query === undefined) throw new MalformedRequestError('this state machine answers no questions');
      value = machine.query(body.question);
    } catch (error) {
      refuse(item, 'malformed', undefined, error instanceof Error ? error.message : String(error));
      return;
    }
    answer(item, { id: item.id, status: 'done', value });
  };

  const isTooFullFor = (operation: Operation): boolean =>
    (machine.sizeBytes ?? 0) > limits.stateBytes &&
    'command' in operation &&
    machine.shrinks?.(operation.command) !== true;

  const admit = ({ id, body, waitMs }: Request, sink: Sink): void => {
    desk.enter(body);
    if (!isOperation(body)) {
      const read = { id, body, sink, expiresAtMs: clock.nowMs() + waitMs };
      if (body.type === 'query' && body.stale) answerRead(read);
      else if (!log.isLeader) refuse(read, 'not-leader', log.leader);
      else if (desk.waiting > limits.waitingRequests) refuse(read, 'overloaded');
      else queuedReads.push(read);
      return;
    }
    const write = { id, body, sink };
    if (!log.isLeader) refuse(write, 'not-leader', log.leader);
    else if (desk.waiting > limits.waitingRequests) refuse(write, 'overloaded');
    else if (desk.waitingBytes > limits.waitingBytes) refuse(write, 'overloaded');
    else if ('command' in body && body.command.length > commandLimitBytes) {
      refuse(write, 'malformed', undefined, `a command may have ${commandLimitBytes} bytes at most`);
    } else if (isTooFullFor(body)) {
      refuse(write, 'full', undefined, `it has ${machine.sizeBytes} bytes of ${limits.stateBytes}`);
    } else {
      queuedWrites.push(write);
    }
  };

  /** How long ago the last entry was made in this office, in whole milliseconds. */
  const elapsedMs = (): number => {
    const nowMs = Math.floor(clock.nowMs());
    const elapsed = Math.max(0, nowMs - (lastEntryAtMs ?? nowMs));
    lastEntryAtMs = nowMs;
    return elapsed;
  };

  /** What goes into the log: whatever else came with a registration does not. */
  const operationOf = (body: Operation): Operation =>
    body.type === 'register' ? { type: 'register', session: parts.newSession() } : body;

  const propose = (entries: readonly (readonly WaitingWrite[])[]): void => {
    nextId();
    proposals.set(lastId, entries);
    try {
      const commands = entries.map((writes) => {
        const operations = writes.map(({ body }) => operationOf(body));
        return encodeEntry(operations, sessionLimits, elapsedMs());
      });
      log.propose(lastId, commands);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      proposals.delete(lastId);
      for (const write of entries.flat()) refuse(write, 'overloaded', undefined, error.message);
    }
  };

  const proposeQueued = (): void => {
    if (queuedWrites.length === 0) return;
    const entries = runsOf(queuedWrites, limits.entryBytes, ({ body }) => sizeOf(body));
    queuedWrites = [];
    const proposalSize = (writes: readonly WaitingWrite[]): number =>
      writes.reduce((sum, { body }) => sum + sizeOf(body), 0);
    for (const proposal of runsOf(entries, limits.proposalBytes, proposalSize)) propose(proposal);
  };

  const askToRead = (): void => {
    if (queuedReads.length === 0) return;
    const reads = queuedReads;
    queuedReads = [];
    nextId();
    askedReads.set(lastId, reads);
    try {
      log.read(lastId);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      askedReads.delete(lastId);
      for (const read of reads) refuse(read, 'overloaded', undefined, error.message);
    }
  };

  const schedule = (): void => {
    if (isScheduled || (queuedWrites.length === 0 && queuedReads.length === 0)) return;
    isScheduled = true;
    clock.enqueue(() => {
      isScheduled = false;
      proposeQueued();
      askToRead();
      desk.flush();
    });
  };

  const answerReadable = (): void => {
    let answered = 0;
    for (const { index, reads } of readable) {
      if (replica.isRestoring || index > replica.appliedIndex) break;
      answered += 1;
      for (const read of reads) answerRead(read);
    }
    if (answered > 0) readable = readable.slice(answered);
  };

  const answerPlaced = (entry: LogEntry, fates: readonly Fate[]): void => {
    const placed = inLog.get(entry.index);
    if (placed === undefined) return;
    inLog.delete(entry.index);
    const isOurs = placed.token === entry.token;
    placed.writes.forEach((write, place) => {
      const fate = fates[place];
      // Another entry took this place: what was placed here can never be committed any more.
      if (!isOurs || fate === undefined) refuse(write, 'superseded');
      else answer(write, responseFor(write.id, fate));
    });
  };

  /** Gives up on knowing what becomes of the writes that were placed at `index`. */
  const lose = (index: number): void => {
    const placed = inLog.get(index);
    if (placed === undefined) return;
    inLog.delete(index);
    for (const write of placed.writes) {
      answer(write, { id: write.id, status: 'unknown', reason: 'leadership-lost' });
    }
  };

  const replica = new Replica({
    clock,
    random,
    log,
    sessioned,
    applied(entry, fates) {
      if (inLog.size > 0) answerPlaced(entry, fates);
    },
    installed(index) {
      for (const placed of inLog.keys()) if (placed <= index) lose(placed);
    },
    advanced() {
      if (readable.length > 0) answerReadable();
      desk.flush();
    },
    fail: parts.fail,
  });

  const place = ({ id, index, token }: Extract<LogEvent, { type: 'placed' }>): void => {
    const entries = proposals.get(id) ?? [];
    proposals.delete(id);
    entries.forEach((writes, offset) => {
      // Earlier writes stood there, and left this server's log; those of others may hold them still.
      lose(index + offset);
      inLog.set(index + offset, { token, writes });
    });
  };

  const refuseAll = ({ id, reason, leader }: Extract<LogEvent, { type: 'refused' }>): void => {
    // To those who ask it is the same: nothing has happened, and a moment later somebody serves.
    const told = reason === 'handing-over' ? 'not-ready' : reason;
    for (const write of proposals.get(id)?.flat() ?? []) refuse(write, told, leader);
    for (const read of askedReads.get(id) ?? []) refuse(read, told, leader);
    proposals.delete(id);
    askedReads.delete(id);
  };

  const noteReadable = ({ id, index }: Extract<LogEvent, { type: 'readable' }>): void => {
    const reads = askedReads.get(id);
    if (reads === undefined) return;
    askedReads.delete(id);
    readable.push({ index, reads });
    answerReadable();
  };

  const react = (event: LogEvent): void => {
    switch (event.type) {
      case 'committed':
        replica.follow(event.entries);
        break;
      case 'placed':
        place(event);
        break;
      case 'refused':
        refuseAll(event);
        break;
      case 'readable':
        noteReadable(event);
        break;
      case 'replacing':
      case 'notReplaced':
        changes.event(event);
        break;
      case 'handedOver':
      case 'notHandedOver':
        handOvers.event(event);
        break;
      case 'snapshotInstalled':
        replica.install(event.index, event.snapshot);
        break;
      case 'snapshotDue':
        replica.due(event.logSizeBytes);
        break;
    }
  };

  return {
    take(requests, sink) {
      for (const request of requests) admit(request, sink);
      schedule();
      desk.flush();
    },
    event(event) {
      try {
        react(event);
      } catch (error) {
        parts.fail(error);
      }
      desk.flush();
    },
    changed: () => changes.changed(),
    stepDown() {
      lastEntryAtMs = undefined;
      changes.stepDown();
      for (const index of inLog.keys()) lose(index);
      desk.flush();
    },
    resign: handOvers.resign,
    get waiting() {
      return desk.waiting;
    },
    get appliedIndex() {
      return replica.appliedIndex;
    },
    close: () => replica.close(),
  };
}
