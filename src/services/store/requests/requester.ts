/**
 * What applications hold: it numbers their commands within a session of its own, asks through a router, and turns
 * answers into promises. The session is registered when it is first needed, and anew when it has expired.
 */

import * as v from 'valibot';
import { isId, QuorateError } from '../../../../statecharts/actor.ts';
import { isPlace } from '../../../../statecharts/raft.ts';
import { isMode, type Mode, modes } from '../../../../statecharts/replication/modes.ts';
import type { Clock } from '../../../environment/clock.ts';
import { isNatural } from '../codec.ts';
import {
  MalformedRequestError,
  SessionExpiredError,
  SessionsFullError,
  TooFewInSyncError,
  TooStaleError,
  UnavailableError,
  ValueLimitError,
} from '../errors.ts';
import { type LogMembers, logMembers, type MemberChange, type MemberStep } from '../log/members.ts';
import { idempotencyKeyLimit, isIdempotencyKey } from '../sessions/entries.ts';
import { sessionWindow } from '../sessions/live.ts';
import { type Reading, readingOf } from './reading.ts';
import type { Router } from './router.ts';
import { type Body, isMemberStep } from './wire.ts';

export interface ExecuteOptions {
  /** How long the request may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /**
   * Names the request, so that it may be repeated by anybody and is still applied once: 1 to 255 characters. Its result
   * is kept for a number of further requests (see `SessionLimits.keptKeyRequests`).
   */
  readonly idempotencyKey?: string;
  /**
   * Who holds the write before it is acknowledged, where the store offers that (primary-backup alone): `sync` for more than
   * the store's own mode asks for, `async` for less. Default: the store's own mode.
   */
  readonly mode?: Mode;
}

/** How to ask. */
export interface QueryOptions extends Reading {
  /** How long the request may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Whether the answer may wait until shortly before the deadline for something to tell (see `LaterAnswer`). */
  readonly isPatient?: boolean;
}

/** Executes commands and answers questions, on whichever node can. */
export interface Executor {
  /**
   * Applies a command, once.
   *
   * @returns what the state machine returned
   * @throws NotHappenedError (one of its kinds, such as ModeNotOfferedError), OutcomeUnknownError
   */
  execute(command: Uint8Array, options?: ExecuteOptions): Promise<unknown>;
  /** Answers a question without changing anything. @throws NotHappenedError (one of its kinds) */
  query(question: unknown, options?: QueryOptions): Promise<unknown>;
}

/** Called once, with an error or a value. */
export type Done = (error: QuorateError | undefined, value: unknown) => void;

/**
 * The same by callback, for callers on whom no promise may be waited for, such as a simulation. What the promises would
 * be rejected with before anything was sent is thrown.
 */
export interface CallbackExecutor {
  executeThen(command: Uint8Array, options: ExecuteOptions, done: Done): void;
  queryThen(question: unknown, options: QueryOptions, done: Done): void;
  /** `replaceMember`, without asking beforehand whether a majority answers. */
  replaceThen(change: MemberChange, options: { readonly deadlineMs?: number }, done: Done): void;
  /** `changeMember`, without asking beforehand whether a majority answers. */
  changeThen(step: MemberStep, options: { readonly deadlineMs?: number }, done: Done): void;
  handOverThen(to: string | undefined, options: { readonly deadlineMs?: number }, done: Done): void;
}

