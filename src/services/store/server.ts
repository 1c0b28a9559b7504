/**
 * The side of a store that stands behind the log: it puts requests into it while its node leads, applies what commits,
 * and answers. What waits for what is in `server/`, by the kind of request; here each event goes to whom it concerns.
 */

import type { Clock } from '../../environment/clock.ts';
import type { Random } from '../../environment/random.ts';
import type { LogMembership } from './log/members.ts';
import type { LogEvent, ReplicatedLog } from './log/replicated-log.ts';
import { Replica, type StateCopy } from './replica.ts';
import { createDesk, type Desk, isOperation, type Sink } from './requests/desk.ts';
import type { Request } from './requests/wire.ts';
import { type CatchingUp, createCatchingUp } from './server/catching-up.ts';
import { FollowerReads, type FollowerReadsParts } from './server/follower-reads.ts';
import { createHandOvers, type HandOvers } from './server/hand-overs.ts';
import type { ServerLimits } from './server/limits.ts';
import { createMemberChanges, type MemberChanges } from './server/member-changes.ts';
import { createQuestions, type Questions } from './server/questions.ts';
import { type Read, Reads } from './server/reads.ts';
import { Ticks } from './server/ticks.ts';
import { Writes } from './server/writes.ts';
import type { SessionLimits } from './sessions/entries.ts';
import type { SessionedMachine } from './sessions/machine.ts';
import type { SlicedStateMachine } from './state-machine.ts';
import type { StateSamples } from './state-samples.ts';

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReplicatedLog;
  /** Of the log. */
  readonly membership: LogMembership;
  readonly machine: SlicedStateMachine;
  readonly sessioned: SessionedMachine;
  readonly sessionLimits: SessionLimits;
  /** The id of one more session, which no client can guess. */
  newSession(): number;
  readonly limits: ServerLimits;
  /** Told of each entry of this office that was applied, how many milliseconds after it had its place in the log. */
  committed(durationMs: number): void;
  /** The largest command, in bytes, that is taken. */
  readonly commandLimitBytes: number;
  readonly askLeader: FollowerReadsParts['askLeader'];
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
  /** Whether the state has all that the log held when this node was started. */
  readonly isCaughtUp: boolean;
  /** What the state was after the last entries. */
  readonly samples: StateSamples;
  /** As of the replica. */
  copy(): StateCopy | undefined;
  /** Follows the log no more. Idempotent. */
  close(): void;
}

/** Makes the serving side of a store. */
export const createServer = (parts: ServerParts): Server => new StoreServer(parts);

