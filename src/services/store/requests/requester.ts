/**
 * What applications hold: it checks what they ask, asks through a router, their commands within a session of its own, and
 * turns answers into promises.
 */

import { isId, QuorateError } from '../../../../statecharts/actor.ts';
import { isMode, modes } from '../../../../statecharts/replication/modes.ts';
import type { Clock } from '../../../environment/clock.ts';
import { MalformedRequestError, TooStaleError, UnavailableError, ValueLimitError } from '../errors.ts';
import type { LogMembers } from '../log/members.ts';
import { idempotencyKeyLimit, isIdempotencyKey } from '../sessions/entries.ts';
import { checkChange, checkStep, membersIn, nodeIn } from './administration.ts';
import type { CallbackExecutor, Done, Executor, MemberAdministration } from './contract.ts';
import { createOwnSession } from './own-session.ts';
import { readingOf } from './reading.ts';
import type { Router } from './router.ts';
import type { Body } from './wire.ts';

export * from './contract.ts';

const defaultDeadlineMs = 5_000;
const replaceDeadlineMs = 30_000;

export interface RequesterParts {
  readonly clock: Clock;
  readonly router: Pick<Router, 'submit' | 'wake'>;
  /** The largest command, in bytes. */
  readonly commandLimitBytes: number;
}

export interface Requester extends Executor, CallbackExecutor, MemberAdministration {
  /** What closes this side's session; undefined when it has none. No command may follow. */
  farewell(): Extract<Body, { type: 'close' }> | undefined;
}

export function createRequester({ clock, router, commandLimitBytes }: RequesterParts): Requester {
  const submit = (prepare: () => Body | undefined, deadlineMs: number, done: Done, isPatient = false): void => {
    if (!(deadlineMs > 0 && Number.isFinite(deadlineMs))) {
      throw new MalformedRequestError(`expected a deadline of more than 0 ms, got ${deadlineMs}`);
    }
    router.submit({ prepare, deadlineAtMs: clock.nowMs() + deadlineMs, isPatient, done });
  };
  const session = createOwnSession({ clock, router, submit });

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
      session.execute(command, how, deadlineMs, done);
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
    farewell: session.farewell,
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

const promised = (start: (done: Done) => void): Promise<unknown> =>
  new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === undefined) resolve(value);
      else reject(error);
    });
  });
