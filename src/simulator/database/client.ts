/**
 * A simulated database as a machine sees it: a transactional resource over connections that break. It answers as the
 * drivers of real databases do: what the server said for certain is passed on, everything else is unknown.
 */

import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import type { Random } from '../../environment/random.ts';
import { asResource, type EnlistedResource } from '../../resources/adapter.ts';
import { assertBranch, type Branch, globalIdOf } from '../../resources/branch.ts';
import { within } from '../../resources/deadline.ts';
import { BranchClosedError, DuplicateBranchError, type Refusal, StatementError } from '../../resources/errors.ts';
import { allModes } from '../../resources/mode.ts';
import type { BranchSession, Ending, TransactionalResource } from '../../resources/transactional.ts';
import type { Answer, Client, DatabaseServer, Session } from './contract.ts';
import { createWire, type Line } from './wire.ts';

/** The statements of a branch at a simulated database. */
export interface AccountSession extends BranchSession {
  /** Adds to a balance. @throws StatementError, BranchClosedError, ResourceUnreachableError, ResourceDeadlineError */
  add(account: string, amount: number, note: string): Promise<number>;
  /** The balance, without a lock unless the branch is serializable. Throws like `add`. */
  balance(account: string): Promise<number>;
}

export type SimulatedDatabase = EnlistedResource<AccountSession>;

export interface DatabaseOptions {
  readonly server: DatabaseServer;
  /** Of the machine. */
  readonly clock: Clock;
  /** The true time. */
  readonly time: Clock;
  readonly random: Random;
  readonly client: Client;
  /** What lies between the machine and the server. Default: nothing is lost. */
  readonly line?: Line;
}

interface Held {
  readonly session: Session;
  /** Why no statement is accepted any more. */
  closedBecause: string | undefined;
  failure: string | undefined;
  /** What the server has refused first. */
  refusal: Refusal | undefined;
}

