/** Offers a transactional resource to charts: their operations on branches become calls, the answers become results. */

import type { Result, Tagged } from '../../statecharts/actor.ts';
import type { BranchOperation, OutcomeAnswer, PreparedAnswer } from '../../statecharts/two-phase-commit/operations.ts';
import type { Clock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import { ShortLivedMap } from '../environment/short-lived-map.ts';
import { type Branch, branchParts, globalIdOf } from './branch.ts';
import type { Operation, Resource } from './resource.ts';
import type { BranchSession, DirectCommit, Ending, TransactionalResource, Vote } from './transactional.ts';

/** A transactional resource that also answers `perform`, as a node's resources do. */
export type EnlistedResource<Session extends BranchSession> = TransactionalResource<Session> & Resource;

/** The texts that an operation has, or null, besides its branch. Charts ask for them: they cross no wire. */
const textsOf: Readonly<Record<BranchOperation['type'], readonly string[]>> = {
  prepare: [],
  commit: ['receipt'],
  rollback: ['receipt'],
  'commit-one-phase': ['idempotencyKey'],
  'end-one-phase': [],
};

const operations: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(textsOf));
const fieldOf = (value: object, name: string): unknown => Reflect.get(value, name);

function isBranchOperation(asked: Tagged): asked is BranchOperation {
  const texts = operations.get(asked.type);
  const branch = fieldOf(asked, 'branch');
  if (texts === undefined || typeof branch !== 'object' || branch === null) return false;
  for (const part of branchParts) if (typeof fieldOf(branch, part) !== 'string') return false;
  for (const text of texts) {
    const value = fieldOf(asked, text);
    if (value !== null && typeof value !== 'string') return false;
  }
  return true;
}

/** Shares of a deadline, so that the answer of the resource comes before the asker's own deadline. */
const share = 0.9;

/**
 * Makes a resource of a transactional one. `begin` remembers its sessions, so that charts can name them by their
 * branches; a branch without a session here is not prepared but refused.
 */