class StoreServer implements Server {
  readonly #parts: ServerParts;
  readonly #desk: Desk = createDesk();
  readonly #replica: Replica;
  readonly #catchingUp: CatchingUp;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #followerReads: FollowerReads;
  readonly #questions: Questions;
  readonly #ticks: Ticks;
  readonly #changes: MemberChanges;
  readonly #handOvers: HandOvers;
  #isScheduled = false;
  #lastId = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { clock, log, membership } = parts;
    const desk = this.#desk;
    const nextId = (): number => {
      this.#lastId += 1;
      return this.#lastId;
    };
    this.#replica = this.#createReplica();
    this.#catchingUp = createCatchingUp(log, this.#replica);
    this.#writes = new Writes({ ...parts, replica: this.#replica, desk, nextId });
    const answer = (read: Read): void => this.#answerRead(read);
    this.#followerReads = new FollowerReads({ ...parts, replica: this.#replica, desk, answer });
    this.#reads = new Reads({
      log,
      followerReads: this.#followerReads,
      replica: this.#replica,
      catchingUp: this.#catchingUp,
      desk,
      nextId,
      limits: parts.limits,
      answer,
    });
    this.#questions = createQuestions({ ...parts, replica: this.#replica, desk });
    this.#ticks = new Ticks({
      ...parts,
      writes: this.#writes,
      take: (sink) => {
        this.#admit({ id: 0, body: { type: 'tick' }, waitMs: 0 }, sink);
        this.#schedule();
        this.#desk.flush();
      },
    });
    this.#changes = createMemberChanges(clock, membership, desk, nextId);
    this.#handOvers = createHandOvers(clock, log, desk, nextId);
  }

  get waiting(): number {
    return this.#desk.waiting;
  }

  get appliedIndex(): number {
    return this.#replica.appliedIndex;
  }

  get samples(): StateSamples {
    return this.#replica.samples;
  }

  get isCaughtUp(): boolean {
    return this.#catchingUp.isOver;
  }

  take(requests: readonly Request[], sink: Sink): void {
    for (const request of requests) this.#admit(request, sink);
    this.#schedule();
    this.#desk.flush();
  }

  event(event: LogEvent): void {
    try {
      this.#react(event);
    } catch (error) {
      this.#parts.fail(error);
    }
    this.#desk.flush();
  }

  changed(): void {
    this.#ticks.changed();
    this.#catchingUp.changed();
    this.#changes.changed();
  }

  stepDown(): void {
    this.#changes.stepDown();
    this.#writes.stepDown();
    this.#desk.flush();
  }

  resign(done: () => void): void {
    this.#handOvers.resign(done);
  }

  copy(): StateCopy | undefined {
    return this.#replica.copy();
  }

  close(): void {
    this.#questions.close();
    this.#ticks.close();
    this.#replica.close();
  }

  #createReplica(): Replica {
    return new Replica({
      ...this.#parts,
      applied: (entry, fates) => this.#writes.applied(entry, fates),
      installed: (index) => this.#writes.installed(index),
      advanced: () => {
        this.#reads.advanced();
        this.#followerReads.advanced();
        this.#ticks.changed();
        this.#desk.flush();
      },
    });
  }

  #admit({ id, body, waitMs }: Request, sink: Sink): void {
    this.#desk.enter(body);
    if (isOperation(body)) this.#writes.take({ id, body, sink });
    else this.#reads.take({ id, body, sink, expiresAtMs: this.#parts.clock.nowMs() + waitMs });
  }

  /** All that comes in one turn goes to the log together. */
  #schedule(): void {
    const areQueued = this.#writes.areQueued || this.#reads.areQueued || this.#followerReads.areQueued;
    if (this.#isScheduled || !areQueued) return;
    this.#isScheduled = true;
    this.#parts.clock.enqueue(() => {
      this.#isScheduled = false;
      this.#writes.propose();
      this.#reads.ask();
      this.#followerReads.ask();
      this.#desk.flush();
    });
  }

  #answerRead(read: Read): void {
    const { body } = read;
    switch (body.type) {
      case 'query':
        this.#questions.answer(read, body.question);
        break;
      case 'leader':
        if (body.tells === 'index') this.#tellIndex(read);
        else this.#handOvers.take({ ...read, body });
        break;
      case 'handOver':
        this.#handOvers.take({ ...read, body });
        break;
      case 'members':
      case 'replace':
      case 'reconfigure':
        this.#changes.take({ ...read, body });
        break;
    }
  }

  /** All that was committed when it was asked is applied here: a state that has come as far has it, too. */
  #tellIndex(read: Read): void {
    this.#desk.answer(read, { id: read.id, status: 'done', value: this.#replica.appliedIndex });
  }

  #react(event: LogEvent): void {
    switch (event.type) {
      case 'committed':
        this.#replica.follow(event.entries);
        break;
      case 'startedOver':
        this.#writes.stepDown();
        this.#reads.startOver();
        this.#replica.startOver();
        break;
      case 'placed':
        this.#writes.placed(event);
        break;
      case 'refused':
        this.#refuse(event);
        break;
      case 'readable':
        this.#reads.readable(event);
        break;
      case 'reconfiguring':
      case 'notReconfigured':
        this.#changes.event(event);
        break;
      case 'handedOver':
      case 'notHandedOver':
        this.#handOvers.event(event);
        break;
      case 'snapshotInstalled':
        this.#replica.install(event.index, event.snapshot);
        break;
      case 'snapshotDue':
        this.#replica.due(event.logSizeBytes);
        break;
    }
  }

  #refuse({ id, reason, leader }: Extract<LogEvent, { type: 'refused' }>): void {
    // To those who ask it is the same: nothing has happened, and a moment later a leader serves.
    const told = reason === 'handing-over' ? 'not-ready' : reason;
    this.#writes.refused(id, told, leader);
    this.#reads.refused(id, told, leader);
  }
}