/** Connects a machine to a server. */
export function connectDatabase({ server, clock, time, random, client, line }: DatabaseOptions): SimulatedDatabase {
  const wire = createWire(server, clock, time, random, line);
  const held = new Map<string, Held>();

  const ask = <T>(timeoutMs: number, handle: (reply: (answer: T) => void) => void): Promise<T> =>
    within(clock, wire.request(handle), timeoutMs, `an answer of '${server.name}'`);
  const unknown = (error: unknown) => ({ type: 'unknown', reason: messageOf(error) }) as const;
  const forget = (id: string, it: Held, reason: string): void => {
    it.closedBecause ??= reason;
    if (held.get(id) === it) held.delete(id);
  };
  /** Cuts the connection of a session; the server notices. */
  const cut = (id: string, it: Held, reason: string): void => {
    forget(id, it, reason);
    const leave = (): void => server.leave(it.session);
    wire.request<void>((reply) => reply(leave()), leave).catch(() => undefined);
  };

  const sessionOf = (branch: Branch, session: Session, timeoutMs: number): AccountSession => {
    const id = globalIdOf(branch);
    const it: Held = { session, closedBecause: undefined, failure: undefined, refusal: undefined };
    held.set(id, it);
    const untilMs = clock.nowMs() + timeoutMs;
    const leave = (): void => server.leave(session);

    const statement = async (run: (reply: (answer: Answer<number>) => void) => void): Promise<number> => {
      if (it.closedBecause !== undefined) throw new BranchClosedError(`${id} takes no statement: ${it.closedBecause}`);
      let answer: Answer<number>;
      try {
        const asked = wire.request<Answer<number>>(run, leave);
        answer = await within(clock, asked, Math.max(1, untilMs - clock.nowMs()), `a statement at '${server.name}'`);
      } catch (error) {
        it.failure ??= messageOf(error);
        throw error;
      }
      if (typeof answer === 'number') return answer;
      if (answer.type === 'error') it.refusal ??= answer;
      const error =
        answer.type === 'gone'
          ? new BranchClosedError(`'${server.name}' has ended the session of ${id}`)
          : new StatementError(answer.message, answer);
      it.failure ??= error.message;
      throw error;
    };
    /** Prepares or commits: the last request of the session. */
    const last = async <T extends { readonly type: string }>(
      limitMs: number,
      run: (reply: (answer: Answer<T>) => void) => void,
    ): Promise<T | { readonly type: 'no' | 'unknown'; readonly reason: string }> => {
      if (it.closedBecause !== undefined) return { type: 'no', reason: it.closedBecause };
      it.closedBecause = 'it was asked to prepare or commit';
      if (it.failure !== undefined) {
        cut(id, it, it.failure);
        return { type: 'no', reason: it.failure };
      }
      try {
        const answer = await within(clock, wire.request(run, leave), limitMs, `an answer of '${server.name}'`);
        // Of a prepared branch the session is kept: it may be the only one that can end it.
        if (answer.type !== 'yes') held.delete(id);
        if (isAnswered<T>(answer)) return answer;
        return { type: 'unknown', reason: answer.type === 'gone' ? 'its session was ended' : answer.message };
      } catch (error) {
        return unknown(error);
      }
    };
    return {
      branch,
      get refusal() {
        return it.refusal;
      },
      add: (account, amount, note) => statement((reply) => server.write(session, account, amount, note, reply)),
      balance: (account) => statement((reply) => server.read(session, account, reply)),
      prepare: ({ timeoutMs: limitMs }) => last(limitMs, (reply) => server.prepare(session, reply)),
      commitDirectly: ({ timeoutMs: limitMs, idempotencyKey }) =>
        last(limitMs, (reply) => server.commitDirectly(session, idempotencyKey, reply)),
      async rollback() {
        if (it.closedBecause === undefined) cut(id, it, 'it was rolled back');
      },
    };
  };

  const core: TransactionalResource<AccountSession> = {
    modes: allModes,
    async begin(branch, { timeoutMs, ...mode }) {
      assertBranch(branch);
      let begun: Session | undefined;
      const leave = (): void => {
        if (begun !== undefined) server.leave(begun);
      };
      const asked = wire.request<Session | 'duplicate'>(
        (reply) =>
          server.begin(branch, client, mode, (session) => {
            if (session !== 'duplicate') begun = session;
            reply(session);
          }),
        leave,
      );
      let session: Session | 'duplicate';
      try {
        session = await within(clock, asked, timeoutMs, `a session of '${server.name}'`);
      } catch (error) {
        // A session that comes too late is nobody's.
        asked.then(leave, () => undefined);
        throw error;
      }
      if (session === 'duplicate') throw new DuplicateBranchError(`'${server.name}' knows ${globalIdOf(branch)}`);
      return sessionOf(branch, session, timeoutMs);
    },
    async commit(branch, { timeoutMs }) {
      const id = globalIdOf(branch);
      const through = held.get(id)?.session;
      try {
        return await ask<Ending>(timeoutMs, (reply) => server.commit(branch, through, reply));
      } catch (error) {
        return unknown(error);
      } finally {
        held.delete(id);
      }
    },
    async rollback(branch, { timeoutMs }) {
      const id = globalIdOf(branch);
      const it = held.get(id);
      try {
        const ending = await ask<Ending>(timeoutMs, (reply) => server.rollback(branch, client, it?.session, reply));
        if (it !== undefined && ending.type === 'done') it.closedBecause ??= 'it was rolled back';
        return ending;
      } catch (error) {
        return unknown(error);
      } finally {
        held.delete(id);
      }
    },
    prepared: (manager, { timeoutMs }) => ask(timeoutMs, (reply) => reply(server.prepared(manager))),
    outcomeOf: (branch, { timeoutMs }) =>
      ask<ReturnType<DatabaseServer['outcomeOf']>>(timeoutMs, (reply) => reply(server.outcomeOf(branch))).catch(
        unknown,
      ),
    async writeAbsence(branch, { timeoutMs }) {
      try {
        return await ask(timeoutMs, (reply) => server.writeAbsence(branch, client, reply));
      } catch (error) {
        return unknown(error);
      }
    },
    forget: (manager, { olderThanMs, timeoutMs }) =>
      ask(timeoutMs, (reply) => reply(server.forget(manager, olderThanMs))),
    setup: ({ timeoutMs }) => ask<void>(timeoutMs, (reply) => reply()),
    check: ({ timeoutMs }) => ask(timeoutMs, (reply) => reply(server.check())),
    async close() {
      for (const [id, it] of [...held]) cut(id, it, 'the resource was closed');
    },
  };
  return asResource(core, { clock });
}

/** Whether a session answered at all, and not only that it is gone, or failed. */
const isAnswered = <T extends { readonly type: string }>(answer: Answer<T>): answer is T =>
  answer.type !== 'gone' && answer.type !== 'error';