export function asResource<Session extends BranchSession>(
  transactional: TransactionalResource<Session>,
  { clock }: { readonly clock: Clock },
): EnlistedResource<Session> {
  const sessions = new ShortLivedMap<string, Session>();
  /** Answers of sessions, so that an operation that is asked again under the same id gets the same answer. */
  const under = new ShortLivedMap<string, Promise<Result>>();

  const once = (key: string, start: () => Promise<Result>): Promise<Result> => {
    const running = under.get(key);
    if (running !== undefined) return running;
    const result = start().finally(() => under.delete(key));
    under.set(key, result);
    return result;
  };

  /** Asked again, or by a later incarnation: the branch is prepared already, or must never be. */
  const prepareWithoutSession = async (branch: Branch, timeoutMs: number): Promise<Result> => {
    const found = await transactional.outcomeOf(branch, { timeoutMs: timeoutMs / 2 });
    if (found.type === 'prepared') return done({ vote: 'yes', receipt: null } satisfies PreparedAnswer);
    if (found.type === 'unknown') return { type: 'unknown', error: found.reason };
    const ending = await transactional.rollback(branch, { timeoutMs: timeoutMs / 2 });
    if (ending.type !== 'done') return { type: 'unknown', error: ending.reason };
    return { type: 'refused', error: 'its session is gone, and its work is rolled back' };
  };
  const commitWithoutSession = async (branch: Branch, timeoutMs: number): Promise<Result> => {
    const absence = await transactional.writeAbsence(branch, { timeoutMs });
    switch (absence.type) {
      case 'committed':
        return done(undefined);
      case 'absent':
        return { type: 'refused', error: 'its session is gone, and its work is rolled back' };
      case 'present':
      case 'unknown':
        return { type: 'unknown', error: absence.reason };
    }
  };

  const run = async (asked: BranchOperation, timeoutMs: number): Promise<Result> => {
    const key = globalIdOf(asked.branch);
    switch (asked.type) {
      case 'prepare':
        return once(`prepare ${key}`, async () => {
          const session = sessions.get(key);
          if (session === undefined) return prepareWithoutSession(asked.branch, timeoutMs);
          const result = resultOfVote(await session.prepare({ timeoutMs }));
          sessions.delete(key);
          return result;
        });
      case 'commit-one-phase':
        return once(`commit ${key}`, async () => {
          const session = sessions.get(key);
          if (session === undefined) return commitWithoutSession(asked.branch, timeoutMs);
          const { idempotencyKey } = asked;
          const result = await session.commitDirectly(
            idempotencyKey === null ? { timeoutMs } : { timeoutMs, idempotencyKey },
          );
          sessions.delete(key);
          return resultOfCommit(result);
        });
      case 'commit':
        return resultOfEnding(await transactional.commit(asked.branch, endOptions(asked.receipt, timeoutMs)));
      case 'rollback': {
        const ending = await transactional.rollback(asked.branch, endOptions(asked.receipt, timeoutMs));
        if (ending.type !== 'unknown') sessions.delete(key);
        return resultOfEnding(ending);
      }
      case 'end-one-phase': {
        sessions.delete(key);
        const absence = await transactional.writeAbsence(asked.branch, { timeoutMs });
        switch (absence.type) {
          case 'absent':
            return done({ outcome: 'aborted' } satisfies OutcomeAnswer);
          case 'committed':
            return done({ outcome: 'committed' } satisfies OutcomeAnswer);
          case 'present':
          case 'unknown':
            return { type: 'unknown', error: absence.reason };
        }
      }
    }
  };

  const { modes } = transactional;
  return {
    ...(modes === undefined ? {} : { modes }),
    async begin(branch, options) {
      const session = await transactional.begin(branch, options);
      sessions.set(globalIdOf(branch), session);
      return session;
    },
    commit: (branch, options) => transactional.commit(branch, options),
    async rollback(branch, options) {
      const ending = await transactional.rollback(branch, options);
      if (ending.type !== 'unknown') sessions.delete(globalIdOf(branch));
      return ending;
    },
    prepared: (manager, options) => transactional.prepared(manager, options),
    outcomeOf: (branch, options) => transactional.outcomeOf(branch, options),
    writeAbsence: (branch, options) => transactional.writeAbsence(branch, options),
    forget: (manager, options) => transactional.forget(manager, options),
    setup: (options) => transactional.setup(options),
    check: (options) => transactional.check(options),
    close: () => transactional.close(),
    perform({ operation, deadlineMs }: Operation, answer) {
      if (!isBranchOperation(operation)) {
        const error = `expected an operation on a branch (${[...operations.keys()].join(', ')}), got '${operation.type}' or wrong parameters of it`;
        clock.enqueue(() => answer({ type: 'refused', error }));
        return;
      }
      run(operation, Math.max(1, deadlineMs * share)).then(answer, (error: unknown) =>
        answer({ type: 'unknown', error: messageOf(error) }),
      );
    },
  };
}

const done = (value: unknown): Result => ({ type: 'done', value });
const endOptions = (receipt: string | null, timeoutMs: number) =>
  receipt === null ? { timeoutMs } : { timeoutMs, receipt };

function resultOfVote(vote: Vote): Result {
  switch (vote.type) {
    case 'yes':
      return done({ vote: 'yes', receipt: vote.receipt ?? null } satisfies PreparedAnswer);
    case 'read-only':
      return done({ vote: 'read-only' } satisfies PreparedAnswer);
    case 'no':
      return { type: 'refused', error: vote.reason };
    case 'unknown':
      return { type: 'unknown', error: vote.reason };
  }
}

function resultOfCommit(commit: DirectCommit): Result {
  switch (commit.type) {
    case 'committed':
      return done(undefined);
    case 'no': {
      const { reason, committedBy } = commit;
      if (committedBy === undefined) return { type: 'refused', error: reason };
      return {
        type: 'refused',
        error: `transaction ${committedBy.transaction} has committed under the same idempotency key (${reason})`,
      };
    }
    case 'unknown':
      return { type: 'unknown', error: commit.reason };
  }
}

function resultOfEnding(ending: Ending): Result {
  return ending.type === 'done' ? done(undefined) : { type: ending.type, error: ending.reason };
}