/** Asks about members, and changes them. */
export interface MemberAdministration {
  /** Who takes part. @throws NotHappenedError (one of its kinds), also for a log whose members do not change */
  members(options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Lets the node `joining`, which was started to join and listens at `place` (`host:port`), take the place of `leaving`,
   * which is refused for ever from then on. Asked for again, it waits for the change that is under way.
   *
   * @returns who takes part now
   * @throws NotReplacedError; UnavailableError when no majority answered: nothing happened; OutcomeUnknownError when the
   * deadline (30 s by default) came first: the change may go on, which `members` tells
   */
  replaceMember(change: MemberChange, options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Adds, promotes, removes or moves one node. Asked for again, it waits for the change that is under way.
   *
   * @returns who takes part now
   * @throws MembersUnchangedError, which for a learner that has not caught up says how many entries it lacks;
   * UnavailableError when no majority answered: nothing happened; OutcomeUnknownError when the deadline (30 s by default)
   * came first: the change may go on, which `members` tells
   */
  changeMember(step: MemberStep, options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Lets the node `to` lead, or without one some other voter that has most of the log, within some round trips. Until
   * then writes wait.
   *
   * @returns the node that leads now
   * @throws NotHandedOverError; UnavailableError; OutcomeUnknownError when the other node was told to lead, and was not
   * heard to in time
   */
  handOver(to?: string, options?: { readonly deadlineMs?: number }): Promise<string>;
}

const defaultDeadlineMs = 5_000;
const replaceDeadlineMs = 30_000;

/** How long a registration may take before it is tried anew, if a request still waits for it. */
const registrationMs = 10_000;

/** A session of this side. Sequence numbers start at 1. */
interface OwnSession {
  readonly id: number;
  next: number;
  lowestUnanswered: number;
  /** Answered ones above the lowest that is not. */
  readonly answered: Set<number>;
}

export interface RequesterParts {
  readonly clock: Clock;
  readonly router: Router;
  /** The largest command, in bytes. */
  readonly commandLimitBytes: number;
}

export interface Requester extends Executor, CallbackExecutor, MemberAdministration {
  /** What closes this side's session; undefined when it has none. No command may follow. */
  farewell(): Extract<Body, { type: 'close' }> | undefined;
}

export function createRequester({ clock, router, commandLimitBytes }: RequesterParts): Requester {
  let session: OwnSession | undefined;
  let isRegistering = false;
  /** Why those who wait for a session get none. */
  let refusal: SessionsFullError | TooFewInSyncError | undefined;

  const register = (): void => {
    if (isRegistering) return;
    isRegistering = true;
    router.submit({
      isUrgent: true,
      prepare: () => ({ type: 'register' }),
      deadlineAtMs: clock.nowMs() + registrationMs,
      done(error, value) {
        isRegistering = false;
        if (error instanceof SessionsFullError || error instanceof TooFewInSyncError) refusal = error;
        if (isNatural(value)) session = { id: value, next: 1, lowestUnanswered: 1, answered: new Set() };
        // Those who still wait find the session, or ask for another registration.
        router.wake();
      },
    });
  };
  const noteAnswered = (of: OwnSession, sequence: number): void => {
    of.answered.add(sequence);
    if (sequence !== of.lowestUnanswered) return;
    while (of.answered.delete(of.lowestUnanswered)) of.lowestUnanswered += 1;
    router.wake();
  };

  const submit = (prepare: () => Body | undefined, deadlineMs: number, done: Done, isPatient = false): void => {
    if (!(deadlineMs > 0 && Number.isFinite(deadlineMs))) {
      throw new MalformedRequestError(`expected a deadline of more than 0 ms, got ${deadlineMs}`);
    }
    router.submit({ prepare, deadlineAtMs: clock.nowMs() + deadlineMs, isPatient, done });
  };

  const executeInSession = (
    command: Uint8Array,
    how: Pick<ExecuteOptions, 'mode'>,
    deadlineMs: number,
    done: Done,
  ): void => {
    let own: OwnSession | undefined;
    let sequence = 0;
    refusal = undefined;
    const prepare = (): Body | undefined => {
      if (session === undefined) {
        if (refusal !== undefined) throw refusal;
        register();
        return undefined;
      }
      if (session.next >= session.lowestUnanswered + sessionWindow) return undefined;
      own = session;
      sequence = own.next;
      own.next += 1;
      return { type: 'command', session: own.id, sequence, lowestUnanswered: own.lowestUnanswered, command, ...how };
    };
    submit(prepare, deadlineMs, (error, value) => {
      if (error instanceof SessionExpiredError && session === own) session = undefined;
      // Given up is answered, too: should a straggler of it reach the log still, then it must not be applied.
      if (own !== undefined) noteAnswered(own, sequence);
      done(error, value);
    });
  };

  const executeThen: CallbackExecutor['executeThen'] = (
    command,
    { deadlineMs = defaultDeadlineMs, idempotencyKey: key, mode },
    done,
  ) => {
    if (mode !== undefined && !isMode(mode)) {
      throw new MalformedRequestError(`expected a mode (${modes.join(', ')}), got '${String(mode)}'`);
    }
    const how = mode === undefined ? {} : { mode };
    if (command.length > commandLimitBytes) {
      throw new ValueLimitError(
        `expected a command of at most ${commandLimitBytes} bytes, got ${command.length}; split it`,
      );
    }
    if (key === undefined) {
      executeInSession(command, how, deadlineMs, done);
    } else if (isIdempotencyKey(key)) {
      submit(() => ({ type: 'keyed', key, command, ...how }), deadlineMs, done);
    } else {
      throw new MalformedRequestError(
        `expected an idempotency key of 1 to ${idempotencyKeyLimit} characters, got ${key.length}`,
      );
    }
  };
  const queryThen: CallbackExecutor['queryThen'] = (
    question,
    { deadlineMs = defaultDeadlineMs, isPatient = false, ...reading },
    done,
  ) => {
    const body = { type: 'query', question, ...readingOf(reading) } as const;
    submit(() => body, deadlineMs, reading.maxStalenessMs === undefined ? done : namingStaleness(done), isPatient);
  };
  const replaceThen: CallbackExecutor['replaceThen'] = (change, { deadlineMs = replaceDeadlineMs }, done) => {
    checkChange(change);
    const { leaving, joining, place } = change;
    const body = { type: 'replace', leaving, joining, place } as const;
    submit(() => body, deadlineMs, done);
  };
  const changeThen: CallbackExecutor['changeThen'] = (step, { deadlineMs = replaceDeadlineMs }, done) => {
    checkStep(step);
    submit(() => ({ type: 'reconfigure', step }), deadlineMs, done);
  };
  const handOverThen: CallbackExecutor['handOverThen'] = (to, { deadlineMs = defaultDeadlineMs }, done) => {
    if (to !== undefined && !isId(to)) throw new MalformedRequestError(`expected the id of a node, got '${to}'`);
    if (to !== undefined) {
      submit(() => ({ type: 'handOver', to }), deadlineMs, done);
      return;
    }
    const untilMs = clock.nowMs() + deadlineMs;
    const handOverFrom: Done = (error, from) => {
      try {
        if (error !== undefined) throw error;
        const body: Body = { type: 'handOver', from: nodeIn(from) };
        submit(() => body, Math.max(1, untilMs - clock.nowMs()), done);
      } catch (cause) {
        if (!(cause instanceof QuorateError)) throw cause;
        done(cause, undefined);
      }
    };
    submit(() => ({ type: 'leader' }), deadlineMs, handOverFrom);
  };
  const members: MemberAdministration['members'] = async ({ deadlineMs = defaultDeadlineMs } = {}) =>
    membersIn(await promised((done) => submit(() => ({ type: 'members' }), deadlineMs, done)));
  const changed = async (
    ask: (options: { readonly deadlineMs: number }, done: Done) => void,
    { deadlineMs = replaceDeadlineMs }: { readonly deadlineMs?: number } = {},
  ): Promise<LogMembers> => {
    const untilMs = clock.nowMs() + deadlineMs;
    // A question changes nothing: where no majority answers it, nothing has been asked for that could happen later.
    await members({ deadlineMs });
    const remainingMs = Math.max(1, untilMs - clock.nowMs());
    return membersIn(await promised((done) => ask({ deadlineMs: remainingMs }, done)));
  };
  return {
    executeThen,
    queryThen,
    farewell: () => session && { type: 'close', session: session.id },
    execute: (command, options = {}) => promised((done) => executeThen(command, options, done)),
    members,
    replaceThen,
    changeThen,
    handOverThen,
    handOver: async (to, options = {}) => nodeIn(await promised((done) => handOverThen(to, options, done))),
    async replaceMember(change, options) {
      checkChange(change);
      return changed((remaining, done) => replaceThen(change, remaining, done), options);
    },
    async changeMember(step, options) {
      checkStep(step);
      return changed((remaining, done) => changeThen(step, remaining, done), options);
    },
    query: (question, options = {}) => promised((done) => queryThen(question, options, done)),
  };
}

/** That no leader was found means here that nothing has shown how fresh any state is. */
const namingStaleness =
  (done: Done): Done =>
  (error, value) =>
    done(
      error instanceof UnavailableError
        ? new TooStaleError(
            'no leader has shown in time that the state of a node is as fresh as was asked for; ask another node, or allow more staleness',
            { cause: error },
          )
        : error,
      value,
    );

/** @throws MalformedRequestError */
function checkChange({ leaving, joining, place }: MemberChange): void {
  if (isId(leaving) && isId(joining) && isPlace(place)) return;
  throw new MalformedRequestError(`expected two node ids and host:port, got '${leaving}', '${joining}' and '${place}'`);
}

/** @throws MalformedRequestError */
function checkStep(step: MemberStep): void {
  if (isMemberStep(step)) return;
  throw new MalformedRequestError(`expected a change of one node, got ${JSON.stringify(step)}`);
}

function nodeIn(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new MalformedRequestError(
    'expected the id of the node that leads, got something else; are all nodes up to date?',
  );
}

function membersIn(value: unknown): LogMembers {
  const parsed = v.safeParse(logMembers, value);
  if (parsed.success) return parsed.output;
  throw new MalformedRequestError('expected the members of the store, got something else; are all nodes up to date?');
}

const promised = (start: (done: Done) => void): Promise<unknown> =>
  new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === undefined) resolve(value);
      else reject(error);
    });
  });
