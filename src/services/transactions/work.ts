/**
 * What the function of a transaction works with: one session per resource, which begins its branch with the first
 * statement. So a resource that is not used is not asked to take part.
 */

import { StatementError } from '../../resources/errors.ts';
import type { Resource } from '../../resources/resource.ts';
import { Cursor } from '../../resources/sql/cursor.ts';
import type { BranchSession, TransactionalResource } from '../../resources/transactional.ts';
import { TransactionLimitError, TransactionUseError } from './errors.ts';

/**
 * A session without what the manager alone may do with it. Where the resource can prepare together with a statement,
 * `lastQuery` runs the branch's last statement and does so, unless one phase will do; it saves a round trip.
 */
export type Work<Session extends BranchSession> = Omit<Session, keyof BranchSession | 'queryAndPrepare'> &
  (Session extends { readonly query: infer Query; readonly queryAndPrepare: unknown }
    ? { readonly lastQuery: Query }
    : unknown);

/** The sessions of a node's transactional resources, by their names. */
export type WorkOf<Resources> = {
  readonly [Name in keyof Resources as Resources[Name] extends TransactionalResource
    ? Name
    : never]: Resources[Name] extends TransactionalResource<infer Session> ? Work<Session> : never;
};

/** A transactional resource as the node holds it. */
export type Participating = TransactionalResource & Resource;

/** Whether transactions can have branches at a resource of a node. */
export function isParticipating(resource: Resource): resource is Participating {
  return 'begin' in resource && 'prepared' in resource && 'writeAbsence' in resource;
}

/** The resource and the error of a statement that failed, or of a branch that could not be begun. */
export interface Failure {
  readonly resource: string;
  readonly error: unknown;
}

/** The sessions of one transaction. */
export interface Sessions<W extends object> {
  /** One lazy session for each resource, by name. */
  readonly work: W;
  /**
   * Takes no more statements, and waits for the branches that were being begun.
   *
   * @returns why a branch could not be begun, if one could not
   */
  close(why: string): Promise<Failure | undefined>;
  /** The resources whose branches were begun. */
  begun(): readonly string[];
  /** Where `error` came from, when it is the error of a statement. */
  failureOf(error: unknown): Failure | undefined;
}

export interface SessionsOptions {
  readonly resources: Readonly<Record<string, Participating>>;
  /** The resource that decides by its own commit, if it takes part. */
  readonly last: string | undefined;
  /** Whether a branch may be prepared with its last statement. */
  readonly preparesEarly: boolean;
  readonly maxStatements: number;
  readonly prepareTimeoutMs: number;
  /** Begins the branch at a resource and enlists it. */
  begin(resource: string): Promise<BranchSession>;
}

const reserved = ['branch', 'prepare', 'commitDirectly', 'rollback', 'queryAndPrepare', 'brokenBecause', 'refusal'];

/** Makes the sessions of one transaction; `W` is `WorkOf` the resources that the options hold. */
export function createSessions<W extends object>(options: SessionsOptions): Sessions<W>;
export function createSessions(options: SessionsOptions): Sessions<object> {
  const { resources, last, preparesEarly, maxStatements, prepareTimeoutMs, begin } = options;
  const branches = new Map<string, Promise<BranchSession>>();
  const failures: Failure[] = [];
  const begun = new Set<string>();
  let beginFailure: Failure | undefined;
  let closedBecause: string | undefined;
  let statements = 0;

  const sessionAt = (resource: string): Promise<BranchSession> => {
    let session = branches.get(resource);
    if (session === undefined) {
      session = begin(resource);
      branches.set(resource, session);
      session.then(
        () => begun.add(resource),
        (error: unknown) => {
          beginFailure ??= { resource, error };
        },
      );
    }
    return session;
  };
  const call = (resource: string, session: BranchSession, name: string, values: readonly unknown[]): unknown => {
    const method: unknown = Reflect.get(session, name);
    if (typeof method !== 'function') {
      throw new TransactionUseError(`a session of '${resource}' has no method '${name}'`);
    }
    return Reflect.apply(method, session, values);
  };
  /** A single branch commits in one phase, and so does the last resource: these are not prepared. */
  const runLast = async (resource: string, session: BranchSession, values: readonly unknown[]): Promise<unknown> => {
    if (!preparesEarly || branches.size < 2 || resource === last) return call(resource, session, 'query', values);
    const [text, parameters = [], format] = values;
    const how = { timeoutMs: prepareTimeoutMs, format };
    const answer = await call(resource, session, 'queryAndPrepare', [text, parameters, how]);
    if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result;
    throw new StatementError(`'${resource}' refused the last statement, or to prepare: ${reasonIn(answer)}`);
  };
  /** Counts a statement, as long as any are taken, and notes where its error came from. */
  const counted = async <T>(resource: string, act: () => Promise<T>): Promise<T> => {
    try {
      if (closedBecause !== undefined) {
        throw new TransactionUseError(
          `expected no statement at '${resource}': ${closedBecause}; await every statement in the transaction's function`,
        );
      }
      statements += 1;
      if (statements > maxStatements) {
        const error = new TransactionLimitError(
          `expected at most ${maxStatements} statements in a transaction; split it up, or raise the manager's limits.statements`,
        );
        beginFailure ??= { resource, error };
        throw error;
      }
      return await act();
    } catch (error) {
      failures.push({ resource, error });
      throw error;
    }
  };
  const run = (resource: string, name: string, values: readonly unknown[]): Promise<unknown> =>
    counted(resource, async () => {
      const session = await sessionAt(resource);
      const result: unknown =
        name === 'lastQuery' ? await runLast(resource, session, values) : await call(resource, session, name, values);
      return result instanceof Cursor ? result.through((step) => counted(resource, step)) : result;
    });
  const lazySession = (resource: string): object =>
    new Proxy(
      {},
      {
        get(_target, name) {
          // A function that returns or awaits a session asks it for `then`: it is no promise.
          if (typeof name === 'symbol' || name === 'then') return undefined;
          if (reserved.some((it) => it === name)) {
            throw new TransactionUseError(`'${name}' of '${resource}' is for the transaction manager; leave it to it`);
          }
          return (...values: unknown[]) => run(resource, name, values);
        },
      },
    );

  return {
    work: Object.fromEntries(Object.keys(resources).map((name) => [name, lazySession(name)])),
    async close(why) {
      closedBecause ??= why;
      await Promise.allSettled(branches.values());
      // A participant that has still to hear of the outcome needs the sessions no more.
      branches.clear();
      return beginFailure;
    },
    begun: () => [...begun].sort(),
    failureOf: (error) => failures.find((it) => it.error === error),
  };
}

function reasonIn(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('vote' in answer)) return 'no vote';
  const { vote } = answer;
  return typeof vote === 'object' && vote !== null && 'reason' in vote ? String(vote.reason) : 'no result';
}
